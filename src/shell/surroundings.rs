//! Where the person sits, as far as it can be told from here: over SSH or mosh, in a container, in WSL, in the terminal of
//! an editor that runs elsewhere, without a display; and what the terminal can show.
//!
//! Everything is read from the environment and from files below `/`, both of which tests put in place.

pub mod survey;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::flow::Ssh;
use crate::tui::theme::Depth;

/// What was found. Several may hold at once: mosh in a container, tmux over SSH.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub ssh: bool,
    /// The machine as SSH reached it, where that can be told.
    pub reached: Option<Ssh>,
    pub mosh: bool,
    pub container: bool,
    pub wsl: bool,
    /// A terminal of an editor whose window is on another machine (VS Code Remote, Codespaces).
    pub editor: bool,
    pub display: bool,
    pub multiplexer: Option<Multiplexer>,
    pub depth: Depth,
    pub unicode: bool,
}

/// What stands between this program and the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Multiplexer {
    Tmux,
    Screen,
}

/// What can be asked about this process's place in the world.
struct World<'a> {
    variable: &'a dyn Fn(&str) -> Option<String>,
    root: &'a Path,
    process: u32,
}

/// How far up the line of processes somebody is looked for.
const ANCESTORS: usize = 32;

impl Found {
    pub fn here() -> Self {
        let variable = |name: &str| env::var(name).ok();
        Self::in_world(&World { variable: &variable, root: Path::new("/"), process: std::process::id() })
    }

    fn in_world(world: &World<'_>) -> Self {
        let set = |name: &str| world.set(name).is_some();
        let user = world.set("USER").or_else(|| world.set("LOGNAME"));
        let connection = world.set("SSH_CONNECTION");
        let ancestors = world.ancestors();
        let reached = connection.as_deref().zip(user).and_then(|(connection, user)| reached_by_ssh(connection, user));
        let is_there = |file: &str| world.root.join(file).exists();
        let kernel = world.read("proc/sys/kernel/osrelease").to_lowercase();
        Self {
            // A shell of another user, as sudo makes it, has no variable of the connection any more.
            ssh: connection.is_some() || set("SSH_TTY") || ancestors.iter().any(|name| name.starts_with("sshd")),
            reached,
            mosh: ancestors.iter().any(|name| name == "mosh-server"),
            // A file that container engines put into each of theirs, or the name that they give.
            container: is_there(".dockerenv") || is_there("run/.containerenv") || set("container"),
            wsl: set("WSL_DISTRO_NAME") || set("WSL_INTEROP") || kernel.contains("microsoft"),
            editor: set("VSCODE_IPC_HOOK_CLI") || set("CODESPACES") || set("REMOTE_CONTAINERS"),
            display: cfg!(not(target_os = "linux")) || set("DISPLAY") || set("WAYLAND_DISPLAY"),
            multiplexer: match world.set("TERM") {
                _ if set("TMUX") => Some(Multiplexer::Tmux),
                Some(term) if set("STY") || term == "screen" || term.starts_with("screen.") => {
                    Some(Multiplexer::Screen)
                }
                _ => None,
            },
            depth: world.depth(),
            unicode: world.speaks_unicode(),
        }
    }

    /// Does what is shown here appear on another machine's screen?
    pub fn is_remote(&self) -> bool {
        self.ssh || self.mosh
    }

