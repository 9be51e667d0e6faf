//! What was forgotten, held so that it can be put back as it was: sealed where it was sealed, letter for letter where other
//! programs write, too.

use super::vault::seal::PublicKey;
use crate::account::{Account, AccountId, Kept, StoreKind};
use crate::problem::{Kind, Problem};
use crate::secret::Secret;

/// An account as one store had it.
#[derive(Clone)]
pub struct Removed {
    pub id: AccountId,
    pub store: StoreKind,
    pub(super) content: Content,
}

#[derive(Clone)]
pub(super) enum Content {
    Kept(Box<Kept>),
    /// An entry of the token file, as it was written.
    Entry {
        key: String,
        text: Secret,
    },
    /// A record of the vault; no key is needed to put it back.
    Sealed {
        account: Box<Account>,
        sealed: Vec<Option<Vec<u8>>>,
        to: PublicKey,
    },
}

impl std::fmt::Debug for Removed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Removed").field("id", &self.id).field("store", &self.store).finish_non_exhaustive()
    }
}

impl PartialEq for Removed {
    fn eq(&self, other: &Self) -> bool {
        (&self.id, self.store) == (&other.id, other.store)
    }
}

impl Removed {
    pub(super) fn taken(&self) -> Problem {
        Problem::new(
            Kind::Store,
            format!("{} is there again, with another credential.", self.id),
            "What was forgotten was not put back.",
        )
    }

    pub(super) fn of_another_store(&self) -> Problem {
        Problem::new(
            Kind::Store,
            format!("{} cannot be put back: its store is not the same any more.", self.id),
            "Sign up again, or revoke what is left at the service's own site.",
        )
    }
}
