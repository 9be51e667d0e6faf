//! Requests and responses as plain values that can be compared.
//!
//! A flow says what it wants to send by building a [`Request`]; `shell::net` sends it. Bodies are lists of named fields,
//! so a test can state a whole request and a log can leave the secret fields out.

mod ahead;
mod presentation;

use std::borrow::Cow;
use std::fmt;

use jiff::SignedDuration;
use serde_json::{Map, Value};
use url::{Position, Url};
use zeroize::Zeroizing;

pub use ahead::{Ahead, Shelf, UnderWay};
pub use presentation::{Header, Part, Piece, Place, Presentation};

use crate::json::Document;
use crate::problem::Problem;
use crate::secret::Secret;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Delete,
}

impl Method {
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Delete => "DELETE",
        }
    }
}

#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    pub method: Method,
    pub url: Url,
    /// Added to the URL when it is sent. Apart from it, because some services want a secret there.
    pub query: Vec<Field>,
    /// Headers that a skill wants, beside those that every request has.
    pub headers: Box<[Field]>,
    /// What lets it in, and how that is presented.
    pub credential: Option<Box<(Presentation, Secret)>>,
    pub body: Body,
    /// The address may hold what only we may know: of it, no more than the host is logged.
    pub discreet: bool,
    /// What stands in the address and is not to be repeated.
    pub in_address: Box<[Secret]>,
    /// What may be asked side by side with it.
    pub ahead: Option<Box<Ahead>>,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, url, query, headers, credential, body, discreet, in_address: _, ahead: _ } = self;
        let end = if *discreet { Position::BeforePath } else { Position::AfterFragment };
        let mut shown = f.debug_struct("Request");
        shown.field("method", method).field("url", &&url[..end]).field("query", query);
        shown.field("headers", headers).field("credential", credential).field("body", body).finish()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    Empty,
    /// `application/json`, one object.
    Json(Vec<Field>),
    /// `application/x-www-form-urlencoded`.
    Form(Vec<Field>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    pub name: Cow<'static, str>,
    pub value: FieldValue,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldValue {
    Text(String),
    Secret(Secret),
    Flag(bool),
    Texts(Vec<String>),
    /// An object, in a JSON body only.
    Object(Vec<Field>),
    /// A list of objects, in a JSON body only.
    Objects(Vec<Vec<Field>>),
    /// Whatever else JSON has.
    Json(serde_json::Value),
}

impl FieldValue {
    /// As it stands in a form or a query: what has parts is joined by blanks, as OAuth writes scopes.
    pub fn as_text(&self) -> Zeroizing<String> {
        Zeroizing::new(match self {
            FieldValue::Text(text) => text.clone(),
            FieldValue::Secret(secret) => secret.expose().to_owned(),
            FieldValue::Flag(flag) => flag.to_string(),
            FieldValue::Texts(texts) => texts.join(" "),
            FieldValue::Object(_) | FieldValue::Objects(_) => String::new(),
            FieldValue::Json(value) => value.to_string(),
        })
    }

    /// As it stands in a JSON body.
    fn as_json(&self) -> Value {
        match self {
            FieldValue::Text(text) => Value::from(text.as_str()),
            FieldValue::Secret(secret) => Value::from(secret.expose()),
            FieldValue::Flag(flag) => Value::from(*flag),
            FieldValue::Texts(texts) => Value::from(texts.as_slice()),
            FieldValue::Object(fields) => object(fields),
            FieldValue::Objects(objects) => objects.iter().map(|fields| object(fields)).collect(),
            FieldValue::Json(value) => value.clone(),
        }
    }

    fn secrets(&self) -> Vec<&Secret> {
        match self {
            FieldValue::Secret(secret) => vec![secret],
            FieldValue::Object(fields) => fields.iter().flat_map(|field| field.value.secrets()).collect(),
            FieldValue::Objects(objects) => objects.iter().flatten().flat_map(|field| field.value.secrets()).collect(),
            FieldValue::Text(_) | FieldValue::Flag(_) | FieldValue::Texts(_) | FieldValue::Json(_) => Vec::new(),
        }
    }
}

fn object(fields: &[Field]) -> Value {
    Value::Object(fields.iter().map(|field| (field.name.to_string(), field.value.as_json())).collect::<Map<_, _>>())
}

impl From<&str> for FieldValue {
    fn from(text: &str) -> Self {
        FieldValue::Text(text.to_owned())
    }
}

impl From<&Value> for FieldValue {
    fn from(value: &Value) -> Self {
        match value {
            Value::String(text) => FieldValue::Text(text.clone()),
            Value::Bool(flag) => FieldValue::Flag(*flag),
            other => FieldValue::Json(other.clone()),
        }
    }
}

impl From<Secret> for FieldValue {
    fn from(secret: Secret) -> Self {
        FieldValue::Secret(secret)
    }
}

impl From<bool> for FieldValue {
    fn from(flag: bool) -> Self {
        FieldValue::Flag(flag)
    }
}

impl From<Vec<String>> for FieldValue {
    fn from(texts: Vec<String>) -> Self {
        FieldValue::Texts(texts)
    }
}

pub fn field(name: impl Into<Cow<'static, str>>, value: impl Into<FieldValue>) -> Field {
    Field { name: name.into(), value: value.into() }
}

impl Body {
    pub fn fields(&self) -> &[Field] {
        match self {
            Body::Empty => &[],
            Body::Json(fields) | Body::Form(fields) => fields,
        }
    }

    /// What is sent, and its content type.
    pub fn text(&self) -> Option<(&'static str, Zeroizing<String>)> {
        match self {
            Body::Empty => None,
            Body::Json(fields) => {
                let document = Document::new(object(fields));
                Some(("application/json", Zeroizing::new(document.to_string())))
            }
            Body::Form(fields) => Some(("application/x-www-form-urlencoded", encoded(fields))),
        }
    }
}

/// `application/x-www-form-urlencoded`, for a body or a query.
fn encoded(fields: &[Field]) -> Zeroizing<String> {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    for field in fields {
        form.append_pair(&field.name, &field.value.as_text());
    }
    Zeroizing::new(form.finish())
}

impl Request {
    /// A request with nothing in it but where it goes.
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            query: Vec::new(),
            headers: Box::default(),
            credential: None,
            body: Body::Empty,
            discreet: false,
            in_address: Box::default(),
            ahead: None,
        }
    }

    pub fn get(url: Url) -> Self {
        Self::new(Method::Get, url)
    }

    pub fn post(url: Url, body: Body) -> Self {
        Self { body, ..Self::new(Method::Post, url) }
    }

    pub fn bearer(self, credential: Secret) -> Self {
        self.presenting(Presentation::Bearer, credential)
    }

    pub fn presenting(mut self, how: Presentation, credential: Secret) -> Self {
        match how {
            Presentation::Query(name) => self.query(field(*name, credential)),
            Presentation::Parts(parts) => {
                parts.iter().for_each(|part| self.show(part, &credential));
                self
            }
            how => {
                self.credential = Some(Box::new((how, credential)));
                self
            }
        }
    }

    /// Puts a part of a credential where it is to be shown.
    fn show(&mut self, part: &Part, credential: &Secret) {
        let whole = credential.expose();
        let (first, second) = whole.split_once(':').unwrap_or((whole, ""));
        let piece = match part.piece {
            Piece::Whole => whole,
            Piece::First => first,
            Piece::Second => second,
        };
        let shown = field(part.name.clone(), Secret::new(format!("{}{piece}", part.prefix)));
        match part.place {
            Place::Header => self.headers = self.headers.iter().cloned().chain([shown]).collect(),
            Place::Query => self.query.push(shown),
            Place::Body => match &mut self.body {
                Body::Json(fields) | Body::Form(fields) => fields.push(shown),
                // Only a call that sends something has a body.
                Body::Empty => (self.method, self.body) = (Method::Post, Body::Json(vec![shown])),
            },
        }
    }

    pub fn query(mut self, field: Field) -> Self {
        self.query.push(field);
        self
    }

    pub fn reading_ahead(self, likely: Vec<Url>, shelf: Shelf) -> Self {
        Self { ahead: Some(Box::new(Ahead { likely, shelf })), ..self }
    }

    /// The URL as it is sent.
    pub fn target(&self) -> Url {
        let mut url = self.url.clone();
        if !self.query.is_empty() {
            let query: Vec<String> =
                url.query().map(str::to_owned).into_iter().chain([encoded(&self.query).to_string()]).collect();
            url.set_query(Some(&query.join("&")));
        }
        url
    }

    /// Everything in this request that must not be repeated in a log.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> + Clone {
        let fields = self.query.iter().chain(&self.headers).chain(self.body.fields());
        let credential = self.credential.iter().map(|shown| &shown.1);
        credential.chain(self.in_address.iter()).chain(fields.flat_map(|field| field.value.secrets()))
    }
}

