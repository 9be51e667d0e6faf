//! Signing up by skills, on the built program: a link by mail, a code by mail, a key at once, a key made with another.

use crate::support::terminal::{Home, Screen, Service, begin_sign_up_at, link_of};

/// Puts the skill of a service where the person's own are.
fn installed(service: &Service, home: &Home, name: &str) {
    let text = std::fs::read_to_string(service.skill(name, home)).expect("a skill");
    let folder = home.path("home/skills");
    std::fs::create_dir_all(&folder).expect("made");
    std::fs::write(format!("{folder}/{}.yaml", name.to_lowercase()), text).expect("written");
}

fn chosen(home: &Home, service: &Service, name: &str, way: &str) -> Screen {
    let skill = service.skill(name, home);
    let mut screen = Screen::start(&[], home);
    begin_sign_up_at(&mut screen, &skill);
    screen.shows(way);
    screen.keys("\r");
    screen
}

#[test]
fn a_code_from_a_mail_becomes_a_key_in_the_full_screen() {
    let (service, home) = (Service::start(&[]), Home::with_tokens());
    let mut screen = chosen(&home, &service, "Nightjar", "A code by e-mail");
    screen.shows("Your e-mail address");
    screen.line("Ada@Example.com");
    let text = screen.shows("Send this?");
    assert!(text.contains("ada@example.com (from .params.email | ascii_downcase)"), "{text}");
    assert!(service.posts().is_empty(), "{:?}", service.posts());
    screen.keys("y\r");
    screen.shows("Check your inbox");
    screen.line("BBBB-BBBB");
    screen.shows("does not take this code");
    // As a person types it.
    screen.keys("\x15");
    screen.line(&service.newest_code().to_lowercase().replace('-', " "));
    let text = screen.shows("is connected");
    assert!(text.contains("works (200)") && text.contains("ada@example.com"), "{text}");
    screen.keys("\rq");
    assert_eq!(screen.ends().0, 0);
    let (_, shown) = home.json(&["list", "--json"]);
    assert_eq!(shown["accounts"][0]["mode"], "email_code");
    assert_eq!(home.command(&["verify", "--all"]).0, 0);
}

#[test]
fn a_link_from_a_mail_leads_to_the_key_in_the_full_screen() {
    let (service, home) = (Service::start(&[]), Home::with_tokens());
    let mut screen = chosen(&home, &service, "Herald", "A link by e-mail");
    screen.shows("Your e-mail address");
    screen.line("ada@example.com");
    screen.shows("Send this?");
    screen.keys("y\r");
    let text = screen.shows("Herald key");
    assert!(text.contains("has mailed a link") && text.contains("/herald/dashboard"), "{text}");
    assert!(text.contains("If that address is one"), "the service's own words: {text}");
    assert!(!service.calls().iter().any(|call| call.contains("/in")), "nobody opens the link for them");
    screen.line(&Service::make_key_at(&service.newest_link()));
    screen.shows("works (200)");
    screen.keys("\rq");
    assert_eq!(screen.ends().0, 0);
    assert_eq!(home.json(&["list", "--json"]).1["accounts"][0]["mode"], "magic_link");
}

#[test]
fn a_key_comes_at_once_and_is_claimed_later_in_the_full_screen() {
    let (service, home) = (Service::start(&[]), Home::with_tokens());
    let mut screen = chosen(&home, &service, "Hatchling", "A key at once");
    screen.shows("What the agent is called");
    screen.line("Ada's agent");
    screen.shows("Send this?");
    screen.keys("y\r");
    screen.shows("works (200)");
    screen.shows("/hatchling/claim?agent=");
    // What is drawn last.
    let text = screen.shows("back to the list");
    assert!(text.contains("It is nobody's yet") && text.contains("Save your key"), "{text}");
    assert!(text.contains("never, as far as the service says"), "{text}");
    let page = link_of(&text);
    assert!(page.contains("/hatchling/claim?agent="), "{text}");
    screen.keys("\rq");
    assert_eq!(screen.ends().0, 0);
    let (_, shown) = home.json(&["list", "--json"]);
    assert_eq!(
        (&shown["accounts"][0]["mode"], &shown["accounts"][0]["status"]),
        (&"direct".into(), &"unclaimed".into())
    );
    assert_eq!(Service::visit(&page).0, 200);
    let (code, link, told) = home.command(&["token", "127", "--claim"]);
    assert_eq!((code, link.trim()), (0, page.as_str()), "told once, and kept");
    assert!(told.contains("It asks for: "), "{told}");
    let (code, _, told) = home.command(&["revoke", "127", "--yes"]);
    assert!(code != 0 && !told.contains("ends on"), "the time to claim is no end of the key: {told}");
    let (code, _, told) = home.command(&["review", "127"]);
    assert!(code == 0 && told.contains("is somebody's"), "{told}");
    let account = &home.json(&["list", "--json"]).1["accounts"][0];
    assert!(
        account["status"] == "ok" && account["expires_at"].is_null() && account["review_at"].is_string(),
        "{account}"
    );
}

