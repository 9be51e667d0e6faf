//! What things look like: one accent, three colours for status, weight for the rest. Nothing is said by colour alone.

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};

use crate::account::Status;
use crate::flow::StepState;
use crate::report;

/// How the terminal may be drawn on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    pub color: bool,
    /// Signs and lines beyond ASCII can be shown.
    pub unicode: bool,
}

impl Theme {
    pub fn text(self) -> Style {
        Style::new()
    }

    pub fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    pub fn quiet(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// What is selected or can be acted on.
    pub fn accent(self) -> Style {
        self.colored(Color::Cyan).add_modifier(Modifier::BOLD)
    }

    /// The choice that Enter takes.
    pub fn chosen(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// What a camera is to read: black on white, whatever the terminal's own colours are.
    pub fn camera(self) -> Style {
        if self.color { Style::new().fg(Color::Black).bg(Color::White) } else { Style::new() }
    }

    pub fn good(self) -> Style {
        self.colored(Color::Green)
    }

    pub fn warning(self) -> Style {
        self.colored(Color::Yellow)
    }

    pub fn bad(self) -> Style {
        self.colored(Color::Red)
    }

    fn colored(self, color: Color) -> Style {
        if self.color { Style::new().fg(color) } else { Style::new() }
    }

    pub fn status(self, status: Status) -> Style {
        match status {
            Status::Ok | Status::Renews => self.good(),
            Status::Due | Status::Unclaimed | Status::Unreachable => self.warning(),
            Status::Expired | Status::Revoked => self.bad(),
            Status::Unknown => self.quiet(),
        }
    }

    pub fn sign(self, status: Status) -> char {
        let sign = status.sign();
        if self.unicode { sign } else { report::ascii(sign).unwrap_or(sign) }
    }

    pub fn step(self, state: StepState) -> (char, Style) {
        let sign = |pretty, plain| if self.unicode { pretty } else { plain };
        match state {
            StepState::Active => (sign('●', '*'), self.accent()),
            StepState::Done => (sign('✓', '+'), self.good()),
            StepState::Missed => (sign('–', '-'), self.quiet()),
            StepState::Failed => (sign('✗', 'x'), self.bad()),
        }
    }

    /// The bar beside the selected row.
    pub fn bar(self) -> &'static str {
        if self.unicode { "▌" } else { ">" }
    }

    pub fn mark(self) -> &'static str {
        if self.unicode { "◆" } else { "+" }
    }

    pub fn done(self) -> &'static str {
        if self.unicode { "✓" } else { "+" }
    }

    pub fn dash(self) -> &'static str {
        if self.unicode { "–" } else { "-" }
    }

    pub fn ellipsis(self) -> &'static str {
        if self.unicode { "…" } else { "~" }
    }

    /// A stretch that is left, and one that is gone.
    pub fn stretch(self) -> (&'static str, &'static str) {
        if self.unicode { ("━", "─") } else { ("=", "-") }
    }

    /// Where only ASCII can be shown, the letters beyond it are spelled with what there is. A letter of two columns leaves
    /// a blank behind it.
    pub fn spell(self, buffer: &mut Buffer) {
        if self.unicode {
            return;
        }
        for cell in buffer.content.iter_mut().filter(|cell| !cell.symbol().is_ascii()) {
            let plain = cell.symbol().chars().next().and_then(report::ascii).unwrap_or('?');
            cell.set_char(plain);
        }
    }
}
