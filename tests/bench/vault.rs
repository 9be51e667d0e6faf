//! What the vault costs: `cargo bench --bench vault`. With `dbus-run-session` and an open keyring around it, `keyring` is the
//! real one; without, it is left out.

use std::sync::Arc;

use accounts::account;
use authmd_tui::account::{Kept, StoreKind};
use authmd_tui::flow::Guard;
use authmd_tui::secret::Secret;
use authmd_tui::store::Store;
use authmd_tui::store::keyring::System;
use authmd_tui::store::vault::Vault;
use divan::Bencher;
use jiff::Timestamp;
use tempfile::TempDir;

mod accounts;

const PASSPHRASE: &str = "correct horse";

fn main() {
    divan::main();
}

fn kept(nth: usize) -> Kept {
    let now = Timestamp::from_second(1_800_000_000).expect("in range");
    let account = account(nth, &format!("https://api.service-{nth}.dev/"), StoreKind::Vault, now);
    Kept::new(account, Secret::new(format!("sk_live_0123456789abcdef_{nth}")))
}

fn open(folder: &TempDir) -> Vault {
    Vault::new(folder.path().join("vault"), Arc::new(System::default()))
}

/// A vault with so many accounts, closed.
fn filled(accounts: usize, guard: &Guard) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let vault = open(&folder);
    vault.protect(guard).expect("made");
    for nth in 0..accounts {
        vault.save(&kept(nth)).expect("saved");
    }
    folder
}

fn by_passphrase() -> Guard {
    Guard::Passphrase(Secret::new(PASSPHRASE))
}

#[divan::bench(args = [1_000, 10_000], sample_count = 50)]
fn open_and_list(bencher: Bencher, accounts: usize) {
    let folder = filled(accounts, &by_passphrase());
    bencher.bench(|| open(&folder).accounts().accounts.len());
}

#[divan::bench(args = [1_000, 10_000], sample_count = 200)]
fn save_one(bencher: Bencher, accounts: usize) {
    let folder = filled(accounts, &by_passphrase());
    let vault = open(&folder);
    let kept = kept(accounts / 2);
    bencher.bench(|| vault.save(&kept).expect("saved"));
}

#[divan::bench(sample_count = 20)]
fn unlock_with_a_passphrase_and_read_one(bencher: Bencher) {
    let folder = filled(1_000, &by_passphrase());
    let kept = kept(500);
    bencher.bench(|| {
        let vault = open(&folder);
        vault.unlock(&Secret::new(PASSPHRASE)).expect("unlocked");
        vault.load(&kept.account.id).expect("readable")
    });
}

#[divan::bench(sample_count = 200)]
fn read_one_unlocked(bencher: Bencher) {
    let folder = filled(1_000, &by_passphrase());
    let vault = open(&folder);
    vault.unlock(&Secret::new(PASSPHRASE)).expect("unlocked");
    let kept = kept(500);
    bencher.bench(|| vault.load(&kept.account.id).expect("readable"));
}

#[divan::bench(sample_count = 50)]
fn open_by_the_keyring_and_read_one(bencher: Bencher) {
    let probe = TempDir::new().expect("a folder");
    if open(&probe).probe().is_err() {
        println!("(there is no keyring here)");
        return;
    }
    let folder = filled(1_000, &Guard::Keyring);
    let kept = kept(500);
    bencher.bench(|| open(&folder).load(&kept.account.id).expect("readable"));
    // The item goes with the protection.
    open(&folder).protect(&by_passphrase()).expect("moved");
}
