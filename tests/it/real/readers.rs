//! Programs that read what this one writes: git, a calendar's parser, a parser of metrics, libsodium. Not part of `cargo test`:
//! `tests/real/readers.sh` runs these.

use std::process::{Command, Stdio};
use std::thread;

use authmd_tui::account::{Account, AccountId, Kept, StoreKind};
use authmd_tui::secret::Secret;
use authmd_tui::store::Store;
use authmd_tui::store::json::Json;
use authmd_tui::store::vault::seal::PrivateKey;
use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::Value;

use crate::support::terminal::{Home, PROGRAM, Screen};
use crate::support::{account, hours, noon, url};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// A repository for whoever shows the key, in the way that is in its name.
async fn refs(Path(repository): Path<String>, headers: HeaderMap) -> Response {
    let shown = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    // "ada@example.com:key-1", "ops:key-2" in base64.
    let (scheme, good) = match repository.as_str() {
        "basic.git" => ("Basic", ["Basic YWRhQGV4YW1wbGUuY29tOmtleS0x", "Basic b3BzOmtleS0y"].contains(&shown)),
        _ => ("Bearer", shown == "Bearer key-1"),
    };
    match good {
        true => ([("content-type", "text/plain")], format!("{COMMIT}\trefs/heads/main\n")).into_response(),
        false => {
            (StatusCode::UNAUTHORIZED, [("www-authenticate", format!("{scheme} realm=\"forge\""))]).into_response()
        }
    }
}

fn forge() -> String {
    let (told, hear) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
            told.send(listener.local_addr().expect("an address")).expect("heard");
            let router = Router::new().route("/{repository}/info/refs", get(refs));
            axum::serve(listener, router).await.expect("served");
        });
    });
    format!("http://{}", hear.recv().expect("started"))
}

fn keep(home: &Home, resource: &str, id: &str, label: Option<&str>, key: &str) {
    let account = Account {
        id: AccountId::stored(id).expect("an id"),
        label: label.map(str::to_owned),
        start: url(resource),
        resource: resource.to_owned(),
        store: StoreKind::Json,
        ..account("Forge", "forge.dev", None, None)
    };
    Json::new(home.path("tokens.json").into()).save(&Kept::new(account, Secret::new(key))).expect("kept");
}

fn git(home: &Home, helper: &str, options: &[&str], address: &str) -> (bool, String) {
    let path = format!("{}:{}", home.path(""), std::env::var("PATH").unwrap_or_default());
    let output = Command::new("git")
        .args(["-c", "credential.helper=", "-c", &format!("credential.helper={helper}")])
        .args(options)
        .args(["ls-remote", address])
        .env_clear()
        .envs(home.environment())
        .env("PATH", path)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(Stdio::null())
        .output()
        .expect("git");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout) + &text(&output.stderr))
}

#[test]
#[ignore = "needs git"]
fn git_reads_a_repository_with_the_credential_of_its_host() {
    let (forge, home) = (forge(), Home::with_tokens());
    keep(&home, &format!("{forge}/"), "forge", None, "key-1");
    let helper = format!("!{PROGRAM} git-credential");
    let (worked, out) = git(&home, &helper, &[], &format!("{forge}/basic.git"));
    assert!(worked && out.contains(COMMIT), "{out}");
    // Under the name by which git looks for a helper.
    std::os::unix::fs::symlink(PROGRAM, home.path("git-credential-authmd-tui")).expect("linked");
    let (worked, out) = git(&home, "authmd-tui", &[], &format!("{forge}/basic.git"));
    assert!(worked && out.contains(COMMIT), "{out}");
    // Newer ones can show a bearer, where the server wants that.
    let version = Command::new("git").arg("--version").output().expect("git").stdout;
    let version = String::from_utf8_lossy(&version).into_owned();
    let number = |nth: usize| -> u32 {
        let numbers = version.split_whitespace().nth(2).unwrap_or_default().split('.');
        numbers.map(|number| number.parse().unwrap_or(0)).nth(nth).unwrap_or(0)
    };
    if (number(0), number(1)) >= (2, 46) {
        let (worked, out) = git(&home, &helper, &[], &format!("{forge}/bearer.git"));
        assert!(worked && out.contains(COMMIT), "{out}");
    }

    // A second account: git is told which, and no other host gets either.
    keep(&home, &format!("{forge}/"), "forge:ops", Some("ops"), "key-2");
    let (worked, out) = git(&home, &helper, &[], &format!("{forge}/basic.git"));
    assert!(!worked && out.contains("Several accounts fit"), "{out}");
    let (worked, out) = git(&home, &helper, &["-c", "credential.username=ops"], &format!("{forge}/basic.git"));
    assert!(worked && out.contains(COMMIT), "{out}");
    let (worked, out) = git(
        &home,
        &format!("{helper} --account forge:ops"),
        &["-c", "credential.username=ops"],
        &format!("{forge}/basic.git"),
    );
    assert!(worked && out.contains(COMMIT), "{out}");
    let elsewhere = forge.replace("127.0.0.1", "localhost");
    let (worked, out) = git(&home, &format!("{helper} --account forge"), &[], &format!("{elsewhere}/basic.git"));
    assert!(!worked && !out.contains("key-1"), "{out}");
    assert_eq!(
        home.json(&["list", "--json"]).1["accounts"].as_array().map(Vec::len),
        Some(2),
        "git's no removes nothing"
    );
}

