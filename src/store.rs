//! Where accounts and their credentials are kept.
//!
//! A [`Store`] keeps both; [`Stores`] is all of those in use, with the one for new credentials first. Listing reads
//! metadata only. Nothing is ever deleted because something could not be read.

pub mod attempts;
pub mod export;
pub mod fingerprint;
pub mod foreign;
pub mod history;
pub mod json;
pub mod keyring;
pub mod lock;
pub mod memory;
pub mod migrate;
pub mod record;
mod removed;
pub mod rights;
mod sqlite;
pub mod survey;
pub mod vault;

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use self::fingerprint::Fingerprints;
use self::history::History;
use self::json::Json;
use self::lock::Locks;
use self::vault::Vault;
use crate::account::{Account, AccountId, Event, Happened, Kept, Note, StoreKind};
use crate::flow::verify::credential_missing;
use crate::flow::{Known, Lease, StoreOffer};
use crate::problem::{Kind, Problem};

pub use self::removed::Removed;

pub trait Store: Send + Sync {
    fn kind(&self) -> StoreKind;

    /// Every account in it that can be read, without any secret.
    fn accounts(&self) -> Listing;

    /// One account, without any secret.
    fn find(&self, id: &AccountId) -> Result<Option<Account>, Problem> {
        let listing = self.accounts();
        match (listing.accounts.into_iter().find(|account| account.id == *id), listing.problem) {
            (None, Some(problem)) => Err(problem),
            (found, _) => Ok(found),
        }
    }

    /// An account with its secrets, both of the same moment.
    fn load(&self, id: &AccountId) -> Result<Option<Kept>, Problem>;

    /// Puts account and secrets in place of what has the same id, in one step: after a crash there is the old or the new,
    /// never a mixture.
    fn save(&self, kept: &Kept) -> Result<(), Problem>;

    /// Writes a note on the account as it is now; see [`Account::note`]. False where there was nothing to write it on.
    fn note(&self, id: &AccountId, note: Note, obtained: Option<Timestamp>) -> Result<bool, Problem>;

    /// Removes the account, and returns what it was. It is no error if it is gone already.
    fn forget(&self, id: &AccountId) -> Result<Option<Removed>, Problem>;

    /// Puts back what was removed, as it was, unless there is such an account again.
    fn put_back(&self, removed: &Removed) -> Result<(), Problem>;

    /// What this store is, in a person's words, and whether it can be written now. One that has to be made first is offered
    /// in each of its ways.
    fn offers(&self) -> Vec<StoreOffer>;
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
    stores: Vec<Arc<dyn Store>>,
    vault: Option<Arc<Vault>>,
    file: Option<Arc<Json>>,
    locks: Locks,
    /// Why the first store is the first; nothing where nobody said.
    why: Option<&'static str>,
    fingerprints: Fingerprints,
    history: History,
}

impl Stores {
    /// The first store is where new credentials go, and `why` says who decided that. Where nobody did, what is there
    /// already counts; else the person is asked.
    pub fn new(stores: Vec<Arc<dyn Store>>, locks: Locks, why: Option<&'static str>) -> Self {
        let (fingerprints, history) = (Fingerprints::here(), History::here());
        Self { stores, vault: None, file: None, locks, why, fingerprints, history }
    }

    /// The same, and this is the vault, whether or not it is one of them.
    pub fn with_vault(self, vault: Arc<Vault>) -> Self {
        Self { vault: Some(vault), ..self }
    }

    /// The same, and this is the token file, whether or not it is one of them.
    pub fn with_file(self, file: Arc<Json>) -> Self {
        Self { file: Some(file), ..self }
    }

    /// The same, and two credentials that are one are noticed whichever program has stored them.
    pub fn with_fingerprints(self, fingerprints: Fingerprints) -> Self {
        Self { fingerprints, ..self }
    }

    /// The same, and what happens to accounts is remembered there.
    pub fn with_history(self, history: History) -> Self {
        Self { history, ..self }
    }

    pub fn history(&self) -> &History {
        &self.history
    }

    pub fn file(&self) -> Option<&Arc<Json>> {
        self.file.as_ref()
    }

