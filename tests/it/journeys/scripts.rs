//! Credentials for scripts: printed, put into the environment of a command, handed to docker.

use std::os::unix::process::ExitStatusExt;

use authmd_tui::account::{Account, AccountId, Kept, StoreKind};
use authmd_tui::secret::Secret;
use authmd_tui::store::Store;
use authmd_tui::store::json::Json;
use serde_json::{Value, json};

use crate::support::account;
use crate::support::many::{Like, World};
use crate::support::terminal::{Home, PROGRAM, Screen};

fn home(world: &World, accounts: impl IntoIterator<Item = usize>) -> Home {
    let home = Home::with_tokens();
    world.keep(&home, accounts.into_iter().map(|nth| world.account(nth)));
    home
}

#[test]
fn a_command_gets_the_credential_in_its_environment_and_takes_the_programs_place() {
    let world = World::start();
    let mut home = home(&world, [1]);
    let ran = |home: &Home, script: &str, extra: &[&str]| {
        home.command(&[&["run", "s001"], extra, &["--", "sh", "-c", script, "name", "argument"]].concat())
    };
    assert_eq!(
        ran(&home, "printf '%s %s' \"$SERVICE_1_API_KEY\" \"$1\"; exit 42", &[]),
        (42, "key-1 argument".into(), String::new())
    );
    assert_eq!(ran(&home, "printf '%s' \"$MINE\"", &["--env", "MINE"]), (0, "key-1".into(), String::new()));
    assert_eq!(ran(&home, "tr '\\0' ' ' </proc/$$/cmdline", &[]).1.matches("key-1").count(), 0, "never in argv");
    let killed = home.spawn(&["run", "s001", "--", "sh", "-c", "kill -9 $$"]).wait().expect("waited");
    assert_eq!(killed.signal(), Some(9), "it is the command, to its end");
    assert_eq!(ran(&home, "true", &["--env", "not a name"]).0, 2);
    let (code, _, err) = home.command(&["run", "s001", "--", "no-such-program"]);
    assert!(code == 2 && err.contains("no-such-program could not be run"), "{err}");
    assert_eq!(home.command(&["run", "s001"]).0, 2);
    assert_eq!(home.command(&["run", "nobody", "--", "true"]).0, 3);

    home.extra.push(("SERVICE_1_API_KEY", "another".into()));
    let (code, out, err) = ran(&home, "printf '%s' \"$SERVICE_1_API_KEY\"", &[]);
    assert!(code == 0 && out == "key-1" && err.contains("SERVICE_1_API_KEY is set to something else here"), "{err}");
    let (code, out, err) = home.command(&["token", "s001"]);
    assert!(code == 0 && out == "key-1\n" && err.contains("SERVICE_1_API_KEY is set in this environment"), "{err}");
    assert_eq!(home.json(&["token", "s001", "--json"]).1["credential"], "key-1", "JSON and nothing else");
    assert!(home.command(&["show", "s001"]).1.contains("SERVICE_1_API_KEY is set here"));
    assert_eq!(home.json(&["show", "s001", "--json"]).1["accounts"][0]["shadowed_by"], json!(["SERVICE_1_API_KEY"]));
    let mut screen = Screen::start(&[], &home);
    screen.shows("Service 1");
    screen.keys("\r");
    screen.shows("SERVICE_1_API_KEY is set here");
    screen.keys("\u{1b}");
    screen.shows("q quit");
    screen.keys("q");
    assert_eq!(screen.ends().0, 0);
    let (_, out, err) = ran(&home, "printf '%s' \"$MINE\"", &["--env", "MINE"]);
    assert!(out == "key-1" && err.contains("SERVICE_1_API_KEY is set in this environment, too"), "{err}");

    // Its history may be damaged; the account is there all the same.
    std::fs::create_dir_all(home.path("home")).expect("made");
    std::fs::write(home.path("home/history.sqlite"), "not a database, and longer than nothing").expect("written");
    let history = home.command(&["history"]);
    assert_eq!(history.0, 8, "{history:?}");
    let (code, out, err) = home.command(&["show", "s001"]);
    assert!(code == 0 && out.contains("s001") && err.contains("history"), "{out}{err}");
}

#[test]
fn what_is_over_is_renewed_first_and_what_is_dead_is_not_handed_out() {
    let (world, home) = (World::start(), Home::with_tokens());
    let mut over = world.account(2);
    over.account.layers[0].expires_at = over.account.created_at;
    world.keep(&home, [world.renewing(1), over]);
    let (code, out, _) = home.command(&["run", "s001", "--", "sh", "-c", "printf '%s' \"$SERVICE_1_API_KEY\""]);
    assert!(code == 0 && out.starts_with("access-1-"), "{out}");
    let (code, out, err) = home.command(&["run", "s002", "--", "echo", "ran"]);
    assert!(code == 5 && out.is_empty() && err.contains("has expired"), "{err}");
    world.is(1, Like::Dead);
    assert_eq!(home.command(&["verify", "s001"]).0, 6);
    assert_eq!(home.command(&["run", "s001", "--", "echo", "ran"]).0, 5, "its refresh token is dead, too");
}

