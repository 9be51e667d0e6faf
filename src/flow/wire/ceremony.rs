//! The calls of the claim ceremony whose code is read back to us (auth.md v0.1 to v0.3, the WorkOS sample services of
//! those versions, NoForm), and what their answers hold.

use jiff::Timestamp;
use serde_json::Value;
use url::Url;

use super::metadata::Start;
use super::refusal::{Meaning, Refusal, Step, refusal};
use super::{has_user_code, object, payload};
use crate::account::{LayerKind, RevokeForm};
use crate::http::{Body, Request, Response, field};
use crate::json::Document;
use crate::secret::Secret;
use crate::{json, trust};

const CREDENTIAL: &[&str] = &["credential", "api_key", "access_token", "key", "api_token"];
const CREDENTIAL_EXPIRES: &[&str] = &["credential_expires", "credential_expires_at"];
const EXPIRES: &[&str] = &["credential_expires", "credential_expires_at", "expires_at", "expires"];

/// A credential as an answer gave it.
#[derive(Debug, Clone, PartialEq)]
pub struct Granted {
    pub credential: Secret,
    pub kind: LayerKind,
    /// `None` where it does not expire, or the service does not say.
    pub expires_at: Option<Timestamp>,
    pub scopes: Vec<String>,
    pub refresh: Option<Refresh>,
}

/// A token that gets the next credential (RFC 6749, section 1.5).
#[derive(Debug, Clone, PartialEq)]
pub struct Refresh {
    pub token: Secret,
    pub expires_at: Option<Timestamp>,
}

/// What the service answered to a registration.
#[derive(Debug, Clone, PartialEq)]
pub struct Registration {
    /// What proves to the service that the claim is about this registration. Lives for the ceremony only.
    pub claim_token: Option<Secret>,
    pub claim_expires_at: Option<Timestamp>,
    /// A credential with few rights, which some services turn into the real one later.
    pub before_claim: Option<Granted>,
    pub scopes_after_claim: Vec<String>,
    /// Where to claim, where the answer says so.
    pub claim_url: Option<Url>,
    /// A page for the person.
    pub page: Option<Url>,
}

/// What the service answered when asked to send a code.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// Some services hand out a new token with each code.
    pub claim_token: Option<Secret>,
    pub code_expires_at: Option<Timestamp>,
    pub page: Option<Url>,
    pub message: Option<String>,
}

/// What the service answered to the code.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// `None` where the credential held since the registration is the one, upgraded.
    pub credential: Option<Secret>,
    pub kind: Option<LayerKind>,
    /// The outer `None`: the answer says nothing about expiry. The inner one: it says "never".
    pub expires_at: Option<Option<Timestamp>>,
    pub scopes: Option<Vec<String>>,
    pub refresh: Option<Refresh>,
}

/// Registers; `email` where the start wants it, `credential_type` where the service insists on one.
pub fn register_request(url: &Url, start: Start, email: Option<&str>, credential_type: Option<&str>) -> Request {
    let email = email.unwrap_or_default();
    let mut fields = match start {
        Start::Anonymous => vec![field("type", "anonymous")],
        Start::VerifiedEmail => {
            vec![
                field("type", "identity_assertion"),
                field("assertion_type", "verified_email"),
                field("assertion", email),
            ]
        }
        Start::ServiceAuth => vec![field("type", "service_auth"), field("login_hint", email)],
    };
    fields.extend(credential_type.map(|wanted| field("requested_credential_type", wanted)));
    Request::post(url.clone(), Body::Json(fields))
}

/// Asks the service to mail a code.
pub fn claim_request(url: &Url, claim_token: Option<&Secret>, email: &str) -> Request {
    let token = claim_token.map(|token| field("claim_token", token.clone()));
    Request::post(url.clone(), Body::Json(token.into_iter().chain([field("email", email)]).collect()))
}

/// Completes the claim with the code that a person typed.
pub fn complete_request(url: &Url, claim_token: &Secret, code: &Secret) -> Request {
    Request::post(url.clone(), Body::Json(vec![field("claim_token", claim_token.clone()), field("otp", code.clone())]))
}

