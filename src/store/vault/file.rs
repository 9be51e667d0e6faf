//! The vault's file: made whole or not at all, opened only when nobody else may read it, brought up to date one version at a
//! time with a copy of what was before.
//!
//! ```text
//!   vault/                   0700
//!     vault.sqlite           0600   WAL, synchronous=FULL: what was acknowledged is on the disk
//!     vault.sqlite-wal, -shm        SQLite's own
//!     vault.sqlite.v1               the copy made before version 2
//!     vault.lock                    held while the file is made or brought up to date
//!     guard.lock                    held while what opens it is changed
//! ```

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::health::{OnlyRead, is_cut_short, is_full};
use crate::problem::{Kind, Problem, cause};
use crate::shell::paths;
use crate::store::rights;
use crate::store::sqlite::{cannot_write, is_pending, open_standing_still};

pub const NAME: &str = "vault.sqlite";
/// How long to wait for another program that is writing.
const PATIENCE: Duration = Duration::from_secs(30);

/// The schema, as steps: the nth makes version n+1 of version n. Steps are added, never changed.
#[derive(Debug, Clone, Copy)]
pub struct Schema(pub &'static [&'static str]);

impl Schema {
    pub const CURRENT: Schema = Schema(&[Self::FIRST, Self::SECOND, Self::THIRD, Self::FOURTH]);
    pub const FIRST: &str = include_str!("schema/1.sql");
    pub const SECOND: &str = include_str!("schema/2.sql");
    pub const THIRD: &str = include_str!("schema/3.sql");
    pub const FOURTH: &str = include_str!("schema/4.sql");

    pub fn version(self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }
}

/// What went wrong, before it is told.
#[derive(Debug)]
pub enum Fault {
    Sql(rusqlite::Error),
    Io(io::Error),
    Told(Problem),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Fault::Sql(error)
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Fault::Io(error)
    }
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        Fault::Told(problem)
    }
}

/// An open vault.
pub struct Opened {
    pub connection: Connection,
    /// Why it is only read: nothing is written into what is not understood, or not whole.
    pub only_read: Option<OnlyRead>,
    version: u32,
    identity: Identity,
}

/// Tells the file that was opened from another that has taken its name since.
type Identity = Option<(u64, u64)>;

fn identity(path: &Path) -> Identity {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
    }
    #[cfg(not(unix))]
    fs::metadata(path).ok().map(|_| (0, 0))
}

/// The folder of a vault and how it is to be opened.
#[derive(Debug, Clone)]
pub struct Place {
    pub folder: PathBuf,
    pub schema: Schema,
}

impl Place {
    pub fn file(&self) -> PathBuf {
        self.folder.join(NAME)
    }

    pub fn exists(&self) -> bool {
        self.file().exists()
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        self.folder.join(format!("{NAME}{suffix}"))
    }

    /// What others must not have a right to.
    pub fn private(&self) -> Vec<PathBuf> {
        vec![self.folder.clone(), self.file(), self.beside("-wal"), self.beside("-shm")]
    }

    /// Refuses what others can read or change.
    pub fn check_rights(&self) -> Result<(), Fault> {
        for path in self.private() {
            if let Some(loose) = rights::loose(&path)? {
                return Err(Fault::Told(Problem::new(
                    Kind::Store,
                    format!("The vault is not used: {} {}.", loose.path.display(), loose.what),
                    match loose.foreign {
                        true => "Run this as the user it belongs to, or set AUTHMD_TUI_HOME to a folder of your own.",
                        false => "To take these rights away: authmd-tui doctor --repair",
                    },
                )));
            }
        }
        Ok(())
    }

    /// Opens the vault, where there is one.
    pub fn open(&self) -> Result<Option<Opened>, Fault> {
        let path = self.file();
        if !path.try_exists()? {
            return Ok(None);
        }
        self.check_rights()?;
        let seen = identity(&path);
        // Before SQLite has it open: closing a file gives up every lock that this process has on it (fcntl(2)).
        let cut_short = !is_pending(&path)? && is_cut_short(&path)?;
        let (mut connection, version) = match self.connect(&path) {
            Err(Fault::Sql(error)) if cannot_write(&error) => self.connect_to_what_stands_still(&path)?,
            connected => connected?,
        };
        let only_read = match () {
            () if cut_short => Some(OnlyRead::CutShort),
            () if version > self.schema.version() => Some(OnlyRead::Newer(version)),
            () if connection.is_readonly("main")? => Some(OnlyRead::Disk),
            // A vault is made whole, under another name; one without a schema never was one.
            () if version == 0 => return Err(Fault::Told(self.damaged())),
            () => None,
        };
        if only_read.is_some() {
            connection.pragma_update(None, "query_only", true)?;
            return Ok(Some(Opened { connection, only_read, version, identity: seen }));
        }
        if version < self.schema.version() {
            let _alone = self.alone()?;
            self.migrate(&mut connection)?;
        }
        Ok(Some(Opened { connection, only_read, version: self.schema.version(), identity: seen }))
    }

