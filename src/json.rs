//! Reading JSON that strangers wrote.
//!
//! Services spell one thing many ways (`claim_token`, `claimToken`), wrap answers in envelopes, and write moments as text,
//! seconds or milliseconds. These readers take all of that and never fail: what is not there, or is of another type, is
//! `None`.

use std::fmt;
use std::ops::Deref;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};
use zeroize::Zeroize;

/// A document with secrets in it. Its texts are wiped when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Document(Value);

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Document(…)")
    }
}

impl Document {
    pub fn new(value: Value) -> Self {
        Self(value)
    }

    pub fn into_value(mut self) -> Value {
        std::mem::take(&mut self.0)
    }
}

impl Deref for Document {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.0
    }
}

impl Drop for Document {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The most members and items that are read. Metadata has a hundred; a megabyte of `{}` would be a hundred in memory.
const MOST_VALUES: usize = 20_000;

/// What a stranger wrote, if it is JSON of a reasonable shape: not too deep (the parser's own limit) and not of too many parts.
pub fn read(text: &str) -> Option<Value> {
    let parts = text.bytes().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count();
    if parts > MOST_VALUES {
        return None;
    }
    serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()
}

/// The first member of `object` with one of these names; `claim_token` also finds `claimToken` and `Claim-Token`.
pub fn member<'a>(object: &'a Value, names: &[&str]) -> Option<&'a Value> {
    let object = object.as_object()?;
    names.iter().find_map(|name| exact(object, name).or_else(|| folded(object, name)))
}

fn exact<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.get(name).filter(|value| !value.is_null())
}

fn folded<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let fold = |text: &str| text.chars().filter(|c| *c != '_' && *c != '-').collect::<String>().to_lowercase();
    let wanted = fold(name);
    object.iter().find(|(key, value)| !value.is_null() && fold(key) == wanted).map(|(_, value)| value)
}

/// A text that is not blank.
pub fn text<'a>(object: &'a Value, names: &[&str]) -> Option<&'a str> {
    member(object, names)?.as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// A list of texts: an array, or one string with blanks between (as OAuth writes scopes, RFC 6749 section 3.3).
pub fn list(object: &Value, names: &[&str]) -> Option<Vec<String>> {
    match member(object, names)? {
        Value::Array(items) => Some(items.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
        Value::String(text) => Some(text.split_whitespace().map(str::to_owned).collect()),
        _ => None,
    }
}

/// `expires_in`-like seconds from `now` under one of `spans`, or a moment under one of `names`.
pub fn moment(object: &Value, names: &[&str], spans: &[&str], now: Timestamp) -> Option<Timestamp> {
    let seconds = member(object, spans).and_then(|span| match span {
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().map(|seconds| seconds as i64)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    });
    // A span counts by our clock; a moment is by theirs, which may be wrong.
    match seconds.filter(|seconds| *seconds > 0) {
        Some(seconds) => now.checked_add(SignedDuration::from_secs(seconds)).ok(),
        None => member(object, names).and_then(timestamp),
    }
}

/// ISO 8601 with an offset, epoch seconds, or epoch milliseconds; a zero means "never" and is no moment.
pub fn timestamp(value: &Value) -> Option<Timestamp> {
    /// Epoch seconds reach this in the year 5138; epoch milliseconds passed it in 1973.
    const MILLISECONDS_FROM: i64 = 100_000_000_000;
    let number = match value {
        Value::String(text) => match text.trim().parse::<Timestamp>() {
            Ok(moment) => return Some(moment),
            Err(_) => match text.trim().parse::<i64>() {
                Ok(number) => number,
                // Without an offset it is meant as UTC (Python writes it so); the AWS command line once wrote that name behind it.
                Err(_) => {
                    let text = text.trim().trim_end_matches("UTC");
                    let civil: jiff::civil::DateTime = text.parse().ok().filter(|_| text.contains(':'))?;
                    return civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|moment| moment.timestamp());
                }
            },
        },
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().map(|seconds| seconds as i64))?,
        _ => return None,
    };
    match number {
        ..=0 => None,
        MILLISECONDS_FROM.. => Timestamp::from_millisecond(number).ok(),
        _ => Timestamp::from_second(number).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_too_deep_or_too_wide_is_not_read() {
        assert_eq!(read("\u{feff}{\"a\": [1]}"), Some(json!({"a": [1]})));
        assert_eq!(read(&format!("[0{}]", ",0".repeat(MOST_VALUES))), None);
        assert_eq!(read(&format!("{}{}", "[".repeat(1000), "]".repeat(1000))), None);
    }

    #[test]
    fn names_are_found_in_any_spelling() {
        let answer = json!({"claimToken": "a", "credential": null, "api_key": "b"});
        assert_eq!(text(&answer, &["claim_token"]), Some("a"));
        assert_eq!(text(&answer, &["credential", "api_key"]), Some("b"));
        assert_eq!(text(&json!([1]), &["x"]), None);
    }

    #[test]
    fn moments_come_in_every_dress() {
        let moment_of = |value: Value| timestamp(&value).map(|moment| moment.to_string());
        let expected = Some("2026-06-01T12:00:00Z".to_owned());
        for value in [
            json!("2026-06-01T12:00:00.000Z"),
            json!("2026-06-01T14:00:00+02:00"),
            json!(1_780_315_200),
            json!(1_780_315_200_000_i64),
            json!("1780315200"),
            json!("2026-06-01T12:00:00UTC"),
        ] {
            assert_eq!(moment_of(value.clone()), expected, "{value}");
        }
        for value in [json!(null), json!(0), json!("never"), json!("2026-06-01"), json!({}), json!(-5)] {
            assert_eq!(moment_of(value.clone()), None, "{value}");
        }
    }

    #[test]
    fn seconds_to_live_count_from_now() {
        let now = Timestamp::from_second(1_000).expect("in range");
        assert_eq!(
            moment(&json!({"expires_in": 600}), &["expires_at"], &["expires_in"], now),
            Timestamp::from_second(1_600).ok()
        );
        assert_eq!(moment(&json!({"expires_in": i64::MAX}), &["expires_at"], &["expires_in"], now), None);
    }

    #[test]
    fn scopes_are_an_array_or_a_string() {
        assert_eq!(list(&json!({"scopes": ["a", 1, "b"]}), &["scopes"]), Some(vec!["a".into(), "b".into()]));
        assert_eq!(list(&json!({"scope": "a  b"}), &["scopes", "scope"]), Some(vec!["a".into(), "b".into()]));
    }
}
