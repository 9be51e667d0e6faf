//! What a skill sends: a text as it stands, a parameter, or what an expression comes to. Which of them something is, is told
//! by how it begins, and shown before it is sent.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use url::Url;

use super::expression::{Expression, Results, Work};
use crate::http::{Body, Field, FieldValue, field};
use crate::json::Document;
use crate::secret::Secret;
use crate::trust;

/// What stands before the name of a parameter.
const PARAM: &str = ".params.";

/// Names that a skill may use in one place.
#[derive(Debug, Clone, Copy)]
pub struct Vocabulary<'a> {
    pub params: &'a [&'a str],
    /// Are expressions evaluated here? Where one signs in by OAuth they are not: what is sent there is what was agreed on.
    pub engine: bool,
}

/// A value that is sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Text(String),
    Flag(bool),
    /// By its name; left out where there is none.
    Param(String),
    Expression(Expression),
}

/// How a text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Literal,
    Expression,
}

impl Kind {
    /// The language has no mark for expressions, and real skills write addresses and other texts without quotes.
    pub fn of(text: &str) -> Self {
        let is_word = |word: &str| {
            let rest = text.strip_prefix(word);
            rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || "-_".contains(c)))
        };
        let begins = text.starts_with(['.', '"', '(', '[', '{']) || text.starts_with(|c: char| c.is_ascii_digit());
        match begins || ["true", "false", "null", "if"].into_iter().any(is_word) {
            true => Kind::Expression,
            false => Kind::Literal,
        }
    }
}

impl Value {
    pub fn read(written: &str, vocabulary: Vocabulary<'_>) -> Result<Self, String> {
        let written = written.trim();
        let shown = || trust::clean(written, 60);
        if let Some(name) = written.strip_prefix(PARAM).filter(|name| is_name(name) || !vocabulary.engine) {
            return match vocabulary.params.contains(&name) {
                true => Ok(Value::Param(name.to_owned())),
                false => Err(format!("{} is not one of {}", shown(), vocabulary.params.join(", "))),
            };
        }
        match written {
            "true" | "false" => return Ok(Value::Flag(written == "true")),
            _ if written.contains("{{") => {
                return Err(format!("{} is not filled in here; a parameter is written .params.NAME", shown()));
            }
            _ => {}
        }
        if let Some(text) = quoted(written) {
            return Ok(Value::Text(text));
        }
        match Kind::of(written) {
            Kind::Expression if vocabulary.engine => Expression::read(written).map(Value::Expression),
            Kind::Expression if written.starts_with('"') => Err(format!("{} is no text in quotes", shown())),
            Kind::Expression if written.starts_with(['.', '(', '[', '{']) => {
                Err(format!("{} is an expression, and here only .params.NAME is one", shown()))
            }
            _ => Ok(Value::Text(written.to_owned())),
        }
    }

    pub fn is(&self, param: &str) -> bool {
        matches!(self, Value::Param(name) if name == param)
    }

    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            Value::Flag(_) | Value::Param(_) | Value::Expression(_) => None,
        }
    }

    /// The parameters that it is made of, as far as their names stand in it.
    pub fn params(&self) -> Vec<String> {
        match self {
            Value::Text(_) | Value::Flag(_) => Vec::new(),
            Value::Param(name) => vec![name.clone()],
            Value::Expression(expression) => named_in(expression.text()),
        }
    }

    /// Where it comes from, in words.
    pub fn origin(&self) -> String {
        match self {
            Value::Text(_) | Value::Flag(_) => "as the skill has it".to_owned(),
            Value::Param(_) => "yours".to_owned(),
            Value::Expression(expression) => format!("from {}", trust::clean(expression.text(), 80)),
        }
    }

    /// What it is now; nothing where it has no value.
    pub fn of(&self, params: &Params, worked: &Worked) -> Option<FieldValue> {
        match self {
            Value::Text(text) => Some(FieldValue::Text(text.clone())),
            Value::Flag(flag) => Some(FieldValue::Flag(*flag)),
            Value::Param(name) => params.get(name).cloned(),
            Value::Expression(expression) => match worked.0.get(expression).map(|value| &**value)? {
                Json::Null => None,
                Json::Bool(flag) => Some(FieldValue::Flag(*flag)),
                Json::String(text) if params.has_secret() => Some(FieldValue::Secret(Secret::new(text.as_str()))),
                Json::String(text) => Some(FieldValue::Text(text.clone())),
                // A secret does not hide in something that is shown whole.
                value if params.has_secret() => Some(FieldValue::Secret(Secret::new(value.to_string()))),
                value => Some(FieldValue::Json(value.clone())),
            },
        }
    }
}

