//! Access tokens and the refresh tokens that get new ones. Each refresh token works once; one that comes again ends the
//! whole family, for it may have been stolen (RFC 9700, section 4.14.2).

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Profile;
use super::world::{Inner, Refused, World, token};

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
    /// The refresh token that works now; none once the family has ended.
    current: Option<String>,
    access: Vec<String>,
}

impl Grants {
    /// Ends the family of a refresh token, and returns its access tokens.
    pub fn end(&mut self, refresh: &str) -> Vec<String> {
        let Some(family) = self.of.get(refresh).and_then(|nth| self.families.get_mut(*nth)) else {
            return Vec::new();
        };
        family.current = None;
        std::mem::take(&mut family.access)
    }
}

impl World {
    /// A family of its own, with its first pair of tokens.
    pub(super) fn grant(
        &self,
        inner: &mut Inner,
        profile: &'static Profile,
        email: Option<String>,
        now: Timestamp,
    ) -> Value {
        let family = Family { profile, email, current: None, access: Vec::new() };
        inner.grants.families.push(family);
        let nth = inner.grants.families.len() - 1;
        self.next_pair(inner, nth, now)
    }

    fn next_pair(&self, inner: &mut Inner, nth: usize, now: Timestamp) -> Value {
        let (access, refresh) = (token("at"), token("rt"));
        let family = &mut inner.grants.families[nth];
        family.current = Some(refresh.clone());
        family.access.push(access.clone());
        let (profile, email) = (family.profile, family.email.clone());
        let credential = self.credential(profile, email, profile.scopes_after, now, self.access_lifetime);
        inner.credentials.insert(access.clone(), credential);
        inner.grants.of.insert(refresh.clone(), nth);
        json!({
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": self.access_lifetime.as_secs(),
            "refresh_token": refresh,
            "scope": profile.scopes_after.join(" "),
        })
    }

    /// The token endpoint: `grant_type=refresh_token` (RFC 6749, section 6).
    pub(super) fn token(&self, profile: &Profile, body: &[u8], now: Timestamp) -> Result<Value, Refused> {
        let fields: HashMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
        let sent = fields.get("refresh_token").map(String::as_str).unwrap_or_default();
        if fields.get("grant_type").map(String::as_str) != Some("refresh_token") {
            return Err("invalid_request");
        }
        let mut inner = self.inner();
        let known = inner.grants.of.get(sent).copied();
        let nth =
            known.filter(|nth| inner.grants.families[*nth].profile.base == profile.base).ok_or("invalid_grant")?;
        if inner.grants.families[nth].current.as_deref() != Some(sent) {
            for access in inner.grants.end(sent) {
                inner.end_credential(&access);
            }
            return Err("invalid_grant");
        }
        Ok(self.next_pair(&mut inner, nth, now))
    }

    pub fn issue_tokens(&self, profile: &'static Profile, email: &str, now: Timestamp) -> (String, String) {
        let answer = self.grant(&mut self.inner(), profile, Some(email.to_owned()), now);
        let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        (text("access_token"), text("refresh_token"))
    }
}