#[test]
fn docker_gets_what_fits_its_registry_and_can_store_nothing() {
    let world = World::start();
    let home = home(&world, [1]);
    let registry = home.json(&["list", "--json"]).1["accounts"][0]["resource"].as_str().expect("an address").to_owned();
    let host = registry.trim_start_matches("http://").split('/').next().expect("a host").to_owned();
    let docker = |operation: &str, question: &str| home.asked(PROGRAM, &["docker-credential", operation], question);
    let (code, out, _) = docker("get", &format!("http://{host}"));
    let answer: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(
        (code, answer),
        (0, json!({"ServerURL": format!("http://{host}"), "Username": "ada@example.com", "Secret": "key-1"}))
    );
    let (code, out, _) = docker("get", "registry.example.com\n");
    assert_eq!((code, out.as_str()), (1, "credentials not found in native keychain\n"));
    let (code, out, _) = docker("list", "");
    assert_eq!((code, out), (0, format!("{{\"{host}\":\"ada@example.com\"}}\n")));
    let before = home.read("tokens.json");
    for operation in ["store", "erase"] {
        let (code, _, err) = docker(operation, "{\"ServerURL\":\"x\",\"Username\":\"y\",\"Secret\":\"z\"}");
        assert!(code == 2 && err.contains("Nothing is stored or removed"), "{err}");
    }
    assert_eq!(home.read("tokens.json"), before);

    // Under the name by which docker looks for a helper.
    let helper = home.path("docker-credential-authmd-tui");
    std::os::unix::fs::symlink(PROGRAM, &helper).expect("linked");
    let (code, out, _) = home.asked(&helper, &["get"], &format!("http://{host}"));
    assert!(code == 0 && out.contains("key-1"), "{out}");

    let second = world.account(3);
    let id = AccountId::stored("other").expect("an id");
    world.keep(&home, [Kept { account: Account { id, ..second.account.clone() }, ..second }]);
    let (code, _, err) = docker("get", &format!("http://{host}"));
    assert!(code == 2 && err.contains("Several accounts fit"), "{err}");
}

#[test]
fn nobody_gets_what_is_somebody_elses_or_another_programs() {
    let home = Home::with_tokens();
    let store = Json::new(home.path("tokens.json").into());
    let keep = |name: &str, identity: Option<&str>| {
        let account = Account {
            id: AccountId::stored(name).expect("an id"),
            identity: identity.map(str::to_owned),
            store: StoreKind::Json,
            ..account(name, "acme.dev", None, None)
        };
        store.save(&Kept::new(account, Secret::new(format!("key-of-{name}")))).expect("saved");
    };
    let get = |host: &str, username: &str| {
        let question = format!("protocol=https\nhost={host}\n{username}");
        home.asked(PROGRAM, &["git-credential", "get"], &question)
    };
    let given = |username: &str| {
        get("api.acme.dev", username).1.lines().find_map(|line| line.strip_prefix("password=").map(str::to_owned))
    };
    keep("ada", Some("ada@example.com"));
    assert_eq!(given("").as_deref(), Some("key-of-ada"));
    assert_eq!(given("username=ada@example.com\n").as_deref(), Some("key-of-ada"));
    assert_eq!(given("username=x-access-token\n").as_deref(), Some("key-of-ada"), "a name for a token is nobody's");
    assert_eq!(given("username=ops\n"), None, "ops is somebody else");
    keep("nobodys", None);
    assert_eq!(given("username=ops\n").as_deref(), Some("key-of-nobodys"));
    assert_eq!(get("api.acme.dev", "").0, 2, "several fit, and git is told to ask for one");

    // What gh keeps is gh's.
    let gh = home.folder.path().join(".config/gh");
    std::fs::create_dir_all(&gh).expect("made");
    std::fs::write(gh.join("hosts.yml"), "github.com:\n    user: ada\n    oauth_token: gho_1\n").expect("written");
    assert_eq!(home.command(&["token", "api.github.com:gh-ada"]).1, "gho_1\n", "it is there for whoever names it");
    assert_eq!(get("api.github.com", ""), (0, String::new(), String::new()));
    assert_eq!(home.asked(PROGRAM, &["docker-credential", "get"], "https://api.github.com").0, 1);
    assert!(!home.asked(PROGRAM, &["docker-credential", "list"], "").1.contains("github"));
}