/// The names of parameters that an expression speaks of.
fn named_in(text: &str) -> Vec<String> {
    let name = |rest: &str| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>();
    text.split(PARAM).skip(1).map(name).filter(|name| !name.is_empty()).collect()
}

fn is_name(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The text in quotes, where there is nothing else.
fn quoted(written: &str) -> Option<String> {
    let has_place = written.contains("\\(");
    written.starts_with('"').then(|| serde_json::from_str(written).ok()).flatten().filter(|_| !has_place)
}

/// What the parameters are now.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Params(BTreeMap<String, FieldValue>);

impl Params {
    pub fn get(&self, name: &str) -> Option<&FieldValue> {
        self.0.get(name)
    }

    pub fn insert(&mut self, name: impl Into<String>, value: FieldValue) {
        self.0.insert(name.into(), value);
    }

    /// Those that must not be seen.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.0.values().filter_map(|value| match value {
            FieldValue::Secret(secret) => Some(secret),
            _ => None,
        })
    }

    pub fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &FieldValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Is one of them a secret? Then so is whatever was made of them: no text tells what an expression takes.
    fn has_secret(&self) -> bool {
        self.secrets().next().is_some()
    }

    /// What an expression is evaluated over: an object that has them under `params`.
    fn as_input(&self) -> Secret {
        let fields = self.iter().map(|(name, value)| field(name.to_owned(), value.clone())).collect();
        let whole = Body::Json(vec![field("params", FieldValue::Object(fields))]);
        whole.text().map_or_else(Secret::default, |(_, text)| Secret::new(text.as_str()))
    }
}

impl<S: Into<String>> FromIterator<(S, FieldValue)> for Params {
    fn from_iter<I: IntoIterator<Item = (S, FieldValue)>>(named: I) -> Self {
        Self(named.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }
}

impl<S: Into<String>> Extend<(S, FieldValue)> for Params {
    fn extend<I: IntoIterator<Item = (S, FieldValue)>>(&mut self, named: I) {
        self.0.extend(named.into_iter().map(|(name, value)| (name.into(), value)));
    }
}

/// What expressions have come to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Worked(BTreeMap<Expression, Document>);

impl Worked {
    /// What has to be evaluated before these are known, if anything has.
    pub fn work(expressions: Vec<Expression>, params: &Params) -> Option<Work> {
        (!expressions.is_empty()).then(|| Work { expressions, input: params.as_input() })
    }

    /// What it has come to, or why something of it has come to nothing.
    pub fn of(work: &Work, results: Results) -> Result<Self, String> {
        let named = work.expressions.iter().cloned().zip(results);
        let named = named.map(|(expression, result)| match result {
            Ok(value) => Ok((expression, value)),
            Err(why) => Err(format!("{}: {why}", trust::clean(expression.text(), 60))),
        });
        named.collect::<Result<_, _>>().map(Self)
    }
}

pub type Named = Vec<(String, Value)>;

/// The fields that have a value.
pub fn fields(named: &Named, params: &Params, worked: &Worked) -> Vec<Field> {
    named.iter().filter_map(|(name, value)| Some(field(name.clone(), value.of(params, worked)?))).collect()
}

/// A value as it stands in the file: a word, a number, or something with parts, which is an expression that makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar(pub String);

impl From<&Json> for Scalar {
    fn from(json: &Json) -> Self {
        Self(match json {
            Json::String(text) => text.clone(),
            Json::Object(members) => {
                let member = |(name, value): (&String, &Json)| format!("{}: {}", json!(name), expression_of(value));
                format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(", "))
            }
            Json::Array(items) => {
                let items: Vec<String> = items.iter().map(expression_of).collect();
                format!("[{}]", items.join(", "))
            }
            other => other.to_string(),
        })
    }
}

