//! Signing in by OAuth with the built program: a browser here, a browser elsewhere, a code.

use super::manners::signal;
use crate::support::terminal::{Home, Screen, Service, begin_sign_up, begin_sign_up_at, exists, link_of};

/// Up to the sign-in, in the full screen: the nth of the ways, and consent.
fn sign_in(screen: &mut Screen, service: &Service, nth: &str) {
    begin_sign_up(screen, service, "Meridian");
    screen.keys(nth);
    screen.keys("\r");
    screen.shows("Nothing has been sent yet.");
    screen.keys("y\r");
}

#[test]
fn the_browser_is_opened_and_its_answer_comes_back_by_itself() {
    let (service, home) = (Service::start(&[]), Home::with_tokens().with_browser());
    let mut screen = Screen::start(&[], &home);
    sign_in(&mut screen, &service, "1");
    let text = screen.shows_sign_in();
    assert!(text.contains("comes back here"), "{text}");
    // The link is on the screen as a whole, and it is the one that was opened.
    let link = link_of(&text);
    assert_eq!(home.opening(), link);
    let back = Service::browse(&link, "allow");
    let (status, page) = Service::visit(&back);
    assert!(status == 200 && page.contains("You can close this page"), "{page}");
    let text = screen.shows("is connected");
    assert!(text.contains("works (200)") && text.contains("renews by itself"), "{text}");
    screen.keys("\r");
    screen.until(|text| text.contains("1 account") && text.contains("OAuth") && text.contains("renews"), "the list");
    screen.keys("q");
    assert_eq!(screen.ends().0, 0);

    // Everything afterwards needs nobody, as who it is known for.
    let (code, token, _) = home.command(&["token", "meridian"]);
    assert!(code == 0 && token.starts_with("at_sandbox_"), "{token}");
    service.fault("token", "narrowed");
    let (_, before, _) = home.command(&["token", "meridian"]);
    let (code, _, told) = home.command(&["renew", "meridian"]);
    assert!(code == 5 && told.contains("would not have any more: notes.write"), "{told}");
    assert_eq!(home.command(&["token", "meridian"]).1, before, "what may do more is kept until somebody decides");
    let status = || home.json(&["show", "meridian", "--json"]).1["accounts"][0]["status"].clone();
    assert_eq!((home.command(&["check"]).0, status()), (4, "due".into()), "who was not there hears of it");
    assert!(home.command(&["show", "meridian"]).1.contains("the next one may do less"));
    let (code, _, told) = home.command(&["renew", "--due"]);
    assert!(code == 5 && told.contains("somebody has to decide"), "and nothing is spent on it again: {told}");
    service.fault("token", "narrowed");
    let mut asked = Screen::start(&["renew", "meridian"], &home);
    asked.shows("Which one do you want?");
    asked.line("1");
    asked.shows("has a new credential");
    assert_eq!(asked.ends().0, 0);
    assert_ne!(home.command(&["token", "meridian"]).1, before);
    assert_eq!((home.command(&["check"]).0, status()), (0, "renews".into()), "it is decided");
    let (_, shown) = home.json(&["show", "meridian", "--json"]);
    let account = &shown["accounts"][0];
    assert_eq!((&account["mode"], &account["audience"]), (&"oauth".into(), &account["resource"]));
    let kinds: Vec<_> = account["layers"].as_array().expect("layers").iter().map(|layer| &layer["kind"]).collect();
    assert_eq!(kinds, ["access_token", "refresh_token", "client_registration"]);
    let (code, told, _) = home.command(&["revoke", "meridian"]);
    assert!(code == 0 && told.contains("refresh token") && told.contains("401, as it should be"), "{told}");
}

