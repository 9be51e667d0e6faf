//! What the program writes to a terminal besides letters, and what it makes of a mouse, a window, and a place.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;

use crate::support::terminal::{Home, Screen, Service, begin_sign_up, exists, link_of};

/// At the link to sign in with, which is long.
fn at_link(service: &Service, home: &Home) -> (Screen, String) {
    let mut screen = Screen::start(&["--no-browser"], home);
    begin_sign_up(&mut screen, service, "Meridian");
    screen.shows("2  OAuth, in a browser elsewhere");
    screen.keys("2\r");
    screen.shows("Nothing has been sent yet.");
    screen.keys("y\r");
    let link = link_of(&screen.shows_sign_in());
    assert!(link.len() > 240, "{link}");
    (screen, link)
}

/// Base64 (RFC 4648, section 4), read.
fn decoded(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let sixes = text.bytes().filter_map(|byte| ALPHABET.iter().position(|letter| *letter == byte));
    let bits: String = sixes.map(|six| format!("{six:06b}")).collect();
    let bytes = bits
        .as_bytes()
        .chunks_exact(8)
        .map(|eight| u8::from_str_radix(std::str::from_utf8(eight).expect("digits"), 2).expect("a byte"));
    String::from_utf8(bytes.collect()).expect("text")
}

/// What was last handed to the terminal's clipboard (OSC 52).
fn copied(written: &str) -> Option<String> {
    let (_, last) = written.rsplit_once("\x1b]52;c;")?;
    Some(decoded(last.split(['\x1b', '\x07']).next()?))
}

#[test]
fn every_row_of_a_link_is_the_whole_link_for_the_terminal() {
    let (service, home) = (Service::start(&[]), Home::with_tokens());
    let (screen, link) = at_link(&service, &home);
    let open = format!("\x1b]8;id=authmd-tui;{link}\x1b\\");
    let rows = link.len().div_ceil(80);
    let written = screen.until_written(|text| text.matches(&open).count() == rows, "each row as a link");
    assert_eq!(written.matches("\x1b]8;;\x1b\\").count(), rows, "and closed again");
    // The same screen is not written again; another width is.
    screen.resize(100, 30);
    screen.until_written(|text| text.matches(&open).count() > rows, "the link in its new rows");
}

#[test]
fn a_link_is_copied_for_the_terminal_and_through_what_stands_between() {
    let (service, mut home) = (Service::start(&[]), Home::with_tokens());
    let (mut screen, link) = at_link(&service, &home);
    screen.keys("\x19");
    screen.shows("Sent to your terminal's clipboard.");
    assert_eq!(copied(&screen.written()), Some(link));

    home.extra.push(("TMUX", "/tmp/none,1,0".to_owned()));
    drop(screen);
    let (mut screen, link) = at_link(&service, &home);
    screen.keys("\x19");
    screen.shows("through tmux");
    let written = screen.written();
    let (_, wrapped) = written.split_once("\x1bPtmux;\x1b\x1b]52;c;").expect("the envelope of tmux");
    assert_eq!(decoded(wrapped.split('\x1b').next().expect("a text")), link);
}

/// With a desktop whose clipboard is a file.
fn with_clipboard(home: &mut Home) {
    let tools = home.path("tools");
    fs::create_dir(&tools).expect("made");
    let file = home.path("clipboard");
    let copy = format!("#!/bin/sh\nif [ \"$1\" = --clear ]; then : > {file}; else cat > {file}; fi\n");
    for (tool, script) in [("wl-copy", copy), ("wl-paste", format!("#!/bin/sh\ncat {file}\n"))] {
        fs::write(format!("{tools}/{tool}"), script).expect("written");
        fs::set_permissions(format!("{tools}/{tool}"), fs::Permissions::from_mode(0o755)).expect("made to be run");
    }
    let path = format!("{tools}:{}", std::env::var("PATH").unwrap_or_default());
    home.extra.extend([("WAYLAND_DISPLAY", "wayland-0".to_owned()), ("PATH", path)]);
}

#[test]
fn who_sits_at_this_machine_has_it_in_its_own_clipboard() {
    let (service, mut home) = (Service::start(&[]), Home::with_tokens());
    with_clipboard(&mut home);
    let (mut screen, link) = at_link(&service, &home);
    screen.keys("\x19");
    screen.shows("Copied here, and sent to your terminal.");
    home.until_written("clipboard", |text| text == link);
    // Over SSH this machine's clipboard is nobody's.
    drop(screen);
    fs::remove_file(home.path("clipboard")).expect("removed");
    let home = home.over_ssh();
    let (mut screen, _) = at_link(&service, &home);
    screen.keys("\x19");
    screen.shows("Sent to your terminal's clipboard.");
    assert!(!exists(&home.path("clipboard")));
}

