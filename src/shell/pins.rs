//! Skills as they were when they were used last: a skill says where secrets go, so a change of it is not taken without a word.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use similar::{ChangeTag, TextDiff};

use crate::flow::{Difference, Seen};
use crate::problem::{Kind, Problem, cause};
use crate::store::record;
use crate::trust;

/// Lines around a difference.
const AROUND: usize = 2;
const WIDTH: usize = 200;

#[derive(Debug, Clone)]
pub enum Pins {
    /// In this file.
    File(Arc<Path>),
    /// Gone when the program ends.
    Here(Arc<Mutex<Known>>),
}

/// By the path of the skill.
pub type Known = BTreeMap<PathBuf, Pin>;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pin {
    /// SHA-256 of its text, in hexadecimal.
    digest: String,
    /// The text, to tell what has changed.
    text: String,
}

impl Pin {
    fn of(text: &str) -> Self {
        let digest = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
        Self { digest, text: text.to_owned() }
    }
}

impl Pins {
    /// Is the skill as it was? A record that cannot be read knows nothing.
    pub fn seen(&self, path: &Path, text: &str) -> Seen {
        let pin = match self {
            Pins::File(file) => record::read::<Known>(file).unwrap_or_default().remove(path),
            Pins::Here(known) => known.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned(),
        };
        match pin {
            None => Seen::Never,
            Some(pin) if pin.digest == Pin::of(text).digest => Seen::AsItWas,
            Some(pin) => Seen::Otherwise(differences(&pin.text, text)),
        }
    }

    pub fn pin(&self, path: &Path, text: &str) -> Result<(), Problem> {
        match self {
            Pins::Here(known) => {
                known.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), Pin::of(text));
                Ok(())
            }
            Pins::File(file) => {
                record::change(file, |known: &mut Known| drop(known.insert(path.to_owned(), Pin::of(text)))).map_err(
                    |error| {
                        let what =
                            format!("The record of skills in {} cannot be written: {}.", file.display(), cause(&error));
                        Problem::new(Kind::Store, what, "Make room, or give yourself the right to write there.")
                    },
                )
            }
        }
    }
}

fn differences(before: &str, now: &str) -> Vec<Difference> {
    let diff = TextDiff::from_lines(before, now);
    let groups = diff.grouped_ops(AROUND);
    let changes = groups.iter().flatten().flat_map(|op| diff.iter_changes(op));
    let shown = changes.map(|change| {
        // What stands within what is told by the blanks before it.
        let line = change.value().trim_end();
        let bare = line.trim_start_matches(' ');
        let line = format!("{}{}", " ".repeat((line.len() - bare.len()).min(WIDTH)), trust::clean(bare, WIDTH));
        match change.tag() {
            ChangeTag::Equal => Difference::Same(line),
            ChangeTag::Delete => Difference::Gone(line),
            ChangeTag::Insert => Difference::New(line),
        }
    });
    // All of them, however many: it is what the person decides by.
    shown.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_line_by_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let file: Arc<Path> = folder.path().join("data/skills.json").into();
        for pins in [Pins::File(Arc::clone(&file)), Pins::Here(Arc::default())] {
            let path = Path::new("/skills/a.yaml");
            let before = "id: a\nurl: https://a.dev\nn: 1\n";
            assert_eq!(pins.seen(path, before), Seen::Never);
            pins.pin(path, before).expect("pinned");
            assert_eq!(pins.seen(path, before), Seen::AsItWas);
            let changed = pins.seen(path, "id: a\nurl: https://evil.dev/\u{1b}[2J\nn: 1\n");
            let Seen::Otherwise(lines) = changed else { panic!("{changed:?}") };
            assert_eq!(
                lines,
                [
                    Difference::Same("id: a".into()),
                    Difference::Gone("url: https://a.dev".into()),
                    Difference::New("url: https://evil.dev/ [2J".into()),
                    Difference::Same("n: 1".into()),
                ]
            );
        }
        std::fs::write(&file, "{").expect("written");
        assert_eq!(Pins::File(file).seen(Path::new("/skills/a.yaml"), "x"), Seen::Never);
    }
}
