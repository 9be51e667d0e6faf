//! A small OAuth server: programs register themselves (RFC 7591), people let them in through a browser here (RFC 6749 with
//! RFC 7636, RFC 8707 and RFC 9207) or with a code in a browser anywhere (RFC 8628). Redirects are matched by the letter, the
//! port included, as many real servers do.

use std::collections::HashMap;

use jiff::Timestamp;
use oauth2::{PkceCodeChallenge, PkceCodeVerifier};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::fault::Step;
use super::refusal::{Answer, Refused};
use super::services::Profile;
use super::world::{Inner, World, after, letters, token};

const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Programs, and what they have been let in to.
#[derive(Default)]
pub struct OAuth {
    clients: HashMap<String, Vec<String>>,
    /// By the code that came back of the browser.
    pub(super) authorizations: HashMap<String, Authorization>,
    /// By the code that only the program knows.
    devices: HashMap<String, Device>,
}

/// What was asked for, and by whom.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    pub client_id: String,
    #[serde(default)]
    pub redirect_uri: String,
    #[serde(default)]
    pub state: String,
    #[serde(default)]
    pub scope: String,
    #[serde(default)]
    code_challenge: String,
    #[serde(default)]
    code_challenge_method: String,
    #[serde(default)]
    response_type: String,
    #[serde(default)]
    resource: Option<String>,
}

pub struct Authorization {
    pub profile: &'static Profile,
    pub asked: Asked,
    pub expires: Timestamp,
}

impl Asked {
    /// With nothing but a proof announced.
    pub fn by_proof(challenge: &str) -> Self {
        Self { code_challenge: challenge.to_owned(), ..Self::default() }
    }

    pub fn proof(&self) -> &str {
        &self.code_challenge
    }
}

struct Device {
    profile: &'static Profile,
    client: String,
    user_code: String,
    state: Decided,
    expires: Timestamp,
    next_look: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decided {
    NotYet,
    Allowed,
    Denied,
}

/// Why the page cannot even send the browser back.
#[derive(Debug)]
pub struct Unknown(pub &'static str);

impl World {
    /// RFC 7591, section 3.
    pub(super) fn register_client(&self, body: &Value) -> Answer {
        let listed = body.get("redirect_uris").and_then(Value::as_array).ok_or("invalid_redirect_uri")?;
        let redirects: Vec<String> = listed.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        let of_this_machine = |uri: &String| {
            let url = Url::parse(uri).ok();
            url.is_some_and(|url| url.scheme() == "http" && crate::trust::is_loopback(&url))
        };
        if !redirects.iter().all(of_this_machine) {
            return Err("invalid_redirect_uri".into());
        }
        let id = token("client");
        self.inner().oauth.clients.insert(id.clone(), redirects.clone());
        Ok(json!({
            "client_id": id,
            "redirect_uris": redirects,
            "token_endpoint_auth_method": "none",
            "grant_types": body.get("grant_types"),
        }))
    }

    /// Forgets every program, as servers do that clean up now and then.
    pub fn prune_clients(&self) {
        self.inner().oauth.clients.clear();
    }

    /// Is this somebody who may ask, and may the browser be sent back to where they say?
    pub fn asker(&self, asked: &Asked) -> Result<(), Unknown> {
        let inner = self.inner();
        let redirects =
            inner.oauth.clients.get(&asked.client_id).ok_or(Unknown("No such program is registered here."))?;
        match redirects.contains(&asked.redirect_uri) {
            true => Ok(()),
            false => Err(Unknown("The program has not registered the address that it wants the answer at.")),
        }
    }

    /// Where the browser is sent back to (RFC 6749, section 4.1.2).
    pub fn authorize(&self, profile: &'static Profile, asked: &Asked, allowed: bool, now: Timestamp) -> Option<Url> {
        let fault = self.inner().faults.take(Step::Authorize);
        let mut back = Url::parse(&asked.redirect_uri).ok()?;
        let wrong = match fault {
            Some("wrong_state" | "wrong_issuer" | "no_code") | None => None,
            Some(code) => Some(code),
        };
        let answer = match (wrong, self.proper(profile, asked)) {
            (Some(code), _) | (None, Err(code)) => Err(code),
            (None, Ok(())) if !allowed => Err("access_denied"),
            (None, Ok(())) => {
                let code = token("code");
                let expires = after(now, self.options.code_lifetime);
                let authorization = Authorization { profile, asked: asked.clone(), expires };
                self.inner().oauth.authorizations.insert(code.clone(), authorization);
                Ok(code)
            }
        };
        let state = if fault == Some("wrong_state") { "another" } else { asked.state.as_str() };
        let issuer =
            if fault == Some("wrong_issuer") { "https://elsewhere.example".to_owned() } else { self.at(profile.base) };
        let answer = match &answer {
            Ok(_) if fault == Some("no_code") => vec![],
            Ok(code) => vec![("code", code.as_str())],
            Err(code) => vec![("error", *code), ("error_description", "The sandbox says no.")],
        };
        back.query_pairs_mut().extend_pairs(answer).append_pair("state", state).append_pair("iss", &issuer);
        Some(back)
    }

    fn proper(&self, profile: &Profile, asked: &Asked) -> Result<(), &'static str> {
        match asked {
            asked if asked.response_type != "code" => Err("unsupported_response_type"),
            asked if asked.code_challenge_method != "S256" || asked.code_challenge.is_empty() => Err("invalid_request"),
            asked => self.resource_named(profile, asked.resource.as_deref()),
        }
    }

    fn resource_named(&self, profile: &Profile, resource: Option<&str>) -> Result<(), &'static str> {
        match resource {
            Some(named) if named != self.at(profile.base) => Err("invalid_target"),
            _ => Ok(()),
        }
    }

