//! Where accounts and their credentials are kept.
//!
//! A [`Store`] keeps both; [`Stores`] is all of those in use, with the one for new credentials first. Listing reads
//! metadata only. Nothing is ever deleted because something could not be read.

pub mod json;
pub mod memory;

use crate::account::{Account, AccountId, Kept, Note, StoreKind};
use crate::flow::{Known, StoreOffer};
use crate::problem::{Kind, Problem};
use jiff::Timestamp;

pub trait Store: Send + Sync {
    fn kind(&self) -> StoreKind;

    /// Every account in it, without any secret.
    fn accounts(&self) -> Result<Vec<Account>, Problem>;

    /// An account with its secrets, both of the same moment.
    fn load(&self, id: &AccountId) -> Result<Option<Kept>, Problem>;

    /// Puts account and secrets in place of what has the same id, in one step: after a crash there is the old or the new,
    /// never a mixture.
    fn save(&self, kept: &Kept) -> Result<(), Problem>;

    /// Writes a note on the account as it is now; see [`Account::note`].
    fn note(&self, id: &AccountId, note: Note, obtained: Option<Timestamp>) -> Result<(), Problem>;

    /// Removes the account. It is no error if it is gone already.
    fn forget(&self, id: &AccountId) -> Result<(), Problem>;

    /// What this store is, in a person's words, and whether it can be written now.
    fn offer(&self) -> StoreOffer;
}

/// What all stores hold.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Listing {
    pub accounts: Vec<Account>,
    /// A store could not be read, so that accounts may be missing.
    pub problem: Option<Problem>,
}

impl Listing {
    fn take(&mut self, account: Account) {
        match self.accounts.iter_mut().find(|known| known.id == account.id) {
            Some(known) if account.obtained_at() > known.obtained_at() => *known = account,
            Some(_) => {}
            None => self.accounts.push(account),
        }
    }
}

/// All stores in use.
pub struct Stores {
    stores: Vec<Box<dyn Store>>,
    decided: bool,
}

impl Stores {
    /// The first store is where new credentials go, unless nobody has `decided` that yet: then the person is asked.
    pub fn new(stores: Vec<Box<dyn Store>>, decided: bool) -> Self {
        Self { stores, decided }
    }

    /// The accounts of all stores that can be read, and why one cannot. Where two stores have the same id, the credential
    /// obtained later is the one: a renewal that had to be kept elsewhere.
    pub fn accounts(&self) -> Listing {
        let mut listing = Listing::default();
        for store in &self.stores {
            match store.accounts() {
                Ok(accounts) => accounts.into_iter().for_each(|account| listing.take(account)),
                Err(problem) => listing.problem = listing.problem.or(Some(problem)),
            }
        }
        listing
    }

    /// What a sign-up has to know. A store that cannot be read is offered with its problem; the sign-up goes on.
    pub fn known(&self, resource: &str) -> Known {
        let accounts: Vec<Account> = self.stores.iter().filter_map(|store| store.accounts().ok()).flatten().collect();
        let ids = accounts.iter().map(|account| account.id.clone()).collect();
        let same = |published: &str| published.trim_end_matches('/') == resource.trim_end_matches('/');
        Known {
            ids,
            accounts: accounts.into_iter().filter(|account| same(&account.resource)).collect(),
            stores: self.stores.iter().map(|store| store.offer()).collect(),
            decided: self.decided,
        }
    }

    /// The account that [`Self::accounts`] speaks of. A store that cannot be read hides nothing that another one has.
    pub fn load(&self, id: &AccountId) -> Result<Option<Kept>, Problem> {
        let listing = self.accounts();
        match (listing.accounts.iter().find(|account| account.id == *id), listing.problem) {
            (Some(account), _) => self.store(account.store)?.load(id),
            (None, Some(problem)) => Err(problem),
            (None, None) => Ok(None),
        }
    }

    fn store(&self, kind: StoreKind) -> Result<&dyn Store, Problem> {
        let found = self.stores.iter().find(|store| store.kind() == kind);
        found.map(AsRef::as_ref).ok_or_else(|| {
            Problem::new(
                Kind::Store,
                format!("There is no store of the kind {}.", kind.as_str()),
                "Choose another with --store.",
            )
        })
    }

    pub fn save(&self, kept: &Kept) -> Result<(), Problem> {
        self.store(kept.account.store)?.save(kept)
    }

    pub fn note(&self, id: &AccountId, note: Note, obtained: Option<Timestamp>) -> Result<(), Problem> {
        self.each_that_has(id, |store| store.note(id, note, obtained))
    }

    pub fn forget(&self, id: &AccountId) -> Result<(), Problem> {
        self.each_that_has(id, |store| store.forget(id))
    }

    /// Does it in every store that has the account, whatever the others say. Only where none has it, a store that could not
    /// be read is a problem.
    fn each_that_has(&self, id: &AccountId, work: impl Fn(&dyn Store) -> Result<(), Problem>) -> Result<(), Problem> {
        let mut results = Vec::new();
        let mut unreadable = None;
        for store in &self.stores {
            match store.accounts() {
                Ok(accounts) if accounts.iter().any(|account| account.id == *id) => results.push(work(store.as_ref())),
                Ok(_) => {}
                Err(problem) => unreadable = unreadable.or(Some(problem)),
            }
        }
        match (results.is_empty(), unreadable) {
            (true, Some(problem)) => Err(problem),
            _ => results.into_iter().collect(),
        }
    }

    /// What the first store is, for headers.
    pub fn name(&self) -> &'static str {
        self.stores.first().map_or("", |store| store.kind().as_str())
    }
}