    fn connect(&self, path: &Path) -> Result<(Connection, u32), Fault> {
        let how = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, how)?;
        connection.busy_handler(Some(wait_a_little))?;
        connection.execute_batch(
            "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;
             PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;",
        )?;
        let version = version(&connection)?;
        Ok((connection, version))
    }

    fn connect_to_what_stands_still(&self, path: &Path) -> Result<(Connection, u32), Fault> {
        if is_pending(path)? {
            return Err(Fault::Told(OnlyRead::Disk.problem()));
        }
        let connection = open_standing_still(path)?;
        let version = version(&connection)?;
        Ok((connection, version))
    }

    fn damaged(&self) -> Problem {
        let hint = format!("It was left as it is. {}", self.how_to_put_back());
        Problem::new(Kind::Store, format!("The vault {} is damaged.", self.file().display()), hint)
    }

    /// What a person can do about a file that is of no use.
    fn how_to_put_back(&self) -> String {
        let version = (1..=self.schema.version()).rev().map(|nth| format!(".v{nth}"));
        let copy = version.map(|suffix| self.beside(&suffix)).find(|copy| copy.exists());
        let copy = copy.map_or(String::new(), |copy| format!(" ({} is one)", copy.display()));
        format!(
            "Move it away, with its -wal and -shm; then put a backup in its place{copy}, or begin anew: authmd-tui store init"
        )
    }

    pub fn there_already(&self) -> Problem {
        Problem::new(
            Kind::Usage,
            format!("There is a vault already: {}.", self.file().display()),
            "To change what opens it: authmd-tui store migrate --to keyring|passphrase",
        )
    }

    /// Makes the file, with whatever `fill` puts into it, under another name first: it is there whole or not at all.
    pub fn make(&self, fill: impl FnOnce(&Connection) -> Result<(), Fault>) -> Result<(), Fault> {
        paths::private_folder(&self.folder)?;
        self.check_rights()?;
        let _alone = self.alone()?;
        if self.exists() {
            return Err(Fault::Told(self.there_already()));
        }
        // What a vault that was taken away has left behind would be mixed into this one; it may be wanted yet.
        for left in ["-wal", "-shm", "-journal"] {
            set_aside(&self.beside(left))?;
        }
        let making = self.beside(".new");
        for left_over in [&making, &self.beside(".new-wal"), &self.beside(".new-shm"), &self.beside(".new-journal")] {
            remove(left_over)?;
        }
        // SQLite gives its other files the mode of this one.
        drop(paths::private_file(&making)?);
        let mut connection = Connection::open_with_flags(&making, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "secure_delete", true)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        self.step_up(&mut connection, 0)?;
        fill(&connection)?;
        connection.close().map_err(|(_, error)| error)?;
        File::open(&making)?.sync_all()?;
        fs::rename(&making, self.file())?;
        // From here on the vault is made. A file system that cannot make sure of its name does so a moment later.
        if let Err(error) = paths::sync_folder(&self.folder) {
            tracing::warn!(%error, "the vault's folder could not be flushed");
        }
        Ok(())
    }

    /// Brings the file up to date, with a copy of what was before. Called with [`Self::alone`] held.
    fn migrate(&self, connection: &mut Connection) -> Result<(), Fault> {
        // Another program may have done it while this one waited.
        let before = version(connection)?;
        if before >= self.schema.version() {
            return Ok(());
        }
        let (copy, copying) = (self.beside(&format!(".v{before}")), self.beside(".copy"));
        remove(&copying)?;
        drop(paths::private_file(&copying)?);
        connection.execute("VACUUM INTO ?1", [copying.display().to_string()])?;
        File::open(&copying)?.sync_all()?;
        fs::rename(&copying, &copy)?;
        paths::sync_folder(&self.folder)?;
        self.step_up(connection, before)
    }

    fn step_up(&self, connection: &mut Connection, before: u32) -> Result<(), Fault> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
        for step in self.schema.0.iter().skip(before as usize) {
            transaction.execute_batch(step)?;
        }
        transaction.pragma_update(None, "user_version", self.schema.version())?;
        transaction.commit()?;
        Ok(())
    }

    /// Nobody else makes the file or brings it up to date while this is held. The system lets go of it when its holder dies.
    fn alone(&self) -> Result<File, Fault> {
        self.locked("vault.lock")
    }

    /// Nobody else changes what opens the vault while this is held.
    pub fn guarded(&self) -> Result<File, Fault> {
        paths::private_folder(&self.folder)?;
        self.locked("guard.lock")
    }

    fn locked(&self, name: &str) -> Result<File, Fault> {
        const NAP: Duration = Duration::from_millis(20);
        let file = paths::private_file(&self.folder.join(name))?;
        for _ in 0..PATIENCE.as_millis() / NAP.as_millis() {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(fs::TryLockError::WouldBlock) => thread::sleep(NAP),
                Err(fs::TryLockError::Error(error)) => return Err(error.into()),
            }
        }
        Err(Fault::Told(Problem::new(
            Kind::Store,
            format!(
                "Another program has been making or changing the vault in {} for {} s.",
                self.folder.display(),
                PATIENCE.as_secs()
            ),
            "Nothing was changed. End that program, then try again.",
        )))
    }

    /// A fault as the person is told it.
    pub fn problem(&self, fault: Fault) -> Problem {
        let file = self.file();
        let file = file.display();
        let elsewhere = "Nothing was changed. You can keep credentials elsewhere (--store).";
        let told = |what: String, hint: &str| Problem::new(Kind::Store, what, hint);
        let error = match fault {
            Fault::Told(problem) => return problem,
            Fault::Io(error) => {
                let what = format!("The vault in {} cannot be used: {}.", self.folder.display(), cause(&error));
                return told(
                    what,
                    "Check the folder's rights and the free space, or keep credentials elsewhere (--store).",
                );
            }
            Fault::Sql(error) => error,
        };
        match error.sqlite_error_code() {
            Some(code @ (ErrorCode::DiskFull | ErrorCode::SystemIoFailure))
                if code == ErrorCode::DiskFull || is_full(&self.folder) =>
            {
                told(
                    format!("The disk is full; the vault {file} was not written."),
                    "Make room, then try again; nothing was changed.",
                )
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => told(
                format!("Another program has been writing the vault {file} for {} s.", PATIENCE.as_secs()),
                "Nothing was changed. End that program, then try again.",
            ),
            Some(ErrorCode::ReadOnly) => told(format!("The vault {file} cannot be written."), elsewhere),
            Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => told(
                format!("The vault {file} cannot be opened."),
                "Check its rights and those of its folder; it was left as it is.",
            ),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => self.damaged(),
            Some(ErrorCode::SystemIoFailure) => told(
                format!("The disk failed while the vault {file} was used."),
                "Check the disk and the free space, then try again.",
            ),
            _ => told(format!("The vault {file} could not be used: {error}."), elsewhere),
        }
    }
}

