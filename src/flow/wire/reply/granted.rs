//! What an answer hands out: a credential in one of many dresses, what gets the next one, and when each of it ends.

use jiff::Timestamp;
use serde_json::Value;

use super::cleaned;
use crate::account::LayerKind;
use crate::http::Presentation;
use crate::secret::Secret;
use crate::{json, trust};

const CREDENTIAL: &[&str] = &["credential", "api_key", "access_token", "key", "api_token"];
const CREDENTIAL_EXPIRES: &[&str] = &["credential_expires", "credential_expires_at", "api_key_expires_at"];
const EXPIRES: &[&str] =
    &["credential_expires", "credential_expires_at", "api_key_expires_at", "expires_at", "expires"];
const ASSERTION_EXPIRES: &[&str] = &["assertion_expires", "assertion_expires_at", "identity_assertion_expires"];

/// What was handed out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Granted {
    pub credential: Option<Credential>,
    /// When the credential ends, or the one held before that is upgraded.
    pub expiry: Expiry,
    pub assertion: Option<Token>,
    pub refresh: Option<Refresh>,
    pub scopes: Option<Vec<String>>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Credential {
    pub secret: Secret,
    pub kind: LayerKind,
    pub presentation: Presentation,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Expiry {
    #[default]
    Unsaid,
    Never,
    At(Timestamp),
}

impl Expiry {
    /// `before` where nothing is said.
    pub fn or(self, before: Option<Timestamp>) -> Option<Timestamp> {
        match self {
            Expiry::Unsaid => before,
            Expiry::Never => None,
            Expiry::At(end) => Some(end),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    pub secret: Secret,
    pub expires_at: Option<Timestamp>,
}

/// A token that gets what comes next.
#[derive(Debug, Clone, PartialEq)]
pub struct Refresh {
    pub token: Token,
    pub at: RefreshAt,
}

/// Who takes a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefreshAt {
    /// The token endpoint, for an access token (RFC 6749, section 6).
    TokenEndpoint,
    /// The identity endpoint, for an assertion (auth.md v0.7).
    IdentityEndpoint,
}

/// All of it; `pre_claim` are the scopes that go with it where the answer sets those apart.
pub fn granted(answer: &Value, pre_claim: Option<Vec<String>>, now: Timestamp) -> Granted {
    let identity = json::member(answer, &["identity"]).filter(|identity| identity.is_object());
    let credential = credential(answer);
    // A bare `expires_at` beside a bare status may be the claim's; beside a credential it is the credential's.
    let block = json::member(answer, CREDENTIAL).filter(|block| block.is_object()).unwrap_or(answer);
    let names = if credential.is_some() { EXPIRES } else { CREDENTIAL_EXPIRES };
    let spans: &[&str] = if credential.is_some() { &["credential_expires_in", "expires_in"] } else { &[] };
    let end = json::moment(block, names, spans, now).or_else(|| json::moment(answer, names, spans, now));
    let says_never = || names.iter().any(|name| answer.get(name).is_some_and(|value| value.is_null() || value == 0));
    let flat = sendable(answer, &["identity_assertion"]).map(|assertion| Token {
        secret: Secret::new(assertion),
        expires_at: json::moment(answer, ASSERTION_EXPIRES, &["assertion_expires_in"], now),
    });
    let nested = || {
        let assertion = sendable(identity?, &["assertion"])?;
        let expires_at = json::moment(identity?, &["expires_at", "expires"], &["expires_in"], now);
        Some(Token { secret: Secret::new(assertion), expires_at })
    };
    Granted {
        credential,
        expiry: match end {
            Some(end) => Expiry::At(end),
            None if says_never() => Expiry::Never,
            None => Expiry::Unsaid,
        },
        assertion: flat.or_else(nested),
        refresh: refresh(answer, now).or_else(|| identity_refresh(identity?, now)),
        scopes: pre_claim.or_else(|| json::list(answer, &["scopes", "scope", "pre_claim_scopes"])).map(cleaned),
    }
}

/// The credential under any of its names, as a text or as an object with the text in it.
fn credential(answer: &Value) -> Option<Credential> {
    let block = json::member(answer, CREDENTIAL).filter(|block| block.is_object()).unwrap_or(answer);
    let kind = match json::text(answer, &["credential_type"]) {
        Some("access_token") => LayerKind::AccessToken,
        Some("api_key") => LayerKind::ApiKey,
        _ if json::text(block, &["access_token"]).is_some() => LayerKind::AccessToken,
        _ => LayerKind::ApiKey,
    };
    let made = |secret, presentation| Some(Credential { secret, kind, presentation });
    if let Some(cookie) = sendable(block, &["session_cookie", "cookie"]) {
        return made(Secret::new(cookie), Presentation::Cookie);
    }
    let inside = |names: &[&str]| sendable(block, names).filter(|_| block != answer);
    let second =
        || sendable(block, &["api_secret", "secret", "client_secret"]).or_else(|| inside(&["password", "key_secret"]));
    let first = sendable(block, CREDENTIAL)
        .or_else(|| inside(&["value", "token"]))
        .or_else(|| inside(&["client_id", "username", "key_id"]).filter(|_| second().is_some()));
    match (first, second()) {
        // Two parts, as user and password (RFC 7617).
        (Some(first), Some(second)) => made(Secret::new(format!("{first}:{second}")), Presentation::Basic),
        (Some(only), None) => made(Secret::new(only), Presentation::Bearer),
        // Of an object that is a key, its secret is the key.
        (None, Some(only)) => made(Secret::new(only), Presentation::Bearer).filter(|_| block != answer),
        (None, None) => None,
    }
}

/// A secret that can be sent and printed: what holds control or other unseen characters is none, and a way into a terminal.
pub fn sendable<'a>(object: &'a Value, names: &[&str]) -> Option<&'a str> {
    json::text(object, names).filter(|text| !trust::has_invisible(text))
}

