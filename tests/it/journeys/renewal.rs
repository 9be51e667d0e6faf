//! Renewing without anybody, by many programs at once, and by one that is killed in the middle.

use serde_json::json;

use crate::support::terminal::{Home, Screen, Service, answer_to_code};

/// A home with an account whose access token has a short life, and a refresh token that works once.
fn signed_up(service: &Service, home: &Home) {
    let mut screen = Screen::start(&["add", &service.target("Northwind")], home);
    answer_to_code(&mut screen);
    screen.line(&service.newest_code());
    screen.shows("is connected");
    assert_eq!(screen.ends().0, 0);
}

/// The vault of a passphrase would have to be typed open; the file needs nothing typed.
fn home() -> Home {
    Home::with_tokens()
}

#[test]
fn a_token_that_is_over_is_renewed_before_it_is_handed_out() {
    let (service, home) = (Service::start(&["--access-lifetime", "1s"]), home());
    signed_up(&service, &home);
    let (_, listed) = home.json(&["list", "--json"]);
    let account = &listed["accounts"][0];
    assert_eq!((&account["status"], &account["renewal"]), (&json!("renews"), &json!("automatic")));
    let kinds: Vec<_> = account["layers"].as_array().expect("layers").iter().map(|layer| &layer["kind"]).collect();
    assert_eq!(kinds, ["access_token", "refresh_token"]);

    let first = home.read("tokens.json");
    let (code, token, err) = home.command(&["token", "127"]);
    assert!(code == 0 && token.starts_with("at_sandbox_") && err.is_empty(), "{err}");
    assert!(!first.contains(token.trim()), "a new one");
    assert_eq!(service.refreshes(), 1);
    let (code, out, _) = home.command(&["revoke", "127"]);
    assert!(code == 0 && out.contains("refresh token") && out.contains("401, as it should be"), "{out}");
}

#[test]
fn eight_programs_that_renew_one_account_at_once_make_one_request() {
    let (service, home) = (Service::start(&["--access-lifetime", "10min"]), home());
    signed_up(&service, &home);
    // Long enough ago that renewing is in order.
    let text = home.read("tokens.json");
    home.eight_times_at_once(&["renew", "127"]);
    assert_eq!(service.refreshes(), 1);
    let (_, token, _) = home.command(&["token", "127"]);
    assert!(!text.contains(token.trim()) && home.command(&["verify", "127"]).0 == 0, "the new one, and it works");
}

#[test]
fn killed_while_the_token_was_on_its_way_the_account_says_so() {
    let (service, home) = (Service::start(&["--fault", "token=late:1"]), home());
    signed_up(&service, &home);
    let mut program = home.spawn(&["renew", "127"]);
    while service.refreshes() == 0 {
        std::thread::yield_now();
    }
    let (_, busy) = home.json(&["list", "--json"]);
    assert_eq!(busy["accounts"][0]["status"], "renews", "it is being renewed, which is no trouble");
    program.kill().expect("killed");
    program.wait().expect("waited");

    let (_, listed) = home.json(&["list", "--json"]);
    assert_eq!(listed["accounts"][0]["status"], "unknown");
    assert!(home.command(&["show", "127"]).1.contains("outcome unknown"));
    let (code, _, err) = home.command(&["renew", "127"]);
    assert!(code == 5 && err.contains("was cut off") && service.refreshes() == 1, "{err}");

    let mut screen = Screen::start(&["renew", "127"], &home);
    screen.shows("How do you want to go on?");
    screen.line("1");
    screen.shows("works (200)");
    screen.line("2");
    // The sandbox took the token: sent once more, it ends everything. The person is led on.
    screen.shows("does not take the refresh token any more (invalid_grant, 400)");
    answer_to_code(&mut screen);
    screen.line(&service.newest_code());
    screen.shows("has a new credential");
    assert_eq!(screen.ends().0, 0);
    assert_eq!(home.json(&["list", "--json"]).1["accounts"][0]["status"], "renews");
}
