//! Every command without a terminal: what it prints, and the code it ends with.

use serde_json::{Value, json};

use crate::support::terminal::{Home, Screen, Service, answer_to_code};

/// A home with an account at the sandbox, signed up with prompts.
fn signed_up(service: &Service, name: &str, label: Option<&str>, home: &Home) {
    let target = service.target(name);
    let mut arguments = vec!["add", target.as_str()];
    arguments.extend(label.into_iter().flat_map(|label| ["--label", label]));
    let mut screen = Screen::start(&arguments, home);
    answer_to_code(&mut screen);
    screen.line(&service.newest_code());
    assert_eq!(screen.ends().0, 0);
}

#[test]
fn the_life_of_an_account_by_commands() {
    let (service, home) = (Service::start(&[]), Home::with_tokens());
    signed_up(&service, "Acme", None, &home);

    let (code, listed) = home.json(&["list", "--json"]);
    let account = &listed["accounts"][0];
    assert_eq!((code, &listed["version"], &account["id"]), (0, &json!(1), &json!("127.0.0.1")));
    let fields = [
        "id",
        "service",
        "resource",
        "label",
        "identity",
        "mode",
        "status",
        "expires_at",
        "scopes",
        "layers",
        "renewal",
        "revocation",
        "store",
        "created_at",
        "renewed_at",
        "verified_at",
        "source",
        "source_tool",
        "source_exposed",
        "audience",
        "client_id",
        "issuer",
        "review_at",
        "needs_person_at",
        "binding",
        "checked_at",
        "check",
        "revoking",
        "same_as",
    ];
    let members: Vec<&String> = account.as_object().expect("an object").keys().collect();
    assert_eq!(members, fields);
    assert_eq!(
        (
            &account["mode"],
            &account["status"],
            &account["renewal"],
            &account["revocation"],
            &account["store"],
            &account["source"]
        ),
        (&json!("auth_md"), &json!("ok"), &json!("person"), &json!("endpoint"), &json!("json"), &json!("own"))
    );
    assert_eq!(account["layers"][0]["kind"], "api_key");
    let mut shown = home.json(&["show", "127", "--json"]).1["accounts"][0].clone();
    let history = shown.as_object_mut().expect("an object").remove("history").expect("a history");
    assert_eq!(shown.as_object_mut().expect("an object").remove("shadowed_by"), Some(json!([])));
    assert_eq!(shown, *account);
    let happened: Vec<_> = history.as_array().expect("events").iter().map(|event| event["event"].clone()).collect();
    assert_eq!(happened, ["obtained", "verified"]);
    let (code, text, _) = home.command(&["list"]);
    assert!(code == 0 && text.contains("Acme Mail") && text.contains("● ") && text.contains(" ok "), "{text}");
    assert!(home.command(&["show", "acme"]).1.contains("renew"), "a name is found whatever its case");
    for shown in [home.command(&["list"]).1, home.command(&["show", "127"]).1, listed.to_string()] {
        assert!(!shown.contains("sk_sandbox"));
    }

    let (code, out, err) = home.command(&["token", "127.0.0.1"]);
    assert!(code == 0 && out.starts_with("sk_sandbox_") && out.lines().count() == 1 && err.is_empty(), "{out}{err}");

    let (code, verified) = home.json(&["verify", "--all", "--json"]);
    assert_eq!(
        (code, &verified["results"][0]["verdict"], &verified["results"][0]["status"]),
        (0, &json!("accepted"), &json!(200))
    );

    let (code, _, err) = home.command(&["renew", "127"]);
    assert!(code == 5 && err.contains("needs a person"), "{err}");
    assert_eq!(home.command(&["renew", "--due"]), (0, String::new(), "Nothing is due.\n".into()));

    let (code, revoked) = home.json(&["revoke", "127", "--json"]);
    let receipts: Vec<&str> = revoked["results"][0]["receipts"]
        .as_array()
        .expect("receipts")
        .iter()
        .filter_map(|receipt| receipt["what"].as_str())
        .collect();
    assert_eq!(
        (code, &revoked["results"][0]["outcome"], receipts),
        (0, &json!("removed"), vec!["credential", "proof", "removed here"])
    );
    assert_eq!(home.json(&["list", "--json"]).1["accounts"], json!([]));
}