    /// Each that was found, in words.
    pub fn in_words(&self) -> Vec<&'static str> {
        let all = [
            (self.mosh, "mosh"),
            (self.ssh, "SSH"),
            (self.container, "a container"),
            (self.wsl, "WSL"),
            (self.editor, "an editor's terminal on another machine (VS Code Remote)"),
            (!self.display, "no display"),
            (self.multiplexer == Some(Multiplexer::Tmux), "tmux"),
            (self.multiplexer == Some(Multiplexer::Screen), "GNU screen"),
        ];
        all.into_iter().filter(|(holds, _)| *holds).map(|(_, word)| word).collect()
    }

    /// Why no browser is started from here unless somebody asks for it.
    pub fn why_no_browser(&self) -> Option<&'static str> {
        Some(match self {
            Self { editor: true, .. } => "this is an editor's terminal, its window is on another machine",
            Self { mosh: true, .. } => "you are on mosh, a browser would open on the other machine",
            Self { ssh: true, .. } => "you are on SSH, a browser would open on the other machine",
            Self { container: true, .. } => "this is a container, and no browser of yours is in it",
            Self { wsl: true, .. } => "this is WSL, your browser is on the Windows side",
            Self { display: false, .. } => "there is no display here",
            _ => return None,
        })
    }
}

impl World<'_> {
    /// A variable that is there and says something.
    fn set(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.is_empty())
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.root.join(file)).unwrap_or_default()
    }

    /// The names of the processes that this one comes from (`proc(5)`); none where there is no such place.
    fn ancestors(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut process = self.process;
        while process > 1 && names.len() < ANCESTORS {
            let folder = PathBuf::from(format!("proc/{process}"));
            names.push(self.read(&folder.join("comm").to_string_lossy()).trim().to_owned());
            // The name, in parentheses, may have anything in it; the parent is the second thing behind it.
            let stat = self.read(&folder.join("stat").to_string_lossy());
            let behind = stat.rsplit_once(')').map(|(_, behind)| behind).unwrap_or_default();
            process = behind.split_whitespace().nth(1).and_then(|parent| parent.parse().ok()).unwrap_or(0);
        }
        names
    }

    fn depth(&self) -> Depth {
        let term = self.set("TERM").unwrap_or_default();
        let says = self.set("COLORTERM").unwrap_or_default().to_lowercase();
        if self.set("NO_COLOR").is_some() || term == "dumb" || term.starts_with("vt1") || term.starts_with("vt2") {
            return Depth::None;
        }
        let many = term.contains("256color") || cfg!(windows);
        // GNU screen hands `COLORTERM` on, and understands none of it.
        let hands_on = term == "screen" || term.starts_with("screen.") || self.set("STY").is_some();
        match says.as_str() {
            "truecolor" | "24bit" if !hands_on => Depth::True,
            _ if term.ends_with("-direct") => Depth::True,
            _ if many => Depth::Many,
            _ => Depth::Sixteen,
        }
    }

    /// The locale decides (POSIX, XBD 8.2): the first of these that is set.
    fn speaks_unicode(&self) -> bool {
        match ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| self.set(name)) {
            Some(locale) => locale.to_lowercase().replace('-', "").contains("utf8"),
            None => cfg!(windows),
        }
    }
}

