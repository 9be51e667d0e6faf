//! Files of SQLite's on a disk that cannot be written.

use std::path::Path;
use std::{fs, io};

use rusqlite::{Connection, ErrorCode, OpenFlags};

/// Opens what nobody writes. A disk that cannot be written has no room for SQLite's own files; with no write pending (see
/// [`is_pending`]), none are needed.
pub fn open_standing_still(path: &Path) -> Result<Connection, rusqlite::Error> {
    let how = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(format!("file:{}?immutable=1", uri_path(path)), how)
}

/// Is there a log that has not gone into the file yet? Then the file itself may be short: SQLite mends that.
pub fn is_pending(path: &Path) -> io::Result<bool> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    match fs::metadata(log) {
        Ok(log) => Ok(log.len() > 0),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

pub fn cannot_write(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::SystemIoFailure)
    )
}

/// A path in a URI (SQLite, "Uniform Resource Identifiers"): what means something there is spelled by its number.
fn uri_path(path: &Path) -> String {
    let text = path.display().to_string();
    text.replace('%', "%25").replace('?', "%3f").replace('#', "%23")
}
