//! What other programs keep, read and never written: the WorkOS auth.md client, gh, mcp-remote, the AWS command line. Their
//! credentials end too, and lie in files that others may be able to read.
//!
//! Nothing is done with them that nobody asked for by name: they are left out of `check`, of `verify --all` and of `renew --due`.
//! Whoever wants one of them looked after here has it copied (`flow::takeover`).

mod read;

use std::collections::HashSet;
use std::env;
use std::path::PathBuf;

use directories::BaseDirs;
use jiff::Timestamp;

use super::{Listing, Removed, Store};
use crate::account::{Account, AccountId, Elsewhere, Kept, Note, Source, StoreKind};
use crate::flow::StoreOffer;
use crate::problem::{Kind, Problem};

/// A program whose files are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// WorkOS agent-clients: one file, by issuer.
    AuthMd,
    /// GitHub's command line: one file, by host and user.
    Gh,
    /// A folder with some files for each server.
    McpRemote,
    /// A folder with a file for each session of IAM Identity Center.
    Aws,
}

impl Tool {
    pub fn name(self) -> &'static str {
        match self {
            Tool::AuthMd => "authmd",
            Tool::Gh => "gh",
            Tool::McpRemote => "mcp-remote",
            Tool::Aws => "aws",
        }
    }

    /// How one ends a credential of it.
    fn remedy(self) -> &'static str {
        match self {
            Tool::AuthMd => "Delete it in ~/.authmd/credentials.json, and end it at the service.",
            Tool::Gh => "End it with: gh auth logout",
            Tool::McpRemote => "Delete its files below ~/.mcp-auth, and end it at the service.",
            Tool::Aws => "End it with: aws sso logout",
        }
    }
}

/// The files of all of them.
pub struct Foreign {
    places: Vec<(Tool, PathBuf)>,
}

/// An account as it was found.
struct Found {
    account: Account,
    /// Some keep the secret elsewhere.
    kept: Option<Kept>,
}

impl Found {
    fn called(self, id: AccountId) -> Self {
        let account = Account { id, ..self.account };
        let kept = self.kept.map(|kept| Kept { account: account.clone(), ..kept });
        Self { account, kept }
    }
}

impl Foreign {
    /// Where these programs keep things, by their own variables of the environment and usual folders.
    pub fn here() -> Self {
        let Some(base) = BaseDirs::new() else {
            return Self::at(Vec::new());
        };
        let home = base.home_dir();
        let named = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let config = named("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config"));
        Self::at(vec![
            (Tool::AuthMd, named("AUTHMD_STORE_PATH").unwrap_or_else(|| home.join(".authmd/credentials.json"))),
            (Tool::Gh, named("GH_CONFIG_DIR").unwrap_or_else(|| config.join("gh")).join("hosts.yml")),
            (Tool::McpRemote, named("MCP_REMOTE_CONFIG_DIR").unwrap_or_else(|| home.join(".mcp-auth"))),
            (Tool::Aws, home.join(".aws/sso/cache")),
        ])
    }

    pub fn at(places: Vec<(Tool, PathBuf)>) -> Self {
        Self { places }
    }

    /// What cannot be read is another program's trouble. No two have one name: the second has a number, in the order of the
    /// files.
    fn found(&self) -> Vec<Found> {
        let mut taken: HashSet<AccountId> = HashSet::new();
        let all = self.places.iter().flat_map(|(tool, place)| read::all(*tool, place));
        let named = all.map(|found| {
            let id = found.account.id.clone();
            let numbered = (2..).filter_map(|nth| AccountId::stored(&format!("{id}-{nth}")));
            let free = std::iter::once(id.clone()).chain(numbered).find(|id| !taken.contains(id)).unwrap_or(id);
            taken.insert(free.clone());
            found.called(free)
        });
        named.collect()
    }

    fn read_only(&self, id: &AccountId) -> Problem {
        let found = self.found().into_iter().find(|found| found.account.id == *id);
        let tool = found.and_then(|found| match found.account.source {
            Source::Foreign(Elsewhere { tool, .. }) => {
                self.places.iter().map(|(tool, _)| *tool).find(|it| Some(it.name()) == tool)
            }
            Source::Own => None,
        });
        let name = tool.map_or("another program", Tool::name);
        let hint = tool.map_or("Use that program.", Tool::remedy);
        Problem::new(Kind::Usage, format!("{id} is kept by {name}, and only read here."), hint)
    }
}

impl Store for Foreign {
    fn kind(&self) -> StoreKind {
        StoreKind::Foreign
    }

    fn accounts(&self) -> Listing {
        Listing { accounts: self.found().into_iter().map(|found| found.account).collect(), problem: None }
    }

    fn load(&self, id: &AccountId) -> Result<Option<Kept>, Problem> {
        match self.found().into_iter().find(|found| found.account.id == *id) {
            Some(Found { kept: Some(kept), .. }) => Ok(Some(kept)),
            Some(Found { account, .. }) => Err(Problem::new(
                Kind::Store,
                format!("The credential of {id} is not in its program's file."),
                match account.layers.first().is_some_and(|layer| layer.kind.gets_the_next()) {
                    true => "Only what gets one is: use that program once, and it will be there.",
                    false => "That program keeps it somewhere else, as in the system's keyring.",
                },
            )),
            None => Ok(None),
        }
    }

    fn save(&self, kept: &Kept) -> Result<(), Problem> {
        Err(self.read_only(&kept.account.id))
    }

    fn note(&self, _id: &AccountId, _note: Note, _obtained: Option<Timestamp>) -> Result<bool, Problem> {
        // What was learned is told; there is nowhere to write it down.
        Ok(false)
    }

    fn forget(&self, id: &AccountId) -> Result<Option<Removed>, Problem> {
        Err(self.read_only(id))
    }

    fn put_back(&self, removed: &Removed) -> Result<(), Problem> {
        Err(removed.of_another_store())
    }

    fn offers(&self) -> Vec<StoreOffer> {
        Vec::new()
    }
}
