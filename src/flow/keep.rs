//! Where a credential can be kept, and the question which place it is to be.

use url::Url;

use super::screen::{Choice, Prompt, Surroundings};
use crate::account::{Account, AccountId, Attempt, StoreKind};
use crate::problem::Problem;
use crate::secret::Secret;

/// What the stores know when a sign-up asks.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Known {
    /// The accounts held for the resource.
    pub accounts: Vec<Account>,
    /// Every id in use, so that a new one differs.
    pub ids: Vec<AccountId>,
    /// Where a credential can be kept. The first is the default.
    pub stores: Vec<StoreOffer>,
    /// False while nobody has said where credentials are to be kept.
    pub decided: bool,
    /// Earlier sign-ups for the resource, the last one first.
    pub attempts: Vec<Attempt>,
    pub surroundings: Surroundings,
    pub clients: Clients,
    /// Why the settings say nothing of them.
    pub unsettled: Option<Box<Problem>>,
}

/// Who this program is to authorization servers, as far as that was settled beforehand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Clients {
    /// Client ids by the issuers that know them.
    pub known: Vec<(String, String)>,
    /// A document about this program that is its client id, where servers take such a thing (Client ID Metadata Document).
    pub document: Option<Url>,
}

impl Clients {
    /// The client id for a server. A person who writes its issuer down may leave the last slash out.
    pub fn at(&self, issuer: &str) -> Option<&str> {
        let bare = |issuer: &str| issuer.trim_end_matches('/').to_owned();
        let known = self.known.iter().find(|(known, _)| bare(known) == bare(issuer));
        known.map(|(_, id)| id.as_str())
    }
}

/// What opens a vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// The system's keyring has the key.
    Keyring,
    Passphrase,
}

impl Protection {
    pub const ALL: [Protection; 2] = [Protection::Keyring, Protection::Passphrase];

    pub fn name(self) -> &'static str {
        match self {
            Protection::Keyring => "keyring",
            Protection::Passphrase => "passphrase",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protection| protection.name() == name)
    }
}

/// What is to open the vault from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guard {
    Keyring,
    Passphrase(Secret),
}

#[derive(Debug, Clone, PartialEq)]
pub struct StoreOffer {
    pub kind: StoreKind,
    /// It has to be made first, opened by this.
    pub setup: Option<Protection>,
    /// "in a file other tools can read".
    pub label: String,
    /// What that means: who can read it, how long it lasts.
    pub detail: String,
    /// Where it is.
    pub place: Option<String>,
    /// Why it cannot be used now.
    pub problem: Option<Problem>,
}

pub const NOT_STORED: &str =
    "You have the new credential, but it could not be stored. It is in memory now, and nowhere else.";

/// The question which store it is to be; `failed` is the one that has just been tried.
pub fn where_to_keep_it(stores: &[StoreOffer], failed: Option<StoreKind>) -> Prompt {
    let choices = stores.iter().map(|store| Choice {
        label: match failed == Some(store.kind) {
            true => format!("Try again: {}", store.label),
            false => store.label.clone(),
        },
        detail: match &store.problem {
            // Without the system's own words, which are told when it is chosen all the same.
            Some(problem) => format!("not now: {}", problem.what.split(" (").next().unwrap_or_default()),
            None => store.detail.clone(),
        },
    });
    Prompt::Pick { label: "Keep it".into(), choices: choices.collect() }
}