#[test]
fn what_was_revoked_elsewhere_is_found_out_and_told() {
    let (service, home) = (Service::start(&[]), Home::with_tokens());
    signed_up(&service, "Beacon", None, &home);
    let backup = home.read("tokens.json");
    assert_eq!(home.command(&["revoke", "Beacon"]).0, 0);
    std::fs::write(home.path("tokens.json"), backup).expect("put back");

    let (code, out, err) = home.command(&["verify", "Beacon"]);
    assert!(code == 6 && out.contains("was revoked") && err.contains("hint: "), "{out}{err}");
    assert_eq!(home.json(&["list", "--json"]).1["accounts"][0]["status"], "revoked");
    assert_eq!(home.json(&["list", "--json", "--status", "revoked"]).1["accounts"].as_array().map(Vec::len), Some(1));
    let (code, out, _) = home.command(&["token", "Beacon"]);
    assert_eq!((code, out.as_str()), (5, ""), "a dead credential is not handed out");
    let (code, out, _) = home.command(&["revoke", "Beacon"]);
    assert!(code == 0 && out.contains("it was dead already"), "{out}");
}

#[test]
fn a_service_that_does_not_confirm_leaves_the_account_and_offers_to_forget() {
    let (service, home) = (Service::start(&["--fault", "revoke=ignored"]), Home::with_tokens());
    signed_up(&service, "Acme", None, &home);
    let (code, out, err) = home.command(&["revoke", "Acme"]);
    assert!(code == 6 && out.contains("still works") && err.contains("authmd-tui forget 127.0.0.1"), "{out}{err}");
    assert_eq!(home.command(&["verify", "Acme"]).0, 0);
    let (code, out, err) = home.command(&["forget", "Acme"]);
    assert!(code == 0 && out.is_empty() && err.contains("goes on working at Acme Mail"), "{err}");
    assert_eq!(home.command(&["show", "Acme"]).0, 3);
}

#[test]
fn a_service_that_is_down_is_not_a_revoked_credential() {
    let (mut service, home) = (Service::start(&[]), Home::with_tokens());
    signed_up(&service, "Acme", None, &home);
    service.kill();
    assert_eq!(home.command(&["verify", "Acme"]).0, 7);
    assert_eq!(home.json(&["list", "--json"]).1["accounts"][0]["status"], "unreachable");
    assert_eq!(home.command(&["revoke", "Acme"]).0, 7);
    assert_eq!(home.json(&["list", "--json"]).1["accounts"].as_array().map(Vec::len), Some(1), "it is still kept");
}

#[test]
fn accounts_are_named_by_any_beginning_that_fits_one() {
    let (service, home) = (Service::start(&[]), Home::with_tokens());
    signed_up(&service, "Acme", Some("work"), &home);
    signed_up(&service, "Beacon", Some("ci"), &home);
    assert_eq!(home.command(&["show", "127.0.0.1:work"]).0, 0);
    assert_eq!(home.command(&["show", "Beac"]).0, 0);
    assert_eq!(home.command(&["show", &service.target("Acme")]).0, 0);
    let (code, _, err) = home.command(&["show", "127"]);
    assert!(code == 2 && err.contains("127.0.0.1:ci") && err.contains("127.0.0.1:work"), "{err}");
    assert_eq!(home.command(&["show", "nobody"]).0, 3);
    assert_eq!(home.command(&["revoke", "127.0.0.1"]).0, 2, "two fit");
    assert_eq!(home.command(&["forget", "127.0.0.1:ci"]).0, 0);
    let (code, _, err) = home.command(&["revoke", "127.0.0.1"]);
    assert!(code == 3 && err.contains("127.0.0.1:work"), "what has another name is not ended in its place: {err}");
    signed_up(&service, "Beacon", Some("ci"), &home);
    assert_eq!(home.command(&["revoke", ""]).0, 2);
    assert_eq!(home.command(&["list", "--within", "7d"]).1, "");
    assert_eq!(home.json(&["list", "--within", "31d", "--json"]).1["accounts"].as_array().map(Vec::len), Some(2));
}

