//! Against real components; none of these is part of `cargo test`. A Secret Service: `tests/real/secret-service.sh` makes one
//! and runs these. Others have files of their own.

mod keys;
mod oauth;
mod readers;
mod ssh;
mod tmux;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use authmd_tui::flow::{Guard, Protection};
use authmd_tui::secret::Secret;
use authmd_tui::store::Store;
use authmd_tui::store::keyring::{Keyring, System, Trouble};
use serde_json::json;
use tempfile::TempDir;

use crate::store::{credential, keeps_its_promises};
use crate::support::terminal::{Home, Screen, Service, answer_to_code};
use crate::vault::vault_in;

/// A home whose vault stays for the next round, on the bus of this one.
fn home() -> Home {
    let mut home = Home::new();
    let place = std::env::var("REAL_HOME").expect("run by tests/real/secret-service.sh");
    home.extra.push(("AUTHMD_TUI_HOME", place));
    home.extra.push(("DBUS_SESSION_BUS_ADDRESS", std::env::var("DBUS_SESSION_BUS_ADDRESS").expect("a bus")));
    home.extra.push(("XDG_RUNTIME_DIR", std::env::var("XDG_RUNTIME_DIR").expect("a folder")));
    home
}

fn vault_file() -> PathBuf {
    PathBuf::from(std::env::var("REAL_HOME").expect("a home")).join("vault/vault.sqlite")
}

fn sign_up(service: &Service, name: &str, label: &str, home: &Home) {
    let mut screen = Screen::start(&["add", &service.target(name), "--label", label], home);
    answer_to_code(&mut screen);
    screen.line(&service.newest_code());
    screen.shows("is connected");
    assert_eq!(screen.ends().0, 0);
}

mod open {
    use super::*;

    #[test]
    #[ignore = "needs a Secret Service: tests/real/secret-service.sh"]
    fn a_the_keyring_keeps_gives_back_and_forgets() {
        let keyring = System::default();
        assert_eq!(keyring.get("a test"), Err(Trouble::Missing));
        keyring.set("a test", &[0, 159, 146, 150]).expect("set");
        keyring.set("a test", &[1, 2, 3]).expect("set again");
        assert_eq!(keyring.get("a test").as_deref(), Ok(&vec![1, 2, 3]));
        keyring.delete("a test").expect("deleted");
        keyring.delete("a test").expect("twice is no trouble");
        assert_eq!(keyring.get("a test"), Err(Trouble::Missing));
    }

    #[test]
    #[ignore = "needs a Secret Service: tests/real/secret-service.sh"]
    fn b_a_vault_keeps_its_promises_and_moves_both_ways() {
        let folder = TempDir::new().expect("a folder");
        let vault = vault_in(&folder, Arc::new(System::default()));
        vault.protect(&Guard::Keyring).expect("made");
        keeps_its_promises(&vault);
        let first = crate::store::listed(&vault).remove(0);
        vault.protect(&Guard::Passphrase(Secret::new("correct horse"))).expect("moved");
        assert!(!vault.state().expect("readable").expect("there").leftover);
        let fresh = vault_in(&folder, Arc::new(System::default()));
        fresh.unlock(&Secret::new("correct horse")).expect("unlocked");
        fresh.protect(&Guard::Keyring).expect("moved back");
        let fresh = vault_in(&folder, Arc::new(System::default()));
        assert_eq!(fresh.state().expect("readable").expect("there").protection, Protection::Keyring);
        assert!(!credential(&fresh.load(&first.id)).is_empty());
        fresh.protect(&Guard::Passphrase(Secret::new("correct horse"))).expect("moved, and the item is gone");
    }

    #[test]
    #[ignore = "needs a Secret Service: tests/real/secret-service.sh"]
    fn c_nothing_is_typed_where_the_keyring_opens_the_vault() {
        let (service, home) = (Service::start(&["--access-lifetime", "10min"]), home());
        assert_eq!(home.command(&["store", "init", "--protection", "keyring"]).0, 0);
        sign_up(&service, "Acme", "work", &home);
        let (code, token, err) = home.command(&["token", "127.0.0.1:work"]);
        assert!(code == 0 && token.starts_with("sk_sandbox_"), "{err}");
        let (code, found) = home.json(&["doctor", "--json"]);
        assert_eq!((code, &found["keyring"], &found["vault"]["protection"]), (0, &json!("works"), &json!("keyring")));

        sign_up(&service, "Northwind", "shop", &home);
        home.eight_times_at_once(&["renew", "127.0.0.1:shop"]);
        assert_eq!((service.refreshes(), home.command(&["verify", "127.0.0.1:shop"]).0), (1, 0));
    }
}

