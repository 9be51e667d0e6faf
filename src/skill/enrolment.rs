//! How a person signs up where it is neither auth.md nor OAuth: one call or two of the service's own.
//!
//! | mode | calls | what comes of it |
//! |---|---|---|
//! | `magic_link` | the service mails a link; perhaps the link is handed in | a key, on a page or in an answer |
//! | `email_code` | the service mails a code; the code is handed in | a key |
//! | `direct` | the key is made, for somebody new or by a key that is held | a key, and perhaps a page to claim it on |

use serde::Deserialize;
use serde_json::{Map, Value as Json};
use url::Url;

use super::operation::{self, CODE, EMAIL, KEY_ID, LINK, Operation};
use crate::account::Mode;
use crate::http::Method;
use crate::trust;

const MOST_GROUPS: usize = 8;
const LONGEST_CODE: usize = 64;

#[derive(Debug, Clone, PartialEq)]
pub struct Enrolment {
    pub mode: Mode,
    /// The calls, in order. There is one at least.
    pub steps: Vec<Operation>,
    /// The page on which the key is in the end, where no call hands it out.
    pub page: Option<Url>,
    pub code: CodeForm,
    /// It is made with another credential of the service, which the person picks.
    pub by_credential: bool,
    /// Ends the key that another one has taken the place of.
    pub end: Option<Operation>,
}

/// What a code looks like, so that it can be typed as people type.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CodeForm {
    /// How many letters there are in each group.
    groups: Vec<usize>,
    separator: String,
    case: Case,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Case {
    #[default]
    Any,
    Upper,
    Lower,
}

/// As it stands in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrittenCode {
    #[serde(default)]
    groups: Vec<usize>,
    #[serde(default)]
    separator: String,
    #[serde(default)]
    case: Case,
}

/// A way to sign up as it stands in the file; `mode` has been read.
pub struct Written {
    pub request: Option<operation::Written>,
    pub redeem: Option<operation::Written>,
    pub end: Option<operation::Written>,
    pub params: Map<String, Json>,
    pub page: Option<String>,
    pub code: Option<WrittenCode>,
    pub by_credential: bool,
}

impl Enrolment {
    pub fn read(mode: Mode, written: Written, base: &Url) -> Result<Self, String> {
        let request = written.request.ok_or("it has no request")?;
        let first = operation(mode, "request", request, &written.params, &[], base)?;
        let mut known: Vec<String> = first.asked.iter().map(|asked| asked.name.clone()).collect();
        known.extend(first.reading.names().map(str::to_owned));
        let second = written.redeem.map(|redeem| operation(mode, "redeem", redeem, &Map::new(), &known, base));
        let second = second.transpose()?;
        let ending = [KEY_ID.to_owned()];
        let end = written.end.map(|end| operation(mode, "end", end, &Map::new(), &ending, base)).transpose()?;
        let page = written.page.as_deref().map(super::page).transpose()?;
        let code = written.code.map(CodeForm::read).transpose()?.unwrap_or_default();
        let last = second.as_ref().unwrap_or(&first);
        let has_a_key = last.reading.has_a_key();
        let sends = |name: &str| second.as_ref().is_some_and(|operation| operation.template.uses(name));
        match mode {
            Mode::MagicLink | Mode::EmailCode if !first.template.uses(EMAIL) => {
                return Err("its request does not send .params.email".to_owned());
            }
            Mode::MagicLink if second.is_some() && !sends(LINK) => {
                return Err("its redeem does not send .params.link".to_owned());
            }
            Mode::EmailCode if !sends(CODE) => {
                return Err("it has no redeem that sends .params.code".to_owned());
            }
            Mode::Direct if second.is_some() => return Err("mode: direct has a request and no redeem".to_owned()),
            Mode::EmailCode | Mode::Direct if !has_a_key => {
                return Err("nothing in it is mapped to api_key".to_owned());
            }
            Mode::MagicLink if second.is_some() && !has_a_key => {
                return Err("nothing of its redeem is mapped to api_key".to_owned());
            }
            _ if written.by_credential && mode != Mode::Direct => {
                return Err("only mode: direct is made with another credential".to_owned());
            }
            _ => {}
        }
        let steps: Vec<Operation> = [first].into_iter().chain(second).collect();
        if steps.iter().any(|step| step.template.method() == Method::Delete) {
            return Err("nobody signs up by DELETE".to_owned());
        }
        Ok(Self { mode, steps, page, code, by_credential: written.by_credential, end })
    }

