//! The code comes by mail and is read back (auth.md v0.1 to v0.3): register, claim, complete.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::fault::Step;
use super::refusal::{Answer, Refused};
use super::services::{HandsOut, Profile, Shape};
use super::tokens::Credential;
use super::world::{Inner, Mail, World, after, digits, text, token};
use crate::when;

/// Wrong codes until a registration takes no more.
pub const ATTEMPTS: u8 = 5;

pub struct Registration {
    profile: &'static Profile,
    pub claimable_until: Timestamp,
    pub stage: Stage,
    pub email: Option<String>,
    code: Option<(String, Timestamp)>,
    wrong: u8,
    /// The credential handed out at once, where the service does that.
    credential: Option<String>,
}

/// How far a sign-up has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Open,
    Claimed,
    /// What comes of the claim was fetched, where that takes a call of its own.
    Spent,
}

pub fn register(world: &World, profile: &'static Profile, body: &Value, now: Timestamp) -> Answer {
    let email = match text(body, "type") {
        "anonymous" => None,
        "identity_assertion"
            if text(body, "assertion_type") == "verified_email" && text(body, "assertion").contains('@') =>
        {
            Some(text(body, "assertion").to_owned())
        }
        "identity_assertion" => return Err("identity_assertion_not_enabled".into()),
        _ => return Err("invalid_request".into()),
    };
    if !matches!(text(body, "requested_credential_type"), "" | "api_key") {
        return Err("unsupported_credential_type".into());
    }
    let claim_token = token("clm");
    let claimable_until = after(now, world.options.claim_lifetime);
    let mut answer = json!({
        "registration_id": token("reg"),
        "registration_type": if email.is_some() { "email-verification" } else { "anonymous" },
        "claim_token": claim_token,
        "claim_token_expires": when::rfc3339(claimable_until),
        "claim_url": world.at(&profile.path(Step::Claim)),
        "post_claim_scopes": profile.scopes_after,
    });
    let mut registration = Registration::new(profile, claimable_until);
    let mut inner = world.inner();
    if profile.shape == Shape::ReadBack(HandsOut::KeySinceRegister) {
        let key = token("sk");
        let lifetime = world.options.credential_lifetime;
        let credential = Credential::new(profile, None, profile.scopes_before, after(now, lifetime));
        answer["credential"] = json!(key);
        answer["credential_type"] = json!("api_key");
        answer["credential_expires"] = json!(when::rfc3339(credential.expires));
        answer["scopes"] = json!(profile.scopes_before);
        inner.credentials.insert(key.clone(), credential);
        registration.credential = Some(key);
    }
    inner.mailed.insert(claim_token.clone(), registration);
    if let Some(email) = email {
        send_code(world, &mut inner, profile, &claim_token, &email, now);
    }
    Ok(answer)
}

pub fn claim(world: &World, profile: &Profile, body: &Value, now: Timestamp) -> Answer {
    let mut inner = world.inner();
    let claim_token = text(body, "claim_token");
    let registration = inner.mailed(profile, claim_token).ok_or("invalid_claim_token")?;
    if registration.stage != Stage::Open {
        return Err("previously_claimed".into());
    }
    if registration.claimable_until <= now {
        return Err("claim_expired".into());
    }
    let email = text(body, "email");
    if !email.contains('@') {
        return Err("invalid_request".into());
    }
    let expires = send_code(world, &mut inner, profile, claim_token, email, now);
    Ok(json!({
        "status": "pending",
        "message": format!("Verification email sent to {email}"),
        "verification_uri": world.at("/inbox"),
        "expires_at": when::rfc3339(expires),
    }))
}

/// Mails a fresh code; an earlier one is void.
pub fn send_code(
    world: &World,
    inner: &mut Inner,
    profile: &Profile,
    claim_token: &str,
    email: &str,
    now: Timestamp,
) -> Timestamp {
    let code = digits();
    let expires = after(now, world.options.code_lifetime);
    inner.mails.push(Mail {
        to: email.to_owned(),
        from: profile.name.to_owned(),
        subject: "Your code".to_owned(),
        code: code.clone(),
        link: None,
        at: when::rfc3339(now),
    });
    if let Some(registration) = inner.mailed(profile, claim_token) {
        registration.email = Some(email.to_owned());
        registration.code = Some((code, expires));
        registration.wrong = 0;
    }
    expires
}

pub fn complete(world: &World, profile: &'static Profile, body: &Value, now: Timestamp) -> Answer {
    let mut inner = world.inner();
    let registration = inner.mailed(profile, text(body, "claim_token")).ok_or("invalid_claim_token")?;
    registration.check(text(body, "otp"), now)?;
    let (email, held) = (registration.email.clone(), registration.credential.clone());
    match (profile.shape, held) {
        (_, Some(held)) => {
            if let Some(credential) = inner.credentials.get_mut(&held) {
                credential.email = email;
                credential.scopes = profile.scopes_after;
            }
            Ok(json!({"status": "claimed"}))
        }
        (Shape::ReadBack(HandsOut::Tokens), None) => {
            let mut answer = world.grant(&mut inner, profile, email, profile.scopes_after, now);
            answer["status"] = json!("claimed");
            Ok(answer)
        }
        (_, None) => {
            let key = token("sk");
            let expires = after(now, world.options.credential_lifetime);
            let credential = Credential::new(profile, email, profile.scopes_after, expires);
            let answer = json!({
                "status": "claimed",
                "credential": key,
                "credential_type": "api_key",
                "credential_expires": when::rfc3339(credential.expires),
                "scopes": credential.scopes,
            });
            inner.credentials.insert(key, credential);
            Ok(answer)
        }
    }
}

/// A claim block without a code, for somebody who is still to say who they are.
pub fn invite(world: &World, profile: &'static Profile, now: Timestamp) -> Answer {
    let registered = register(world, profile, &json!({"type": "anonymous"}), now)?;
    Ok(
        json!({"claim": {"claim_token": registered["claim_token"], "verification_uri": world.at("/inbox"), "user_code": null}}),
    )
}

impl Inner {
    /// The sign-up of a claim token, where it is one of this service.
    pub fn mailed(&mut self, profile: &Profile, claim_token: &str) -> Option<&mut Registration> {
        self.mailed.get_mut(claim_token).filter(|it| it.profile.base == profile.base)
    }
}

impl Registration {
    pub fn new(profile: &'static Profile, claimable_until: Timestamp) -> Self {
        let (stage, credential) = (Stage::Open, None);
        Self { profile, claimable_until, stage, email: None, code: None, wrong: 0, credential }
    }

    /// The right code in time claims it.
    pub fn check(&mut self, sent: &str, now: Timestamp) -> Result<(), Refused> {
        if self.stage != Stage::Open {
            return Err("previously_claimed".into());
        }
        if self.claimable_until <= now {
            return Err("claim_expired".into());
        }
        let (code, good_until) = self.code.as_ref().ok_or("otp_not_generated")?;
        if self.wrong >= ATTEMPTS {
            return Err("too_many_attempts".into());
        }
        if *good_until <= now {
            return Err("otp_expired".into());
        }
        if sent != code {
            self.wrong += 1;
            return Err("otp_invalid".into());
        }
        self.stage = Stage::Claimed;
        self.code = None;
        Ok(())
    }
}