/// Ends a credential, or a token of that `kind`. `by_name` is the second way of the older form, with the credential under
/// its own name.
pub fn revoke_request(url: &Url, form: RevokeForm, kind: LayerKind, credential: &Secret, by_name: bool) -> Request {
    let token = |name| field(name, credential.clone());
    match form {
        RevokeForm::OAuth => {
            let hint = if kind == LayerKind::RefreshToken { "refresh_token" } else { "access_token" };
            Request::post(url.clone(), Body::Form(vec![token("token"), field("token_type_hint", hint)]))
        }
        RevokeForm::AgentAuth => {
            let name = if by_name { "credential" } else { "token" };
            Request::post(url.clone(), Body::Json(vec![token(name)])).bearer(credential.clone())
        }
    }
}

pub fn registration(response: &Response, base: &Url, now: Timestamp) -> Result<Registration, Refusal> {
    let answer = accepted(response, Step::Register, now)?;
    if has_user_code(&answer) || nested(&answer) {
        return Err(Refusal::other_ceremony(response.status));
    }
    let scopes = json::member(&answer, &["scopes"]);
    let by_claim = |when: &str| scopes.and_then(|scopes| json::list(scopes, &[when]));
    let claim_block = json::member(&answer, &["claim"]);
    let registration = Registration {
        claim_token: secret(&answer, &["claim_token", "registration_token"]),
        claim_expires_at: json::moment(
            &answer,
            &["claim_token_expires", "claim_expires_at", "claim_token_expires_at"],
            &[],
            now,
        ),
        before_claim: secret(&answer, CREDENTIAL).map(|credential| Granted {
            credential,
            kind: kind(&answer).unwrap_or(LayerKind::ApiKey),
            expires_at: json::moment(&answer, EXPIRES, &["expires_in"], now),
            scopes: by_claim("pre_claim")
                .or_else(|| json::list(&answer, &["scopes", "scope"]))
                .map(cleaned)
                .unwrap_or_default(),
            refresh: refresh(&answer, now),
        }),
        scopes_after_claim: json::list(&answer, &["post_claim_scopes"])
            .or_else(|| by_claim("post_claim"))
            .map(cleaned)
            .unwrap_or_default(),
        // `claim_url` is the endpoint with some and a page for people with others; the metadata's own endpoint is surer.
        claim_url: link(&answer, &["claim_endpoint", "claim_url", "claim_uri"], base)
            .or_else(|| link(claim_block?, &["url", "endpoint"], base)),
        page: page(&answer, base),
    };
    if registration.claim_token.is_none() && registration.before_claim.is_none() && claim_block.is_none() {
        return Err(Refusal { meaning: Meaning::Unreadable, ..refusal(response, Step::Register, now) });
    }
    Ok(registration)
}

pub fn claim(response: &Response, base: &Url, now: Timestamp) -> Result<Claim, Refusal> {
    // Some answer 204, or 202 with nothing in it: the mail is on its way all the same.
    if response.is_success() && response.body.expose().trim().is_empty() {
        return Ok(Claim { claim_token: None, code_expires_at: None, page: None, message: None });
    }
    let answer = accepted(response, Step::Claim, now)?;
    if has_user_code(&answer) || nested(&answer) {
        return Err(Refusal::other_ceremony(response.status));
    }
    Ok(Claim {
        claim_token: secret(&answer, &["claim_token"]),
        code_expires_at: json::moment(&answer, &["expires_at", "otp_expires_at", "expires"], &["expires_in"], now),
        page: page(&answer, base),
        message: json::text(&answer, &["message"]).map(|text| trust::clean(text, 200)),
    })
}

pub fn completion(response: &Response, now: Timestamp) -> Result<Completion, Refusal> {
    let answer = accepted(response, Step::Complete, now)?;
    let claimed = json::text(&answer, &["status"])
        .is_some_and(|status| matches!(status, "claimed" | "active" | "completed" | "complete"));
    let credential = secret(&answer, CREDENTIAL);
    if credential.is_none() && !claimed {
        return Err(Refusal { meaning: Meaning::Unreadable, ..refusal(response, Step::Complete, now) });
    }
    // A bare `expires_at` beside a bare status may be the claim's; beside a credential it is the credential's.
    let names = if credential.is_some() { EXPIRES } else { CREDENTIAL_EXPIRES };
    let expires_at = json::moment(&answer, names, &["expires_in"], now);
    let says_never = names.iter().any(|name| answer.get(name).is_some_and(|value| value.is_null() || value == 0));
    Ok(Completion {
        kind: kind(&answer),
        credential,
        expires_at: expires_at.map(Some).or(says_never.then_some(None)),
        scopes: json::list(&answer, &["scopes", "scope"]).map(cleaned),
        refresh: refresh(&answer, now),
    })
}

