//! Accounts sent from one machine to another, by a passphrase and by the other vault's key.

use serde_json::json;

use crate::support::many::World;
use crate::support::terminal::{Home, Screen};

/// Answers each question of a command in a terminal, and returns what it ends with.
fn answered(home: &Home, arguments: &[&str], answers: &[(&str, &str)]) -> (u32, String) {
    let mut screen = Screen::start(arguments, home);
    for (question, answer) in answers {
        screen.shows(question);
        screen.line(answer);
    }
    screen.ends()
}

/// A machine of its own, with a vault that a passphrase opens.
fn machine() -> Home {
    let home = Home::new();
    let passphrase = [("New passphrase", "correct horse"), ("Once more", "correct horse")];
    let (code, text) = answered(&home, &["store", "init", "--protection", "passphrase"], &passphrase);
    assert_eq!(code, 0, "{text}");
    home
}

const VAULT: (&str, &str) = ("Passphrase of the vault", "correct horse");

#[test]
fn what_a_passphrase_seals_is_restored_on_another_machine_and_nothing_newer_is_lost() {
    let (world, here, there) = (World::start(), Home::with_tokens(), machine());
    world.keep(&here, [world.account(0), world.renewing(1)]);
    let file = here.path("accounts.sealed");
    let (code, _, err) = here.command(&["export", "--all", "--to", &file]);
    assert!(code == 5 && err.contains("passphrase is typed by a person"), "{err}");
    let typed = [
        ("New passphrase for the file:", "short"),
        ("New passphrase for the file:", "a few good words"),
        ("Once more:", "a few good words"),
    ];
    let (code, text) = answered(&here, &["export", "--all", "--to", &file], &typed);
    assert!(code == 0 && text.contains("2 accounts sealed") && text.contains("1 account renews itself"), "{text}");
    let sealed = here.read("accounts.sealed");
    for told in ["key-0", "refresh-", "127.0.0.1", "ada@"] {
        assert!(!sealed.contains(told), "{told}");
    }
    assert_eq!(here.command(&["export", "--all", "--to", &file]).0, 2, "nothing is overwritten");

    let import = |answers: &[(&str, &str)]| answered(&there, &["import", &file], answers);
    let passphrase = ("Passphrase of the file", "a few good words");
    assert_eq!(there.command(&["import", &file]).0, 5);
    let (code, text) = import(&[("Passphrase of the file", "something else"), passphrase]);
    assert!(code == 0 && text.contains("does not open the file"), "{text}");
    assert!(text.contains("Added: s000") && text.contains("Added: s001"), "{text}");
    let (_, listed) = there.json(&["list", "--json"]);
    let stores: Vec<_> = listed["accounts"].as_array().expect("accounts").iter().map(|it| &it["store"]).collect();
    assert_eq!(stores, [&json!("vault"), &json!("vault")], "listed with no key");
    let (code, text) = answered(&there, &["token", "s000"], &[VAULT]);
    assert!(code == 0 && text.contains("key-0"), "{text}");

    let shared = Home::with_tokens();
    let (code, text) = answered(&shared, &["import", &file], &[passphrase]);
    assert!(code == 0 && text.contains("token file from now on, which is not encrypted"), "{text}");

    // Once more: nothing is newer in it. Then one is renewed there, and the older one does not come back.
    let (_, text) = import(&[passphrase]);
    assert_eq!(text.matches("Left alone").count(), 2, "{text}");
    let (code, text) = answered(&there, &["renew", "s001"], &[VAULT]);
    assert!(code == 0 && text.contains("has a new credential"), "{text}");
    let (_, text) = import(&[passphrase]);
    assert_eq!(text.matches("Left alone").count(), 2, "{text}");
    let (_, text) = answered(&there, &["token", "s001"], &[VAULT]);
    assert!(text.contains("access-1-"), "{text}");
    assert!(there.command(&["history", "s001"]).1.contains("imported from a file"));
}

#[test]
fn one_machine_sends_to_the_vault_of_another_with_no_passphrase_between_them() {
    let (world, here, there, elsewhere) = (World::start(), Home::with_tokens(), machine(), machine());
    world.keep(&here, [world.account(0), world.renewing(1)]);
    let (code, key, _) = there.command(&["store", "key"]);
    assert!(code == 0 && key.starts_with("authmd-key-") && key.lines().count() == 1, "{key}");
    let (first, second) = (here.path("first"), here.path("second"));
    let (code, exported) = here.json(&["export", "s001", "--to", &first, "--for", key.trim(), "--json"]);
    assert_eq!((code, &exported["accounts"]), (0, &json!(["s001"])));
    let (code, text) = answered(&there, &["import", &first], &[VAULT]);
    assert!(code == 0 && text.contains("Added: s001"), "{text}");
    let (code, _, err) = elsewhere.command(&["import", &first]);
    assert!(code == 8 && err.contains("sealed for another vault"), "{err}");
    assert_eq!(there.command(&["import", &first]).0, 8, "its key is asked for");

    // A newer one takes the place of what is there.
    assert_eq!(here.command(&["renew", "s001"]).0, 0);
    assert_eq!(here.command(&["export", "--all", "--to", &second, "--for", key.trim()]).0, 0);
    let (code, text) = answered(&there, &["import", &second], &[VAULT]);
    assert!(code == 0 && text.contains("Renewed: s001") && text.contains("Added: s000"), "{text}");

    assert_eq!(here.command(&["export", "--all", "--to", &here.path("x"), "--for", "authmd-key-no"]).0, 2);
    assert_eq!(here.command(&["export", "--all", "--to", "/no/such/folder/x", "--for", key.trim()]).0, 2);
    assert_eq!(here.command(&["export", "nobody", "--to", &here.path("x"), "--for", key.trim()]).0, 3);
    std::fs::write(&second, here.read("second").replace("\"sealed\":\"", "\"sealed\":\"AAAA")).expect("written");
    let (code, text) = answered(&there, &["import", &second], &[VAULT]);
    assert!(code == 2 && text.contains("was damaged"), "{text}");
    assert_eq!(there.command(&["import", &here.path("nothing")]).0, 2);
    let (code, _, err) = there.command_in(512 * 1024, &["import", "/dev/zero"]);
    assert!(code == 2 && err.contains("was damaged"), "what has no end is not read to it: {err}");
    assert_eq!(Home::new().command(&["store", "key"]).0, 8, "there is no vault yet");
}
