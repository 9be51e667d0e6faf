//! Sign-up in every shape that services give it, on the built program, with a human who goes to pages and reads mails.

use serde_json::Value;

use crate::support::terminal::{Home, Screen, Service, answer_to_address, begin_sign_up};

/// As quick as the sandbox can be looked at.
const EAGER: &[&str] = &["--poll-interval", "1s"];

/// What stands behind "The code:", whenever it is there and not `former`.
fn code_shown(screen: &Screen, former: &str) -> String {
    let code = |text: &str| {
        let (_, rest) = text.rsplit_once("The code:  ")?;
        rest.split_whitespace().next().filter(|code| code.len() == 6 && *code != former).map(str::to_owned)
    };
    code(&screen.until(|text| code(text).is_some(), "a code for the page")).expect("a code")
}

fn account(home: &Home, id: &str) -> Value {
    home.json(&["show", id, "--json"]).1["accounts"][0].clone()
}

fn kinds(account: &Value) -> Vec<&str> {
    account["layers"].as_array().expect("layers").iter().filter_map(|layer| layer["kind"].as_str()).collect()
}

#[test]
fn a_code_handed_over_is_confirmed_on_the_page_and_brings_tokens() {
    let (service, home) = (Service::start(EAGER), Home::with_tokens());
    let mut screen = Screen::start(&["add", &service.target("Harbor"), "--events", "events.jsonl"], &home);
    answer_to_address(&mut screen);
    let code = code_shown(&screen, "");
    service.decide(&code, "allow");
    screen.shows("Harbor CI is connected.");
    assert_eq!(screen.ends().0, 0);
    let held = account(&home, "127");
    assert_eq!(
        (kinds(&held), held["renewal"].as_str()),
        (vec!["access_token", "identity_assertion"], Some("automatic"))
    );

    let first = home.command(&["token", "127"]).1;
    assert_eq!(home.command(&["renew", "127"]).0, 0, "the assertion is exchanged, with nobody there");
    assert_ne!(home.command(&["token", "127"]).1, first);

    let events = home.read("events.jsonl");
    let handoff = events.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let handoff: Vec<Value> = handoff.filter(|line| line["id"] == "handoff").collect();
    assert_eq!(handoff[0]["user_code"].as_str(), Some(code.as_str()));
    assert!(handoff[0]["link"].is_string() && handoff[0]["deadline"].is_string() && handoff[0]["prompt"].is_null());
    assert_eq!(handoff.len(), 1, "a look changes nothing that is to be told");

    let (exit, out, _) = home.command(&["revoke", "127"]);
    assert_eq!(exit, 0);
    for words in ["credential", "identity assertion", "nothing proves it", "401, as it should be", "removed here"] {
        assert!(out.contains(words), "{words}: {out}");
    }
}

#[test]
fn in_the_full_screen_another_code_can_be_had_and_no_is_no() {
    let (service, home) = (Service::start(EAGER), Home::with_tokens());
    let mut screen = Screen::start(&[], &home);
    begin_sign_up(&mut screen, &service, "Harbor");
    screen.keys("\r");
    screen.shows("Yes, register");
    screen.keys("y\r");
    screen.shows("Your e-mail address");
    screen.line("ada@example.com");
    screen.shows("waiting for you");
    let first = service.newest_page()["url"].clone();
    screen.keys("n");
    screen.until(|_| service.newest_page()["url"] != first, "another page");
    service.decide("", "deny");
    let told = screen.shows("turned down on Harbor CI's page");
    assert!(told.contains("access_denied"), "{told}");
    screen.keys("\r");
    screen.shows("No accounts yet.");
}

#[test]
fn a_code_from_the_page_is_read_back_and_what_it_gives_is_exchanged() {
    let (service, home) = (Service::start(&[]), Home::with_tokens());
    let mut screen = Screen::start(&["add", &service.target("Lumen")], &home);
    answer_to_address(&mut screen);
    screen.shows("It shows a code");
    screen.line("BCDF-GHJK");
    screen.shows("waits for you to confirm first");
    service.decide("", "allow");
    let page = service.newest_page();
    // As a person may write it: small, and with a blank for the dash.
    screen.line(&page["code"].as_str().expect("a code").to_lowercase().replace('-', " "));
    screen.shows("Lumen Docs is connected.");
    assert_eq!(screen.ends().0, 0);
    let held = account(&home, "127");
    assert_eq!(kinds(&held), ["access_token", "identity_assertion", "refresh_token"]);
    assert_eq!(held["status"], "renews");
    assert_eq!(service.posts().iter().filter(|call| call.ends_with("/oauth/token")).count(), 1);
}

