//! The service's page shows a code once the human has signed in there, and the program reads it back (auth.md v0.7).
//! Answers are nested, nobody polls, and what comes of the claim is delivered once.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::attempts::{Attempt, Start, State};
use super::fault::Step;
use super::refusal::Answer;
use super::services::Profile;
use super::world::{World, text};
use crate::when;

pub fn register(world: &World, profile: &'static Profile, body: &Value, now: Timestamp) -> Answer {
    if text(body, "type") == "refresh" {
        return world.refresh_identity(profile, body, now);
    }
    sign_up(world, profile, Start::read(body)?, now)
}

pub fn sign_up(world: &World, profile: &'static Profile, start: Start, now: Timestamp) -> Answer {
    let mut inner = world.inner();
    let (claim_token, mut registration) = world.registration(profile, start.clone(), profile.scopes_after, now);
    let claimable_until = registration.claimable_until;
    let mut answer = json!({
        "id": registration.id,
        "type": start.name(),
        "scopes": {"post_claim": registration.scopes},
        // Relative, as the published service has it.
        "claim": {"token": claim_token, "expires_at": when::rfc3339(claimable_until), "url": profile.path(Step::Claim)},
    });
    if start == Start::Anonymous {
        let before = inner.identities.add(profile, None, profile.scopes_before, Some(claimable_until));
        let assertion = world.assertion(&mut inner, before, now);
        registration.before = Some(before);
        answer["identity"] = json!({"assertion": assertion.text, "expires_at": when::rfc3339(assertion.expires)});
        answer["scopes"]["pre_claim"] = json!(profile.scopes_before);
    }
    inner.registrations.insert(claim_token.clone(), registration);
    if let Start::ServiceAuth(email) = start {
        answer["claim"]["attempt"] =
            world.attempt(&mut inner, &claim_token, email, now).map(|it| block(world, it)).into();
    }
    Ok(answer)
}

pub fn claim(world: &World, profile: &Profile, body: &Value, now: Timestamp) -> Answer {
    let email = text(body, "login_hint");
    if text(body, "type") != "service_auth" || !email.contains('@') || body.get("email").is_some() {
        return Err("invalid_request".into());
    }
    let mut inner = world.inner();
    let claim_token = text(body, "claim_token");
    let registration = inner.registration(profile, claim_token).ok_or("invalid_claim_token")?;
    if registration.claimed.is_some() {
        return Err("already_claimed".into());
    }
    if registration.claimable_until <= now {
        return Err("claim_expired".into());
    }
    let id = registration.id.clone();
    let attempt = world.attempt(&mut inner, claim_token, email.to_owned(), now).ok_or("invalid_claim_token")?;
    Ok(json!({"id": id, "type": "service_auth", "attempt": block(world, attempt)}))
}

/// The code that the human read on the page. What comes of it is told once.
pub fn complete(world: &World, profile: &Profile, body: &Value, now: Timestamp) -> Answer {
    let (claim_token, code) = (text(body, "claim_token"), text(body, "user_code"));
    if claim_token.is_empty() || !well_formed(code) {
        return Err("invalid_request".into());
    }
    let mut inner = world.inner();
    let registration = inner.registration(profile, claim_token).ok_or("invalid_claim")?;
    let (id, attempt) = (registration.id.clone(), registration.attempt);
    if registration.claimed.is_some() {
        return Err("already_claimed".into());
    }
    if registration.claimable_until <= now {
        return Err("claim_expired".into());
    }
    let nth = attempt.ok_or("claim_expired")?;
    match inner.attempt_state(nth, now) {
        State::Waiting => return Err("claim_not_confirmed".into()),
        State::Denied => return Err("claim_denied".into()),
        State::Blocked => return Err("too_many_attempts".into()),
        State::Expired | State::Replaced => return Err("user_code_expired".into()),
        State::Claimed => return Err("already_claimed".into()),
        State::Allowed => {}
    }
    let attempt = &mut inner.attempts[nth];
    if attempt.code != code {
        attempt.wrong += 1;
        return Err("invalid_user_code".into());
    }
    let email = attempt.email.clone();
    let claimed = inner.claim(claim_token, email).ok_or("invalid_claim")?;
    Ok(json!({"id": id, "status": "claimed", "identity": world.identity(&mut inner, claimed, now)}))
}

fn block(world: &World, attempt: &Attempt) -> Value {
    json!({"verification_uri": world.page_of(attempt), "expires_at": when::rfc3339(attempt.expires)})
}

/// Letter by letter as the page shows it, `BCDF-GHJK`: this service takes no other writing.
fn well_formed(code: &str) -> bool {
    code.len() == 9
        && code.bytes().enumerate().all(|(at, byte)| if at == 4 { byte == b'-' } else { byte.is_ascii_uppercase() })
}
