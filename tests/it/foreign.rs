//! What other programs keep: read as it is, never written, copied when somebody agrees.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use authmd_tui::account::{Account, AccountId, Happened, LayerKind, Source, StoreKind};
use authmd_tui::store::foreign::{Foreign, Tool};
use authmd_tui::store::lock::Locks;
use authmd_tui::store::memory::Memory;
use authmd_tui::store::{Store, Stores};
use serde_json::json;
use tempfile::TempDir;

use crate::support::many::World;
use crate::support::noon;
use crate::support::terminal::{Home, Screen};

fn write(folder: &Path, name: &str, text: &str, mode: u32) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    fs::write(&path, text).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("set");
}

const GH: &str = "github.com:
    user: ada
    oauth_token: gho_active
    git_protocol: https
    users:
        ada:
            oauth_token: gho_ada
        ops:
            oauth_token: gho_ops
ghe.acme.dev:
    user: ada
    git_protocol: ssh
";

/// Its access token has ended, and the AWS command line gets the next one when it is used.
const GONE: &str = r#"{"startUrl": "https://gone.awsapps.com/start", "accessToken": "aws_2", "refreshToken": "aws_r",
    "expiresAt": "2025-01-01T00:00:00Z", "registrationExpiresAt": "2099-01-01T00:00:00Z"}"#;

