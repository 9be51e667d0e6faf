//! What commands print: data on stdout, words beside it on stderr.

use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};
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
    written(io::stdout().write_all(text.as_bytes()));
}

pub fn print_json(value: &impl Serialize) {
    let mut stdout = BufWriter::new(io::stdout().lock());
    written(serde_json::to_writer_pretty(&mut stdout, value).map_err(io::Error::from));
    written(stdout.write_all(b"\n").and_then(|()| stdout.flush()));
}

fn written(done: io::Result<()>) {
    if let Err(error) = done.and_then(|()| io::stdout().flush())
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

/// Text for people, in the letters that they can see and the width that they have.
pub fn print_text(settings: &Settings, text: &str) {
    let folded = width().map(|width| report::folded(text, width));
    print_table(settings, folded.as_deref().unwrap_or(text));
}

/// The same of rows, which are no rows any more when they are broken.
pub fn print_table(settings: &Settings, text: &str) {
    match settings.unicode {
        true => print(text),
        false => print(&report::in_ascii(text)),
    }
}

/// Columns of the terminal that stdout is; nothing where it is none.
pub fn width() -> Option<usize> {
    let (columns, _) = io::stdout().is_terminal().then(crossterm::terminal::size)?.ok()?;
    Some(usize::from(columns)).filter(|columns| *columns > 0)
}

pub fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
