//! The whole walk by keys.

use crate::support::terminal::{Home, Screen, Service, begin_sign_up};

const ESC: &str = "\u{1b}";
const RIGHT: &str = "\u{1b}[C";

/// Walks from the offer to the end; the pane shows "done" then.
fn walk(screen: &mut Screen, service: &Service, email: &str) {
    screen.shows("How do you want to ");
    screen.keys("\r");
    consent(screen);
    screen.shows("sends a code there");
    screen.line(email);
    screen.shows("┌───┐");
    screen.line(&service.newest_code());
}

fn consent(screen: &mut Screen) {
    screen.shows("Yes, register");
    screen.keys("y");
    screen.keys("\r");
}

#[test]
fn signed_up_listed_verified_renewed_and_revoked() {
    let (service, home) = (Service::start(&[]), Home::with_tokens());
    let mut screen = Screen::start(&[], &home);
    begin_sign_up(&mut screen, &service, "Acme");
    screen.shows("✓ auth.md");
    assert!(service.posts().is_empty(), "nothing is posted by looking");
    walk(&mut screen, &service, "ada@example.com");
    let done = screen.shows("is connected");
    assert!(
        done.contains("mail.read, mail.send")
            && done.contains("bound to  ada@example.com")
            && done.contains("works (200)"),
        "{done}"
    );
    screen.keys("\r");
    let listed = |text: &str| text.contains("▌ ● Acme Mail") && text.contains("q quit");
    let list = screen.until(listed, "the list");
    assert!(list.contains("1 account ") && list.contains("in 30 days") | list.contains("in 29 days"), "{list}");
    let first = home.command(&["token", "Acme"]).1;

    screen.keys("v");
    screen.shows("127.0.0.1 works (200).");

    screen.keys("r");
    walk(&mut screen, &service, "ada@example.com");
    screen.shows("Renewed: 127.0.0.1 has a new credential.");
    screen.keys("\r");
    screen.shows("1 account ");
    let second = home.command(&["token", "Acme"]).1;
    assert!(second.starts_with("sk_sandbox_") && second != first);

    screen.keys("x");
    screen.shows("Revoke 127.0.0.1?");
    screen.keys("y");
    screen.keys("\r");
    let revoked = screen.shows("as it should be");
    assert!(revoked.contains("200, accepted") && revoked.contains("removed here"), "{revoked}");
    screen.keys("\r");
    screen.shows("No accounts yet.");
    assert!(!home.read("tokens.json").contains("sk_sandbox"));
    screen.keys("q");
    assert_eq!(screen.ends().0, 0);
    assert!(!screen.is_alternate());
}

#[test]
fn the_credential_held_since_registering_is_upgraded_and_told() {
    let (service, home) = (Service::start(&[]), Home::with_tokens());
    let mut screen = Screen::start(&[], &home);
    begin_sign_up(&mut screen, &service, "Beacon");
    walk(&mut screen, &service, "ada@example.com");
    let done = screen.shows("is connected");
    assert!(done.contains("metrics.read, metrics.write"), "{done}");
    screen.keys("\r");
    screen.shows("1 account ");
    screen.keys("\r");
    let detail = screen.shows("kept in");
    assert!(detail.contains("/a/beacon") && detail.contains("you sign up again in place"), "{detail}");
}

#[test]
fn no_and_escape_leave_no_trace_at_the_service() {
    let (service, home) = (Service::start(&[]), Home::with_tokens());
    let mut screen = Screen::start(&[], &home);
    for _ in 0..2 {
        screen.shows("No accounts yet.");
        screen.keys("a");
        screen.shows("Which service?");
        screen.line(&service.target("Acme"));
        screen.shows("How do you want to sign up?");
        screen.keys("\r");
        screen.shows("Yes, register");
        screen.keys(RIGHT);
        screen.keys("\r");
        screen.shows("Nothing was registered");
        screen.keys("\r");
    }
    begin_sign_up(&mut screen, &service, "Acme");
    screen.keys(ESC);
    screen.shows("No accounts yet.");
    assert!(service.posts().is_empty(), "{:?}", service.posts());
}

#[test]
fn a_wrong_code_three_times_and_one_too_old() {
    let (service, home) = (Service::start(&["--fault", "complete=otp_expired:1"]), Home::with_tokens());
    let mut screen = Screen::start(&[], &home);
    begin_sign_up(&mut screen, &service, "Acme");
    walk(&mut screen, &service, "ada@example.com");
    screen.shows("Have a new code sent?");
    screen.keys("y");
    screen.keys("\r");
    screen.shows("┌───┐");
    let right = service.newest_code();
    let wrong = if right == "000000" { "111111" } else { "000000" };
    for left in ["2 tries are left", "1 try is left"] {
        screen.line(wrong);
        screen.shows(left);
    }
    screen.line(wrong);
    screen.shows("Three codes were not right");
    screen.keys("\r");
    screen.shows("No accounts yet.");
    assert_eq!(service.posts().iter().filter(|post| post.ends_with("/claim")).count(), 2);
}

#[test]
fn another_key_sends_another_code_and_a_paste_fills_the_boxes() {
    let (service, home) = (Service::start(&[]), Home::with_tokens());
    let mut screen = Screen::start(&[], &home);
    begin_sign_up(&mut screen, &service, "Acme");
    screen.keys("\r");
    consent(&mut screen);
    screen.shows("sends a code there");
    screen.line("ada@example.com");
    screen.shows("┌───┐");
    screen.keys("7");
    screen.shows("│ 7 │");
    screen.keys("\u{e}");
    // The boxes are empty again once the new code is on its way.
    screen.until(|text| text.contains("┌───┐") && !text.contains("│ 7 │"), "empty boxes");
    assert_eq!(service.posts().len(), 3);
    let code = service.newest_code();
    screen.keys(&format!("{ESC}[200~{code}\n{ESC}[201~"));
    let spread: Vec<String> = code.chars().map(|digit| format!("│ {digit} │")).collect();
    screen.shows(&spread.concat());
    screen.keys("\r");
    screen.shows("is connected");
}

#[test]
fn the_demo_shows_accounts_in_many_states_and_leaves_nothing_behind() {
    let home = Home::new();
    let mut screen = Screen::start(&["demo"], &home);
    let list = screen.shows("Nothing is kept when you quit.");
    for word in ["expired", "due", "revoked", "ok", "2 need you now, 1 more this week.", "needs you now", "this week"] {
        assert!(list.contains(word), "{word}: {list}");
    }
    screen.keys("G");
    let end = screen.shows("Herald Pages");
    for word in ["not connected yet", "a link by mail"] {
        assert!(end.contains(word), "{word}: {end}");
    }
    screen.keys("g");
    screen.shows("needs you now");
    screen.keys("?");
    screen.shows("In the list");
    screen.keys(ESC);
    screen.shows("need you");
    screen.keys("v");
    screen.shows("has expired");
    screen.keys("q");
    assert_eq!(screen.ends().0, 0);
    assert_eq!(std::fs::read_dir(home.folder.path()).expect("readable").count(), 0);
}
