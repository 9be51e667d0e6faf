//! The state of the full-screen program. [`App::update`] is the only place where it changes; what is to be done in the
//! world comes out as [`Command`]s.

mod accounts;
mod background;
mod clicks;
mod flows;
mod message;
mod overlay;
mod palette;

use std::collections::VecDeque;

use crossterm::event::{Event, KeyEvent};
use jiff::{SignedDuration, Timestamp};
use tui_input::Input as Editor;
use tui_input::backend::crossterm::EventHandler;
use url::Url;

use super::keymap::{Action, Key, Keymap, Place};
use super::list::List;
use super::session::{Session, type_unseen};
use super::theme::{Depth, Theme};
use super::view;
use crate::account::{AccountId, DUE_WITHIN, Kept, Status};
use crate::flow::{Opening, Screen, Surroundings};
use crate::problem::Problem;
use crate::store::Removed;
use crate::trust::Reach;

use background::Background;
pub use message::{Beside, Command, Loaded, Message, Wheel};
use overlay::Then;
pub use overlay::{CredentialPane, Overlay, Question, UnlockPane};
pub use palette::Palette;

/// How long a credential stays on the screen or in the clipboard.
const CREDENTIAL_SEEN: SignedDuration = SignedDuration::from_secs(30);
/// How long the vault stays open with nobody there.
pub const LOCK_AFTER: SignedDuration = SignedDuration::from_mins(10);
/// A terminal does not say whether it took what it was sent.
const SENT: &str = "Sent to your terminal's clipboard.";