/// As a part of an expression, where a text that is none stands in quotes.
fn expression_of(json: &Json) -> String {
    match json {
        Json::String(text) if Kind::of(text.trim()) == Kind::Literal => Json::from(text.as_str()).to_string(),
        other => format!("({})", Scalar::from(other).0),
    }
}

/// An address as it is, or below `base` where it begins with a slash.
pub fn below(text: &str, base: Option<&Url>) -> String {
    match (base, text.starts_with('/')) {
        (Some(base), true) => format!("{}{text}", base.as_str().trim_end_matches('/')),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Value, String> {
        Value::read(text, Vocabulary { params: &["email", "code"], engine: true })
    }

    #[test]
    fn how_it_begins_says_what_it_is() {
        for text in
            ["https://a.dev/x", "/agents", "application/json", "truest", "iffy", "null-island", "hello .params.email"]
        {
            assert_eq!(read(text), Ok(Value::Text(text.to_owned())), "{text}");
        }
        for text in [
            ".params.email | length",
            "(1)",
            "[1]",
            "{a: 1}",
            "3",
            "null",
            "if 1 then 2 else 3 end",
            "\"a\" + \"b\"",
            "\"Hi \\(.params.email)\"",
        ] {
            assert!(matches!(read(text), Ok(Value::Expression(_))), "{text}: {:?}", read(text));
        }
        assert_eq!(read("\"as it is\""), Ok(Value::Text("as it is".to_owned())));
        assert_eq!(read(" .params.email "), Ok(Value::Param("email".to_owned())));
        assert_eq!(read("true"), Ok(Value::Flag(true)));
        for (text, why) in [
            (".params.password", "is not one of email, code"),
            ("{{params.email}}", "is written .params.NAME"),
            ("env.HOME", ""),
            (".params.email | env", "reaches out"),
        ] {
            match read(text) {
                Ok(value) => assert_eq!(value, Value::Text(text.to_owned()), "a word like any other"),
                Err(said) => assert!(said.contains(why) && !why.is_empty(), "{text}: {said}"),
            }
        }
    }

    /// What a secret went into is one, whatever the expression calls it.
    #[test]
    fn a_secret_stays_one() {
        let public: Params = [("email", FieldValue::from("ada@x.dev"))].into_iter().collect();
        let mut secret = public.clone();
        secret.insert("code", Secret::new("1234").into());
        for text in
            [".params.code | ascii_upcase", ". | tostring", "\"\\(.params.email) \\(.)\"", "[.params[\"code\"]]"]
        {
            let Ok(Value::Expression(expression)) = read(text) else { panic!("{text}") };
            let worked = Worked(BTreeMap::from([(expression.clone(), Document::new("v".into()))]));
            let value = Value::Expression(expression);
            assert!(matches!(value.of(&secret, &worked), Some(FieldValue::Secret(_))), "{text}");
            assert!(matches!(value.of(&public, &worked), Some(FieldValue::Text(_))), "{text}");
        }
    }

    #[test]
    fn what_has_parts_is_an_expression_that_makes_it() {
        let of = |yaml: &str| Scalar::from(&serde_saphyr::from_str::<Json>(yaml).expect(yaml)).0;
        assert_eq!(of("3"), "3");
        assert_eq!(of("yes please"), "yes please");
        assert_eq!(
            of("{query: hello, variables: {email: .params.email, n: 2, on: true}}"),
            r#"{"query": "hello", "variables": ({"email": (.params.email), "n": (2), "on": (true)})}"#
        );
        assert!(matches!(read(&of("{a: [.params.email, x]}")), Ok(Value::Expression(_))));
    }
}
