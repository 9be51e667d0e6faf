//! The system's keyring: Secret Service on Linux (over D-Bus), Keychain on macOS, Credential Manager on Windows.
//!
//! It holds one small thing, the vault's private key. Every call happens on a thread of its own and is waited for no longer
//! than [`PATIENCE`]: a bus that never answers would hold the program up for ever. "Locked" is never "missing", and
//! nothing is removed because something could not be read.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::problem::{Kind, Problem, cause};
use crate::trust;

/// How long one call may take.
pub const PATIENCE: Duration = Duration::from_secs(3);
const SERVICE: &str = "authmd-tui";

/// Why the keyring did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// There is none on this machine, or in this session. The text says how that shows.
    None(String),
    Locked,
    Denied,
    TimedOut,
    /// It works, and has no such item.
    Missing,
    /// Something else; the text is the system's.
    Other(String),
}

impl Trouble {
    /// The word for programs.
    pub fn name(&self) -> &'static str {
        match self {
            Trouble::None(_) => "none",
            Trouble::Locked => "locked",
            Trouble::Denied => "denied",
            Trouble::TimedOut => "timed_out",
            Trouble::Missing => "missing",
            Trouble::Other(_) => "failed",
        }
    }

    pub fn problem(&self) -> Problem {
        let (what, hint) = match self {
            Trouble::None(why) => (
                format!("There is no system keyring here ({why})."),
                "Use a passphrase instead, or start a keyring (on Linux: gnome-keyring or KeePassXC with a D-Bus session).",
            ),
            Trouble::Locked => (
                "The system keyring is locked.".to_owned(),
                "Unlock it, for instance by signing in to the desktop, then try again. Nothing was changed.",
            ),
            Trouble::Denied => (
                "The system keyring was not opened: its question was answered with no.".to_owned(),
                "Try again and allow it. Nothing was changed.",
            ),
            Trouble::TimedOut => (
                format!("The system keyring gave no answer within {} s.", PATIENCE.as_secs()),
                "It may be asking you something in a window of its own; answer it, then try again.",
            ),
            Trouble::Missing => (
                "The system keyring works, but has no key for this vault.".to_owned(),
                "Is this the machine and the user that made the vault? Nothing was changed; a copy of the key's item would mend it.",
            ),
            Trouble::Other(why) => (
                format!("The system keyring failed: {why}."),
                "Try again; authmd-tui doctor tells more. Nothing was changed.",
            ),
        };
        Problem::new(Kind::Store, what, hint)
    }
}

/// A place for one secret a name. The real one is [`System`]; tests have their own.
pub trait Keyring: Send + Sync {
    fn get(&self, name: &str) -> Result<Zeroizing<Vec<u8>>, Trouble>;
    fn set(&self, name: &str, secret: &[u8]) -> Result<(), Trouble>;
    /// Removes what has that name. It is no trouble if it is gone already.
    fn delete(&self, name: &str) -> Result<(), Trouble>;
}

#[derive(Default)]
pub struct System {
    given_up: Arc<AtomicUsize>,
}

impl Keyring for System {
    fn get(&self, name: &str) -> Result<Zeroizing<Vec<u8>>, Trouble> {
        let name = name.to_owned();
        bounded(PATIENCE, &self.given_up, move || {
            open(&name)?.get_secret().map(Zeroizing::new).map_err(|e| trouble(&e))
        })
    }

    fn set(&self, name: &str, secret: &[u8]) -> Result<(), Trouble> {
        let (name, secret) = (name.to_owned(), Zeroizing::new(secret.to_vec()));
        bounded(PATIENCE, &self.given_up, move || open(&name)?.set_secret(&secret).map_err(|e| trouble(&e)))
    }

    fn delete(&self, name: &str) -> Result<(), Trouble> {
        let name = name.to_owned();
        let deleted =
            bounded(PATIENCE, &self.given_up, move || open(&name)?.delete_credential().map_err(|e| trouble(&e)));
        if deleted == Err(Trouble::Missing) { Ok(()) } else { deleted }
    }
}

/// A connection of its own for each call: one that hangs, or has broken, must not stand in the way of the next.
#[cfg(target_os = "linux")]
fn open(name: &str) -> Result<keyring_core::Entry, Trouble> {
    use keyring_core::api::CredentialStoreApi;
    let label = std::collections::HashMap::from([("label", "authmd-tui vault key")]);
    let store = zbus_secret_service_keyring_store::Store::new().map_err(|error| match trouble(&error) {
        // Whatever else keeps it from connecting, there is nobody there.
        Trouble::Other(why) => Trouble::None(why),
        told => told,
    })?;
    store.build(SERVICE, name, Some(&label)).map_err(|error| trouble(&error))
}