/// What the person is looking at.
pub enum Scene {
    List,
    Detail {
        scroll: usize,
    },
    Filter(Editor),
    Target {
        editor: Editor,
        problem: Option<Problem>,
        /// What stands there was typed before: the next letter begins anew.
        begins_anew: bool,
    },
    Session(Box<Session>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Walk {
    Renew,
    Revoke,
}

pub struct App {
    pub list: List,
    pub scene: Scene,
    pub overlay: Option<Overlay>,
    /// One line above the footer, until the next key.
    pub notice: Option<String>,
    /// Why the accounts could not be read.
    pub problem: Option<Problem>,
    pub loaded: bool,
    pub theme: Theme,
    pub keymap: Keymap,
    /// Where the person sits.
    pub surroundings: Surroundings,
    /// What is said when something was copied.
    pub clipboard: &'static str,
    /// What credentials are kept in, for the header.
    pub store: &'static str,
    /// A word on top of the list, as the demo has.
    pub banner: Option<String>,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    background: Background,
    /// Renewals that need somebody, and how many of them have had their turn.
    walks: VecDeque<AccountId>,
    walks_begun: usize,
    /// How often something has happened, and how often it had when the screen was drawn last.
    happened: u64,
    drawn: u64,
    /// The service that was typed last, until a sign-up to it has gone well.
    target: Option<String>,
    /// What was forgotten since the program began, the last one last.
    forgotten: Vec<(AccountId, Vec<Removed>)>,
    /// What the detail that is open has besides its account.
    beside: Option<(AccountId, Beside)>,
    clipboard_until: Option<Timestamp>,
    /// How far a service that is typed may be away.
    pub reach: Reach,
    /// After so long without a key, the vault's key is forgotten.
    pub lock_after: SignedDuration,
    lock_at: Option<Timestamp>,
    /// What is to be done once the vault is open, and what the vault said.
    wants_vault: Vec<(Command, Problem)>,
    next_flow: u64,
    /// The last screen of the guided pane that was left, for the record.
    pub left: Option<Screen>,
    /// Quit was asked for with Ctrl-C.
    pub interrupted: bool,
}

impl App {
    pub fn new(theme: Theme, store: &'static str, banner: Option<String>) -> Self {
        Self {
            list: List::default(),
            scene: Scene::List,
            overlay: None,
            notice: None,
            problem: None,
            loaded: false,
            theme,
            keymap: Keymap::default(),
            surroundings: Surroundings::default(),
            clipboard: SENT,
            store,
            banner,
            size: (80, 24),
            background: Background::default(),
            walks: VecDeque::new(),
            walks_begun: 0,
            happened: 0,
            drawn: 0,
            target: None,
            forgotten: Vec::new(),
            beside: None,
            clipboard_until: None,
            reach: Reach::Public,
            lock_after: LOCK_AFTER,
            lock_at: None,
            wants_vault: Vec::new(),
            next_flow: 0,
            left: None,
            interrupted: false,
        }
    }

    /// What has to be done before anything happens.
    pub fn begin(&self) -> Vec<Command> {
        vec![Command::Load]
    }

    pub fn place(&self) -> Place {
        match (&self.overlay, &self.scene) {
            (Some(Overlay::Help { .. }), _) => Place::Help,
            (Some(Overlay::Qr(_)), _) => Place::Qr,
            (Some(Overlay::Credential(_)), _) => Place::Credential,
            (Some(Overlay::Unlock(_)), _) => Place::Unlock,
            (Some(Overlay::Question(_)), _) => Place::YesNo,
            (Some(Overlay::Palette(_)), _) => Place::Palette,
            (None, _) => self.scene_place(),
        }
    }

    /// The place that an overlay lies over.
    pub fn scene_place(&self) -> Place {
        match &self.scene {
            Scene::List => Place::List,
            Scene::Detail { .. } => Place::Detail,
            Scene::Filter(_) => Place::Filter,
            Scene::Target { .. } => Place::Target,
            Scene::Session(session) => session.place(),
        }
    }

    /// What the key of an action is called where it works, unless a person has left it without one.
    pub fn key_label(&self, place: Place, action: Action) -> Option<String> {
        self.keymap.key(place, action).map(|key| key.label(self.theme.unicode))
    }

    pub fn session(&self) -> Option<&Session> {
        match &self.scene {
            Scene::Session(session) => Some(session),
            _ => None,
        }
    }

    /// When the screen changes by the clock alone, so that nobody looks earlier.
    pub fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        // What lies under an overlay is not seen.
        let seen = match (&self.overlay, &self.scene) {
            // Its seconds are counted.
            (Some(Overlay::Credential(pane)), _) => {
                Timestamp::from_second(now.as_second() + 1).ok().map(|next| next.min(pane.until))
            }
            (Some(_), _) => None,
            (None, Scene::Session(session)) => session.next_change(now),
            (None, Scene::Target { .. }) => None,
            (None, Scene::Detail { .. }) => self.list.next_change(now, view::list_room(self), true),
            (None, Scene::List | Scene::Filter(_)) => self.list.next_change(now, view::list_room(self), false),
        };
        [seen, self.clipboard_until, self.lock_at].into_iter().flatten().min()
    }

    /// The screen shows all that has happened.
    pub fn drawn(&mut self) {
        self.drawn = self.happened;
    }

    pub fn update(&mut self, message: Message, now: Timestamp) -> Vec<Command> {
        let is_seen = self.drawn == self.happened;
        self.happened += 1;
        let mut commands = self.expire(now);
        self.list.tick(now);
        commands.extend(match message {
            Message::Key(key) => self.key(&key, now),
            Message::Paste(text) => self.paste(text.expose(), now),
            // A click is meant for what is on the screen, not for what has taken its place since.
            Message::Click(..) if !is_seen => Vec::new(),
            Message::Click(column, row) => self.click(column, row, now),
            Message::Wheel(wheel) => self.wheel(wheel, now),
            Message::Redraw => Vec::new(),
            Message::Flow(id, input) => self.flow(id, input, now),
            Message::Loaded(result) => {
                self.listed(result, now);
                self.recall()
            }
            Message::Recalled(id, beside) => {
                self.beside = Some((id, beside));
                Vec::new()
            }
            Message::Credential(id, result) => {
                self.fetched(id, result, now);
                Vec::new()
            }
            Message::Forgotten(id, result) => {
                self.notice = Some(
                    result.map_or_else(|problem| one_line(&problem), |removed| self.keep_forgotten(id, removed, now)),
                );
                vec![Command::Load]
            }
            Message::PutBack(id, removed, result) => {
                self.notice = Some(self.put_back(id, removed, result));
                vec![Command::Load]
            }
            Message::Copied => {
                if let Some(rest) = self.notice.as_deref().and_then(|notice| notice.strip_prefix(self.clipboard)) {
                    self.notice = Some(format!("Copied here, and sent to your terminal.{rest}"));
                }
                Vec::new()
            }
            Message::Locked(command, why) => {
                self.wants_vault.push((command, why));
                Vec::new()
            }
            Message::Unlocked(result) => self.unlocked(result),
            Message::KeyForgotten(true) => {
                self.notice = Some("The vault was locked: nothing had been pressed for a while.".to_owned());
                Vec::new()
            }
            Message::KeyForgotten(false) => Vec::new(),
            Message::Opened(result) => {
                self.notice = Some(match result {
                    Ok(()) => "Handed to your browser.".to_owned(),
                    Err(problem) => one_line(&problem),
                });
                Vec::new()
            }
        });
        commands.extend(self.walk_next(now));
        let mut wanted = std::mem::take(&mut self.wants_vault);
        wanted.retain(|(command, _)| self.is_awaited(command));
        self.wants_vault = wanted;
        if self.overlay.is_none() && !self.wants_vault.is_empty() {
            self.overlay = Some(Overlay::Unlock(UnlockPane::default()));
        }
        // What was done through it would be done to something else than what it was opened over.
        if matches!(&self.overlay, Some(Overlay::Palette(palette)) if palette.place != self.scene_place()) {
            self.overlay = None;
            self.notice = Some("Something came meanwhile: the commands were closed.".to_owned());
        }
        self.list.keep_in_sight(view::list_room(self));
        commands
    }

    /// Is somebody still there for what comes of it?
    fn is_awaited(&self, command: &Command) -> bool {
        match command {
            Command::Perform(id, _) => {
                self.session().is_some_and(|session| session.id == *id) || self.background.is_awaiting(*id)
            }
            _ => true,
        }
    }

    /// Ends what has had its time.
    fn expire(&mut self, now: Timestamp) -> Vec<Command> {
        let locks = self.lock_at.is_some_and(|at| at <= now);
        if matches!(&self.overlay, Some(Overlay::Credential(pane)) if locks || pane.until <= now) {
            self.overlay = None;
        }
        let mut commands = Vec::new();
        if self.clipboard_until.is_some_and(|until| until <= now) {
            self.clipboard_until = None;
            commands.push(Command::ClearClipboard);
        }
        if locks {
            self.lock_at = None;
            commands.push(Command::ForgetKey);
        }
        commands
    }

    fn paste(&mut self, text: &str, now: Timestamp) -> Vec<Command> {
        self.somebody_is_there(now);
        match (&mut self.overlay, &mut self.scene) {
            (Some(Overlay::Unlock(pane)), _) => text.chars().for_each(|c| pane.typed.push(c)),
            (Some(Overlay::Palette(palette)), _) => palette.pasted(text),
            (None, Scene::Filter(editor)) => {
                super::insert(editor, text);
                let filter = editor.value().to_owned();
                self.list.set_filter(&filter, now);
            }
            (None, Scene::Target { editor, problem, begins_anew }) => {
                if std::mem::take(begins_anew) {
                    editor.reset();
                }
                super::insert(editor, text);
                *problem = None;
            }
            (None, Scene::Session(session)) => session.paste(text),
            _ => {}
        }
        Vec::new()
    }

    fn somebody_is_there(&mut self, now: Timestamp) {
        self.lock_at = now.checked_add(self.lock_after).ok();
    }

    fn key(&mut self, event: &KeyEvent, now: Timestamp) -> Vec<Command> {
        self.somebody_is_there(now);
        self.notice = None;
        let key = Key::of(event);
        let place = self.place();
        self.interrupted = key == Key::INTERRUPT;
        match self.keymap.action(place, key) {
            Some(action) => self.act(action, now),
            None => {
                self.typed(event, now);
                if !place.takes_text() && self.notice.is_none() {
                    self.notice = self.keymap.elsewhere(key).map(|(label, place)| {
                        format!("{} ({label}) works in {}.", key.label(self.theme.unicode), place.name())
                    });
                }
                Vec::new()
            }
        }
    }

    /// A key that is no command here: text, or a choice by its number.
    fn typed(&mut self, event: &KeyEvent, now: Timestamp) {
        match (&mut self.overlay, &mut self.scene) {
            (Some(Overlay::Unlock(pane)), _) => type_unseen(&mut pane.typed, event),
            (Some(Overlay::Palette(palette)), _) => palette.typed(event),
            (None, Scene::Filter(editor)) => {
                editor.handle_event(&Event::Key(*event));
                let filter = editor.value().to_owned();
                self.list.set_filter(&filter, now);
            }
            (None, Scene::Target { editor, problem, begins_anew }) => {
                let is_letter = Key::of(event).is_letter();
                if std::mem::take(begins_anew) && is_letter {
                    editor.reset();
                }
                editor.handle_event(&Event::Key(*event));
                *problem = None;
            }
            (None, Scene::Session(session)) => session.key(event),
            _ => {}
        }
    }

    /// Is there a credential in the terminal's clipboard that was put there by us?
    pub fn holds_clipboard(&self) -> bool {
        self.clipboard_until.is_some()
    }

    fn act(&mut self, action: Action, now: Timestamp) -> Vec<Command> {
        if let Some(why) = self.refusal(action) {
            self.notice = Some(why.to_owned());
            return Vec::new();
        }
        if let Some(overlay) = self.overlay.take() {
            return self.act_on_overlay(overlay, action, now);
        }
        match action {
            Action::Quit => return self.quit(),
            // A program that stands still does not look at the clock.
            Action::Suspend => return vec![Command::ForgetKey, Command::Suspend],
            Action::Redraw => return vec![Command::Load],
            Action::Help => {
                self.overlay = Some(Overlay::Help { scroll: 0 });
                return Vec::new();
            }
            Action::Palette => {
                self.overlay = Some(Overlay::Palette(Palette::new(self.scene_place())));
                return Vec::new();
            }
            Action::Theme => {
                self.next_theme();
                return Vec::new();
            }
            _ => {}
        }
        match &mut self.scene {
            Scene::List | Scene::Detail { .. } => self.act_on_accounts(action, now),
            Scene::Filter(_) => {
                if action == Action::Back {
                    self.list.set_filter("", now);
                }
                self.scene = Scene::List;
                Vec::new()
            }
            Scene::Target { .. } => self.act_on_target(action, now),
            Scene::Session(_) => self.act_on_session(action, now),
        }
    }

    /// Opens a page that somebody asked for: at once where they see the browser, and not on another machine unasked.
    fn open_page(&mut self, page: Url) -> Vec<Command> {
        let why = self.surroundings.no_browser.unwrap_or_default();
        match self.surroundings.opening {
            Opening::AtOnce => return vec![Command::Open(page)],
            Opening::Not => {
                let key = |action| self.key_label(Place::Code, action);
                let ways = match (self.session().is_some(), key(Action::CopyLink), key(Action::PrintLink)) {
                    (true, Some(copy), Some(print)) => format!("{copy} copies the link, {print} prints it bare."),
                    _ => format!("The page: {page}"),
                };
                self.notice = Some(format!("Not opened: {why}. {ways}"));
            }
            Opening::Asked => {
                let text =
                    vec!["Open this page in a browser there?".to_owned(), format!("Careful: {why}."), page.to_string()];
                self.ask(Question::new(text, "Open it there", "Do not open it", Then::Open(page)));
            }
        }
        Vec::new()
    }

    fn next_theme(&mut self) {
        self.theme.look = self.theme.look.next();
        let name = self.theme.look.name();
        self.notice = Some(match self.theme.depth {
            Depth::None => {
                "Colours are off (NO_COLOR, --no-color, or the terminal): a theme changes nothing.".to_owned()
            }
            _ => format!("Theme: {name}. To keep it, write \"theme\": \"{name}\" into settings.json."),
        });
    }

    /// Nothing is lost by leaving, unless a pane says so.
    fn quit(&mut self) -> Vec<Command> {
        match self.at_stake() {
            Some(at_stake) => {
                self.ask(Question::new(vec![at_stake], "Quit all the same", "Stay", Then::Quit));
                Vec::new()
            }
            None => vec![Command::Quit],
        }
    }

    fn at_stake(&self) -> Option<String> {
        let of_session = self.session().and_then(|session| session.screen().at_stake.clone());
        of_session.or_else(|| self.background.at_stake())
    }

    fn listed(&mut self, result: Result<Loaded, Problem>, now: Timestamp) {
        self.loaded = true;
        match result {
            Ok(Loaded { listing, store, described }) => {
                self.store = store;
                self.problem = listing.problem;
                self.list.replace(listing.accounts, described, now);
            }
            Err(problem) => self.problem = Some(problem),
        }
    }

    /// What there is to be told besides the selected account, where its detail is open.
    pub fn beside(&self) -> Option<&Beside> {
        let selected = self.list.selected().map(|account| &account.id);
        self.beside.as_ref().filter(|(id, _)| Some(id) == selected).map(|(_, beside)| beside)
    }

    pub(super) fn recall(&self) -> Vec<Command> {
        let selected = self.list.selected().filter(|_| matches!(self.scene, Scene::Detail { .. }));
        selected.map(|account| Command::Recall(account.id.clone())).into_iter().collect()
    }

    /// Keeps what was removed for who wants it back, and says so.
    fn keep_forgotten(&mut self, id: AccountId, removed: Vec<Removed>, now: Timestamp) -> String {
        if removed.is_empty() {
            return format!("{id} was gone already.");
        }
        let undo =
            self.key_label(Place::List, Action::Undo).map(|key| format!(" {key} undoes it.")).unwrap_or_default();
        let known = self.list.accounts().iter().find(|account| account.id == id);
        let dead = [Status::Expired, Status::Revoked];
        let said = match known.is_some_and(|account| dead.contains(&account.status(now, DUE_WITHIN))) {
            true => format!("Forgotten here: {id}.{undo}"),
            false => format!("Forgotten here: {id}. It goes on working at the service.{undo}"),
        };
        self.forgotten.push((id, removed));
        said
    }

    fn put_back(&mut self, id: AccountId, removed: Vec<Removed>, result: Result<(), Problem>) -> String {
        match result {
            Ok(()) => {
                let said = format!("{id} is back, as it was.");
                self.list.await_account(id);
                said
            }
            Err(problem) => {
                // It can be tried again.
                self.forgotten.push((id, removed));
                one_line(&problem)
            }
        }
    }

    fn fetched(&mut self, id: AccountId, result: Result<Option<Box<Kept>>, Problem>, now: Timestamp) {
        match (result, now.checked_add(CREDENTIAL_SEEN)) {
            (Ok(Some(kept)), Ok(until)) => {
                let credential = kept.secrets.credential;
                self.overlay =
                    Some(Overlay::Credential(CredentialPane { account: id, credential, shown: false, until }));
            }
            (Err(problem), _) => self.notice = Some(one_line(&problem)),
            _ => self.notice = Some(format!("The credential of {id} is not in the store any more.")),
        }
    }
}

/// Where a page stands after a key that moves it.
fn scrolled(scroll: usize, action: Action, limit: usize) -> usize {
    const PAGE: usize = 8;
    let scroll = scroll.min(limit);
    match action {
        Action::Up => scroll.saturating_sub(1),
        Action::Down => (scroll + 1).min(limit),
        Action::PageUp => scroll.saturating_sub(PAGE),
        Action::PageDown => (scroll + PAGE).min(limit),
        Action::Top => 0,
        Action::Bottom => limit,
        _ => scroll,
    }
}

/// A problem where there is room for one line.
fn one_line(problem: &Problem) -> String {
    format!("{} {}", problem.what, problem.hint)
}
