//! An authorization server for OAuth, and an MCP server behind it, by their answers.

use serde_json::{Value, json};

use super::play::{Fake, answer};

pub const TARGET: &str = "https://mcp.acme.dev/v1";
pub const API: &str = "GET https://mcp.acme.dev/v1";
pub const RESOURCE: &str = "GET https://mcp.acme.dev/.well-known/oauth-protected-resource/v1";
pub const SERVER: &str = "GET https://auth.acme.dev/.well-known/oauth-authorization-server/t1";
pub const REGISTER: &str = "POST https://auth.acme.dev/t1/register";
pub const TOKEN: &str = "POST https://auth.acme.dev/t1/token";
pub const DEVICE: &str = "POST https://auth.acme.dev/t1/device";
pub const ISSUER: &str = "https://auth.acme.dev/t1";

pub fn metadata() -> Value {
    json!({
        "issuer": ISSUER,
        "authorization_endpoint": "https://auth.acme.dev/t1/authorize",
        "token_endpoint": "https://auth.acme.dev/t1/token",
        "registration_endpoint": "https://auth.acme.dev/t1/register",
        "device_authorization_endpoint": "https://auth.acme.dev/t1/device",
        "revocation_endpoint": "https://auth.acme.dev/t1/revoke",
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": ["notes.read", "notes.write", "offline_access"],
        "authorization_response_iss_parameter_supported": true,
    })
}

/// An MCP server behind an authorization server whose issuer has a path.
pub fn fake() -> Fake {
    let mut fake = Fake::default();
    let challenge = "Bearer realm=\"x\", scope=\"notes.read notes.write\"";
    let mut unauthorized = answer(401, "").expect("an answer");
    unauthorized.headers.push(("www-authenticate".into(), challenge.into()));
    fake.on(API, [Ok(unauthorized), answer(200, "{}")]);
    fake.json(RESOURCE, json!({"resource": TARGET, "resource_name": "Acme Notes", "authorization_servers": [ISSUER], "scopes_supported": ["all"]}));
    fake.json(SERVER, metadata());
    fake.on(REGISTER, [answer(201, r#"{"client_id":"client_1"}"#)]);
    fake.json(TOKEN, json!({"access_token": "at_1", "token_type": "Bearer", "expires_in": 3600, "refresh_token": "rt_1", "scope": "notes.read"}));
    fake.json(DEVICE, json!({"device_code": "dc_1", "user_code": "WDJB-47KQ", "verification_uri": "https://auth.acme.dev/d", "verification_uri_complete": "https://auth.acme.dev/d?c=WDJB-47KQ", "expires_in": 600, "interval": 5}));
    fake
}
