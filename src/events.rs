//! `--events FILE`: a record of a guided flow for bug reports, and for programs that watch one. JSON lines, flushed as they
//! happen, never a secret.

use std::io::{self, Write};
use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::account::DUE_WITHIN;
use crate::flow::{Outcome, Screen};
use crate::problem::{Kind, Problem, cause};
use crate::shell::paths;
use crate::{report, when};

pub struct Events {
    out: Box<dyn Write + Send>,
    last: Option<Value>,
}

impl Events {
    /// Appends to a file, which only its owner can read.
    pub fn open(path: &Path) -> Result<Self, Problem> {
        match paths::private_file(path) {
            Ok(file) => Ok(Self::new(Box::new(file))),
            Err(error) => Err(Problem::new(
                Kind::Usage,
                format!("{} cannot be written: {}.", path.display(), cause(&error)),
                "Name another file with --events.",
            )),
        }
    }

    pub fn new(out: Box<dyn Write + Send>) -> Self {
        Self { out, last: None }
    }

    /// Writes the screen if it differs from the one before, and the outcome if this is the last one.
    pub fn screen(&mut self, screen: &Screen, now: Timestamp) {
        let line = screen_json(screen);
        if self.last.as_ref() == Some(&line) {
            return;
        }
        self.write(&line);
        self.last = Some(line);
        if let Some(outcome) = &screen.outcome {
            self.write(&outcome_json(outcome, now));
        }
    }

    fn write(&mut self, line: &Value) {
        let written: io::Result<()> = writeln!(self.out, "{line}").and_then(|()| self.out.flush());
        if let Err(error) = written {
            tracing::warn!(%error, "the record of events could not be written");
        }
    }
}

fn screen_json(screen: &Screen) -> Value {
    json!({
        "type": "screen",
        "id": screen.id.name(),
        "title": screen.title,
        "lines": screen.lines.iter().map(|line| line.plain()).collect::<Vec<_>>(),
        "prompt": screen.prompt.as_ref().map(|prompt| prompt.kind()),
        "link": screen.link.as_ref().filter(|_| !screen.discreet).map(|link| link.as_str()),
        "user_code": screen.user_code,
        "deadline": screen.deadline.map(when::rfc3339),
        "problem": screen.problem.as_ref().map(problem_json),
    })
}

fn outcome_json(outcome: &Outcome, now: Timestamp) -> Value {
    json!({
        "type": "outcome",
        "outcome": outcome.name(),
        "account": outcome.account().map(|account| report::account_json(account, now, DUE_WITHIN)),
        "problem": outcome.problem().map(problem_json),
    })
}

pub fn problem_json(problem: &Problem) -> Value {
    json!({ "what": problem.what, "hint": problem.hint })
}
