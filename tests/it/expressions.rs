//! A skill's expressions, in the child process that evaluates them: what they can do, and what they cannot.

use std::process::{Command, Stdio};

use authmd_tui::problem::Problem;
use authmd_tui::secret::Secret;
use authmd_tui::shell::expressions::{COMMAND, Evaluator};
use authmd_tui::skill::expression::{Expression, Results, Work};
use serde_json::json;

use crate::support::terminal::PROGRAM;

fn evaluated(expressions: &[&str], input: &str) -> Result<Results, Problem> {
    let read = |text: &&str| Expression::read(text).expect(text);
    let work = Work { expressions: expressions.iter().map(read).collect(), input: Secret::new(input) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(Evaluator::new(PROGRAM.into()).evaluate(&work))
}

#[test]
fn what_comes_of_each_is_told_in_order() {
    let results = evaluated(&[".key", ".n - \"x\"", ".n + 1"], r#"{"key": "sk_1", "n": 2}"#).expect("an answer");
    let told: Vec<_> = results.into_iter().map(|result| result.map(|value| value.into_value())).collect();
    assert_eq!(told[0], Ok(json!("sk_1")));
    assert!(told[1].as_ref().is_err_and(|why| why == "it fails on what it is given"), "{told:?}");
    assert_eq!(told[2], Ok(json!(3)));
}

/// Each of these would end the program, or never end, if it were evaluated in it.
#[test]
fn what_takes_too_much_is_stopped() {
    for hostile in [
        "def f: f; f",
        "def f: 1 + f; f",
        "[range(1e9)]",
        "[repeat(1)]",
        "reduce range(60) as $i (\"aaaaaaaaaa\"; . + .)",
        "[limit(100000; repeat(\"aaaaaaaa\"))]",
    ] {
        let problem = evaluated(&[hostile], "{}").expect_err(hostile);
        assert!(problem.what.contains("took more time or room"), "{hostile}: {problem:?}");
    }
}

/// Whatever gets past the list of names finds nothing there.
#[test]
fn the_child_has_nothing_of_its_parent() {
    let mut child = Command::new(PROGRAM)
        .arg(COMMAND)
        .env("A_SECRET", "sk_secret")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child");
    // Asked past the check that its parent makes: it makes the same one.
    std::io::Write::write_all(&mut child.stdin.take().expect("stdin"), b"[\"env\", \"halt\", \"$ENV.A_SECRET\"]\n{}")
        .expect("written");
    let output = child.wait_with_output().expect("an end");
    let said = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success() && !said.contains("sk_secret"), "{said}");
    assert_eq!(said.matches("is no expression").count(), 3, "{said}");
}
