//! The sandbox's own state, and the one place that every call comes through.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

use super::fault::{self, Fault, Faults, Step};
use super::refusal::{Answer, Refused, Spelling, answered};
use super::services::{Profile, Shape};
use super::{
    Options, attempts, closed, enrolled, handed_over, hybrid, identities, mailed, nested, oauth, published, tokens,
    toll,
};
use crate::shell::clock;
use crate::when;

pub struct World {
    url: Url,
    pub(super) options: Options,
    state: Mutex<Inner>,
}

#[derive(Default)]
pub(super) struct Inner {
    pub(super) faults: Faults,
    pub(super) mailed: HashMap<String, mailed::Registration>,
    pub(super) registrations: HashMap<String, attempts::Registration>,
    pub(super) attempts: Vec<attempts::Attempt>,
    pub(super) identities: identities::Identities,
    pub(super) credentials: HashMap<String, tokens::Credential>,
    pub(super) grants: tokens::Grants,
    pub(super) oauth: oauth::OAuth,
    pub(super) enrolled: enrolled::Enrolled,
    /// The proofs of work that were asked for, each with its end.
    pub(super) challenges: HashMap<String, Timestamp>,
    pub(super) mails: Vec<Mail>,
    log: Vec<Call>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Mail {
    pub to: String,
    pub from: String,
    pub subject: String,
    /// Empty where there is a link.
    pub code: String,
    pub link: Option<String>,
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

    /// What to run to sign up there.
    pub fn how_to_add(&self, profile: &Profile) -> String {
        match profile.skill() {
            Some(skill) => format!("curl -sO {} && authmd-tui add ./skill.yaml", self.at(&skill)),
            None => format!("authmd-tui add {}", self.at(profile.base)),
        }
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
        let (fault, spelling) = (self.inner().faults.take(step), profile.spelling(step));
        let now = clock::now();
        if let Some(answer) = fault.and_then(|name| self.fault(profile, name, spelling, body, now)) {
            return answer;
        }
        let response = match (step, profile.shape) {
            (Step::Api, _) => self.api(profile, headers, now),
            (Step::Resource, _) => axum::Json(published::resource(self, profile)).into_response(),
            (Step::Server, _) => axum::Json(published::server(self, profile)).into_response(),
            (Step::AuthMd, _) => {
                let text = published::auth_md(self, profile);
                ([(header::CONTENT_TYPE, "text/markdown; charset=utf-8")], text).into_response()
            }
            (_, Shape::Described(described)) => {
                let body = serde_json::from_slice(body).unwrap_or_default();
                self.described(profile, described, step, &body, now)
            }
            (_, Shape::Enrolled(calls)) => {
                let body = serde_json::from_slice(body).unwrap_or_default();
                self.enrol(profile, calls, step, headers, &body, now)
            }
            (_, Shape::Closed(closed)) => closed::answer(step, closed, body),
            (Step::Register, Shape::OAuth) => match object(body).and_then(|body| self.register_client(&body)) {
                Ok(client) => (StatusCode::CREATED, axum::Json(client)).into_response(),
                refused => answered(refused, spelling),
            },
            (Step::Device, _) => answered(self.device(profile, &tokens::form(body), now), spelling),
            // That is a page.
            (Step::Authorize, _) => not_found(),
            (Step::Register | Step::Claim | Step::Complete, _) => {
                answered(object(body).and_then(|body| self.ceremony(profile, step, &body, now)), spelling)
            }
            (Step::Token, _) => {
                // RFC 6749, section 5.1: nobody on the way keeps a token.
                let answer = answered(self.token(profile, body, fault == Some("narrowed"), now), spelling);
                ([(header::CACHE_CONTROL, "no-store")], answer).into_response()
            }
            (Step::Challenge, _) => axum::Json(toll::challenge(self, now)).into_response(),
            (Step::Revoke, _) => self.revoke(profile, headers, body, fault == Some("ignored")),
        };
        ((fault == Some("late")).then_some(Duration::from_secs(60)), response)
    }

    fn ceremony(&self, profile: &'static Profile, step: Step, body: &Value, now: Timestamp) -> Answer {
        match (profile.shape, step) {
            (Shape::ReadBack(_), Step::Register) => mailed::register(self, profile, body, now),
            (Shape::ReadBack(_) | Shape::Hybrid, Step::Claim) => mailed::claim(self, profile, body, now),
            (Shape::ReadBack(_), _) => mailed::complete(self, profile, body, now),
            (Shape::HandedOver(_), Step::Register) => handed_over::register(self, profile, body, now),
            (Shape::HandedOver(_), _) => handed_over::claim(self, profile, body, now),
            (Shape::Nested, Step::Register) => nested::register(self, profile, body, now),
            (Shape::Nested, Step::Claim) => nested::claim(self, profile, body, now),
            (Shape::Nested, _) => nested::complete(self, profile, body, now),
            (Shape::Hybrid, Step::Register) => hybrid::register(self, profile, body, now),
            (Shape::Hybrid, _) => hybrid::complete(self, profile, body, now),
            // Its calls have an answer of their own.
            (Shape::OAuth | Shape::Described(_) | Shape::Enrolled(_) | Shape::Closed(_), _) => {
                Err("not_implemented".into())
            }
        }
    }

    /// The answer that a fault gives in place of the call's own, and how long to hold it back.
    fn fault(
        &self,
        profile: &'static Profile,
        name: &'static str,
        spelling: Spelling,
        body: &[u8],
        now: Timestamp,
    ) -> Option<(Option<Duration>, Response)> {
        let claim_url = || self.at(&profile.path(Step::Claim));
        let refused = match name {
            "interaction_required" => self.invitation(profile, body, now),
            "requires_funding" => Refused::from(name).with(json!({"claim_url": claim_url()})),
            "account_claim_required" => Refused::from(name).with(json!({"claimUrl": claim_url()})),
            "rate_limit_exceeded" => Refused::from(name).with(json!({"retry_after": 120})),
            "not_implemented" => Refused::from(name).with(json!({"enabled": false})),
            "proof_of_work_required" | "invalid_challenge" | "tos_required" | "invalid_scope" => {
                toll::demand(self, profile, name, now)
            }
            _ => return fault::answer(name, spelling),
        };
        Some((None, refused.response(spelling)))
    }

    /// 401 with a claim block: an invitation rather than an error.
    fn invitation(&self, profile: &'static Profile, body: &[u8], now: Timestamp) -> Refused {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let hint = Some(text(&body, "login_hint")).filter(|hint| hint.contains('@'));
        let somebody = attempts::Start::ServiceAuth(hint.unwrap_or("somebody@example.com").to_owned());
        let asked = match profile.shape {
            Shape::ReadBack(_) => mailed::invite(self, profile, now),
            Shape::HandedOver(_) => handed_over::sign_up(self, profile, somebody, profile.scopes_after, now),
            Shape::Nested => nested::sign_up(self, profile, somebody, now),
            Shape::Hybrid => hybrid::sign_up(self, profile, somebody, now),
            Shape::OAuth | Shape::Described(_) | Shape::Enrolled(_) | Shape::Closed(_) => Err("not_implemented".into()),
        };
        Refused::from("interaction_required").with(asked.unwrap_or_default())
    }
}

fn not_found() -> Response {
    StatusCode::NOT_FOUND.into_response()
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

/// Eight consonants that make no word and are not mistaken for one another.
pub(super) fn letters() -> String {
    const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
    let mut code: String = random::<8>().iter().map(|byte| char::from(LETTERS[usize::from(*byte) % 20])).collect();
    code.insert(4, '-');
    code
}