fn refresh(answer: &Value, now: Timestamp) -> Option<Refresh> {
    const EXPIRES: &[&str] = &["refresh_token_expires_at", "refresh_token_expires", "refresh_expires_at"];
    const EXPIRES_IN: &[&str] = &["refresh_token_expires_in", "refresh_expires_in"];
    let secret = Secret::new(sendable(answer, &["refresh_token"])?);
    let token = Token { secret, expires_at: json::moment(answer, EXPIRES, EXPIRES_IN, now) };
    Some(Refresh { token, at: RefreshAt::TokenEndpoint })
}

fn identity_refresh(identity: &Value, now: Timestamp) -> Option<Refresh> {
    let block = json::member(identity, &["refresh_token"])?;
    let text = sendable(identity, &["refresh_token"]).or_else(|| sendable(block, &["value", "token"]))?;
    let token = Token {
        secret: Secret::new(text),
        expires_at: json::moment(block, &["expires_at", "expires"], &["expires_in"], now),
    };
    Some(Refresh { token, at: RefreshAt::IdentityEndpoint })
}

/// The name of a client: of visible characters (RFC 6749, appendix A.1), and no longer than any that are given out.
pub fn client_id(object: &Value) -> Option<String> {
    const LONGEST: usize = 400;
    let name = sendable(object, &["client_id"])?;
    (name.len() <= LONGEST).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn handed_out(body: Value) -> Granted {
        granted(&body, None, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn what_is_handed_out_comes_in_many_dresses() {
        let credential = |body| {
            let credential = handed_out(body).credential.expect("a credential");
            (credential.secret.expose().to_owned(), credential.kind, credential.presentation)
        };
        let key = |text: &str| (text.to_owned(), LayerKind::ApiKey, Presentation::Bearer);
        assert_eq!(credential(json!({"api_key": "sk"})), key("sk"));
        assert_eq!(credential(json!({"credential": {"type": "api_key", "value": "sk"}})), key("sk"));
        assert_eq!(
            credential(json!({"credential": {"session_cookie": "s=1"}})),
            ("s=1".into(), LayerKind::ApiKey, Presentation::Cookie)
        );
        assert_eq!(
            credential(json!({"api_key": "k", "api_secret": "s"})),
            ("k:s".into(), LayerKind::ApiKey, Presentation::Basic)
        );
        let nested = handed_out(
            json!({"status": "claimed", "identity": {"assertion": "jwt", "expires_at": "1970-01-02T00:00:00Z",
            "refresh_token": {"value": "rt", "expires_at": "1970-02-01T00:00:00Z"}}}),
        );
        assert_eq!(nested.assertion.map(|token| token.expires_at), Some(Timestamp::from_second(86_400).ok()));
        assert_eq!(nested.refresh.map(|refresh| refresh.at), Some(RefreshAt::IdentityEndpoint));
    }

    #[test]
    fn an_end_is_said_denied_or_not_said() {
        let expiry = |body| handed_out(body).expiry;
        assert_eq!(expiry(json!({"credential": "sk", "credential_expires": null})), Expiry::Never);
        assert_eq!(expiry(json!({"credential": "sk"})), Expiry::Unsaid);
        assert_eq!(expiry(json!({"status": "claimed", "expires_in": 60})), Expiry::Unsaid);
        let end = Expiry::At(Timestamp::from_second(2_592_000).expect("in range"));
        for said in [
            json!({"credential": "sk", "credential_expires": "1970-01-31T00:00:00.000Z"}),
            json!({"credential": "sk", "expires_at": 2_592_000}),
            json!({"credential": "sk", "expires_at": "2592000"}),
            json!({"credential": "sk", "expires_in": 2_592_000}),
            json!({"credential": "sk", "expires_in": "2592000"}),
            json!({"credential": "sk", "credential_expires_in": 2_592_000}),
            json!({"credential": "sk", "expires_at": "1970-01-31T00:00:00"}),
            json!({"credential": "sk", "expires_at": "1970-01-31 00:00:00.000000+00:00"}),
            json!({"credential": "sk", "expires_at": "1970-01-31T01:00:00+01:00", "expires_in": 0}),
            json!({"credential": {"value": "sk", "expires_at": "1970-01-31T00:00:00Z"}}),
            json!({"api_key": {"key": "sk", "expires_at": "1970-01-31T00:00:00Z"}}),
            json!({"api_key": "sk", "api_key_expires_at": "1970-01-31T00:00:00Z"}),
            json!({"access_token": {"token": "sk", "expires_in": 2_592_000}}),
        ] {
            assert_eq!(expiry(said.clone()), end, "{said}");
        }
        let milliseconds = expiry(json!({"credential": "sk", "credential_expires": 1_780_000_000_000_i64}));
        assert_eq!(milliseconds, Expiry::At(Timestamp::from_second(1_780_000_000).expect("in range")));
    }

    #[test]
    fn what_could_not_be_sent_is_no_credential() {
        const BAD: &str = "sk_1\u{1b}]52;c;";
        for body in [
            json!({"credential": BAD}),
            json!({"credential": {"value": BAD}}),
            json!({"credential": {"session_cookie": BAD}}),
            json!({"access_token": BAD}),
            json!({"identity_assertion": BAD}),
            json!({"identity": {"assertion": BAD, "refresh_token": BAD}}),
            json!({"identity": {"refresh_token": {"value": BAD}}}),
            json!({"refresh_token": BAD}),
        ] {
            let mut answer = body.clone();
            answer["claim_token"] = json!("clm");
            assert_eq!(handed_out(answer), Granted::default(), "{body}");
        }
    }
}