#[test]
fn over_ssh_nothing_is_opened_and_where_the_browser_ended_up_is_pasted() {
    let (service, home) = (Service::start(&[]), Home::with_tokens().with_browser().over_ssh());
    let mut screen = Screen::start(&[], &home);
    sign_in(&mut screen, &service, "2");
    let text = screen.shows_sign_in();
    let tunnel = text.lines().find(|row| row.starts_with("ssh -N -L ")).expect("a line to run").trim_end();
    assert!(tunnel.ends_with(" -p 2222 ada@203.0.113.5"), "{tunnel}");
    assert!(!exists(&home.path("opening")), "no browser over SSH");
    let back = Service::browse(&link_of(&text), "allow");
    let port = back.split(':').nth(2).and_then(|rest| rest.split('/').next()).expect("a port");
    assert!(tunnel.contains(&format!("-L {port}:127.0.0.1:{port}")), "{tunnel} {back}");
    screen.keys("\x1b[200~nonsense and more\x1b[201~\r");
    screen.shows("There is no answer in that.");
    screen.keys(&format!("\x15\x1b[200~{back}\x1b[201~"));
    let text = screen.shows("••••••••");
    assert!(!text.contains("code_sandbox"), "what is pasted is not shown");
    screen.keys("\r");
    screen.shows("is connected");
}

#[test]
fn a_code_can_be_typed_in_a_browser_anywhere_and_had_anew() {
    let (service, home) = (Service::start(&["--poll-interval", "1s"]), Home::with_tokens().over_ssh());
    let mut screen = Screen::start(&[], &home);
    sign_in(&mut screen, &service, "1");
    let text = screen.shows("waiting for you");
    let code = |text: &str| {
        let row =
            text.lines().find(|row| row.trim().len() == 17 && row.contains(" - ")).unwrap_or_else(|| panic!("{text}"));
        row.split_whitespace().collect::<String>()
    };
    let first = code(&text);
    screen.keys("n");
    let text = screen.until(|text| text.contains("waiting for you") && !text.contains(&spaced(&first)), "another code");
    let page = link_of(&text);
    assert_eq!(Service::type_code(&page, "WRNG-CODE", "allow"), 400);
    assert_eq!(Service::type_code(&page, &code(&text), "allow"), 200);
    screen.shows("is connected");
    screen.keys("\r");
    screen.shows("device");
}

fn spaced(code: &str) -> String {
    code.chars().map(|c| c.to_string()).collect::<Vec<_>>().join(" ")
}

#[test]
fn with_prompts_the_browsers_answer_may_come_before_any_typed_line() {
    let (service, home) = (Service::start(&[]), Home::with_tokens().with_browser());
    let mut screen = Screen::start(&["add", &service.target("Meridian"), "--mode", "oauth"], &home);
    screen.shows("Press Enter");
    screen.line("");
    screen.shows("Sign in to Meridian Notes?");
    screen.line("yes");
    screen.shows("Where the browser ended up");
    let back = Service::browse(&home.opening(), "allow");
    assert_eq!(Service::visit(&back).0, 200);
    screen.shows("is connected");
    assert_eq!(screen.ends().0, 0);
    assert_eq!(home.command(&["verify", "--all"]).0, 0);
}

#[test]
fn with_prompts_a_line_can_be_pasted_and_other_ways_be_asked_for() {
    let (service, home) = (Service::start(&["--poll-interval", "1s"]), Home::with_tokens().over_ssh());
    let mut screen = Screen::start(&["add", &service.target("Meridian"), "--mode", "oauth"], &home);
    screen.shows("Press Enter");
    screen.line("");
    screen.shows("Sign in to Meridian Notes?");
    screen.line("yes");
    let text = screen.shows("Where the browser ended up");
    assert!(text.lines().any(|row| row.starts_with("ssh -N -L ")), "{text}");
    screen.keys("other\r");
    screen.shows("How do you want to go on?");
    screen.line("5");
    let text = screen.shows("The code:");
    let code =
        text.split("The code:").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("a code").to_owned();
    let page = format!("{}/code", service.target("Meridian"));
    assert_eq!(Service::type_code(&page, &code, "allow"), 200);
    screen.shows("is connected");
    assert_eq!(screen.ends().0, 0);
}

