//! The boundary of the pure core, held by reading its source.

use std::fs;
use std::path::{Path, PathBuf};

/// What decides must not touch the world: everything but the shell, the stores, the sandbox, the front ends and the entry.
const PURE: &[&str] = &[
    "flow",
    "flow.rs",
    "account",
    "account.rs",
    "http",
    "http.rs",
    "json.rs",
    "problem.rs",
    "qr.rs",
    "secret.rs",
    "skill",
    "skill.rs",
    "trust",
    "trust.rs",
    "when.rs",
    "wrap.rs",
    "report.rs",
];

const FORBIDDEN: &[&str] = &[
    "tokio",
    "reqwest",
    "axum",
    "ratatui",
    "crossterm",
    "keyring::",
    "rusqlite",
    "std::fs",
    "std::env",
    "std::net::Tcp",
    "std::process",
    "std::thread",
    "std::io",
    "Timestamp::now",
    "Instant::now",
    "SystemTime",
    "getrandom",
    "shell::",
    "store::",
    "tui::",
    "tracing",
];

fn sources(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let entries = fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    entries
        .flat_map(|entry| sources(&entry.expect("an entry").path()))
        .filter(|path| path.extension().is_some_and(|kind| kind == "rs"))
        .collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

#[test]
fn the_pure_core_is_pure() {
    let files: Vec<PathBuf> = PURE.iter().flat_map(|part| sources(&root().join(part))).collect();
    assert!(files.len() > 15, "the list of pure parts has come apart: {files:?}");
    for file in files {
        let text = fs::read_to_string(&file).expect("source");
        for (nth, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            for word in FORBIDDEN {
                assert!(!line.contains(word), "{}:{}: {word} has no place here", file.display(), nth + 1);
            }
        }
    }
}

#[test]
fn secrets_leave_through_few_doors() {
    let doors = [
        "account.rs",
        "app.rs",
        "clipboard.rs",
        "command.rs",
        "deliver.rs",
        "fingerprint.rs",
        "flow",
        "http.rs",
        "net.rs",
        "secret.rs",
        // Entries that are put back as they were written.
        "store/json.rs",
        "entry.rs",
        // Into what it seals.
        "store/export.rs",
        "session.rs",
        // It reads what a skill describes.
        "skill/answer.rs",
        "skill/reading.rs",
        // It hands the answer to the child process that takes it apart.
        "skill/expression.rs",
        "terminal.rs",
        "pane.rs",
        "plain.rs",
        // For scripts, git and docker.
        "command/scripts.rs",
        "command/helpers.rs",
        "row.rs",
        "seal.rs",
        "trust.rs",
    ];
    for file in sources(&root()) {
        let text = fs::read_to_string(&file).expect("source");
        let named = file.strip_prefix(root()).expect("below src").to_string_lossy().into_owned();
        if text.contains(".expose()") {
            assert!(doors.iter().any(|door| named.contains(door)), "{named} takes secrets apart; is that its task?");
        }
    }
}

#[test]
fn only_the_clock_reads_the_time() {
    for file in sources(&root()).into_iter().filter(|file| !file.ends_with("shell/clock.rs")) {
        let text = fs::read_to_string(&file).expect("source");
        assert!(!text.contains("Timestamp::now()") && !text.contains("Instant::now()"), "{}", file.display());
    }
}