#[test]
fn discovery_tells_without_changing_anything() {
    let (service, home) = (Service::start(&[]), Home::new());
    let (code, found) = home.json(&["discover", &service.target("Acme"), "--json"]);
    assert_eq!(
        (code, &found["verdict"], &found["service"]["name"], &found["offers"][0]["mode"]),
        (0, &json!("signup"), &json!("Acme Mail"), &json!("auth_md"))
    );
    let members: Vec<&String> = found.as_object().expect("an object").keys().collect();
    assert_eq!(members, ["version", "target", "service", "offers", "verdict", "findings"]);
    assert!(service.posts().is_empty());
    let header = format!(
        "WWW-Authenticate: Bearer resource_metadata=\"{}\"",
        service.target("Acme").replace("/acme", "/.well-known/oauth-protected-resource/acme")
    );
    assert_eq!(home.json(&["discover", &header, "--json"]).1["verdict"], "signup");
    let nothing = service.target("Acme").replace("/acme", "/nothing/here");
    assert_eq!(home.json(&["discover", &nothing, "--json"]).1["verdict"], "none");
    assert_eq!(std::fs::read_dir(home.folder.path()).expect("readable").count(), 0, "nothing was written");
}

#[test]
fn wrong_use_is_told_in_two_lines() {
    let home = Home::new();
    for (arguments, code) in [
        (vec!["discover", "nonsense"], 2),
        (vec!["discover", "http://example.com"], 9),
        (vec!["discover", "http://127.0.0.1:1"], 7),
        (vec!["add", "two words.dev"], 2),
        (vec!["show", "x"], 3),
        (vec!["token", "x"], 3),
        (vec![], 2),
        (vec!["demo"], 2),
    ] {
        let (exit, out, err) = home.command(&arguments);
        assert_eq!(exit, code, "{arguments:?}: {err}");
        assert!(
            out.is_empty()
                && err.lines().count() == 2
                && err.lines().nth(1).is_some_and(|line| line.starts_with("hint: ")),
            "{arguments:?}: {out}{err}"
        );
    }
    for arguments in [
        vec!["verify"],
        vec!["renew"],
        vec!["revoke"],
        vec!["list", "--status", "fine"],
        vec!["list", "--within", "soon"],
        vec!["--store", "nowhere", "list"],
        vec!["sandbox", "--fault", "x"],
    ] {
        assert_eq!(home.command(&arguments).0, 2, "{arguments:?}");
    }
}

#[test]
fn a_damaged_store_is_a_problem_of_its_own() {
    let home = Home::with_tokens();
    std::fs::write(home.path("tokens.json"), "{\"auth_md_token:").expect("written");
    let (code, out, err) = home.command(&["list"]);
    assert!(code == 8 && out.is_empty() && err.contains("tokens.json.damaged-1"), "{err}");
    assert_eq!(home.read("tokens.json"), "{\"auth_md_token:");
}

#[test]
fn an_entry_of_another_tool_can_be_listed_and_revoked() {
    let (service, home) = (Service::start(&[]), Home::with_tokens());
    signed_up(&service, "Acme", None, &home);
    let mut file: Value = serde_json::from_str(&home.read("tokens.json")).expect("JSON");
    let entry = file.as_object_mut().expect("an object").values_mut().next().expect("an entry");
    entry.as_object_mut().expect("an object").remove("authmd_tui");
    std::fs::write(home.path("tokens.json"), file.to_string()).expect("written");
    let (_, listed) = home.json(&["list", "--json"]);
    assert_eq!(
        (&listed["accounts"][0]["source"], &listed["accounts"][0]["status"]),
        (&json!(home.path("tokens.json")), &json!("ok"))
    );
    let (code, out, err) = home.command(&["revoke", "Acme"]);
    assert!(code == 0 && out.contains("401, as it should be"), "{out}{err}");
}

#[test]
fn the_log_names_calls_and_shapes_and_no_secret() {
    let (service, mut home) = (Service::start(&[]), Home::with_tokens());
    home.extra.push(("AUTHMD_TUI_LOG", "debug".into()));
    signed_up(&service, "Beacon", None, &home);
    let code = service.newest_code();
    home.command(&["verify", "--all"]);
    let token = home.command(&["token", "Beacon"]).1;
    let log = home.read("home/authmd-tui.log");
    assert!(log.contains("POST 127.0.0.1") && log.contains("claim_token: text"), "{log}");
    for secret in [token.trim(), code.as_str(), "clm_sandbox_", "ada@example.com"] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

#[test]
fn a_locale_without_utf_8_gets_ascii() {
    let (service, mut home) = (Service::start(&[]), Home::with_tokens());
    signed_up(&service, "Acme", None, &home);
    home.extra.push(("LC_ALL", "C".into()));
    for arguments in [vec!["list"], vec!["show", "127"], vec!["discover", &service.target("Acme")]] {
        let (code, out, _) = home.command(&arguments);
        assert!(code == 0 && out.is_ascii(), "{arguments:?}: {out}");
    }
}
