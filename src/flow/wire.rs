//! auth.md on the wire: the only place that knows how services spell things.
//!
//! Published documents become an [`Offer`], every answer becomes a [`Reply`], and every way of saying no becomes a
//! [`Refusal`]. The flows decide by these and by nothing else. What a document or an answer
//! holds counts, not the version it claims to be of (auth.md v0.1 to v0.7 are all spoken in the wild).

pub mod authorization;
mod form;
mod metadata;
mod refusal;
mod reply;
mod token;

pub use form::{Extras, Forms, canonical_code, claim_request, complete_request, register_request, scope_name};
pub use metadata::{
    Closed, Issuer, Offer, ResourceMetadata, Start, embedded_agent_auth, offer, resource_metadata_document,
    sendable_scopes,
};
pub use refusal::{Meaning, Refusal, Step, Want, puzzle, refusal};
pub use reply::{Attempt, Credential, Expiry, Granted, Handle, Refresh, RefreshAt, Reply, Standing, Token, reply};
pub use token::{
    Asking, exchange_request, grant_request, identity_request, refresh_request, revoke_request, view_request,
};

use crate::http::Response;
use crate::json;
use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// How this program names itself where a service wants to know.
const NAME: &str = "authmd-tui";

/// What an answer hands out, under whichever of the usual names.
pub fn handed_out(answer: &Value, now: Timestamp) -> Granted {
    reply::granted::granted(answer, None, now)
}

/// The JSON object in a response, whatever its content type says.
pub fn object(response: &Response) -> Option<Value> {
    json::read(response.body.expose()).filter(Value::is_object)
}

/// How far the clock of who answered is ahead of ours, by its `Date` (RFC 9110, section 6.6.1), to the second.
pub fn clock_offset(response: &Response, now: Timestamp) -> Option<SignedDuration> {
    let date = response.header("date").next()?;
    let theirs = rfc2822::parse(date).ok()?.timestamp();
    Some(SignedDuration::from_secs(theirs.as_second() - now.as_second()))
}

/// The part of an answer that matters: members of an envelope (`{ok, data}`, `{registration: {…}}`) are lifted out of it.
fn payload(mut answer: Value) -> Value {
    let wrapped = |name: &&str| answer.get(name).is_some_and(Value::is_object);
    let name = ["data", "registration", "result"].into_iter().find(|name| wrapped(name));
    let inner = name.and_then(|name| answer.as_object_mut()?.remove(name));
    match (answer, inner) {
        (Value::Object(mut outer), Some(Value::Object(inner))) => {
            outer.extend(inner);
            Value::Object(outer)
        }
        (answer, _) => answer,
    }
}

/// The `resource_metadata` parameter of a challenge (RFC 9728, section 5.1).
pub fn resource_metadata(header: &str) -> Option<String> {
    challenge_parameter(header, "resource_metadata")
}

/// A parameter of a challenge (RFC 9110, section 11.2), quoted or not. One of that name inside another one's quotes is not it.
pub fn challenge_parameter(header: &str, name: &str) -> Option<String> {
    let mut rest = header;
    while !rest.is_empty() {
        if rest.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)) {
            let after = rest[name.len()..].trim_start();
            if let Some(value) = after.strip_prefix('=') {
                return Some(parameter_value(value.trim_start())).filter(|value| !value.is_empty());
            }
        }
        let token = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).unwrap_or(rest.len());
        rest = match &rest[token..] {
            after if after.starts_with('"') => quoted(&after[1..]).1,
            after => after.get(after.chars().next().map_or(0, char::len_utf8)..).unwrap_or(""),
        };
    }
    None
}

fn parameter_value(text: &str) -> String {
    match text.strip_prefix('"') {
        Some(inside) => quoted(inside).0,
        None => text.split(|c: char| c.is_whitespace() || c == ',').next().unwrap_or("").to_owned(),
    }
}

/// A quoted string from behind its first quote, and what follows it (RFC 9110, section 5.6.4).
fn quoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, &text[at + 1..]),
            '\\' => value.extend(chars.next().map(|(_, escaped)| escaped)),
            c => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_read_as_servers_write_it() {
        let cases = [
            (r#"Bearer resource_metadata="https://a.dev/p""#, Some("https://a.dev/p")),
            (r#"Bearer realm="a, b", resource_metadata = https://a.dev/p, scope="x""#, Some("https://a.dev/p")),
            (r#"Negotiate abc==, Bearer Resource_Metadata="https://a.dev/p""#, Some("https://a.dev/p")),
            (r#"Bearer realm="resource_metadata=https://evil.dev""#, None),
            (
                r#"Bearer realm="\"resource_metadata=x\"", resource_metadata="https://a.dev/\"p""#,
                Some("https://a.dev/\"p"),
            ),
            (r#"Bearer x_resource_metadata="https://evil.dev""#, None),
            ("Bearer resource_metadata=", None),
            ("Bearer “ü” resource_metadata=\"open", Some("open")),
            ("", None),
        ];
        for (header, expected) in cases {
            assert_eq!(resource_metadata(header).as_deref(), expected, "{header}");
        }
    }
}
