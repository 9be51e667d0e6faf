//! What comes of a call, as a skill describes it: where in it what stands, by the names of the standard (`device_code`), and
//! which of the service's words are which of its codes.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::http::Response;
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
/// Names of the token, whichever of them a service uses.
pub(super) const CREDENTIAL: &[&str] = &["api_key", "access_token"];
/// The same, and what is said of it.
const GRANTED: &[&str] = &["api_key", "access_token", "expires_in", "expires_at", "scope"];

/// As it stands in the file.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct Written {
    #[serde(default)]
    root: Option<String>,
    #[serde(default)]
    mapping: BTreeMap<String, String>,
    #[serde(default)]
    values: BTreeMap<String, Vec<String>>,
}

/// Where in an answer what stands, by JSON pointers (RFC 6901).
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    root: String,
    mapping: Vec<(String, String)>,
    /// The service's own words, and the codes that they are.
    words: Vec<(String, &'static str)>,
}

impl Answer {
    pub(super) fn read(written: Written) -> Result<Self, String> {
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
        Ok(Self { root: root(written.root)?, mapping, words })
    }

    /// The same answer in the words of the standard, and nothing else of it.
    pub fn standard(&self, response: &Response) -> Response {
        let whole = Document::new(json::read(response.body.expose()).unwrap_or_default());
        let answer = whole.pointer(&self.root).unwrap_or(&whole);
        // Where a skill says which member is the credential, what else is called so is none, nor is an end beside it its end.
        let says_which = CREDENTIAL.iter().any(|name| self.maps(name));
        let at = |name: &&str| {
            // A no may stand beside what a yes stands in, and under its own name whatever the yes is called.
            let pointed = self.place(name).and_then(|at| answer.pointer(at).or_else(|| whole.pointer(at)));
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

    /// Is what it hands out a key, rather than a token of OAuth?
    pub fn has_a_key(&self) -> bool {
        self.maps("api_key")
    }

    /// Does a skill say where this stands?
    pub fn maps(&self, name: &str) -> bool {
        self.place(name).is_some()
    }

    fn place(&self, name: &str) -> Option<&str> {
        self.mapping.iter().find(|(mapped, _)| mapped == name).map(|(_, pointer)| pointer.as_str())
    }

    /// The first of what is needed that does not stand where the skill says, and the names that the answer has instead.
    pub fn missing(&self, response: &Response, needed: &[&str]) -> Option<(String, String)> {
        let whole = Document::new(json::read(response.body.expose())?);
        let standard = Document::new(json::read(self.standard(response).body.expose())?);
        let name = *needed.iter().find(|name| standard.get(**name).is_none())?;
        // In the standard a key is a token.
        let key = || self.place("api_key").filter(|_| name == "access_token");
        let sought = match key().or_else(|| self.place(name)) {
            Some(pointer) => format!("{}{pointer}", self.root).replace('/', "."),
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
            let own = self.words.iter().find(|(own, _)| own.eq_ignore_ascii_case(word)).map(|(_, code)| *code);
            own.or_else(|| CODES.iter().find(|code| code.eq_ignore_ascii_case(word)).copied())
        };
        said.as_deref().and_then(known).or_else(|| known(&status.to_string()))
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

/// Where in an answer everything stands, as a pointer.
pub(super) fn root(written: Option<String>) -> Result<String, String> {
    let root = written.unwrap_or_default();
    match root.as_str() {
        "" | "/" => Ok(String::new()),
        _ if root.starts_with('/') => Ok(root),
        _ => Err(format!("the root {} does not begin with a slash", trust::clean(&root, 40))),
    }
}

/// A path in the language of jq, of members and indices only, as a pointer: `.data.keys[0]`.
pub(super) fn pointer(path: &str) -> Result<String, String> {
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

    fn answer(yaml: &str) -> Answer {
        Answer::read(serde_saphyr::from_str(yaml).expect("as it is written")).expect("an answer")
    }

    fn standard(answer: &Answer, status: u16, body: Json) -> Json {
        let response = Response { status, headers: vec![], body: Secret::new(body.to_string()) };
        json::read(answer.standard(&response).body.expose()).expect("JSON")
    }

    #[test]
    fn an_answer_is_read_in_the_services_words() {
        let answer = answer(
            "root: /data\nmapping: {api_key: '.keys[0].secret', error: .state}\nvalues: {authorization_pending: [waiting, 202], expired_token: [gone]}",
        );
        let pending = |word: &str| json!({"error_description": word, "error": "authorization_pending"});
        assert_eq!(standard(&answer, 200, json!({"data": {"state": "waiting"}})), pending("waiting"));
        assert_eq!(standard(&answer, 200, json!({"state": "WAITING"})), pending("WAITING"), "beside the root");
        assert_eq!(standard(&answer, 202, json!({})), json!({"error": "authorization_pending"}), "the status alone");
        assert_eq!(
            standard(&answer, 410, json!({"state": "gone", "error_description": "Too late."})),
            json!({"error_description": "Too late.", "error": "expired_token"})
        );
        assert_eq!(standard(&answer, 400, json!({"state": "slow_down"})), json!({"error": "slow_down"}));
        assert_eq!(standard(&answer, 409, json!({"state": "consumed"})), json!({"error": "consumed"}));
        assert_eq!(standard(&answer, 200, json!({"data": {"state": "odd"}})), json!({}), "neither a yes nor a no");
        assert_eq!(
            standard(&answer, 200, json!({"data": {"keys": [{"secret": "sk"}], "state": "ok", "refresh_token": "rt"}})),
            json!({"token_type": "Bearer", "access_token": "sk"}),
            "and nothing that is not described"
        );
        // What is there and says nothing is not there; nobody said that the others are the key, or its end.
        for body in [
            json!({"state": "waiting", "data": {"keys": [{"secret": ""}]}}),
            json!({"state": "waiting", "access_token": "poll_1", "expires_in": 120}),
        ] {
            assert_eq!(standard(&answer, 200, body), pending("waiting"));
        }
        let granted = json!({"data": {"keys": [{"secret": "sk"}]}, "expires_in": 120, "scope": "all"});
        assert_eq!(standard(&answer, 200, granted), json!({"token_type": "Bearer", "access_token": "sk"}));
        for body in ["<html>", "", "[1]"] {
            let response = Response { status: 200, headers: vec![], body: Secret::new(body) };
            assert_eq!(answer.standard(&response).body.expose(), "{}", "{body}");
        }
    }
}
