//! The sandbox's own state and the protocol as a service sees it.

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
use super::{ClaimForm, HandsOut, Options, Profile, tokens};
use crate::shell::clock;
use crate::when;

/// Wrong codes until a registration takes no more.
const ATTEMPTS: u8 = 5;

pub struct World {
    url: Url,
    credential_lifetime: Duration,
    pub(super) access_lifetime: Duration,
    code_lifetime: Duration,
    claim_lifetime: Duration,
    state: Mutex<Inner>,
}

pub(super) struct Inner {
    faults: Faults,
    registrations: HashMap<String, Registration>,
    pub(super) credentials: HashMap<String, Credential>,
    pub(super) grants: tokens::Grants,
    mails: Vec<Mail>,
    log: Vec<Call>,
}

struct Registration {
    profile: &'static Profile,
    claimable_until: Timestamp,
    claimed: bool,
    email: Option<String>,
    code: Option<(String, Timestamp)>,
    wrong: u8,
    /// The credential handed out at once, where the service does that.
    credential: Option<String>,
}

pub(super) struct Credential {
    profile: &'static Profile,
    email: Option<String>,
    scopes: &'static [&'static str],
    expires: Timestamp,
    alive: bool,
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

/// A refusal by its code, on the way to becoming an answer.
pub(super) type Refused = &'static str;

impl Inner {
    pub(super) fn end_credential(&mut self, credential: &str) {
        if let Some(credential) = self.credentials.get_mut(credential) {
            credential.alive = false;
        }
    }
}

impl World {
    pub fn new(url: Url, options: &Options) -> Self {
        let inner = Inner {
            faults: options.faults.clone().into(),
            registrations: HashMap::new(),
            credentials: HashMap::new(),
            grants: tokens::Grants::default(),
            mails: Vec::new(),
            log: Vec::new(),
        };
        Self {
            url,
            credential_lifetime: options.credential_lifetime,
            access_lifetime: options.access_lifetime,
            code_lifetime: options.code_lifetime,
            claim_lifetime: options.claim_lifetime,
            state: Mutex::new(inner),
        }
    }

