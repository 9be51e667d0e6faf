//! Credentials: what the API takes, what revocation ends, and the refresh tokens that get new ones.
//!
//! Each refresh token works once; one that comes again ends the whole family, for it may have been stolen (RFC 9700,
//! section 4.14.2).

use std::collections::HashMap;
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::fault::Step;
use super::handed_over::{self, CLAIM_GRANT};
use super::hybrid;
use super::identities::JWT_BEARER;
use super::oauth;
use super::refusal::{Answer, Refused, Spelling};
use super::services::{Described, Entry, HandsOut, Profile, Scopes, Shape};
use super::world::{Inner, World, after, token};
use crate::shell::clock;

pub struct Credential {
    profile: &'static Profile,
    pub email: Option<String>,
    pub scopes: Scopes,
    pub expires: Timestamp,
    alive: bool,
}

/// The families of refresh tokens, one for each completed claim.
#[derive(Default)]
pub struct Grants {
    families: Vec<Family>,
    /// The family of each refresh token ever handed out.
    of: HashMap<String, usize>,
}

struct Family {
    profile: &'static Profile,
    email: Option<String>,
    scopes: Scopes,
    /// The refresh token that works now; none once the family has ended.
    current: Option<String>,
    access: Vec<String>,
}

impl Credential {
    pub fn new(profile: &'static Profile, email: Option<String>, scopes: Scopes, expires: Timestamp) -> Self {
        Self { profile, email, scopes, expires, alive: true }
    }
}

impl Grants {
    /// Ends the family of a refresh token, and returns its access tokens.
    fn end(&mut self, refresh: &str) -> Vec<String> {
        let Some(family) = self.of.get(refresh).and_then(|nth| self.families.get_mut(*nth)) else {
            return Vec::new();
        };
        family.current = None;
        std::mem::take(&mut family.access)
    }
}

impl Inner {
    /// Does it work there?
    pub fn is_alive(&self, profile: &Profile, credential: &str, now: Timestamp) -> bool {
        let held = self.credentials.get(credential);
        held.is_some_and(|held| held.alive && held.expires > now && held.profile.base == profile.base)
    }

    pub fn end_credential(&mut self, credential: &str) {
        if let Some(credential) = self.credentials.get_mut(credential) {
            credential.alive = false;
        }
    }
}

