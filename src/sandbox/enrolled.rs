//! Services that publish nothing and have calls of their own: a link by mail, a code by mail, a key at once that is claimed
//! later, and keys that are made with another key. A skill says how; the sandbox has it ready for whoever asks.

use std::collections::HashMap;

use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::fault::Step;
use super::refusal::{Answer, Refused, Spelling, answered};
use super::services::{Calls, Profile};
use super::tokens::bearer;
use super::world::{Mail, World, after, letters, text, token};
use crate::when;

/// Wrong codes until a new one is needed.
const TRIES: u8 = 5;

#[derive(Default)]
pub struct Enrolled {
    /// What was mailed, by the secret in the link, and until when it is good.
    links: HashMap<String, Timestamp>,
    codes: HashMap<(&'static str, String), Code>,
    /// Agents that nobody has claimed yet, by the secret in their page's address.
    unclaimed: HashMap<String, Timestamp>,
    /// Keys by the name that the service knows them by.
    keys: HashMap<String, String>,
}

struct Code {
    code: String,
    expires: Timestamp,
    wrong: u8,
}

/// The skill that teaches a program the service.
pub fn skill(world: &World, profile: &Profile, calls: Calls) -> String {
    let text = match calls {
        Calls::Link => include_str!("../../assets/sandbox/herald.yaml"),
        Calls::Code => include_str!("../../assets/sandbox/nightjar.yaml"),
        Calls::AtOnce => include_str!("../../assets/sandbox/hatchling.yaml"),
        Calls::ByKey => include_str!("../../assets/sandbox/foundry.yaml"),
    };
    text.replace("{base}", &world.at(profile.base))
}

impl World {
    pub(super) fn enrol(
        &self,
        profile: &'static Profile,
        calls: Calls,
        step: Step,
        headers: &HeaderMap,
        body: &Value,
        now: Timestamp,
    ) -> Response {
        let answer = match (calls, step) {
            (Calls::Link, Step::Register) => self.mail_link(profile, body, now),
            (Calls::Code, Step::Register) => self.mail_code(profile, body, now),
            (Calls::Code, Step::Complete) => self.take_code(profile, body, now),
            (Calls::AtOnce, Step::Register) => self.make_agent(profile, body, now),
            (Calls::ByKey, Step::Register) => self.make_with_key(profile, headers, body, now),
            _ => return StatusCode::NOT_FOUND.into_response(),
        };
        answered(answer, Spelling::Message)
    }

    fn mail_link(&self, profile: &Profile, body: &Value, now: Timestamp) -> Answer {
        let email = address(body)?;
        let secret = token("in");
        let link = format!("{}?token={secret}", self.at(&format!("{}/in", profile.base)));
        let mut inner = self.inner();
        inner.enrolled.links.insert(secret, after(now, self.options.code_lifetime));
        inner.mails.push(Mail {
            to: email,
            from: profile.name.to_owned(),
            subject: "Your link".to_owned(),
            code: String::new(),
            link: Some(link),
            at: when::rfc3339(now),
        });
        Ok(json!({"success": true, "message": "If that address is one, a link is on its way to it."}))
    }

    /// A key for whoever has opened the link; it works once.
    pub fn key_behind_link(&self, profile: &'static Profile, secret: &str, now: Timestamp) -> Option<String> {
        self.inner().enrolled.links.remove(secret).filter(|end| *end > now)?;
        Some(self.make_key(profile))
    }

    pub fn is_open_link(&self, secret: &str, now: Timestamp) -> bool {
        self.inner().enrolled.links.get(secret).is_some_and(|end| *end > now)
    }

    fn mail_code(&self, profile: &'static Profile, body: &Value, now: Timestamp) -> Answer {
        let email = address(body)?;
        let (code, expires) = (letters(), after(now, self.options.code_lifetime));
        let mut inner = self.inner();
        inner.enrolled.codes.insert((profile.base, email.clone()), Code { code: code.clone(), expires, wrong: 0 });
        inner.mails.push(Mail {
            to: email,
            from: profile.name.to_owned(),
            subject: format!("{} code: {code}", profile.name),
            code,
            link: None,
            at: when::rfc3339(now),
        });
        Ok(json!({"success": true, "requiresCodeEntry": true, "expiresAt": when::rfc3339(expires)}))
    }

    fn take_code(&self, profile: &'static Profile, body: &Value, now: Timestamp) -> Answer {
        let email = address(body)?;
        let key = (profile.base, email.clone());
        let mut inner = self.inner();
        let held = inner.enrolled.codes.get_mut(&key).ok_or("otp_not_generated")?;
        if held.expires <= now {
            return Err("otp_expired".into());
        }
        if held.code != text(body, "code") {
            held.wrong += 1;
            if held.wrong >= TRIES {
                inner.enrolled.codes.remove(&key);
            }
            return Err("otp_invalid".into());
        }
        inner.enrolled.codes.remove(&key);
        drop(inner);
        let key = self.issue(profile, &email, self.options.credential_lifetime);
        Ok(json!({"success": true, "email": email, "apiKey": key, "isNewUser": true}))
    }

    fn make_agent(&self, profile: &'static Profile, body: &Value, now: Timestamp) -> Answer {
        let name = text(body, "name");
        if name.is_empty() {
            return Err(Refused::from("invalid_request").because("An agent has a name."));
        }
        let (secret, expires) = (token("claim"), after(now, self.options.claim_lifetime));
        let page = format!("{}?agent={secret}", self.at(&format!("{}/claim", profile.base)));
        self.inner().enrolled.unclaimed.insert(secret, expires);
        Ok(json!({
            "agent": {
                "name": name,
                "api_key": self.make_key(profile),
                "claim_url": page,
                "claim_expires_at": when::rfc3339(expires),
                "verification_code": letters(),
            },
            "message": format!("Welcome, {name}. Save your key: it is shown once."),
        }))
    }

    pub fn is_claimable(&self, secret: &str, now: Timestamp) -> bool {
        self.inner().enrolled.unclaimed.get(secret).is_some_and(|end| *end > now)
    }

    /// The agent belongs to somebody from now on.
    pub fn claim_agent(&self, secret: &str, now: Timestamp) -> bool {
        self.inner().enrolled.unclaimed.remove(secret).is_some_and(|end| end > now)
    }

    fn make_with_key(&self, profile: &'static Profile, headers: &HeaderMap, body: &Value, now: Timestamp) -> Answer {
        if !self.lets_in(profile, headers, now) {
            return Err(Refused::from("invalid_token"));
        }
        let (id, key) = (token("key"), self.make_key(profile));
        self.inner().enrolled.keys.insert(id.clone(), key.clone());
        Ok(json!({"id": id, "secret": key, "name": text(body, "name")}))
    }

    /// Ends a key that was made with another one.
    pub fn end_key(&self, profile: &'static Profile, headers: &HeaderMap, id: &str, now: Timestamp) -> StatusCode {
        if !self.lets_in(profile, headers, now) {
            return StatusCode::UNAUTHORIZED;
        }
        let mut inner = self.inner();
        match inner.enrolled.keys.remove(id) {
            Some(key) => {
                inner.end_credential(&key);
                StatusCode::NO_CONTENT
            }
            None => StatusCode::NOT_FOUND,
        }
    }

    fn lets_in(&self, profile: &'static Profile, headers: &HeaderMap, now: Timestamp) -> bool {
        bearer(headers).is_some_and(|key| self.inner().is_alive(profile, key, now))
    }
}

fn address(body: &Value) -> Result<String, Refused> {
    let email = text(body, "email");
    if email.contains('@') { Ok(email.to_owned()) } else { Err("invalid_request".into()) }
}
