//! The language of jq, as skills use it to cut an answer apart or to put a value together.
//!
//! What runs it is not a sandbox: it knows names that read the environment and end the process, and a program may never come
//! to an end. So a child process evaluates, with nothing in its environment and little time and room; and names that reach
//! outside are not known in the first place.

use jaq_core::load::{self, Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Vars, compile, data, unwrap_valr};
use jaq_json::Val;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use zeroize::Zeroizing;

use crate::json::{self, Document};
use crate::secret::Secret;
use crate::trust;

/// Of one expression, in bytes. The longest one seen has some 300.
const LONGEST: usize = 1_000;
/// What is within each other, at most: reading takes more of the stack with each.
const DEEPEST: usize = 32;

/// Names that reach out of the expression: into the environment, the process, its output, its clock.
const OUTSIDE: &[&str] = &[
    "debug",
    "debug_empty",
    "env",
    "halt",
    "halt_error",
    "input",
    "input_line_number",
    "inputs",
    "localtime",
    "now",
    "stderr",
    "stderr_empty",
    "strflocaltime",
];

/// An expression that can be evaluated, though nobody knows what comes of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expression(String);

/// What is to be evaluated, and over what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    pub expressions: Vec<Expression>,
    /// What `.` is, as JSON: an answer may be in it, and a key in that.
    pub input: Secret,
}

/// What came of each expression: its first value, or why it has none.
pub type Results = Vec<Result<Document, String>>;

type Filter = jaq_core::Filter<data::JustLut<Val>>;

impl Expression {
    /// Text that is an expression, as far as that can be told without running it.
    pub fn read(text: &str) -> Result<Self, String> {
        compiled(text)?;
        Ok(Self(text.to_owned()))
    }

    pub fn text(&self) -> &str {
        &self.0
    }

    /// The second over what comes of the first.
    pub fn then(&self, second: &Self) -> Self {
        Self(format!("({}) | ({})", self.0, second.0))
    }
}

impl Work {
    /// As it is handed to the child process: the expressions on one line, and what they are about on the lines after it.
    pub fn written(&self) -> Zeroizing<String> {
        let expressions: Vec<&str> = self.expressions.iter().map(Expression::text).collect();
        Zeroizing::new(format!("{}\n{}", Json::from(expressions), self.input.expose()))
    }

    /// What the child process has answered, if it has answered everything.
    pub fn read(&self, answer: &str) -> Option<Results> {
        let answers = json::read(answer)?.as_array()?.clone();
        let result = |mut answer: Json| match answer.get_mut("value") {
            Some(value) => Ok(Document::new(value.take())),
            None => Err(trust::clean(answer["error"].as_str().unwrap_or_default(), 120)),
        };
        (answers.len() == self.expressions.len()).then(|| answers.into_iter().map(result).collect())
    }
}

/// Evaluates what [`Work::written`] says, and answers what [`Work::read`] takes. The child process does this, and nobody else.
pub fn evaluate(written: &str) -> Zeroizing<String> {
    let (expressions, input) = written.split_once('\n').unwrap_or_default();
    let expressions: Vec<String> = serde_json::from_str(expressions).unwrap_or_default();
    let input = Document::new(json::read(input).unwrap_or_default());
    let answer = |text: &String| match first_value(text, &input) {
        Ok(value) => json!({ "value": value }),
        Err(why) => json!({ "error": why }),
    };
    let answers = Document::new(expressions.iter().map(answer).collect());
    Zeroizing::new(answers.to_string())
}

fn first_value(text: &str, input: &Json) -> Result<Json, String> {
    let filter = compiled(text)?;
    let input = Val::deserialize(input).map_err(|_| "it has no input".to_owned())?;
    let context = Ctx::<data::JustLut<Val>>::new(&filter.lut, Vars::new([]));
    match filter.id.run((context, input)).map(unwrap_valr).next() {
        // What JSON has no word for is nothing.
        Some(Ok(value)) => Ok(serde_json::from_str(&value.to_string()).unwrap_or_default()),
        // The words for it would repeat what it was given, and a key may be in that.
        Some(Err(_)) => Err("it fails on what it is given".to_owned()),
        None => Ok(Json::Null),
    }
}

fn compiled(text: &str) -> Result<Filter, String> {
    if text.len() > LONGEST {
        return Err(format!("an expression is longer than {LONGEST} letters"));
    }
    if depth(text) > DEEPEST {
        return Err("an expression has too much within itself".to_owned());
    }
    let no = |why: String| format!("{} is no expression: {why}", trust::clean(text, 60));
    if ["import", "include"].iter().any(|word| text.trim_start().starts_with(word)) {
        return Err(no("it wants a file".to_owned()));
    }
    let inside = |name: &str| !OUTSIDE.contains(&name);
    let defs = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs()).filter(|def| inside(def.name));
    let funs = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs()).filter(|(name, ..)| inside(name));
    let arena = Arena::default();
    let modules = Loader::new(defs).load(&arena, File { code: text, path: () });
    let modules = modules.map_err(|errors| no(unread(&errors)))?;
    let filter = Compiler::default().with_funs(funs).compile(modules);
    filter.map_err(|errors| match errors.first().and_then(|(_, errors)| errors.first()) {
        Some((name, compile::Undefined::Filter(_))) if OUTSIDE.contains(name) => {
            no(format!("{name} reaches out of it"))
        }
        Some((name, kind)) => no(format!("there is no {} {}", kind.as_str(), trust::clean(name, 40))),
        None => no("it cannot be read".to_owned()),
    })
}