#[test]
fn an_assertion_that_is_over_is_had_anew_when_a_token_is_asked_for() {
    let lifetimes = ["--assertion-lifetime", "1s", "--access-lifetime", "1s"];
    let (service, home) = (Service::start(&lifetimes), Home::with_tokens());
    let mut screen = Screen::start(&["add", &service.target("Lumen")], &home);
    answer_to_address(&mut screen);
    screen.shows("It shows a code");
    service.decide("", "allow");
    screen.line(service.newest_page()["code"].as_str().expect("a code"));
    screen.shows("Lumen Docs is connected.");
    screen.ends();
    let identities = |calls: Vec<String>| calls.iter().filter(|call| call.ends_with("/agent/identity")).count();
    assert_eq!(identities(service.posts()), 1);
    // A token that ends so soon is renewed each time; once the assertion is over, by what gets the next one.
    for _ in 0..100 {
        assert_eq!(home.command(&["token", "127"]).0, 0);
        if identities(service.posts()) > 1 {
            return;
        }
    }
    panic!("the assertion was never had anew");
}

#[test]
fn a_code_by_mail_and_the_token_from_elsewhere() {
    let (service, home) = (Service::start(&[]), Home::with_tokens());
    let mut screen = Screen::start(&["add", &service.target("Quarry")], &home);
    answer_to_address(&mut screen);
    screen.shows("The code (or: new");
    screen.line(&service.newest_code());
    screen.shows("Quarry is connected.");
    assert_eq!(screen.ends().0, 0);
}

#[test]
fn work_terms_scopes_and_a_client_id_are_given_when_they_are_asked_for() {
    let (service, home) = (Service::start(EAGER), Home::with_tokens());
    let mut screen = Screen::start(&["add", &service.target("Tollgate")], &home);
    screen.shows("How do you want to sign up?");
    screen.line("1");
    screen.shows("yes or no");
    screen.line("yes");
    screen.shows("this machine to compute");
    screen.shows("Do you accept them?");
    screen.line("yes");
    screen.shows("Which?");
    screen.line("2");
    screen.shows("Your e-mail address (or");
    screen.line("ada@example.com");
    let code = code_shown(&screen, "");
    service.decide(&code, "allow");
    screen.shows("Tollgate is connected.");
    assert_eq!(screen.ends().0, 0);
    assert_eq!(account(&home, "127")["scopes"], serde_json::json!(["passes.write"]));
}

#[test]
fn terms_that_are_not_accepted_are_the_end() {
    let (service, home) = (Service::start(&[]), Home::with_tokens());
    let mut screen = Screen::start(&["add", &service.target("Tollgate")], &home);
    screen.shows("How do you want to sign up?");
    screen.line("1");
    screen.shows("yes or no");
    screen.line("yes");
    screen.shows("Do you accept them?");
    screen.line("no");
    assert_eq!(screen.ends().0, 130);
}

#[test]
fn words_are_shown_and_a_key_that_they_lead_to_is_kept() {
    let (service, home) = (Service::start(&[]), Home::with_tokens());
    let mut screen = Screen::start(&["add", &service.target("Prose")], &home);
    screen.shows("says in its auth.md:");
    screen.line("1");
    screen.shows("The key (not shown");
    screen.line("sk_cut_short");
    screen.shows("refuses this key (401)");
    assert_eq!(home.command(&["list", "--json"]).1.matches("api_key").count(), 0, "what does not work is not kept");
    let key = service.make_key();
    screen.line(&key);
    let told = screen.shows("is connected.");
    assert!(!told.contains(&key), "{told}");
    assert_eq!(screen.ends().0, 0);
    assert_eq!(account(&home, "127")["mode"], "api_key");
    assert_eq!(home.command(&["token", "127"]).1.trim(), key);
}

#[test]
fn what_nobody_can_walk_is_explained() {
    let (service, home) = (Service::start(&[]), Home::with_tokens());
    let cases = [
        ("Agents Only", "agent_only", "platform vouches for"),
        ("Placeholder AuthMd", "placeholder", "nothing behind it"),
        ("Placeholder None", "placeholder", "nothing behind it"),
        ("Placeholder Stub", "placeholder", "nothing behind it"),
        ("Placeholder OAuth", "placeholder", "registers programs by OAuth"),
    ];
    for (name, verdict, words) in cases {
        let (code, found) = home.json(&["discover", &service.target(name), "--json"]);
        assert_eq!((code, found["verdict"].as_str()), (0, Some(verdict)), "{name}");
        let mut screen = Screen::start(&["add", &service.target(name)], &home);
        screen.shows(words);
        assert_eq!(screen.ends().0, 6, "{name}");
    }
    let nowhere = service.target("Prose").replace("/prose", "/nothing");
    let (code, found) = home.json(&["discover", &nowhere, "--json"]);
    let tried = found["findings"].as_array().expect("findings").iter().filter(|finding| finding["code"] == "tried");
    assert_eq!((code, found["verdict"].as_str(), tried.count()), (0, Some("none"), 10));
    assert_eq!(service.posts(), Vec::<String>::new());
}
