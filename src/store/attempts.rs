//! The record of sign-ups by skills: what was sent where, and how it ended. No secret is in it, and no address.

use std::path::PathBuf;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use super::record;
use crate::account::{Attempt, Ended};
use crate::problem::{Kind, Problem, cause};

/// Older ones are forgotten.
const MOST: usize = 500;

#[derive(Debug)]
pub enum Attempts {
    /// In this file, which all programs of the user share.
    File(PathBuf),
    /// Gone when the program ends.
    Here(Mutex<Vec<Attempt>>),
}

#[derive(Serialize, Deserialize)]
struct Written {
    version: u32,
    attempts: Vec<Attempt>,
}

impl Default for Written {
    fn default() -> Self {
        Self { version: 1, attempts: Vec::new() }
    }
}

impl Attempts {
    pub fn here() -> Self {
        Attempts::Here(Mutex::default())
    }

    /// Those for a resource, the last one first. What cannot be read is no reason not to sign up.
    pub fn of(&self, resource: &str) -> Vec<Attempt> {
        let all = match self {
            Attempts::File(file) => record::read::<Written>(file).unwrap_or_default().attempts,
            Attempts::Here(attempts) => attempts.lock().map(|attempts| attempts.clone()).unwrap_or_default(),
        };
        let mut all: Vec<Attempt> = all.into_iter().filter(|attempt| attempt.resource == resource).collect();
        all.reverse();
        all
    }

    /// Adds one; or ends the one that is open.
    pub fn record(&self, attempt: Attempt) -> Result<(), Problem> {
        match self {
            Attempts::Here(attempts) => {
                if let Ok(mut attempts) = attempts.lock() {
                    add(&mut attempts, attempt);
                }
                Ok(())
            }
            Attempts::File(file) => record::change(file, |known: &mut Written| add(&mut known.attempts, attempt))
                .map_err(|error| {
                    let what =
                        format!("The record of sign-ups in {} cannot be written: {}.", file.display(), cause(&error));
                    Problem::new(Kind::Store, what, "Make room, or give yourself the right to write there.")
                }),
        }
    }
}

fn add(attempts: &mut Vec<Attempt>, attempt: Attempt) {
    let open = attempts.iter_mut().rev().find(|known| known.resource == attempt.resource && known.mode == attempt.mode);
    match open.filter(|known| known.ended == Ended::Open && attempt.ended != Ended::Open) {
        Some(open) => open.ended = attempt.ended,
        None => attempts.push(attempt),
    }
    let surplus = attempts.len().saturating_sub(MOST);
    attempts.drain(..surplus);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Mode;

    fn attempt(second: i64, ended: Ended) -> Attempt {
        let at = jiff::Timestamp::from_second(second).expect("a moment");
        Attempt { resource: "https://a.dev/".into(), mode: Mode::Direct, at, ended }
    }

    #[test]
    fn an_end_is_that_of_the_last_beginning() {
        let folder = tempfile::tempdir().expect("a folder");
        for attempts in [Attempts::here(), Attempts::File(folder.path().join("state/attempts.json"))] {
            for recorded in
                [attempt(1, Ended::Open), attempt(2, Ended::Open), attempt(3, Ended::Refused), attempt(4, Ended::Done)]
            {
                attempts.record(recorded).expect("recorded");
            }
            let ends: Vec<_> =
                attempts.of("https://a.dev/").iter().map(|attempt| (attempt.at.as_second(), attempt.ended)).collect();
            assert_eq!(ends, [(4, Ended::Done), (2, Ended::Refused), (1, Ended::Open)]);
            assert!(attempts.of("https://b.dev/").is_empty());
        }
        std::fs::write(folder.path().join("state/attempts.json"), "{").expect("written");
        let attempts = Attempts::File(folder.path().join("state/attempts.json"));
        assert!(attempts.of("https://a.dev/").is_empty());
        attempts.record(attempt(5, Ended::Open)).expect("begun anew");
        assert_eq!(attempts.of("https://a.dev/").len(), 1);
    }
}