    /// RFC 8628, section 3.2.
    pub(super) fn device(&self, profile: &'static Profile, fields: &HashMap<String, String>, now: Timestamp) -> Answer {
        let client = known(&self.inner(), fields)?;
        self.resource_named(profile, fields.get("resource").map(String::as_str))?;
        let (code, user_code) = self.open_device(profile, client, now);
        let page = self.at(&profile.page());
        Ok(json!({
            "device_code": code,
            "user_code": user_code,
            "verification_uri": page,
            "verification_uri_complete": format!("{page}?user_code={user_code}"),
            "expires_in": self.options.code_lifetime.as_secs(),
            "interval": self.options.poll_interval.as_secs(),
        }))
    }

    /// A code that only the program knows, and one that the human types.
    pub(super) fn open_device(&self, profile: &'static Profile, client: String, now: Timestamp) -> (String, String) {
        let (code, user_code) = (token("device"), letters());
        let device = Device {
            profile,
            client,
            user_code: user_code.clone(),
            state: Decided::NotYet,
            expires: after(now, self.options.code_lifetime),
            next_look: after(now, self.options.poll_interval),
        };
        self.inner().oauth.devices.insert(code.clone(), device);
        (code, user_code)
    }

    /// What the human has decided about a code; false where there is no such code any more.
    pub fn decide_device(&self, profile: &Profile, user_code: &str, allowed: bool, now: Timestamp) -> bool {
        let bare =
            |code: &str| code.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase();
        let mut inner = self.inner();
        let open = |device: &&mut Device| {
            device.profile.base == profile.base
                && bare(&device.user_code) == bare(user_code)
                && device.expires > now
                && device.state == Decided::NotYet
        };
        match inner.oauth.devices.values_mut().find(open) {
            Some(device) => {
                device.state = if allowed { Decided::Allowed } else { Decided::Denied };
                true
            }
            None => false,
        }
    }

    /// The grants of the token endpoint that are OAuth's own.
    pub(super) fn oauth_token(
        &self,
        profile: &'static Profile,
        fields: &HashMap<String, String>,
        narrowed: bool,
        now: Timestamp,
    ) -> Answer {
        let mut inner = self.inner();
        let client = known(&inner, fields)?;
        let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
        match field("grant_type") {
            "authorization_code" => {
                // It works once.
                let held = inner.oauth.authorizations.remove(field("code")).filter(|held| held.expires > now);
                let held = held.filter(|held| held.profile.base == profile.base && held.asked.client_id == client);
                let asked =
                    held.filter(|held| held.asked.redirect_uri == field("redirect_uri")).ok_or("invalid_grant")?.asked;
                if !proves(field("code_verifier"), &asked.code_challenge) {
                    return Err("invalid_grant".into());
                }
                self.resource_named(profile, fields.get("resource").map(String::as_str))?;
            }
            DEVICE_GRANT => self.look(profile, &mut inner, field("device_code"), &client, now)?,
            _ => return Err("unsupported_grant_type".into()),
        }
        let scopes = if narrowed { &profile.scopes_after[..1] } else { profile.scopes_after };
        Ok(self.grant(&mut inner, profile, Some("ada@example.com".to_owned()), scopes, now))
    }

    pub(super) fn look(
        &self,
        profile: &Profile,
        inner: &mut Inner,
        code: &str,
        client: &str,
        now: Timestamp,
    ) -> Result<(), Refused> {
        let device = inner.oauth.devices.get_mut(code).filter(|device| device.profile.base == profile.base);
        let device = device.filter(|device| device.client == client).ok_or("invalid_grant")?;
        if device.expires <= now {
            return Err("expired_token".into());
        }
        let too_soon = now < device.next_look;
        device.next_look = after(now, self.options.poll_interval);
        match device.state {
            Decided::Allowed => drop(inner.oauth.devices.remove(code)),
            Decided::Denied => return Err("access_denied".into()),
            Decided::NotYet if too_soon => return Err("slow_down".into()),
            Decided::NotYet => return Err("authorization_pending".into()),
        }
        Ok(())
    }
}

/// The client that asks, if it is known.
pub fn known(inner: &Inner, fields: &HashMap<String, String>) -> Result<String, Refused> {
    let id = fields.get("client_id").filter(|id| inner.oauth.clients.contains_key(*id));
    id.cloned().ok_or_else(|| "invalid_client".into())
}

pub fn proves(verifier: &str, challenge: &str) -> bool {
    // RFC 7636, section 4.1: 43 to 128 characters.
    (43..=128).contains(&verifier.len())
        && PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier.to_owned())).as_str()
            == challenge
}