#[test]
fn over_ssh_a_browser_is_started_only_after_a_yes() {
    let (service, home) = (Service::start(&[]), Home::with_tokens().with_browser().over_ssh());
    let mut screen = Screen::start(&[], &home);
    begin_sign_up(&mut screen, &service, "Meridian");
    screen.keys("2\r");
    screen.shows("Nothing has been sent yet.");
    screen.keys("y\r");
    let link = link_of(&screen.shows_sign_in());
    screen.keys("\x0f");
    let question = screen.shows("Open this page in a browser there?");
    assert!(question.contains("on the other machine") && !exists(&home.path("opening")), "{question}");
    screen.keys("n\r");
    screen.shows_sign_in();
    screen.keys("\x0f");
    screen.shows("Open it there");
    screen.keys("y\r");
    assert_eq!(home.opening(), link);
}

/// A press of the left button, as terminals tell it (xterm, mode 1006).
fn click(screen: &mut Screen, text: &str) {
    let shown = screen.shows(text);
    let (row, line) = shown.lines().enumerate().find(|(_, line)| line.contains(text)).expect("on the screen");
    let column = line.split(text).next().expect("before it").chars().count() + 1;
    screen.keys(&format!("\x1b[<0;{column};{0}M\x1b[<0;{column};{0}m", row + 1));
}

