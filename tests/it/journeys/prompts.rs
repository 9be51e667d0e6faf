//! The same walk with prompts, and its record.

use serde_json::Value;

use crate::support::terminal::{Home, Screen, Service, answer_to_code, exists};

#[test]
fn signed_up_with_prompts_and_recorded_without_secrets() {
    let (service, home) = (Service::start(&[]), Home::with_tokens());
    let mut screen = Screen::start(&["add", &service.target("Acme"), "--events", "events.jsonl"], &home);
    answer_to_code(&mut screen);
    let code = service.newest_code();
    screen.line(&code);
    screen.shows("Acme Mail is connected.");
    let (exit, _) = screen.ends();
    assert_eq!(exit, 0);

    let events = home.read("events.jsonl");
    let lines: Vec<Value> = events.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let mut ids: Vec<&str> = lines.iter().filter_map(|line| line["id"].as_str()).collect();
    ids.dedup();
    assert_eq!(ids, ["discovering", "offer", "consent", "waiting", "email", "waiting", "code", "waiting", "done"]);
    let prompts: Vec<&str> = lines.iter().filter_map(|line| line["prompt"].as_str()).collect();
    assert_eq!(prompts, ["pick", "confirm", "email", "code"]);
    let last = lines.last().expect("an outcome");
    assert_eq!(
        (last["type"].as_str(), last["outcome"].as_str(), last["account"]["id"].as_str()),
        (Some("outcome"), Some("connected"), Some("127.0.0.1"))
    );
    let credential = home.command(&["token", "127"]).1;
    for secret in [credential.trim(), code.as_str(), "clm_sandbox"] {
        assert!(!events.contains(secret), "{secret} is in the record");
    }
}

#[test]
fn without_a_terminal_nothing_is_sent() {
    let (service, home) = (Service::start(&[]), Home::with_tokens());
    let (code, out, err) = home.command(&["add", &service.target("Acme")]);
    assert_eq!((code, out.as_str()), (5, ""));
    assert!(err.contains("a person at a terminal") && err.contains("hint: "), "{err}");
    assert_eq!(service.calls(), Vec::<String>::new());
}

#[test]
fn a_no_at_consent_is_the_end_and_nothing_was_posted() {
    let (service, home) = (Service::start(&[]), Home::with_tokens());
    let mut screen = Screen::start(&["add", &service.target("Acme")], &home);
    screen.shows("How do you want to sign up?");
    screen.line("1");
    screen.shows("Register an account on");
    screen.line("sure");
    screen.shows("Type yes or no.");
    screen.line("no");
    let (code, _) = screen.ends();
    assert_eq!((code, service.posts()), (130, vec![]));
}

#[test]
fn back_leads_through_the_questions_and_cancel_asks_when_something_is_at_stake() {
    let (service, home) = (Service::start(&[]), Home::with_tokens());
    let mut screen = Screen::start(&["add", &service.target("Acme")], &home);
    answer_to_code(&mut screen);
    screen.line("back");
    screen.until(|text| text.matches("Your e-mail address").count() >= 2, "the e-mail question again");
    screen.line("bob@example.com");
    screen.shows("on its way to bob@example.com");
    screen.line("cancel");
    screen.shows("(yes/no):");
    screen.line("no");
    screen.until(|text| text.matches("The code (or").count() >= 3, "the code question again");
    screen.line("cancel");
    screen.until(|text| text.matches("(yes/no):").count() >= 2, "asked again");
    screen.line("yes");
    assert_eq!(screen.ends().0, 130);
    assert!(!exists(&home.path("tokens.json")));
}

#[test]
fn three_wrong_codes_end_with_the_services_no() {
    let (service, home) = (Service::start(&["--fault", "complete=otp_invalid"]), Home::with_tokens());
    let mut screen = Screen::start(&["add", &service.target("Beacon")], &home);
    answer_to_code(&mut screen);
    for left in ["2 tries are left", "1 try is left", "Three codes were not right"] {
        screen.line("123456");
        screen.shows(left);
    }
    assert_eq!(screen.ends().0, 6);
    assert!(!exists(&home.path("tokens.json")), "nothing was kept");
}

#[test]
fn a_code_that_expired_is_sent_again() {
    let (service, home) = (Service::start(&["--fault", "complete=otp_expired:1"]), Home::with_tokens());
    let mut screen = Screen::start(&["add", &service.target("Acme")], &home);
    answer_to_code(&mut screen);
    screen.line(&service.newest_code());
    screen.shows("Have a new code sent?");
    screen.line("yes");
    screen.until(|text| text.matches("The code (or").count() >= 2, "the code question again");
    screen.line(&service.newest_code());
    screen.shows("is connected");
    assert_eq!(screen.ends().0, 0);
}

#[test]
fn a_service_that_goes_down_in_the_middle() {
    let (mut service, home) = (Service::start(&[]), Home::with_tokens());
    let mut screen = Screen::start(&["add", &service.target("Acme")], &home);
    answer_to_code(&mut screen);
    service.kill();
    screen.line("123456");
    let told = screen.shows("Try again? yes or no");
    assert!(told.contains("Nothing reached Acme Mail") && told.contains("could not be reached"), "{told}");
    screen.line("no");
    let (code, _) = screen.ends();
    assert_eq!(code, 7);
    assert!(!exists(&home.path("tokens.json")));
}

