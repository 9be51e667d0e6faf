//! What opens the vault: the system's keyring, or a passphrase. Making a vault, unlocking it, locking it, and moving from one
//! protection to the other.
//!
//! ```text
//!   keyring ──▶ passphrase    wrap · unwrap and compare · open every secret · note it in one step · delete in the keyring
//!   passphrase ──▶ keyring    note that a copy may be there · put · read back and compare · open every secret · note it
//! ```
//!
//! The row in the file says what opens the vault; it changes in one step, and only once the new way has been tried on every
//! secret. A crash in between leaves the old way working, and at most a copy of the key in the keyring, which `leftover`
//! tells of.

use rusqlite::{Connection, OptionalExtension, params};

use super::file::Fault;
use super::seal::{self, PrivateKey, PublicKey};
use super::{Vault, none_yet, row};
use crate::flow::storage::VaultState;
use crate::flow::{Guard, Protection};
use crate::problem::{Kind, Problem};
use crate::secret::Secret;
use crate::store::keyring::Trouble;

/// The name under which the keyring is asked whether it works. Nothing is ever stored there.
const PROBE: &str = "probe";

/// The row of the vault itself.
struct Head {
    id: String,
    public: PublicKey,
    protection: Protection,
    wrapped: Option<Vec<u8>>,
    leftover: bool,
    locks: i64,
}

fn head(connection: &Connection) -> Result<Head, Fault> {
    let read = |row: &rusqlite::Row<'_>| {
        let (public, protection): (Vec<u8>, String) = (row.get(1)?, row.get(2)?);
        let known = PublicKey::from_bytes(&public).zip(Protection::from_name(&protection));
        let (id, wrapped, leftover, locks) = (row.get(0)?, row.get(3)?, row.get(4)?, row.get(5)?);
        Ok(known.map(|(public, protection)| Head { id, public, protection, wrapped, leftover, locks }))
    };
    let mut statement =
        connection.prepare_cached("SELECT id, public_key, protection, wrapped, leftover, locks FROM vault")?;
    statement.query_row([], read).optional()?.flatten().ok_or_else(|| {
        Fault::Told(Problem::new(
            Kind::Store,
            "The vault does not say what opens it.",
            "It was left as it is. Put a backup in its place.",
        ))
    })
}

pub(super) fn public_key(connection: &Connection) -> Result<PublicKey, Fault> {
    head(connection).map(|head| head.public)
}

fn random<const N: usize>() -> Result<[u8; N], Problem> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| {
        Problem::new(Kind::Failed, format!("The system gives no randomness: {error}."), "Nothing was made. Try again.")
    })?;
    Ok(bytes)
}

fn not_verified() -> Problem {
    Problem::new(
        Kind::Store,
        "What was written did not read back the same.",
        "The vault is opened as before. Try again, or choose another way.",
    )
}

impl Vault {
    fn head(&self) -> Result<Option<Head>, Problem> {
        self.read(head)
    }

    fn head_or_none_yet(&self) -> Result<Head, Problem> {
        self.head()?.ok_or_else(none_yet)
    }

    pub fn state(&self) -> Result<Option<VaultState>, Problem> {
        let found = self.read(|connection| {
            let accounts = connection.query_row("SELECT count(*) FROM account", [], |row| row.get(0))?;
            let schema = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
            Ok((head(connection)?, accounts, schema))
        })?;
        Ok(found.map(|(head, accounts, schema)| VaultState {
            protection: head.protection,
            leftover: head.leftover,
            unlocked: self.remembered(head.locks, &head.public).is_some(),
            accounts,
            schema,
        }))
    }

    /// Does the keyring answer? Asked once, by reading, which changes nothing: for the vault's own key where it should have
    /// that. `Some(false)` where it has another one under that name.
    pub fn probe(&self) -> Result<Option<bool>, Trouble> {
        let keeps_the_key = |head: &Head| head.protection == Protection::Keyring;
        match self.head().ok().flatten().filter(keeps_the_key) {
            Some(head) => {
                let held = self.keyring.get(&head.id)?;
                Ok(Some(PrivateKey::from_bytes(&held).is_some_and(|key| key.public() == head.public)))
            }
            None => match self.keyring.get(PROBE) {
                Ok(_) | Err(Trouble::Missing) => Ok(None),
                Err(trouble) => Err(trouble),
            },
        }
    }

    /// To which everything in it is sealed: whoever has this can send accounts to the vault, and open nothing.
    pub fn public_key(&self) -> Result<PublicKey, Problem> {
        Ok(self.head_or_none_yet()?.public)
    }

