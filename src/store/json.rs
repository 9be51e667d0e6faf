//! The token file that several tools share (`AUTH_MD_TOKEN_STORE`).
//!
//! One JSON object, one member an account: `auth_md_token:<resource>` with `credential`, `scopes`, `expires`, `service`,
//! `email`, `registered_at`, as auth.md clients write it. What this program needs beyond that is in one more member of the
//! entry, `authmd_tui`; a second account of one resource has its label behind a `#` in the key, which no resource has
//! (RFC 9728, section 1.2).
//!
//! A change is made in the *text* of the file, so that whatever is not ours stays letter for letter. The new text goes to
//! a new file beside the old one, which is flushed and renamed over it, under a lock, after reading again under that lock.
//! A file that does not parse is copied and left alone.

mod entry;
mod text;

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use self::entry::Entry;
use super::removed::Content;
use super::{Listing, Removed, Store, rights};
use crate::account::{Account, AccountId, Kept, Note, StoreKind};
use crate::flow::StoreOffer;
use crate::problem::{Kind, Problem, cause};
use crate::secret::Secret;
use crate::shell::paths;

const KEY: &str = "auth_md_token:";
/// How long to wait for another program to be done with the file.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);
const LOCK_PAUSE: Duration = Duration::from_millis(20);
/// Copies of one damaged file that are kept.
const COPIES: u32 = 100;

pub struct Json {
    path: PathBuf,
    /// Held by whoever of this program changes the file: the patience below is for other programs.
    turn: Mutex<()>,
}

impl Json {
    pub fn new(path: PathBuf) -> Self {
        Self { path, turn: Mutex::default() }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the entry if it is still what was read: another program may have put its own in place.
    pub fn forget_if_same(&self, kept: &Kept) -> Result<bool, Problem> {
        let mut forgotten = false;
        self.change(|entries, text| {
            let entry = entries.iter().find(|entry| entry.account.id == kept.account.id)?;
            forgotten = entry.account == kept.account && entry.secrets.as_ref() == Some(&kept.secrets);
            forgotten.then(|| text::remove(&text, &entry.key))
        })?;
        Ok(forgotten)
    }

    /// The file itself, behind any symbolic link: renaming over a link would replace the link.
    fn file(&self) -> PathBuf {
        fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone())
    }

    /// The folder of the locks on its accounts, beside it: whoever shares the file shares them.
    pub fn lock_folder(&self) -> PathBuf {
        beside(&self.file(), ".locks")
    }

    /// The text of the file, or of an empty one; an error for a text that is not an object of entries.
    fn read(&self) -> Result<String, Problem> {
        let path = self.file();
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
            Err(error) => return Err(self.problem("read", &error)),
        };
        match String::from_utf8(bytes) {
            Ok(text) if text.trim().is_empty() => Ok(String::new()),
            Ok(text) if text::members(&text).is_some() => Ok(text),
            Ok(text) => Err(damaged(&path, text.as_bytes())),
            Err(error) => Err(damaged(&path, error.as_bytes())),
        }
    }

    fn entries(&self) -> Result<Vec<Entry>, Problem> {
        let text = self.read()?;
        let source = self.path.display().to_string();
        let loose = rights::loose(&self.file()).ok().flatten().map(|loose| loose.what);
        Ok(entry::all(&text, KEY, &source, loose.as_deref()))
    }

    /// Changes the text under the lock. `change` sees the entries and the text as they are now.
    fn change(&self, change: impl FnOnce(&[Entry], String) -> Option<String>) -> Result<(), Problem> {
        let path = self.file();
        if fs::metadata(&path).is_ok_and(|metadata| metadata.permissions().readonly()) {
            return Err(self.problem("write", &io::Error::from(io::ErrorKind::PermissionDenied)));
        }
        if let Some(folder) = path.parent() {
            paths::private_folder(folder).map_err(|error| self.problem("create the folder of", &error))?;
        }
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let _lock = self.lock(&path)?;
        let text = self.read()?;
        let entries = entry::all(&text, KEY, "", None);
        match change(&entries, text) {
            Some(changed) => replace(&path, changed.as_bytes()).map_err(|error| self.problem("write", &error)),
            None => Ok(()),
        }
    }

    fn lock(&self, path: &Path) -> Result<File, Problem> {
        let file = paths::private_file(&beside(path, ".lock")).map_err(|error| self.problem("lock", &error))?;
        let tries = LOCK_PATIENCE.as_millis() / LOCK_PAUSE.as_millis();
        for _ in 0..tries {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(fs::TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
                Err(fs::TryLockError::Error(error)) => return Err(self.problem("lock", &error)),
            }
        }
        Err(Problem::new(
            Kind::Store,
            format!("Another program has been writing {} for {} s.", self.path.display(), LOCK_PATIENCE.as_secs()),
            "Nothing was changed. End that program, then try again.",
        ))
    }

    fn problem(&self, what: &str, error: &io::Error) -> Problem {
        Problem::new(
            Kind::Store,
            format!("Could not {what} {}: {}.", self.path.display(), cause(error)),
            "Check the folder's rights and the free space, or keep credentials elsewhere (--store).",
        )
    }
}

