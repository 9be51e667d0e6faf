//! Skills from files.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use directories::BaseDirs;

use crate::flow::SkillFile;
use crate::problem::{Kind, Problem, cause};
use crate::skill::LONGEST;
use crate::trust;

/// Reads the file that a person has named; `~` is their home, as in a shell.
pub fn read(path: &Path) -> Result<SkillFile, Problem> {
    let named = trust::clean(&path.to_string_lossy(), 80);
    let problem = |why: String| {
        Problem::new(Kind::Usage, format!("The skill {named} cannot be read: {why}."), "Name a readable file.")
    };
    let whole = at_home(path).canonicalize().map_err(|error| problem(cause(&error)))?;
    let mut text = String::new();
    let limit = LONGEST as u64 + 1;
    let read = File::open(&whole).and_then(|file| file.take(limit).read_to_string(&mut text));
    match read {
        Err(error) => Err(problem(cause(&error))),
        Ok(_) if text.len() > LONGEST => Err(problem(format!("it is longer than {} KiB", LONGEST / 1024))),
        Ok(_) => Ok(SkillFile { path: whole, text }),
    }
}

fn at_home(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), BaseDirs::new()) {
        (Ok(rest), Some(dirs)) => dirs.home_dir().join(rest),
        _ => path.to_owned(),
    }
}
