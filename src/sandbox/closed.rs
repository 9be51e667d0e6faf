//! Services that nobody can walk into, each for a reason seen in the wild: what their calls answer.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::fault::Step;
use super::handed_over::CLAIM_GRANT;
use super::identities::JWT_BEARER;
use super::refusal::{Answer, Spelling, answered};
use super::services::{Closed, Profile};
use super::world::{World, text, token};

/// The server metadata of a service without a way in.
pub fn server(world: &World, profile: &Profile, closed: Closed) -> Value {
    let at = |step| world.at(&profile.path(step));
    let issuer = world.at(profile.base);
    match closed {
        Closed::AuthMd | Closed::Empty => json!({
            "issuer": issuer,
            "agent_auth": {
                "skill": at(Step::AuthMd),
                "register_uri": at(Step::Register),
                "identity_types_supported": ["anonymous"],
            },
        }),
        Closed::NoType => json!({
            "issuer": issuer,
            "agent_auth": {
                "skill": at(Step::AuthMd),
                "register_uri": at(Step::Register),
                "identity_types_supported": ["none"],
            },
        }),
        Closed::Stub => json!({
            "issuer": issuer,
            "token_endpoint": at(Step::Token),
            "revocation_endpoint": at(Step::Revoke),
            "grant_types_supported": [JWT_BEARER, CLAIM_GRANT],
            "agent_auth": {
                "skill": at(Step::AuthMd),
                "identity_endpoint": at(Step::Register),
                "claim_endpoint": at(Step::Claim),
                "identity_types_supported": ["anonymous", "service_auth"],
            },
        }),
        Closed::OAuth => json!({
            "issuer": issuer,
            "registration_endpoint": at(Step::Register),
            "authorization_endpoint": at(Step::Claim),
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "agent_auth": {
                "skill": at(Step::AuthMd),
                "register_uri": at(Step::Register),
                "claim_uri": at(Step::Claim),
                "identity_types_supported": ["anonymous"],
            },
        }),
        Closed::Prose => Value::Null,
        Closed::AgentsOnly => json!({
            "issuer": issuer,
            "token_endpoint": at(Step::Token),
            "grant_types_supported": [JWT_BEARER],
            "agent_auth": {
                "skill": at(Step::AuthMd),
                "identity_endpoint": at(Step::Register),
                "identity_types_supported": ["identity_assertion"],
                "identity_assertion": {"assertion_types_supported": ["urn:ietf:params:oauth:token-type:id-jag"]},
            },
        }),
    }
}

pub fn auth_md(world: &World, profile: &Profile, closed: Closed) -> String {
    let name = profile.name;
    let what = match closed {
        Closed::Prose => format!(
            "There is no call for it. A person makes a key in two steps:\n\n1. Open an account: {}\n2. Make a key there: {}\n\n\
             Send the key as `Authorization: Bearer …`. Keys work until you delete them.\n",
            world.at("/prose/account"),
            world.at("/prose/keys"),
        ),
        Closed::AgentsOnly => {
            "Agents sign up with an assertion of their platform (ID-JAG). A person makes a key on the web site.\n"
                .into()
        }
        Closed::AuthMd | Closed::NoType | Closed::Stub | Closed::OAuth | Closed::Empty => {
            "This page is here because pages like it are looked for.\n".to_owned()
        }
    };
    format!("# Signing up to {name}\n\n{name} is a service of the authmd-tui sandbox.\n\n{what}")
}

pub fn answer(step: Step, closed: Closed, body: &[u8]) -> Response {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    match closed {
        Closed::Stub => {
            (StatusCode::NOT_IMPLEMENTED, axum::Json(json!({"error": "not_implemented", "enabled": false})))
                .into_response()
        }
        Closed::OAuth if step == Step::Register => match client(&body) {
            Ok(client) => (StatusCode::CREATED, axum::Json(client)).into_response(),
            refused => answered(refused, Spelling::Description),
        },
        Closed::Empty => axum::Json(json!({"registration_id": "public", "scopes": []})).into_response(),
        Closed::AgentsOnly => answered(agents_only(&body), Spelling::Message),
        Closed::OAuth | Closed::AuthMd | Closed::NoType | Closed::Prose => StatusCode::NOT_FOUND.into_response(),
    }
}

fn agents_only(body: &Value) -> Answer {
    Err(match text(body, "type") {
        "anonymous" => "anonymous_not_enabled",
        "service_auth" => "service_auth_not_enabled",
        // No platform is known here.
        "identity_assertion" => "issuer_not_enabled",
        _ => "invalid_request",
    }
    .into())
}

/// Client registration (RFC 7591): it knows nothing of people who sign up.
fn client(body: &Value) -> Answer {
    let redirects = body.get("redirect_uris").filter(|uris| uris.as_array().is_some_and(|uris| !uris.is_empty()));
    let redirects = redirects.ok_or("invalid_redirect_uri")?;
    Ok(json!({"client_id": token("client"), "redirect_uris": redirects, "token_endpoint_auth_method": "none"}))
}
