//! What comes of an operation: where in its answer what stands, as the skill says, and what is read of it without being told.

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::answer::{self, CREDENTIAL};
use super::expression::{Expression, Results, Work};
use super::value::{Kind, Scalar};
use crate::http::Response;
use crate::json::{self, Document};
use crate::secret::Secret;
use crate::trust;

/// Of a mapping.
const MOST: usize = 64;

/// As it stands in the file; what else there may be is for programs that show data.
#[derive(Deserialize, Default)]
pub struct Written {
    #[serde(default)]
    root: Option<String>,
    #[serde(default)]
    mapping: Map<String, Json>,
    #[serde(default)]
    transform: Option<String>,
}

/// Where in an answer what stands.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reading {
    /// A JSON pointer (RFC 6901).
    root: String,
    /// All of the answer is this before anything is looked for in it.
    transform: Option<Expression>,
    mapping: Vec<(String, Found)>,
}

#[derive(Debug, Clone, PartialEq)]
enum Found {
    /// A JSON pointer.
    At(String),
    /// The same whatever the service says: the skill's words, and no sign that anything went well.
    Constant(Json),
    Worked(Expression),
}

/// An answer as the skill reads it.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    members: Document,
    /// The names of what the skill says, and not the service.
    constant: Vec<String>,
    /// The skill says where everything stands, so that what it does not name is not meant.
    says_which: bool,
}

impl Answered {
    pub fn members(&self) -> &Json {
        &self.members
    }

