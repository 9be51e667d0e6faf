//! An operation: a call of the service's own, what has to be asked before it is made, and what comes of it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value as Json};
use url::Url;

use super::reading::{self, Reading};
use super::template::{self, Template};
use super::value::{Scalar, Vocabulary};
use super::written::no_slip;
use crate::trust;

/// What a skill may use without saying what it is.
pub const EMAIL: &str = "email";
/// The code that a person was sent.
pub const CODE: &str = "code";
/// The link that a person was sent.
pub const LINK: &str = "link";
/// The name by which the service knows a key.
pub const KEY_ID: &str = "key_id";

const DESCRIPTION_WIDTH: usize = 120;
const CHOICES: usize = 24;
const CHOICE_WIDTH: usize = 200;

/// A call as it stands in the file: in a way to sign up, or as the `rest` of an operation.
#[derive(Deserialize, Default)]
pub struct Written {
    #[serde(default)]
    method: Option<String>,
    url: String,
    #[serde(default)]
    query: Map<String, Json>,
    #[serde(default)]
    headers: Map<String, Json>,
    #[serde(default)]
    body: Option<Map<String, Json>>,
    #[serde(default)]
    form: Option<Map<String, Json>>,
    #[serde(default)]
    response: reading::Written,
    #[serde(flatten)]
    other: BTreeMap<String, IgnoredAny>,
}

/// The fields of a call.
const FIELDS: &[&str] = &["method", "url", "query", "headers", "body", "form", "response"];

/// What a person is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    pub name: String,
    /// A stranger's text, cleaned.
    pub description: Option<String>,
    pub kind: Kind,
    pub required: bool,
    /// What is meant by nothing. Never that of an address.
    pub default: Option<Json>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    Email,
    Code,
    Link,
    Text,
    Number,
    Flag,
    /// Not shown while it is typed.
    Secret,
    OneOf(Vec<Json>),
}

/// A value as it is shown.
pub fn shown(value: &Json) -> String {
    trust::clean(&Scalar::from(value).0, CHOICE_WIDTH)
}

/// As it stands in the file.
#[derive(Deserialize, Default)]
pub struct Param {
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    default: Option<Json>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default, rename = "enum")]
    choices: Vec<Json>,
    #[serde(default)]
    secret: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// What the file calls it.
    pub name: String,
    pub template: Template,
    /// What is asked before it, in order.
    pub asked: Vec<Asked>,
    pub reading: Reading,
}

impl Operation {
    /// Reads an operation. `known` are the names that have a value by then, and `params` what the file says of others.
    pub fn read(
        name: &str,
        written: Written,
        params: &Map<String, Json>,
        known: &[String],
        base: &Url,
    ) -> Result<Self, String> {
        no_slip("a call", written.other.keys(), FIELDS)?;
        let implied = [EMAIL, CODE, LINK];
        let declared = params.keys().map(String::as_str);
        let names: Vec<&str> = declared.chain(known.iter().map(String::as_str)).chain(implied).collect();
        let entries = |map: Map<String, Json>| -> Vec<(String, String)> {
            map.iter().map(|(name, value)| (name.clone(), Scalar::from(value).0)).collect()
        };
        let request = template::Written {
            method: written.method,
            url: written.url,
            query: entries(written.query),
            headers: entries(written.headers),
            body: written.body.map(entries),
            form: written.form.map(entries),
        };
        let template = Template::read(request, Vocabulary { params: &names, engine: true }, Some(base))?;
        let used = template.params();
        if let Some(unknown) = used.iter().find(|name| !names.contains(&name.as_str())) {
            return Err(format!("nothing says what .params.{} is", trust::clean(unknown, 40)));
        }
        let mut asked = Vec::new();
        for (name, param) in params.iter().filter(|(name, _)| !known.contains(name)) {
            asked.push(Asked::read(name, param)?);
        }
        for name in used.iter().filter(|name| !params.contains_key(*name) && !known.contains(name)) {
            asked.push(Asked::implied(name));
        }
        Ok(Self { name: name.to_owned(), template, asked, reading: Reading::read(written.response)? })
    }
}

impl Asked {
    fn implied(name: &str) -> Self {
        let kind = match name {
            EMAIL => Kind::Email,
            CODE => Kind::Code,
            LINK => Kind::Link,
            _ => Kind::Text,
        };
        Self { name: name.to_owned(), description: None, kind, required: true, default: None }
    }

    fn read(name: &str, param: &Json) -> Result<Self, String> {
        let shown = || trust::clean(name, 40);
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(format!("{} is no name of a parameter", shown()));
        }
        let param: Param = match param {
            // `params: {email: string}`
            Json::String(kind) => Param { kind: Some(kind.clone()), required: true, ..Param::default() },
            Json::Null => Param { required: true, ..Param::default() },
            param => Param::deserialize(param)
                .map_err(|error| format!("of the parameter {}: {}", shown(), trust::clean(&error.to_string(), 80)))?,
        };
        let implied = Self::implied(name);
        let kind = match (implied.kind, param.kind.as_deref()) {
            (Kind::Text, Some("email")) => Kind::Email,
            (Kind::Text, _) if param.secret => Kind::Secret,
            (Kind::Text, _) if !param.choices.is_empty() => {
                Kind::OneOf(param.choices.iter().take(CHOICES).cloned().collect())
            }
            (Kind::Text, Some("integer" | "number")) => Kind::Number,
            (Kind::Text, Some("boolean")) => Kind::Flag,
            (Kind::Text, Some("array" | "object")) if param.required => {
                return Err(format!("the parameter {} has parts, which nobody can type", shown()));
            }
            (kind, _) => kind,
        };
        let default = param.default.filter(|value| !value.is_null() && kind != Kind::Email);
        Ok(Self {
            name: name.to_owned(),
            description: param.description.map(|text| trust::clean(&text, DESCRIPTION_WIDTH)),
            // Where something is sent, somebody is meant.
            required: param.required || kind == Kind::Email,
            kind,
            default,
        })
    }
}
