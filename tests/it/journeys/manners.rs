//! What the program does to a terminal, and what it does when the terminal does something to it.

use std::process::Command;

use crate::support::terminal::{Home, PROGRAM, Screen, Service, begin_sign_up};

pub fn signal(process: u32, name: &str) {
    let status = Command::new("kill").args([&format!("-{name}"), &process.to_string()]).status().expect("kill");
    assert!(status.success());
}

#[test]
fn every_end_gives_the_terminal_back() {
    for (end, code) in [("TERM", 143), ("INT", 130), ("HUP", 129)] {
        let home = Home::new();
        let mut screen = Screen::start(&["demo"], &home);
        screen.shows("need you");
        assert!(screen.is_alternate());
        signal(screen.process(), end);
        assert_eq!(screen.ends().0, code, "{end}");
        assert!(!screen.is_alternate(), "{end}");
    }
    let mut screen = Screen::start(&["demo"], &Home::new());
    screen.shows("need you");
    screen.keys("\u{3}");
    let (code, text) = screen.ends();
    assert!(code == 130 && !screen.is_alternate() && text.contains("Cancelled."), "{text}");
}

#[test]
fn a_panic_gives_the_terminal_back_before_it_says_why() {
    // This very test binary, asked for the test below: it takes the terminal over and panics.
    let this = std::env::current_exe().expect("a path").display().to_string();
    let mut screen = Screen::run(
        &this,
        &["--ignored", "--exact", "journeys::manners::takes_the_terminal_and_panics", "--nocapture"],
        &Home::new(),
    );
    let (code, text) = screen.ends();
    assert!(code != 0 && !screen.is_alternate() && text.contains("on purpose"), "{text}");
}

#[test]
#[ignore = "only to be run in a terminal of its own, by the test above"]
fn takes_the_terminal_and_panics() {
    let _terminal = authmd_tui::tui::terminal::Terminal::enter(true, None).expect("a terminal");
    panic!("on purpose");
}

#[test]
fn a_terminal_that_goes_away_takes_the_program_with_it() {
    for ignored in [false, true] {
        // A process of its own holds the terminal, and its end takes the terminal away, as a dropped connection does.
        let output = Command::new(std::env::current_exe().expect("a path"))
            .args(["--ignored", "--exact", "journeys::manners::opens_a_terminal_and_leaves", "--nocapture"])
            .env("HANGUP_IGNORED", if ignored { "yes" } else { "" })
            .output()
            .expect("run");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let process = text
            .lines()
            .find_map(|line| line.split_once("started ")?.1.trim().parse::<u32>().ok())
            .unwrap_or_else(|| panic!("{text}"));
        let is_gone = || {
            let state =
                Command::new("ps").args(["-o", "stat=", "-p", &process.to_string()]).output().expect("ps").stdout;
            state.is_empty() || state.starts_with(b"Z")
        };
        assert!((0..2_000).any(|_| is_gone()), "{process} is still there, with SIGHUP ignored: {ignored}");
    }
}

#[test]
#[ignore = "only to be run in a process of its own, by the test above"]
fn opens_a_terminal_and_leaves() {
    let ignored = std::env::var("HANGUP_IGNORED").is_ok_and(|value| !value.is_empty());
    // Only the leader of the session is told of a hang-up: here a shell that does not care.
    let script = if ignored { "trap '' HUP; \"$0\" demo; true" } else { "exec \"$0\" demo" };
    let screen = Screen::run("sh", &["-c", script, PROGRAM], &Home::new());
    screen.shows("need you");
    println!("started {}", if ignored { only_child(screen.process()) } else { screen.process() });
    // No destructors: nothing is killed, the terminal just goes.
    std::process::exit(0);
}

fn only_child(parent: u32) -> u32 {
    let all = Command::new("ps").args(["-A", "-o", "pid=,ppid="]).output().expect("ps").stdout;
    let text = String::from_utf8(all).expect("UTF-8");
    let child = text.lines().find_map(|line| {
        let (process, its_parent) = line.trim().split_once(char::is_whitespace)?;
        (its_parent.trim().parse() == Ok(parent)).then(|| process.parse().ok())?
    });
    child.expect("the shell has a child")
}

#[test]
fn stopped_and_continued_it_is_as_it_was() {
    let home = Home::new();
    let mut screen = Screen::run("sh", &["-i"], &home);
    screen.until(|text| text.trim_end().ends_with(['$', '#']), "a prompt");
    screen.line(&format!("{PROGRAM} demo"));
    screen.shows("need you");
    screen.keys("\u{1a}");
    screen.shows("Stopped");
    assert!(!screen.is_alternate());
    screen.line("fg");
    screen.shows("need you");
    assert!(screen.is_alternate());
    screen.keys("q");
    screen.shows_no_more("need you");
}

#[test]
fn any_size_will_do_and_too_small_is_said() {
    // The header reaches to the margin: what is left of a frame of another size does not look like it.
    let header = |columns: usize| format!("authmd{:>1$}", "6 accounts · memory", columns - 10);
    let mut screen = Screen::start(&["demo"], &Home::new());
    screen.shows("need you");
    screen.resize(50, 10);
    screen.shows("needs 60×15; this window has 50×10");
    screen.resize(140, 40);
    screen.shows("renew");
    screen.shows("you sign up again");
    screen.resize(60, 15);
    screen.shows(&header(60));
    screen.resize(1, 1);
    screen.resize(80, 24);
    screen.shows(&header(80));
    screen.keys("q");
    assert_eq!(screen.ends().0, 0);
}

#[test]
fn a_link_is_printed_bare_on_the_ordinary_screen() {
    let (service, home) = (Service::start(&[]), Home::with_tokens());
    let mut screen = Screen::start(&[], &home);
    begin_sign_up(&mut screen, &service, "Acme");
    screen.keys("\r");
    screen.shows("Yes, register");
    screen.keys("y");
    screen.keys("\r");
    screen.shows("sends a code there");
    screen.line("ada@example.com");
    screen.shows("┌───┐");
    screen.keys("\u{c}");
    screen.shows("Any key goes back.");
    assert!(!screen.is_alternate());
    let text = screen.shows("/inbox");
    assert!(
        text.lines().any(|line| line.starts_with("http://127.0.0.1:") && line.trim_end().ends_with("/inbox")),
        "{text}"
    );
    screen.keys(" ");
    screen.shows("┌───┐");
    assert!(screen.is_alternate());
}
