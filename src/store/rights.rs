//! Who else on this machine may read or change our files. Folders are 0700 and files 0600; what is not is named, and mended
//! when the person asks for it.

use std::io;
use std::path::{Path, PathBuf};

/// Something that others can read or change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loose {
    pub path: PathBuf,
    /// "can be read by others (mode 0644)".
    pub what: String,
    /// Only its owner could mend it.
    pub foreign: bool,
}

/// What rights others have to it, if any. What is not there is no matter.
pub fn loose(path: &Path) -> io::Result<Option<Loose>> {
    match of(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        found => found,
    }
}

/// A folder that others can change: not one like `/tmp`, in which each may change what is theirs only.
pub fn changeable(folder: &Path) -> io::Result<Option<Loose>> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        const STICKY: u32 = 0o1000;
        match std::fs::metadata(folder) {
            Ok(found) if found.mode() & 0o022 != 0 && found.mode() & STICKY == 0 => return of(folder),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    let _ = folder;
    Ok(None)
}

#[cfg(unix)]
fn of(path: &Path) -> io::Result<Option<Loose>> {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata(path)?;
    let mode = metadata.mode() & 0o777;
    let loose = |what: String, foreign| Ok(Some(Loose { path: path.to_owned(), what, foreign }));
    match () {
        () if metadata.uid() != rustix::process::geteuid().as_raw() => {
            loose(format!("belongs to another user (uid {})", metadata.uid()), true)
        }
        () if mode & 0o022 != 0 => loose(format!("can be changed by others (mode {mode:04o})"), false),
        () if mode & 0o077 != 0 => loose(format!("can be read by others (mode {mode:04o})"), false),
        () => Ok(None),
    }
}

/// Elsewhere the folders of a user are private as they are made.
#[cfg(not(unix))]
fn of(path: &Path) -> io::Result<Option<Loose>> {
    std::fs::metadata(path).map(|_| None)
}

/// Takes away the right of others to change a folder; who may read it, may go on.
pub fn keep_from_changing(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(folder)?.permissions().mode();
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(mode & 0o7755))?;
    }
    let _ = folder;
    Ok(())
}

/// Takes everybody's rights away but the owner's.
pub fn mend(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = if path.is_dir() { 0o700 } else { 0o600 };
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
    }
    let _ = path;
    Ok(())
}

/// Would a replacement go through? A read-only file in a folder one may write could be renamed over, and must not be.
/// Nothing is left behind, no folder either.
pub fn writable(path: &Path) -> io::Result<()> {
    if std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().readonly()) {
        return Err(io::Error::from(io::ErrorKind::PermissionDenied));
    }
    match path.ancestors().skip(1).find(|folder| folder.is_dir()) {
        Some(folder) => tempfile::tempfile_in(folder).map(drop),
        None => tempfile::tempfile_in(".").map(drop),
    }
}
