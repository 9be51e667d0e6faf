//! The mouse: what is clicked on is what a key would have done. The first click on a choice chooses it, the second does it, so
//! that a click which only brings the window to the front agrees to nothing.

use jiff::Timestamp;
use ratatui::layout::Position;

use super::{App, Command, Overlay, Scene, Wheel, view};
use crate::tui::keymap::{Action, Place};
use crate::tui::view::Spot;

/// Rows that a notch of the wheel moves.
const NOTCH: usize = 3;

impl App {
    pub(super) fn click(&mut self, column: u16, row: u16, now: Timestamp) -> Vec<Command> {
        self.somebody_is_there(now);
        let spot = view::spot_at(self, Position::new(column, row), now);
        self.notice = None;
        self.interrupted = false;
        match spot {
            Some(Spot::Key(action)) => self.act(action, now),
            Some(Spot::Selection(nth)) if self.overlay.is_none() => self.click_on_row(nth, now),
            Some(Spot::Choice(nth)) => self.click_on_choice(nth, now),
            Some(Spot::Command(nth)) => {
                if let Some(Overlay::Palette(palette)) = &mut self.overlay {
                    palette.chosen = nth;
                }
                self.act(Action::Submit, now)
            }
            _ => Vec::new(),
        }
    }

    fn click_on_row(&mut self, nth: usize, now: Timestamp) -> Vec<Command> {
        let is_selected = self.list.selected_row() == nth;
        match &self.scene {
            Scene::List if is_selected => return self.act(Action::Open, now),
            // What was typed stays the filter.
            Scene::Filter(_) => self.scene = Scene::List,
            // Another account is read from its beginning.
            Scene::Detail { .. } if !is_selected => self.scene = Scene::Detail { scroll: 0 },
            _ => {}
        }
        self.list.select(nth);
        Vec::new()
    }

    fn click_on_choice(&mut self, nth: usize, now: Timestamp) -> Vec<Command> {
        let is_second = match (&mut self.overlay, &mut self.scene) {
            (Some(Overlay::Question(question)), _) => {
                question.chosen = Some(nth);
                question.clicked.replace(nth) == Some(nth)
            }
            (None, Scene::Session(session)) => session.click(nth),
            _ => return Vec::new(),
        };
        if is_second { self.act(Action::Submit, now) } else { Vec::new() }
    }

    pub(super) fn wheel(&mut self, wheel: Wheel, now: Timestamp) -> Vec<Command> {
        self.somebody_is_there(now);
        let action = if wheel == Wheel::Up { Action::Up } else { Action::Down };
        match self.place() {
            Place::List | Place::Filter => {
                let rows = NOTCH as isize;
                self.list.move_by(if wheel == Wheel::Up { -rows } else { rows });
                Vec::new()
            }
            // There the arrows choose; the wheel only moves the page.
            Place::Choice => {
                let limit = view::scroll_limit(self, now);
                if let Scene::Session(session) = &mut self.scene {
                    let scroll = (0..NOTCH).fold(session.scroll(), |scroll, _| super::scrolled(scroll, action, limit));
                    session.scroll_to(scroll);
                }
                Vec::new()
            }
            place if self.keymap.here(place).iter().any(|entry| entry.action == action) => {
                (0..NOTCH).flat_map(|_| self.act(action, now)).collect()
            }
            _ => Vec::new(),
        }
    }
}
