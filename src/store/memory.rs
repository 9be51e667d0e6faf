//! The store that ends with the program.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::Store;
use crate::account::{Account, AccountId, Proof, StoreKind};
use crate::flow::StoreOffer;
use crate::problem::Problem;
use crate::secret::Secret;

#[derive(Default)]
pub struct Memory(Mutex<Vec<(Account, Secret)>>);

impl Memory {
    fn entries(&self) -> MutexGuard<'_, Vec<(Account, Secret)>> {
        // Every change is one assignment: a panic elsewhere leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Memory {
    fn kind(&self) -> StoreKind {
        StoreKind::Memory
    }

    fn accounts(&self) -> Result<Vec<Account>, Problem> {
        Ok(self.entries().iter().map(|(account, _)| account.clone()).collect())
    }

    fn load(&self, id: &AccountId) -> Result<Option<Secret>, Problem> {
        Ok(self.entries().iter().find(|(account, _)| account.id == *id).map(|(_, credential)| credential.clone()))
    }

    fn save(&self, account: &Account, credential: &Secret) -> Result<(), Problem> {
        let mut entries = self.entries();
        let kept = (account.clone(), credential.clone());
        match entries.iter_mut().find(|(known, _)| known.id == account.id) {
            Some(entry) => *entry = kept,
            None => entries.push(kept),
        }
        Ok(())
    }

    fn record(&self, id: &AccountId, proof: Proof, obtained: Option<Timestamp>) -> Result<(), Problem> {
        if let Some((account, _)) = self.entries().iter_mut().find(|(account, _)| account.id == *id) {
            account.record(proof, obtained);
        }
        Ok(())
    }

    fn forget(&self, id: &AccountId) -> Result<(), Problem> {
        self.entries().retain(|(account, _)| account.id != *id);
        Ok(())
    }

    fn offer(&self) -> StoreOffer {
        StoreOffer {
            kind: StoreKind::Memory,
            label: "In memory".into(),
            detail: "until this program ends; written nowhere".into(),
            problem: None,
        }
    }
}
