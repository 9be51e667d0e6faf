//! One renewal at a time for each account, across all programs of this person on this machine.
//!
//! A token that works once must not be sent by two programs: the second one would log everybody out (RFC 9700, section
//! 4.14.2). So whoever renews holds a lock from reading the token until its successor is stored. It is a lock of the
//! operating system on an empty file: it ends with its holder, however that dies.

use std::collections::BTreeSet;
use std::fs::{File, TryLockError};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::account::AccountId;
use crate::flow::Lease;
use crate::problem::{Kind, Problem, cause};
use crate::shell::paths;

/// How long to wait for another program: longer than one call to a service may take.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);

#[derive(Debug, Clone)]
pub enum Locks {
    /// Between programs: files in this folder.
    Folder(PathBuf),
    /// Within this program only, for stores that end with it.
    Here(Arc<Mutex<BTreeSet<AccountId>>>),
}

/// Lets go of what is held within this program.
struct Held(Arc<Mutex<BTreeSet<AccountId>>>, AccountId);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

impl Locks {
    pub fn here() -> Self {
        Locks::Here(Arc::default())
    }

    pub fn lock(&self, id: &AccountId) -> Result<Lease, Problem> {
        for _ in 0..PATIENCE.as_millis() / PAUSE.as_millis() {
            match self.try_lock(id) {
                Ok(Some(lease)) => return Ok(lease),
                Ok(None) => thread::sleep(PAUSE),
                Err(error) => {
                    return Err(Problem::new(
                        Kind::Store,
                        format!("{id} could not be locked against other programs: {}.", cause(&error)),
                        "Nothing was sent. Check the rights of the program's folder (authmd-tui doctor).",
                    ));
                }
            }
        }
        Err(Problem::new(
            Kind::Store,
            format!("Another program has been renewing or ending {id} for {} s.", PATIENCE.as_secs()),
            "Nothing was sent. Wait for it to finish, then try again.",
        ))
    }

    /// Is somebody renewing or ending this account just now? Several may ask at once.
    pub fn is_held(&self, id: &AccountId) -> bool {
        match self {
            Locks::Folder(folder) => {
                let file = File::open(folder.join(name(id)));
                matches!(file.map(|file| file.try_lock_shared()), Ok(Err(TryLockError::WouldBlock)))
            }
            Locks::Here(held) => held.lock().unwrap_or_else(PoisonError::into_inner).contains(id),
        }
    }

    fn try_lock(&self, id: &AccountId) -> io::Result<Option<Lease>> {
        match self {
            Locks::Folder(folder) => {
                paths::private_folder(folder)?;
                let file: File = paths::private_file(&folder.join(name(id)))?;
                match file.try_lock() {
                    Ok(()) => Ok(Some(Lease::new(file))),
                    Err(TryLockError::WouldBlock) => Ok(None),
                    Err(TryLockError::Error(error)) => Err(error),
                }
            }
            Locks::Here(held) => {
                let free = held.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone());
                Ok(free.then(|| Lease::new(Held(Arc::clone(held), id.clone()))))
            }
        }
    }
}

/// The name of an account's lock. A colon means something else on some systems, and an id has no plus; what is too long for
/// a file's name is told apart by a checksum (FNV-1a).
fn name(id: &AccountId) -> String {
    const LONGEST: usize = 200;
    let name = id.as_str().replace(':', "+");
    if name.len() <= LONGEST {
        return format!("{name}.lock");
    }
    let sum = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    format!("{}+{sum:016x}.lock", &name[..LONGEST])
}
