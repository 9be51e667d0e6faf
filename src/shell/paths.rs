//! Where files go: below `AUTHMD_TUI_HOME`, or in the folders that the platform has for such things.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::{env, io};

use directories::ProjectDirs;

use crate::problem::{Kind, Problem};

/// Makes a folder, and those above it, for its owner only.
pub fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Opens a file to append to, made for its owner only where it is new.
pub fn private_file(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes sure that a file's new name in `folder` is on the disk.
#[cfg(unix)]
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Elsewhere a folder cannot be opened as a file; the rename itself is as durable as it gets.
#[cfg(not(unix))]
pub fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

#[derive(Debug, Clone)]
pub struct Paths {
    /// What must survive: the vault; the token file, when no other is named.
    pub data: PathBuf,
    /// What may go: the log.
    pub state: PathBuf,
    /// What a person writes: the settings.
    pub config: PathBuf,
}

impl Paths {
    pub fn from_environment() -> Result<Self, Problem> {
        if let Some(home) = env::var_os("AUTHMD_TUI_HOME").filter(|home| !home.is_empty()) {
            let home = PathBuf::from(home);
            return Ok(Self { data: home.clone(), config: home.clone(), state: home });
        }
        let folders = ProjectDirs::from("", "", "authmd-tui").ok_or_else(|| {
            Problem::new(
                Kind::Store,
                "This account has no home folder.",
                "Set AUTHMD_TUI_HOME to a folder of your own.",
            )
        })?;
        let data = folders.data_local_dir().to_owned();
        let state = folders.state_dir().map_or_else(|| data.clone(), ToOwned::to_owned);
        Ok(Self { state, config: folders.config_dir().to_owned(), data })
    }

    pub fn token_file(&self) -> PathBuf {
        self.data.join("tokens.json")
    }

    pub fn vault_folder(&self) -> PathBuf {
        self.data.join("vault")
    }

    pub fn lock_folder(&self) -> PathBuf {
        self.data.join("locks")
    }

    pub fn attempts_file(&self) -> PathBuf {
        self.data.join("attempts.json")
    }

    /// The person's own skills.
    pub fn skills_folder(&self) -> PathBuf {
        self.config.join("skills")
    }

    pub fn settings_file(&self) -> PathBuf {
        self.config.join("settings.json")
    }

    pub fn log_file(&self) -> PathBuf {
        self.state.join("authmd-tui.log")
    }
}
