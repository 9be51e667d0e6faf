//! A guided pane: a flow, and what the person is typing or choosing in it.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use jiff::Timestamp;
use tui_input::Input as Editor;
use tui_input::backend::crossterm::EventHandler;

use super::keymap::{Action, Key, Place};
use crate::flow::{Answer, Effect, Flow, Input, Prompt, Screen, ScreenId};
use crate::problem::{Kind, Problem};
use crate::secret::{Secret, Typed};

/// Names a flow, so that an answer that comes after its end is known and dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FlowId(pub u64);

pub struct Session {
    pub id: FlowId,
    flow: Box<dyn Flow>,
    screen: Screen,
    editor: Editor,
    /// What was answered, by question, for who comes back to correct it. Nothing that was typed unseen.
    answered: Vec<(Question, String)>,
    /// What stands in the box was not right: the next letter begins anew.
    begins_anew: bool,
    /// What is typed where it must not be seen.
    typed_unseen: Typed,
    /// The choice that Enter takes. `None` until a yes-or-no question has been looked at.
    chosen: Option<usize>,
    /// What was clicked on last.
    clicked: Option<usize>,
    /// A slip of the hand, noticed here.
    slip: Option<Problem>,
    scroll: usize,
    /// How far down the page has been seen.
    seen: usize,
    /// Since when the flow has been waiting for an answer.
    busy_since: Option<Timestamp>,
    /// When the deadline on the screen was first seen: the whole length of its bar.
    deadline_seen: Option<(Timestamp, Timestamp)>,
    /// "2 of 5", where several accounts are walked one after another.
    pub position: Option<(usize, usize)>,
}

