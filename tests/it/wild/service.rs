//! A service that publishes and answers as it is written.
//!
//! It has the `target` that a person would type, the `documents` that can be read (anything else is answered with
//! `everything_else`, if there is that), and the `calls`: the first whose fields are all in a request answers it, one answer
//! after another; the last one stays. A field that is `*` may hold anything, one that is null must not be there. An answer
//! is a status, a body (JSON, or a text as it stands) and perhaps a content type. `api` is the resource: it turns away
//! everything but its credential, shown in its way.

use std::collections::HashMap;

use authmd_tui::flow::target::Target;
use authmd_tui::http::{HttpError, Method, Request, Response};
use authmd_tui::secret::Secret;
use serde_json::Value;

use crate::support::play::answer;

/// A service, by what is written of it.
pub struct Service {
    pub file: Value,
    /// How often each call was answered.
    answered: HashMap<usize, usize>,
    /// Every request, as `METHOD url`.
    pub asked: Vec<String>,
}

impl Service {
    pub fn new(file: Value) -> Self {
        Self { file, answered: HashMap::new(), asked: Vec::new() }
    }

    pub fn target(&self) -> Target {
        Target::parse(self.file["target"].as_str().expect("a target")).expect("understood")
    }

    pub fn answer(&mut self, request: &Request) -> Result<Response, HttpError> {
        let call = format!("{} {}", request.method.as_str(), request.url);
        self.asked.push(call.clone());
        if let Some(nth) = self.entry(&call, request) {
            let answers = self.file["calls"][nth]["answers"].as_array().expect("answers");
            let times = self.answered.entry(nth).or_default();
            let given = &answers[(*times).min(answers.len() - 1)];
            *times += 1;
            let status = given[0].as_u64().expect("a status") as u16;
            // What is no object is a text as it stands; a third member is its type.
            let (text, usual) = match &given[1] {
                Value::String(text) => (text.clone(), "text/plain"),
                json => (json.to_string(), "application/json"),
            };
            let kind = given[2].as_str().unwrap_or(usual).to_owned();
            return Ok(Response { status, headers: vec![("content-type".into(), kind)], body: Secret::new(text) });
        }
        let known = self.file["calls"].as_array().is_some_and(|calls| calls.iter().any(|entry| entry["call"] == call));
        if request.method == Method::Post {
            return if known { answer(400, r#"{"error":"invalid_request"}"#) } else { answer(404, "") };
        }
        if let Some(answered) = self.resource(request) {
            return answered;
        }
        let document = &self.file["documents"][request.url.as_str()];
        match (&document["json"], &document["text"]) {
            (Value::Null, Value::String(text)) => Ok(Response {
                status: document["status"].as_u64().unwrap_or(200) as u16,
                headers: vec![("content-type".into(), document["kind"].as_str().unwrap_or("text/markdown").into())],
                body: Secret::new(text),
            }),
            (Value::Null, _) if !known && !self.file["everything_else"].is_null() => {
                answer(200, &self.file["everything_else"].to_string())
            }
            (Value::Null, _) if known => answer(405, ""),
            (Value::Null, _) => answer(if self.registers(&request.url) { 405 } else { 404 }, ""),
            (json, _) => answer(document["status"].as_u64().unwrap_or(200) as u16, &json.to_string()),
        }
    }

    /// Somebody takes posts there, and refuses to be read.
    fn registers(&self, url: &url::Url) -> bool {
        let post = format!("POST {url}");
        self.file["calls"].as_array().is_some_and(|calls| calls.iter().any(|entry| entry["call"] == post))
    }

    fn entry(&self, call: &str, request: &Request) -> Option<usize> {
        let fields: Vec<_> = request.body.fields().iter().chain(&request.query).collect();
        let fits = |entry: &Value| {
            let when = entry["when"].as_object().expect("fields");
            entry["call"] == call
                && when.iter().all(|(name, wanted)| {
                    let value =
                        fields.iter().find(|field| field.name == name.as_str()).map(|field| field.value.as_text());
                    // A null is a member that must not be there.
                    match value {
                        Some(value) => wanted == "*" || wanted.as_str() == Some(value.as_str()),
                        None => wanted.is_null(),
                    }
                })
        };
        self.file["calls"].as_array()?.iter().position(fits)
    }

    fn resource(&self, request: &Request) -> Option<Result<Response, HttpError>> {
        let api = self.file.get("api")?;
        let at = api["url"].as_str()?.trim_end_matches('/');
        if request.url.as_str().trim_end_matches('/') != at {
            return None;
        }
        let by = api["by"].as_str().unwrap_or("bearer");
        let shown = request.credential.as_deref().filter(|(how, _)| how.to_string() == by);
        let good = shown.is_some_and(|(_, secret)| api["credential"] == secret.expose());
        if good {
            return Some(answer(200, r#"{"you":"ada"}"#));
        }
        let challenges = api["challenge"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let headers = challenges.map(|text| ("www-authenticate".to_owned(), text.to_owned())).collect();
        let status = api["status"].as_u64().unwrap_or(401) as u16;
        Some(Ok(Response { status, headers, body: Secret::new(r#"{"error":"unauthorized"}"#) }))
    }
}
