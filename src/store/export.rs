//! Accounts in a file that only a passphrase, or another vault, opens: for another machine, or a drawer.
//!
//! What is sealed is a token file as [`super::json`] writes it; how, is the vault's own sealing ([`super::vault::seal`]): to the
//! public key of a vault, or to a key made for this file alone, which a passphrase wraps. So libsodium opens it without this
//! program, and nobody sees as much as whose accounts are in it.
//!
//! ```text
//!   {"authmd_tui_export": 1, "made_at": …, "to": public key, "wrapped": private key under the passphrase, "sealed": …}
//! ```

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::vault::seal::{self, Cost, PrivateKey, PublicKey};
use super::{Stores, json};
use crate::account::{Account, AccountId, Happened, Kept, Source};
use crate::problem::{Kind, Problem, cause};
use crate::secret::Secret;
use crate::shell::paths;
use crate::when;

const VERSION: u32 = 1;
/// More than this is no file of ours.
pub const LARGEST: u64 = 256 * 1024 * 1024;

/// What opens the file.
pub enum To {
    Vault(PublicKey),
    Passphrase(Secret, Cost),
}

/// A file as it was read, still sealed.
#[derive(Serialize, Deserialize)]
pub struct Export {
    #[serde(rename = "authmd_tui_export")]
    version: u32,
    pub made_at: Timestamp,
    to: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wrapped: Option<String>,
    sealed: String,
}

/// What has become of each account of an import.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Imported {
    pub added: Vec<AccountId>,
    /// The file had a newer credential.
    pub renewed: Vec<AccountId>,
    /// What is here is as new, or newer: it was left alone.
    pub kept: Vec<AccountId>,
}

fn unsealed() -> Problem {
    Problem::new(Kind::Failed, "The accounts could not be sealed.", "Nothing was written. Try again.")
}

fn damaged(path: &Path) -> Problem {
    let what = format!("{} is not a file that export has made, or was damaged.", path.display());
    Problem::new(Kind::Usage, what, "Nothing was changed. Fetch it once more from where it was made.")
}

impl Export {
    pub fn seal(accounts: &[Kept], to: &To, now: Timestamp) -> Result<Self, Problem> {
        let text = json::whole(accounts);
        let (public, wrapped) = match to {
            To::Vault(public) => (public.clone(), None),
            To::Passphrase(passphrase, cost) => {
                let bytes = Zeroizing::new(random::<32>()?);
                let key = PrivateKey::from_bytes(bytes.as_slice()).ok_or_else(unsealed)?;
                let wrapped = seal::wrap(&key, passphrase, *cost, random()?, random()?).map_err(|_| unsealed())?;
                (key.public(), Some(STANDARD.encode(wrapped)))
            }
        };
        let sealed = seal::seal(text.expose().as_bytes(), &public).map_err(|_| unsealed())?;
        let (to, sealed) = (public.to_string(), STANDARD.encode(sealed));
        Ok(Self { version: VERSION, made_at: when::whole_second(now), to, wrapped, sealed })
    }

    /// Writes a new file, for its owner only; one that is there is left alone.
    pub fn write(&self, path: &Path) -> Result<(), Problem> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let written = options.open(path).and_then(|mut file| {
            serde_json::to_writer(&mut file, self)?;
            file.write_all(b"\n")?;
            file.sync_all()
        });
        written.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => Problem::new(
                Kind::Usage,
                format!("There is a file already: {}.", path.display()),
                "Name another one; nothing is overwritten.",
            ),
            _ => Problem::new(
                Kind::Store,
                format!("{} could not be written: {}.", path.display(), cause(&error)),
                "Name a place where there is room, and where you may write.",
            ),
        })
    }

    pub fn read(path: &Path) -> Result<Self, Problem> {
        let unreadable = |why: String| {
            let what = format!("{} cannot be read: {why}.", path.display());
            Problem::new(Kind::Usage, what, "Name a file that authmd-tui export has made.")
        };
        let length = std::fs::metadata(path).map_err(|error| unreadable(cause(&error)))?.len();
        if length > LARGEST {
            return Err(damaged(path));
        }
        let text = std::fs::read(path).map_err(|error| unreadable(cause(&error)))?;
        let export: Self = serde_json::from_slice(&text).map_err(|_| damaged(path))?;
        match export.version {
            VERSION => Ok(export),
            newer => Err(Problem::new(
                Kind::Usage,
                format!("{} was made by a newer version of this program (format {newer}).", path.display()),
                "Update authmd-tui here. Nothing was changed.",
            )),
        }
    }

    /// A passphrase opens it; else a vault does.
    pub fn wants_passphrase(&self) -> bool {
        self.wrapped.is_some()
    }

    /// The key of the vault that it was made for.
    pub fn is_for(&self, public: &PublicKey) -> bool {
        self.to == public.to_string()
    }

    pub fn unlock(&self, passphrase: &Secret) -> Result<PrivateKey, Problem> {
        let wrong = || Problem::new(Kind::Locked, "That passphrase does not open the file.", "Type it again.");
        let wrapped = self.wrapped.as_ref().and_then(|wrapped| STANDARD.decode(wrapped).ok()).ok_or_else(wrong)?;
        let public: PublicKey = self.to.parse().map_err(|_| wrong())?;
        seal::unwrap(&wrapped, passphrase, &public).map_err(|_| wrong())
    }

    pub fn open(&self, path: &Path, key: &PrivateKey) -> Result<Vec<Kept>, Problem> {
        let sealed = STANDARD.decode(&self.sealed).map_err(|_| damaged(path))?;
        let plain = seal::open(&sealed, key).map_err(|_| damaged(path))?;
        let text = std::str::from_utf8(&plain).map_err(|_| damaged(path))?;
        Ok(json::accounts_in(text))
    }
}

