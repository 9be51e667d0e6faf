//! Requests and responses as plain values that can be compared.
//!
//! A flow says what it wants to send by building a [`Request`]; `shell::net` sends it. Bodies are lists of named fields,
//! so a test can state a whole request and a log can leave the secret fields out.

use jiff::SignedDuration;
use url::Url;

use crate::problem::Problem;
use crate::secret::Secret;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
}

impl Method {
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub method: Method,
    pub url: Url,
    /// Sent as `Authorization: Bearer …` (RFC 6750, section 2.1).
    pub bearer: Option<Secret>,
    pub body: Body,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    Empty,
    /// `application/json`, one flat object.
    Json(Vec<Field>),
    /// `application/x-www-form-urlencoded`.
    Form(Vec<Field>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    pub name: &'static str,
    pub value: FieldValue,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldValue {
    Text(String),
    Secret(Secret),
}

impl FieldValue {
    pub fn expose(&self) -> &str {
        match self {
            FieldValue::Text(text) => text,
            FieldValue::Secret(secret) => secret.expose(),
        }
    }
}

impl From<&str> for FieldValue {
    fn from(text: &str) -> Self {
        FieldValue::Text(text.to_owned())
    }
}

impl From<Secret> for FieldValue {
    fn from(secret: Secret) -> Self {
        FieldValue::Secret(secret)
    }
}

pub fn field(name: &'static str, value: impl Into<FieldValue>) -> Field {
    Field { name, value: value.into() }
}

impl Request {
    pub fn get(url: Url) -> Self {
        Self { method: Method::Get, url, bearer: None, body: Body::Empty }
    }

    pub fn post(url: Url, body: Body) -> Self {
        Self { method: Method::Post, url, bearer: None, body }
    }

    pub fn bearer(mut self, credential: Secret) -> Self {
        self.bearer = Some(credential);
        self
    }

    /// Everything in this request that must not be repeated in a log.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let fields: &[Field] = match &self.body {
            Body::Empty => &[],
            Body::Json(fields) | Body::Form(fields) => fields,
        };
        self.bearer.iter().chain(fields.iter().filter_map(|field| match &field.value {
            FieldValue::Secret(secret) => Some(secret),
            FieldValue::Text(_) => None,
        }))
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
