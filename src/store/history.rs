//! What has happened to accounts, remembered beside all stores: the receipts of a revocation are wanted most when the account is
//! gone. A file of SQLite's in which nothing is secret, so that it asks for no key.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, params};

use crate::account::{AccountId, Event, Happened};
use crate::problem::{Kind, Problem};
use crate::shell::paths;
use crate::store::sqlite::{cannot_write, is_pending, open_standing_still};

/// Older events of an account are forgotten.
const MOST: usize = 500;
/// Of those that say no more than that it works; a check every night makes many.
const MOST_VERIFIED: usize = 50;
/// How long to wait for another program that is writing.
const PATIENCE: Duration = Duration::from_secs(5);

const SCHEMA: &str = "
    CREATE TABLE event (
        nth INTEGER PRIMARY KEY,
        account TEXT NOT NULL,
        is_verified INTEGER NOT NULL,
        event TEXT NOT NULL
    ) STRICT;
    CREATE INDEX of_account ON event (account, is_verified, nth);
    PRAGMA user_version = 1;";
const VERSION: u32 = 1;

/// The events of all accounts.
#[derive(Debug)]
pub enum History {
    /// In this file, which all programs of the user share.
    File { path: PathBuf, opened: Mutex<Option<Connection>> },
    /// Gone when the program ends.
    Here(Mutex<Vec<(AccountId, Event)>>),
}

type Done<T> = Result<T, rusqlite::Error>;

/// What this program could not write down for the first time.
static LOST: OnceLock<Problem> = OnceLock::new();

/// Has something happened that could not be written down? It has happened all the same; only receipts and dates are missing.
pub fn lost() -> Option<&'static Problem> {
    LOST.get()
}

fn unwritten(path: &Path, error: &rusqlite::Error) -> Problem {
    Problem::new(
        Kind::Store,
        format!("What was done could not be written into the history in {}: {error}.", path.display()),
        "It was done all the same. Keep what is printed here, and see what is the matter with that file.",
    )
}

impl History {
    pub fn in_file(path: PathBuf) -> Self {
        History::File { path, opened: Mutex::default() }
    }

    pub fn here() -> Self {
        History::Here(Mutex::default())
    }

    /// Adds an event. What it tells of has happened whether or not that can be written down.
    pub fn record(&self, id: &AccountId, event: &Event) {
        match self {
            History::Here(events) => {
                events.lock().unwrap_or_else(PoisonError::into_inner).push((id.clone(), event.clone()));
            }
            History::File { path, .. } => {
                if let Err(error) = self.with(true, |connection| add(connection, id, event)) {
                    tracing::warn!(%error, path = %path.display(), "the history could not be written");
                    LOST.get_or_init(|| unwritten(path, &error));
                }
            }
        }
    }

    /// What has happened to an account, the first event first.
    pub fn of(&self, id: &AccountId) -> Result<Vec<Event>, Problem> {
        Ok(self.read("WHERE account = ?1", &[id.as_str()])?.into_iter().map(|(_, event)| event).collect())
    }

    /// What has happened to all accounts, also to those that are gone; the first event first.
    pub fn all(&self) -> Result<Vec<(AccountId, Event)>, Problem> {
        self.read("", &[])
    }

    fn read(&self, which: &str, values: &[&str]) -> Result<Vec<(AccountId, Event)>, Problem> {
        let path = match self {
            History::Here(events) => {
                let events = events.lock().unwrap_or_else(PoisonError::into_inner);
                let wanted = |(id, _): &&(AccountId, Event)| values.iter().all(|value| *value == id.as_str());
                return Ok(events.iter().filter(wanted).cloned().collect());
            }
            History::File { path, .. } => path,
        };
        if !path.exists() {
            return Ok(Vec::new());
        }
        let read = self.with(false, |connection| {
            let mut statement =
                connection.prepare_cached(&format!("SELECT account, event FROM event {which} ORDER BY nth"))?;
            let rows = statement.query_map(rusqlite::params_from_iter(values), |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
            })?;
            rows.collect::<Done<Vec<_>>>()
        });
        let rows = read.map_err(|error| {
            let what = format!("The history in {} cannot be read: {error}.", path.display());
            Problem::new(
                Kind::Store,
                what,
                "Accounts and credentials are not touched by that. Move it away to begin anew.",
            )
        })?;
        // What a newer version of this program has written is left out.
        let known = |(id, event): (String, String)| AccountId::stored(&id).zip(serde_json::from_str(&event).ok());
        Ok(rows.into_iter().filter_map(known).collect())
    }

    fn with<T>(&self, writes: bool, work: impl FnOnce(&mut Connection) -> Done<T>) -> Done<T> {
        let History::File { path, opened } = self else {
            return Err(rusqlite::Error::InvalidQuery);
        };
        let mut slot = opened.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.is_none() || !path.exists() {
            *slot = Some(open(path, writes)?);
        }
        match slot.as_mut() {
            Some(connection) => work(connection),
            None => Err(rusqlite::Error::InvalidQuery),
        }
    }
}

