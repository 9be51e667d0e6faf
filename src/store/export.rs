//! Accounts in a file that only a passphrase, or another vault, opens: for another machine, or a drawer.
//!
//! What is sealed is a token file as [`super::json`] writes it; how, is the vault's own sealing ([`super::vault::seal`]): to the
//! public key of a vault, or to a key made for this file alone, which a passphrase wraps. So libsodium opens it without this
//! program, and nobody sees as much as whose accounts are in it.
//!
//! ```text
//!   {"authmd_tui_export": 1, "made_at": …, "to": public key, "wrapped": private key under the passphrase, "sealed": …}
//! ```

use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;
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
const LARGEST: u64 = 64 * 1024 * 1024;

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

    /// Writes a new file, whole or not at all, for its owner only; one that is there is left alone.
    pub fn write(&self, path: &Path) -> Result<(), Problem> {
        let write = || {
            // Made by tempfile for its owner only.
            let mut new = NamedTempFile::new_in(folder_of(path))?;
            serde_json::to_writer(&mut new, self)?;
            new.write_all(b"\n")?;
            new.as_file().sync_all()?;
            new.persist_noclobber(path).map_err(|error| error.error).map(drop)
        };
        write().map_err(|error| match error.kind() {
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
        // What has no end, as a device, has no length either.
        let mut text = Vec::new();
        let read = std::fs::File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut text));
        if read.map_err(|error| unreadable(cause(&error)))? as u64 > LARGEST {
            return Err(damaged(path));
        }
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
        json::accounts_in(text).ok_or_else(|| {
            let what = format!("{} has accounts in it that this version of the program cannot read.", path.display());
            Problem::new(Kind::Usage, what, "Update authmd-tui here. Nothing was changed.")
        })
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
        let same = there.accounts.iter().find(|known| is_same(known, &kept.account));
        let id = match same {
            Some(known) => known.id.clone(),
            // Somebody else's, or another service's, has that name here.
            None if ids.contains(&kept.account.id) => {
                AccountId::new(&kept.account.resource, kept.account.label.as_deref(), &ids)
            }
            None => kept.account.id.clone(),
        };
        // What is there is renewed by nobody meanwhile.
        let _lease = stores.lock(&id)?;
        let known = if same.is_some() { stores.find(&id)? } else { None };
        if known.as_ref().is_some_and(|known| known.obtained_at() >= kept.account.obtained_at()) {
            imported.kept.push(id);
            continue;
        }
        let store = known.as_ref().map_or(stores.first(), |known| known.store);
        let account = Account { id: id.clone(), store, source: Source::Own, ..kept.account };
        stores.save(&Kept { account, secrets: kept.secrets }, Some(&Happened::Imported.at(now)))?;
        ids.push(id.clone());
        if known.is_some() { imported.renewed.push(id) } else { imported.added.push(id) }
    }
    Ok(imported)
}

/// Is it the same account on both machines, whatever it is called there: of one sign-up, however often it was renewed since? Where
/// it is not known when that was, one of the same person is.
fn is_same(here: &Account, there: &Account) -> bool {
    let of_one = match (here.created_at, there.created_at) {
        (Some(here), Some(there)) => here == there,
        _ => here.identity.is_some() && here.identity == there.identity,
    };
    of_one && !here.is_foreign() && here.resource == there.resource && here.label == there.label
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes sure that a new file can have this name, before anybody types a passphrase for it.
pub fn is_free(path: &Path) -> Result<(), Problem> {
    let folder = folder_of(path);
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
        assert!(
            Export::seal(&[], &To::Vault(key.public()), now).expect("sealed").write(Path::new("/dev/full/x")).is_err()
        );
        for text in
            [r#"{"auth_md_token:https://a.dev/": {"credential": "sk", "authmd_tui": {"version": 9}}}"#, r#"{"a": 1}"#]
        {
            let sealed = STANDARD.encode(seal::seal(text.as_bytes(), &key.public()).expect("sealed"));
            let newer = Export { sealed, ..Export::seal(&[], &To::Vault(key.public()), now).expect("sealed") };
            let why = newer.open(&path, &key).expect_err("not half of it").what;
            assert!(why.contains("cannot read"), "{why}");
        }
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
