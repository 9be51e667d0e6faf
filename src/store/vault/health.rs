//! Is the vault's file whole, and can it be written?

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::problem::{Kind, Problem};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnlyRead {
    /// A newer version of this program has brought it to this schema.
    Newer(u32),
    /// The disk, the folder or the file cannot be written.
    Disk,
    /// The file is shorter than it says it is.
    CutShort,
}

impl OnlyRead {
    pub fn problem(self) -> Problem {
        let (what, hint) = match self {
            OnlyRead::Newer(schema) => (
                format!(
                    "A newer version of this program has written the vault (schema {schema}); it is only read here."
                ),
                "Update this program, and start it again.",
            ),
            OnlyRead::Disk => (
                "The vault cannot be written: its disk is full or read-only, or its folder's rights do not allow it."
                    .to_owned(),
                "Nothing was changed. Make it writable, or keep credentials elsewhere (--store).",
            ),
            OnlyRead::CutShort => (
                "The vault's file is damaged: its end is missing. What can be read is shown; nothing is added."
                    .to_owned(),
                "Move it away, with its -wal and -shm, and put a backup in its place.",
            ),
        };
        Problem::new(Kind::Store, what, hint)
    }
}

/// SQLite takes what is missing at the end for blank. The header says how long the file has to be (file format, 1.3).
pub fn is_cut_short(path: &Path) -> io::Result<bool> {
    // While another program moves its log into the file, it may be short for a moment.
    const LOOKS: u32 = 5;
    for _ in 1..LOOKS {
        if !is_short(path)? {
            return Ok(false);
        }
        thread::sleep(Duration::from_millis(20));
    }
    is_short(path)
}

fn is_short(path: &Path) -> io::Result<bool> {
    let mut header = [0; 100];
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    if file.read_exact(&mut header).is_err() {
        return Ok(length > 0);
    }
    let number =
        |at: usize| u64::from(u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]));
    let page_size = match u64::from(u16::from_be_bytes([header[16], header[17]])) {
        1 => 65_536,
        size => size,
    };
    // The size is to be believed where both counters of changes agree.
    Ok(number(24) == number(92) && length < page_size * number(28))
}

/// Where SQLite's own files find no room, it speaks of a failure.
pub fn is_full(folder: &Path) -> bool {
    #[cfg(unix)]
    return rustix::fs::statvfs(folder)
        .is_ok_and(|disk| disk.f_bavail == 0 || (disk.f_files > 0 && disk.f_favail == 0));
    #[cfg(not(unix))]
    return folder.as_os_str().is_empty();
}
