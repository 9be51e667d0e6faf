//! Identity assertions: what a program holds between a sign-up and its access tokens.
//!
//! An assertion is exchanged for access tokens as long as it lives (RFC 7523). Where the service renews it, that takes a
//! refresh token that works once; one that comes again ends the whole identity, for it may have been stolen.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::refusal::Answer;
use super::services::{Entry, Profile, Scopes, Shape};
use super::tokens::Credential;
use super::world::{Inner, World, after, text, token};
use crate::when;

pub const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

#[derive(Default)]
pub struct Identities {
    all: Vec<Identity>,
    /// The identity behind each assertion ever handed out, and the assertion's end.
    assertions: HashMap<String, (usize, Timestamp)>,
    /// The same for the refresh tokens.
    refreshes: HashMap<String, (usize, Timestamp)>,
}

struct Identity {
    profile: &'static Profile,
    email: Option<String>,
    scopes: Scopes,
    /// Nothing made of it lives longer: that of a registration that nobody claims ends with it.
    until: Timestamp,
    alive: bool,
    /// The refresh token that works now.
    refresh: Option<String>,
    access: Vec<String>,
}

/// An assertion as it is handed out.
pub struct Assertion {
    pub text: String,
    pub expires: Timestamp,
}

impl Identities {
    pub fn add(
        &mut self,
        profile: &'static Profile,
        email: Option<String>,
        scopes: Scopes,
        until: Option<Timestamp>,
    ) -> usize {
        let until = until.unwrap_or(Timestamp::MAX);
        self.all.push(Identity { profile, email, scopes, until, alive: true, refresh: None, access: Vec::new() });
        self.all.len() - 1
    }

    /// The identity that a living assertion of this service stands for.
    fn behind(&self, assertion: &str, profile: &Profile, now: Timestamp) -> Option<usize> {
        let (nth, expires) = *self.assertions.get(assertion)?;
        let identity = &self.all[nth];
        (identity.alive && expires > now && identity.profile.base == profile.base).then_some(nth)
    }
}

impl Inner {
    /// Ends an identity with all that was made of it.
    pub fn end_identity(&mut self, nth: usize) {
        let identity = &mut self.identities.all[nth];
        identity.alive = false;
        identity.refresh = None;
        for access in std::mem::take(&mut identity.access) {
            self.end_credential(&access);
        }
    }
}

impl World {
    pub(super) fn assertion(&self, inner: &mut Inner, nth: usize, now: Timestamp) -> Assertion {
        let expires = after(now, self.options.assertion_lifetime).min(inner.identities.all[nth].until);
        let text = token("ia");
        inner.identities.assertions.insert(text.clone(), (nth, expires));
        Assertion { text, expires }
    }

    /// An assertion with the refresh token that gets the next one, as auth.md v0.7 nests them.
    pub(super) fn identity(&self, inner: &mut Inner, nth: usize, now: Timestamp) -> Value {
        let assertion = self.assertion(inner, nth, now);
        let (refresh, expires) = (token("ir"), after(now, self.options.identity_refresh_lifetime));
        inner.identities.all[nth].refresh = Some(refresh.clone());
        inner.identities.refreshes.insert(refresh.clone(), (nth, expires));
        json!({
            "assertion": assertion.text,
            "expires_at": when::rfc3339(assertion.expires),
            "refresh_token": {"value": refresh, "expires_at": when::rfc3339(expires)},
        })
    }

    /// The next assertion by the refresh token; each refresh token works once.
    pub(super) fn refresh_identity(&self, profile: &Profile, body: &Value, now: Timestamp) -> Answer {
        let mut inner = self.inner();
        let sent = text(body, "refresh_token");
        let known = inner.identities.refreshes.get(sent).copied();
        let (nth, expires) = known
            .filter(|(nth, _)| inner.identities.all[*nth].profile.base == profile.base)
            .ok_or("invalid_refresh_token")?;
        if inner.identities.all[nth].refresh.as_deref() != Some(sent) {
            inner.end_identity(nth);
            return Err("invalid_refresh_token".into());
        }
        if expires <= now {
            return Err("invalid_refresh_token".into());
        }
        Ok(json!({"type": "refresh", "identity": self.identity(&mut inner, nth, now)}))
    }

    /// An assertion for an access token: the `jwt-bearer` grant.
    pub(super) fn exchange(&self, profile: &Profile, fields: &HashMap<String, String>, now: Timestamp) -> Answer {
        let mut inner = self.inner();
        let assertion = fields.get("assertion").ok_or("invalid_request")?;
        let nth = inner.identities.behind(assertion, profile, now).ok_or("invalid_grant")?;
        // Letter by letter what the resource metadata says (RFC 8707), where it is said at all.
        if fields.get("resource").is_some_and(|resource| *resource != self.at(profile.base)) {
            return Err("invalid_target".into());
        }
        Ok(self.access_token(&mut inner, nth, now))
    }

    pub(super) fn access_token(&self, inner: &mut Inner, nth: usize, now: Timestamp) -> Value {
        let identity = &mut inner.identities.all[nth];
        let (profile, email, scopes) = (identity.profile, identity.email.clone(), identity.scopes);
        // Beside the assertion; only a sign-up that a human has claimed lasts.
        if profile.shape == Shape::HandedOver(Entry::Toll) && email.is_some() {
            return self.grant(inner, profile, email, scopes, now);
        }
        let access = token("at");
        identity.access.push(access.clone());
        let expires = after(now, self.options.access_lifetime).min(identity.until);
        inner.credentials.insert(access.clone(), Credential::new(profile, email, scopes, expires));
        json!({
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": expires.duration_since(now).as_secs(),
            "scope": scopes.join(" "),
        })
    }
}
