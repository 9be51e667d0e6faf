//! `store`, `doctor` and the store screen, on the built program.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::many::World;
use crate::support::terminal::{Home, PROGRAM, Screen, Service, answer_to_code, exists};

/// Makes a vault that a passphrase opens.
fn vault(home: &Home) {
    let mut screen = Screen::start(&["store", "init", "--protection", "passphrase"], home);
    screen.shows("New passphrase");
    screen.line("correct horse");
    screen.shows("Once more");
    screen.line("correct horse");
    screen.shows("The vault is made");
    assert_eq!(screen.ends().0, 0);
}

fn sign_up(service: &Service, home: &Home, more: &[&str]) {
    let target = service.target("Acme");
    let mut screen = Screen::start(&[&["add", &target], more].concat(), home);
    answer_to_code(&mut screen);
    screen.line(&service.newest_code());
    screen.shows("is connected");
    assert_eq!(screen.ends().0, 0);
}

#[test]
fn a_vault_is_made_looked_at_changed_and_never_made_twice() {
    let home = Home::new();
    let (code, before) = home.json(&["store", "status", "--json"]);
    assert_eq!((code, &before["store"], &before["vault"]["exists"]), (0, &json!("vault"), &json!(false)));
    assert_eq!(before["keyring"], "none");
    let (code, _, err) = home.command(&["store", "init", "--protection", "keyring"]);
    assert!(code == 8 && err.contains("no system keyring") && !exists(&home.path("home/vault/vault.sqlite")), "{err}");
    let (code, _, err) = home.command(&["store", "init", "--protection", "passphrase"]);
    assert!(code == 5 && err.contains("typed by a person"), "{err}");

    vault(&home);
    let (_, status) = home.json(&["store", "status", "--json"]);
    assert_eq!((&status["vault"]["protection"], &status["why"]), (&json!("passphrase"), &json!("the default")));
    assert_eq!(home.command(&["store", "init"]).0, 2);

    let mut screen = Screen::start(&["store", "migrate", "--to", "passphrase"], &home);
    screen.shows("Passphrase of the vault");
    screen.line("correct horse");
    screen.shows("New passphrase");
    screen.line("another horse");
    screen.shows("Once more");
    screen.line("another horse");
    screen.shows("before the former way");
    assert_eq!(screen.ends().0, 0);
    let (code, _, err) = home.command(&["store", "migrate", "--to", "keyring"]);
    assert!(code == 8 && err.contains("no system keyring"), "nobody is asked for a passphrase in vain: {err}");
    let (_, status) = home.json(&["store", "status", "--json"]);
    assert_eq!((&status["vault"]["leftover"], &status["vault"]["protection"]), (&json!(false), &json!("passphrase")));
    assert_eq!(home.command(&["store", "lock"]).0, 0);
}

#[test]
fn the_token_files_accounts_are_taken_into_the_vault() {
    let (service, home) = (Service::start(&[]), Home::new());
    sign_up(&service, &home, &["--store", "json"]);
    vault(&home);
    let mut screen = Screen::start(&["store", "migrate", "--from", "json"], &home);
    screen.shows("Passphrase of the vault");
    screen.line("correct horse");
    screen.shows("1 account moved into the vault");
    assert_eq!(screen.ends().0, 0);
    assert_eq!(home.json(&["list", "--json"]).1["accounts"][0]["store"], "vault");
    assert!(!home.read("home/tokens.json").contains("sk_sandbox"));
    assert_eq!(home.command(&["store", "migrate", "--from", "json"]).0, 0, "nothing is left, and nothing asked");
    fs::write(home.path("home/tokens.json"), "{ broken").expect("written");
    let (code, _, err) = home.command(&["store", "migrate", "--from", "json"]);
    assert!(code == 8 && err.contains("not the JSON object"), "{err}");
}