/// The home of somebody who uses all of them.
fn filled(home: &Path) {
    let authmd = json!({"version": 1, "issuers": {
        "https://auth.acme.dev": {
            "access_token": {"token": "at_1", "expires_at": 1_795_356_000},
            "identity_assertion": "jwt_1", "identity_assertion_expires_at": "2026-12-01T00:00:00Z",
            "refresh_token": "irt_1", "resource": "https://api.acme.dev/", "scopes": ["api.read"],
        },
        "https://empty.dev": {"registration_id": "reg_1"},
    }});
    write(home, ".authmd/credentials.json", &authmd.to_string(), 0o600);
    write(home, ".config/gh/hosts.yml", GH, 0o644);
    let tokens = json!({"access_token": "mcp_1", "expires_in": 3600, "refresh_token": "mcp_r", "scope": "a b"});
    write(home, ".mcp-auth/mcp-remote-v1/0a1b2c3d4e5f_tokens.json", &tokens.to_string(), 0o600);
    let client = json!({"client_id": "c", "client_secret_expires_at": 1_800_000_000});
    write(home, ".mcp-auth/mcp-remote-v1/0a1b2c3d4e5f_client_info.json", &client.to_string(), 0o600);
    let session = json!({"startUrl": "https://acme.awsapps.com/start", "region": "eu-west-1", "accessToken": "aws_1",
        "expiresAt": "2026-11-22T13:00:00Z", "refreshToken": "aws_r", "registrationExpiresAt": "2027-02-01T00:00:00Z"});
    write(home, ".aws/sso/cache/4fbb.json", &session.to_string(), 0o600);
    write(home, ".aws/sso/cache/botocore-client-id.json", r#"{"clientId": "x", "clientSecret": "y"}"#, 0o600);
}

fn at(home: &Path) -> Foreign {
    Foreign::at(vec![
        (Tool::AuthMd, home.join(".authmd/credentials.json")),
        (Tool::Gh, home.join(".config/gh/hosts.yml")),
        (Tool::McpRemote, home.join(".mcp-auth")),
        (Tool::Aws, home.join(".aws/sso/cache")),
    ])
}

#[test]
fn each_is_read_with_its_ends_its_file_and_who_else_can_read_that() {
    let home = TempDir::new().expect("a folder");
    filled(home.path());
    let store = at(home.path());
    let accounts = store.accounts().accounts;
    let told = |account: &Account| {
        let Source::Foreign(elsewhere) = &account.source else { panic!("{account:?}") };
        let kinds: Vec<&str> = account.layers.iter().map(|layer| layer.kind.as_str()).collect();
        let ends = account.expires_at().map(authmd_tui::when::rfc3339);
        (account.id.to_string(), elsewhere.tool.expect("known"), kinds.join(" "), ends, elsewhere.loose.is_some())
    };
    let told: Vec<_> = accounts.iter().map(told).collect();
    let row = |id: &str, tool, kinds: &str, ends: Option<&str>, loose| {
        (id.to_owned(), tool, kinds.to_owned(), ends.map(str::to_owned), loose)
    };
    let written = accounts[4].expires_at().map(authmd_tui::when::rfc3339);
    assert_eq!(
        told,
        [
            row(
                "api.acme.dev:authmd",
                "authmd",
                "access_token identity_assertion refresh_token",
                Some("2026-11-22T14:00:00Z"),
                false
            ),
            row("api.github.com:gh-ada", "gh", "access_token", None, true),
            row("api.github.com:gh-ops", "gh", "access_token", None, true),
            row("ghe.acme.dev:gh-ada", "gh", "access_token", None, true),
            row(
                "mcp-remote-0a1b2c3d",
                "mcp-remote",
                "access_token refresh_token client_registration",
                written.as_deref(),
                false
            ),
            row(
                "acme.awsapps.com:aws",
                "aws",
                "access_token refresh_token client_registration",
                Some("2026-11-22T13:00:00Z"),
                false
            ),
        ]
    );
    let status = |nth: usize, at| accounts[nth].status(at, authmd_tui::account::DUE_WITHIN).as_str();
    let tomorrow = noon() + jiff::SignedDuration::from_hours(24);
    let year = noon() + jiff::SignedDuration::from_hours(24 * 365);
    assert_eq!((status(5, tomorrow), status(4, tomorrow)), ("renews", "renews"), "by their own programs");
    assert_eq!((status(5, year), status(1, year)), ("expired", "unknown"), "as long as those are known to the server");
    assert!(written.is_some(), "a span counts from when the file was written");
    assert!(accounts.iter().all(|account| account.wants(noon(), authmd_tui::account::DUE_WITHIN).is_none()));

    let credential = |id: &str| {
        let loaded = store.load(&AccountId::stored(id).expect("an id"));
        loaded.map(|kept| kept.expect("there").secrets.credential.expose().to_owned())
    };
    assert_eq!(credential("api.github.com:gh-ada"), Ok("gho_ada".into()));
    assert_eq!(credential("acme.awsapps.com:aws"), Ok("aws_1".into()));
    let problem = credential("ghe.acme.dev:gh-ada").expect_err("it is in the keyring");
    assert!(problem.hint.contains("somewhere else"), "{problem}");
    let kept = store.load(&accounts[0].id).expect("readable").expect("there");
    assert_eq!(kept.secret_of(LayerKind::RefreshToken).map(|secret| secret.expose()), Some("irt_1"));
    let refused = store.forget(&accounts[1].id).expect_err("only read");
    assert!(refused.what.contains("kept by gh") && refused.hint.contains("gh auth logout"), "{refused}");
    assert!(store.save(&kept).is_err());
}

#[test]
fn each_has_a_name_of_its_own_and_what_is_loaded_is_what_is_listed() {
    let home = TempDir::new().expect("a folder");
    // An update of mcp-remote has left the folder of the version before.
    let server = |version: &str, token: &str, age: u64| {
        let name = format!(".mcp-auth/mcp-remote-{version}/0a1b2c3d4e5f_tokens.json");
        write(home.path(), &name, &json!({"access_token": token, "expires_in": 3600}).to_string(), 0o600);
        let written = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_790_000_000 - age);
        fs::File::open(home.path().join(name)).expect("there").set_modified(written).expect("set");
    };
    server("0.1.9", "mcp_new", 0);
    server("0.1.8", "mcp_old", 9_000);
    for (name, token) in [("aa", "aws_1"), ("bb", "aws_2")] {
        let session = json!({"startUrl": "https://acme.awsapps.com/start", "accessToken": token});
        write(home.path(), &format!(".aws/sso/cache/{name}.json"), &session.to_string(), 0o600);
    }
    let store = at(home.path());
    let named = store.accounts().accounts.into_iter().map(|account| {
        let kept = store.load(&account.id).expect("readable").expect("there");
        assert_eq!(kept.account, account);
        (account.id.to_string(), kept.secrets.credential.expose().to_owned())
    });
    let named: Vec<(String, String)> = named.collect();
    let named: Vec<(&str, &str)> = named.iter().map(|(id, token)| (id.as_str(), token.as_str())).collect();
    assert_eq!(
        named,
        [("mcp-remote-0a1b2c3d", "mcp_new"), ("acme.awsapps.com:aws", "aws_1"), ("acme.awsapps.com:aws-2", "aws_2")]
    );
}

