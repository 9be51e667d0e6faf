//! Every way in which services say no, brought to what it means for the walk.
//!
//! The code decides, then the status. Codes are kept as they came, for people who look them up. Where in an answer the
//! code stands is in `refusal/said.rs`, what a person is told of it in `refusal/told.rs`, and what a service asks for before
//! it says yes in `refusal/want.rs`.

mod said;
mod told;
mod want;

pub use want::{Want, puzzle};

use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::object;
use crate::http::Response;
use crate::json::Document;
use crate::secret::Secret;
use crate::trust;

/// The calls that a service can refuse, as the person is told of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Register,
    Claim,
    Complete,
    /// Looking whether the person has confirmed.
    Poll,
    /// An assertion for an access token.
    Exchange,
    Refresh,
    Revoke,
    /// A challenge for a proof of work.
    Challenge,
    /// Making this program known to an authorization server.
    ClientRegistration,
    /// An authorization, as its redirect tells it.
    Authorize,
    /// A code for a browser anywhere.
    Device,
    /// The code of an authorization for tokens.
    Redeem,
}

impl Step {
    /// "refused to …".
    pub fn verb(self) -> &'static str {
        match self {
            Step::Register => "register an account",
            Step::Claim => "begin the confirmation",
            Step::Complete => "accept the code",
            Step::Poll => "say whether you have confirmed",
            Step::Exchange => "hand out an access token",
            Step::Refresh => "renew the credential",
            Step::Revoke => "revoke the credential",
            Step::Challenge => "hand out a puzzle",
            Step::ClientRegistration => "register this program",
            Step::Authorize => "let you in",
            Step::Device => "hand out a code",
            Step::Redeem => "hand out a token",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// It does not register in this way; in another perhaps.
    WayOff,
    AgentOnly,
    UnsupportedCredentialType,
    RateLimited,
    /// The claim token is not, or no longer, known.
    ClaimTokenInvalid,
    ClaimExpired,
    AlreadyClaimed,
    /// Another ceremony for the same thing is open.
    InFlight,
    WrongCode,
    CodeExpired,
    /// The service waits for the person to open its mail or its page first.
    CodeNotReady,
    /// The person has not confirmed yet (RFC 8628, section 3.5).
    Pending,
    /// The same, and we ask too often.
    SlowDown,
    /// Somebody said no on the service's page.
    Denied,
    /// The address is not one that the service takes.
    BadAddress,
    /// It wants to look at the request first.
    WaitingList,
    /// Something is wanted before it says yes: see [`Refusal::want`].
    Wanted,
    /// The credential itself is dead.
    CredentialDead,
    /// The refresh token, the assertion or the claim is spent, revoked or too old.
    GrantDead,
    UnsupportedGrant,
    /// It does not want to hear for which resource a token is (RFC 8707, section 2).
    InvalidTarget,
    /// It wants to hear who the client is (RFC 6749, section 5.2).
    InvalidClient,
    /// The client is known, and may not do this (RFC 6749, sections 4.1.2.1 and 5.2).
    ClientNotAllowed,
    /// It registers only programs that it has chosen.
    NotAdmitted,
    /// The address that the browser is to bring the answer to is not one that it takes (RFC 7591, section 3.2.2).
    RedirectRefused,
    /// What a program says of itself is not taken (RFC 7591, section 3.2.2).
    ClientRefused,
    /// A token was handed out, and not said of which type it is (RFC 6749, section 5.1).
    TokenTypeUnknown,
    /// The endpoints are elsewhere now.
    Moved,
    InvalidRequest,
    /// The service is in trouble; the request may or may not have gone through.
    Unavailable,
    /// There is nothing behind the endpoint.
    NotThere,
    /// The answer could not be read.
    Unreadable,
    Other,
}

/// A no, with what the service said.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    pub meaning: Meaning,
    pub status: u16,
    /// The code as the service wrote it, cleaned.
    pub code: Option<String>,
    /// The service's own words, cleaned.
    pub message: Option<String>,
    pub retry_after: Option<SignedDuration>,
    /// What the service asks for before it says yes.
    pub want: Option<Box<Want>>,
}

/// Reads a no; `base` is where it came from.
pub fn refusal(response: &Response, step: Step, base: &Url, now: Timestamp) -> Refusal {
    let body = object(response).map(Document::new);
    let (code, message) = match body.as_deref() {
        Some(body) => said::code_and_message(body),
        None => (said::code_alone(response.body.expose()), None),
    };
    let want = body.as_deref().and_then(|body| want::read(code.as_deref(), said::inner(body), base));
    // To "is it done?", some say nothing until it is.
    let not_yet = step == Step::Poll && matches!(response.status, 202 | 204);
    let meaning = match code.as_deref().and_then(by_code) {
        _ if want.is_some() => Meaning::Wanted,
        // Whatever word it has for it: what is exchanged is not taken any more.
        Some(Meaning::CredentialDead | Meaning::CodeExpired) if step == Step::Exchange => Meaning::GrantDead,
        // An open registration does not want to be let in first.
        Some(Meaning::InvalidClient | Meaning::Denied) | None
            if step == Step::ClientRegistration && matches!(response.status, 401 | 403) =>
        {
            Meaning::NotAdmitted
        }
        Some(meaning) => meaning,
        None if not_yet => Meaning::Pending,
        None if response.is_success() && body.is_none() => Meaning::Unreadable,
        None => by_status(response.status, step),
    };
    Refusal {
        meaning,
        status: response.status,
        retry_after: said::retry_after(response, body.as_deref(), now),
        code,
        message,
        want: want.map(Box::new),
    }
}

