//! The code is handed over: the program shows it, and the human types it on the service's own page (auth.md v0.4 to
//! v0.6). The program asks the token endpoint until the human has decided.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::attempts::{Attempt, Start, State};
use super::fault::Step;
use super::refusal::Answer;
use super::services::{Entry, Profile, Scopes, Shape};
use super::toll;
use super::world::{World, text};
use crate::when;

pub const CLAIM_GRANT: &str = "urn:workos:agent-auth:grant-type:claim";

pub fn register(world: &World, profile: &'static Profile, body: &Value, now: Timestamp) -> Answer {
    let start = Start::read(body)?;
    match (profile.shape, &start) {
        (Shape::HandedOver(Entry::Toll), Start::ServiceAuth(_)) => Err("service_auth_not_enabled".into()),
        (Shape::HandedOver(Entry::Toll), Start::Anonymous) => {
            let scopes = toll::pay(world, profile, body, now)?;
            sign_up(world, profile, start, scopes, now)
        }
        _ => sign_up(world, profile, start, profile.scopes_after, now),
    }
}

pub fn sign_up(world: &World, profile: &'static Profile, start: Start, scopes: Scopes, now: Timestamp) -> Answer {
    let mut inner = world.inner();
    let (claim_token, mut registration) = world.registration(profile, start.clone(), scopes, now);
    let claimable_until = registration.claimable_until;
    let mut answer = json!({
        "registration_id": registration.id,
        "registration_type": start.name(),
        "claim_url": world.at(&profile.path(Step::Claim)),
        "claim_token": claim_token,
        "claim_token_expires": when::rfc3339(claimable_until),
        "post_claim_scopes": registration.scopes,
    });
    if start == Start::Anonymous {
        let before = inner.identities.add(profile, None, profile.scopes_before, Some(claimable_until));
        let assertion = world.assertion(&mut inner, before, now);
        registration.before = Some(before);
        answer["identity_assertion"] = json!(assertion.text);
        answer["assertion_expires"] = json!(when::rfc3339(assertion.expires));
        answer["pre_claim_scopes"] = json!(profile.scopes_before);
    }
    inner.registrations.insert(claim_token.clone(), registration);
    if let Start::ServiceAuth(email) = start {
        answer["claim"] = world.attempt(&mut inner, &claim_token, email, now).map(|it| block(world, it, now)).into();
    }
    Ok(answer)
}

/// Asks the human, or asks once more with a fresh code.
pub fn claim(world: &World, profile: &Profile, body: &Value, now: Timestamp) -> Answer {
    let mut inner = world.inner();
    let claim_token = text(body, "claim_token");
    let registration = inner.registration(profile, claim_token).ok_or("invalid_claim_token")?;
    if registration.claimed.is_some() {
        return Err("claimed_or_in_flight".into());
    }
    if registration.claimable_until <= now {
        return Err("claim_expired".into());
    }
    let email = match (&registration.start, text(body, "email")) {
        (Start::ServiceAuth(known), "") if body.get("login_hint").is_none() => known.clone(),
        // A login hint in its place belongs to a later version.
        (_, "") => return Err("invalid_request".into()),
        (_, email) if !email.contains('@') => return Err("invalid_login_hint".into()),
        (Start::ServiceAuth(known), email) if known != email => return Err("email_mismatch".into()),
        (_, email) => email.to_owned(),
    };
    let id = registration.id.clone();
    let attempt = world.attempt(&mut inner, claim_token, email, now).ok_or("invalid_claim_token")?;
    Ok(json!({
        "registration_id": id,
        "claim_attempt_id": attempt.token,
        "status": "initiated",
        "expires_at": when::rfc3339(attempt.expires),
        "claim_attempt": block(world, attempt, now),
    }))
}

/// The claim grant of the token endpoint. A sign-up that was claimed goes on giving tokens.
pub fn poll(world: &World, profile: &Profile, fields: &HashMap<String, String>, now: Timestamp) -> Answer {
    let mut inner = world.inner();
    let claim_token = fields.get("claim_token").ok_or("invalid_request")?;
    let registration = inner.registration(profile, claim_token).ok_or("expired_token")?;
    if registration.claimable_until <= now {
        return Err("expired_token".into());
    }
    let (claimed, attempt) = (registration.claimed, registration.attempt);
    if let Some(nth) = claimed {
        let assertion = world.assertion(&mut inner, nth, now);
        let mut answer = world.access_token(&mut inner, nth, now);
        answer["identity_assertion"] = json!(assertion.text);
        answer["assertion_expires"] = json!(when::rfc3339(assertion.expires));
        return Ok(answer);
    }
    match attempt.map(|nth| inner.attempt_state(nth, now)) {
        Some(State::Denied) => Err("access_denied".into()),
        Some(State::Blocked | State::Expired | State::Replaced) => Err("expired_token".into()),
        // Nobody has been asked yet, or nobody has answered.
        None | Some(State::Waiting | State::Allowed | State::Claimed) => {
            let registration = inner.registration(profile, claim_token).ok_or("expired_token")?;
            registration.pace.poll(now)?;
            Err("authorization_pending".into())
        }
    }
}

fn block(world: &World, attempt: &Attempt, now: Timestamp) -> Value {
    let page = world.page_of(attempt);
    let interval = world.options.poll_interval;
    json!({
        "user_code": attempt.code,
        "verification_uri": page,
        "verification_uri_complete": format!("{page}&code={}", attempt.code),
        "expires_in": attempt.expires.duration_since(now).as_secs().max(0),
        // Whole seconds are all that it has room for; too short a wait would be punished.
        "interval": interval.as_secs() + u64::from(interval.subsec_nanos() > 0),
    })
}