/// An answer of a service. The body may hold a credential, so it is a secret until it has been taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    /// Names in lower case, in the order received.
    pub headers: Vec<(String, String)>,
    pub body: Secret,
}

impl Response {
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Every value of a header; `name` in lower case.
    pub fn header(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpError {
    /// There was no connection, so nothing was sent. The text says why, cleaned.
    Unreachable(String),
    /// The connection broke after it was made: what was sent may have arrived. The text says how, cleaned.
    Broken(String),
    TimedOut(SignedDuration),
    /// The body passed the limit, in bytes.
    TooLarge(usize),
    /// A `GET` that is sent to another host, or round and round. A redirected `POST` is an answer like any other.
    Redirected(String),
    Certificate(Refused),
    /// An address that is not connected to, in the words of [`crate::trust`].
    Forbidden(Problem),
    /// The way there leads through a proxy, and ends at it. Its name is without its user name and password.
    Proxy {
        name: String,
        fault: ProxyFault,
    },
}

/// A certificate that was not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub fault: CertificateFault,
    /// Who issued it, as it says itself, cleaned; where that could be read.
    pub issuer: Option<String>,
}

/// The rule that a certificate breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateFault {
    UnknownIssuer,
    Expired,
    NotYetValid,
    /// It is for other names; these, cleaned.
    WrongName(String),
    /// There is nothing on this machine to compare with; the text says what was looked for.
    NothingTrusted(String),
    Other(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProxyFault {
    /// Nobody spoke to it, or it did not speak as proxies do. The text says how, cleaned.
    Unreachable(String),
    /// It wants a user name and password, or others than it was given.
    WantsPassword,
    /// It does not connect to that host.
    Refused,
    /// It is spoken to over TLS, and its own certificate was not accepted.
    Certificate(Refused),
}

impl HttpError {
    /// It is certain that the service has received nothing.
    pub fn nothing_was_sent(&self) -> bool {
        match self {
            HttpError::Unreachable(_)
            | HttpError::Certificate(_)
            | HttpError::Forbidden(_)
            | HttpError::Proxy { .. } => true,
            HttpError::Broken(_) | HttpError::TimedOut(_) | HttpError::TooLarge(_) | HttpError::Redirected(_) => false,
        }
    }
}