/// The text of a file that has these accounts, and nothing else.
pub fn whole(accounts: &[Kept]) -> Secret {
    let mut keys: HashSet<String> = HashSet::new();
    let mut members = Vec::new();
    for kept in accounts {
        let key = key_of(&kept.account, |key| keys.contains(key));
        members.push(Secret::new(format!("{}: {}", serde_json::json!(key), entry::written("", kept))));
        keys.insert(key);
    }
    // Room for all of it from the start: a text that grows leaves copies behind.
    let mut text = String::with_capacity(members.iter().map(|member| member.expose().len() + 2).sum::<usize>() + 4);
    text.push('{');
    for (nth, member) in members.iter().enumerate() {
        text.push_str(if nth == 0 { "\n" } else { ",\n" });
        text.push_str(member.expose());
    }
    text.push_str("\n}");
    Secret::new(text)
}

/// The accounts in such a text, each with its secrets; nothing where one of them cannot be read whole.
pub fn accounts_in(text: &str) -> Option<Vec<Kept>> {
    let entries = entry::all(text, KEY, "", None);
    let whole = entries.len() == text::members(text)?.len();
    let kept =
        |entry: Entry| Some(Kept { secrets: entry.secrets.filter(|_| entry.is_readable)?, account: entry.account });
    entries.into_iter().map(kept).collect::<Option<Vec<_>>>().filter(|_| whole)
}

/// A file of the same name and this ending.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

impl Store for Json {
    fn kind(&self) -> StoreKind {
        StoreKind::Json
    }

    fn accounts(&self) -> Listing {
        match self.entries() {
            Ok(entries) => {
                Listing { accounts: entries.into_iter().map(|entry| entry.account).collect(), problem: None }
            }
            Err(problem) => Listing { accounts: Vec::new(), problem: Some(problem) },
        }
    }

    fn load(&self, id: &AccountId) -> Result<Option<Kept>, Problem> {
        let entry = self.entries()?.into_iter().find(|entry| entry.account.id == *id);
        Ok(entry.and_then(|entry| Some(Kept { account: entry.account, secrets: entry.secrets? })))
    }

    fn save(&self, kept: &Kept) -> Result<(), Problem> {
        self.change(|entries, text| {
            let key = match entries.iter().find(|entry| entry.account.id == kept.account.id) {
                Some(entry) => entry.key.clone(),
                None => free_key(&kept.account, entries),
            };
            let former = text::get(&text, &key).unwrap_or_default().to_owned();
            Some(text::set(&text, &key, &entry::written(&former, kept)))
        })
    }

    fn note(&self, id: &AccountId, note: Note, obtained: Option<Timestamp>) -> Result<bool, Problem> {
        let mut noted = false;
        self.change(|entries, text| {
            let entry = entries.iter().find(|entry| entry.account.id == *id && entry.is_readable)?;
            let mut account = entry.account.clone();
            noted = account.note(note, obtained);
            let former = text::get(&text, &entry.key)?.to_owned();
            (account != entry.account).then(|| text::set(&text, &entry.key, &entry::annotated(&former, &account)))
        })?;
        Ok(noted)
    }

