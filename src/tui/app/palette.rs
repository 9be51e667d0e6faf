//! Every command by name: what a key does, found by typing instead of by knowing the key.

use crossterm::event::{Event, KeyEvent};
use jiff::Timestamp;
use tui_input::Input as Editor;
use tui_input::backend::crossterm::EventHandler;

use super::{App, Command, Overlay};
use crate::tui::keymap::{Action, Entry, Place};

/// The commands of the place that it was opened in.
pub struct Palette {
    pub editor: Editor,
    pub chosen: usize,
    pub(super) place: Place,
}

impl Palette {
    pub fn new(place: Place) -> Self {
        Self { editor: Editor::default(), chosen: 0, place }
    }

    pub fn typed(&mut self, event: &KeyEvent) {
        self.editor.handle_event(&Event::Key(*event));
        self.chosen = 0;
    }

    pub fn pasted(&mut self, text: &str) {
        crate::tui::insert(&mut self.editor, text);
        self.chosen = 0;
    }
}

impl App {
    /// What can be done where the palette was opened, and fits what was typed in it; what does nothing now comes last.
    pub fn commands(&self, palette: &Palette) -> Vec<Entry> {
        let typed = palette.editor.value().to_lowercase();
        let words: Vec<&str> = typed.split_whitespace().collect();
        let named = |entry: &Entry| {
            let text = format!("{} {}", entry.label, entry.action.name().unwrap_or_default());
            words.iter().all(|word| text.contains(word))
        };
        let is_one = |entry: &Entry| !entry.action.is_moving() && entry.action != Action::Palette;
        let here = self.keymap.here(palette.place).into_iter().filter(|entry| is_one(entry) && named(entry));
        let (idle, useful): (Vec<_>, Vec<_>) = here.partition(|entry| self.refusal_in_scene(entry.action).is_some());
        [useful, idle].concat()
    }

    pub(super) fn act_on_palette(&mut self, mut palette: Palette, action: Action, now: Timestamp) -> Vec<Command> {
        let commands = self.commands(&palette);
        match action {
            Action::Submit => {
                return match commands.get(palette.chosen).map(|entry| entry.action) {
                    Some(action) => self.act(action, now),
                    None => Vec::new(),
                };
            }
            Action::Up => palette.chosen = palette.chosen.saturating_sub(1),
            Action::Down => palette.chosen = (palette.chosen + 1).min(commands.len().saturating_sub(1)),
            Action::PageUp => palette.chosen = 0,
            Action::PageDown => palette.chosen = commands.len().saturating_sub(1),
            _ => return Vec::new(),
        }
        self.overlay = Some(Overlay::Palette(palette));
        Vec::new()
    }
}
