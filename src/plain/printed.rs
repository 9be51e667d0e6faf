//! What is printed of a screen, and how a line of it fits the terminal.

use std::collections::HashSet;

use jiff::Timestamp;

use crate::flow::{Line, Prompt, Screen, ScreenId, StepState};
use crate::problem::Problem;
use crate::wrap::{between_words, wrapped};
use crate::{report, when};

/// A line, moved in as far as it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    text: String,
    whose: Whose,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Ours,
    /// A stranger's from its first letter on.
    Theirs,
    /// A stranger's words behind ours.
    Quoted,
    /// Ours, to be taken from the screen as it is.
    Whole,
}

impl Told {
    pub fn ours(text: &str) -> Self {
        Self { text: text.to_owned(), whose: Whose::Ours }
    }

    fn gap() -> Self {
        Self::ours("")
    }

    /// Broken between words. A link of ours stays whole; a stranger's words are marked on every row, so that none of them
    /// looks like ours.
    pub fn shaped(&self, width: usize) -> String {
        let start = self.text.trim_start();
        if self.whose == Whose::Whole {
            return self.text.clone();
        }
        let indent = " ".repeat(self.text.len() - start.len());
        let marked = format!("{indent}│ ");
        let (first, further) = match self.whose {
            Whose::Ours | Whose::Whole => (&indent, &indent),
            Whose::Theirs => (&marked, &marked),
            Whose::Quoted => (&indent, &marked),
        };
        let room = width.saturating_sub(further.chars().count() + 1).max(20);
        let rows = match self.whose {
            Whose::Ours => between_words(start, room),
            _ => wrapped(start, room),
        };
        let rows = rows.into_iter().enumerate();
        let row = |(nth, row): (usize, String)| {
            format!("{}{row}", if nth == 0 { first } else { further }).trim_end().to_owned()
        };
        rows.map(row).collect::<Vec<_>>().join("\n")
    }
}

/// What has been printed, so that a screen that only grows prints only what is new.
#[derive(Default)]
pub struct Printed {
    page: Option<(ScreenId, String)>,
    shown: Vec<Told>,
    steps: HashSet<String>,
    problem: Option<Problem>,
    /// The progress told last.
    waiting: Vec<Told>,
}

impl Printed {
    /// What to print of this screen now.
    pub fn show(&mut self, screen: &Screen, now: Timestamp) -> Vec<Told> {
        let lines = self.body(screen);
        // Progress is a line of its own; what it interrupts goes on behind it.
        if screen.id == ScreenId::Waiting {
            let fresh = lines.iter().filter(|line| !self.waiting.contains(line)).cloned().collect();
            self.waiting = lines;
            // What was wrong has been tried anew; if it is wrong again, it is said again.
            self.problem = None;
            return fresh;
        }
        self.waiting.clear();
        let page = (screen.id.clone(), screen.title.clone());
        let mut out = Vec::new();
        if self.page.as_ref() == Some(&page) {
            out.extend(lines.iter().filter(|line| !line.text.is_empty() && !self.shown.contains(line)).cloned());
        } else {
            if self.page.as_ref().is_none_or(|(_, title)| *title != screen.title) {
                out.extend(["", &screen.title].map(Told::ours));
            }
            out.push(Told::gap());
            out.extend(lines.iter().cloned());
            if let Some(deadline) = screen.deadline {
                out.extend(["", &format!("  Good for {}.", when::countdown(deadline, now))].map(Told::ours));
            }
            self.page = Some(page);
        }
        self.shown = lines;
        if screen.problem != self.problem {
            if let Some(Problem { what, hint, .. }) = &screen.problem {
                out.extend(["", &format!("! {what}"), &format!("  {hint}")].map(Told::ours));
            }
            self.problem.clone_from(&screen.problem);
        }
        out.dedup_by(|line, before| line.text.is_empty() && before.text.is_empty());
        out
    }

    fn body(&mut self, screen: &Screen) -> Vec<Told> {
        let mut lines = Vec::new();
        let names = screen
            .lines
            .iter()
            .filter_map(|line| if let Line::Fact(name, _) = line { Some(name.chars().count()) } else { None });
        let fact_width = names.max().unwrap_or(0);
        for line in &screen.lines {
            match line {
                Line::Step { state: StepState::Active, .. } => {}
                // A step is told once, when it is over; later screens that repeat it are for eyes that see both.
                Line::Step { .. } => {
                    let text = format!("  {}", report::line_text(line, 0));
                    if self.steps.insert(text.clone()) {
                        lines.push(Told::ours(&text));
                    }
                }
                Line::Gap => lines.push(Told::gap()),
                Line::Command(text) => lines.push(Told { whose: Whose::Whole, text: text.clone() }),
                Line::Theirs(text) => lines.push(Told { whose: Whose::Theirs, text: format!("  {text}") }),
                line => {
                    let whose = if matches!(line, Line::Quote { .. }) { Whose::Quoted } else { Whose::Ours };
                    lines.push(Told { whose, text: format!("  {}", report::line_text(line, fact_width)) });
                }
            }
        }
        if let Some(code) = &screen.user_code {
            lines.extend(["", &format!("  The code:  {code}")].map(Told::ours));
        }
        if let Some(link) = &screen.link {
            // With nothing beside it, nor right below: so it can be taken from the screen.
            lines.extend(["", link.as_str(), ""].map(Told::ours));
        }
        match &screen.prompt {
            Some(Prompt::Pick { label, choices }) => {
                lines.extend(["", &format!("  {label}")].map(Told::ours));
                lines.extend(choices.iter().enumerate().map(|(nth, choice)| match choice.detail.as_str() {
                    "" => Told::ours(&format!("  {}  {}", nth + 1, choice.label)),
                    detail => Told::ours(&format!("  {}  {}  ({detail})", nth + 1, choice.label)),
                }));
            }
            Some(Prompt::Confirm { .. }) => lines.push(Told::gap()),
            _ => {}
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_words_are_marked_on_every_row() {
        let shaped = |whose, text: &str, width| Told { whose, text: text.into() }.shaped(width);
        assert_eq!(shaped(Whose::Theirs, "  one two https://a.dev/", 26), "  │ one two\n  │ https://a.dev/");
        assert_eq!(shaped(Whose::Theirs, "  ", 26), "  │");
        assert_eq!(
            shaped(Whose::Quoted, "  Acme says: “one two three four”", 26),
            "  Acme says: “one two\n  │ three four”"
        );
        assert_eq!(shaped(Whose::Ours, "  our own words go on here", 23), "  our own words go on\n  here");
        assert_eq!(shaped(Whose::Ours, "https://a.dev/ whole", 21), "https://a.dev/ whole");
    }
}