#[test]
fn a_key_from_a_page_makes_another_one_in_the_full_screen() {
    let (service, home) = (Service::start(&[]), Home::with_tokens());
    let skill = service.skill("Foundry", &home);
    let mut screen = Screen::start(&[], &home);
    begin_sign_up_at(&mut screen, &skill);
    // Who has no key yet is not told to make one with it.
    screen.keys("\r");
    screen.shows("Foundry key");
    screen.line(&Service::make_key_at(&format!("{}/page", service.target("Foundry"))));
    screen.shows("works (200)");
    screen.keys("\r");
    screen.shows("1 account");
    // With it, another one.
    screen.keys("a");
    screen.shows("Which service?");
    screen.line(&skill);
    screen.shows("A new key, made with one that you have");
    screen.keys("\r");
    screen.shows("You are signed up at Foundry Keys already");
    screen.keys("3\r");
    screen.shows("Label");
    screen.line("ci");
    screen.shows("What the new key is called");
    screen.line("build");
    screen.shows("Make it with");
    screen.keys("\r");
    let text = screen.shows("Send this?");
    assert!(text.contains("shown with it") && !text.contains("sk_sandbox"), "{text}");
    screen.keys("y\r");
    screen.shows("works (200)");
    screen.keys("\r");
    screen.shows("2 accounts");
    // In its place, a third: then the second is ended.
    screen.keys("r");
    screen.shows("A new key, made with one that you have");
    screen.keys("\r");
    screen.shows("What the new key is called");
    screen.line("build");
    screen.shows("Make it with");
    screen.keys("\r");
    screen.shows("Send this?");
    screen.keys("y\r");
    screen.shows("End the former key now?");
    screen.keys("y\r");
    screen.shows("The former key was ended at the service.");
    screen.keys("\rq");
    assert_eq!(screen.ends().0, 0);
    assert!(service.calls().iter().any(|call| call.starts_with("DELETE /foundry/keys")), "{:?}", service.calls());
    let (_, shown) = home.json(&["list", "--json"]);
    assert_eq!(shown["accounts"].as_array().map(Vec::len), Some(2), "{shown}");
    assert_eq!(home.command(&["verify", "--all"]).0, 0);
}

/// By the name of a skill that the person has installed, with prompts.
#[test]
fn each_way_is_walked_with_prompts_too() {
    let (service, home) = (Service::start(&[]), Home::with_tokens());
    for name in ["Nightjar", "Herald", "Hatchling", "Foundry"] {
        installed(&service, &home, name);
    }
    let start = |name: &str, mode: &str| Screen::start(&["add", name, "--mode", mode], &home);

    let mut screen = start("nightjar", "email_code");
    screen.shows("Press Enter");
    screen.line("");
    screen.shows("Your e-mail address (or");
    screen.line("ada@example.com");
    screen.shows("Send this? yes or no");
    screen.line("yes");
    screen.shows("Code (or: new");
    screen.line(&service.newest_code());
    screen.shows("works (200)");
    assert_eq!(screen.ends().0, 0);

    let mut screen = start("herald", "magic_link");
    screen.shows("Press Enter");
    screen.line("");
    screen.shows("Your e-mail address (or");
    screen.line("ada@example.com");
    screen.shows("Send this? yes or no");
    screen.line("yes");
    screen.shows("Herald key (not shown");
    screen.line(&Service::make_key_at(&service.newest_link()));
    screen.shows("works (200)");
    assert_eq!(screen.ends().0, 0);

    let mut screen = start("hatchling", "direct");
    screen.shows("Press Enter");
    screen.line("");
    screen.shows("name (or");
    screen.line("Ada");
    screen.shows("Send this? yes or no");
    screen.line("yes");
    screen.shows("It is nobody's yet");
    screen.shows("works (200)");
    assert_eq!(screen.ends().0, 0);

    let mut screen = start("foundry", "api_key");
    screen.shows("Press Enter");
    screen.line("");
    screen.shows("Foundry key (not shown");
    screen.line(&Service::make_key_at(&format!("{}/page", service.target("Foundry"))));
    screen.shows("works (200)");
    assert_eq!(screen.ends().0, 0);

    let (_, shown) = home.json(&["list", "--json"]);
    let mut modes: Vec<&str> =
        shown["accounts"].as_array().expect("accounts").iter().filter_map(|account| account["mode"].as_str()).collect();
    modes.sort_unstable();
    assert_eq!(modes, ["api_key", "direct", "email_code", "magic_link"]);
}

