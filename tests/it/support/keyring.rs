//! A keyring for tests: as good or as bad as they want it.

use std::collections::BTreeMap;
use std::sync::Mutex;

use authmd_tui::store::keyring::{Keyring, Trouble};
use zeroize::Zeroizing;

#[derive(Default)]
pub struct FakeKeyring {
    pub items: Mutex<BTreeMap<String, Vec<u8>>>,
    /// What every call answers instead.
    pub trouble: Mutex<Option<Trouble>>,
    pub reads: Mutex<usize>,
}

impl FakeKeyring {
    pub fn with(trouble: Trouble) -> Self {
        let keyring = Self::default();
        keyring.fails(Some(trouble));
        keyring
    }

    pub fn fails(&self, trouble: Option<Trouble>) {
        *self.trouble.lock().expect("not poisoned") = trouble;
    }

    fn fate(&self) -> Result<(), Trouble> {
        self.trouble.lock().expect("not poisoned").clone().map_or(Ok(()), Err)
    }
}

impl Keyring for FakeKeyring {
    fn get(&self, name: &str) -> Result<Zeroizing<Vec<u8>>, Trouble> {
        *self.reads.lock().expect("not poisoned") += 1;
        self.fate()?;
        let items = self.items.lock().expect("not poisoned");
        items.get(name).cloned().map(Zeroizing::new).ok_or(Trouble::Missing)
    }

    fn set(&self, name: &str, secret: &[u8]) -> Result<(), Trouble> {
        self.fate()?;
        self.items.lock().expect("not poisoned").insert(name.to_owned(), secret.to_vec());
        Ok(())
    }

    fn delete(&self, name: &str) -> Result<(), Trouble> {
        self.fate()?;
        self.items.lock().expect("not poisoned").remove(name);
        Ok(())
    }
}
