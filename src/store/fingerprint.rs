//! Whether two accounts hold the same key, without looking at either: a hash of each (HMAC, RFC 2104) under a key that only this
//! user's programs have. Whoever sees the hashes learns nothing of the credentials, and cannot try any.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use crate::secret::Secret;
use crate::shell::paths;

const KEY: usize = 32;
/// Of a hash, in bytes: two credentials of a lifetime do not meet by chance.
const LENGTH: usize = 16;

/// Makes fingerprints.
#[derive(Debug)]
pub struct Fingerprints {
    /// Where the key is; without it the key ends with the program.
    file: Option<PathBuf>,
    key: OnceLock<Option<Zeroizing<[u8; KEY]>>>,
}

impl Fingerprints {
    pub fn in_file(file: PathBuf) -> Self {
        Self { file: Some(file), key: OnceLock::new() }
    }

    pub fn here() -> Self {
        Self { file: None, key: OnceLock::new() }
    }

    /// The fingerprint of a credential; nothing where there is no key. That keeps nobody from storing it.
    pub fn of(&self, credential: &Secret) -> Option<String> {
        let made = || match &self.file {
            Some(file) => read_or_make(file).map_err(|error| tracing::warn!(%error, "no key for fingerprints")).ok(),
            None => random(),
        };
        let key = self.key.get_or_init(made).as_ref()?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&**key).ok()?;
        mac.update(credential.expose().as_bytes());
        let hash = mac.finalize().into_bytes();
        Some(hash.iter().take(LENGTH).map(|byte| format!("{byte:02x}")).collect())
    }
}

fn random() -> Option<Zeroizing<[u8; KEY]>> {
    let mut key = Zeroizing::new([0; KEY]);
    getrandom::fill(&mut *key).ok().map(|()| key)
}

/// Of several programs that make one at once, the first one's is the one.
fn read_or_make(file: &Path) -> io::Result<Zeroizing<[u8; KEY]>> {
    let read = || -> io::Result<Zeroizing<[u8; KEY]>> {
        let bytes = Zeroizing::new(fs::read(file)?);
        let key = <[u8; KEY]>::try_from(bytes.as_slice()).map_err(|_| io::Error::from(ErrorKind::InvalidData))?;
        Ok(Zeroizing::new(key))
    };
    match read() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let folder = file.parent().unwrap_or(Path::new("."));
            paths::private_folder(folder)?;
            let key = random().ok_or(ErrorKind::Other)?;
            // Made by tempfile for its owner only.
            let mut new = NamedTempFile::new_in(folder)?;
            new.write_all(&*key)?;
            new.as_file().sync_all()?;
            match new.persist_noclobber(file) {
                Ok(_) => Ok(key),
                Err(error) if error.error.kind() == ErrorKind::AlreadyExists => read(),
                Err(error) => Err(error.error),
            }
        }
        read => read,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_credential_has_one_fingerprint_and_nobody_elses() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("data/fingerprint.key");
        let of = |fingerprints: &Fingerprints, key: &str| fingerprints.of(&Secret::new(key)).expect("a fingerprint");
        let (first, second) = (Fingerprints::in_file(file.clone()), Fingerprints::in_file(file.clone()));
        assert_eq!(of(&first, "sk_1"), of(&second, "sk_1"), "whichever program asks");
        assert_ne!(of(&first, "sk_1"), of(&first, "sk_2"));
        assert_ne!(of(&first, "sk_1"), of(&Fingerprints::here(), "sk_1"), "another user's are others");
        assert_eq!(of(&first, "sk_1").len(), 2 * LENGTH);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
        }
        fs::write(&file, "short").expect("written");
        assert_eq!(Fingerprints::in_file(file).of(&Secret::new("sk_1")), None, "and nobody is kept from storing");
    }
}
