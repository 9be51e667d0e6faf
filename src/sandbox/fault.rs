//! Ways to make the sandbox fail, one a step: any error code of the protocol, and answers that no client expects.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::refusal::{CODES, Refused, Spelling};

/// The calls that can be made to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Api,
    Resource,
    Server,
    AuthMd,
    Register,
    Claim,
    Complete,
    Token,
    Revoke,
    Challenge,
    Authorize,
    Device,
}

impl Step {
    pub const ALL: [Step; 12] = [
        Step::Api,
        Step::Resource,
        Step::Server,
        Step::AuthMd,
        Step::Register,
        Step::Claim,
        Step::Complete,
        Step::Token,
        Step::Revoke,
        Step::Challenge,
        Step::Authorize,
        Step::Device,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Step::Api => "api",
            Step::Resource => "resource",
            Step::Server => "server",
            Step::AuthMd => "auth_md",
            Step::Register => "register",
            Step::Claim => "claim",
            Step::Complete => "complete",
            Step::Token => "token",
            Step::Revoke => "revoke",
            Step::Challenge => "challenge",
            Step::Authorize => "authorize",
            Step::Device => "device",
        }
    }
}

/// Answers beside the protocol, and what each is.
const ODD: &[(&str, &str)] = &[
    ("html", "a web page in place of JSON"),
    ("empty", "200 with nothing in it"),
    ("huge", "10 MiB of JSON"),
    ("wrong_types", "every member of another type than expected"),
    ("not_found", "404, as if nothing were there"),
    ("redirect", "a redirect to another host"),
    ("pending_428", "authorization_pending with 428"),
    ("pending_200", "200 with the status pending"),
    ("pending_status", "400 with authorization_pending as the status, and no error"),
    ("slow", "an answer after a minute"),
    ("late", "does it, and answers after a minute"),
    ("ignored", "says yes and does nothing (revoke)"),
    ("wrong_state", "sends the browser back with another state (authorize)"),
    ("wrong_issuer", "says that somebody else answers (authorize)"),
    ("no_code", "sends the browser back without a code (authorize)"),
    ("narrowed", "grants the first scope only (token)"),
    ("no_token_type", "a token without its type (token)"),
    ("bare_401", "401 without a header (api)"),
];

/// A fault switched on for a step: for so many calls, or until it is switched off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub step: Step,
    /// `None` switches the step's fault off.
    pub name: Option<&'static str>,
    pub times: Option<u32>,
}

/// `STEP=FAULT`, `STEP=FAULT:TIMES` or `STEP=none`.
impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (step, fault) =
            text.split_once('=').ok_or_else(|| format!("'{text}' is not STEP=FAULT, as in complete=otp_expired:1"))?;
        let (name, times) = match fault.split_once(':') {
            Some((name, times)) => {
                (name, Some(times.parse().map_err(|_| format!("'{times}' is not a number of calls"))?))
            }
            None => (fault, None),
        };
        let step = Step::ALL.into_iter().find(|known| known.name() == step).ok_or_else(|| {
            let steps: Vec<_> = Step::ALL.iter().map(|step| step.name()).collect();
            format!("'{step}' is not a step; there are {}", steps.join(", "))
        })?;
        if name == "none" {
            return Ok(Fault { step, name: None, times: None });
        }
        match names().find(|known| *known == name) {
            Some(name) => Ok(Fault { step, name: Some(name), times }),
            None => Err(format!("'{name}' is not a fault; there are {}", names().collect::<Vec<_>>().join(", "))),
        }
    }
}

/// Every fault there is.
pub fn names() -> impl Iterator<Item = &'static str> {
    CODES.iter().map(|(name, _)| *name).chain(ODD.iter().map(|(name, _)| *name))
}

/// The faults that are on.
#[derive(Debug, Default)]
pub struct Faults(BTreeMap<Step, (&'static str, Option<u32>)>);

impl Faults {
    pub fn set(&mut self, fault: Fault) {
        match fault.name {
            Some(name) => drop(self.0.insert(fault.step, (name, fault.times))),
            None => drop(self.0.remove(&fault.step)),
        }
    }

    pub fn on(&self, step: Step) -> Option<&'static str> {
        self.0.get(&step).map(|(name, _)| *name)
    }

    /// The fault for this call, which uses up one of its times.
    pub fn take(&mut self, step: Step) -> Option<&'static str> {
        let (name, times) = self.0.get_mut(&step)?;
        let name = *name;
        if let Some(left) = times {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.0.remove(&step);
            }
        }
        Some(name)
    }
}

/// The answer that a fault gives, and how long to hold it back. `None` where the fault changes what is done instead.
pub fn answer(name: &'static str, spelling: Spelling) -> Option<(Option<Duration>, Response)> {
    let json_text = |text: String| ([(header::CONTENT_TYPE, "application/json")], text).into_response();
    let response = match name {
        "html" => ([(header::CONTENT_TYPE, "text/html")], "<!doctype html><title>Oops</title><p>Something went wrong.").into_response(),
        "empty" => StatusCode::OK.into_response(),
        "huge" => json_text(format!("{{\"padding\":\"{}\"}}", "x".repeat(10 * 1024 * 1024))),
        "wrong_types" => json_text(
            json!({"credential": 42, "claim_token": ["a"], "scopes": 7, "credential_expires": {}, "status": true, "resource": [],
                "authorization_servers": "x", "agent_auth": "none", "error": null})
            .to_string(),
        ),
        "pending_428" => {
            (StatusCode::PRECONDITION_REQUIRED, axum::Json(json!({"error": "authorization_pending"}))).into_response()
        }
        "pending_200" => axum::Json(json!({"status": "pending"})).into_response(),
        "pending_status" => {
            (StatusCode::BAD_REQUEST, axum::Json(json!({"status": "authorization_pending"}))).into_response()
        }
        "not_found" => StatusCode::NOT_FOUND.into_response(),
        "redirect" => (StatusCode::FOUND, [(header::LOCATION, "https://elsewhere.example/")]).into_response(),
        "slow" => return Some((Some(Duration::from_secs(60)), StatusCode::OK.into_response())),
        "no_token_type" => axum::Json(json!({"access_token": "at_untyped"})).into_response(),
        "bare_401" => StatusCode::UNAUTHORIZED.into_response(),
        "ignored" | "late" | "wrong_state" | "wrong_issuer" | "no_code" | "narrowed" => return None,
        code => Refused::from(code).response(spelling),
    };
    Some((None, response))
}

impl From<Vec<Fault>> for Faults {
    fn from(faults: Vec<Fault>) -> Self {
        let mut all = Faults::default();
        faults.into_iter().for_each(|fault| all.set(fault));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_spelled_step_fault_times() {
        assert_eq!(
            "complete=otp_expired:1".parse(),
            Ok(Fault { step: Step::Complete, name: Some("otp_expired"), times: Some(1) })
        );
        assert_eq!("api=none".parse(), Ok(Fault { step: Step::Api, name: None, times: None }));
        for bad in ["complete", "x=html", "api=nothing", "api=html:often"] {
            assert!(bad.parse::<Fault>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_fault_with_a_number_uses_itself_up() {
        let mut faults =
            Faults::from(vec!["claim=html:2".parse().expect("a fault"), "api=empty".parse().expect("a fault")]);
        let taken: Vec<_> = (0..3).map(|_| faults.take(Step::Claim)).collect();
        assert_eq!(taken, [Some("html"), Some("html"), None]);
        assert_eq!(faults.take(Step::Api).and(faults.take(Step::Api)), Some("empty"));
    }
}
