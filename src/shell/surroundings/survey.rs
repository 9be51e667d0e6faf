//! What `doctor` says of the place where the person sits: the terminal, the browser, the clipboard.

use std::process::{Command, Stdio};

use super::{Found, Multiplexer};
use crate::flow::Opening;
use crate::flow::storage::{Finding, Level};
use crate::shell::browser::Browser;
use crate::shell::clipboard::Tool;
use crate::tui::theme::Depth;

pub fn findings(found: &Found, browser: &Browser, clipboard: Option<Tool>) -> Vec<Finding> {
    vec![surroundings(found), terminal(found), opened(browser), copied(found, clipboard)]
}

fn finding(check: &'static str, level: Level, what: impl Into<String>, remedy: Option<&str>) -> Finding {
    Finding { check, level, what: what.into(), remedy: remedy.map(str::to_owned) }
}

fn surroundings(found: &Found) -> Finding {
    let words = found.in_words();
    let what = if words.is_empty() { "a terminal of this machine".to_owned() } else { words.join(", ") };
    finding("surroundings", Level::Good, what, None)
}

fn terminal(found: &Found) -> Finding {
    let depth = match found.depth {
        Depth::None => "no colours",
        Depth::Sixteen => "16 colours",
        Depth::Many => "256 colours",
        Depth::True => "24-bit colours",
    };
    match found.unicode {
        true => finding("terminal", Level::Good, format!("{depth}, Unicode"), None),
        false => finding(
            "terminal",
            Level::Warning,
            format!("The terminal has {depth}, and the locale no UTF-8: signs are ASCII, and there are no QR codes."),
            Some("Where your terminal can show more, set LC_ALL or LANG to a UTF-8 locale, such as C.UTF-8."),
        ),
    }
}

fn opened(browser: &Browser) -> Finding {
    let surroundings = browser.surroundings();
    let what = match (surroundings.no_browser, surroundings.opening) {
        (None, _) => "opened by itself where a sign-in needs it".to_owned(),
        (Some(why), Opening::AtOnce) => format!("only when you ask for it: {why}"),
        (Some(why), Opening::Asked) => format!("only when you ask for it and confirm: {why}"),
        (Some(why), Opening::Not) => format!("not opened: {why}"),
    };
    let remedy = surroundings
        .no_browser
        .map(|_| "Links are shown whole, copied, or printed bare; BROWSER names a program that opens them.");
    finding("browser", Level::Good, what, remedy)
}

fn copied(found: &Found, clipboard: Option<Tool>) -> Finding {
    let through = match found.multiplexer {
        Some(Multiplexer::Tmux) => match tmux_hands_on() {
            Some(false) => {
                return finding(
                    "clipboard",
                    Level::Warning,
                    "tmux does not hand on what is copied here: set-clipboard and allow-passthrough are not on.",
                    Some("To change that: tmux set -g set-clipboard on"),
                );
            }
            _ => ", through tmux",
        },
        Some(Multiplexer::Screen) => ", through GNU screen",
        None => "",
    };
    let here = clipboard.map(|tool| format!("{} here, and ", tool.name())).unwrap_or_default();
    finding("clipboard", Level::Good, format!("{here}your terminal's own{through}, if it takes OSC 52"), None)
}

/// Does tmux hand a copy on, in one way or the other? Nothing where it does not say.
fn tmux_hands_on() -> Option<bool> {
    let option = |scope: &str, name: &str| {
        let output = Command::new("tmux").args(["show-options", scope, name]).stdin(Stdio::null()).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let clipboard = option("-sqv", "set-clipboard")?;
    let passthrough = option("-gqv", "allow-passthrough").unwrap_or_default();
    Some(clipboard == "on" || ["on", "all"].contains(&passthrough.as_str()))
}