#[test]
fn the_mouse_does_what_keys_do_and_is_given_back() {
    let home = Home::new();
    let mut screen = Screen::start(&["demo"], &home);
    screen.shows("q quit");
    let written = screen.written();
    assert!(written.contains("\x1b[?1000h\x1b[?1006h"), "clicks and the wheel");
    assert!(!written.contains("\x1b[?1003h") && !written.contains("\x1b[?1002h"), "moving it wakes nobody");
    click(&mut screen, "Beacon Metrics · home");
    screen.shows("▌ ● Beacon M");
    click(&mut screen, "Beacon Metrics · home");
    screen.shows("obtained by");
    click(&mut screen, "esc back");
    screen.shows("q quit");
    screen.keys("\x1b[<65;10;10M");
    screen.shows("▌ – Foundry");
    // Fewer keys are of use there, so that they stand elsewhere.
    screen.shows("↵ open  ? help");
    click(&mut screen, "q quit");
    assert_eq!(screen.ends().0, 0);
    assert!(screen.written().contains("\x1b[?1006l\x1b[?1000l"));

    fs::create_dir_all(home.path("home")).expect("made");
    fs::write(home.path("home/settings.json"), r#"{"mouse": false}"#).expect("written");
    let screen = Screen::start(&["demo"], &home);
    screen.shows("q quit");
    assert!(!screen.written().contains("\x1b[?1000h"));
}

#[test]
fn settings_are_used_and_what_is_wrong_in_them_is_said_before_anything_starts() {
    let home = Home::new();
    fs::create_dir_all(home.path("home")).expect("made");
    let settings = |text: &str| fs::write(home.path("home/settings.json"), text).expect("written");
    settings(r#"{"theme": "light", "keys": {"quit": ["Q", "ctrl-q"], "help": "f1"}}"#);
    let mut screen = Screen::start(&["demo"], &home);
    screen.shows("Q quit");
    assert!(screen.written().contains("48;5;"), "the ground of the light theme, in 256 colours");
    screen.keys("\x1bOP");
    screen.shows("In the list");
    screen.keys("\x1b");
    screen.shows_no_more("In the list");
    screen.keys("\x11");
    assert_eq!(screen.ends().0, 0);

    for (wrong, why) in [
        (r#"{"keys": {"renew": "x"}}"#, "x is both renew and revoke in the list"),
        (r#"{"theme": "pink"}"#, "there is no theme pink; there are terminal, dark, light, high-contrast"),
        ("{", "cannot be used"),
    ] {
        settings(wrong);
        let mut screen = Screen::start(&["demo"], &home);
        let (code, text) = screen.ends();
        // Lines are broken by the window here.
        let text = text.replace('\n', "");
        assert!(code == 2 && text.contains(why) && text.contains("hint: Mend the file, or take it away."), "{text}");
        assert!(!screen.written().contains("\x1b[?1049h"), "the screen was never taken");
    }
}

#[test]
fn what_is_forgotten_comes_back_as_it_was() {
    let (service, home) = (Service::start(&[]), Home::with_tokens());
    let mut screen = Screen::start(&["add", &service.target("Acme")], &home);
    crate::support::terminal::answer_to_code(&mut screen);
    screen.line(&service.newest_code());
    screen.shows("is connected");
    assert_eq!(screen.ends().0, 0);
    let before = home.read("tokens.json");
    let mut screen = Screen::start(&[], &home);
    screen.shows("1 account ");
    screen.keys("d");
    screen.shows("Forget it");
    screen.keys("y\r");
    screen.shows("No accounts yet.");
    screen.shows("u undoes it.");
    assert!(!home.read("tokens.json").contains("sk_sandbox_"));
    screen.keys("u");
    screen.shows("is back, as it was.");
    screen.shows("1 account ");
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
    assert_eq!(json(&home.read("tokens.json")), json(&before));
}

#[test]
fn doctor_tells_where_one_sits() {
    let home = Home::new().over_ssh();
    let (_, out, _) = home.command(&["doctor"]);
    assert!(out.contains("surroundings: SSH"), "{out}");
    assert!(out.contains("not opened: you are on SSH"), "{out}");
    let home = Home::new().with_browser();
    let (_, out, _) = home.command(&["doctor"]);
    assert!(out.contains("browser: opened by itself where a sign-in needs it"), "{out}");
    let (_, json) = home.json(&["doctor", "--json"]);
    let checks: Vec<&str> =
        json["findings"].as_array().expect("findings").iter().filter_map(|finding| finding["check"].as_str()).collect();
    for check in ["clock", "surroundings", "terminal", "browser", "clipboard", "settings"] {
        assert!(checks.contains(&check), "{check}: {checks:?}");
    }
}

#[test]
fn two_hundred_windows_are_all_filled_in_the_middle_of_a_walk() {
    let (service, home) = (Service::start(&[]), Home::with_tokens());
    let mut screen = Screen::start(&[], &home);
    begin_sign_up(&mut screen, &service, "Acme");
    screen.keys("\r");
    screen.shows("Yes, register");
    screen.keys("y\r");
    screen.shows("sends a code there");
    screen.line("ada@example.com");
    screen.shows("┌───┐");
    screen.keys("48");
    for nth in 0..200_u16 {
        // Back and forth, some of them too small.
        let (columns, rows) = (40 + nth * 37 % 160, 10 + nth * 23 % 50);
        let before = screen.written().len();
        screen.resize(columns, rows);
        // One word of what is drawn then: blanks are not written.
        let wanted = if columns < 60 || rows < 15 { "60×15;" } else { "Acme" };
        screen.until_written(|text| text.get(before..).is_some_and(|new| new.contains(wanted)), wanted);
    }
    screen.resize(80, 24);
    // The pane is where it was, with what was typed.
    screen.until(|text| text.contains("│ 4 ││ 8 │") && text.contains("esc cancel"), "the boxes");
    screen.keys("\x7f\x7f");
    screen.line(&service.newest_code());
    screen.shows("is connected");
}

/// Somebody who accepts and never says a word.
fn silent() -> (std::net::TcpListener, String) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    (listener, address)
}

#[test]
fn a_silent_service_holds_up_nothing_but_itself() {
    let (_listener, address) = silent();
    let home = Home::with_tokens();
    let mut screen = Screen::start(&[], &home);
    screen.shows("No accounts yet.");
    screen.keys("a");
    screen.shows("Which service?");
    screen.line(&address);
    screen.shows("waiting for an answer");
    screen.keys("?");
    screen.shows("In a pane at work");
    screen.keys("\x1b");
    screen.shows("waiting for an answer");
    screen.keys("\x1b");
    screen.shows("No accounts yet.");
}

#[test]
fn a_keyring_that_never_answers_holds_up_nothing() {
    let mut home = Home::new();
    let bus = home.path("bus");
    let _bus = UnixListener::bind(&bus).expect("a socket");
    home.extra.push(("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={bus}")));
    let mut screen = Screen::start(&[], &home);
    screen.shows("No accounts yet.");
    // Where secrets are: the keyring is asked, and does not answer.
    screen.keys("S");
    screen.shows("esc cancel");
    screen.keys("?");
    screen.shows("In a pane at work");
    screen.keys("\x1b");
    screen.shows_no_more("In a pane at work");
    screen.keys("\x1b");
    screen.shows("No accounts yet.");
    screen.keys("q");
    assert_eq!(screen.ends().0, 0);
}

#[test]
fn a_credential_is_taken_out_of_the_clipboard_again_and_nothing_else_is() {
    for (other, left) in [(None, ""), (Some("somebody else's"), "somebody else's")] {
        let mut home = Home::new();
        with_clipboard(&mut home);
        let mut screen = Screen::start(&["demo"], &home);
        screen.shows("need you");
        screen.keys("y");
        screen.shows("Credential · ");
        screen.keys("y");
        screen.shows("Copied here, and sent to your terminal. It is cleared there in 30 s.");
        assert!(home.read("clipboard").starts_with("sk_sandbox_"));
        other.into_iter().for_each(|text| fs::write(home.path("clipboard"), text).expect("written"));
        screen.keys("\x03");
        screen.ends();
        assert_eq!(home.read("clipboard"), left);
    }
}

/// As a slow connection brings it, or Alt-[ on some terminals.
#[test]
fn half_of_a_key_holds_up_nothing() {
    let mut screen = Screen::start(&["demo"], &Home::new());
    screen.shows("need you");
    screen.keys("\x1b[");
    for columns in [90, 100, 80] {
        screen.resize(columns, 24);
        screen.shows(&format!("authmd{:>1$}", "6 accounts · memory", usize::from(columns) - 10));
    }
    screen.keys("B");
    screen.shows("▌ ⊘ Beacon");
}
