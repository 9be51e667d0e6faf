//! The store that ends with the program.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::removed::Content;
use super::{Listing, Removed, Store};
use crate::account::{AccountId, Kept, Note, StoreKind};
use crate::flow::StoreOffer;
use crate::problem::Problem;

#[derive(Default)]
pub struct Memory(Mutex<Vec<Kept>>);

impl Memory {
    fn entries(&self) -> MutexGuard<'_, Vec<Kept>> {
        // Every change is one assignment: a panic elsewhere leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Memory {
    fn kind(&self) -> StoreKind {
        StoreKind::Memory
    }

    fn accounts(&self) -> Listing {
        Listing { accounts: self.entries().iter().map(|kept| kept.account.clone()).collect(), problem: None }
    }

    fn load(&self, id: &AccountId) -> Result<Option<Kept>, Problem> {
        Ok(self.entries().iter().find(|kept| kept.account.id == *id).cloned())
    }

    fn save(&self, kept: &Kept) -> Result<(), Problem> {
        let mut entries = self.entries();
        match entries.iter_mut().find(|known| known.account.id == kept.account.id) {
            Some(entry) => *entry = kept.clone(),
            None => entries.push(kept.clone()),
        }
        Ok(())
    }

    fn note(&self, id: &AccountId, note: Note, obtained: Option<Timestamp>) -> Result<bool, Problem> {
        let mut entries = self.entries();
        let kept = entries.iter_mut().find(|kept| kept.account.id == *id);
        Ok(kept.is_some_and(|kept| kept.account.note(note, obtained)))
    }

    fn forget(&self, id: &AccountId) -> Result<Option<Removed>, Problem> {
        let mut entries = self.entries();
        let found = entries.iter().position(|kept| kept.account.id == *id).map(|nth| entries.remove(nth));
        let removed =
            |kept| Removed { id: id.clone(), store: StoreKind::Memory, content: Content::Kept(Box::new(kept)) };
        Ok(found.map(removed))
    }

    fn put_back(&self, removed: &Removed) -> Result<(), Problem> {
        match &removed.content {
            Content::Kept(kept) => {
                let mut entries = self.entries();
                if entries.iter().any(|known| known.account.id == removed.id) {
                    return Err(removed.taken());
                }
                entries.push((**kept).clone());
                Ok(())
            }
            _ => Err(removed.of_another_store()),
        }
    }

    fn offers(&self) -> Vec<StoreOffer> {
        vec![StoreOffer {
            kind: StoreKind::Memory,
            setup: None,
            label: "In memory".into(),
            detail: "until this program ends; written nowhere".into(),
            place: None,
            problem: None,
        }]
    }
}