/// Why it cannot be read, and where.
fn unread(errors: &load::Errors<&str, ()>) -> String {
    let at = |rest: &str| match rest.is_empty() {
        true => "it ends too soon".to_owned(),
        false => format!("what is wrong begins with {}", trust::clean(rest, 20)),
    };
    match errors.first().map(|(_, error)| error) {
        Some(load::Error::Lex(errors)) => errors.first().map(|(_, rest)| at(rest)),
        Some(load::Error::Parse(errors)) => errors.first().map(|(_, rest)| at(rest)),
        Some(load::Error::Io(_)) | None => None,
    }
    .unwrap_or_else(|| "it cannot be read".to_owned())
}

/// No less than there is within each other: brackets by how they stand, and what else may hold the rest of the text, wherever
/// it stands.
fn depth(text: &str) -> usize {
    const OPENING: &[&str] = &["as", "def", "foreach", "if", "label", "reduce", "try"];
    let (mut open, mut deepest) = (0_usize, 0);
    for c in text.chars() {
        match c {
            '(' | '[' | '{' => open += 1,
            ')' | ']' | '}' => open = open.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(open);
    }
    let signs = text.chars().filter(|c| matches!(c, '-' | '|')).count();
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    deepest + signs + words.filter(|word| OPENING.contains(word)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worked(expression: &str, input: &str) -> Result<Json, String> {
        let expressions = vec![Expression::read(expression)?];
        let work = Work { expressions, input: Secret::new(input) };
        let mut results = work.read(&evaluate(&work.written())).expect("an answer");
        results.remove(0).map(Document::into_value)
    }

    #[test]
    fn an_expression_is_evaluated_over_its_input() {
        let input = r#"{"params": {"email": "Ada@X.Dev", "link": "https://x.dev/in?token=t1&n=2"}, "n": [1, 2]}"#;
        for (expression, value) in [
            (".params.email | ascii_downcase", json!("ada@x.dev")),
            (r#"(.params.link | capture("token=(?<t>[^&]+)")).t"#, json!("t1")),
            (r#".params.link | split("?") | .[0]"#, json!("https://x.dev/in")),
            (r#""Hi \(.params.email)""#, json!("Hi Ada@X.Dev")),
            (".missing?", Json::Null),
            (".missing // 3", json!(3)),
            ("if .n | length > 1 then true else false end", json!(true)),
            ("{email: .params.email, both: (.n | map(. * 2))}", json!({"email": "Ada@X.Dev", "both": [2, 4]})),
            ("empty", Json::Null),
            ("1, 2", json!(1)),
        ] {
            assert_eq!(worked(expression, input), Ok(value), "{expression}");
        }
        let why = worked(".params.email - 1", input).expect_err("no number");
        assert_eq!(why, "it fails on what it is given", "and nothing of the input");
    }

    #[test]
    fn what_reaches_outside_is_not_known() {
        for name in OUTSIDE {
            let why = Expression::read(name).expect_err(name);
            assert!(why.contains(&format!("{name} reaches out")), "{why}");
        }
        for (expression, why) in [
            ("$ENV.HOME", "$ENV"),
            ("$__prog_args", "$__prog_args"),
            ("include \"a\"; .", "wants a file"),
            ("import \"a\" as $a; .", "wants a file"),
            ("getpath(env)", "env reaches out"),
            ("input_filename", "input_filename"),
            (".a |", "ends too soon"),
            ("(.a", "no expression"),
            (".a b", "b"),
            ("", "no expression"),
        ] {
            let said = Expression::read(expression).expect_err(expression);
            assert!(said.contains(why), "{expression}: {said}");
        }
    }

    /// Whoever writes the longest and the deepest does not end the program that reads it.
    #[test]
    fn reading_needs_little_of_the_stack() {
        let filled = |unit: &str| unit.repeat(LONGEST / unit.len());
        for text in [
            filled("("),
            filled("["),
            filled("{a:"),
            filled("-"),
            filled(".a|"),
            filled("1+"),
            filled("def f: "),
            filled("if 1 then "),
            filled("try "),
            filled("reduce "),
            filled(". as $a|"),
            filled("not|"),
            filled("\"\\("),
            filled(".["),
            filled("?//"),
            filled("1 as [$a] | "),
            filled("..|"),
            filled("1,"),
            filled("label $a|"),
            "x".repeat(LONGEST + 1),
        ] {
            // A stack that is used up would end the test.
            let _ = Expression::read(&text);
        }
    }
}
