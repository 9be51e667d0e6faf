//! What a service tells the world about itself: resource metadata, server metadata, auth.md.

use serde_json::{Value, json};

use super::fault::Step;
use super::services::{HandsOut, Profile, Shape};
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
    let at = |step| world.at(&profile.path(step));
    let types = json!(["anonymous", "identity_assertion"]);
    let assertions =
        json!({"assertion_types_supported": ["verified_email"], "credential_types_supported": ["api_key"]});
    match profile.shape {
        Shape::ReadBack(HandsOut::KeySinceRegister) => json!({
            "issuer": world.at(profile.base),
            "agent_auth": {
                "skill": at(Step::AuthMd),
                "register_uri": at(Step::Register),
                "claim_uri": at(Step::Claim),
                "revocation_uri": at(Step::Revoke),
                "identity_types_supported": types,
                "identity_assertion": assertions,
            },
        }),
        Shape::ReadBack(hands_out) => json!({
            "issuer": world.at(profile.base),
            "token_endpoint": (hands_out == HandsOut::Tokens).then(|| at(Step::Token)),
            "revocation_endpoint": at(Step::Revoke),
            "agent_auth": {
                "skill": at(Step::AuthMd),
                "identity_endpoint": at(Step::Register),
                "claim_endpoint": at(Step::Claim),
                "identity_types_supported": types,
                "identity_assertion": assertions,
            },
        }),
    }
}

pub fn auth_md(world: &World, profile: &Profile) -> String {
    let name = profile.name;
    format!(
        "# Signing up to {name}\n\n{name} is a service of the authmd-tui sandbox. It hands out a credential once a human has read a\ncode from a mail back to the program that asked for it.\n\n1. Register at {}\n2. Claim at {} with the human's e-mail address\n3. Complete at {} with the code from {}\n",
        world.at(&profile.path(Step::Register)),
        world.at(&profile.path(Step::Claim)),
        world.at(&profile.path(Step::Complete)),
        world.at("/inbox"),
    )
}
