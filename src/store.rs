//! Where accounts and their credentials are kept.
//!
//! A [`Store`] keeps both; [`Stores`] is all of those in use, with the one for new credentials first. Listing reads
//! metadata only. Nothing is ever deleted because something could not be read.

pub mod json;
pub mod memory;

use crate::account::{Account, AccountId, Proof, StoreKind};
use crate::flow::{Known, StoreOffer};
use crate::problem::{Kind, Problem};
use crate::secret::Secret;
use jiff::Timestamp;

pub trait Store: Send + Sync {
    fn kind(&self) -> StoreKind;

    /// Every account in it, without any secret.
    fn accounts(&self) -> Result<Vec<Account>, Problem>;

    fn load(&self, id: &AccountId) -> Result<Option<Secret>, Problem>;

    /// Puts account and credential in place of what has the same id, in one step: after a crash there is the old or the
    /// new, never a mixture.
    fn save(&self, account: &Account, credential: &Secret) -> Result<(), Problem>;

    /// Notes a proof on the account as it is now; see [`Account::record`].
    fn record(&self, id: &AccountId, proof: Proof, obtained: Option<Timestamp>) -> Result<(), Problem>;

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

    /// The accounts of all stores that can be read, and why one cannot. Where two have the same id, the earlier store's is
    /// the one.
    pub fn accounts(&self) -> Listing {
        let mut listing = Listing::default();
        for store in &self.stores {
            match store.accounts() {
                Ok(accounts) => {
                    for account in accounts {
                        if listing.accounts.iter().all(|known| known.id != account.id) {
                            listing.accounts.push(account);
                        }
                    }
                }
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

    /// The credential, wherever it is. A store that cannot be read hides nothing that another one has.
    pub fn load(&self, id: &AccountId) -> Result<Option<Secret>, Problem> {
        let mut failure = None;
        for store in &self.stores {
            match store.load(id) {
                Ok(Some(credential)) => return Ok(Some(credential)),
                Ok(None) => {}
                Err(problem) => failure = failure.or(Some(problem)),
            }
        }
        failure.map_or(Ok(None), Err)
    }

    pub fn save(&self, account: &Account, credential: &Secret) -> Result<(), Problem> {
        match self.stores.iter().find(|store| store.kind() == account.store) {
            Some(store) => store.save(account, credential),
            None => Err(Problem::new(
                Kind::Store,
                format!("There is no store of the kind {}.", account.store.as_str()),
                "Choose another with --store.",
            )),
        }
    }

    pub fn record(&self, id: &AccountId, proof: Proof, obtained: Option<Timestamp>) -> Result<(), Problem> {
        self.each(|store| store.record(id, proof, obtained))
    }

    pub fn forget(&self, id: &AccountId) -> Result<(), Problem> {
        self.each(|store| store.forget(id))
    }

    /// Does it in every store, whatever the others say; the first problem is the answer.
    fn each(&self, work: impl Fn(&dyn Store) -> Result<(), Problem>) -> Result<(), Problem> {
        let results: Vec<_> = self.stores.iter().map(|store| work(store.as_ref())).collect();
        results.into_iter().collect()
    }

    /// What the first store is, for headers.
    pub fn name(&self) -> &'static str {
        self.stores.first().map_or("", |store| store.kind().as_str())
    }
}