#[test]
fn what_comes_back_wrong_keeps_nothing_and_leaves_a_way_on() {
    for (fault, told) in [
        ("authorize=wrong_state:1", "does not belong to this sign-in"),
        ("authorize=wrong_issuer:1", "https://elsewhere.example, which was not"),
        ("authorize=no_code:1", "without a code"),
        ("authorize=access_denied:1", "told not to let you in"),
        ("token=html:1", "cannot be read"),
        ("token=no_token_type:1", "without saying of which type"),
        ("token=invalid_grant:1", "does not take what came back"),
    ] {
        let (service, home) = (Service::start(&["--fault", fault]), Home::with_tokens().with_browser());
        let mut screen = Screen::start(&[], &home);
        sign_in(&mut screen, &service, "1");
        let text = screen.shows_sign_in();
        let back = Service::browse(&link_of(&text), "allow");
        Service::visit(&back);
        screen.shows(told);
        assert!(!exists(&home.path("tokens.json")), "{fault}");
        // What is not of this sign-in leaves the link as it is; everything else leads to another one.
        let link = if fault.contains("wrong_state") {
            link_of(&text)
        } else {
            screen.shows("Make a new link");
            screen.keys("y\r");
            link_of(&screen.shows_sign_in())
        };
        Service::visit(&Service::browse(&link, "allow"));
        screen.shows("is connected");
    }
}

#[test]
fn a_browser_that_does_not_start_is_told_and_the_link_is_there() {
    let (service, mut home) = (Service::start(&[]), Home::with_tokens());
    home.extra.push(("BROWSER", "/nonexistent/browser".into()));
    let mut screen = Screen::start(&[], &home);
    sign_in(&mut screen, &service, "1");
    let text = screen.shows("The browser did not start");
    Service::visit(&Service::browse(&link_of(&text), "allow"));
    screen.shows("is connected");
}

#[test]
fn a_skill_says_how_a_key_is_had_in_a_browser_and_it_is_so_again() {
    let (service, home) = (Service::start(&[]), Home::with_tokens().with_browser());
    let skill = service.skill("Lantern", &home);
    let mut screen = Screen::start(&[], &home);
    begin_sign_up_at(&mut screen, &skill);
    let text = screen.shows("OAuth, in your browser");
    assert!(text.contains("Lantern Models"), "{text}");
    assert!(service.calls().is_empty(), "a file is read, and nobody asked: {:?}", service.calls());
    screen.keys("\r");
    screen.shows("Nothing has been sent yet.");
    screen.keys("y\r");
    let text = screen.shows_sign_in();
    let back = Service::browse(&link_of(&text), "allow");
    assert!(!back.contains("state="), "it has none: {back}");
    assert_eq!(Service::visit(&back).0, 200);
    let text = screen.shows("is connected");
    assert!(text.contains("works (200)"), "{text}");
    screen.keys("\r");
    screen.shows("1 account");

    // In place, from the same file.
    screen.keys("r");
    screen.shows("OAuth, in your browser");
    screen.keys("\r");
    screen.shows("Nothing has been sent yet.");
    screen.keys("y\r");
    let text = screen.shows_sign_in();
    Service::visit(&Service::browse(&link_of(&text), "allow"));
    screen.shows("has a new credential");
    screen.keys("\rq");
    assert_eq!(screen.ends().0, 0);
    let (code, token, _) = home.command(&["token", "127"]);
    assert!(code == 0 && token.starts_with("sk_sandbox_"), "{token}");
    let (_, shown) = home.json(&["list", "--json"]);
    assert_eq!(shown["accounts"].as_array().map(Vec::len), Some(1), "{shown}");
    assert_eq!(shown["accounts"][0]["renewal"], "person");
}

#[test]
fn a_skill_says_how_a_pairing_goes_and_prompts_walk_it() {
    let (service, home) = (Service::start(&["--poll-interval", "1s"]), Home::with_tokens().over_ssh());
    let skill = service.skill("Tandem", &home);
    let (code, found) = home.json(&["discover", &skill, "--json"]);
    assert_eq!((code, &found["verdict"], &found["offers"][0]["mode"]), (0, &"signup".into(), &"device".into()));
    let pair = |decision: &str| {
        let mut screen = Screen::start(&["add", &skill], &home);
        screen.shows("Press Enter");
        screen.line("");
        screen.shows("Sign in to Tandem Render?");
        screen.line("yes");
        let text = screen.shows("The code:");
        let code = text.split("The code:").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("a code");
        let page = format!("{}/pair", service.target("Tandem"));
        assert_eq!(Service::type_code(&page, code, decision), 200);
        screen
    };
    let mut screen = pair("deny");
    screen.shows("turned down");
    screen.line("no");
    assert_eq!(screen.ends().0, 6);
    let mut screen = pair("allow");
    screen.shows("is connected");
    // In the header that the skill names.
    screen.shows("works (200)");
    screen.shows("x-tandem-key: $(authmd-tui token");
    assert_eq!(screen.ends().0, 0);
    assert_eq!(home.command(&["verify", "--all"]).0, 0);
}

