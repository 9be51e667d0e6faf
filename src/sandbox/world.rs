//! The sandbox's own state, and the one place that every call comes through.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, Method, header};
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;
use url::Url;

use super::fault::{self, Fault, Faults, Step};
use super::refusal::{Refused, answered};
use super::services::Profile;
use super::{Options, mailed, published, tokens};
use crate::shell::clock;
use crate::when;

pub struct World {
    url: Url,
    pub(super) options: Options,
    state: Mutex<Inner>,
}

#[derive(Default)]
pub(super) struct Inner {
    faults: Faults,
    pub(super) mailed: HashMap<String, mailed::Registration>,
    pub(super) credentials: HashMap<String, tokens::Credential>,
    pub(super) grants: tokens::Grants,
    pub(super) mails: Vec<Mail>,
    log: Vec<Call>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Mail {
    pub to: String,
    pub from: String,
    pub subject: String,
    pub code: String,
    pub at: String,
}

#[derive(Debug, Clone, Serialize)]
pub struct Call {
    pub at: String,
    pub method: String,
    pub path: String,
    pub status: u16,
}

impl World {
    pub fn new(url: Url, options: Options) -> Self {
        let inner = Inner { faults: options.faults.clone().into(), ..Inner::default() };
        Self { url, options, state: Mutex::new(inner) }
    }

    pub(super) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn url(&self) -> &Url {
        &self.url
    }

    /// A path of the sandbox as a whole address.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url.as_str().trim_end_matches('/'))
    }

    pub fn mails(&self) -> Vec<Mail> {
        self.inner().mails.clone()
    }

    pub fn log(&self) -> Vec<Call> {
        self.inner().log.clone()
    }

    pub fn fault_on(&self, step: Step) -> Option<&'static str> {
        self.inner().faults.on(step)
    }

    pub fn set_fault(&self, fault: Fault) {
        self.inner().faults.set(fault);
    }

    pub fn note(&self, method: &Method, path: &str, status: u16) {
        let call = Call { at: when::rfc3339(clock::now()), method: method.to_string(), path: path.to_owned(), status };
        self.inner().log.push(call);
    }

    /// Answers one call, and says how long to hold the answer back.
    pub fn serve(
        &self,
        profile: &'static Profile,
        step: Step,
        headers: &HeaderMap,
        body: &[u8],
    ) -> (Option<Duration>, Response) {
        let fault = self.inner().faults.take(step);
        if fault == Some("interaction_required") {
            return (None, self.invitation(profile).into_response());
        }
        if let Some(answer) = fault.and_then(fault::answer) {
            return answer;
        }
        let now = clock::now();
        let response = match step {
            Step::Api => self.api(profile, headers, now),
            Step::Resource => axum::Json(published::resource(self, profile)).into_response(),
            Step::Server => axum::Json(published::server(self, profile)).into_response(),
            Step::AuthMd => {
                let text = published::auth_md(self, profile);
                ([(header::CONTENT_TYPE, "text/markdown; charset=utf-8")], text).into_response()
            }
            Step::Register => answered(object(body).and_then(|body| self.register(profile, &body, now))),
            Step::Claim => answered(object(body).and_then(|body| self.claim(profile, &body, now))),
            Step::Complete => answered(object(body).and_then(|body| self.complete(profile, &body, now))),
            Step::Token => answered(self.token(profile, body, now)),
            Step::Revoke => self.revoke(profile, headers, body, fault == Some("ignored")),
        };
        ((fault == Some("late")).then_some(Duration::from_secs(60)), response)
    }
}

pub(super) fn after(now: Timestamp, span: Duration) -> Timestamp {
    SignedDuration::try_from(span).ok().and_then(|span| now.checked_add(span).ok()).unwrap_or(Timestamp::MAX)
}

/// Malformed JSON is an internal error with the published sample services, not a bad request.
fn object(body: &[u8]) -> Result<Value, Refused> {
    serde_json::from_slice(body).map_err(|_| "internal_error".into())
}

/// A text of a body, empty where there is none.
pub(super) fn text<'a>(body: &'a Value, name: &str) -> &'a str {
    body.get(name).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has randomness");
    bytes
}

pub(super) fn token(prefix: &str) -> String {
    let hex: String = random::<16>().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{prefix}_sandbox_{hex}")
}

pub(super) fn digits() -> String {
    format!("{:06}", u32::from_le_bytes(random()) % 1_000_000)
}
