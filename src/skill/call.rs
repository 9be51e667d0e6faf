//! A call as a skill describes it: what is sent where, under which names. The names of the standard are its parameters
//! (`.params.code_verifier`), so the machine that signs people in knows one way to speak, and each service its own.

use std::collections::BTreeMap;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use url::{Position, Url};

use super::answer::{self, Answer};
use crate::http::{Body, Field, FieldValue, Method, Request, field};
use crate::secret::Secret;
use crate::trust;

/// What may stand in the path of an address, because it is there whenever the call is made.
const IN_PATH: &[&str] = &["client_id", "code", "device_code"];
/// A value that is sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Text(String),
    Flag(bool),
    /// By its name in the standard; left out where there is none.
    Param(String),
}

impl Value {
    /// Of what skills may write, which are expressions in the language of jq, the part that needs no engine: a parameter, a
    /// literal, and text that is no expression.
    pub fn read(written: &str, params: &[&str]) -> Result<Self, String> {
        let written = written.trim();
        if let Some(name) = written.strip_prefix(".params.") {
            return match params.contains(&name) {
                true => Ok(Value::Param(name.to_owned())),
                false => Err(format!("{} is not one of {}", trust::clean(written, 60), params.join(", "))),
            };
        }
        match written {
            "true" | "false" => Ok(Value::Flag(written == "true")),
            _ if written.starts_with('"') => serde_json::from_str(written)
                .map(Value::Text)
                .map_err(|_| format!("{} is no text in quotes", trust::clean(written, 60))),
            _ if written.starts_with(['.', '(', '[', '{']) => {
                Err(format!("{} is an expression, and here only .params.NAME is one", trust::clean(written, 60)))
            }
            _ => Ok(Value::Text(written.to_owned())),
        }
    }

    pub fn is(&self, param: &str) -> bool {
        matches!(self, Value::Param(name) if name == param)
    }

    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            Value::Flag(_) | Value::Param(_) => None,
        }
    }

    fn of(&self, params: &Params) -> Option<FieldValue> {
        match self {
            Value::Text(text) => Some(FieldValue::Text(text.clone())),
            Value::Flag(flag) => Some(FieldValue::Flag(*flag)),
            Value::Param(name) => params.get(name.as_str()).cloned(),
        }
    }
}

/// What the parameters are now.
pub type Params = BTreeMap<&'static str, FieldValue>;

pub type Named = Vec<(String, Value)>;

/// The fields that have a value.
pub fn fields(named: &Named, params: &Params) -> Vec<Field> {
    named.iter().filter_map(|(name, value)| Some(field(name.clone(), value.of(params)?))).collect()
}

/// As it stands in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    #[serde(default)]
    method: Option<String>,
    url: String,
    #[serde(default)]
    query: BTreeMap<String, String>,
    #[serde(default)]
    body: Option<BTreeMap<String, String>>,
    #[serde(default)]
    form: Option<BTreeMap<String, String>>,
    #[serde(default)]
    response: answer::Written,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Query,
    Json,
    Form,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    method: Method,
    /// `{name}` in its path is a parameter (RFC 6570, level 1).
    template: String,
    /// The address with nothing put in: it says where the call goes.
    url: Url,
    query: Named,
    encoding: Encoding,
    body: Named,
    answer: Answer,
}

impl Call {
    /// Reads a call whose parameters are `params`.
    pub fn read(written: Written, params: &[&str]) -> Result<Self, String> {
        let named = |map: BTreeMap<String, String>| -> Result<Named, String> {
            map.into_iter().map(|(name, value)| Ok((name, Value::read(&value, params)?))).collect()
        };
        let (encoding, body) = match (written.body, written.form) {
            (Some(_), Some(_)) => return Err("a call has a body or a form, not both".to_owned()),
            (Some(body), None) => (Encoding::Json, body),
            (None, Some(form)) => (Encoding::Form, form),
            (None, None) => (Encoding::Query, BTreeMap::new()),
        };
        let method = match written.method.as_deref().map(str::to_ascii_uppercase).as_deref() {
            Some("POST") => Method::Post,
            Some("GET") if encoding == Encoding::Query => Method::Get,
            Some("GET") => return Err("a call by GET has no body".to_owned()),
            None if encoding == Encoding::Query => Method::Get,
            None => Method::Post,
            Some(other) => return Err(format!("{} is not a method that is used here", trust::clean(other, 20))),
        };
        let (url, places) = address(&written.url)?;
        let is_known = |place: &&String| params.contains(&place.as_str()) && IN_PATH.contains(&place.as_str());
        if let Some(unknown) = places.iter().find(|place| !is_known(place)) {
            return Err(format!("an address has no {{{}}} here", trust::clean(unknown, 40)));
        }
        Ok(Self {
            method,
            template: written.url,
            url,
            query: named(written.query)?,
            encoding,
            body: named(body)?,
            answer: Answer::read(written.response)?,
        })
    }

    pub fn url(&self) -> &Url {
        &self.url
    }

    pub fn uses(&self, param: &str) -> bool {
        self.query.iter().chain(&self.body).any(|(_, value)| value.is(param))
            || self.template.contains(&format!("{{{param}}}"))
    }

    pub fn method(&self) -> Method {
        self.method
    }

    /// Where in what comes of it what stands.
    pub fn answer(&self) -> &Answer {
        &self.answer
    }

