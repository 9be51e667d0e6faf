//! Over a real SSH connection. Not part of `cargo test`: `tests/real/sshd.sh` makes a server and runs these.

use std::process::{Child, Command, Stdio};

use crate::support::terminal::{Home, PROGRAM, Screen, Service, exists, link_of};

fn configuration() -> String {
    std::env::var("REAL_SSH_CONFIG").expect("run by tests/real/sshd.sh")
}

/// The program at the other end, in a terminal of its own there.
fn remote(home: &Home, arguments: &str) -> Screen {
    let environment: Vec<String> = home.environment().iter().map(|(name, value)| format!("{name}='{value}'")).collect();
    let command = format!("env -u DISPLAY -u WAYLAND_DISPLAY {} {PROGRAM} {arguments}", environment.join(" "));
    Screen::run("ssh", &["-F", &configuration(), "-tt", "under-test", &command], home)
}

/// What lets the browser's answer through, ended with the test.
struct Tunnel(Child);

impl Tunnel {
    /// The line that the program shows, run where the person sits. Here that is the same machine, so its end is at another of
    /// the machine's own addresses; whom to ask, and with which key, stands in the configuration.
    fn of(line: &str) -> Self {
        let port = line.split(':').next().and_then(|start| start.rsplit(' ').next()).expect("a port");
        let ends = format!("127.0.0.2:{port}:127.0.0.1:{port}");
        let child = Command::new("ssh")
            .args(["-F", &configuration(), "-o", "ExitOnForwardFailure=yes", "-N", "-L", &ends, "under-test"])
            .stdin(Stdio::null())
            .spawn()
            .expect("ssh");
        Self(child)
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn begin(screen: &mut Screen, service: &Service, nth: &str) {
    screen.shows("No accounts yet.");
    screen.keys("a");
    screen.shows("Which service?");
    screen.line(&service.target("Meridian"));
    // A code is the first choice there.
    screen.shows("1  OAuth, with a short code");
    screen.shows("esc cancel");
    screen.keys(nth);
    screen.keys("\r");
    screen.shows("Nothing has been sent yet.");
    screen.keys("y\r");
}

#[test]
#[ignore = "needs an SSH server"]
fn the_answer_comes_through_the_line_that_is_shown() {
    let (service, home) = (Service::start(&[]), Home::with_tokens().with_browser());
    let mut screen = remote(&home, "");
    begin(&mut screen, &service, "2");
    let text = screen.shows("Where the browser ended up");
    assert!(!exists(&home.path("opening")), "no browser is started at the other end");
    let line = text.lines().find(|row| row.starts_with("ssh -N -L ")).expect("a line to run").trim_end();
    let port = std::env::var("REAL_SSH_PORT").expect("a port");
    assert!(line.contains(&format!(" -p {port} ")) && line.ends_with("@127.0.0.1"), "{line}");
    let back = Service::browse(&link_of(&text), "allow");
    let _tunnel = Tunnel::of(line);
    // Where the person sits, that address leads into the tunnel, once it is there.
    let there = back.replace("//127.0.0.1:", "//127.0.0.2:");
    let mut waited = 0;
    while Service::try_visit(&there).is_none() {
        waited += 1;
        assert!(waited < 2_000, "the tunnel does not come up");
        std::thread::yield_now();
    }
    screen.shows("is connected");
    screen.keys("\r");
    screen.shows("1 account");
    screen.keys("q");
    screen.ends();
}

#[test]
#[ignore = "needs an SSH server"]
fn the_link_can_be_had_bare_and_the_answer_pasted() {
    let (service, home) = (Service::start(&[]), Home::with_tokens().with_browser());
    let mut screen = remote(&home, "");
    begin(&mut screen, &service, "2");
    let text = screen.shows("Where the browser ended up");
    // Left alone, without a screen around it: nothing but the link.
    screen.keys("\x0c");
    screen.until_written(|text| text.contains("\r\nhttp"), "the bare link");
    screen.keys(" ");
    screen.shows("Where the browser ended up");
    let back = Service::browse(&link_of(&text), "allow");
    screen.keys(&format!("\x1b[200~{back}\x1b[201~\r"));
    screen.shows("is connected");
}

#[test]
#[ignore = "needs an SSH server"]
fn a_code_needs_no_way_back() {
    let (service, home) = (Service::start(&["--poll-interval", "1s"]), Home::with_tokens());
    let mut screen = remote(&home, &format!("add {}", service.target("Meridian")));
    screen.shows("Type 1 to 2");
    screen.line("1");
    screen.shows("Sign in to Meridian Notes?");
    screen.line("yes");
    let text = screen.shows("The code:");
    let code =
        text.split("The code:").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("a code").to_owned();
    assert_eq!(Service::type_code(&format!("{}/code", service.target("Meridian")), &code, "allow"), 200);
    screen.shows("is connected");
    assert_eq!(screen.ends().0, 0);
}

#[test]
#[ignore = "needs an SSH server"]
fn a_connection_that_is_cut_leaves_nobody_at_the_port() {
    let (service, home) = (Service::start(&[]), Home::with_tokens());
    let mut screen = remote(&home, "");
    begin(&mut screen, &service, "2");
    let text = screen.shows("Where the browser ended up");
    let back = Service::browse(&link_of(&text), "allow");
    drop(screen);
    let mut waited = 0;
    while Service::try_visit(&back).is_some() {
        waited += 1;
        assert!(waited < 2_000, "somebody still listens");
        std::thread::yield_now();
    }
    assert!(!exists(&home.path("tokens.json")));
}

#[test]
#[ignore = "needs an SSH server"]
fn a_link_is_a_link_at_this_end_and_is_copied_here() {
    let (service, home) = (Service::start(&[]), Home::with_tokens().with_browser());
    let mut screen = remote(&home, "");
    begin(&mut screen, &service, "2");
    let link = link_of(&screen.shows_sign_in());
    screen.until_written(|text| text.contains(&format!("\x1b]8;id=authmd-tui;{link}\x1b\\")), "the link (OSC 8)");
    screen.keys("\x19");
    screen.shows("Sent to your terminal's clipboard.");
    assert!(screen.written().contains("\x1b]52;c;"), "the copy (OSC 52)");
    // Nothing is opened at the other end before somebody says so.
    screen.keys("\x0f");
    let question = screen.shows("Open this page in a browser there?");
    assert!(question.contains("you are on SSH") && !exists(&home.path("opening")), "{question}");
    screen.keys("n\r");
    screen.shows_sign_in();
    assert!(!exists(&home.path("opening")));
}

#[test]
#[ignore = "needs an SSH server"]
fn doctor_notices_the_connection_also_where_no_variable_tells_of_it() {
    let home = Home::new();
    for hiding in ["", "-u SSH_CONNECTION -u SSH_CLIENT -u SSH_TTY "] {
        let screen = Screen::run(
            "ssh",
            &[
                "-F",
                &configuration(),
                "-tt",
                "under-test",
                &format!(
                    "env {hiding}AUTHMD_TUI_HOME={} LC_ALL=C.UTF-8 {PROGRAM} doctor --store memory",
                    home.path("home")
                ),
            ],
            &home,
        );
        screen.shows("surroundings: SSH");
    }
}

#[test]
#[ignore = "needs an SSH server"]
fn the_screen_is_whole_in_every_window_over_the_connection() {
    let home = Home::new();
    let screen = remote(&home, "demo");
    screen.shows("need you");
    for (columns, rows) in [(120, 40), (60, 15), (200, 60), (80, 24)] {
        screen.resize(columns, rows);
        // The last column that is used, of the first line, and the last line.
        let header = format!("authmd{:>1$}", "6 accounts · memory", usize::from(columns) - 10);
        let whole = |text: &str| text.contains(&header) && text.trim_end().ends_with("q quit");
        screen.until(whole, &format!("{columns}×{rows}"));
    }
}