#[test]
fn a_dry_run_shows_what_would_be_sent_and_sends_nothing() {
    let (service, home) = (Service::start(&[]), Home::with_tokens());
    let skill = service.skill("Nightjar", &home);
    let mut screen = Screen::start(&["add", &skill, "--dry-run"], &home);
    screen.shows("Press Enter");
    screen.line("");
    screen.shows("Your e-mail address (or");
    screen.line("ada@example.com");
    let text = screen.shows("Nothing was sent.");
    assert!(text.contains("/request-code") && text.contains("/verify-code"), "{text}");
    assert_eq!(screen.ends().0, 0);

    let mut screen = Screen::start(&["add", &skill, "--dry-run", "--json"], &home);
    screen.shows("Press Enter");
    screen.line("");
    screen.shows("Your e-mail address (or");
    screen.line("ada@example.com");
    let text = screen.shows("\"origin\": null");
    assert!(text.contains("\"origin\": \"from .params.email"), "{text}");
    assert_eq!(screen.ends().0, 0);
    assert!(
        service.posts().is_empty()
            && home.json(&["list", "--json"]).1["accounts"].as_array().is_some_and(Vec::is_empty)
    );
}

/// A second sign-up may end what came of the first: what is known of it is told.
#[test]
fn a_sign_up_that_was_not_finished_is_told_before_the_next_one() {
    let (service, home) = (Service::start(&[]), Home::with_tokens());
    let mut screen = chosen(&home, &service, "Nightjar", "A code by e-mail");
    screen.shows("Your e-mail address");
    screen.line("ada@example.com");
    screen.shows("Send this?");
    screen.keys("y\r");
    screen.shows("Check your inbox");
    screen.keys("\x1b");
    screen.shows("is not finished");
    screen.keys("y\r");
    screen.shows("Cancelled");
    screen.keys("\rq");
    assert_eq!(screen.ends().0, 0);

    let mut screen = chosen(&home, &service, "Nightjar", "A code by e-mail");
    screen.shows("Your e-mail address");
    screen.line("ada@example.com");
    let text = screen.shows("Send this?");
    assert!(text.contains("begun, and not finished"), "{text}");
    screen.keys("n\r");
    screen.shows("Cancelled");
}

#[test]
fn the_demo_lets_one_walk_them_from_its_list() {
    let home = Home::new();
    let mut screen = Screen::start(&["demo"], &home);
    screen.shows("need you");
    screen.keys("G");
    screen.shows("not connected yet");
    screen.keys("/hatch\r\r");
    screen.shows("A key at once");
    screen.keys("\r");
    screen.shows("What the agent is called");
    screen.line("Ada");
    screen.shows("Send this?");
    screen.keys("y\r");
    screen.shows("/hatchling/claim?agent=");
    screen.keys("\r");
    screen.shows("unclaimed");
    screen.keys("q");
    assert_eq!(screen.ends().0, 0);
    assert_eq!(std::fs::read_dir(home.folder.path()).expect("readable").count(), 0, "nothing is left behind");
}

/// A key without an end has a day on which somebody looks at it; one that is held twice is noticed.
#[test]
fn keys_without_an_end_are_looked_at_and_twins_are_told() {
    let (service, home) = (Service::start(&[]), Home::with_tokens());
    installed(&service, &home, "Foundry");
    let key = Service::make_key_at(&format!("{}/page", service.target("Foundry")));
    for label in ["work", "home"] {
        let mut screen = Screen::start(&["add", "foundry", "--mode", "api_key", "--label", label], &home);
        screen.shows("Press Enter");
        screen.line("");
        screen.shows("Foundry key (not shown");
        screen.line(&key);
        screen.shows("to be looked at in ");
        assert_eq!(screen.ends().0, 0);
    }
    let (_, shown) = home.json(&["list", "--json"]);
    let account = &shown["accounts"][0];
    assert!(account["expires_at"].is_null() && account["review_at"].is_string(), "{account}");
    assert_eq!(account["same_as"][0], shown["accounts"][1]["id"]);
    let id = account["id"].as_str().expect("an id");
    assert!(!home.command(&["list"]).1.contains("SCOPES"), "nobody has any: their column is left out");
    assert_eq!(home.command(&["show", "home"]).0, 0, "a label that only one has is a name");
    let (code, text, _) = home.command(&["show", id]);
    assert!(code == 0 && text.contains("same key as") && text.contains("look at it"), "{text}");
    assert!(!text.contains(&key), "{text}");
    assert!(home.json(&["list", "--within", "30d", "--json"]).1["accounts"].as_array().is_some_and(Vec::is_empty));
    assert!(!text.contains("once you have"), "{text}");
    assert_eq!(home.command(&["review", id, "--after", "2d"]).0, 0);
    assert!(home.command(&["show", id]).1.contains(&format!("once you have: authmd-tui review {id}")));
    let (code, _, told) = home.command(&["review", id, "--after", "20d"]);
    assert!(code == 0 && told.contains("to be looked at in "), "{told}");
    let (_, shown) = home.json(&["list", "--within", "30d", "--json"]);
    assert_eq!(shown["accounts"].as_array().map(Vec::len), Some(1), "{shown}");
    assert!(home.command(&["list"]).1.contains("review 1"), "{}", home.command(&["list"]).1);
}

