//! What a skill's `utilities` and `operations` say of signing up. Manifests have dozens of them, for everything that one does
//! with a service; those that are about a credential are known by their names.

use serde::Deserialize;
use serde_json::{Map, Value as Json};
use url::Url;

use super::enrolment::{CodeForm, Enrolment};
use super::operation::{self, EMAIL, Operation};
use crate::account::{self, Mode};
use crate::http::Method;
use crate::trust;

/// Ways to sign up, in the order in which they are offered.
const SIGN_UP: [&str; 2] = ["signup", "register"];
const WHO: &str = "whoami";
const SET_UP: &str = "setup";

/// How an operation is carried out, and why this program does not.
const EXECUTORS: &[(&str, &str)] = &[
    ("command", "it runs a command on this machine"),
    ("python", "it runs a Python program on this machine"),
    ("node", "it runs a JavaScript program on this machine"),
    ("swift", "it runs a Swift program on this machine"),
    ("applescript", "it runs AppleScript on this machine"),
    ("sql", "it asks a database"),
    ("steps", "it has several steps, which only its own engine runs"),
    ("graphql", "it asks in GraphQL"),
];

/// What a skill has and this program does not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unrun {
    pub name: String,
    pub why: String,
}

impl Unrun {
    /// There is another one of its kind before it.
    pub fn doubled(name: &str) -> Self {
        Self { name: trust::clean(name, 40), why: "there is another one of its kind before it".to_owned() }
    }
}

/// What there is about a credential.
#[derive(Debug, Default)]
pub struct Utilities {
    pub enrolments: Vec<Enrolment>,
    /// Asks who somebody is: a harmless call to try a credential with.
    pub who: Option<Url>,
    pub unrun: Vec<Unrun>,
}

/// As it stands in the file.
#[derive(Deserialize)]
struct Written {
    #[serde(default)]
    params: Map<String, Json>,
    #[serde(default)]
    rest: Option<operation::Written>,
}

/// Reads what is called `named`, and the others by their usual names. `page` is where keys are in the end.
pub fn read(all: &[&Map<String, Json>], named: Option<&str>, base: &Url, page: &Url) -> Utilities {
    let mut found = Utilities::default();
    let find = |name: &str| all.iter().find_map(|map| map.get(name));
    let names = named.into_iter().chain(SIGN_UP.into_iter().filter(|name| Some(*name) != named));
    for name in names {
        let Some(written) = find(name) else {
            if Some(name) == named {
                found.leave(name, "the skill does not have what it calls so".to_owned());
            }
            continue;
        };
        match enrolment(name, written, base, page) {
            Ok(enrolment) if found.enrolments.iter().any(|known| known.mode == enrolment.mode) => {
                found.unrun.push(Unrun::doubled(name));
            }
            Ok(enrolment) => found.enrolments.push(enrolment),
            Err(why) => found.leave(name, why),
        }
    }
    match find(WHO).map(|written| who(written, base)) {
        Some(Ok(url)) => found.who = Some(url),
        Some(Err(why)) => found.leave(WHO, why),
        None => {}
    }
    if find(SET_UP).is_some() {
        found.leave(SET_UP, "it is for the program that uses the service".to_owned());
    }
    found
}

impl Utilities {
    fn leave(&mut self, name: &str, why: String) {
        self.unrun.push(Unrun { name: trust::clean(name, 40), why });
    }
}

fn enrolment(name: &str, written: &Json, base: &Url, page: &Url) -> Result<Enrolment, String> {
    let operation = operation(name, written, base)?;
    let mode = match (operation.reading.has_a_key(), operation.template.uses(EMAIL)) {
        (true, _) => Mode::Direct,
        (false, true) => Mode::MagicLink,
        (false, false) => return Err("it hands out no key, and mails nobody a link".to_owned()),
    };
    if operation.template.method() != Method::Post {
        return Err("nobody signs up without a POST".to_owned());
    }
    let page = (mode == Mode::MagicLink).then(|| page.clone());
    Ok(Enrolment { mode, steps: vec![operation], page, code: CodeForm::default(), by_credential: false, end: None })
}

/// Where it asks, if that is no more than reading an address.
fn who(written: &Json, base: &Url) -> Result<Url, String> {
    let operation = operation(WHO, written, base)?;
    let template = &operation.template;
    let is_plain = template.method() == Method::Get && operation.asked.is_empty() && template.values().next().is_none();
    match template.url().filter(|url| is_plain && account::is_below(url, base)) {
        Some(url) => Ok(url.clone()),
        None => Err("only the plain reading of an address is used to try a credential".to_owned()),
    }
}

fn operation(name: &str, written: &Json, base: &Url) -> Result<Operation, String> {
    if let Some((_, why)) = EXECUTORS.iter().find(|(executor, _)| written.get(executor).is_some()) {
        return Err((*why).to_owned());
    }
    let written = Written::deserialize(written).map_err(|error| trust::clean(&error.to_string(), 100))?;
    let rest = written.rest.ok_or("it does not say what is sent")?;
    let operation = Operation::read(name, rest, &written.params, &[], base)?;
    if let Some(url) = operation.template.url() {
        trust::endpoint_from(url, base).map_err(|problem| super::without_stop(&problem.what))?;
        if !trust::same_site(url, base) {
            let (host, own) = (trust::authority(url), trust::authority(base));
            return Err(format!("{} is not of the site of {}", trust::clean(&host, 80), trust::clean(&own, 80)));
        }
    }
    Ok(operation)
}