fn by_code(code: &str) -> Option<Meaning> {
    Some(match code.to_ascii_lowercase().replace('-', "_").as_str() {
        "anonymous_not_enabled"
        | "anonymous_registration_disabled"
        | "service_auth_not_enabled"
        | "service_auth_registration_disabled"
        | "verified_email_not_enabled"
        | "auth_method_disabled"
        | "unsupported_identity_type" => Meaning::WayOff,
        "identity_assertion_not_enabled" | "issuer_not_enabled" | "login_required" => Meaning::AgentOnly,
        "unsupported_credential_type" => Meaning::UnsupportedCredentialType,
        "rate_limited" | "rate_limit_exceeded" | "too_many_requests" | "too_many_attempts" => Meaning::RateLimited,
        "invalid_claim_token" | "invalid_claim" => Meaning::ClaimTokenInvalid,
        "claim_expired" | "claim_revoked" => Meaning::ClaimExpired,
        "previously_claimed" | "already_claimed" => Meaning::AlreadyClaimed,
        "claimed_or_in_flight" | "claim_in_progress" => Meaning::InFlight,
        "otp_invalid" | "invalid_otp" | "invalid_user_code" | "user_code_invalid" => Meaning::WrongCode,
        "otp_expired" | "user_code_expired" | "expired_token" | "code_dead" | "expired" => Meaning::CodeExpired,
        "otp_not_generated" | "claim_not_confirmed" => Meaning::CodeNotReady,
        "authorization_pending" | "pending" => Meaning::Pending,
        "slow_down" => Meaning::SlowDown,
        "access_denied" | "claim_denied" | "denied" | "declined" | "rejected" => Meaning::Denied,
        "invalid_login_hint" | "email_mismatch" | "invalid_email" => Meaning::BadAddress,
        "approval_required" | "waitlisted" => Meaning::WaitingList,
        "credential_expired" | "token_expired" => Meaning::CredentialDead,
        "invalid_grant" | "invalid_refresh_token" | "assertion_expired" => Meaning::GrantDead,
        "unsupported_grant_type" => Meaning::UnsupportedGrant,
        "invalid_target" => Meaning::InvalidTarget,
        "invalid_client" => Meaning::InvalidClient,
        "unauthorized_client" => Meaning::ClientNotAllowed,
        "invalid_redirect_uri" => Meaning::RedirectRefused,
        "invalid_client_metadata" => Meaning::ClientRefused,
        "unapproved_software_statement" => Meaning::NotAdmitted,
        "endpoint_moved" => Meaning::Moved,
        "invalid_request" | "invalid_scope" | "validation_error" => Meaning::InvalidRequest,
        "temporarily_unavailable" | "server_error" | "internal_error" | "upstream_error" => Meaning::Unavailable,
        "not_implemented" => Meaning::NotThere,
        _ => return None,
    })
}

fn by_status(status: u16, step: Step) -> Meaning {
    match (status, step) {
        (429, _) => Meaning::RateLimited,
        (501, _) | (404 | 405, Step::Register | Step::Poll | Step::Exchange | Step::Challenge | Step::Device) => {
            Meaning::NotThere
        }
        (405, Step::Claim | Step::Complete) => Meaning::NotThere,
        (500.., _) => Meaning::Unavailable,
        (428, Step::Poll) => Meaning::Pending,
        (401 | 403, Step::Complete) => Meaning::WrongCode,
        (410, Step::Complete | Step::Poll) => Meaning::CodeExpired,
        (404, Step::Claim | Step::Complete) => Meaning::ClaimTokenInvalid,
        (410, Step::Claim) => Meaning::ClaimExpired,
        (409, Step::Register) => Meaning::AlreadyClaimed,
        (400 | 415 | 422, Step::Register | Step::Claim | Step::Complete) => Meaning::InvalidRequest,
        (401, Step::Revoke) => Meaning::CredentialDead,
        _ => Meaning::Other,
    }
}

impl Refusal {
    /// A no that came without an answer of its own: in a redirect (RFC 6749, section 4.1.2.1).
    pub fn of_code(code: String, message: Option<String>) -> Self {
        let meaning = by_code(&code).unwrap_or(Meaning::Other);
        Self { meaning, status: 0, code: Some(code), message, retry_after: None, want: None }
    }

