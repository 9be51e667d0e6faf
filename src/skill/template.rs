//! A request as a skill describes it: where it goes, and under which names what is sent.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use url::{Position, Url};

use super::expression::Expression;
use super::value::{Kind, Named, Params, Value, Vocabulary, Worked, below, fields};
use crate::http::{Body, FieldValue, Method, Place, Presentation, Request};
use crate::secret::Secret;
use crate::trust;

/// Of the values in one place of a request.
const MOST: usize = 64;
/// What may stand in the path of an address where one signs in by OAuth, because it is there whenever the call is made.
const IN_PATH: &[&str] = &["client_id", "code", "device_code"];

/// As it stands in the file.
#[derive(Default)]
pub struct Written {
    pub method: Option<String>,
    pub url: String,
    pub query: Vec<(String, String)>,
    pub headers: Vec<(String, String)>,
    pub body: Option<Vec<(String, String)>>,
    pub form: Option<Vec<(String, String)>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Query,
    Json,
    Form,
}

#[derive(Debug, Clone, PartialEq)]
enum Address {
    /// `{name}` in its path is a parameter (RFC 6570, level 1); the address with nothing put in says where it leads.
    Fixed { template: String, url: Url },
    /// Known once it was evaluated; what begins with a slash stands below the other.
    Worked(Expression, Option<Url>),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    method: Method,
    address: Address,
    query: Named,
    headers: Named,
    encoding: Encoding,
    body: Named,
}

impl Template {
    /// Reads a request; an address that begins with a slash stands below `base`.
    pub fn read(written: Written, vocabulary: Vocabulary<'_>, base: Option<&Url>) -> Result<Self, String> {
        let named = |entries: Vec<(String, String)>| -> Result<Named, String> {
            if entries.len() > MOST {
                return Err(format!("a call sends more than {MOST} values"));
            }
            entries.into_iter().map(|(name, value)| Ok((name, Value::read(&value, vocabulary)?))).collect()
        };
        let (encoding, body) = match (written.body, written.form) {
            (Some(_), Some(_)) => return Err("a call has a body or a form, not both".to_owned()),
            (Some(body), None) => (Encoding::Json, body),
            (None, Some(form)) => (Encoding::Form, form),
            (None, None) => (Encoding::Query, Vec::new()),
        };
        let method = match written.method.as_deref().map(str::to_ascii_uppercase).as_deref() {
            Some("POST") => Method::Post,
            Some("DELETE") if vocabulary.engine => Method::Delete,
            Some("GET") if encoding == Encoding::Query => Method::Get,
            Some("GET") => return Err("a call by GET has no body".to_owned()),
            None if encoding == Encoding::Query => Method::Get,
            None => Method::Post,
            Some(other) => return Err(format!("{} is not a method that is used here", trust::clean(other, 20))),
        };
        let (headers, form) = headers(written.headers)?;
        let encoding = if form && encoding == Encoding::Json { Encoding::Form } else { encoding };
        Ok(Self {
            method,
            address: Address::read(&written.url, vocabulary, base)?,
            query: named(written.query)?,
            headers: named(headers)?,
            encoding,
            body: named(body)?,
        })
    }

    /// Where it goes, where that is known beforehand.
    pub fn url(&self) -> Option<&Url> {
        match &self.address {
            Address::Fixed { url, .. } => Some(url),
            Address::Worked(..) => None,
        }
    }

    /// The address as the skill has it, its places unfilled.
    pub fn address(&self) -> &str {
        match &self.address {
            Address::Fixed { template, .. } => template,
            Address::Worked(expression, _) => expression.text(),
        }
    }

    pub fn method(&self) -> Method {
        self.method
    }

    pub fn uses(&self, param: &str) -> bool {
        self.params().iter().any(|name| name == param)
    }

