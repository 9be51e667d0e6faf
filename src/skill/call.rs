//! A call as a skill describes it: what is sent under which names, and where in the answer things stand.
//!
//! The names of the standard are the parameters (`.params.code_verifier`) and what an answer is mapped to (`device_code`).
//! So the machine that signs people in knows one way to speak, and each service its own.

use std::collections::BTreeMap;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::{Map, Value as Json};
use url::{Position, Url};

use crate::http::{Body, Field, FieldValue, Method, Request, Response, field};
use crate::json::{self, Document};
use crate::secret::Secret;
use crate::trust;

/// What stands where in an answer, by the names of RFC 8628 and RFC 6749; `api_key` is a token that is not one of OAuth.
const ANSWERED: &[&str] = &[
    "device_code",
    "user_code",
    "verification_uri",
    "verification_uri_complete",
    "interval",
    "expires_in",
    "expires_at",
    "api_key",
    "access_token",
    "scope",
    "error",
    "error_description",
];
/// What a service may have words of its own for (RFC 8628, section 3.5).
const CODES: &[&str] = &["authorization_pending", "slow_down", "expired_token", "access_denied"];
/// What may stand in the path of an address, because it is there whenever the call is made.
const IN_PATH: &[&str] = &["client_id", "code", "device_code"];
/// Names of the token, whichever of them a service uses.
const CREDENTIAL: &[&str] = &["api_key", "access_token"];
/// The same, and what is said of it.
const GRANTED: &[&str] = &["api_key", "access_token", "expires_in", "expires_at", "scope"];

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
    response: WrittenAnswer,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct WrittenAnswer {
    #[serde(default)]
    root: Option<String>,
    #[serde(default)]
    mapping: BTreeMap<String, String>,
    #[serde(default)]
    values: BTreeMap<String, Vec<String>>,
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

/// Where in an answer what stands, by JSON pointers (RFC 6901).
#[derive(Debug, Clone, PartialEq)]
struct Answer {
    root: String,
    mapping: Vec<(String, String)>,
    /// The service's own words, and the codes that they are.
    words: Vec<(String, &'static str)>,
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

    /// Is what it hands out a key, rather than a token of OAuth?
    pub fn hands_out_a_key(&self) -> bool {
        self.maps("api_key")
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

    /// The same answer in the words of the standard, and nothing else of it.
    pub fn standard(&self, response: &Response) -> Response {
        let whole = Document::new(json::read(response.body.expose()).unwrap_or_default());
        let answer = whole.pointer(&self.answer.root).unwrap_or(&whole);
        let mapping = &self.answer.mapping;
        // Where a skill says which member is the credential, what else is called so is none, nor is an end beside it its end.
        let says_which = mapping.iter().any(|(name, _)| CREDENTIAL.contains(&name.as_str()));
        let at = |name: &&str| {
            let mapped = mapping.iter().find(|(mapped, _)| mapped == name);
            // A no may stand beside what a yes stands in, and under its own name whatever the yes is called.
            let pointed = mapped.and_then(|(_, pointer)| answer.pointer(pointer).or_else(|| whole.pointer(pointer)));
            let by_name =
                || answer.get(*name).or_else(|| whole.get(*name)).filter(|_| !says_which || !GRANTED.contains(name));
            let is_there = |value: &&Json| !value.is_null() && value.as_str() != Some("");
            pointed.or_else(by_name).filter(is_there).map(|value| ((*name).to_owned(), value.clone()))
        };
        let mut standard: Map<String, Json> = ANSWERED.iter().filter_map(at).collect();
        let has_credential = CREDENTIAL.iter().any(|name| standard.get(*name).is_some_and(Json::is_string));
        let said = standard.remove("error");
        match self.code(said.as_ref(), response.status) {
            _ if has_credential => {
                standard.insert("token_type".to_owned(), "Bearer".into());
                if let Some(key) = standard.remove("api_key") {
                    standard.insert("access_token".to_owned(), key);
                }
            }
            Some(code) => {
                standard.insert("error".to_owned(), code.into());
                // Its own word, for who looks it up.
                if let Some(word) = said.filter(|said| said.is_string() && said != code) {
                    standard.entry("error_description").or_insert(word);
                }
            }
            // A word that is not known is a no only where the status says so too.
            None if !response.is_success() => standard.extend(said.map(|said| ("error".to_owned(), said))),
            None => {}
        }
        let body = Document::new(Json::Object(standard));
        Response { body: Secret::new(body.to_string()), ..response.clone() }
    }

    /// Does a skill say where this stands?
    pub fn maps(&self, name: &str) -> bool {
        self.answer.mapping.iter().any(|(mapped, _)| mapped == name)
    }

    /// The first of what is needed that does not stand where the skill says, and the names that the answer has instead.
    pub fn missing(&self, response: &Response, needed: &[&str]) -> Option<(String, String)> {
        let whole = Document::new(json::read(response.body.expose())?);
        let standard = Document::new(json::read(self.standard(response).body.expose())?);
        let name = *needed.iter().find(|name| standard.get(**name).is_none())?;
        // In the standard a key is a token.
        let is_it = |mapped: &str| mapped == name || name == "access_token" && mapped == "api_key";
        let sought = match self.answer.mapping.iter().find(|(mapped, _)| is_it(mapped)) {
            Some((_, pointer)) => format!("{}{pointer}", self.answer.root).replace('/', "."),
            None => format!(".{name}"),
        };
        Some((sought, names(&whole)))
    }

    /// What the service's word, or else its status, is in the standard.
    fn code(&self, said: Option<&Json>, status: u16) -> Option<&'static str> {
        let said = match said {
            Some(Json::String(word)) => Some(word.clone()),
            Some(Json::Object(error)) => error.get("code").and_then(Json::as_str).map(str::to_owned),
            _ => None,
        };
        let known = |word: &str| {
            let own = self.answer.words.iter().find(|(own, _)| own.eq_ignore_ascii_case(word)).map(|(_, code)| *code);
            own.or_else(|| CODES.iter().find(|code| code.eq_ignore_ascii_case(word)).copied())
        };
        said.as_deref().and_then(known).or_else(|| known(&status.to_string()))
    }
}

impl Answer {
    fn read(written: WrittenAnswer) -> Result<Self, String> {
        let mut mapping = Vec::new();
        for (name, path) in written.mapping {
            if !ANSWERED.contains(&name.as_str()) {
                return Err(format!("an answer has no {} here, but {}", trust::clean(&name, 40), ANSWERED.join(", ")));
            }
            mapping.push((name, pointer(&path)?));
        }
        let mut words = Vec::new();
        for (code, own) in written.values {
            let Some(code) = CODES.iter().find(|known| **known == code) else {
                return Err(format!("{} is not one of {}", trust::clean(&code, 40), CODES.join(", ")));
            };
            words.extend(own.into_iter().map(|word| (word, *code)));
        }
        let root = written.root.unwrap_or_default();
        match root.as_str() {
            "" | "/" => Ok(Self { root: String::new(), mapping, words }),
            _ if root.starts_with('/') => Ok(Self { root, mapping, words }),
            _ => Err(format!("the root {} does not begin with a slash", trust::clean(&root, 40))),
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

/// The names of an answer's members, and of theirs.
fn names(answer: &Json) -> String {
    const MOST: usize = 12;
    let mut names = Vec::new();
    for (name, value) in answer.as_object().into_iter().flatten() {
        match value.as_object() {
            Some(inner) => names.extend(inner.keys().map(|inner| format!(".{name}.{inner}"))),
            None => names.push(format!(".{name}")),
        }
    }
    let more = if names.len() > MOST { ", …" } else { "" };
    names.truncate(MOST);
    if names.is_empty() { "nothing".to_owned() } else { format!("{}{more}", trust::clean(&names.join(", "), 160)) }
}

/// A path in the language of jq, of members and indices only, as a pointer: `.data.keys[0]`.
fn pointer(path: &str) -> Result<String, String> {
    let no = || format!("{} is not a path to a member, as in .data.key", trust::clean(path, 60));
    let mut pointer = String::new();
    for part in path.trim().strip_prefix('.').ok_or_else(no)?.split('.') {
        let (name, index) = match part.split_once('[') {
            Some((name, index)) => (name, Some(index.strip_suffix(']').ok_or_else(no)?)),
            None => (part, None),
        };
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !is_name || index.is_some_and(|index| index.is_empty() || !index.chars().all(|c| c.is_ascii_digit())) {
            return Err(no());
        }
        pointer.extend(["/", name]);
        pointer.extend(index.iter().flat_map(|index| ["/", index]));
    }
    Ok(pointer)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call(yaml: &str) -> Result<Call, String> {
        let written: Written = serde_saphyr::from_str(yaml).map_err(|error| error.to_string())?;
        Call::read(written, &["device_code", "client_id"])
    }

    fn standard(call: &Call, status: u16, body: Json) -> Json {
        let response = Response { status, headers: vec![], body: Secret::new(body.to_string()) };
        json::read(call.standard(&response).body.expose()).expect("JSON")
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
        assert!(request.discreet && request.secrets().any(|secret| secret.expose() == "devicecode1"));
        assert!(!format!("{request:?}").contains("devicecode1"), "{request:?}");
    }

    #[test]
    fn an_answer_is_read_in_the_services_words() {
        let call = call(
            "url: https://a.dev/poll\nresponse:\n  root: /data\n  mapping: {api_key: '.keys[0].secret', error: .state}\n  values: {authorization_pending: [waiting, 202], expired_token: [gone]}",
        )
        .expect("a call");
        let pending = |word: &str| json!({"error_description": word, "error": "authorization_pending"});
        assert_eq!(standard(&call, 200, json!({"data": {"state": "waiting"}})), pending("waiting"));
        assert_eq!(standard(&call, 200, json!({"state": "WAITING"})), pending("WAITING"), "beside the root");
        assert_eq!(standard(&call, 202, json!({})), json!({"error": "authorization_pending"}), "the status alone");
        assert_eq!(
            standard(&call, 410, json!({"state": "gone", "error_description": "Too late."})),
            json!({"error_description": "Too late.", "error": "expired_token"})
        );
        assert_eq!(standard(&call, 400, json!({"state": "slow_down"})), json!({"error": "slow_down"}));
        assert_eq!(standard(&call, 409, json!({"state": "consumed"})), json!({"error": "consumed"}));
        assert_eq!(standard(&call, 200, json!({"data": {"state": "odd"}})), json!({}), "neither a yes nor a no");
        assert_eq!(
            standard(&call, 200, json!({"data": {"keys": [{"secret": "sk"}], "state": "ok", "refresh_token": "rt"}})),
            json!({"token_type": "Bearer", "access_token": "sk"}),
            "and nothing that is not described"
        );
        // What is there and says nothing is not there; nobody said that the others are the key, or its end.
        for body in [
            json!({"state": "waiting", "data": {"keys": [{"secret": ""}]}}),
            json!({"state": "waiting", "access_token": "poll_1", "expires_in": 120}),
        ] {
            assert_eq!(standard(&call, 200, body), pending("waiting"));
        }
        let granted = json!({"data": {"keys": [{"secret": "sk"}]}, "expires_in": 120, "scope": "all"});
        assert_eq!(standard(&call, 200, granted), json!({"token_type": "Bearer", "access_token": "sk"}));
        for body in ["<html>", "", "[1]"] {
            let response = Response { status: 200, headers: vec![], body: Secret::new(body) };
            assert_eq!(call.standard(&response).body.expose(), "{}", "{body}");
        }
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