/// Tells one question of a flow from another.
type Question = (ScreenId, Option<&'static str>);

fn question(screen: &Screen) -> Question {
    (screen.id.clone(), screen.prompt.as_ref().map(Prompt::kind))
}

/// A key where what is typed is not shown: letters, and taking them back.
pub fn type_unseen(typed: &mut Typed, event: &KeyEvent) {
    let control = event.modifiers.contains(KeyModifiers::CONTROL);
    match event.code {
        KeyCode::Char('u') if control => typed.clear(),
        KeyCode::Char(c) if !control => typed.push(c),
        KeyCode::Backspace => typed.pop(),
        _ => {}
    }
}

impl Session {
    pub fn new(id: FlowId, flow: Box<dyn Flow>, now: Timestamp) -> Self {
        let screen = flow.screen(now);
        let mut session = Self {
            id,
            flow,
            screen,
            editor: Editor::default(),
            answered: Vec::new(),
            begins_anew: false,
            typed_unseen: Typed::default(),
            chosen: None,
            clicked: None,
            slip: None,
            scroll: 0,
            seen: 0,
            busy_since: None,
            deadline_seen: None,
            position: None,
        };
        session.settle(None, now);
        session
    }

    pub fn step(&mut self, input: Input, now: Timestamp) -> Vec<Effect> {
        let goes_back = matches!(input, Input::Back);
        let effects = self.flow.step(input, now);
        let before = std::mem::replace(&mut self.screen, self.flow.screen(now));
        self.busy_since =
            (!effects.is_empty()).then_some(now).or(self.busy_since.filter(|_| self.screen.prompt.is_none()));
        self.settle(Some(&before), now);
        let again = self.screen.problem.is_some() && self.editor.value().is_empty();
        self.begins_anew = again && self.place() == Place::Code;
        if (goes_back || again)
            && let Some((_, text)) = self.answered.iter().rev().find(|(known, _)| *known == question(&self.screen))
        {
            self.editor = Editor::new(text.clone());
        }
        effects
    }

    /// A new question starts with an empty box; the same one again keeps what was typed, to be corrected.
    fn settle(&mut self, before: Option<&Screen>, now: Timestamp) {
        self.slip = None;
        if before.map(question) != Some(question(&self.screen)) {
            self.editor.reset();
            self.typed_unseen.clear();
            (self.scroll, self.seen, self.clicked) = (0, 0, None);
            self.chosen = matches!(self.screen.prompt, Some(Prompt::Pick { .. })).then_some(0);
        }
        self.deadline_seen = self.screen.deadline.map(|deadline| match self.deadline_seen {
            Some((known, seen)) if known == deadline => (known, seen),
            _ => (deadline, now),
        });
    }

    pub fn screen(&self) -> &Screen {
        &self.screen
    }

    pub fn place(&self) -> Place {
        match (&self.screen.outcome, &self.screen.prompt) {
            (Some(_), _) => Place::Over,
            (None, Some(Prompt::Text { .. } | Prompt::Email { .. } | Prompt::Secret { .. })) => Place::Typing,
            (None, Some(Prompt::Code { .. })) => Place::Code,
            (None, Some(Prompt::Paste { .. })) => Place::Paste,
            (None, Some(Prompt::Pick { .. })) => Place::Choice,
            (None, Some(Prompt::Confirm { .. })) => Place::YesNo,
            (None, None) if self.screen.id == ScreenId::Handoff => Place::Handoff,
            (None, None) => Place::Busy,
        }
    }

    pub fn typed(&self) -> &Editor {
        &self.editor
    }

    /// How many letters have been typed unseen.
    pub fn unseen(&self) -> usize {
        self.typed_unseen.len()
    }

    fn is_unseen(&self) -> bool {
        matches!(self.screen.prompt, Some(Prompt::Secret { .. } | Prompt::Paste { .. }))
    }

    pub fn chosen(&self) -> Option<usize> {
        self.chosen
    }

    pub fn scroll(&self) -> usize {
        self.scroll
    }

    pub fn scroll_to(&mut self, scroll: usize) {
        self.scroll = scroll;
        self.seen = self.seen.max(scroll);
    }

    /// Is a yes about to be said to what has not been on the screen yet? `limit` is how far the page can be scrolled.
    pub fn agrees_unseen(&self, limit: usize) -> bool {
        self.place() == Place::YesNo && self.chosen == Some(0) && self.seen < limit
    }

    pub fn slip(&self) -> Option<&Problem> {
        self.slip.as_ref()
    }

    /// Since when nothing has come back, where something is awaited.
    pub fn waiting_since(&self) -> Option<Timestamp> {
        self.busy_since.filter(|_| self.place() == Place::Busy)
    }

    /// How much of the deadline's time is left, from 1 down to 0.
    pub fn share_left(&self, now: Timestamp) -> Option<f64> {
        let (deadline, seen) = self.deadline_seen?;
        let whole = deadline.duration_since(seen).as_secs_f64();
        Some((deadline.duration_since(now).as_secs_f64() / whole.max(1.0)).clamp(0.0, 1.0))
    }

    pub fn key(&mut self, event: &KeyEvent) {
        self.clicked = None;
        if self.is_unseen() {
            type_unseen(&mut self.typed_unseen, event);
            self.slip = None;
        } else if self.place().takes_text() {
            if std::mem::take(&mut self.begins_anew) && Key::of(event).is_letter() {
                self.editor.reset();
            }
            // Codes are written in groups; a box has room for digits only.
            if !(self.digits().is_some() && matches!(event.code, KeyCode::Char(' ' | '-'))) {
                self.editor.handle_event(&Event::Key(*event));
            }
            self.slip = None;
        } else if self.place() == Place::Choice
            && let KeyCode::Char(c @ '1'..='9') = event.code
        {
            self.choose(c as usize - '1' as usize);
        }
    }

    pub fn paste(&mut self, text: &str) {
        if self.is_unseen() {
            text.chars().for_each(|c| self.typed_unseen.push(c));
            self.slip = None;
        } else if self.place().takes_text() {
            if std::mem::take(&mut self.begins_anew) {
                self.editor.reset();
            }
            match self.digits() {
                Some(_) => super::insert(&mut self.editor, &text.replace([' ', '-'], "")),
                None => super::insert(&mut self.editor, text),
            }
            self.slip = None;
        }
    }

    /// How many digits a code has, where that is known.
    fn digits(&self) -> Option<usize> {
        match self.screen.prompt {
            Some(Prompt::Code { digits, .. }) => digits,
            _ => None,
        }
    }

    fn choose(&mut self, nth: usize) {
        if let Some(Prompt::Pick { choices, .. }) = &self.screen.prompt
            && nth < choices.len()
        {
            self.chosen = Some(nth);
        }
    }

    /// Chooses what was clicked on; true where the last thing that was done was to click on it before.
    pub fn click(&mut self, nth: usize) -> bool {
        self.slip = None;
        match self.place() {
            Place::YesNo => self.chosen = Some(nth),
            _ => self.choose(nth),
        }
        self.clicked.replace(nth) == Some(nth)
    }

    /// The keys that move about in the pane.
    pub fn act(&mut self, action: Action) {
        (self.slip, self.clicked) = (None, None);
        match (action, self.place()) {
            (Action::ChooseLeft | Action::Yes, Place::YesNo) => self.chosen = Some(0),
            (Action::ChooseRight | Action::No, Place::YesNo) => self.chosen = Some(1),
            (Action::Up, Place::Choice) => self.choose(self.chosen.unwrap_or(0).saturating_sub(1)),
            (Action::Down, Place::Choice) => self.choose(self.chosen.map_or(0, |nth| nth + 1)),
            _ => {}
        }
    }

    /// What Enter hands to the flow, or nothing and a word why.
    pub fn submit(&mut self) -> Option<Input> {
        if let Some(problem) = self.too_short() {
            self.slip = Some(problem);
            return None;
        }
        let answer = match (&self.screen.prompt, self.chosen) {
            (Some(Prompt::Secret { .. } | Prompt::Paste { .. }), _) => Answer::Text(self.typed_unseen.take()),
            (Some(Prompt::Text { .. } | Prompt::Email { .. } | Prompt::Code { .. }), _) => {
                self.answered.push((question(&self.screen), self.editor.value().to_owned()));
                Answer::Text(Secret::new(self.editor.value()))
            }
            (Some(Prompt::Pick { .. }), Some(nth)) => Answer::Pick(nth),
            (Some(Prompt::Confirm { .. }), Some(nth)) => Answer::Confirm(nth == 0),
            (Some(Prompt::Confirm { .. }), None) => {
                self.slip = Some(Problem::new(
                    Kind::Usage,
                    "Nothing is chosen yet.",
                    "Choose with the arrow keys, then press Enter.",
                ));
                return None;
            }
            _ => return None,
        };
        Some(Input::Answer(answer))
    }

    /// A code that is not whole yet would only cost a try.
    fn too_short(&self) -> Option<Problem> {
        let (digits, typed) = (self.digits()?, self.editor.value().trim());
        let is_begun = typed.len() < digits && typed.chars().all(|c| c.is_ascii_digit());
        let what = format!("The code has {digits} digits; {} are there.", typed.len());
        is_begun.then(|| Problem::new(Kind::Usage, what, "Type the rest of it. Nothing was sent."))
    }

    /// When this pane looks different by the clock alone: each second while something counts.
    pub fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        let counting = self.screen.deadline.is_some_and(|deadline| deadline > now) || self.waiting_since().is_some();
        let next = Timestamp::from_second(now.as_second() + 1).ok()?;
        counting.then_some(next)
    }
}
