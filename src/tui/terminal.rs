//! The terminal's manners: taken over, given back in every way a program can end, and watched while it is ours.

use std::io::{self, IsTerminal, Stdout, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::{panic, process};

use crossterm::clipboard::CopyToClipboard;
use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::style::Print;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{Command as Sequence, execute};
use ratatui::backend::Backend;
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Rect};
use ratatui::{Frame, Terminal as Screen};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::view::{Drawn, Link};
use crate::problem::{Kind, Problem};
use crate::secret::Secret;
use crate::shell::surroundings::Multiplexer;

/// SIGHUP: what a program that lost its terminal dies of.
pub const HANGUP: i32 = 1;

/// Why the loop ended.
pub enum Ending {
    Quit,
    Interrupted,
    Signal(i32),
    /// The terminal is gone.
    HungUp,
}

/// Is the terminal ours now? The panic hook and `Drop` give it back once.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// Is the ordinary screen shown, with a bare link on it? To leave the other one once more would take the cursor back above it.
static BARE: AtomicBool = AtomicBool::new(false);

/// Clicks and the wheel are told, as columns and rows of any size (xterm, modes 1000 and 1006); moving the mouse is not, so
/// that nothing wakes the program or crosses a slow link for it.
const CLICKS: &str = "\x1b[?1000h\x1b[?1006h";
const NO_CLICKS: &str = "\x1b[?1006l\x1b[?1000l";

/// The full screen needs a terminal to read from and one to draw on, and one that can be drawn on.
pub fn required() -> Result<(), Problem> {
    let what = match std::env::var_os("TERM") {
        _ if !io::stdin().is_terminal() || !io::stdout().is_terminal() => {
            "The full-screen program needs a terminal on stdin and stdout."
        }
        Some(term) if term == "dumb" => "This terminal (TERM=dumb) cannot show a full screen.",
        _ => return Ok(()),
    };
    Err(Problem::new(
        Kind::Usage,
        what,
        "There are commands for everything: authmd-tui list, authmd-tui add HOST, authmd-tui --help",
    ))
}

pub struct Terminal {
    screen: Screen<CrosstermBackend<Stdout>>,
    away: Away,
    mouse: bool,
    multiplexer: Option<Multiplexer>,
    /// The links on the screen, with their letters as they stand there.
    linked: Vec<(Link, Vec<Cell>)>,
    area: Rect,
}

/// Bytes of one sequence that GNU screen takes; what is longer, it shows as text.
const SCREEN_HOLDS: usize = 700;

/// Why nothing is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Away {
    Not,
    /// A bare link is shown on the ordinary screen.
    Bare,
    /// Stopped, until somebody continues us.
    Suspended,
}

/// What came from outside.
pub enum Signal {
    End(Ending),
    Stop,
    Continue,
    /// The window has another size. crossterm tells of it, too, but not when a key comes in the same moment (0.29).
    Resized,
}