    /// The private key: from memory, else from the keyring. A passphrase has to be typed first, with [`Self::unlock`].
    pub fn key(&self) -> Result<PrivateKey, Problem> {
        let head = self.head_or_none_yet()?;
        if let Some(key) = self.remembered(head.locks, &head.public) {
            return Ok(key);
        }
        match head.protection {
            Protection::Keyring => {
                let key = self.key_in_keyring(&head)?;
                self.remember(&key, head.locks);
                Ok(key)
            }
            Protection::Passphrase => Err(locked()),
        }
    }

    /// Could a secret be read now, with nothing typed?
    pub fn ready(&self) -> Result<(), Problem> {
        self.key().map(drop)
    }

    fn key_in_keyring(&self, head: &Head) -> Result<PrivateKey, Problem> {
        let held = self.keyring.get(&head.id).map_err(|trouble| trouble.problem())?;
        PrivateKey::from_bytes(&held).filter(|key| key.public() == head.public).ok_or_else(another_key)
    }

    /// Takes a passphrase; for a vault that the keyring opens, there is nothing to do.
    pub fn unlock(&self, passphrase: &Secret) -> Result<(), Problem> {
        let head = self.head_or_none_yet()?;
        let Some(wrapped) = head.wrapped.filter(|_| head.protection == Protection::Passphrase) else {
            return Ok(());
        };
        let key = seal::unwrap(&wrapped, passphrase, &head.public).map_err(|_| {
            Problem::new(
                Kind::Locked,
                "That passphrase does not open the vault.",
                "Type it again; nothing was changed.",
            )
        })?;
        self.remember(&key, head.locks);
        Ok(())
    }

    /// Makes every program forget the key, before it uses it again.
    pub fn lock(&self) -> Result<(), Problem> {
        self.forget_key();
        self.write(|connection| {
            connection.execute("UPDATE vault SET locks = locks + 1", [])?;
            Ok(())
        })
    }

    /// Makes the vault, where there is none.
    pub fn create(&self, guard: &Guard) -> Result<(), Problem> {
        let _guarded = self.place.guarded().map_err(|fault| self.place.problem(fault))?;
        self.make(guard)
    }

    /// Makes the vault, or changes what opens it. One program at a time: two that move the key to and fro would delete the
    /// one copy that the other has just come to rely on.
    pub fn protect(&self, guard: &Guard) -> Result<(), Problem> {
        let _guarded = self.place.guarded().map_err(|fault| self.place.problem(fault))?;
        match (self.head()?, guard) {
            (None, _) => self.make(guard),
            (Some(head), Guard::Passphrase(passphrase)) => self.to_passphrase(&head, passphrase),
            (Some(head), Guard::Keyring) => self.to_keyring(&head),
        }
    }

    fn make(&self, guard: &Guard) -> Result<(), Problem> {
        let secret = zeroize::Zeroizing::new(random::<32>()?);
        let key = PrivateKey::from_bytes(secret.as_slice()).ok_or_else(not_verified)?;
        let id = random::<8>()?.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let (protection, wrapped) = match guard {
            Guard::Keyring => {
                self.put(&id, &key).inspect_err(|_| {
                    // Nobody uses it; what has come in late is not to stay.
                    let _ = self.keyring.delete(&id);
                })?;
                (Protection::Keyring, None)
            }
            Guard::Passphrase(passphrase) => (Protection::Passphrase, Some(self.wrapped(&key, passphrase)?)),
        };
        let made = self.place.make(|connection| {
            connection.execute(
                "INSERT INTO vault (one, id, public_key, protection, wrapped) VALUES (1, ?1, ?2, ?3, ?4)",
                params![id, key.public().as_bytes(), protection.name(), wrapped],
            )?;
            Ok(())
        });
        if let Err(fault) = made {
            // Unless the file is there after all, nothing was sealed to the key, and nothing is lost with it.
            if protection == Protection::Keyring && !self.holds(&key) {
                let _ = self.keyring.delete(&id);
            }
            return Err(self.place.problem(fault));
        }
        self.remember(&key, 0);
        Ok(())
    }

    /// Is this the key of the vault that is there now?
    fn holds(&self, key: &PrivateKey) -> bool {
        // What cannot be read may be that vault.
        self.place.exists() && self.head().map_or(true, |head| head.is_some_and(|head| head.public == key.public()))
    }

    /// Puts the key into the keyring and reads it back.
    fn put(&self, id: &str, key: &PrivateKey) -> Result<(), Problem> {
        self.keyring.set(id, key.to_bytes().as_slice()).map_err(|trouble| trouble.problem())?;
        let back = self.keyring.get(id).map_err(|trouble| trouble.problem())?;
        if *back == *key.to_bytes() { Ok(()) } else { Err(not_verified()) }
    }