    /// Every address that is known beforehand.
    pub fn contacted(&self) -> impl Iterator<Item = &Url> {
        self.steps.iter().chain(&self.end).filter_map(|operation| operation.template.url())
    }
}

fn operation(
    mode: Mode,
    name: &str,
    written: operation::Written,
    params: &Map<String, Json>,
    known: &[String],
    base: &Url,
) -> Result<Operation, String> {
    let operation = Operation::read(name, written, params, known, base);
    operation.map_err(|why| format!("in {name} of {}: {why}", mode.as_str()))
}

impl CodeForm {
    fn read(written: WrittenCode) -> Result<Self, String> {
        let WrittenCode { groups, separator, case } = written;
        let length: usize = groups.iter().sum();
        let fits = groups.len() <= MOST_GROUPS && length <= LONGEST_CODE && !groups.contains(&0);
        let is_separator = separator.len() <= 3 && separator.chars().all(|c| "-._ ".contains(c));
        match fits && is_separator {
            true => Ok(Self { groups, separator, case }),
            false => Err(
                "its code is not groups of letters with a separator between, as in {groups: [4, 4], separator: \"-\"}"
                    .into(),
            ),
        }
    }

    /// How many letters a code has, and whether all of them are digits is not known.
    pub fn length(&self) -> Option<usize> {
        (!self.groups.is_empty()).then(|| self.groups.iter().sum())
    }

    /// A code as the service wants it, from what was typed or pasted: blanks, case and hyphens are forgiven. `None` where it
    /// cannot be one.
    pub fn canonical(&self, typed: &str) -> Option<String> {
        let bare: String = match self.groups.is_empty() {
            // Nothing is known of it but that it is one word.
            true => typed.split_whitespace().collect(),
            false => typed.chars().filter(char::is_ascii_alphanumeric).collect(),
        };
        let bare = match self.case {
            Case::Any => bare,
            Case::Upper => bare.to_ascii_uppercase(),
            Case::Lower => bare.to_ascii_lowercase(),
        };
        let is_one = !bare.is_empty() && bare.len() <= LONGEST_CODE && trust::is_word(&bare);
        if !is_one || self.length().is_some_and(|length| length != bare.chars().count()) {
            return None;
        }
        let mut rest = bare.as_str();
        let mut parts = Vec::new();
        for group in &self.groups {
            let (part, after) = rest.split_at_checked(*group)?;
            parts.push(part);
            rest = after;
        }
        Some(if parts.is_empty() { bare } else { parts.join(&self.separator) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_taken_as_people_type_it() {
        let form = |yaml: &str| CodeForm::read(serde_saphyr::from_str(yaml).expect(yaml)).expect(yaml);
        let groups = form("{groups: [4, 4], separator: \"-\", case: upper}");
        for typed in ["ABCD-2345", "abcd2345", " abcd 2345 ", "ABCD - 2345", "a b c d 2 3 4 5", "abcd–2345"] {
            assert_eq!(groups.canonical(typed).as_deref(), Some("ABCD-2345"), "{typed}");
        }
        for typed in ["", "ABCD-234", "ABCD-23456", "    "] {
            assert_eq!(groups.canonical(typed), None, "{typed}");
        }
        assert_eq!(form("{groups: [6]}").canonical("12 34-56").as_deref(), Some("123456"));
        let free = CodeForm::default();
        assert_eq!(free.canonical(" aB-9 x ").as_deref(), Some("aB-9x"));
        for typed in [String::new(), "x".repeat(65), "a\u{1b}b".to_owned()] {
            assert_eq!(free.canonical(&typed), None, "{typed:?}");
        }
        for yaml in ["{groups: [0]}", "{groups: [70]}", "{groups: [4, 4], separator: \"<>\"}"] {
            assert!(CodeForm::read(serde_saphyr::from_str(yaml).expect(yaml)).is_err(), "{yaml}");
        }
    }
}
