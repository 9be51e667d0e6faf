//! An account together with its secrets, as a store holds them at one moment.

use super::{Account, LayerKind};
use crate::secret::Secret;

/// The secrets of an account: the credential, and one for each further layer that has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secrets {
    /// The secret of the account's first layer.
    pub credential: Secret,
    pub further: Vec<(LayerKind, Secret)>,
}

impl Secrets {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Secret> + Clone {
        std::iter::once(&self.credential).chain(self.further.iter().map(|(_, secret)| secret))
    }

    pub fn get(&self, kind: LayerKind) -> Option<&Secret> {
        self.further.iter().find(|(known, _)| *known == kind).map(|(_, secret)| secret)
    }
}

impl From<Secret> for Secrets {
    fn from(credential: Secret) -> Self {
        Self { credential, further: Vec::new() }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub account: Account,
    pub secrets: Secrets,
}

impl Kept {
    pub fn new(account: Account, secrets: impl Into<Secrets>) -> Self {
        Self { account, secrets: secrets.into() }
    }

    /// The secret of one of the account's layers.
    pub fn secret(&self, nth: usize) -> Option<&Secret> {
        match nth {
            0 => Some(&self.secrets.credential),
            _ => self.secrets.get(self.account.layers.get(nth)?.kind),
        }
    }
}
