//! Sign-ups that the human decides on a page of the service: what was registered, what was asked, what was answered.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;

use super::refusal::Refused;
use super::services::{Profile, Scopes, Shape};
use super::world::{Inner, World, after, digits, letters, text, token};

/// Wrong codes until an attempt takes no more.
const ATTEMPTS: u8 = 5;

/// A sign-up, known by its claim token.
pub struct Registration {
    pub id: String,
    pub profile: &'static Profile,
    pub start: Start,
    pub claimable_until: Timestamp,
    /// What the claim allows.
    pub scopes: Scopes,
    /// The identity that was handed out before the claim.
    pub before: Option<usize>,
    /// The attempt that counts; a newer one replaces it.
    pub attempt: Option<usize>,
    /// The identity that the claim brought.
    pub claimed: Option<usize>,
    pub pace: Pace,
}

/// How a program registers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    Anonymous,
    /// With the human's e-mail address.
    ServiceAuth(String),
}

impl Start {
    pub fn read(body: &Value) -> Result<Self, Refused> {
        match text(body, "type") {
            "anonymous" => Ok(Start::Anonymous),
            "service_auth" if text(body, "login_hint").contains('@') => {
                Ok(Start::ServiceAuth(text(body, "login_hint").to_owned()))
            }
            "service_auth" => Err("invalid_login_hint".into()),
            "identity_assertion" => Err("issuer_not_enabled".into()),
            _ => Err("invalid_request".into()),
        }
    }

    pub fn name(&self) -> &'static str {
        match self {
            Start::Anonymous => "anonymous",
            Start::ServiceAuth(_) => "service_auth",
        }
    }
}

/// How often a program may ask (RFC 8628, section 3.5).
pub struct Pace {
    interval: SignedDuration,
    asked: Option<Timestamp>,
}

impl Pace {
    pub fn new(interval: Duration) -> Self {
        Self { interval: SignedDuration::try_from(interval).unwrap_or(SignedDuration::MAX), asked: None }
    }

    /// Notes a poll. One that comes too early makes the interval five seconds longer for good.
    pub fn poll(&mut self, now: Timestamp) -> Result<(), Refused> {
        let early = self.asked.is_some_and(|asked| now.duration_since(asked) < self.interval);
        self.asked = Some(now);
        if early {
            self.interval = self.interval.saturating_add(SignedDuration::from_secs(5));
            return Err("slow_down".into());
        }
        Ok(())
    }
}

/// One question to the human, with a page of its own.
pub struct Attempt {
    pub token: String,
    pub profile: &'static Profile,
    pub claim_token: String,
    pub email: String,
    pub code: String,
    pub expires: Timestamp,
    pub wrong: u8,
    said: Option<Decision>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Allow,
    Deny,
}

/// Where an attempt stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Waiting,
    /// Confirmed; its code is still to be read back.
    Allowed,
    Claimed,
    Denied,
    /// Too many wrong codes.
    Blocked,
    Expired,
    /// By a newer one.
    Replaced,
}

/// What the human did not get right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mistake {
    WrongCode,
    /// There is nothing to decide.
    NotOpen,
}

impl Attempt {
    pub fn blocked(&self) -> bool {
        self.wrong >= ATTEMPTS
    }
}

impl Inner {
    /// The sign-up of a claim token, where it is one of this service.
    pub fn registration(&mut self, profile: &Profile, claim_token: &str) -> Option<&mut Registration> {
        self.registrations.get_mut(claim_token).filter(|it| it.profile.base == profile.base)
    }

    pub fn attempt_state(&self, nth: usize, now: Timestamp) -> State {
        let attempt = &self.attempts[nth];
        let registration = self.registrations.get(&attempt.claim_token);
        let current = registration.is_some_and(|it| it.attempt == Some(nth));
        let claimed = registration.is_some_and(|it| it.claimed.is_some());
        match attempt.said {
            Some(Decision::Deny) => State::Denied,
            _ if !current => State::Replaced,
            _ if claimed => State::Claimed,
            _ if attempt.blocked() => State::Blocked,
            _ if attempt.expires <= now => State::Expired,
            Some(Decision::Allow) => State::Allowed,
            None => State::Waiting,
        }
    }