impl World {
    pub(super) fn api(&self, profile: &'static Profile, headers: &HeaderMap, now: Timestamp) -> Response {
        let inner = self.inner();
        let shown = match profile.shape {
            // It has a header of its own.
            Shape::Described(Described::Pairing) => headers.get("x-tandem-key").and_then(|key| key.to_str().ok()),
            _ => bearer(headers),
        };
        let held = shown.and_then(|token| inner.credentials.get(token));
        match held.filter(|held| held.alive && held.expires > now && held.profile.base == profile.base) {
            Some(held) => {
                axum::Json(json!({"service": profile.name, "you": held.email, "scopes": held.scopes})).into_response()
            }
            None => {
                let scope = match profile.shape {
                    Shape::OAuth => format!(", scope=\"{}\"", profile.scopes_after.join(" ")),
                    _ => String::new(),
                };
                let challenge = match profile.serves(Step::Resource) {
                    true => format!("Bearer resource_metadata=\"{}\"{scope}", self.at(&profile.path(Step::Resource))),
                    false => format!("Bearer realm=\"{}\"", profile.name),
                };
                let body = json!({"error": "unauthorized", "message": "A credential is needed. The header says where to get one."});
                (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)], axum::Json(body)).into_response()
            }
        }
    }

    pub(super) fn revoke(&self, profile: &Profile, headers: &HeaderMap, body: &[u8], ignored: bool) -> Response {
        let mut inner = self.inner();
        let named = match profile.shape {
            Shape::ReadBack(HandsOut::KeySinceRegister) => {
                let Some(held) =
                    bearer(headers).filter(|token| inner.credentials.get(*token).is_some_and(|held| held.alive))
                else {
                    return Refused::from("credential_expired").response(Spelling::Message);
                };
                let body: Value = serde_json::from_slice(body).unwrap_or_default();
                ["token", "credential"]
                    .iter()
                    .find_map(|name| body.get(name)?.as_str())
                    .map(str::to_owned)
                    .filter(|named| named == held)
            }
            // RFC 7009, section 2.2: 200 whether or not there was such a token.
            _ => form(body).remove("token"),
        };
        let named = named.filter(|_| !ignored).unwrap_or_default();
        for ended in inner.grants.end(&named).into_iter().chain([named]) {
            inner.end_credential(&ended);
        }
        match profile.shape {
            Shape::ReadBack(_) => axum::Json(json!({"ok": true})).into_response(),
            _ => StatusCode::OK.into_response(),
        }
    }

    /// A family of its own, with its first pair of tokens.
    pub(super) fn grant(
        &self,
        inner: &mut Inner,
        profile: &'static Profile,
        email: Option<String>,
        scopes: Scopes,
        now: Timestamp,
    ) -> Value {
        let family = Family { profile, email, scopes, current: None, access: Vec::new() };
        inner.grants.families.push(family);
        let nth = inner.grants.families.len() - 1;
        self.next_pair(inner, nth, now)
    }

    fn next_pair(&self, inner: &mut Inner, nth: usize, now: Timestamp) -> Value {
        let (access, refresh) = (token("at"), token("rt"));
        let family = &mut inner.grants.families[nth];
        family.current = Some(refresh.clone());
        family.access.push(access.clone());
        let (profile, email, scopes) = (family.profile, family.email.clone(), family.scopes);
        let expires = after(now, self.options.access_lifetime);
        inner.credentials.insert(access.clone(), Credential::new(profile, email, scopes, expires));
        inner.grants.of.insert(refresh.clone(), nth);
        json!({
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": self.options.access_lifetime.as_secs(),
            "refresh_token": refresh,
            "scope": scopes.join(" "),
        })
    }

    /// The token endpoint.
    pub(super) fn token(&self, profile: &'static Profile, body: &[u8], narrowed: bool, now: Timestamp) -> Answer {
        let fields = form(body);
        let grant = fields.get("grant_type").map(String::as_str).unwrap_or_default();
        if profile.client_id().is_some_and(|id| fields.get("client_id").is_none_or(|sent| sent != id)) {
            return Err("invalid_client".into());
        }
        match (profile.shape, grant) {
            (Shape::OAuth, "refresh_token") => {
                oauth::known(&self.inner(), &fields)?;
                self.refresh(profile, &fields, narrowed, now)
            }
            (Shape::OAuth, _) => self.oauth_token(profile, &fields, narrowed, now),
            (Shape::ReadBack(_) | Shape::HandedOver(Entry::Toll), "refresh_token") => {
                self.refresh(profile, &fields, narrowed, now)
            }
            (Shape::ReadBack(_), _) | (_, "") => Err("invalid_request".into()),
            (Shape::HandedOver(_), CLAIM_GRANT) => handed_over::poll(self, profile, &fields, now),
            (Shape::Hybrid, CLAIM_GRANT) => hybrid::redeem(self, profile, &fields, now),
            (Shape::HandedOver(_) | Shape::Nested, JWT_BEARER) => self.exchange(profile, &fields, now),
            _ => Err("unsupported_grant_type".into()),
        }
    }

    /// The next pair for a refresh token (RFC 6749, section 6).
    fn refresh(&self, profile: &Profile, fields: &HashMap<String, String>, narrowed: bool, now: Timestamp) -> Answer {
        let sent = fields.get("refresh_token").map(String::as_str).unwrap_or_default();
        let mut inner = self.inner();
        let known = inner.grants.of.get(sent).copied();
        let nth =
            known.filter(|nth| inner.grants.families[*nth].profile.base == profile.base).ok_or("invalid_grant")?;
        if inner.grants.families[nth].current.as_deref() != Some(sent) {
            for access in inner.grants.end(sent) {
                inner.end_credential(&access);
            }
            return Err("invalid_grant".into());
        }
        if narrowed {
            let family = &mut inner.grants.families[nth];
            family.scopes = &family.scopes[..1];
        }
        Ok(self.next_pair(&mut inner, nth, now))
    }

    pub fn issue(&self, profile: &'static Profile, email: &str, lifetime: Duration) -> String {
        let expires = after(clock::now(), lifetime);
        let credential = Credential::new(profile, Some(email.to_owned()), profile.scopes_after, expires);
        let key = token("sk");
        self.inner().credentials.insert(key.clone(), credential);
        key
    }

    /// A key that a person makes on a page.
    pub fn make_key(&self, profile: &'static Profile) -> String {
        self.issue(profile, "somebody@example.com", self.options.credential_lifetime)
    }

    pub fn issue_tokens(&self, profile: &'static Profile, email: &str, now: Timestamp) -> (String, String) {
        let answer = self.grant(&mut self.inner(), profile, Some(email.to_owned()), profile.scopes_after, now);
        let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        (text("access_token"), text("refresh_token"))
    }
}

/// The fields of a form, whatever its content type says.
pub fn form(body: &[u8]) -> HashMap<String, String> {
    url::form_urlencoded::parse(body).into_owned().collect()
}

pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}
