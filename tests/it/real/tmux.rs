//! In tmux. Not part of `cargo test`: `tests/real/tmux.sh` runs these.

use std::process::Command;

use crate::support::terminal::{Home, PROGRAM, Screen, Service, begin_sign_up, link_of};

/// A server of tmux that is this test's own.
struct Tmux {
    socket: String,
    screen: Screen,
}

impl Tmux {
    /// The program in a window of tmux, in a terminal that has a clipboard, with these options of tmux set.
    fn start(home: &Home, options: &str, arguments: &str) -> Self {
        let (socket, configuration) = (home.path("tmux.socket"), home.path("tmux.conf"));
        let text =
            format!("set -as terminal-features ',xterm*:clipboard:hyperlinks:RGB'\nset -g status off\n{options}\n");
        std::fs::write(&configuration, text).expect("written");
        let program = format!("{PROGRAM} {arguments}");
        let screen = Screen::run("tmux", &["-S", &socket, "-f", &configuration, "new-session", &program], home);
        Self { socket, screen }
    }

    fn ask(&self, arguments: &[&str]) -> String {
        let output = Command::new("tmux").args(["-S", &self.socket]).args(arguments).output().expect("tmux");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        self.ask(&["kill-server"]);
    }
}

/// At the link to sign in with.
fn at_link(service: &Service, tmux: &mut Tmux) -> String {
    begin_sign_up(&mut tmux.screen, service, "Meridian");
    tmux.screen.shows("2  OAuth, in a browser elsewhere");
    tmux.screen.keys("2\r");
    tmux.screen.shows("Nothing has been sent yet.");
    tmux.screen.keys("y\r");
    link_of(&tmux.screen.shows_sign_in())
}

#[test]
#[ignore = "needs tmux"]
fn a_link_is_copied_whichever_way_tmux_is_set() {
    for options in [
        "set -g set-clipboard on\nset -g allow-passthrough off",
        "set -g set-clipboard off\nset -g allow-passthrough on",
    ] {
        let (service, home) = (Service::start(&[]), Home::with_tokens());
        let mut tmux = Tmux::start(&home, options, "--no-browser");
        let link = at_link(&service, &mut tmux);
        tmux.screen.keys("\x19");
        tmux.screen.shows("Sent to your terminal through tmux");
        // What arrives at the terminal around it; tmux may have put other letters around the text.
        let wanted = base64(&link);
        tmux.screen
            .until_written(|text| text.contains("\x1b]52;") && text.contains(&wanted), "the copy, outside of tmux");
    }
}

fn version() -> String {
    let output = Command::new("tmux").arg("-V").output().expect("tmux");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// RFC 4648, section 4.
fn base64(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let three = |chunk: &[u8]| {
        let number = chunk.iter().chain(&[0; 2]).take(3).fold(0_usize, |number, byte| number << 8 | usize::from(*byte));
        let letters = [18, 12, 6, 0].map(|shift| char::from(ALPHABET[number >> shift & 63]));
        letters.iter().take(chunk.len() + 1).chain(std::iter::repeat_n(&'=', 3 - chunk.len())).collect::<String>()
    };
    text.as_bytes().chunks(3).map(three).collect()
}

#[test]
#[ignore = "needs tmux"]
fn doctor_says_when_tmux_keeps_a_copy_to_itself() {
    for (options, told) in [
        ("set -g set-clipboard external\nset -g allow-passthrough off", "tmux does not hand on what is copied here"),
        ("set -g set-clipboard on", "through tmux, if it takes OSC 52"),
    ] {
        let home = Home::new();
        let tmux = Tmux::start(&home, options, "doctor --store memory; cat");
        let text = tmux.screen.until(|text| text.replace('\n', "").contains(told), told);
        assert!(text.contains("surroundings") && text.contains("tmux"), "{text}");
    }
}

#[test]
#[ignore = "needs tmux"]
fn links_reach_the_terminal_and_the_window_may_be_any() {
    let (service, home) = (Service::start(&[]), Home::with_tokens());
    let mut tmux = Tmux::start(&home, "", "--no-browser");
    let link = at_link(&service, &mut tmux);
    // tmux keeps links to itself before 3.4.
    if !["tmux 1", "tmux 2", "tmux 3.0", "tmux 3.1", "tmux 3.2", "tmux 3.3"]
        .iter()
        .any(|old| version().starts_with(old))
    {
        let whole = format!(";{link}\x1b\\");
        tmux.screen.until_written(|text| text.contains(&whole), "the whole link (OSC 8), outside of tmux");
    }
    for (columns, rows) in [(120, 40), (60, 15), (200, 60), (80, 24)] {
        tmux.screen.resize(columns, rows);
        let shown = tmux.screen.until(
            |text| text.contains("Where the browser ended up") && link_of(text) == link,
            "the link, whole in its rows",
        );
        assert!(shown.lines().count() <= rows.into(), "{columns}×{rows}");
    }
    // Bare, on the ordinary screen, where tmux selects it with the mouse.
    tmux.screen.keys("\x0c");
    tmux.screen.shows("Any key goes back.");
    assert!(tmux.ask(&["capture-pane", "-p", "-J"]).lines().any(|line| line.trim_end() == link));
    tmux.screen.keys(" ");
    tmux.screen.shows_sign_in();
}

#[test]
#[ignore = "needs tmux"]
fn whoever_comes_back_to_the_session_finds_it_as_it_was() {
    let home = Home::new();
    let mut tmux = Tmux::start(&home, "", "demo");
    tmux.screen.shows("need you");
    tmux.screen.keys("j");
    tmux.screen.shows("▌ ⊘ Beacon");
    tmux.screen.keys("j");
    tmux.screen.shows("▌ ◐ Acme Mail");
    tmux.ask(&["detach-client"]);
    tmux.screen.ends();
    tmux.screen = Screen::run("tmux", &["-S", &tmux.socket, "attach"], &home);
    let shown = tmux.screen.shows("▌ ◐ Acme Mail");
    assert!(shown.contains("needs you now"), "{shown}");
    // With tmux's mouse on, clicks come through it.
    let (row, line) = shown.lines().enumerate().find(|(_, line)| line.contains("· agent")).expect("a row");
    let column = line.find("Acme").expect("its name");
    tmux.screen.keys(&format!("\x1b[<0;{column};{0}M\x1b[<0;{column};{0}m", row + 1));
    tmux.screen.shows("▌ ● Acme Mail · agent");
    tmux.screen.keys("q");
    tmux.screen.ends();
}