#[test]
fn what_is_not_as_it_should_be_is_passed_over() {
    for text in [
        "",
        "{",
        "[]",
        "null",
        "{\"issuers\": 3}",
        "a: [",
        "github.com: {oauth_token: \"a\\u0007b\"}",
        "{\"issuers\": {\"x\": {\"access_token\": \"t\"}}}",
    ] {
        let home = TempDir::new().expect("a folder");
        for name in
            [".authmd/credentials.json", ".config/gh/hosts.yml", ".mcp-auth/v/x_tokens.json", ".aws/sso/cache/x.json"]
        {
            write(home.path(), name, text, 0o600);
        }
        let store = at(home.path());
        for account in store.accounts().accounts {
            assert!(store.load(&account.id).is_err(), "{text}: {account:?}");
        }
    }
    assert!(at(Path::new("/no/such/home")).accounts().accounts.is_empty());
}

#[test]
fn they_stand_at_the_end_of_the_list_and_are_nobodys_business_unless_named() {
    let home = Home::with_tokens();
    filled(home.folder.path());
    let (code, text, _) = home.command(&["list"]);
    let theirs = text.split("Other programs'; a copy").nth(1).expect("a part of its own");
    assert!(
        code == 0
            && theirs.contains("api.github.com:gh-ops")
            && theirs.contains("can be read by others (mode 0644): /")
            && theirs.contains("hosts.yml"),
        "{text}"
    );
    let (_, listed) = home.json(&["list", "--json"]);
    let account =
        listed["accounts"].as_array().expect("accounts").iter().find(|it| it["id"] == "api.github.com:gh-ada");
    let account = account.expect("listed");
    assert_eq!(
        (&account["store"], &account["source_tool"], &account["source_exposed"]),
        (&json!("foreign"), &json!("gh"), &json!(true))
    );
    assert!(account["source"].as_str().is_some_and(|file| file.ends_with("/.config/gh/hosts.yml")));
    assert!(!text.contains("gho_") && !listed.to_string().contains("gho_"));

    assert_eq!(home.command(&["check"]).0, 0);
    assert_eq!(home.command(&["renew", "--due"]).0, 0);
    assert_eq!(home.json(&["verify", "--all", "--json"]).1["results"], json!([]));
    for command in ["renew", "revoke", "forget", "review"] {
        let (code, _, err) = home.command(&[command, "acme.awsapps.com:aws"]);
        assert!(code == 2 && err.contains("kept by another program"), "{command}: {err}");
    }
    assert_eq!(home.command(&["token", "api.github.com:gh-ops"]).1, "gho_ops\n");
    let printing = ["run", "api.github.com:gh-ops", "--", "sh", "-c", "printf '%s' \"$GITHUB_TOKEN\""];
    assert_eq!(home.command(&printing).1, "gho_ops", "where programs for GitHub look, by its skill");
    let late = json!({"issuers": {"https://late.dev": {"refresh_token": "irt_2", "resource": "https://late.dev/"}}});
    let late_home = Home::with_tokens();
    write(late_home.folder.path(), ".authmd/credentials.json", &late.to_string(), 0o600);
    let (code, out, err) = late_home.command(&["token", "late.dev:authmd"]);
    assert!(code == 8 && out.is_empty() && !err.contains("irt_2"), "what gets a credential is none: {out}{err}");
    assert!(err.contains("Only what gets one is"), "{err}");
    assert_eq!(late_home.command(&["run", "late.dev:authmd", "--", "true"]).0, 8);
    let shown = late_home.command(&["show", "late.dev:authmd"]).1;
    assert!(shown.contains("renews · its own program renews it"), "{shown}");
    let mut screen = Screen::start(&["take-over", "late.dev:authmd"], &late_home);
    screen.shows("There is no credential of late.dev:authmd");
    assert_eq!(screen.ends().0, 2);
    let mut screen = Screen::start(&["take-over", "mcp-remote-0a1b2c3d"], &home);
    screen.shows("Which server mcp-remote-0a1b2c3d is for is not in its program's files.");
    assert_eq!(screen.ends().0, 2);
    write(home.folder.path(), ".aws/sso/cache/5fcc.json", GONE, 0o600);
    let (code, out, err) = home.command(&["token", "gone.awsapps.com:aws"]);
    assert!(code == 5 && out.is_empty() && err.contains("the program that keeps it gets the next one"), "{err}");
    assert_eq!(home.command(&["take-over", "api.github.com:gh-ops"]).0, 5);

    // With a yes it is copied; the file stays letter for letter.
    let mut screen = Screen::start(&["take-over", "api.github.com:gh-ops"], &home);
    screen.shows("Copy it?");
    screen.line("no");
    assert_eq!(screen.ends().0, 130);
    let mut screen = Screen::start(&["take-over", "api.github.com:gh-ops", "api.acme.dev:authmd"], &home);
    screen.shows("Copy it?");
    screen.line("yes");
    screen.shows("Copied: api.github.com:ops");
    screen.shows("Its refresh token is not copied");
    screen.line("yes");
    let (code, text) = screen.ends();
    assert!(code == 0 && text.contains("Copied: api.acme.dev"), "{text}");
    assert_eq!(home.read(".config/gh/hosts.yml"), GH);
    assert_eq!(home.command(&["token", "api.github.com:ops"]).1, "gho_ops\n");
    let (_, copy) = home.json(&["show", "api.acme.dev", "--json"]);
    let copy = &copy["accounts"][0];
    assert_eq!(
        (&copy["store"], &copy["renewal"], copy["layers"].as_array().map(Vec::len)),
        (&json!("json"), &json!("person"), Some(1))
    );
    assert_eq!(copy["history"][0]["event"], "taken_over");
    assert_eq!(StoreKind::Foreign.as_str(), "foreign");
    assert_eq!(home.command(&["take-over", "api.github.com:ops"]).0, 2);
}