impl Terminal {
    /// With `mouse`, clicks and the wheel come to the program.
    pub fn enter(mouse: bool, multiplexer: Option<Multiplexer>) -> Result<Self, Problem> {
        let failed = |error: io::Error| {
            Problem::new(
                Kind::Failed,
                format!("The terminal could not be taken over: {error}."),
                "Use the commands instead: authmd-tui --help",
            )
        };
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            restore();
            before(info);
        }));
        take(mouse).map_err(failed)?;
        let screen = Screen::new(CrosstermBackend::new(io::stdout())).map_err(failed)?;
        Ok(Self { screen, away: Away::Not, mouse, multiplexer, linked: Vec::new(), area: Rect::ZERO })
    }

    pub fn draw(&mut self, draw: impl FnOnce(&mut Frame) -> Drawn) -> io::Result<()> {
        if self.away != Away::Not {
            return Ok(());
        }
        let mut drawn = Drawn::default();
        let frame = self.screen.draw(|frame| drawn = draw(frame))?;
        let letters = |link: &Link| link.place.positions().map(|at| frame.buffer[at].clone()).collect();
        let fits = |link: &&Link| self.multiplexer != Some(Multiplexer::Screen) || link.address.len() <= SCREEN_HOLDS;
        let links = drawn.links.iter().filter(fits);
        let linked: Vec<(Link, Vec<Cell>)> = links.map(|link| (link.clone(), letters(link))).collect();
        // Another size is drawn anew, and without links.
        let area = frame.area;
        if linked != self.linked || area != self.area {
            (self.linked, self.area) = (linked, area);
            self.link(&drawn)?;
        }
        Ok(())
    }

    /// Writes the letters of the links once more, as links (OSC 8): each row with the whole address, and all of them with one
    /// id, so that the terminal knows them as one.
    fn link(&mut self, drawn: &Drawn) -> io::Result<()> {
        let backend = self.screen.backend_mut();
        for (link, letters) in &self.linked {
            write!(backend, "\x1b]8;id=authmd-tui;{}\x1b\\", link.address)?;
            let cells = link.place.positions().zip(letters);
            backend.draw(cells.map(|(at, cell)| (at.x, at.y, cell)))?;
            write!(backend, "\x1b]8;;\x1b\\")?;
        }
        if let Some(cursor) = drawn.cursor {
            backend.set_cursor_position(cursor)?;
        }
        Write::flush(backend)
    }

    pub fn size(&self) -> (u16, u16) {
        self.screen.size().map_or((0, 0), |size| (size.width, size.height))
    }

    /// Hands a text to the terminal's own clipboard (OSC 52), which works over SSH; whether it took it, nobody says.
    pub fn copy(&mut self, text: &Secret) {
        // Room from the start: what grows leaves copies behind.
        let mut sequence = Zeroizing::new(String::with_capacity(text.expose().len() * 2 + 32));
        if CopyToClipboard::to_clipboard_from(text.expose()).write_ansi(&mut *sequence).is_err() {
            return;
        }
        let through = self.multiplexer.map(|multiplexer| passed_through(&sequence, multiplexer));
        // GNU screen would show what is too long for it.
        let plain = if self.multiplexer == Some(Multiplexer::Screen) { "" } else { sequence.as_str() };
        let _ = execute!(io::stdout(), Print(plain), Print(through.as_deref().map_or("", String::as_str)));
    }

    /// Gives the terminal back and stops, with everything started along with us. The signal may take a moment to arrive:
    /// nothing is drawn until [`Self::come_back`].
    pub fn suspend(&mut self) {
        restore();
        self.away = Away::Suspended;
        stop_group();
    }

    /// Leaves the screen and prints the bare link, until [`Self::come_back`]. Raw mode stays: the key that ends this is read
    /// as all keys are.
    pub fn print_bare(&mut self, link: &str) {
        let mut out = io::stdout();
        self.away = Away::Bare;
        BARE.store(true, Ordering::SeqCst);
        // The mouse is the terminal's own again, to take the link with.
        let _ = execute!(out, Print(NO_CLICKS), LeaveAlternateScreen)
            .and_then(|()| write!(out, "\r\n{link}\r\n\r\nAny key goes back.\r\n"))
            .and_then(|()| out.flush());
    }

    pub fn is_bare(&self) -> bool {
        self.away == Away::Bare
    }

    /// Takes the terminal again, whoever had it meanwhile.
    pub fn come_back(&mut self) {
        restore();
        self.away = Away::Not;
        // A terminal that cannot be taken back shows itself at the next drawing.
        let _ = take(self.mouse);
        self.linked.clear();
        // Not `clear`: it asks the terminal where the cursor is, and the answer goes to the reader of keys (ratatui 0.30).
        if let Ok(size) = self.screen.size() {
            let _ = self.screen.resize(Rect::from((Position::ORIGIN, size)));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        restore();
    }
}

fn take(mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, Hide, Print(if mouse { CLICKS } else { "" }))
}

/// A sequence for the terminal behind a multiplexer, in the envelope that it hands on unread. tmux does so where
/// `allow-passthrough` is on (tmux(1)); GNU screen does, in pieces that fit its buffer.
fn passed_through(sequence: &str, multiplexer: Multiplexer) -> Zeroizing<String> {
    const PIECE: usize = 512;
    let mut wrapped = Zeroizing::new(String::with_capacity(sequence.len() * 2 + 64));
    match multiplexer {
        Multiplexer::Tmux => {
            wrapped.push_str("\x1bPtmux;");
            for c in sequence.chars() {
                // An escape within the envelope is written twice.
                wrapped.extend(std::iter::repeat_n(c, if c == '\x1b' { 2 } else { 1 }));
            }
            wrapped.push_str("\x1b\\");
        }
        Multiplexer::Screen => {
            // One that ends the sequence would end the envelope; BEL does the former only.
            let (body, end) = sequence.strip_suffix("\x1b\\").map_or((sequence, ""), |body| (body, "\x07"));
            let mut rest = body;
            while !rest.is_empty() {
                let (piece, tail) = rest.split_at(PIECE.min(rest.len()));
                wrapped.push_str("\x1bP");
                wrapped.push_str(piece);
                wrapped.push_str(if tail.is_empty() { end } else { "" });
                wrapped.push_str("\x1b\\");
                rest = tail;
            }
        }
    }
    wrapped
}