    /// What of it may be a credential, or be said of one.
    pub fn granted(&self) -> Document {
        let constant = |name: &str| self.is_constant(name);
        let named = |name: &str| CREDENTIAL.contains(&name) || name.contains("expire") || name == "scope";
        let members = self.members.as_object().into_iter().flatten();
        let kept = members.filter(|(name, _)| !constant(name) && (!self.says_which || named(name)));
        Document::new(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    /// Is it the skill that says this?
    pub fn is_constant(&self, name: &str) -> bool {
        self.constant.iter().any(|known| known == name)
    }
}

impl Reading {
    pub(super) fn read(written: Written) -> Result<Self, String> {
        let place = |(name, value): (String, Json)| {
            let Scalar(text) = Scalar::from(&value);
            let text = text.trim();
            let found = match answer::pointer(text) {
                Ok(pointer) => Found::At(pointer),
                Err(_) => match (serde_json::from_str(text), Kind::of(text)) {
                    (Ok(constant), _) => Found::Constant(constant),
                    (Err(_), Kind::Literal) => Found::Constant(text.into()),
                    (Err(_), Kind::Expression) => Found::Worked(Expression::read(text)?),
                },
            };
            Ok((name, found))
        };
        if written.mapping.len() > MOST {
            return Err(format!("an answer has more than {MOST} names"));
        }
        let reading = Self {
            root: answer::root(written.root)?,
            transform: written.transform.as_deref().map(Expression::read).transpose()?,
            mapping: written.mapping.into_iter().map(place).collect::<Result<_, String>>()?,
        };
        // What is evaluated over the transform is evaluated in one with it, and must be readable so.
        for (_, found) in &reading.mapping {
            if let (Found::Worked(expression), Some(_)) = (found, &reading.transform) {
                Expression::read(reading.after_transform(expression).text())?;
            }
        }
        Ok(reading)
    }

    /// The names that the skill says where to find, other than those that it makes up.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let told = self.mapping.iter().filter(|(_, found)| !matches!(found, Found::Constant(_)));
        told.map(|(name, _)| name.as_str())
    }

    /// Does it hand out a key, as far as the skill says?
    pub fn has_a_key(&self) -> bool {
        let transformed = self.transform.as_ref().is_some_and(|expression| {
            self.mapping.is_empty() && CREDENTIAL.iter().any(|name| expression.text().contains(name))
        });
        transformed || self.names().any(|name| CREDENTIAL.contains(&name))
    }

    /// What has to be evaluated before an answer can be read, if anything has.
    pub fn work(&self, response: &Response) -> Option<Work> {
        let mut expressions: Vec<Expression> = self.transform.iter().cloned().collect();
        expressions.extend(self.mapping.iter().filter_map(|(_, found)| match found {
            Found::Worked(expression) => Some(self.after_transform(expression)),
            Found::At(_) | Found::Constant(_) => None,
        }));
        let input = || Secret::new(self.rooted(response).to_string());
        (!expressions.is_empty()).then(|| Work { expressions, input: input() })
    }

    /// The answer by the names of the skill; `results` are what [`Reading::work`] has come to.
    pub fn answered(&self, response: &Response, results: &Results) -> Result<Answered, String> {
        let mut results = results.iter();
        let mut next = || match results.next() {
            Some(Ok(value)) => Ok(Json::clone(value)),
            Some(Err(why)) => Err(trust::clean(why, 120)),
            None => Ok(Json::Null),
        };
        let whole = match &self.transform {
            Some(_) => Document::new(next()?),
            None => self.rooted(response),
        };
        let mut members = whole.as_object().cloned().unwrap_or_default();
        // Where a skill says which member is the credential, what else is called so is none.
        if !self.mapping.is_empty() {
            CREDENTIAL.iter().for_each(|name| drop(members.shift_remove(*name)));
        }
        let mut constant = Vec::new();
        for (name, found) in &self.mapping {
            let value = match found {
                Found::At(pointer) => whole.pointer(pointer).cloned().unwrap_or_default(),
                Found::Constant(value) => {
                    constant.push(name.clone());
                    value.clone()
                }
                Found::Worked(_) => match next() {
                    // Of what else there is, nothing is worth the key beside it.
                    Err(_) if !CREDENTIAL.contains(&name.as_str()) => Json::Null,
                    value => value?,
                },
            };
            match value {
                Json::Null => drop(members.shift_remove(name)),
                value => drop(members.insert(name.clone(), value)),
            }
        }
        let says_which = !self.mapping.is_empty();
        Ok(Answered { members: Document::new(Json::Object(members)), constant, says_which })
    }

    fn rooted(&self, response: &Response) -> Document {
        let whole = Document::new(json::read(response.body.expose()).unwrap_or_default());
        match whole.pointer(&self.root) {
            Some(part) if !self.root.is_empty() => Document::new(part.clone()),
            _ => whole,
        }
    }

    fn after_transform(&self, expression: &Expression) -> Expression {
        match &self.transform {
            Some(transform) => transform.then(expression),
            None => expression.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::skill::expression::evaluate;
    use serde_json::json;

    fn answered(yaml: &str, body: Json) -> Result<Answered, String> {
        let written: Written = serde_saphyr::from_str(yaml).expect(yaml);
        let reading = Reading::read(written)?;
        let response = Response { status: 200, headers: vec![], body: Secret::new(body.to_string()) };
        let results = reading.work(&response).map(|work| work.read(&evaluate(&work.written())).expect("an answer"));
        reading.answered(&response, &results.unwrap_or_default())
    }

    #[test]
    fn an_answer_is_read_by_the_names_of_the_skill() {
        let body = json!({"agent": {"api_key": "sk_1", "claim_url": "https://a.dev/c", "token": "none", "n": [1]}, "message": "Hi"});
        for (yaml, expected) in [
            ("{}", body.clone()),
            (
                "{root: /agent, mapping: {api_key: .api_key, claim_url: .claim_url}}",
                json!({"api_key": "sk_1", "claim_url": "https://a.dev/c", "token": "none", "n": [1]}),
            ),
            (
                "mapping: {api_key: '.agent.api_key | ascii_upcase', count: '.agent.n[0]', gone: '.x?'}",
                json!({"agent": body["agent"], "message": "Hi", "api_key": "SK_1", "count": 1}),
            ),
            (
                "{transform: '{key: .agent.api_key, both: (.agent.n + [2])}', mapping: {api_key: .key, two: '.both | length'}}",
                json!({"key": "sk_1", "both": [1, 2], "api_key": "sk_1", "two": 2}),
            ),
            ("{transform: '{api_key: .agent.api_key}'}", json!({"api_key": "sk_1"})),
            (
                "{root: /nothing, mapping: {api_key: .agent.api_key}}",
                json!({"agent": body["agent"], "message": "Hi", "api_key": "sk_1"}),
            ),
        ] {
            assert_eq!(answered(yaml, body.clone()).as_ref().map(Answered::members), Ok(&expected), "{yaml}");
        }
    }

    #[test]
    fn only_what_the_skill_says_is_the_credential_is_one() {
        let granted = |yaml: &str| {
            let body = json!({"key": "sk_own", "secret": "x", "id": "k1", "api_key": "pk", "expires_in": 60});
            answered(yaml, body).expect("an answer").granted().into_value()
        };
        assert_eq!(granted("mapping: {api_key: .secret}"), json!({"expires_in": 60, "api_key": "x"}));
        assert_eq!(granted("mapping: {key_id: .id}"), json!({"expires_in": 60}));
        assert_eq!(granted("mapping: {api_key: '\"sk_constant\"'}"), json!({"expires_in": 60}));
        assert_eq!(granted("{}")["key"], "sk_own", "nothing is said, so it is looked for by its usual names");
    }

    /// here.now's first skill said `sent: 'true'`, whatever the service answered.
    #[test]
    fn what_the_skill_makes_up_is_told_from_what_the_service_says() {
        let yaml =
            "mapping: {sent: 'true', message: '\"Look into your mail.\"', note: as it is, api_key: '\"sk_own\"'}";
        let answered = answered(yaml, json!({"error": "no"})).expect("an answer");
        for name in ["sent", "message", "note", "api_key"] {
            assert!(answered.is_constant(name), "{name}");
        }
        assert_eq!(answered.members()["message"], "Look into your mail.");
        let reading = Reading::read(serde_saphyr::from_str(yaml).expect(yaml)).expect("a reading");
        assert!(!reading.has_a_key(), "what stands in the file is no key that was handed out");
    }

    #[test]
    fn what_cannot_be_evaluated_is_said() {
        let why = answered("mapping: {api_key: '.agent - 1'}", json!({"agent": "x"})).expect_err("no number");
        assert!(why.contains("it fails on"), "{why}");
        for (yaml, said) in [
            ("mapping: {a: '.b | env'}", "reaches out"),
            ("root: data", "does not begin with a slash"),
            ("transform: '.a |'", "ends too soon"),
        ] {
            assert!(answered(yaml, json!({})).is_err_and(|why| why.contains(said)), "{yaml}");
        }
    }
}