/// An entry that another tool has left without its credential is there, and can be used for nothing.
#[test]
fn an_account_without_its_credential_is_not_called_gone() {
    let home = Home::with_tokens();
    fs::write(home.path("tokens.json"), r#"{"auth_md_token:https://x.dev/": {"credential": null, "service": "X"}}"#)
        .expect("written");
    fs::set_permissions(home.path("tokens.json"), fs::Permissions::from_mode(0o600)).expect("set");
    for command in ["revoke", "verify", "token"] {
        let (code, out, err) = home.command(&[command, "x.dev"]);
        assert!(code == 8 && !format!("{out}{err}").contains("gone"), "{command}: {out}{err}");
    }
}

/// Nothing else tells of it, and every end is told wrongly then.
#[test]
fn a_clock_that_is_behind_is_noticed() {
    let (world, home) = (World::start(), Home::with_tokens());
    let clock = || -> Value {
        let (_, found) = home.json(&["doctor", "--json"]);
        found["findings"].as_array().expect("findings").iter().find(|it| it["check"] == "clock").expect("told").clone()
    };
    world.keep(&home, [world.account(0)]);
    assert_eq!(clock()["level"], "good");
    let mut kept = world.account(1);
    kept.account.verified_at = Some("2200-01-01T00:00:00Z".parse().expect("a moment"));
    world.keep(&home, [kept]);
    let told = clock();
    assert!(told["level"] == "warning" && told["what"].as_str().expect("words").contains("which is later"), "{told}");
}

#[test]
fn rights_of_others_are_named_refused_and_mended_when_asked() {
    let (service, home) = (Service::start(&[]), Home::new());
    vault(&home);
    sign_up(&service, &home, &[]);
    let file = home.path("home/vault/vault.sqlite");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("set");
    let (code, out, err) = home.command(&["list"]);
    assert!(code == 8 && out.is_empty() && err.contains(&file) && err.contains("0640"), "{err}");
    let (code, found) = home.json(&["doctor", "--json"]);
    let rights: Vec<_> =
        found["findings"].as_array().expect("findings").iter().filter(|it| it["check"] == "rights").collect();
    assert!(code == 8 && rights.len() == 1 && rights[0]["level"] == "problem", "{found}");
    let (code, _, err) = home.command(&["doctor", "--repair"]);
    assert!(code == 0 && err.contains(&file), "{err}");
    assert_eq!(home.command(&["list"]).0, 0);

    let shared = Home::with_tokens();
    let hosts = shared.path(".config/gh/hosts.yml");
    fs::create_dir_all(shared.path(".config/gh")).expect("made");
    fs::write(&hosts, "github.com:\n  users:\n    ada: {oauth_token: a}\n    ops: {oauth_token: b}\n")
        .expect("written");
    fs::set_permissions(&hosts, fs::Permissions::from_mode(0o644)).expect("set");
    let (code, found) = shared.json(&["doctor", "--json"]);
    let mut told = found["findings"].as_array().expect("findings").iter().filter(|it| it["check"] == "rights");
    let told = (told.next().expect("one"), told.next());
    assert!(told.0["level"] == "warning" && told.0["what"].as_str().expect("words").contains(&hosts), "{told:?}");
    assert!(code == 0 && told.1.is_none(), "one file, and nothing of ours: {told:?}");
    fs::write(shared.path("tokens.json"), "{}").expect("written");
    fs::set_permissions(shared.path("tokens.json"), fs::Permissions::from_mode(0o644)).expect("set");
    let (code, _, err) = shared.command(&["list"]);
    assert!(code == 0 && err.contains("can be read by others"), "used, and not silently: {err}");
}

#[test]
fn in_the_full_screen_a_locked_vault_is_opened_where_it_is_needed_and_locks_itself() {
    let (service, mut home) = (Service::start(&[]), Home::new());
    vault(&home);
    sign_up(&service, &home, &[]);
    home.extra.push(("AUTHMD_TUI_LOCK_AFTER", "1s".to_owned()));
    let mut screen = Screen::start(&[], &home);
    screen.shows("Acme Mail");
    screen.keys("v");
    screen.shows("Unlock the vault");
    screen.line("wrong horse");
    screen.shows("does not open the vault");
    screen.line("correct horse");
    screen.shows("works (200)");
    screen.shows("The vault was locked: nothing had been pressed");
    screen.keys("S");
    screen.shows("a passphrase, asked for when a secret is used");
    screen.keys("\u{1b}");
    screen.shows("Acme Mail");
    screen.keys("y");
    screen.shows("Unlock the vault");
    screen.keys("\u{1b}");
    screen.shows("The vault is locked.");
    screen.keys("q");
    assert_eq!(screen.ends().0, 0);
}

#[test]
fn a_keyring_that_never_answers_is_given_up_after_three_seconds() {
    let mut home = Home::new();
    let socket = home.path("bus");
    // A bus that takes the connection and says nothing.
    let _bus = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
    home.extra.push(("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={socket}")));
    let (code, status) = home.json(&["store", "status", "--json"]);
    assert_eq!((code, &status["keyring"]), (0, &json!("timed_out")));
    let (code, _, err) = home.command(&["store", "init", "--protection", "keyring"]);
    assert!(
        code == 8 && err.contains("no answer within 3 s") && !exists(&home.path("home/vault/vault.sqlite")),
        "{err}"
    );
    assert_eq!(home.command(&["list"]).0, 0, "listing does not ask it");
}

/// The program as somebody for whom the rights of files count, which they do not for root.
fn as_ordinary_user(home: &Home, arguments: &[&str]) -> (i32, String, String) {
    let root = is_root();
    let mut command = Command::new(if root { "setpriv" } else { PROGRAM });
    if root {
        // The program may be where only root can reach it.
        let within_reach = home.path("program");
        fs::copy(PROGRAM, &within_reach).expect("copied");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", &within_reach]);
    }
    let output =
        command.args(arguments).env_clear().envs(home.environment()).stdin(Stdio::null()).output().expect("run");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("a code"), text(output.stdout), text(output.stderr))
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}

fn give_to_ordinary_user(path: &std::path::Path) {
    if is_root() {
        std::os::unix::fs::lchown(path, Some(65_534), Some(65_534)).expect("given");
        for entry in fs::read_dir(path).into_iter().flatten() {
            give_to_ordinary_user(&entry.expect("an entry").path());
        }
    }
}

#[test]
fn in_a_folder_that_cannot_be_written_everything_is_listed_and_nothing_is_lost() {
    let (service, home) = (Service::start(&[]), Home::new());
    vault(&home);
    sign_up(&service, &home, &[]);
    let inside = home.folder.path().join("home/vault");
    give_to_ordinary_user(home.folder.path());
    fs::set_permissions(&inside, fs::Permissions::from_mode(0o500)).expect("set");
    let (code, out, err) = as_ordinary_user(&home, &["list"]);
    assert!(code == 0 && out.contains("Acme Mail"), "{out}{err}");
    let (code, _, err) = as_ordinary_user(&home, &["forget", "127"]);
    assert!(code == 8 && err.contains("cannot be written"), "{err}");
    let (code, out, _) = as_ordinary_user(&home, &["store", "status"]);
    assert!(code == 8 && out.contains("cannot be written"), "{out}");
    fs::set_permissions(&inside, fs::Permissions::from_mode(0o700)).expect("set");
    assert_eq!(as_ordinary_user(&home, &["forget", "127"]).0, 0);
}