impl Opened {
    /// Is this still the file of that name?
    pub fn is_current(&self, place: &Place) -> bool {
        self.identity == identity(&place.file())
    }

    /// All of `work` or nothing of it, on the disk when this returns.
    pub fn write<T>(&mut self, work: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, Fault> {
        if let Some(why) = self.only_read {
            return Err(Fault::Told(why.problem()));
        }
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // A newer program may have brought the file up to date while this one had it open.
        let version = version(&transaction)?;
        if version != self.version {
            return Err(match version > self.version {
                true => Fault::Told(OnlyRead::Newer(version).problem()),
                false => Fault::Io(io::Error::other("an older vault was put in its place; try again")),
            });
        }
        let done = work(&transaction)?;
        transaction.commit()?;
        Ok(done)
    }

    /// Reads at one moment, whatever others write meanwhile.
    pub fn read<T>(&mut self, work: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, Fault> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
        work(&transaction)
    }
}

/// Waits for another program that is writing, up to [`PATIENCE`]. SQLite's own handler sleeps longer the longer it has
/// waited, so that among many writers one may never get its turn.
fn wait_a_little(tries: i32) -> bool {
    const NAP: Duration = Duration::from_millis(2);
    thread::sleep(NAP);
    NAP * tries.unsigned_abs() < PATIENCE
}

fn version(connection: &Connection) -> Result<u32, rusqlite::Error> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Gives what is there another name that is free.
fn set_aside(path: &Path) -> io::Result<()> {
    if !path.try_exists()? {
        return Ok(());
    }
    let named =
        |nth: u32| path.with_file_name(format!("{}.left-{nth}", path.file_name().unwrap_or_default().display()));
    let free = (1..1_000).map(named).find(|name| !name.exists());
    free.map_or(Ok(()), |free| fs::rename(path, free))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