fn random<const N: usize>() -> Result<[u8; N], Problem> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| unsealed())?;
    Ok(bytes)
}

/// Takes in what is not here, and what is newer than what is here. Saving needs no key.
pub fn import(stores: &Stores, accounts: Vec<Kept>, now: Timestamp) -> Result<Imported, Problem> {
    let there = stores.everything();
    if let Some(problem) = there.problem {
        return Err(problem);
    }
    let mut ids: Vec<AccountId> = there.accounts.iter().map(|account| account.id.clone()).collect();
    let mut imported = Imported::default();
    for kept in accounts {
        // What is there is renewed by nobody meanwhile.
        let _lease = stores.lock(&kept.account.id)?;
        let known = stores.find(&kept.account.id)?;
        let (is_taken, known) = (known.is_some(), known.filter(|known| known.resource == kept.account.resource));
        if let Some(known) = known.as_ref().filter(|known| known.obtained_at() >= kept.account.obtained_at()) {
            imported.kept.push(known.id.clone());
            continue;
        }
        let id = match (&known, is_taken) {
            // Another service has that name here.
            (None, true) => AccountId::new(&kept.account.resource, kept.account.label.as_deref(), &ids),
            _ => kept.account.id.clone(),
        };
        let store = known.as_ref().map_or(stores.first(), |known| known.store);
        let account = Account { id: id.clone(), store, source: Source::Own, ..kept.account };
        stores.save(&Kept { account, secrets: kept.secrets }, Some(&Happened::Imported.at(now)))?;
        ids.push(id.clone());
        if known.is_some() { imported.renewed.push(id) } else { imported.added.push(id) }
    }
    Ok(imported)
}

/// Makes sure that a new file can have this name, before anybody types a passphrase for it.
pub fn is_free(path: &Path) -> Result<(), Problem> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match path.symlink_metadata() {
        Ok(_) => Err(Problem::new(
            Kind::Usage,
            format!("There is a file already: {}.", path.display()),
            "Name another one; nothing is overwritten.",
        )),
        Err(_) if !folder.is_dir() => {
            let what = format!("There is no folder {}.", folder.display());
            Err(Problem::new(Kind::Usage, what, "Make it first, or name another place."))
        }
        Err(_) => paths::sync_folder(folder).or(Ok(())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Cost = Cost { memory: 8, passes: 1, lanes: 1 };

    #[test]
    fn what_was_sealed_opens_with_its_passphrase_and_nothing_else() {
        let now = Timestamp::from_second(1_800_000_000).expect("a moment");
        let passphrase = Secret::new("correct horse");
        let export = Export::seal(&[], &To::Passphrase(passphrase.clone(), CHEAP), now).expect("sealed");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("accounts.sealed");
        export.write(&path).expect("written");
        assert_eq!(export.write(&path).expect_err("it is there").kind, Kind::Usage);
        let read = Export::read(&path).expect("read");
        assert!(read.wants_passphrase() && read.made_at == now);
        assert!(read.unlock(&Secret::new("Correct horse")).is_err());
        let key = read.unlock(&passphrase).expect("unlocked");
        assert_eq!(read.open(&path, &key).expect("opened"), vec![]);
        let touched = Export { sealed: format!("A{}", &read.sealed[1..]), ..read };
        assert_eq!(touched.open(&path, &key).expect_err("it was changed").kind, Kind::Usage);
        for wrong in ["", "{}", "[1]", "{\"authmd_tui_export\": 1}"] {
            std::fs::write(&path, wrong).expect("written");
            assert!(Export::read(&path).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_public_key_is_written_and_read() {
        let key = PrivateKey::from_bytes(&[7; 32]).expect("a key").public();
        let text = key.to_string();
        assert_eq!(text.parse::<PublicKey>(), Ok(key.clone()));
        assert_eq!(format!(" {text}\n").parse::<PublicKey>(), Ok(key), "as it is pasted");
        for wrong in ["", "authmd-key-", "authmd-key-AAAA", &text[1..], &text[..text.len() - 1]] {
            assert!(wrong.parse::<PublicKey>().is_err(), "{wrong}");
        }
    }
}