    pub fn request(&self, params: &Params) -> Request {
        let mut expanded = self.template.clone();
        let mut in_address = Vec::new();
        for (name, value) in params {
            let place = format!("{{{name}}}");
            if expanded.contains(&place) {
                let text = value.as_text();
                let encoded = utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string();
                expanded = expanded.replace(&place, &encoded);
                in_address.extend([Secret::new(text.as_str()), Secret::new(encoded)]);
            }
        }
        // What is put into an address leads to no other host than the one that was consented to.
        let same_host = |url: &Url| url[..Position::BeforePath] == self.url[..Position::BeforePath];
        let url = Url::parse(&expanded).ok().filter(same_host).unwrap_or_else(|| self.url.clone());
        let body = fields(&self.body, params);
        let body = match (self.method, self.encoding) {
            (Method::Get, _) => Body::Empty,
            (Method::Post, Encoding::Form) => Body::Form(body),
            (Method::Post, Encoding::Json | Encoding::Query) => Body::Json(body),
        };
        Request {
            method: self.method,
            discreet: !in_address.is_empty(),
            in_address: in_address.into(),
            url,
            query: fields(&self.query, params),
            credential: None,
            body,
        }
    }
}

/// Reads an address that may have places in its path, and says where it leads and which places those are.
fn address(template: &str) -> Result<(Url, Vec<String>), String> {
    let no = |why: &str| Err(format!("{} is not an address: {why}", trust::clean(template, 80)));
    if template.contains(".params.") {
        return no("in its path a parameter is written {device_code}");
    }
    let (mut empty, mut filled) = (String::new(), String::new());
    let mut places = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else {
            return no("a brace is open");
        };
        empty.push_str(before);
        filled.extend([before, "x"]);
        places.push(name.to_owned());
        rest = after;
    }
    empty.push_str(rest);
    filled.push_str(rest);
    match (Url::parse(&empty), Url::parse(&filled)) {
        // Whatever stands in its places, it leads to the same host.
        (Ok(empty), Ok(filled)) if empty[..Position::BeforePath] != filled[..Position::BeforePath] => {
            no("only its path may have places")
        }
        (Ok(url), Ok(_)) => Ok((url, places)),
        (Err(error), _) | (_, Err(error)) => no(&error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(yaml: &str) -> Result<Call, String> {
        let written: Written = serde_saphyr::from_str(yaml).map_err(|error| error.to_string())?;
        Call::read(written, &["device_code", "client_id"])
    }

    #[test]
    fn what_is_described_is_what_is_sent() {
        let call = call(
            "url: https://a.dev/pair/{device_code}/poll\nbody: {who: .params.client_id, id: .params.device_code, ready: 'true', text: '\".params\"', on: yes}",
        )
        .expect("a call");
        let of = |code: &str| call.request(&Params::from([("device_code", FieldValue::Secret(Secret::new(code)))]));
        let request = of("d/../c 1");
        assert_eq!(request.url.as_str(), "https://a.dev/pair/d%2F%2E%2E%2Fc%201/poll");
        let (_, text) = request.body.text().expect("a body");
        assert_eq!(text.as_str(), r#"{"id":"d/../c 1","on":"yes","ready":true,"text":".params"}"#);
        // The address holds the code, and is kept as close.
        let request = of("devicecode1");
        assert!(request.discreet && request.secrets().any(|secret| *secret == Secret::new("devicecode1")));
        assert!(!format!("{request:?}").contains("devicecode1"), "{request:?}");
    }

    #[test]
    fn what_cannot_be_meant_is_said_when_it_is_read() {
        for (yaml, why) in [
            ("url: https://a.dev/{nobody}", "no {nobody} here"),
            ("url: https://{device_code}.dev/", "not an address"),
            ("url: https://a.{device_code}dev/", "only its path"),
            ("url: https:///{device_code}/a.dev/keys", "only its path"),
            ("url: https:///{device_code}@a.dev/", "only its path"),
            ("url: https:{device_code}/a.dev/keys", "only its path"),
            ("url: 'https://a.dev:{device_code}/'", "not an address"),
            ("url: https:////{device_code}a.dev/", "only its path"),
            ("url: 'https://a.dev/{device_code'", "a brace is open"),
            ("url: a.dev", "not an address"),
            (
                "url: https://a.dev/\nbody: {a: .params.password}",
                ".params.password is not one of device_code, client_id",
            ),
            ("url: https://a.dev/.params.device_code", "is written {device_code}"),
            ("url: https://a.dev/\nbody: {a: .auth.key}", "is an expression"),
            ("url: https://a.dev/\nbody: {a: '\"open'}", "no text in quotes"),
            ("url: https://a.dev/\nbody: {}\nform: {}", "not both"),
            ("url: https://a.dev/\nmethod: GET\nbody: {}", "has no body"),
            ("url: https://a.dev/\nmethod: DELETE", "DELETE is not a method"),
            ("url: https://a.dev/\nresponse: {root: data}", "does not begin with a slash"),
            ("url: https://a.dev/\nresponse: {mapping: {api_key: key}}", "not a path"),
            ("url: https://a.dev/\nresponse: {mapping: {api_key: '.a | .b'}}", "not a path"),
            ("url: https://a.dev/\nresponse: {mapping: {password: .a}}", "no password"),
            ("url: https://a.dev/\nresponse: {values: {done: [yes]}}", "done is not one of"),
            ("url: https://a.dev/\nurl: https://b.dev/", "url"),
            ("url: https://a.dev/\ncommand: rm", "command"),
        ] {
            let said = call(yaml).expect_err(yaml);
            assert!(said.to_lowercase().contains(&why.to_lowercase()), "{yaml}: {said}");
        }
    }
}