    pub fn why(&self) -> &'static str {
        match (self.why, self.is_decided(), self.first()) {
            (Some(why), ..) => why,
            (None, true, StoreKind::Vault) => "the default",
            (None, true, _) => "chosen at the first sign-up",
            (None, false, _) => "the default, asked about at the first sign-up",
        }
    }

    /// Has somebody said where credentials go, now or before?
    fn is_decided(&self) -> bool {
        self.why.is_some()
            || self.vault.as_ref().is_some_and(|vault| vault.exists())
            || self.file.as_ref().is_some_and(|file| file.path().exists())
    }

    /// The stores in use, the one for new credentials first. Where nobody said, that is the vault; but before there is one,
    /// the file of our own, where that was chosen.
    fn in_order(&self) -> Vec<&Arc<dyn Store>> {
        let no_vault = self.vault.as_ref().is_some_and(|vault| !vault.exists());
        let chosen = self.why.is_none() && no_vault && self.file.as_ref().is_some_and(|file| file.path().exists());
        let mut stores: Vec<_> = self.stores.iter().collect();
        if chosen {
            stores.sort_by_key(|store| store.kind() != StoreKind::Json);
        }
        stores
    }

    /// Are the accounts of this one listed?
    pub fn is_in_use(&self, kind: StoreKind) -> bool {
        self.stores.iter().any(|store| store.kind() == kind)
    }

    /// Where new credentials go.
    pub fn first(&self) -> StoreKind {
        self.in_order().first().map_or(StoreKind::Memory, |store| store.kind())
    }

    pub fn vault(&self) -> Option<&Arc<Vault>> {
        self.vault.as_ref()
    }

    /// The vault, whether or not it is in use; the demo has none.
    pub fn required_vault(&self) -> Result<&Arc<Vault>, Problem> {
        self.vault.as_ref().ok_or_else(|| self.no_such(StoreKind::Vault))
    }

    /// The accounts that this program looks after, of all stores that can be read, and why one cannot. Where two stores have
    /// the same id, the credential obtained later is the one: a renewal that had to be kept elsewhere.
    pub fn accounts(&self) -> Listing {
        self.listing(|kind| kind != StoreKind::Foreign)
    }

    /// The same, and what other programs keep: for a list, and for whoever names one of those.
    pub fn everything(&self) -> Listing {
        self.listing(|_| true)
    }

    fn listing(&self, of: impl Fn(StoreKind) -> bool) -> Listing {
        let mut listing = Listing::default();
        let mut places: HashMap<AccountId, usize> = HashMap::new();
        for store in self.stores.iter().filter(|store| of(store.kind())) {
            let read = store.accounts();
            listing.problem = listing.problem.or(read.problem);
            // Mostly there is one store that holds any.
            if listing.accounts.is_empty() {
                listing.accounts = read.accounts;
                continue;
            }
            if places.is_empty() {
                places.extend(listing.accounts.iter().map(|account| account.id.clone()).zip(0..));
            }
            for account in read.accounts {
                match places.get(&account.id).map(|place| &mut listing.accounts[*place]) {
                    Some(known) if !account.is_foreign() && account.obtained_at() > known.obtained_at() => {
                        *known = account;
                    }
                    Some(_) => {}
                    None => {
                        places.insert(account.id.clone(), listing.accounts.len());
                        listing.accounts.push(account);
                    }
                }
            }
        }
        let is_unfinished = |account: &&mut Account| account.spending.is_some() || account.more.revoking.is_some();
        for account in listing.accounts.iter_mut().filter(is_unfinished) {
            // Whoever is at it will come back and say how it went.
            if self.is_locked(&account.id) {
                (account.spending, account.more.revoking) = (None, None);
            }
        }
        listing
    }

    /// What a sign-up has to know. A store that cannot be read is offered with its problem; the sign-up goes on.
    pub fn known(&self, resource: &str) -> Known {
        let accounts: Vec<Account> = self.stores.iter().flat_map(|store| store.accounts().accounts).collect();
        let ids = accounts.iter().map(|account| account.id.clone()).collect();
        // What another program has was not signed up for here.
        let accounts: Vec<Account> = accounts.into_iter().filter(|account| !account.is_foreign()).collect();
        let same = |published: &str| published.trim_end_matches('/') == resource.trim_end_matches('/');
        Known {
            ids,
            accounts: accounts.into_iter().filter(|account| same(&account.resource)).collect(),
            stores: self.offers(),
            decided: self.is_decided(),
            ..Known::default()
        }
    }

    /// Where a credential can be kept. A vault that is not there yet is left out, and the keyring not asked, where another
    /// store was decided for and works.
    fn offers(&self) -> Vec<StoreOffer> {
        let mut offers: Vec<StoreOffer> = Vec::new();
        for store in self.in_order() {
            let works = self.is_decided() && offers.first().is_some_and(|first| first.problem.is_none());
            let to_be_made = store.kind() == StoreKind::Vault && self.vault().is_some_and(|vault| !vault.exists());
            if !(works && to_be_made) {
                offers.extend(store.offers());
            }
        }
        offers
    }

    /// The account that [`Self::accounts`] speaks of; an error where its credential is missing. A store that cannot be read
    /// hides nothing that another one has.
    pub fn load(&self, id: &AccountId) -> Result<Option<Kept>, Problem> {
        match self.find(id)? {
            Some(account) => {
                let kept = self.store(account.store)?.load(id)?;
                kept.map(Some).ok_or_else(|| credential_missing(&account))
            }
            None => Ok(None),
        }
    }

    /// The same without its secrets.
    pub fn find(&self, id: &AccountId) -> Result<Option<Account>, Problem> {
        let mut newest: Option<Account> = None;
        let mut unreadable = None;
        for store in self.own() {
            match store.find(id) {
                Ok(Some(found)) if newest.as_ref().is_none_or(|known| found.obtained_at() > known.obtained_at()) => {
                    newest = Some(found);
                }
                Ok(_) => {}
                Err(problem) => unreadable = unreadable.or(Some(problem)),
            }
        }
        match (newest, unreadable) {
            (Some(account), _) => Ok(Some(account)),
            (None, Some(problem)) => Err(problem),
            (None, None) => self.foreign().map_or(Ok(None), |foreign| foreign.find(id)),
        }
    }

    /// The stores that are written.
    fn own(&self) -> impl Iterator<Item = &Arc<dyn Store>> {
        self.stores.iter().filter(|store| store.kind() != StoreKind::Foreign)
    }

    /// What other programs keep; read only where that is wanted, or where nothing of our own has the name.
    fn foreign(&self) -> Option<&Arc<dyn Store>> {
        self.stores.iter().find(|store| store.kind() == StoreKind::Foreign)
    }

    /// What has happened to the account of that name; what happened to another one that had the name before is left out.
    pub fn past(&self, id: &AccountId) -> Result<Vec<Event>, Problem> {
        let since = self.find(id)?.and_then(|account| account.created_at);
        let mut past = self.history.of(id)?;
        past.retain(|event| since.is_none_or(|since| event.at >= since));
        Ok(past)
    }

    pub fn store(&self, kind: StoreKind) -> Result<&dyn Store, Problem> {
        let found = self.stores.iter().find(|store| store.kind() == kind);
        found.map(AsRef::as_ref).ok_or_else(|| self.no_such(kind))
    }

    pub fn no_such(&self, kind: StoreKind) -> Problem {
        Problem::new(
            Kind::Store,
            format!("The store {} is not in use.", kind.as_str()),
            "Choose it with --store, or unset AUTH_MD_TOKEN_STORE and AUTHMD_TUI_STORE.",
        )
    }

    /// `event` is what has brought this about, where that is something for the account's history.
    pub fn save(&self, kept: &Kept, event: Option<&Event>) -> Result<(), Problem> {
        let mut kept = kept.clone();
        kept.account.more.fingerprint = self.fingerprints.of(&kept.secrets.credential);
        self.store(kept.account.store)?.save(&kept)?;
        event.into_iter().for_each(|event| self.history.record(&kept.account.id, event));
        Ok(())
    }

    /// That a token is about to be spent must stand somewhere; what else is noted of an account that has changed since is
    /// no matter.
    pub fn note(&self, id: &AccountId, note: Note, obtained: Option<Timestamp>) -> Result<(), Problem> {
        let noted = self.each_that_has(id, |store, account| {
            let noted = store.note(id, note.clone(), obtained)?;
            Ok(noted.then(|| Event::of(account, &note)))
        })?;
        noted.iter().flatten().flatten().take(1).for_each(|event| self.history.record(id, event));
        match note {
            Note::Spending(_) if noted.iter().all(Option::is_none) => Err(Problem::new(
                Kind::Store,
                format!("{id} was changed by another program just now."),
                "Nothing was sent. Try again.",
            )),
            _ => Ok(()),
        }
    }

    /// Removes the account from every store that has it, and returns what they had. Where one cannot, the others have it
    /// back: nothing is lost that could not be taken back.
    pub fn forget(&self, id: &AccountId, event: &Event) -> Result<Vec<Removed>, Problem> {
        let removed = std::cell::RefCell::new(Vec::new());
        let forgotten = self.each_that_has(id, |store, _| {
            removed.borrow_mut().extend(store.forget(id)?);
            Ok(())
        });
        let removed = removed.into_inner();
        match forgotten {
            Ok(_) => {
                self.history.record(id, event);
                Ok(removed)
            }
            Err(problem) => {
                self.restore(&removed)?;
                Err(problem)
            }
        }
    }

    /// Puts back what was removed, unless there is such an account again: all of it, or nothing.
    pub fn put_back(&self, removed: &[Removed], at: Timestamp) -> Result<(), Problem> {
        self.restore(removed)?;
        removed.iter().take(1).for_each(|removed| self.history.record(&removed.id, &Happened::PutBack.at(at)));
        Ok(())
    }

    fn restore(&self, removed: &[Removed]) -> Result<(), Problem> {
        for removed in removed {
            for store in self.own().filter(|store| store.kind() != removed.store) {
                if store.find(&removed.id)?.is_some() {
                    return Err(removed.taken());
                }
            }
        }
        for (nth, one) in removed.iter().enumerate() {
            if let Err(problem) = self.store(one.store).and_then(|store| store.put_back(one)) {
                for done in &removed[..nth] {
                    self.store(done.store)?.forget(&done.id)?;
                }
                return Err(problem);
            }
        }
        Ok(())
    }

    /// Waits until nobody else is renewing or ending this account: of those who use these stores, and of those who share the
    /// token file, where that has it.
    pub fn lock(&self, id: &AccountId) -> Result<Lease, Problem> {
        let ours = self.locks.lock(id)?;
        let is_in_file = self.file.as_ref().is_some_and(|file| matches!(file.find(id), Ok(Some(_))));
        match self.file_locks().filter(|_| is_in_file) {
            Some(locks) => Ok(Lease::new((ours, locks.lock(id)?))),
            None => Ok(ours),
        }
    }

    fn file_locks(&self) -> Option<Locks> {
        self.file.as_ref().map(|file| Locks::Folder(file.lock_folder()))
    }

    fn is_locked(&self, id: &AccountId) -> bool {
        self.locks.is_held(id) || self.file_locks().is_some_and(|locks| locks.is_held(id))
    }

    /// Does it in every store that has the account, whatever the others say. Only where none has it, a store that could not
    /// be read is a problem.
    fn each_that_has<T>(
        &self,
        id: &AccountId,
        work: impl Fn(&dyn Store, &Account) -> Result<T, Problem>,
    ) -> Result<Vec<T>, Problem> {
        let mut results = Vec::new();
        let mut unreadable = None;
        for store in self.own() {
            match store.find(id) {
                Ok(Some(account)) => results.push(work(store.as_ref(), &account)),
                Ok(None) => {}
                Err(problem) => unreadable = unreadable.or(Some(problem)),
            }
        }
        if results.is_empty()
            && let Some(problem) = unreadable
        {
            return Err(problem);
        }
        if results.is_empty()
            && let Some(foreign) = self.foreign()
            && let Some(account) = foreign.find(id)?
        {
            results.push(work(foreign.as_ref(), &account));
        }
        results.into_iter().collect()
    }

    /// What the first store is, for headers.
    pub fn name(&self) -> &'static str {
        self.first().as_str()
    }
}
