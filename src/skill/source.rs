//! Where a skill is, and the services that the person's own skills describe.

use std::fmt;
use std::path::PathBuf;

use url::Url;

use super::Skill;
use crate::account::Account;
use crate::trust;

/// A service that a skill of the person's own describes, as it stands beside their accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// What it is called for: the name of its file.
    pub id: String,
    pub name: String,
    pub source: Source,
    /// What its credential would be for; nothing where the skill cannot be used.
    pub resource: Option<String>,
    /// What signing up would take, or why it cannot be done, in words.
    pub takes: String,
}

impl Described {
    pub fn new(id: String, file: PathBuf, text: &str) -> Self {
        let source = Source::File(file);
        match Skill::read(text, &id) {
            Ok(skill) => {
                let (name, resource) = (skill.name.clone(), Some(skill.resource.to_string()));
                Self { id, name, source, resource, takes: skill.takes() }
            }
            Err(problem) => Self { name: id.clone(), id, source, resource: None, takes: problem.what },
        }
    }

    /// Is one of these its account?
    pub fn is_connected(&self, accounts: &[Account]) -> bool {
        accounts.iter().any(|account| {
            account.skill().as_ref() == Some(&self.source) || self.resource.as_ref() == Some(&account.resource)
        })
    }
}

/// Where a skill is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    File(PathBuf),
    /// One that the program comes with, or in the person's own folder, by its id or what somebody calls it.
    Named(String),
}

/// The scheme of an address that names one.
const NAMED: &str = "skill";

impl Source {
    /// As it is written down with an account.
    pub fn url(&self) -> Option<Url> {
        match self {
            Source::File(file) => Url::from_file_path(file).ok(),
            Source::Named(id) => Url::parse(&format!("{NAMED}:{id}")).ok(),
        }
    }

    pub fn of(url: &Url) -> Option<Self> {
        match url.scheme() {
            "file" => url.to_file_path().ok().map(Source::File),
            NAMED => Some(Source::Named(url.path().to_owned())),
            _ => None,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::File(file) => f.write_str(&trust::clean(&file.to_string_lossy(), 80)),
            Source::Named(name) => f.write_str(&trust::clean(name, 60)),
        }
    }
}