    /// Wraps the key and tries the passphrase on what came of it.
    fn wrapped(&self, key: &PrivateKey, passphrase: &Secret) -> Result<Vec<u8>, Problem> {
        let wrapped = seal::wrap(key, passphrase, self.cost, random()?, random()?).map_err(|_| not_verified())?;
        seal::unwrap(&wrapped, passphrase, &key.public()).map_err(|_| not_verified())?;
        Ok(wrapped)
    }

    fn to_passphrase(&self, head: &Head, passphrase: &Secret) -> Result<(), Problem> {
        let key = self.key()?;
        let wrapped = self.wrapped(&key, passphrase)?;
        self.open_every_secret(&key)?;
        let from_keyring = head.protection == Protection::Keyring || head.leftover;
        self.write(|connection| {
            connection.execute(
                "UPDATE vault SET protection = 'passphrase', wrapped = ?1, leftover = ?2, locks = locks + 1",
                params![wrapped, from_keyring],
            )?;
            Ok(())
        })?;
        self.remember(&key, head.locks + 1);
        self.tidy();
        match (head.protection, from_keyring) {
            (Protection::Keyring, _) => self.clear_keyring(&head.id),
            // What may be left of an attempt long ago; the store's status goes on telling of it.
            (Protection::Passphrase, true) => {
                let _ = self.clear_keyring(&head.id);
                Ok(())
            }
            (Protection::Passphrase, false) => Ok(()),
        }
    }

    fn to_keyring(&self, head: &Head) -> Result<(), Problem> {
        // Where there is none, nothing is begun, and nobody is asked for a passphrase in vain.
        match self.probe().map_err(|trouble| trouble.problem())? {
            // It is there already; the one copy is not written anew.
            Some(true) => return Ok(()),
            Some(false) => return Err(another_key()),
            None => {}
        }
        let key = self.key()?;
        self.write(|connection| Ok(connection.execute("UPDATE vault SET leftover = 1", [])?))?;
        self.put(&head.id, &key)?;
        self.open_every_secret(&key)?;
        self.write(|connection| {
            connection.execute(
                "UPDATE vault SET protection = 'keyring', wrapped = NULL, leftover = 0, locks = locks + 1",
                [],
            )?;
            Ok(())
        })?;
        self.remember(&key, head.locks + 1);
        self.tidy();
        Ok(())
    }

    /// Takes the copy of the key that is of no use any more out of the keyring.
    fn clear_keyring(&self, id: &str) -> Result<(), Problem> {
        self.keyring.delete(id).map_err(|trouble| {
            let problem = trouble.problem();
            Problem::new(
                Kind::Store,
                format!("The vault has its passphrase, but the keyring still has a copy of the key. {}", problem.what),
                "Once the keyring works: authmd-tui store migrate --to passphrase",
            )
        })?;
        self.write(|connection| Ok(connection.execute("UPDATE vault SET leftover = 0", [])?)).map(drop)
    }

    /// What a passphrase opened until now is not to stay in SQLite's log. While others read, it does for a moment.
    fn tidy(&self) {
        let tidied = self.with_opened(|opened| {
            Ok(opened.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
        });
        if let Err(problem) = tidied {
            tracing::warn!(what = problem.what, "SQLite's log could not be emptied");
        }
    }

    /// Tries the key on everything that is sealed.
    fn open_every_secret(&self, key: &PrivateKey) -> Result<(), Problem> {
        let all = self.read(|connection| {
            let (accounts, problem) = row::all(connection)?;
            let sealed = accounts
                .into_iter()
                .map(|account| Ok((row::sealed(connection, &account.id)?, account)))
                .collect::<Result<Vec<_>, Fault>>()?;
            Ok((sealed, problem))
        })?;
        let (accounts, problem) = all.unwrap_or_default();
        if let Some(problem) = problem {
            return Err(problem);
        }
        for (sealed, account) in accounts {
            row::unseal(account, &sealed, key)?;
        }
        Ok(())
    }
}

/// The keyring has an item of the vault's name, and it is not the vault's key.
pub fn another_key() -> Problem {
    Problem::new(
        Kind::Store,
        "The system keyring has another key than this vault's.",
        "Was the vault's file put back from another machine? Put back the keyring's item that belongs to it as well.",
    )
}

fn locked() -> Problem {
    Problem::new(
        Kind::Locked,
        "The vault is locked.",
        "Its passphrase opens it. You are asked for it wherever standard input and standard error are a terminal.",
    )
}