#[test]
fn what_has_changed_in_a_skill_is_shown_before_it_is_used_again() {
    let (service, home) = (Service::start(&[]), Home::with_tokens());
    installed(&service, &home, "Nightjar");
    let begin = || Screen::start(&["add", "nightjar", "--dry-run"], &home);
    let mut screen = begin();
    screen.shows("Press Enter");
    screen.line("");
    screen.shows("Your e-mail address (or");
    screen.line("ada@example.com");
    screen.shows("Nothing was sent.");
    assert_eq!(screen.ends().0, 0);

    let path = home.path("home/skills/nightjar.yaml");
    let text = std::fs::read_to_string(&path).expect("a skill").replace("/request-code", "/collect");
    std::fs::write(&path, text).expect("written");
    let (_, found) = home.json(&["discover", "nightjar", "--json"]);
    assert!(found["findings"].to_string().contains("skill_changed"), "{found}");
    let mut screen = begin();
    let text = screen.shows("Use it as it is now? yes or no");
    assert!(text.contains("/collect") && text.contains("/request-code"), "{text}");
    screen.line("no");
    assert_eq!(screen.ends().0, 130);
    assert!(service.posts().is_empty());
}

/// Shown and asked for each time; off unless somebody has said so for the account.
#[test]
fn a_credential_is_handed_to_a_file_and_a_command_and_again_when_there_is_a_new_one() {
    let (service, home) = (Service::start(&[]), Home::with_tokens());
    installed(&service, &home, "Foundry");
    let page = format!("{}/page", service.target("Foundry"));
    let bring = |screen: &mut Screen, asks: &str, answer: &str| {
        let key = Service::make_key_at(&page);
        screen.shows(asks);
        screen.line(answer);
        screen.shows("Foundry key (not shown");
        screen.line(&key);
        screen.shows("works (200)");
        key
    };
    let mut screen = Screen::start(&["add", "foundry", "--mode", "api_key"], &home);
    let first = bring(&mut screen, "Press Enter", "");
    assert_eq!(screen.ends().0, 0);

    let file = home.path("acme.env");
    std::fs::write(&file, "OTHER=1\nFOUNDRY_KEYS_API_KEY=old\n").expect("written");
    let (code, _, told) = home.command(&["handover", "127", "--env-file", &file]);
    assert!(code == 5 && told.contains("needs a person"), "{code} {told}");
    let mut screen = Screen::start(&["handover", "127", "--env-file", &file], &home);
    let text = screen.shows("Hand it over? yes or no");
    assert!(text.contains("FOUNDRY_KEYS_API_KEY") && !text.contains(&first), "{text}");
    screen.line("yes");
    screen.shows("Handed to");
    assert_eq!(screen.ends().0, 0);
    assert_eq!(home.read("acme.env"), format!("OTHER=1\nFOUNDRY_KEYS_API_KEY={first}\n"));

    // A new one, in place: it is asked whether that goes there, too.
    let mut screen = Screen::start(&["renew", "127"], &home);
    // As it was obtained, first; or made with the one that there is.
    let second = bring(&mut screen, "Type 1 to 2", "1");
    screen.shows("Hand it over? yes or no");
    screen.line("yes");
    screen.shows("Handed to");
    assert_eq!(screen.ends().0, 0);
    assert_eq!(home.read("acme.env"), format!("OTHER=1\nFOUNDRY_KEYS_API_KEY={second}\n"));

    let kept = home.path("stdin");
    let mut screen = Screen::start(&["handover", "127", "--", "sh", "-c", &format!("cat > {kept}")], &home);
    screen.shows("Hand it over? yes or no");
    screen.line("yes");
    screen.shows("Handed to");
    assert_eq!((screen.ends().0, home.read("stdin")), (0, second));
    let mut screen = Screen::start(&["handover", "127", "--", "sh", "-c", "echo not today >&2; exit 3"], &home);
    screen.shows("Hand it over? yes or no");
    screen.line("yes");
    screen.shows("and says: not today");
    assert_eq!(screen.ends().0, 1);
    let (_, shown, _) = home.command(&["show", "127"]);
    assert!(shown.contains("cat > ") && !shown.contains("not today"), "the place that worked stays: {shown}");
    assert_eq!(home.command(&["handover", "127", "--off"]).0, 0);
    assert_eq!(home.command(&["handover", "127"]).0, 2, "nobody has said where it goes");
    assert_eq!(home.command(&["verify", "--all"]).0, 0);
}
