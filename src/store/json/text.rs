//! Changing one member of a JSON object in its text, so that the rest stays letter for letter: order, blanks, numbers as
//! they were written, members given twice.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A member and where its parts stand in the text.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    pub key: String,
    key_at: Range<usize>,
    value_at: Range<usize>,
}

impl Member {
    pub fn value<'a>(&self, text: &'a str) -> &'a str {
        &text[self.value_at.clone()]
    }
}

/// The members of the object in `text`, or `None` if it is not an object.
pub fn members(text: &str) -> Option<Vec<Member>> {
    let Members(found) = serde_json::from_str(text).ok()?;
    let at = |raw: &RawValue| {
        let start = raw.get().as_ptr() as usize - text.as_ptr() as usize;
        start..start + raw.get().len()
    };
    found
        .into_iter()
        .map(|(key, value)| {
            Some(Member { key: serde_json::from_str(key.get()).ok()?, key_at: at(key), value_at: at(value) })
        })
        .collect()
}

/// The text of a member's value. Where a key stands twice, the last one counts, as with most readers.
pub fn get<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    members(text)?.iter().rfind(|member| member.key == key).map(|member| member.value(text))
}

/// The text with the member set to `value`, itself JSON text. A value that changes takes the place of the old one as it is;
/// a new member comes last, in the style of the others.
pub fn set(text: &str, key: &str, value: &str) -> String {
    let members = members(text).unwrap_or_default();
    if let Some(member) = members.iter().rfind(|member| member.key == key) {
        return spliced(text, member.value_at.clone(), value);
    }
    let quoted = serde_json::Value::from(key).to_string();
    let (Some(first), Some(last)) = (members.first(), members.last()) else {
        return format!("{{\n  {quoted}: {}\n}}\n", value.replace('\n', "\n  "));
    };
    let before_key = before(text, first);
    let before_value = &text[first.key_at.end..first.value_at.start];
    let value = indented(value, text, first);
    spliced(text, last.value_at.end..last.value_at.end, &format!(",{before_key}{quoted}{before_value}{value}"))
}

/// The text without the member.
pub fn remove(text: &str, key: &str) -> String {
    let mut text = text.to_owned();
    loop {
        let members = members(&text).unwrap_or_default();
        let Some(nth) = members.iter().position(|member| member.key == key) else {
            return text;
        };
        let end = members[nth].value_at.end;
        let range = match (nth.checked_sub(1), members.get(nth + 1)) {
            (Some(previous), _) => members[previous].value_at.end..end,
            (None, Some(next)) => members[nth].key_at.start..next.key_at.start,
            (None, None) => {
                let start = members[nth].key_at.start;
                start - before(&text, &members[nth]).len()..end + text[end..].len() - text[end..].trim_start().len()
            }
        };
        text = spliced(&text, range, "");
    }
}

fn spliced(text: &str, range: Range<usize>, with: &str) -> String {
    format!("{}{with}{}", &text[..range.start], &text[range.end..])
}

/// The blanks before a member's key.
fn before<'a>(text: &'a str, member: &Member) -> &'a str {
    let ahead = &text[..member.key_at.start];
    &ahead[ahead.trim_end().len()..]
}

/// A value of several lines moved in as far as the member it belongs to; on one line where the whole text is.
fn indented(value: &str, text: &str, member: &Member) -> String {
    match before(text, member).rsplit_once('\n') {
        Some((_, indent)) => value.replace('\n', &format!("\n{indent}")),
        None => value.lines().map(str::trim_start).collect::<Vec<_>>().join(" "),
    }
}

struct Members<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOREIGN: &str =
        "{\n    \"n\\u00e4me\" : 1.0e5 ,\n    \"x\":{\"a\":[1 , 2]},\n    \"x\": 12345678901234567890123\n}\n";

    #[test]
    fn a_new_member_leaves_the_others_letter_for_letter() {
        let changed = set(FOREIGN, "mine", "{\n  \"a\": 1\n}");
        assert_eq!(changed, FOREIGN.replace("123\n}", "123,\n    \"mine\" : {\n      \"a\": 1\n    }\n}"));
        assert_eq!(remove(&changed, "mine"), FOREIGN);
    }

    #[test]
    fn a_changed_member_changes_in_place() {
        assert_eq!(set("{\"a\": 1, \"b\": 2}", "a", "[3]"), "{\"a\": [3], \"b\": 2}");
        assert_eq!(set("{\"a\": 1}", "b", "{\n  \"c\": 3\n}"), "{\"a\": 1,\"b\": { \"c\": 3 }}");
        assert_eq!(set(FOREIGN, "x", "0"), FOREIGN.replace("12345678901234567890123", "0"));
    }

    #[test]
    fn the_first_the_last_and_the_only_one_can_go() {
        assert_eq!(remove("{\"a\": 1, \"b\": 2}", "a"), "{\"b\": 2}");
        assert_eq!(remove("{\"a\": 1, \"b\": 2}", "b"), "{\"a\": 1}");
        assert_eq!(remove("{\n  \"a\": 1\n}\n", "a"), "{}\n");
        assert_eq!(remove(FOREIGN, "x"), "{\n    \"n\\u00e4me\" : 1.0e5\n}\n");
        assert_eq!(remove(FOREIGN, "none"), FOREIGN);
    }

    #[test]
    fn only_an_object_has_members() {
        for text in ["", "[]", "{", "{} x", "null", "{\"a\": }"] {
            assert_eq!(members(text), None, "{text}");
        }
        assert_eq!(set("", "a", "1"), "{\n  \"a\": 1\n}\n");
        assert_eq!(set("{}", "a", "1"), "{\n  \"a\": 1\n}\n");
    }
}
