//! The vault: one SQLite file with the metadata in plain columns and every secret sealed to the vault's public key.
//!
//! ```text
//!   list, note, forget ─────────────▶ columns                    no key is needed
//!   save ── seal(public key) ───────▶ columns and sealed secrets  no key is needed
//!   load ◀─ open(private key) ◀────── sealed secrets
//!                  ▲
//!                  ├── the system's keyring has it              (store::keyring)
//!                  └── or it is wrapped with a passphrase       (seal::wrap)
//! ```
//!
//! So a credential that is shown once can always be kept, whatever the keyring does, and reviewing what expires asks for
//! nothing. The private key is held in memory from its first use until [`Vault::lock`], or until somebody locks the vault
//! from another program.

mod file;
mod guard;
mod health;
mod row;
pub mod seal;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use rusqlite::Connection;

use self::file::{Fault, Opened, Place};
use self::health::OnlyRead;
use self::seal::{Cost, PrivateKey, PublicKey};
use super::keyring::Keyring;
use super::removed::Content;
use super::{Listing, Removed, Store, rights};
use crate::account::{Account, AccountId, Kept, Note, StoreKind};
use crate::flow::storage::VaultState;
use crate::flow::{Protection, StoreOffer};
use crate::problem::{Kind, Problem};

pub use self::file::{NAME, Schema};
pub use self::guard::another_key;

pub struct Vault {
    place: Place,
    keyring: Arc<dyn Keyring>,
    cost: Cost,
    opened: Mutex<Option<Opened>>,
    unlocked: Mutex<Option<Unlocked>>,
}

/// The private key, and how often the vault had been locked when it was obtained.
struct Unlocked {
    key: PrivateKey,
    locks: i64,
}

impl Vault {
    pub fn new(folder: PathBuf, keyring: Arc<dyn Keyring>) -> Self {
        Self {
            place: Place { folder, schema: Schema::CURRENT },
            keyring,
            cost: Cost::DEFAULT,
            opened: Mutex::default(),
            unlocked: Mutex::default(),
        }
    }

    /// Another schema than the present one, or passphrases that are cheaper to try: for tests.
    pub fn with(self, schema: Schema, cost: Cost) -> Self {
        Self { place: Place { schema, ..self.place }, cost, ..self }
    }

    pub fn exists(&self) -> bool {
        self.place.exists()
    }

    /// The file, whether or not it is there.
    pub fn file(&self) -> PathBuf {
        self.place.file()
    }

    /// Nothing was made, as there is one.
    pub fn there_already(&self) -> Problem {
        self.place.there_already()
    }

    /// Works on the open vault; `None` where there is none.
    fn with_opened<T>(&self, work: impl FnOnce(&mut Opened) -> Result<T, Fault>) -> Result<Option<T>, Problem> {
        let mut slot = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let result = Self::current(&self.place, &mut slot).and_then(|opened| opened.map(work).transpose());
        if matches!(result, Err(Fault::Sql(_) | Fault::Io(_))) {
            // Whatever it was, the next call begins with a connection of its own.
            *slot = None;
        }
        result.map_err(|fault| self.place.problem(fault))
    }

    /// Opens the vault where that has not been done, or where another file has taken its place since.
    fn current<'a>(place: &Place, slot: &'a mut Option<Opened>) -> Result<Option<&'a mut Opened>, Fault> {
        // What could only be read may have been mended.
        if slot.as_ref().is_some_and(|opened| !opened.is_current(place) || opened.only_read.is_some()) {
            *slot = None;
        }
        if slot.is_none() {
            *slot = place.open()?;
        }
        Ok(slot.as_mut())
    }

    fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<Option<T>, Problem> {
        self.with_opened(|opened| opened.read(work))
    }

    fn write<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, Problem> {
        self.with_opened(|opened| opened.write(work))?.ok_or_else(none_yet)
    }

    /// What others must not have a right to.
    pub fn private(&self) -> Vec<PathBuf> {
        self.place.private()
    }

    pub fn folder(&self) -> &Path {
        &self.place.folder
    }

    /// Can it be written now? Shown by a write that changes nothing: the disk, the rights and the locks all have their say.
    fn writable(&self) -> Result<(), Problem> {
        if !self.exists() {
            let there = self.place.check_rights().and_then(|()| Ok(rights::writable(&self.file())?));
            return there.map_err(|fault| self.place.problem(fault));
        }
        self.write(|connection| {
            connection.execute("UPDATE vault SET leftover = leftover", [])?;
            Ok(())
        })
    }
}

pub fn none_yet() -> Problem {
    Problem::new(Kind::Store, "There is no vault yet.", "Make one with: authmd-tui store init")
}

impl Store for Vault {
    fn kind(&self) -> StoreKind {
        StoreKind::Vault
    }

