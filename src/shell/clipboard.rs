//! The clipboard of the machine that the program runs on, where somebody sits at it: by the tool that its desktop has for
//! that, which goes on serving the clipboard after the program has ended. The text goes through the tool's stdin.

use std::env;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use super::surroundings::Found;
use crate::secret::Secret;

/// A program that takes what is to be copied, and its arguments; and how it is made to forget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clipboard {
    program: &'static str,
    arguments: &'static [&'static str],
    clearing: &'static [&'static str],
}

const WAYLAND: Clipboard =
    Clipboard { program: "wl-copy", arguments: &["--type", "text/plain"], clearing: &["--clear"] };
const XCLIP: Clipboard =
    Clipboard { program: "xclip", arguments: &["-selection", "clipboard"], clearing: &["-selection", "clipboard"] };
const XSEL: Clipboard =
    Clipboard { program: "xsel", arguments: &["--clipboard", "--input"], clearing: &["--clipboard", "--clear"] };
const MAC: Clipboard = Clipboard { program: "pbcopy", arguments: &[], clearing: &[] };
const WINDOWS: Clipboard = Clipboard { program: "clip.exe", arguments: &[], clearing: &[] };

impl Clipboard {
    /// The tool to be used here. A clipboard on the other end of a connection is nobody's.
    pub fn here(found: &Found) -> Option<Self> {
        let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        let path = env::var_os("PATH").unwrap_or_default();
        let installed = |tool: &Clipboard| env::split_paths(&path).any(|folder| is_there(&folder, tool.program));
        if found.is_remote() {
            return None;
        }
        let mut fitting = Vec::new();
        fitting.extend(set("WAYLAND_DISPLAY").then_some(WAYLAND));
        fitting.extend(if set("DISPLAY") { vec![XCLIP, XSEL] } else { Vec::new() });
        fitting.extend(cfg!(target_os = "macos").then_some(MAC));
        fitting.extend((cfg!(windows) || found.wsl).then_some(WINDOWS));
        fitting.into_iter().find(installed)
    }

    pub fn name(self) -> &'static str {
        self.program
    }

    /// Hands a text to it, or nothing: then it forgets what it had. What becomes of that is the desktop's matter.
    pub fn take(self, text: &Secret) {
        let arguments = if text.is_empty() { self.clearing } else { self.arguments };
        let started = Command::new(self.program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut child) = started else {
            return;
        };
        if let Some(mut stdin) = child.stdin.take() {
            let _ = stdin.write_all(text.expose().as_bytes());
        }
        let _ = child.wait();
    }
}

fn is_there(folder: &Path, program: &str) -> bool {
    folder.is_absolute() && folder.join(program).is_file()
}
