//! The code is mailed and read back to an address that the registration names; the token comes from the token endpoint, once.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::attempts::Start;
use super::fault::Step;
use super::mailed::{Registration, Stage, send_code};
use super::refusal::Answer;
use super::services::Profile;
use super::world::{World, after, text, token};
use crate::when;

pub fn register(world: &World, profile: &'static Profile, body: &Value, now: Timestamp) -> Answer {
    sign_up(world, profile, Start::read(body)?, now)
}

pub fn sign_up(world: &World, profile: &'static Profile, start: Start, now: Timestamp) -> Answer {
    let claim_token = token("clm");
    let claimable_until = after(now, world.options.claim_lifetime);
    let answer = json!({
        "registration_id": token("reg"),
        "registration_type": start.name(),
        "claim_token": claim_token,
        "claim_token_expires": when::rfc3339(claimable_until),
        "claim": {
            "complete_url": world.at(&profile.path(Step::Complete)),
            "expires_in": world.options.claim_lifetime.as_secs(),
        },
        "post_claim_scopes": profile.scopes_after,
    });
    let mut inner = world.inner();
    inner.mailed.insert(claim_token.clone(), Registration::new(profile, claimable_until));
    if let Start::ServiceAuth(email) = start {
        send_code(world, &mut inner, profile, &claim_token, &email, now);
    }
    Ok(answer)
}

pub fn complete(world: &World, profile: &Profile, body: &Value, now: Timestamp) -> Answer {
    if text(body, "code").is_empty() {
        return Err("invalid_request".into());
    }
    let mut inner = world.inner();
    inner.mailed(profile, text(body, "claim_token")).ok_or("invalid_claim_token")?.check(text(body, "code"), now)?;
    Ok(json!({"status": "claimed"}))
}

/// The claim grant: one access token, and no second one.
pub fn redeem(world: &World, profile: &'static Profile, fields: &HashMap<String, String>, now: Timestamp) -> Answer {
    let mut inner = world.inner();
    let claim_token = fields.get("claim_token").ok_or("invalid_request")?;
    let registration = inner.mailed(profile, claim_token).ok_or("expired_token")?;
    match registration.stage {
        Stage::Open if registration.claimable_until <= now => return Err("expired_token".into()),
        Stage::Open => return Err("authorization_pending".into()),
        Stage::Spent => return Err("invalid_grant".into()),
        Stage::Claimed => registration.stage = Stage::Spent,
    }
    let email = registration.email.clone();
    let nth = inner.identities.add(profile, email, profile.scopes_after, None);
    Ok(world.access_token(&mut inner, nth, now))
}