mod locked {
    use super::*;

    #[test]
    #[ignore = "needs a Secret Service: tests/real/secret-service.sh"]
    fn a_locked_keyring_keeps_nobody_from_listing_and_saving_and_loses_nothing() {
        let (service, home) = (Service::start(&[]), home());
        let before = home.json(&["list", "--json"]);
        assert_eq!((before.0, before.1["accounts"].as_array().map(Vec::len)), (0, Some(2)));
        let (code, out, err) = home.command(&["token", "127.0.0.1:work"]);
        assert!(code == 8 && out.is_empty() && err.contains("keyring is locked"), "{code} {err}");
        let (code, status) = home.json(&["doctor", "--json"]);
        assert_eq!((code, &status["keyring"]), (8, &json!("locked")), "{status}");
        sign_up(&service, "Beacon", "new", &home);
        assert_eq!(home.json(&["list", "--json"]).1["accounts"].as_array().map(Vec::len), Some(3));
        let (code, _, err) = home.command(&["store", "migrate", "--to", "keyring"]);
        assert!(code == 8 && err.contains("locked"), "{err}");
        assert!(fs::metadata(vault_file()).is_ok());
    }
}

mod absent {
    use super::*;

    #[test]
    #[ignore = "needs a Secret Service: tests/real/secret-service.sh"]
    fn without_a_bus_it_says_so_at_once() {
        let home = home();
        assert_eq!(home.json(&["list", "--json"]).1["accounts"].as_array().map(Vec::len), Some(3));
        let (code, _, err) = home.command(&["token", "127.0.0.1:work"]);
        assert!(code == 8 && err.contains("no system keyring here"), "{err}");
        assert_eq!(home.json(&["store", "status", "--json"]).1["keyring"], "none");
    }
}

/// Moves a vault to and fro between keyring and passphrase, and is killed.
mod moving {
    use super::*;
    use std::io::{BufRead, BufReader};

    const PASSPHRASE: &str = "correct horse";

    #[test]
    #[ignore = "needs a Secret Service: tests/real/secret-service.sh"]
    fn killed_while_it_is_moved_a_vault_opens_the_one_way_or_the_other() {
        let folder = TempDir::new().expect("a folder");
        let vault = vault_in(&folder, Arc::new(System::default()));
        vault.protect(&Guard::Keyring).expect("made");
        let kept = crate::vault::renewing();
        vault.save(&kept).expect("saved");
        drop(vault);
        for round in 0..20_u32 {
            let mut child = Command::new(std::env::current_exe().expect("a path"))
                .args(["--ignored", "--exact", "real::moving::moves_until_it_is_killed", "--nocapture"])
                .env("FOLDER", folder.path())
                .stdout(Stdio::piped())
                .spawn()
                .expect("started");
            let lines = BufReader::new(child.stdout.take().expect("piped")).lines().map_while(Result::ok);
            let moved = lines.filter(|line| line == "moved").take(1 + (round % 4) as usize).count();
            (0..round * 400).for_each(|_| std::thread::yield_now());
            child.kill().expect("killed");
            child.wait().expect("waited");
            assert!(moved > 0, "it was at work");
            let vault = vault_in(&folder, Arc::new(System::default()));
            vault.unlock(&Secret::new(PASSPHRASE)).expect("opens, or needs no passphrase");
            assert_eq!(vault.load(&kept.account.id), Ok(Some(kept.clone())), "round {round}");
        }
    }

    #[test]
    #[ignore = "only to be run by the test above, which kills it"]
    fn moves_until_it_is_killed() {
        let Some(folder) = std::env::var_os("FOLDER") else {
            return;
        };
        let vault =
            authmd_tui::store::vault::Vault::new(PathBuf::from(folder).join("vault"), Arc::new(System::default()))
                .with(authmd_tui::store::vault::Schema::CURRENT, crate::vault::CHEAP);
        vault.unlock(&Secret::new(PASSPHRASE)).expect("opens");
        loop {
            for guard in [Guard::Passphrase(Secret::new(PASSPHRASE)), Guard::Keyring] {
                vault.protect(&guard).expect("moved");
                println!("moved");
            }
        }
    }
}