/// A script's reading of what a command prints, as JSON.
fn read_by(script: &str, home: &Home, arguments: &[&str]) -> Value {
    let (code, out, err) = home.command(arguments);
    assert!(matches!(code, 0 | 4), "{err}");
    std::fs::write(home.path("out"), out).expect("written");
    run(script, &[&home.path("out")])
}

/// What a script of Python prints, as JSON.
fn run(script: &str, arguments: &[&str]) -> Value {
    let script = format!("{}/tests/real/{script}", env!("CARGO_MANIFEST_DIR"));
    let output = Command::new("/usr/bin/python3").arg(script).args(arguments).output().expect("python3");
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)))
}

fn home_with_ends() -> Home {
    let home = Home::with_tokens();
    for (nth, service) in
        ["Acme; Mail, \"1\"", "Ünïcode · a name longer than one line of a calendar"].iter().enumerate()
    {
        let ends = 24 * (nth as i64 + 3);
        let account = Account { store: StoreKind::Json, ..account(service, &format!("a{nth}.dev"), None, Some(ends)) };
        let kept = Kept::new(account, Secret::new("sk"));
        Json::new(home.path("tokens.json").into()).save(&kept).expect("kept");
    }
    home
}

#[test]
#[ignore = "needs python3-icalendar"]
fn a_calendars_parser_reads_what_ends() {
    let events = read_by("read-calendar.py", &home_with_ends(), &["check", "--ical"]);
    let events = events.as_array().expect("events");
    let at = |hours_from_noon: i64| authmd_tui::when::rfc3339(noon() + hours(hours_from_noon));
    assert_eq!(
        (events[0]["summary"].as_str(), events[0]["start"].as_str()),
        (Some("Renew Acme; Mail, \"1\""), Some(at(72).as_str()))
    );
    assert_eq!(
        (events[1]["summary"].as_str(), events[1]["uid"].as_str()),
        (Some("Renew Ünïcode · a name longer than one line of a calendar"), Some("api.a1.dev@authmd-tui"))
    );
}

#[test]
#[ignore = "needs python3-prometheus-client"]
fn a_parser_of_metrics_reads_them() {
    let metrics = read_by("read-metrics.py", &home_with_ends(), &["check", "--prometheus"]);
    let ends = &metrics["authmd_account_expires_timestamp_seconds"];
    assert_eq!(ends["type"], "gauge");
    assert_eq!(ends["samples"][0]["labels"]["service"], "Acme; Mail, \"1\"");
    assert_eq!(ends["samples"][0]["value"].as_f64(), Some((noon() + hours(72)).as_second() as f64));
    assert_eq!(metrics["authmd_accounts"]["samples"].as_array().map(Vec::len), Some(8));
}

#[test]
#[ignore = "needs python3-nacl"]
fn libsodium_opens_what_was_exported() {
    let home = home_with_ends();
    let key = PrivateKey::from_bytes(&(1..=32).collect::<Vec<u8>>()).expect("32 bytes");
    let (sealed, wrapped) = (home.path("sealed"), home.path("wrapped"));
    let (code, _, err) = home.command(&["export", "--all", "--to", &sealed, "--for", &key.public().to_string()]);
    assert_eq!(code, 0, "{err}");
    let mut screen = Screen::start(&["export", "--all", "--to", &wrapped], &home);
    for question in ["New passphrase for the file:", "Once more:"] {
        screen.shows(question);
        screen.line("a few good words");
    }
    assert_eq!(screen.ends().0, 0);
    let hex: String = key.to_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    for opened in [
        run("open-export.py", &[&sealed, "key", &hex]),
        run("open-export.py", &[&wrapped, "passphrase", "a few good words"]),
    ] {
        let accounts = opened.as_object().expect("a token file");
        assert_eq!(accounts.len(), 2);
        assert_eq!(accounts["auth_md_token:https://api.a0.dev/"]["credential"], "sk");
    }
}
