//! OAuth in all but its words: a key for a code with a proof, and a pairing in JSON. Neither publishes anything; a skill says
//! how one signs up, and the sandbox has it ready for whoever asks.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::fault::Step;
use super::oauth::{Asked, Authorization, Unknown, proves};
use super::refusal::{Answer, Refused, Spelling};
use super::services::{Described, Profile};
use super::world::{World, after, text, token};

/// What the page is asked with.
#[derive(Debug, Clone, Deserialize)]
pub struct Callback {
    #[serde(default)]
    pub callback_url: String,
    #[serde(default)]
    code_challenge: String,
    #[serde(default)]
    code_challenge_method: String,
}

/// The skill that teaches a program the service.
pub fn skill(world: &World, profile: &Profile, described: Described) -> String {
    let text = match described {
        Described::Exchange => include_str!("../../assets/sandbox/lantern.yaml"),
        Described::Pairing => include_str!("../../assets/sandbox/tandem.yaml"),
    };
    text.replace("{base}", &world.at(profile.base))
}

impl World {
    /// May the browser be sent there, and was a proof announced?
    pub fn caller(&self, callback: &Callback) -> Result<Url, Unknown> {
        let of_this_machine = |url: &Url| url.scheme() == "http" && crate::trust::is_loopback(url);
        let url = Url::parse(&callback.callback_url).ok().filter(of_this_machine);
        let url = url.ok_or(Unknown("The callback_url is no address of this machine."))?;
        match callback.code_challenge_method == "S256" && !callback.code_challenge.is_empty() {
            true => Ok(url),
            false => Err(Unknown("There is no code_challenge of S256.")),
        }
    }

    /// Where the browser is sent back to. Of a no it brings nothing.
    pub fn call_back(
        &self,
        profile: &'static Profile,
        callback: &Callback,
        allowed: bool,
        now: Timestamp,
    ) -> Option<Url> {
        let mut back = self.caller(callback).ok()?;
        if !allowed {
            return Some(back);
        }
        let code = token("code");
        let asked = Asked::by_proof(&callback.code_challenge);
        let authorization = Authorization { profile, asked, expires: after(now, self.options.code_lifetime) };
        self.inner().oauth.authorizations.insert(code.clone(), authorization);
        back.query_pairs_mut().append_pair("code", &code);
        Some(back)
    }

    pub(super) fn described(
        &self,
        profile: &'static Profile,
        described: Described,
        step: Step,
        body: &Value,
        now: Timestamp,
    ) -> Response {
        match (described, step) {
            (Described::Exchange, Step::Token) => match self.key_for_code(profile, body, now) {
                Ok(key) => axum::Json(key).into_response(),
                Err(refused) => refused.response(Spelling::Message),
            },
            (Described::Pairing, Step::Device) => axum::Json(self.pair(profile, now)).into_response(),
            (Described::Pairing, Step::Token) => self.look_at_pairing(profile, text(body, "pairing"), now),
            _ => StatusCode::NOT_FOUND.into_response(),
        }
    }

    fn key_for_code(&self, profile: &'static Profile, body: &Value, now: Timestamp) -> Answer {
        // It works once.
        let held = self.inner().oauth.authorizations.remove(text(body, "code"));
        let held = held.filter(|held| held.expires > now && held.profile.base == profile.base);
        match held.filter(|held| proves(text(body, "code_verifier"), held.asked.proof())) {
            Some(_) => Ok(json!({"key": self.make_key(profile), "user_id": "user_1"})),
            None => Err(Refused::from("invalid_grant").because("Invalid code or code_verifier.")),
        }
    }

    fn pair(&self, profile: &'static Profile, now: Timestamp) -> Value {
        let (id, word) = self.open_device(profile, String::new(), now);
        let page = self.at(&profile.page());
        json!({"pairing": {
            "id": id,
            "word": word,
            "page": page,
            "page_with_word": format!("{page}?user_code={word}"),
            "ttl": self.options.code_lifetime.as_secs(),
            "every": self.options.poll_interval.as_secs(),
        }})
    }

    fn look_at_pairing(&self, profile: &'static Profile, id: &str, now: Timestamp) -> Response {
        let looked = self.look(profile, &mut self.inner(), id, "", now);
        let (status, state) = match looked.map_err(|refused| refused.code()) {
            Ok(()) => {
                let key = self.make_key(profile);
                return axum::Json(json!({"state": "paired", "secret": {"key": key}})).into_response();
            }
            Err("authorization_pending") => (StatusCode::ACCEPTED, "waiting"),
            Err("slow_down") => (StatusCode::TOO_MANY_REQUESTS, "hasty"),
            Err("access_denied") => (StatusCode::FORBIDDEN, "refused"),
            Err(_) => (StatusCode::GONE, "gone"),
        };
        (status, axum::Json(json!({"state": state}))).into_response()
    }
}