/// `SSH_CONNECTION`: the client's address and port, then those of this machine (ssh(1)). The machine is named as the client
/// reached it, as far as it can be told from here.
fn reached_by_ssh(connection: &str, user: String) -> Option<Ssh> {
    let mut parts = connection.split_whitespace().skip(2);
    let (host, port) = (parts.next()?, parts.next()?.parse().ok()?);
    host.parse::<std::net::IpAddr>().ok()?;
    Some(Ssh { user, host: host.to_owned(), port })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(variables: &[(&str, &str)], files: &[(&str, &str)]) -> Found {
        let root = tempfile::TempDir::new().expect("a folder");
        for (file, text) in files {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().expect("below the root")).expect("made");
            fs::write(path, text).expect("written");
        }
        let variable =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Found::in_world(&World { variable: &variable, root: root.path(), process: 40 })
    }

    /// A line of processes, each the child of the next.
    fn processes<'a>(names: &'a [&'a str]) -> Vec<(String, String)> {
        let each = names.iter().enumerate().flat_map(|(nth, name)| {
            let process = 40 - nth;
            let parent = process - 1;
            [
                (format!("proc/{process}/comm"), format!("{name}\n")),
                (format!("proc/{process}/stat"), format!("{process} ({name} (x) y) S {parent} 1 1")),
            ]
        });
        each.collect()
    }

    fn below(names: &[&str]) -> Found {
        let files = processes(names);
        let files: Vec<(&str, &str)> = files.iter().map(|(file, text)| (file.as_str(), text.as_str())).collect();
        found(&[("DISPLAY", ":0")], &files)
    }

    #[test]
    fn the_machine_is_named_as_it_was_reached() {
        let ssh = |connection: &str| reached_by_ssh(connection, "ada".into()).map(|ssh| (ssh.host, ssh.port));
        assert_eq!(ssh("198.51.100.7 50712 203.0.113.5 2222"), Some(("203.0.113.5".into(), 2222)));
        assert_eq!(ssh("2001:db8::7 50712 2001:db8::5 22"), Some(("2001:db8::5".into(), 22)));
        for odd in ["", "198.51.100.7 50712", "a b $(id) 22", "a b 203.0.113.5 x"] {
            assert_eq!(ssh(odd), None, "{odd}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn each_of_them_is_noticed_and_starts_no_browser() {
        let display = ("DISPLAY", ":0");
        let cases = [
            ("SSH", found(&[display, ("SSH_CONNECTION", "198.51.100.7 1 203.0.113.5 22")], &[])),
            ("SSH", below(&["authmd-tui", "bash", "sudo", "bash", "sshd-session"])),
            ("mosh", below(&["authmd-tui", "fish", "mosh-server"])),
            ("a container", found(&[display], &[(".dockerenv", "")])),
            ("a container", found(&[display, ("container", "lxc")], &[])),
            ("WSL", found(&[display], &[("proc/sys/kernel/osrelease", "5.15.167.4-Microsoft-standard-WSL2")])),
            (
                "an editor's terminal on another machine (VS Code Remote)",
                found(&[display, ("VSCODE_IPC_HOOK_CLI", "/run/user/1000/vscode-ipc.sock")], &[]),
            ),
            ("no display", found(&[], &[])),
        ];
        for (word, found) in cases {
            assert!(found.in_words().contains(&word), "{word}: {found:?}");
            assert!(found.why_no_browser().is_some(), "{word}");
        }
        let desk = below(&["authmd-tui", "bash", "gnome-terminal-"]);
        assert_eq!((desk.in_words(), desk.why_no_browser()), (vec![], None));
    }

    #[test]
    fn colours_are_those_that_the_terminal_has() {
        let depth = |variables: &[(&str, &str)]| found(variables, &[]).depth;
        let xterm = ("TERM", "xterm-256color");
        assert_eq!(depth(&[xterm, ("COLORTERM", "truecolor")]), Depth::True);
        assert_eq!(depth(&[xterm]), Depth::Many);
        assert_eq!(depth(&[("TERM", "linux")]), Depth::Sixteen);
        assert_eq!(depth(&[("TERM", "screen.xterm-256color"), ("COLORTERM", "truecolor")]), Depth::Many);
        for none in [&[("TERM", "dumb")][..], &[("TERM", "vt100")], &[xterm, ("NO_COLOR", "1")]] {
            assert_eq!(depth(none), Depth::None, "{none:?}");
        }
        assert_eq!(depth(&[xterm, ("NO_COLOR", "")]), Depth::Many, "an empty NO_COLOR says nothing");
    }

    #[test]
    fn what_stands_between_is_known() {
        let between = |variables: &[(&str, &str)]| found(variables, &[]).multiplexer;
        assert_eq!(between(&[("TMUX", "/tmp/tmux-0/default,1,0"), ("TERM", "screen")]), Some(Multiplexer::Tmux));
        assert_eq!(between(&[("STY", "1.pts"), ("TERM", "screen.xterm-256color")]), Some(Multiplexer::Screen));
        assert_eq!(between(&[("TERM", "xterm")]), None);
    }
}