    fn forget(&self, id: &AccountId) -> Result<Option<Removed>, Problem> {
        let mut content = None;
        self.change(|entries, text| {
            let entry = entries.iter().find(|entry| entry.account.id == *id)?;
            let written = text::get(&text, &entry.key).unwrap_or_default();
            content = Some(Content::Entry { key: entry.key.clone(), text: Secret::new(written) });
            Some(text::remove(&text, &entry.key))
        })?;
        Ok(content.map(|content| Removed { id: id.clone(), store: StoreKind::Json, content }))
    }

    fn put_back(&self, removed: &Removed) -> Result<(), Problem> {
        let Content::Entry { key, text: written } = &removed.content else {
            return Err(removed.of_another_store());
        };
        let mut is_taken = false;
        self.change(|_, text| {
            is_taken = text::get(&text, key).is_some();
            (!is_taken).then(|| text::set(&text, key, written.expose()))
        })?;
        match is_taken {
            true => Err(removed.taken()),
            false => Ok(()),
        }
    }

    fn offers(&self) -> Vec<StoreOffer> {
        vec![StoreOffer {
            kind: StoreKind::Json,
            setup: None,
            label: "In a file that other tools can read".into(),
            detail: format!("not encrypted, {}", readers(&self.file())),
            place: Some(format!("The file: {}", self.path.display())),
            problem: self
                .read()
                .and_then(|_| rights::writable(&self.file()).map_err(|error| self.problem("write", &error)))
                .err(),
        }]
    }
}

/// Who can read the file, or will be able to.
fn readers(path: &Path) -> &'static str {
    #[cfg(unix)]
    if let Ok(metadata) = fs::metadata(path) {
        use std::os::unix::fs::PermissionsExt;
        if metadata.permissions().mode() & 0o077 != 0 {
            return "readable by others on this machine";
        }
    }
    let _ = path;
    "readable by you only"
}

/// The plain key for the first account of a resource; with the label, or the id, for others.
fn free_key(account: &Account, entries: &[Entry]) -> String {
    key_of(account, |key| entries.iter().any(|entry| entry.key == key))
}

fn key_of(account: &Account, is_taken: impl Fn(&str) -> bool) -> String {
    let plain = format!("{KEY}{}", account.resource);
    let labelled = account.label.as_ref().map(|label| format!("{plain}#{label}"));
    let by_id = format!("{plain}#{}", account.id);
    match labelled {
        Some(labelled) if !is_taken(&labelled) => labelled,
        None if !is_taken(&plain) => plain,
        _ => by_id,
    }
}

/// Keeps a copy of what could not be read, once, and says where.
fn damaged(path: &Path, bytes: &[u8]) -> Problem {
    let copy_path = |n: u32| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".damaged-{n}"));
        PathBuf::from(name)
    };
    let mut kept = None;
    for copy in (1..=COPIES).map(copy_path) {
        match fs::read(&copy) {
            Ok(same) if same == bytes => kept = Some(copy),
            Ok(_) => continue,
            Err(_) => kept = replace(&copy, bytes).is_ok().then_some(copy),
        }
        break;
    }
    let hint = match kept {
        Some(copy) => {
            format!("It was left as it is, with a copy in {}. Mend it, or move it away to begin anew.", copy.display())
        }
        None => "It was left as it is. Mend it, or move it away to begin anew.".to_owned(),
    };
    Problem::new(Kind::Store, format!("{} is not the JSON object it should be.", path.display()), hint)
}

/// New file, flushed to disk, renamed over the old one, folder flushed: after a crash there is the old text or the new one.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".authmd-tui-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    // Somebody may have given the file to a group on purpose; a new one is for its owner only.
    if let Ok(former) = fs::metadata(path) {
        file.as_file().set_permissions(former.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    paths::sync_folder(folder)
}
