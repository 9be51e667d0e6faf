//! Where files go: below `AUTHMD_TUI_HOME`, or in the folders that the platform has for such things.

use std::env;
use std::path::PathBuf;

use directories::ProjectDirs;

use crate::problem::{Kind, Problem};

#[derive(Debug, Clone)]
pub struct Paths {
    /// What must survive: the token file, when no other is named.
    pub data: PathBuf,
    /// What may go: the log.
    pub state: PathBuf,
}

impl Paths {
    pub fn from_environment() -> Result<Self, Problem> {
        if let Some(home) = env::var_os("AUTHMD_TUI_HOME").filter(|home| !home.is_empty()) {
            let home = PathBuf::from(home);
            return Ok(Self { data: home.clone(), state: home });
        }
        let folders = ProjectDirs::from("", "", "authmd-tui").ok_or_else(|| {
            Problem::new(
                Kind::Store,
                "This account has no home folder.",
                "Set AUTHMD_TUI_HOME to a folder of your own.",
            )
        })?;
        let data = folders.data_local_dir().to_owned();
        Ok(Self { state: folders.state_dir().map_or_else(|| data.clone(), ToOwned::to_owned), data })
    }

    pub fn token_file(&self) -> PathBuf {
        self.data.join("tokens.json")
    }

    pub fn log_file(&self) -> PathBuf {
        self.state.join("authmd-tui.log")
    }
}