#[test]
fn a_skill_that_is_not_there_or_is_none_is_told_in_two_lines() {
    let home = Home::with_tokens();
    let (code, _, told) = home.command(&["discover", "./no-such-skill.yaml"]);
    assert!(code == 2 && told.contains("./no-such-skill.yaml cannot be read"), "{code} {told}");
    for (text, why) in [("id: x\nwebsite: 'http://a.dev'", "not encrypted"), ("\u{1b}[2J: {", "cannot be used")] {
        let path = home.path("skill.yaml");
        std::fs::write(&path, text).expect("written");
        let (code, _, told) = home.command(&["discover", &path]);
        assert!(code == 2 && told.contains(why) && told.contains("hint: "), "{code} {told}");
        assert!(!told.contains('\u{1b}'), "{told:?}");
    }
    let path = home.path("skill.yaml");
    std::fs::write(&path, vec![b'#'; 70_000]).expect("written");
    assert!(home.command(&["discover", &path]).2.contains("longer than 64 KiB"));
    std::fs::write(&path, [0xff, 0xfe]).expect("written");
    assert_eq!(home.command(&["discover", &path]).0, 2);
}

#[test]
fn at_a_question_after_the_browsers_answer_a_signal_ends_it() {
    for (name, code) in [("TERM", 143), ("HUP", 129)] {
        let service = Service::start(&["--fault", "authorize=access_denied:1"]);
        let home = Home::with_tokens().with_browser();
        let mut screen = Screen::start(&["add", &service.target("Meridian"), "--mode", "oauth"], &home);
        screen.shows("Press Enter");
        screen.line("");
        screen.shows("Sign in to Meridian Notes?");
        screen.line("yes");
        screen.shows("Where the browser ended up");
        // The line that was asked for is not wanted any more; it is read all the same.
        Service::visit(&Service::browse(&home.opening(), "allow"));
        screen.shows("Sign in with a new link?");
        signal(screen.process(), name);
        assert_eq!(screen.ends().0, code, "{name}");
    }
}

#[test]
fn with_prompts_a_word_is_a_word_where_something_is_to_be_pasted() {
    let (service, home) = (Service::start(&[]), Home::with_tokens().with_browser());
    let mut screen = Screen::start(&["add", &service.target("Meridian"), "--mode", "oauth"], &home);
    screen.shows("Press Enter");
    screen.line("");
    screen.shows("Sign in to Meridian Notes?");
    screen.line("yes");
    screen.shows("Where the browser ended up");
    screen.keys("cancel\r");
    screen.shows("Cancel all the same?");
    screen.line("yes");
    assert_eq!(screen.ends().0, 130);
    assert!(!service.posts().iter().any(|call| call.contains("token")), "{:?}", service.posts());
}

#[test]
fn a_skill_says_where_a_key_is_made_and_the_page_is_opened() {
    let (service, home) = (Service::start(&[]), Home::with_tokens().with_browser());
    let skill = service.skill("Lantern", &home);
    let mut screen = Screen::start(&[], &home);
    begin_sign_up_at(&mut screen, &skill);
    screen.shows("A key from its page");
    screen.keys("2\r");
    screen.shows("Lantern key");
    let page = home.opening();
    assert!(page.ends_with("/lantern/page"), "{page}");
    screen.line("sk_of_another_service");
    screen.shows("does not look like what Lantern Models calls");
    screen.keys("\x15");
    screen.line(&Service::make_key_at(&page));
    screen.shows("works (200)");
    screen.keys("\rq");
    assert_eq!(screen.ends().0, 0);
    let (_, shown) = home.json(&["list", "--json"]);
    assert_eq!(shown["accounts"][0]["mode"], "api_key");
}