    /// The same without what must not be seen: some services repeat in their words what they were sent.
    pub fn without<'a>(mut self, secrets: impl Iterator<Item = &'a Secret> + Clone) -> Self {
        self.code = self.code.map(|code| trust::without(&code, secrets.clone()));
        self.message = self.message.map(|message| trust::without(&message, secrets));
        self
    }

    /// Do the service's words name this member? As a word of its own: `scope` is not in `scopes`.
    pub fn mentions(&self, name: &str) -> bool {
        let words = |text: &str| {
            text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).any(|word| word.eq_ignore_ascii_case(name))
        };
        self.message.as_deref().is_some_and(words)
    }

    /// The code and status as a person may look them up: `rate_limited, 429`.
    pub fn verbatim(&self) -> String {
        match &self.code {
            Some(code) if self.status == 0 => code.clone(),
            Some(code) => format!("{code}, {}", self.status),
            None => self.status.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &str, step: Step) -> Refusal {
        let response = Response { status, headers: vec![], body: Secret::new(body) };
        refusal(&response, step, &base(), Timestamp::UNIX_EPOCH)
    }

    fn base() -> Url {
        Url::parse("https://auth.acme.dev/").expect("valid")
    }

    #[test]
    fn codes_are_found_in_every_shape() {
        for body in [
            r#"{"error":"otp_invalid","message":"Wrong"}"#,
            r#"{"error":"otp_invalid","error_description":"Wrong"}"#,
            r#"{"code":"otp_invalid","message":"Wrong"}"#,
            r#"{"error":{"code":"otp_invalid","message":"Wrong"}}"#,
            r#"{"err":"otp_invalid","description":"Wrong"}"#,
            r#"{"ok":false,"error":"otp_invalid","detail":"Wrong"}"#,
            r#"{"errors":[{"code":"otp_invalid","message":"Wrong"}]}"#,
        ] {
            let refusal = read(400, body, Step::Complete);
            assert_eq!(
                (refusal.meaning, refusal.code.as_deref(), refusal.message.as_deref()),
                (Meaning::WrongCode, Some("otp_invalid"), Some("Wrong")),
                "{body}"
            );
        }
    }

    #[test]
    fn without_a_code_the_status_decides() {
        let meaning = |status, step| read(status, r#"{"error":"OTP code incorrect"}"#, step).meaning;
        assert_eq!(meaning(401, Step::Complete), Meaning::WrongCode);
        assert_eq!(meaning(410, Step::Complete), Meaning::CodeExpired);
        assert_eq!(meaning(404, Step::Complete), Meaning::ClaimTokenInvalid);
        assert_eq!(meaning(404, Step::Register), Meaning::NotThere);
        assert_eq!(meaning(503, Step::Claim), Meaning::Unavailable);
        assert_eq!(read(200, "<html>", Step::Complete).meaning, Meaning::Unreadable);
        assert_eq!(read(200, "", Step::Complete).meaning, Meaning::Unreadable);
    }

    #[test]
    fn prose_in_place_of_a_code_is_the_services_words() {
        let refusal = read(400, "{\"error\":\"email and\\u001b[2J scope required\"}", Step::Claim);
        assert_eq!((refusal.code, refusal.message.as_deref()), (None, Some("email and [2J scope required")));
    }

    #[test]
    fn a_wait_is_read_wherever_it_is_said() {
        let wait = |headers: Vec<(String, String)>, body: &str| {
            let response = Response { status: 429, headers, body: Secret::new(body) };
            refusal(&response, Step::Claim, &base(), Timestamp::UNIX_EPOCH).problem("Acme", Step::Claim).hint
        };
        let header = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
        assert_eq!(wait(header("retry-after", "120"), ""), "Try again in 2 min.");
        assert_eq!(wait(header("retry-after", "Thu, 01 Jan 1970 01:00:00 GMT"), ""), "Try again in 60 min.");
        assert_eq!(wait(vec![], r#"{"retry_after": 30}"#), "Try again in 30 s.");
        for body in [
            r#"{"retry_after": "120"}"#,
            r#"{"retry_after": 119.5}"#,
            r#"{"error": {"code": "rate_limited", "retry_after": 120}}"#,
            r#"{"code": "too_many_requests", "retryAfter": 120}"#,
        ] {
            assert_eq!(wait(vec![], body), "Try again in 2 min.", "{body}");
        }
        assert_eq!(wait(header("x-ratelimit-reset", "7200"), ""), "Try again in 2 h.");
        assert_eq!(wait(header("x-ratelimit-reset-after", "120"), ""), "Try again in 2 min.");
        assert_eq!(wait(header("ratelimit-reset", "120"), ""), "Try again in 2 min.");
        for senseless in ["-1", "0", "9223372036854775807", "-9223372036854775808", "99999999", "soon", ""] {
            assert_eq!(wait(header("retry-after", senseless), ""), "Wait a while, then try again.", "{senseless}");
        }
        assert_eq!(wait(header("x-ratelimit-reset", "9223372036854775807"), ""), "Wait a while, then try again.");
        assert_eq!(wait(vec![], r#"{"retry_after": 9223372036854775807}"#), "Wait a while, then try again.");
    }
}