/// Spends a refresh token (RFC 6749, section 6). Without `client_id`: nobody registered one.
pub fn refresh_request(url: &Url, token: &Secret) -> Request {
    let fields = vec![field("grant_type", "refresh_token"), field("refresh_token", token.clone())];
    Request::post(url.clone(), Body::Form(fields))
}

/// The answer to [`refresh_request`]. Without a new refresh token in it, the old one goes on (RFC 6749, section 6).
pub fn refreshed(response: &Response, now: Timestamp) -> Result<Granted, Refusal> {
    let answer = accepted(response, Step::Refresh, now)?;
    let unreadable = || Refusal { meaning: Meaning::Unreadable, ..refusal(response, Step::Refresh, now) };
    Ok(Granted {
        credential: secret(&answer, &["access_token", "credential"]).ok_or_else(unreadable)?,
        kind: LayerKind::AccessToken,
        expires_at: json::moment(&answer, EXPIRES, &["expires_in"], now),
        scopes: json::list(&answer, &["scope", "scopes"]).map(cleaned).unwrap_or_default(),
        refresh: refresh(&answer, now),
    })
}

/// The payload of an answer that says yes, or the refusal. A claim block that comes with `interaction_required` is a yes.
fn accepted(response: &Response, step: Step, now: Timestamp) -> Result<Document, Refusal> {
    let no = || refusal(response, step, now);
    let answer = Document::new(object(response).ok_or_else(no)?);
    let invited = json::text(&answer, &["error"]) == Some("interaction_required");
    if invited && let Some(block @ Value::Object(_)) = json::member(&answer, &["claim"]) {
        let mut lifted = block.clone();
        lifted["claim"] = block.clone();
        return Ok(Document::new(lifted));
    }
    let denies = answer.get("ok") == Some(&Value::Bool(false)) || json::member(&answer, &["error"]).is_some();
    if !response.is_success() || denies {
        return Err(no());
    }
    Ok(Document::new(payload(answer.into_value())))
}

/// The ceremony whose answers are nested: claim and identity are blocks of their own (auth.md v0.7).
fn nested(answer: &Value) -> bool {
    json::member(answer, &["claim"])
        .is_some_and(|claim| json::text(claim, &["token"]).is_some() || json::member(claim, &["attempt"]).is_some())
        || json::member(answer, &["identity"]).is_some_and(|identity| json::text(identity, &["assertion"]).is_some())
}

fn secret(answer: &Value, names: &[&str]) -> Option<Secret> {
    json::text(answer, names).map(Secret::from)
}

fn refresh(answer: &Value, now: Timestamp) -> Option<Refresh> {
    const EXPIRES: &[&str] = &["refresh_token_expires_at", "refresh_token_expires", "refresh_expires_at"];
    const EXPIRES_IN: &[&str] = &["refresh_token_expires_in", "refresh_expires_in"];
    let token = secret(answer, &["refresh_token"])?;
    Some(Refresh { token, expires_at: json::moment(answer, EXPIRES, EXPIRES_IN, now) })
}

fn kind(answer: &Value) -> Option<LayerKind> {
    match json::text(answer, &["credential_type"]) {
        Some("access_token") => Some(LayerKind::AccessToken),
        Some("api_key") => Some(LayerKind::ApiKey),
        _ if json::text(answer, &["access_token"]).is_some() => Some(LayerKind::AccessToken),
        _ => None,
    }
}

fn page(answer: &Value, base: &Url) -> Option<Url> {
    const PAGE: &[&str] =
        &["verification_uri_complete", "verification_uri", "claim_view_url", "claim_link", "login_url"];
    link(answer, PAGE, base)
}

fn link(answer: &Value, names: &[&str], base: &Url) -> Option<Url> {
    trust::link(json::text(answer, names)?, base)
}

fn cleaned(scopes: Vec<String>) -> Vec<String> {
    scopes.iter().map(|scope| trust::clean(scope, 60)).filter(|scope| !scope.is_empty()).take(100).collect()
}