    /// What an attempt asks for.
    pub fn scopes_of(&self, nth: usize) -> Scopes {
        self.registrations.get(&self.attempts[nth].claim_token).map_or(&[], |it| it.scopes)
    }

    /// The claim: what was handed out before it dies, and an identity of its own begins.
    pub fn claim(&mut self, claim_token: &str, email: String) -> Option<usize> {
        let registration = self.registrations.get_mut(claim_token)?;
        let nth = self.identities.add(registration.profile, Some(email), registration.scopes, None);
        registration.claimed = Some(nth);
        if let Some(before) = registration.before {
            self.end_identity(before);
        }
        Some(nth)
    }
}

impl World {
    /// A sign-up with its claim token. Nothing has been asked yet.
    pub(super) fn registration(
        &self,
        profile: &'static Profile,
        start: Start,
        scopes: Scopes,
        now: Timestamp,
    ) -> (String, Registration) {
        let registration = Registration {
            id: token("reg"),
            profile,
            start,
            claimable_until: after(now, self.options.claim_lifetime),
            scopes,
            before: None,
            attempt: None,
            claimed: None,
            pace: Pace::new(self.options.poll_interval),
        };
        (token("clm"), registration)
    }

    /// Asks the human, on a page of its own; an earlier question of the same sign-up is over.
    pub(super) fn attempt<'a>(
        &self,
        inner: &'a mut Inner,
        claim_token: &str,
        email: String,
        now: Timestamp,
    ) -> Option<&'a Attempt> {
        let nth = inner.attempts.len();
        let registration = inner.registrations.get_mut(claim_token)?;
        registration.attempt = Some(nth);
        registration.pace = Pace::new(self.options.poll_interval);
        inner.attempts.push(Attempt {
            token: token("cat"),
            profile: registration.profile,
            claim_token: claim_token.to_owned(),
            email,
            code: if registration.profile.shape == Shape::Nested { letters() } else { digits() },
            expires: after(now, self.options.code_lifetime).min(registration.claimable_until),
            wrong: 0,
            said: None,
        });
        inner.attempts.last()
    }

    pub fn page_of(&self, attempt: &Attempt) -> String {
        self.at(&format!("{}?attempt={}", attempt.profile.page(), attempt.token))
    }

    /// What the human says on the page.
    pub fn decide(&self, nth: usize, decision: Decision, code: &str, now: Timestamp) -> Result<(), Mistake> {
        let mut inner = self.inner();
        if inner.attempt_state(nth, now) != State::Waiting {
            return Err(Mistake::NotOpen);
        }
        let attempt = &mut inner.attempts[nth];
        let handed_over = matches!(attempt.profile.shape, Shape::HandedOver(_));
        if decision == Decision::Allow && handed_over && !same_code(code, &attempt.code) {
            attempt.wrong += 1;
            return Err(Mistake::WrongCode);
        }
        attempt.said = Some(decision);
        if decision == Decision::Allow && handed_over {
            let (claim_token, email) = (attempt.claim_token.clone(), attempt.email.clone());
            inner.claim(&claim_token, email);
        }
        Ok(())
    }
}

/// People write codes with blanks and dashes as they please.
fn same_code(typed: &str, code: &str) -> bool {
    let bare = |text: &str| text.chars().filter(|c| c.is_ascii_alphanumeric()).collect::<String>().to_ascii_uppercase();
    bare(typed) == bare(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_asks_too_often_has_to_wait_longer() {
        let at = |seconds: i64| Timestamp::from_second(1_800_000_000 + seconds).expect("in range");
        let mut pace = Pace::new(Duration::from_secs(5));
        let said: Vec<bool> = [0, 5, 9, 14, 24].into_iter().map(|second| pace.poll(at(second)).is_ok()).collect();
        // Each early one makes it five seconds more: 10 s at 9, 15 s at 14, 20 s at 24.
        assert_eq!(said, [true, true, false, false, false]);
        assert!(pace.poll(at(44)).is_ok());
    }
}