fn open(path: &Path, writes: bool) -> Done<Connection> {
    let failed = |error: std::io::Error| rusqlite::Error::ToSqlConversionFailure(Box::new(error));
    if writes && !path.exists() {
        let folder = path.parent().unwrap_or(Path::new("."));
        paths::private_folder(folder).and_then(|()| paths::private_file(path)).map_err(failed)?;
    }
    match connect(path) {
        Err(error) if !writes && cannot_write(&error) && !is_pending(path).map_err(failed)? => {
            open_standing_still(path)
        }
        connected => connected,
    }
}

fn connect(path: &Path) -> Done<Connection> {
    let how = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, how)?;
    connection.busy_timeout(PATIENCE)?;
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA trusted_schema = OFF;")?;
    let made = fs::metadata(path).is_ok_and(|file| file.len() > 0) && version(&connection)? >= VERSION;
    if !made {
        let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        // Another program may have made it while this one waited.
        if version(&transaction)? == 0 {
            transaction.execute_batch(SCHEMA)?;
        }
        transaction.commit()?;
    }
    Ok(connection)
}

fn version(connection: &Connection) -> Done<u32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn add(connection: &mut Connection, id: &AccountId, event: &Event) -> Done<()> {
    let is_verified = matches!(event.what, Happened::Verified { .. });
    let text = serde_json::to_string(event).unwrap_or_default();
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    transaction
        .prepare_cached("INSERT INTO event (account, is_verified, event) VALUES (?1, ?2, ?3)")?
        .execute(params![id.as_str(), is_verified, text])?;
    let most = if is_verified { MOST_VERIFIED } else { MOST };
    transaction
        .prepare_cached(
            "DELETE FROM event WHERE account = ?1 AND is_verified = ?2 AND nth NOT IN
             (SELECT nth FROM event WHERE account = ?1 AND is_verified = ?2 ORDER BY nth DESC LIMIT ?3)",
        )?
        .execute(params![id.as_str(), is_verified, i64::try_from(most).unwrap_or(i64::MAX)])?;
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn id(text: &str) -> AccountId {
        AccountId::stored(text).expect("an id")
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a moment")
    }

    #[test]
    fn events_are_remembered_by_account_in_their_order_and_the_last_ones_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("data/history.sqlite");
        for history in [History::here(), History::in_file(path.clone())] {
            assert_eq!(history.of(&id("a.dev")), Ok(vec![]));
            history.record(&id("a.dev"), &Happened::Reviewed.at(at(1)));
            history.record(&id("b.dev"), &Happened::PutBack.at(at(2)));
            history.record(&id("a.dev"), &Happened::Forgotten { receipts: vec![] }.at(at(3)));
            let seconds: Vec<i64> =
                history.of(&id("a.dev")).expect("read").iter().map(|event| event.at.as_second()).collect();
            assert_eq!(seconds, [1, 3]);
            assert_eq!(history.all().expect("read").len(), 3);
        }
        let (first, second) = (History::in_file(path.clone()), History::in_file(path.clone()));
        for second_of in 0..60 {
            let verified = Happened::Verified { host: "a.dev".into(), status: 200 };
            [&first, &second][second_of as usize % 2].record(&id("a.dev"), &verified.at(at(second_of)));
        }
        let events = first.of(&id("a.dev")).expect("read");
        assert_eq!(events.len(), 2 + MOST_VERIFIED, "nightly checks do not push out what is wanted");
        assert_eq!((events[0].at, events.last().map(|event| event.at)), (at(1), Some(at(59))));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_damaged_history_is_a_problem_of_its_own() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("history.sqlite");
        fs::write(&path, "not a database, by far: it is longer than a header, and says nothing of the kind")
            .expect("written");
        let history = History::in_file(path.clone());
        history.record(&id("a.dev"), &Happened::Reviewed.at(at(1)));
        let problem = history.all().expect_err("it cannot be read");
        assert!(problem.what.contains("history.sqlite") && problem.hint.contains("not touched"), "{problem}");
        assert!(fs::read_to_string(&path).expect("there").starts_with("not a database"), "it was left as it is");
    }
}