#[cfg(not(target_os = "linux"))]
fn open(name: &str) -> Result<keyring::Entry, Trouble> {
    keyring::Entry::new(SERVICE, name).map_err(|error| trouble(&error))
}

fn trouble(error: &keyring::Error) -> Trouble {
    use keyring::Error;
    let said = words(error);
    match error {
        Error::NoEntry => Trouble::Missing,
        Error::NoDefaultStore => Trouble::None("the platform has none".to_owned()),
        // The Secret Service says this when its prompt was dismissed, or had no display to appear on.
        Error::NoStorageAccess(_) if said.contains("prompt") => {
            let display = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some());
            if display { Trouble::Denied } else { Trouble::Locked }
        }
        Error::NoStorageAccess(_) if said.contains("result not returned") => {
            Trouble::None("no keyring has been set up".to_owned())
        }
        Error::NoStorageAccess(_) => Trouble::Locked,
        Error::PlatformFailure(_) if said.contains("IsLocked") => Trouble::Locked,
        Error::PlatformFailure(_) if said.contains("AccessDenied") => Trouble::Denied,
        Error::PlatformFailure(_) if said.contains("ServiceUnknown") || said.contains("no secret service") => {
            Trouble::None(said)
        }
        _ => Trouble::Other(said),
    }
}

/// What the system says, without what it may have read.
fn words(error: &keyring::Error) -> String {
    use keyring::Error;
    match error {
        Error::PlatformFailure(why) | Error::NoStorageAccess(why) => {
            let said = cause(why.as_ref());
            trust::clean(said.trim_start_matches("zbus error: "), 120)
        }
        Error::BadEncoding(_) | Error::BadDataFormat(..) | Error::Ambiguous(_) => "an item that is not ours".to_owned(),
        other => trust::clean(&other.to_string(), 120),
    }
}

/// Does it on a thread of its own, and gives up waiting after `patience`. While a call that was given up still hangs, no
/// other is tried: it would hang as well.
fn bounded<T: Send + 'static>(
    patience: Duration,
    given_up: &Arc<AtomicUsize>,
    work: impl FnOnce() -> Result<T, Trouble> + Send + 'static,
) -> Result<T, Trouble> {
    if given_up.load(Ordering::SeqCst) > 0 {
        return Err(Trouble::TimedOut);
    }
    let (send, receive) = mpsc::channel();
    // Whether somebody still waits for the answer; decided under the lock, by whichever side comes first.
    let awaited = Arc::new(Mutex::new(true));
    let (still_awaited, hanging) = (Arc::clone(&awaited), Arc::clone(given_up));
    let spawned = thread::Builder::new().name("keyring".to_owned()).spawn(move || {
        let result = work();
        match *still_awaited.lock().unwrap_or_else(PoisonError::into_inner) {
            true => drop(send.send(result)),
            false => drop(hanging.fetch_sub(1, Ordering::SeqCst)),
        }
    });
    if let Err(error) = spawned {
        return Err(Trouble::Other(error.to_string()));
    }
    receive.recv_timeout(patience).unwrap_or_else(|why| {
        if why == mpsc::RecvTimeoutError::Disconnected {
            return Err(Trouble::Other("the call ended unexpectedly".to_owned()));
        }
        let mut awaited = awaited.lock().unwrap_or_else(PoisonError::into_inner);
        // It may have come in the meantime.
        receive.try_recv().unwrap_or_else(|_| {
            *awaited = false;
            given_up.fetch_add(1, Ordering::SeqCst);
            Err(Trouble::TimedOut)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_hangs_is_given_up_and_holds_up_nothing_until_it_is_back() {
        let given_up = Arc::default();
        let (release, held) = mpsc::channel::<()>();
        let (done, over) = mpsc::channel();
        let patience = Duration::from_millis(20);
        let hangs = bounded(patience, &given_up, move || {
            let _ = held.recv();
            let _ = done.send(());
            Ok(())
        });
        assert_eq!(hangs, Err(Trouble::TimedOut));
        let meanwhile = bounded(patience, &given_up, || Ok(()));
        assert_eq!(meanwhile, Err(Trouble::TimedOut), "not even tried");
        drop(release);
        over.recv().expect("it came back");
        while given_up.load(Ordering::SeqCst) > 0 {
            thread::yield_now();
        }
        assert_eq!(bounded(Duration::from_secs(20), &given_up, || Ok(1)), Ok(1));
    }

    #[test]
    fn every_trouble_has_its_own_words_and_remedy() {
        let all = [
            Trouble::None("x".into()),
            Trouble::Locked,
            Trouble::Denied,
            Trouble::TimedOut,
            Trouble::Missing,
            Trouble::Other("x".into()),
        ];
        let told: std::collections::HashSet<String> = all.iter().map(|trouble| trouble.problem().to_string()).collect();
        assert_eq!(told.len(), all.len());
    }
}
