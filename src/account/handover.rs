//! Where else a credential is put after it was obtained: into another program's store, a file, or a command's hands. Nothing of
//! it is on unless somebody has said so for the account.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::trust;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum HandOver {
    /// AgentOS, on this machine or elsewhere.
    AgentOs { url: Url, form: AgentOs, skill: String },
    /// A line `NAME=credential` in a file of its owner's.
    EnvFile { file: PathBuf, name: String },
    /// The command is run with the credential on its stdin.
    Command { command: Vec<String> },
}

/// The calls that AgentOS has had for this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentOs {
    /// `POST /api/settings/credentials {skill, key}`
    Settings,
    /// `POST /sys/accounts {skill, account, api_key}`
    Accounts,
}

impl HandOver {
    /// Where it goes, in a few words.
    pub fn place(&self) -> String {
        match self {
            HandOver::AgentOs { url, .. } => format!("AgentOS at {}", trust::authority(url)),
            HandOver::EnvFile { file, .. } => trust::clean(&file.to_string_lossy(), 120),
            HandOver::Command { command } => trust::clean(&shell_words(command), 120),
        }
    }
}

/// As a person would type it.
pub fn shell_words(command: &[String]) -> String {
    command.iter().map(|word| trust::shell_word(word)).collect::<Vec<_>>().join(" ")
}