    pub(super) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn url(&self) -> &Url {
        &self.url
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

    pub fn issue(&self, profile: &'static Profile, email: &str, lifetime: Duration) -> String {
        let credential = self.credential(profile, Some(email.to_owned()), profile.scopes_after, clock::now(), lifetime);
        let text = token("sk");
        self.inner().credentials.insert(text.clone(), credential);
        text
    }

    pub(super) fn credential(
        &self,
        profile: &'static Profile,
        email: Option<String>,
        scopes: &'static [&'static str],
        now: Timestamp,
        lifetime: Duration,
    ) -> Credential {
        Credential { profile, email, scopes, expires: after(now, lifetime), alive: true }
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
            return (None, self.invitation(profile));
        }
        if let Some(answer) = fault.and_then(fault::answer) {
            return answer;
        }
        let now = clock::now();
        let response = match step {
            Step::Api => self.api(profile, headers, now),
            Step::Resource => axum::Json(self.resource_metadata(profile)).into_response(),
            Step::Server => axum::Json(self.server_metadata(profile)).into_response(),
            Step::AuthMd => {
                ([(header::CONTENT_TYPE, "text/markdown; charset=utf-8")], self.auth_md(profile)).into_response()
            }
            Step::Register => answered(object(body).and_then(|body| self.register(profile, &body, now))),
            Step::Claim => answered(object(body).and_then(|body| self.claim(profile, &body, now))),
            Step::Complete => answered(object(body).and_then(|body| self.complete(profile, &body, now))),
            Step::Token => answered(self.token(profile, body, now)),
            Step::Revoke => self.revoke(profile, headers, body, fault == Some("ignored")),
        };
        ((fault == Some("late")).then_some(Duration::from_secs(60)), response)
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url.as_str().trim_end_matches('/'))
    }

    fn api(&self, profile: &'static Profile, headers: &HeaderMap, now: Timestamp) -> Response {
        let inner = self.inner();
        let held = bearer(headers).and_then(|token| inner.credentials.get(token));
        match held.filter(|held| held.alive && held.expires > now && held.profile.base == profile.base) {
            Some(held) => {
                axum::Json(json!({"service": profile.name, "you": held.email, "scopes": held.scopes})).into_response()
            }
            None => {
                let challenge = format!("Bearer resource_metadata=\"{}\"", self.at(&profile.path(Step::Resource)));
                let body = json!({"error": "unauthorized", "message": "A credential is needed. The header says where to get one."});
                (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)], axum::Json(body)).into_response()
            }
        }
    }

    fn resource_metadata(&self, profile: &Profile) -> Value {
        json!({
            "resource": self.at(profile.base),
            "resource_name": profile.name,
            "authorization_servers": [self.at(profile.base)],
            "scopes_supported": profile.scopes_after,
            "bearer_methods_supported": ["header"],
        })
    }

    fn server_metadata(&self, profile: &Profile) -> Value {
        let at = |step| self.at(&profile.path(step));
        let types = json!(["anonymous", "identity_assertion"]);
        let assertions =
            json!({"assertion_types_supported": ["verified_email"], "credential_types_supported": ["api_key"]});
        let token = (profile.hands_out == HandsOut::Tokens).then(|| at(Step::Token));
        match profile.form {
            ClaimForm::OnComplete => json!({
                "issuer": self.at(profile.base),
                "token_endpoint": token,
                "revocation_endpoint": at(Step::Revoke),
                "agent_auth": {
                    "skill": at(Step::AuthMd),
                    "identity_endpoint": at(Step::Register),
                    "claim_endpoint": at(Step::Claim),
                    "identity_types_supported": types,
                    "identity_assertion": assertions,
                },
            }),
            ClaimForm::SinceRegister => json!({
                "issuer": self.at(profile.base),
                "agent_auth": {
                    "skill": at(Step::AuthMd),
                    "register_uri": at(Step::Register),
                    "claim_uri": at(Step::Claim),
                    "revocation_uri": at(Step::Revoke),
                    "identity_types_supported": types,
                    "identity_assertion": assertions,
                },
            }),
        }
    }

    fn auth_md(&self, profile: &Profile) -> String {
        let name = profile.name;
        format!(
            "# Signing up to {name}\n\n{name} is a service of the authmd-tui sandbox. It hands out a credential once a human has read a\ncode from a mail back to the program that asked for it.\n\n1. Register at {}\n2. Claim at {} with the human's e-mail address\n3. Complete at {} with the code from {}\n",
            self.at(&profile.path(Step::Register)),
            self.at(&profile.path(Step::Claim)),
            self.at(&profile.path(Step::Complete)),
            self.at("/inbox"),
        )
    }

    fn register(&self, profile: &'static Profile, body: &Value, now: Timestamp) -> Result<Value, Refused> {
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        let email = match text("type") {
            "anonymous" => None,
            "identity_assertion" if text("assertion_type") == "verified_email" && text("assertion").contains('@') => {
                Some(text("assertion").to_owned())
            }
            "identity_assertion" => return Err("identity_assertion_not_enabled"),
            _ => return Err("invalid_request"),
        };
        if !matches!(text("requested_credential_type"), "" | "api_key") {
            return Err("unsupported_credential_type");
        }
        let claim_token = token("clm");
        let claimable_until = after(now, self.claim_lifetime);
        let mut answer = json!({
            "registration_id": token("reg"),
            "registration_type": if email.is_some() { "email-verification" } else { "anonymous" },
            "claim_token": claim_token,
            "claim_token_expires": when::rfc3339(claimable_until),
            "claim_url": self.at(&profile.path(Step::Claim)),
            "post_claim_scopes": profile.scopes_after,
        });
        let mut registration = Registration {
            profile,
            claimable_until,
            claimed: false,
            email: None,
            code: None,
            wrong: 0,
            credential: None,
        };
        let mut inner = self.inner();
        if profile.form == ClaimForm::SinceRegister {
            let text = token("sk");
            let credential = self.credential(profile, None, profile.scopes_before, now, self.credential_lifetime);
            answer["credential"] = json!(text);
            answer["credential_type"] = json!("api_key");
            answer["credential_expires"] = json!(when::rfc3339(credential.expires));
            answer["scopes"] = json!(profile.scopes_before);
            inner.credentials.insert(text.clone(), credential);
            registration.credential = Some(text);
        }
        if let Some(email) = email {
            self.send_code(&mut inner, &mut registration, email, now);
        }
        inner.registrations.insert(claim_token, registration);
        Ok(answer)
    }

    fn claim(&self, profile: &Profile, body: &Value, now: Timestamp) -> Result<Value, Refused> {
        let mut inner = self.inner();
        let claim_token = body.get("claim_token").and_then(Value::as_str).unwrap_or_default();
        let mut registration = inner
            .registrations
            .remove(claim_token)
            .filter(|it| it.profile.base == profile.base)
            .ok_or("invalid_claim_token")?;
        let email = body.get("email").and_then(Value::as_str).unwrap_or_default();
        let refused = match (registration.claimed, registration.claimable_until <= now) {
            (true, _) => Some("previously_claimed"),
            (_, true) => Some("claim_expired"),
            _ if !email.contains('@') => Some("invalid_request"),
            _ => None,
        };
        let result = match refused {
            Some(code) => Err(code),
            None => {
                let expires = self.send_code(&mut inner, &mut registration, email.to_owned(), now);
                Ok(json!({
                    "status": "pending",
                    "message": format!("Verification email sent to {email}"),
                    "verification_uri": self.at("/inbox"),
                    "expires_at": when::rfc3339(expires),
                }))
            }
        };
        inner.registrations.insert(claim_token.to_owned(), registration);
        result
    }

    fn send_code(
        &self,
        inner: &mut Inner,
        registration: &mut Registration,
        email: String,
        now: Timestamp,
    ) -> Timestamp {
        let code = digits();
        let expires = after(now, self.code_lifetime);
        inner.mails.push(Mail {
            to: email.clone(),
            from: registration.profile.name.to_owned(),
            subject: "Your code".to_owned(),
            code: code.clone(),
            at: when::rfc3339(now),
        });
        registration.email = Some(email);
        registration.code = Some((code, expires));
        registration.wrong = 0;
        expires
    }

    fn complete(&self, profile: &'static Profile, body: &Value, now: Timestamp) -> Result<Value, Refused> {
        let mut inner = self.inner();
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        let registration = inner
            .registrations
            .get_mut(text("claim_token"))
            .filter(|it| it.profile.base == profile.base)
            .ok_or("invalid_claim_token")?;
        if registration.claimed {
            return Err("previously_claimed");
        }
        if registration.claimable_until <= now {
            return Err("claim_expired");
        }
        let (code, good_until) = registration.code.as_ref().ok_or("otp_not_generated")?;
        if registration.wrong >= ATTEMPTS {
            return Err("too_many_attempts");
        }
        if *good_until <= now {
            return Err("otp_expired");
        }
        if text("otp") != code {
            registration.wrong += 1;
            return Err("otp_invalid");
        }
        registration.claimed = true;
        registration.code = None;
        let email = registration.email.clone();
        match registration.credential.clone() {
            Some(held) => {
                if let Some(credential) = inner.credentials.get_mut(&held) {
                    credential.email = email;
                    credential.scopes = profile.scopes_after;
                }
                Ok(json!({"status": "claimed"}))
            }
            None if profile.hands_out == HandsOut::Tokens => {
                let mut answer = self.grant(&mut inner, profile, email, now);
                answer["status"] = json!("claimed");
                Ok(answer)
            }
            None => {
                let text = token("sk");
                let credential = self.credential(profile, email, profile.scopes_after, now, self.credential_lifetime);
                let answer = json!({
                    "status": "claimed",
                    "credential": text,
                    "credential_type": "api_key",
                    "credential_expires": when::rfc3339(credential.expires),
                    "scopes": credential.scopes,
                });
                inner.credentials.insert(text, credential);
                Ok(answer)
            }
        }
    }

    fn revoke(&self, profile: &Profile, headers: &HeaderMap, body: &[u8], ignored: bool) -> Response {
        let mut inner = self.inner();
        let named = match profile.form {
            // RFC 7009, section 2.2: 200 whether or not there was such a token.
            ClaimForm::OnComplete => {
                url::form_urlencoded::parse(body).find(|(name, _)| name == "token").map(|(_, token)| token.into_owned())
            }
            ClaimForm::SinceRegister => {
                let Some(held) =
                    bearer(headers).filter(|token| inner.credentials.get(*token).is_some_and(|held| held.alive))
                else {
                    return fault::refusal("credential_expired");
                };
                let body: Value = serde_json::from_slice(body).unwrap_or_default();
                ["token", "credential"]
                    .iter()
                    .find_map(|name| body.get(name)?.as_str())
                    .map(str::to_owned)
                    .filter(|named| named == held)
            }
        };
        let named = named.filter(|_| !ignored).unwrap_or_default();
        for ended in inner.grants.end(&named).into_iter().chain([named]) {
            inner.end_credential(&ended);
        }
        axum::Json(json!({"ok": true})).into_response()
    }

    /// 401 with a claim block: an invitation rather than an error.
    fn invitation(&self, profile: &'static Profile) -> Response {
        let registered = self.register(profile, &json!({"type": "anonymous"}), clock::now()).unwrap_or_default();
        let body = json!({"error": "interaction_required", "claim": {"claim_token": registered["claim_token"], "verification_uri": self.at("/inbox"), "user_code": null}});
        (StatusCode::UNAUTHORIZED, axum::Json(body)).into_response()
    }
}

fn after(now: Timestamp, span: Duration) -> Timestamp {
    SignedDuration::try_from(span).ok().and_then(|span| now.checked_add(span).ok()).unwrap_or(Timestamp::MAX)
}

fn answered(result: Result<Value, Refused>) -> Response {
    match result {
        Ok(answer) => axum::Json(answer).into_response(),
        Err(code) => fault::refusal(code),
    }
}

/// Malformed JSON is an internal error with the published sample services, not a bad request.
fn object(body: &[u8]) -> Result<Value, Refused> {
    serde_json::from_slice(body).map_err(|_| "internal_error")
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has randomness");
    bytes
}

pub(super) fn token(prefix: &str) -> String {
    let hex: String = random::<16>().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{prefix}_sandbox_{hex}")
}

fn digits() -> String {
    format!("{:06}", u32::from_le_bytes(random()) % 1_000_000)
}
