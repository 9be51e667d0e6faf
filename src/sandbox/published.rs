//! What a service tells the world about itself: resource metadata, server metadata, auth.md.

use serde_json::{Value, json};

use super::closed;
use super::fault::Step;
use super::handed_over::CLAIM_GRANT;
use super::identities::JWT_BEARER;
use super::services::{Entry, HandsOut, Profile, Shape};
use super::toll;
use super::world::World;

/// RFC 9728.
pub fn resource(world: &World, profile: &Profile) -> Value {
    json!({
        "resource": world.at(profile.base),
        "resource_name": profile.name,
        "authorization_servers": [world.at(profile.base)],
        "scopes_supported": profile.scopes_after,
        "bearer_methods_supported": ["header"],
    })
}

/// RFC 8414, with the block for agents in it.
pub fn server(world: &World, profile: &Profile) -> Value {
    let at = |step: Step| world.at(&profile.path(step));
    let issuer = world.at(profile.base);
    match profile.shape {
        Shape::ReadBack(HandsOut::KeySinceRegister) => json!({
            "issuer": issuer,
            "agent_auth": {
                "skill": at(Step::AuthMd),
                "register_uri": at(Step::Register),
                "claim_uri": at(Step::Claim),
                "revocation_uri": at(Step::Revoke),
                "identity_types_supported": ["anonymous", "identity_assertion"],
                "identity_assertion": verified_email(),
            },
        }),
        Shape::ReadBack(hands_out) => json!({
            "issuer": issuer,
            "token_endpoint": (hands_out == HandsOut::Tokens).then(|| at(Step::Token)),
            "revocation_endpoint": at(Step::Revoke),
            "agent_auth": {
                "skill": at(Step::AuthMd),
                "identity_endpoint": at(Step::Register),
                "claim_endpoint": at(Step::Claim),
                "identity_types_supported": ["anonymous", "identity_assertion"],
                "identity_assertion": verified_email(),
            },
        }),
        Shape::OAuth => json!({
            "issuer": issuer,
            "authorization_endpoint": at(Step::Authorize),
            "token_endpoint": at(Step::Token),
            "registration_endpoint": at(Step::Register),
            "device_authorization_endpoint": at(Step::Device),
            "revocation_endpoint": at(Step::Revoke),
            "scopes_supported": profile.scopes_after,
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none"],
            "authorization_response_iss_parameter_supported": true,
        }),
        // It publishes nothing.
        Shape::Described(_) | Shape::Enrolled(_) => Value::Null,
        Shape::Closed(closed) => closed::server(world, profile, closed),
        Shape::HandedOver(Entry::Toll) => json!({
            "issuer": issuer,
            "token_endpoint": at(Step::Token),
            "revocation_endpoint": at(Step::Revoke),
            "grant_types_supported": [JWT_BEARER, CLAIM_GRANT, "refresh_token"],
            "scopes_supported": profile.scopes_after,
            "agent_auth": {
                "skill": at(Step::AuthMd),
                "identity_endpoint": at(Step::Register),
                "claim_endpoint": at(Step::Claim),
                "client_id": profile.client_id(),
                "identity_types_supported": ["anonymous"],
                "anonymous": {
                    "credential_types_supported": ["access_token"],
                    "proof_of_work": toll::published(world, profile),
                },
            },
        }),
        Shape::HandedOver(_) | Shape::Nested | Shape::Hybrid => json!({
            "issuer": issuer,
            "token_endpoint": at(Step::Token),
            "revocation_endpoint": at(Step::Revoke),
            "grant_types_supported": grant_types(profile),
            "agent_auth": {
                "skill": at(Step::AuthMd),
                "identity_endpoint": at(Step::Register),
                "claim_endpoint": at(Step::Claim),
                "identity_types_supported": ["anonymous", "service_auth"],
            },
        }),
    }
}

fn verified_email() -> Value {
    json!({"assertion_types_supported": ["verified_email"], "credential_types_supported": ["api_key"]})
}

fn grant_types(profile: &Profile) -> &'static [&'static str] {
    match profile.shape {
        Shape::ReadBack(_) => &["refresh_token"],
        Shape::HandedOver(_) => &[JWT_BEARER, CLAIM_GRANT],
        Shape::Nested => &[JWT_BEARER],
        Shape::Hybrid => &[CLAIM_GRANT],
        Shape::OAuth | Shape::Described(_) | Shape::Enrolled(_) | Shape::Closed(_) => &[],
    }
}

pub fn auth_md(world: &World, profile: &Profile) -> String {
    let name = profile.name;
    let at = |step| world.at(&profile.path(step));
    let (how, steps) = match profile.shape {
        Shape::ReadBack(_) => (
            "It hands out a credential once a human has read a\ncode from a mail back to the program that asked for it.",
            vec![
                format!("Register at {}", at(Step::Register)),
                format!("Claim at {} with the human's e-mail address", at(Step::Claim)),
                format!("Complete at {} with the code from {}", at(Step::Complete), world.at("/inbox")),
            ],
        ),
        Shape::Hybrid => (
            "It hands out a token once a human has read a\ncode from a mail back to the program that asked for it.",
            vec![
                format!(
                    "Register at {}, with the human's e-mail address as `login_hint` or without",
                    at(Step::Register)
                ),
                format!("Without: claim at {} with the human's `email`", at(Step::Claim)),
                format!("Send the `code` from {} to the `complete_url` of the registration", world.at("/inbox")),
                format!("Fetch the token at {}, once", at(Step::Token)),
            ],
        ),
        Shape::HandedOver(Entry::Free) => (
            "It hands out a token once a human has typed a\ncode, which the program shows, on a page of this service.",
            vec![
                format!(
                    "Register at {}, with the human's e-mail address as `login_hint` or without",
                    at(Step::Register)
                ),
                format!("Without: claim at {} with the human's `email`", at(Step::Claim)),
                "Show the human the code, and the page that takes it".to_owned(),
                format!("Ask {} until the human has decided", at(Step::Token)),
            ],
        ),
        // It publishes none.
        Shape::OAuth | Shape::Described(_) | Shape::Enrolled(_) => return String::new(),
        Shape::Closed(closed) => return closed::auth_md(world, profile, closed),
        Shape::HandedOver(Entry::Toll) => (
            "It hands out a token to a program that has\nworked for it, once a human has accepted the terms and typed a code on a page of this service.",
            vec![
                format!("Fetch a challenge at {}, and find its nonces", at(Step::Challenge)),
                format!("Let the human read {}", world.at(&profile.terms())),
                format!("Register at {} with the proof, the terms' version and one scope", at(Step::Register)),
                format!(
                    "Claim at {} with the human's `email`; show the code, and the page that takes it",
                    at(Step::Claim)
                ),
                format!(
                    "Ask {} as `{}` until the human has decided",
                    at(Step::Token),
                    profile.client_id().unwrap_or_default()
                ),
            ],
        ),
        Shape::Nested => (
            "It hands out an identity once a human has signed\nin to a page of this service and read the code on it back to the program.",
            vec![
                format!(
                    "Register at {}, with the human's e-mail address as `login_hint` or without",
                    at(Step::Register)
                ),
                format!("Without: claim at {} with it", at(Step::Claim)),
                format!("Complete at {} with the code from the page", at(Step::Complete)),
                format!("Exchange the assertion at {}", at(Step::Token)),
            ],
        ),
    };
    let steps: String = steps.iter().enumerate().map(|(nth, step)| format!("{}. {step}\n", nth + 1)).collect();
    format!("# Signing up to {name}\n\n{name} is a service of the authmd-tui sandbox. {how}\n\n{steps}")
}
