//! A small file of JSON that several programs of the user's change: one at a time, and after a crash there is the old one or
//! the new one.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tempfile::NamedTempFile;

use crate::shell::paths;

/// What is in `file`; where there is none, what there is at the beginning.
pub fn read<T: DeserializeOwned + Default>(file: &Path) -> io::Result<T> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(serde_json::from_str(&text)?),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(T::default()),
        Err(error) => Err(error),
    }
}

/// Changes it. One that cannot be read is begun anew.
pub fn change<T: DeserializeOwned + Default + Serialize>(file: &Path, change: impl FnOnce(&mut T)) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    paths::private_folder(folder)?;
    let lock = paths::private_file(&file.with_extension("lock"))?;
    lock.lock()?;
    let mut known = read(file).unwrap_or_default();
    change(&mut known);
    let mut new = NamedTempFile::new_in(folder)?;
    serde_json::to_writer(&mut new, &known)?;
    new.flush()?;
    new.as_file().sync_all()?;
    new.persist(file)?;
    paths::sync_folder(folder)
}
