//! Where in a no the service says what: the code, its words, and how long to wait.

use jiff::{SignedDuration, Timestamp, fmt::rfc2822};
use serde_json::Value;

use super::by_code;
use crate::http::Response;
use crate::{json, trust};

/// The code and the message, in any of the shapes seen: `{error, message}`, `{error: {code, message}}`, `{error: "prose"}`,
/// `{code, message}`, `{err, description}`, problem details (RFC 9457), and what frameworks make of an exception.
pub fn code_and_message(body: &Value) -> (Option<String>, Option<String>) {
    let inside = inner(body);
    let message = json::text(inside, &["message", "error_description", "description", "detail", "title"])
        .or_else(|| json::text(body, &["message"]));
    let said: Vec<&str> = ["error", "code", "error_code", "err", "type", "status", "state"]
        .iter()
        .filter_map(|name| json::text(inside, &[name]))
        .collect();
    let codes = || said.iter().copied().filter(|text| is_code(text));
    // Some put the code where the words belong (NestJS, FastAPI), or at the end of an address (RFC 9457).
    let elsewhere = || said.iter().copied().filter_map(|text| text.rsplit(['/', '#', ':']).next()).chain(message);
    let known = |code: &&str| by_code(code).is_some();
    let code = codes().find(known).or_else(|| elsewhere().find(known)).or_else(|| codes().next());

    let prose = said.iter().copied().find(|text| !is_code(text));
    let complaints = complaints(inside).or_else(|| complaints(body));
    let words = match (message.or(prose), complaints) {
        // Without a code, which member is wrong is all there is to go by.
        (Some(words), Some(complaints)) if code.is_none() => Some(format!("{words} ({complaints})")),
        (words, complaints) => words.map(str::to_owned).or(complaints),
    };
    (code.map(str::to_owned), words.map(|text| trust::clean(&text, 200)).filter(|text| !text.is_empty()))
}

/// The code of an answer that is a code and nothing else.
pub fn code_alone(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| by_code(text).is_some()).map(str::to_owned)
}

/// The object that tells the error: the one under its name, the first of several, or all of it.
pub fn inner(body: &Value) -> &Value {
    match json::member(body, &["error", "errors", "detail"]) {
        Some(nested @ Value::Object(members)) if !members.values().all(Value::is_array) => nested,
        Some(Value::Array(several)) => match several.first() {
            Some(first) if first.is_object() && complaint(first).is_none() => first,
            _ => body,
        },
        _ => body,
    }
}

/// What is wrong with which member, as frameworks list it: `{detail: [{loc, msg}]}`, `{issues: [{path, message}]}`,
/// `{errors: {member: [words]}}`.
fn complaints(body: &Value) -> Option<String> {
    let said: Vec<String> = match json::member(body, &["detail", "issues", "errors"])? {
        Value::Array(several) => several.iter().filter_map(complaint).collect(),
        Value::Object(members) => members
            .iter()
            .filter_map(|(name, words)| Some(format!("{name}: {}", words.get(0).unwrap_or(words).as_str()?)))
            .collect(),
        _ => return None,
    };
    (!said.is_empty()).then(|| said.join(" "))
}

fn complaint(listed: &Value) -> Option<String> {
    let place = json::list(listed, &["path", "loc", "field", "property"])?.pop()?;
    Some(format!("{place}: {}", json::text(listed, &["msg", "message"]).unwrap_or_default()))
}

/// A word for machines: no blanks, nothing to clean.
fn is_code(text: &str) -> bool {
    text.len() <= 64 && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

/// Who is to wait for longer is not helped by being told how long.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(31 * 24);
/// Numbers above are moments, in seconds since 1970, and above that in milliseconds.
const MOMENT_FROM: i64 = 1_000_000_000;
const MILLISECONDS_FROM: i64 = 1_000_000_000_000;

/// When the service wants to be asked again: `Retry-After` (RFC 9110, section 10.2.3), a member of the body, or the reset
/// of a rate limit.
pub fn retry_after(response: &Response, body: Option<&Value>, now: Timestamp) -> Option<SignedDuration> {
    let header = response.header("retry-after").next().and_then(|text| match text.trim().parse::<i64>() {
        Ok(seconds) => Some(SignedDuration::from_secs(seconds)),
        Err(_) => rfc2822::parse(text).ok().map(|moment| moment.timestamp().duration_since(now)),
    });
    let named = |body| json::member(body, &["retry_after", "retry_after_seconds"]);
    let member = || match named(inner(body?)).or_else(|| named(body?))? {
        Value::String(text) => text.trim().parse().ok().map(SignedDuration::from_secs),
        number => number.as_i64().or_else(|| Some(number.as_f64()?.ceil() as i64)).map(SignedDuration::from_secs),
    };
    let reset = || {
        let names = ["x-ratelimit-reset", "x-ratelimit-reset-after", "ratelimit-reset"];
        let number: i64 = names.iter().find_map(|name| response.header(name).next())?.trim().parse().ok()?;
        Some(SignedDuration::from_secs(match number {
            MILLISECONDS_FROM.. => (number / 1_000).saturating_sub(now.as_second()),
            MOMENT_FROM.. => number.saturating_sub(now.as_second()),
            _ => number,
        }))
    };
    header.or_else(member).or_else(reset).filter(|wait| wait.is_positive() && *wait <= LONGEST_WAIT)
}
