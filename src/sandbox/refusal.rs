//! Every way in which a service says no: the codes of the protocol, the status of each, and how it is spelled.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

/// Error codes and the status each comes with, as the published sample services answer.
pub const CODES: &[(&str, u16)] = &[
    ("anonymous_not_enabled", 400),
    ("verified_email_not_enabled", 400),
    ("service_auth_not_enabled", 400),
    ("identity_assertion_not_enabled", 400),
    ("issuer_not_enabled", 400),
    ("login_required", 401),
    ("interaction_required", 401),
    ("unsupported_credential_type", 400),
    ("invalid_request", 400),
    ("rate_limited", 429),
    ("too_many_requests", 429),
    ("too_many_attempts", 429),
    ("invalid_claim_token", 401),
    ("claim_expired", 410),
    ("previously_claimed", 409),
    ("claimed_or_in_flight", 409),
    ("otp_invalid", 401),
    ("invalid_otp", 401),
    ("otp_expired", 410),
    ("otp_not_generated", 400),
    ("credential_expired", 401),
    ("invalid_grant", 400),
    ("endpoint_moved", 410),
    ("temporarily_unavailable", 503),
    ("server_error", 500),
    ("not_implemented", 501),
    ("internal_error", 500),
    // auth.md v0.4 to v0.6
    ("authorization_pending", 400),
    ("slow_down", 400),
    ("expired_token", 400),
    ("access_denied", 400),
    ("invalid_login_hint", 400),
    ("email_mismatch", 400),
    ("invalid_target", 400),
    ("unsupported_grant_type", 400),
    // what some ask of a program
    ("proof_of_work_required", 400),
    ("invalid_challenge", 400),
    ("tos_required", 400),
    ("invalid_scope", 400),
    ("invalid_client", 401),
    // OAuth client registration
    ("invalid_redirect_uri", 400),
    ("invalid_client_metadata", 400),
    ("unapproved_software_statement", 403),
    ("requires_funding", 402),
    ("account_claim_required", 403),
    // auth.md v0.7
    ("anonymous_registration_disabled", 403),
    ("service_auth_registration_disabled", 403),
    ("auth_method_disabled", 403),
    ("invalid_claim", 400),
    ("claim_not_confirmed", 409),
    ("claim_denied", 403),
    ("claim_revoked", 410),
    ("already_claimed", 409),
    ("invalid_user_code", 401),
    ("user_code_invalid", 401),
    ("code_dead", 410),
    ("user_code_expired", 410),
    ("invalid_refresh_token", 400),
    ("rate_limit_exceeded", 429),
];

/// A no on the way to becoming an answer. Most are a code and nothing else.
#[derive(Debug)]
pub struct Refused {
    code: &'static str,
    message: Option<&'static str>,
    /// What the answer holds beside the code.
    members: Map<String, Value>,
}

/// The ways of writing a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// `{error, message}`
    Message,
    /// `{error, error_description}`: RFC 6749, section 5.2.
    Description,
    /// `{code, message}`
    Code,
}

pub type Answer = Result<Value, Refused>;

impl From<&'static str> for Refused {
    fn from(code: &'static str) -> Self {
        Self { code, message: None, members: Map::new() }
    }
}

impl Refused {
    /// With what a program needs to do better.
    pub fn with(mut self, members: Value) -> Self {
        if let Value::Object(members) = members {
            self.members.extend(members);
        }
        self
    }

    /// In words of its own.
    pub fn because(mut self, message: &'static str) -> Self {
        self.message = Some(message);
        self
    }

    pub fn code(&self) -> &'static str {
        self.code
    }

    pub fn response(self, spelling: Spelling) -> Response {
        let status = CODES.iter().find(|(name, _)| *name == self.code).map_or(400, |(_, status)| *status);
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        let said = || format!("The sandbox says {}.", self.code.replace('_', " "));
        let message = self.message.map_or_else(said, str::to_owned);
        let mut body = match spelling {
            Spelling::Message => json!({"error": self.code, "message": message}),
            Spelling::Description => json!({"error": self.code, "error_description": message}),
            Spelling::Code => json!({"code": self.code, "message": message}),
        };
        self.members.into_iter().for_each(|(name, value)| body[name] = value);
        let mut response = (status, axum::Json(body)).into_response();
        if status == StatusCode::TOO_MANY_REQUESTS {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("120"));
        }
        response
    }
}

pub fn answered(answer: Answer, spelling: Spelling) -> Response {
    match answer {
        Ok(answer) => axum::Json(answer).into_response(),
        Err(refused) => refused.response(spelling),
    }
}
