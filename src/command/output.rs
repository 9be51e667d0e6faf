//! What commands print: data on stdout, words beside it on stderr.

use std::io::{self, ErrorKind, Write};
use std::sync::OnceLock;

use serde::Serialize;

use super::Settings;
use crate::problem::{Kind, Problem, cause};
use crate::report;

/// How the first text that did not arrive was lost.
static LOST: OnceLock<String> = OnceLock::new();

/// Data for whoever reads stdout. A reader that has gone away is no failure of ours; a disk that is full is one, see
/// [`arrived`].
pub fn print(text: &str) {
    let mut stdout = io::stdout().lock();
    if let Err(error) = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())
        && error.kind() != ErrorKind::BrokenPipe
    {
        LOST.get_or_init(|| cause(&error));
    }
}

/// Has everything arrived that was printed? A script that goes by the exit code would use half of it otherwise.
pub fn arrived() -> Result<(), Problem> {
    match LOST.get() {
        None => Ok(()),
        Some(why) => Err(Problem::new(
            Kind::Failed,
            format!("What this command prints could not be written: {why}."),
            "What it did has happened all the same. Make room there, and ask again.",
        )),
    }
}

/// Text for people, in the letters that they can see.
pub fn print_text(settings: &Settings, text: &str) {
    match settings.unicode {
        true => print(text),
        false => print(&report::in_ascii(text)),
    }
}

pub fn print_json(value: &impl Serialize) {
    match serde_json::to_string_pretty(value) {
        Ok(text) => print(&(text + "\n")),
        // Of a map whose keys are no texts.
        Err(error) => drop(LOST.get_or_init(|| error.to_string())),
    }
}

pub fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
