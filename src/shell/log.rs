//! The log file, for people who look into a problem. Off unless `AUTHMD_TUI_LOG` names a level.

use std::env;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Mutex;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use super::paths;
use crate::problem::{Kind, Problem, cause};

/// Starts writing to `file` where the environment asks for it, and to stderr where `aloud`, which only the commands
/// without a screen are.
pub fn start(file: &Path, aloud: bool) -> Result<(), Problem> {
    // Our own lines only: what libraries log is not ours to vouch for.
    let ours = |level: LevelFilter| Targets::new().with_target("authmd_tui", level);
    let aloud = aloud.then(|| {
        tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .without_time()
            .with_writer(io::stderr)
            .with_filter(ours(LevelFilter::DEBUG))
    });
    let to_file = match env::var("AUTHMD_TUI_LOG") {
        Ok(level) => Some(file_layer(file, &level)?),
        Err(_) => None,
    };
    if aloud.is_none() && to_file.is_none() {
        return Ok(());
    }
    let to_file = to_file.map(|(file, level)| {
        tracing_subscriber::fmt::layer().with_ansi(false).with_writer(Mutex::new(file)).with_filter(ours(level))
    });
    // A second start in one process keeps the first log.
    let _ = tracing_subscriber::registry().with(aloud).with(to_file).try_init();
    Ok(())
}

fn file_layer(file: &Path, level: &str) -> Result<(File, LevelFilter), Problem> {
    let level: LevelFilter = level.parse().map_err(|_| {
        Problem::new(Kind::Usage, "AUTHMD_TUI_LOG is not a level.", "Use one of: off, error, warn, info, debug, trace.")
    })?;
    let opened = open(file).map_err(|error| {
        Problem::new(
            Kind::Failed,
            format!("The log {} could not be opened: {}.", file.display(), cause(&error)),
            "Unset AUTHMD_TUI_LOG, or set AUTHMD_TUI_HOME to a folder you can write.",
        )
    })?;
    Ok((opened, level))
}

fn open(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        paths::private_folder(folder)?;
    }
    paths::private_file(path)
}