#[test]
fn a_store_that_fails_at_the_last_moment_loses_nothing() {
    let (service, mut home) = (Service::start(&[]), Home::new());
    home.token_file = Some(home.path("below/tokens.json"));
    let mut screen = Screen::start(&["add", &service.target("Acme")], &home);
    answer_to_code(&mut screen);
    std::fs::write(home.path("below"), "in the way").expect("written");
    screen.line(&service.newest_code());
    let told = screen.shows("Type 1 to 2");
    assert!(told.contains("could not be stored") && told.contains("Try again"), "{told}");
    screen.line("1");
    screen.until(|text| text.matches("Type 1 to 2").count() >= 2, "the choice again");
    screen.line("2");
    screen.shows("(yes/no):");
    screen.line("yes");
    screen.shows("sk_sandbox_");
    assert_eq!(screen.ends().0, 0);
}

#[test]
fn a_store_that_cannot_be_written_is_said_before_anything_is_sent() {
    let (service, mut home) = (Service::start(&[]), Home::new());
    std::fs::write(home.path("below"), "in the way").expect("written");
    home.token_file = Some(home.path("below/tokens.json"));
    let mut screen = Screen::start(&["add", &service.target("Acme")], &home);
    screen.shows("How do you want to sign up?");
    screen.line("1");
    screen.shows("Where should the credential be kept?");
    assert_eq!(service.posts(), Vec::<String>::new());
    screen.line("cancel");
    assert_eq!(screen.ends().0, 130);
}

/// With nothing decided: answers up to the question where to keep it, and says which.
fn sign_up_choosing(service: &Service, home: &Home, choice: &str) -> Screen {
    let mut screen = Screen::start(&["add", &service.target("Acme")], home);
    screen.shows("How do you want to sign up?");
    screen.line("1");
    screen.shows("Where should the credential be kept?");
    screen.shows("Type 1 to 4");
    screen.line(choice);
    screen
}

fn to_the_end(screen: &mut Screen, service: &Service) {
    screen.shows("Register an account on");
    screen.line("yes");
    screen.shows("Your e-mail address (or");
    screen.line("ada@example.com");
    screen.shows("The code (or");
    screen.line(&service.newest_code());
    screen.shows("is connected");
    assert_eq!(screen.ends().0, 0);
}

#[test]
fn where_nothing_was_decided_the_person_says_where_to_keep_it() {
    let (service, home) = (Service::start(&[]), Home::new());
    let mut screen = sign_up_choosing(&service, &home, "3");
    to_the_end(&mut screen, &service);
    assert_eq!(home.json(&["list", "--json"]).1["accounts"][0]["store"], "json", "from then on that file is the store");
}

#[test]
fn a_vault_is_made_before_anything_is_sent_and_opened_by_its_passphrase() {
    let (service, home) = (Service::start(&[]), Home::new());
    let mut screen = sign_up_choosing(&service, &home, "1");
    screen.shows("New passphrase");
    screen.line("short");
    screen.shows("at least 8 characters");
    screen.line("correct horse");
    screen.shows("Once more");
    screen.line("correct house");
    screen.shows("not the same");
    screen.line("correct horse");
    screen.shows("Once more");
    screen.line("correct horse");
    screen.shows("Register an account on");
    assert!(exists(&home.path("home/vault/vault.sqlite")) && service.posts().is_empty());
    to_the_end(&mut screen, &service);

    let listed = home.json(&["list", "--json"]);
    assert_eq!((listed.0, &listed.1["accounts"][0]["store"]), (0, &serde_json::json!("vault")), "nothing was typed");
    let (code, out, err) = home.command(&["token", "127"]);
    assert!(code == 8 && out.is_empty() && err.contains("locked"), "{err}");

    let mut screen = Screen::start(&["token", "127"], &home);
    screen.shows("Passphrase of the vault");
    screen.line("wrong horse");
    screen.shows("does not open the vault");
    screen.line("correct horse");
    let (code, text) = screen.ends();
    assert!(code == 0 && text.contains("sk_sandbox_") && !text.contains("horse"), "{text}");
}

#[test]
fn renewing_with_prompts_keeps_the_account() {
    let (service, home) = (Service::start(&[]), Home::with_tokens());
    for command in [vec!["add", "TARGET"], vec!["renew", "Acme"]] {
        let target = service.target("Acme");
        let arguments: Vec<&str> =
            command.iter().map(|word| if *word == "TARGET" { target.as_str() } else { word }).collect();
        let mut screen = Screen::start(&arguments, &home);
        answer_to_code(&mut screen);
        screen.line(&service.newest_code());
        assert_eq!(screen.ends().0, 0);
    }
    let (_, listed) = home.json(&["list", "--json"]);
    let accounts = listed["accounts"].as_array().expect("accounts");
    assert!(accounts.len() == 1 && accounts[0]["renewed_at"].is_string(), "{listed}");
}

#[test]
fn a_record_that_cannot_be_written_is_said_before_anything_happens() {
    let (service, home) = (Service::start(&[]), Home::with_tokens());
    let mut screen = Screen::start(&["add", &service.target("Acme"), "--events", "no/such/folder/file"], &home);
    let (code, text) = screen.ends();
    assert!(code == 2 && text.contains("cannot be written") && text.contains("hint: "), "{text}");
    assert!(service.calls().is_empty());
}