fn restore() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // The terminal may be gone; there is nothing to be done about that.
        let mut out = io::stdout();
        let _ = execute!(out, Print(NO_CLICKS), DisableBracketedPaste);
        if !BARE.swap(false, Ordering::SeqCst) {
            let _ = execute!(out, LeaveAlternateScreen);
        }
        let _ = execute!(out, Show);
        let _ = disable_raw_mode();
    }
}

/// Ends the program as the signal would have, so that whoever waits for it sees why.
pub fn die_of(number: i32) -> ! {
    restore();
    process::exit(128 + number)
}

#[cfg(unix)]
pub use unix::{Signals, stop_group};

#[cfg(unix)]
mod unix {
    use super::{Ending, Signal as Came, oneshot};
    use std::io;

    use rustix::process::{Signal as Number, kill_current_process_group};
    use tokio::signal::unix::{Signal, SignalKind, signal};

    use crate::shell::hangup;

    /// What ends or stops the program from outside.
    pub struct Signals {
        terminate: Signal,
        interrupt: Signal,
        hangup: Signal,
        stop: Signal,
        continued: Signal,
        resized: Signal,
        gone: oneshot::Receiver<()>,
    }

    impl Signals {
        pub fn new() -> io::Result<Self> {
            Ok(Self {
                terminate: signal(SignalKind::terminate())?,
                interrupt: signal(SignalKind::interrupt())?,
                hangup: signal(SignalKind::hangup())?,
                stop: signal(SignalKind::from_raw(Number::TSTP.as_raw()))?,
                continued: signal(SignalKind::from_raw(Number::CONT.as_raw()))?,
                resized: signal(SignalKind::window_change())?,
                gone: hangup::watch(),
            })
        }

        pub async fn next(&mut self) -> Came {
            tokio::select! {
                _ = self.terminate.recv() => Came::End(Ending::Signal(Number::TERM.as_raw())),
                _ = self.interrupt.recv() => Came::End(Ending::Signal(Number::INT.as_raw())),
                _ = self.hangup.recv() => Came::End(Ending::HungUp),
                _ = &mut self.gone => Came::End(Ending::HungUp),
                _ = self.stop.recv() => Came::Stop,
                _ = self.continued.recv() => Came::Continue,
                _ = self.resized.recv() => Came::Resized,
            }
        }
    }

    /// Stops the whole process group, so that the shell gets its terminal back even when we were started by another program
    /// (cargo, a script).
    pub fn stop_group() {
        let _ = kill_current_process_group(Number::STOP);
    }
}

#[cfg(not(unix))]
pub use elsewhere::{Signals, stop_group};

#[cfg(not(unix))]
mod elsewhere {
    use super::Signal;
    use std::io;

    /// A console tells of its end by ending the program.
    pub struct Signals;

    impl Signals {
        pub fn new() -> io::Result<Self> {
            Ok(Self)
        }

        pub async fn next(&mut self) -> Signal {
            std::future::pending().await
        }
    }

    /// There is no suspending here.
    pub fn stop_group() {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_reaches_the_terminal_behind_a_multiplexer() {
        let copy = "\x1b]52;c;aGk=\x1b\\";
        let tmux = passed_through(copy, Multiplexer::Tmux);
        assert_eq!(*tmux, "\x1bPtmux;\x1b\x1b]52;c;aGk=\x1b\x1b\\\x1b\\");
        let long = format!("\x1b]52;c;{}\x1b\\", "A".repeat(2_000));
        let screen = passed_through(&long, Multiplexer::Screen);
        let pieces: Vec<&str> = screen.split_terminator("\x1b\\").collect();
        assert!(
            pieces.len() == 4 && pieces.iter().all(|piece| piece.starts_with("\x1bP") && piece.len() <= 768),
            "{pieces:?}"
        );
        let whole: String = pieces.iter().map(|piece| &piece[2..]).collect();
        assert_eq!(whole, long.replace("\x1b\\", "\x07"));
    }
}