    /// The names of all parameters that it uses, each once.
    pub fn params(&self) -> Vec<String> {
        let in_address = match &self.address {
            Address::Fixed { template, .. } => places(template).into_iter().map(str::to_owned).collect(),
            Address::Worked(expression, _) => Value::Expression(expression.clone()).params(),
        };
        let mut names: Vec<String> = Vec::new();
        for name in in_address.into_iter().chain(self.values().flat_map(|(_, _, value)| value.params())) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// What has to be evaluated before it is sent.
    pub fn expressions(&self) -> Vec<Expression> {
        let in_address = match &self.address {
            Address::Fixed { .. } => None,
            Address::Worked(expression, _) => Some(expression.clone()),
        };
        let sent = self.values().filter_map(|(_, _, value)| match value {
            Value::Expression(expression) => Some(expression.clone()),
            _ => None,
        });
        in_address.into_iter().chain(sent).collect()
    }

    /// Everything that is sent beside the address, in the order in which it is shown.
    pub fn values(&self) -> impl Iterator<Item = (Place, &str, &Value)> {
        let headers = self.headers.iter().map(|(name, value)| (Place::Header, name.as_str(), value));
        let query = self.query.iter().map(|(name, value)| (Place::Query, name.as_str(), value));
        let body = self.body.iter().map(|(name, value)| (Place::Body, name.as_str(), value));
        headers.chain(query).chain(body)
    }

    /// The request as it is now. An address that was evaluated may be none.
    pub fn request(&self, params: &Params, worked: &Worked) -> Result<Request, String> {
        let (url, in_address) = self.address.filled(params, worked)?;
        let body = fields(&self.body, params, worked);
        let body = match (self.method, self.encoding) {
            (Method::Get, _) | (Method::Delete, Encoding::Query) => Body::Empty,
            (_, Encoding::Form) => Body::Form(body),
            (_, Encoding::Json | Encoding::Query) => Body::Json(body),
        };
        Ok(Request {
            discreet: !in_address.is_empty(),
            in_address: in_address.into(),
            query: fields(&self.query, params, worked),
            headers: fields(&self.headers, params, worked).into(),
            body,
            ..Request::new(self.method, url)
        })
    }
}

impl Address {
    fn read(text: &str, vocabulary: Vocabulary<'_>, base: Option<&Url>) -> Result<Self, String> {
        let text = text.trim();
        if vocabulary.engine && Kind::of(text) == Kind::Expression {
            return match Value::read(text, vocabulary)? {
                Value::Expression(expression) => Ok(Address::Worked(expression, base.cloned())),
                Value::Text(text) => Self::read(&text, Vocabulary { engine: false, ..vocabulary }, base),
                Value::Flag(_) | Value::Param(_) => Err(format!("{} is not an address", trust::clean(text, 80))),
            };
        }
        let template = below(text, base);
        let url = leads_to(&template)?;
        let is_known =
            |place: &&&str| vocabulary.params.contains(*place) && (vocabulary.engine || IN_PATH.contains(*place));
        match places(&template).iter().find(|place| !is_known(place)) {
            Some(unknown) => Err(format!("an address has no {{{}}} here", trust::clean(unknown, 40))),
            None => Ok(Address::Fixed { template, url }),
        }
    }

    /// The address, and what stands in it that must not be repeated.
    fn filled(&self, params: &Params, worked: &Worked) -> Result<(Url, Vec<Secret>), String> {
        let (template, url) = match self {
            Address::Fixed { template, url } => (template, url),
            Address::Worked(expression, base) => {
                let value = Value::Expression(expression.clone()).of(params, worked);
                let text = value.as_ref().map(FieldValue::as_text).unwrap_or_default();
                // A code may be in it, so that it is not repeated.
                let url = Url::parse(&below(&text, base.as_ref()))
                    .map_err(|error| format!("what it works its address out to is none: {error}"))?;
                let secret = matches!(value, Some(FieldValue::Secret(_))).then(|| Secret::new(text.as_str()));
                return Ok((url, secret.into_iter().collect()));
            }
        };
        let mut expanded = template.clone();
        let mut in_address = Vec::new();
        for (name, value) in params.iter() {
            let place = format!("{{{name}}}");
            if expanded.contains(&place) {
                let text = value.as_text();
                let encoded = utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string();
                expanded = expanded.replace(&place, &encoded);
                if matches!(value, FieldValue::Secret(_)) {
                    in_address.extend([Secret::new(text.as_str()), Secret::new(encoded)]);
                }
            }
        }
        // What is put into an address leads to no other host than the one that was consented to.
        let same_host = |filled: &Url| filled[..Position::BeforePath] == url[..Position::BeforePath];
        let filled = Url::parse(&expanded).ok().filter(same_host).unwrap_or_else(|| url.clone());
        Ok((filled, in_address))
    }
}

/// The headers that a skill may set, and whether they say that the body is a form.
pub(super) fn headers(written: Vec<(String, String)>) -> Result<(Vec<(String, String)>, bool), String> {
    let (mut kept, mut form) = (Vec::new(), false);
    for (name, value) in written {
        let name = name.trim().to_ascii_lowercase();
        match name.as_str() {
            "content-type" => form |= value.contains("x-www-form-urlencoded"),
            "accept" => kept.push((name, value)),
            "authorization" | "cookie" | "proxy-authorization" => {
                return Err(format!("the header {name} is not for a skill to fill in"));
            }
            _ if Presentation::header(&name, "").is_none() => {
                return Err(format!("{} is no header that can be set", trust::clean(&name, 40)));
            }
            _ => kept.push((name, value)),
        }
    }
    Ok((kept, form))
}

/// The names of the places in an address.
fn places(template: &str) -> Vec<&str> {
    let after = template.split('{').skip(1);
    after.filter_map(|rest| rest.split_once('}').map(|(name, _)| name)).collect()
}

/// Where an address leads that may have places in its path.
fn leads_to(template: &str) -> Result<Url, String> {
    let no = |why: &str| Err(format!("{} is not an address: {why}", trust::clean(template, 80)));
    if template.contains(".params.") {
        return no("in its path a parameter is written {device_code}");
    }
    let (mut empty, mut filled) = (String::new(), String::new());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((_, after)) = after.split_once('}') else {
            return no("a brace is open");
        };
        empty.push_str(before);
        filled.extend([before, "x"]);
        rest = after;
    }
    empty.push_str(rest);
    filled.push_str(rest);
    match (Url::parse(&empty), Url::parse(&filled)) {
        // Whatever stands in its places, it leads to the same host.
        (Ok(empty), Ok(filled)) if empty[..Position::BeforePath] != filled[..Position::BeforePath] => {
            no("only its path may have places")
        }
        (Ok(url), Ok(_)) => Ok(url),
        (Err(error), _) | (_, Err(error)) => no(&error.to_string()),
    }
}
