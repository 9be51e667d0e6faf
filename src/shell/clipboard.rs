//! The clipboard of the machine that the program runs on, where somebody sits at it: by the tool that its desktop has for
//! that, which goes on serving the clipboard after the program has ended. A text goes through the tool's stdin.
//!
//! A thread of its own does one thing after another, so that a tool that hangs holds up nothing but itself, and what is to be
//! forgotten is forgotten after it was taken.

use std::env;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use super::surroundings::Found;
use crate::secret::Secret;

/// How long the end of the program waits for what is still to be forgotten.
const PATIENCE: Duration = Duration::from_secs(1);

/// A program with its arguments.
type Call = (&'static str, &'static [&'static str]);

/// How a desktop's clipboard is written, read, and emptied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tool {
    write: Call,
    /// What is in it, to see whether that is still ours.
    read: Option<Call>,
    clear: Call,
}

const WAYLAND: Tool = Tool {
    write: ("wl-copy", &["--type", "text/plain"]),
    read: Some(("wl-paste", &["--no-newline"])),
    clear: ("wl-copy", &["--clear"]),
};
const XCLIP: Tool = Tool {
    write: ("xclip", &["-selection", "clipboard"]),
    read: Some(("xclip", &["-selection", "clipboard", "-o"])),
    clear: ("xclip", &["-selection", "clipboard"]),
};
const XSEL: Tool = Tool {
    write: ("xsel", &["--clipboard", "--input"]),
    read: Some(("xsel", &["--clipboard", "--output"])),
    clear: ("xsel", &["--clipboard", "--clear"]),
};
const MAC: Tool = Tool { write: ("pbcopy", &[]), read: Some(("pbpaste", &[])), clear: ("pbcopy", &[]) };
const WINDOWS: Tool = Tool { write: ("clip.exe", &[]), read: None, clear: ("clip.exe", &[]) };

impl Tool {
    /// The one to be used here. A clipboard on another machine than the person's is nobody's.
    pub fn here(found: &Found) -> Option<Self> {
        let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        let path = env::var_os("PATH").unwrap_or_default();
        let installed = |tool: &Tool| env::split_paths(&path).any(|folder| can_be_run(&folder.join(tool.write.0)));
        if found.is_remote() || found.editor && !found.wsl {
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
        self.write.0
    }

    fn take(self, text: &Secret) -> bool {
        run(self.write, text.expose())
    }

    /// Empties it, unless somebody else has put something there since.
    fn forget(self, text: &Secret) {
        let is_ours = self
            .read
            .is_none_or(|read| output(read).is_some_and(|there| there.expose().trim_end() == text.expose().trim_end()));
        if is_ours {
            run(self.clear, "");
        }
    }
}

fn can_be_run(file: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = file.metadata().map(|metadata| if metadata.is_file() { metadata.permissions().mode() } else { 0 });
        file.is_absolute() && mode.is_ok_and(|mode| mode & 0o111 != 0)
    }
    #[cfg(not(unix))]
    {
        file.is_file()
    }
}

/// A tool in a group of its own: it is not stopped along with us, and goes on serving.
fn command((program, arguments): Call) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command
}

fn run(call: Call, input: &str) -> bool {
    let Ok(mut child) = command(call).stdin(Stdio::piped()).spawn() else {
        return false;
    };
    let written = child.stdin.take().is_some_and(|mut stdin| stdin.write_all(input.as_bytes()).is_ok());
    written && child.wait().is_ok_and(|status| status.success())
}

fn output(call: Call) -> Option<Secret> {
    let output = command(call).stdout(Stdio::piped()).output().ok()?;
    String::from_utf8(output.stdout).ok().map(Secret::new)
}

enum Job {
    Take(Secret),
    Forget(Secret),
}

/// The clipboard in use, with the thread that works for it.
pub struct Clipboard {
    jobs: Option<Sender<Job>>,
    ended: Receiver<()>,
}

impl Clipboard {
    /// `taken` is called whenever it has taken a text.
    pub fn new(tool: Tool, taken: impl Fn() + Send + 'static) -> Self {
        let (jobs, waiting) = mpsc::channel();
        let (end, ended) = mpsc::channel();
        thread::spawn(move || {
            for job in waiting {
                match job {
                    Job::Take(text) if tool.take(&text) => taken(),
                    Job::Take(_) => {}
                    Job::Forget(text) => tool.forget(&text),
                }
            }
            // Nobody may be waiting any more.
            let _ = end.send(());
        });
        Self { jobs: Some(jobs), ended }
    }

    pub fn take(&self, text: Secret) {
        self.give(Job::Take(text));
    }

    /// Forgets this text, if it has it.
    pub fn forget(&self, text: Secret) {
        self.give(Job::Forget(text));
    }

    fn give(&self, job: Job) {
        if let Some(jobs) = &self.jobs {
            // The thread lives as long as this.
            let _ = jobs.send(job);
        }
    }
}

impl Drop for Clipboard {
    fn drop(&mut self) {
        self.jobs = None;
        // A tool that hangs is left to itself.
        let _ = self.ended.recv_timeout(PATIENCE);
    }
}