    fn accounts(&self) -> Listing {
        let listed = self.with_opened(|opened| {
            let (accounts, problem) = opened.read(row::all)?;
            let damaged = opened.only_read.filter(|why| *why == OnlyRead::CutShort);
            Ok(Listing { accounts, problem: damaged.map(OnlyRead::problem).or(problem) })
        });
        match listed {
            Ok(Some(listing)) => listing,
            Ok(None) => Listing::default(),
            Err(problem) => Listing { accounts: Vec::new(), problem: Some(problem) },
        }
    }

    fn find(&self, id: &AccountId) -> Result<Option<Account>, Problem> {
        Ok(self.read(|connection| row::one(connection, id))?.flatten())
    }

    fn load(&self, id: &AccountId) -> Result<Option<Kept>, Problem> {
        let found = self.read(|connection| {
            let account = row::one(connection, id)?;
            account.map(|account| Ok((account, row::sealed(connection, id)?))).transpose()
        })?;
        match found.flatten() {
            Some((account, sealed)) => row::unseal(account, &sealed, &self.key()?),
            None => Ok(None),
        }
    }

    fn save(&self, kept: &Kept) -> Result<(), Problem> {
        self.write(|connection| {
            let public = guard::public_key(connection)?;
            row::save(connection, kept, &public)
        })
    }

    fn note(&self, id: &AccountId, note: Note, obtained: Option<Timestamp>) -> Result<bool, Problem> {
        self.write(|connection| {
            let Some(mut account) = row::one(connection, id)? else {
                return Ok(false);
            };
            let noted = account.note(note, obtained);
            if noted {
                row::annotate(connection, &account)?;
            }
            Ok(noted)
        })
    }

    fn forget(&self, id: &AccountId) -> Result<Option<Removed>, Problem> {
        if !self.exists() {
            return Ok(None);
        }
        self.write(|connection| {
            // A record that cannot be read can be forgotten; it cannot be put back.
            let account = row::one(connection, id).ok().flatten();
            let content = match account {
                Some(account) => Some(Content::Sealed {
                    sealed: row::sealed(connection, id)?,
                    to: guard::public_key(connection)?,
                    account: Box::new(account),
                }),
                None => None,
            };
            row::forget(connection, id)?;
            Ok(content.map(|content| Removed { id: id.clone(), store: StoreKind::Vault, content }))
        })
    }

    fn put_back(&self, removed: &Removed) -> Result<(), Problem> {
        let Content::Sealed { account, sealed, to } = &removed.content else {
            return Err(removed.of_another_store());
        };
        self.write(|connection| {
            if row::one(connection, &account.id)?.is_some() {
                return Ok(Err(removed.taken()));
            }
            // What is sealed to another key would be a record that nobody can open.
            if guard::public_key(connection)? != *to {
                return Ok(Err(removed.of_another_store()));
            }
            Ok(Ok(row::put(connection, account, sealed)?))
        })?
    }

    fn offers(&self) -> Vec<StoreOffer> {
        let place = Some(format!("The vault: {}", self.file().display()));
        let offer = |setup, label: &str, detail: &str, problem| StoreOffer {
            kind: StoreKind::Vault,
            setup,
            label: label.to_owned(),
            detail: detail.to_owned(),
            place: place.clone(),
            problem,
        };
        if self.exists() {
            let (detail, problem) = match self.state() {
                Ok(Some(VaultState { protection: Protection::Passphrase, .. })) => {
                    ("encrypted; a passphrase opens it", self.writable().err())
                }
                Ok(_) => ("encrypted; the system keyring opens it", self.writable().err()),
                Err(problem) => ("encrypted", Some(problem)),
            };
            return vec![offer(None, "In the vault", detail, problem)];
        }
        let writable = self.writable().err();
        let keyring = self.probe().err().map(|trouble| trouble.problem());
        let works = keyring.is_none();
        let by_keyring = offer(
            Some(Protection::Keyring),
            "In a vault that the system keyring opens",
            "encrypted; nothing to type",
            writable.clone().or(keyring),
        );
        let by_passphrase = offer(
            Some(Protection::Passphrase),
            "In a vault that a passphrase opens",
            "encrypted; typed once per run",
            writable,
        );
        if works { vec![by_keyring, by_passphrase] } else { vec![by_passphrase, by_keyring] }
    }
}

impl Vault {
    fn remember(&self, key: &PrivateKey, locks: i64) {
        *self.unlocked.lock().unwrap_or_else(PoisonError::into_inner) = Some(Unlocked { key: key.clone(), locks });
    }

    /// The key held in memory, if it is that of the vault as it is now.
    fn remembered(&self, locks: i64, public: &PublicKey) -> Option<PrivateKey> {
        let mut slot = self.unlocked.lock().unwrap_or_else(PoisonError::into_inner);
        let current = |unlocked: &Unlocked| unlocked.locks == locks && unlocked.key.public() == *public;
        if !slot.as_ref().is_some_and(current) {
            *slot = None;
        }
        slot.as_ref().map(|unlocked| unlocked.key.clone())
    }

    /// Forgets the key in this program; true where there was one.
    pub fn forget_key(&self) -> bool {
        self.unlocked.lock().unwrap_or_else(PoisonError::into_inner).take().is_some()
    }
}