/// What is our own can be taken away, however another program's is called.
#[test]
fn an_account_of_our_own_comes_before_another_programs_of_that_name() {
    let (world, home) = (World::start(), TempDir::new().expect("a folder"));
    filled(home.path());
    let id = AccountId::stored("mcp-remote-0a1b2c3d").expect("an id");
    let mut kept = world.account(0);
    (kept.account.id, kept.account.store) = (id.clone(), StoreKind::Memory);
    let stores = Stores::new(vec![Arc::new(Memory::default()), Arc::new(at(home.path()))], Locks::here(), None);
    assert!(stores.find(&id).expect("read").is_some_and(|account| account.is_foreign()));
    stores.save(&kept, None).expect("saved");
    let is_own = |account: &Account| account.id == id && !account.is_foreign();
    assert!(stores.find(&id).expect("read").is_some_and(|account| is_own(&account)));
    assert_eq!(
        stores.everything().accounts.iter().filter(|account| account.id == id).filter(|it| is_own(it)).count(),
        1
    );
    assert_eq!(stores.load(&id).expect("read").map(|kept| kept.secrets.credential), Some(kept.secrets.credential));
    let forgotten = Happened::Forgotten { receipts: Vec::new() }.at(noon());
    assert_eq!(stores.forget(&id, &forgotten).expect("forgotten").len(), 1);
    assert!(stores.find(&id).expect("read").is_some_and(|account| account.is_foreign()));
    assert!(stores.forget(&id, &forgotten).is_err(), "that one is only read");
}

#[test]
fn in_the_full_screen_they_stand_apart_and_are_counted_nowhere() {
    let home = TempDir::new().expect("a folder");
    filled(home.path());
    let mut tour = crate::support::tour::Tour::new(crate::support::tour::COLOR, at(home.path()).accounts().accounts);
    let picture = tour.picture(80, 24);
    assert!(picture.contains("Nothing needs you this week.\n"), "{picture}");
    assert!(picture.contains("other programs' (only read)") && picture.contains(" gh "), "{picture}");
    assert!(picture.contains("i take over a copy") && !picture.contains("r renew"), "{picture}");
    tour.keys("r");
    assert_eq!(
        tour.app.notice.as_deref(),
        Some("It is another program's, and only read here; take it over to look after a copy.")
    );
    tour.keys("/github\n");
    tour.keys("i");
    assert!(tour.picture(80, 24).contains("Copy it?"), "{}", tour.picture(80, 24));
}
