//! A call as a skill describes it: what is sent where, under which names. The names of the standard are its parameters
//! (`.params.code_verifier`), so the machine that signs people in knows one way to speak, and each service its own.

use std::collections::BTreeMap;

use serde::Deserialize;
use url::Url;

use super::answer::{self, Answer};
use super::template::{self, Template};
use super::value::{Params, Vocabulary, Worked};
use crate::http::{Method, Request};

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

#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    template: Template,
    url: Url,
    answer: Answer,
}

impl Call {
    /// Reads a call whose parameters are `params`.
    pub fn read(written: Written, params: &[&str]) -> Result<Self, String> {
        let entries = |map: BTreeMap<String, String>| map.into_iter().collect();
        let request = template::Written {
            method: written.method,
            url: written.url,
            query: entries(written.query),
            headers: Vec::new(),
            body: written.body.map(entries),
            form: written.form.map(entries),
        };
        let template = Template::read(request, Vocabulary { params, engine: false }, None)?;
        let url = template.url().cloned().ok_or("its address is not known beforehand")?;
        Ok(Self { template, url, answer: Answer::read(written.response)? })
    }

    pub fn url(&self) -> &Url {
        &self.url
    }

    pub fn uses(&self, param: &str) -> bool {
        self.template.uses(param)
    }

    pub fn method(&self) -> Method {
        self.template.method()
    }

    /// Where in what comes of it what stands.
    pub fn answer(&self) -> &Answer {
        &self.answer
    }

    pub fn request(&self, params: &Params) -> Request {
        // Nothing of it has to be evaluated.
        let request = self.template.request(params, &Worked::default());
        request.unwrap_or_else(|_| Request::new(self.method(), self.url.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::FieldValue;
    use crate::secret::Secret;

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
        let of =
            |code: &str| call.request(&[("device_code", FieldValue::Secret(Secret::new(code)))].into_iter().collect());
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
