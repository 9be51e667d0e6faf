//! The flows of the program: one guided pane, and verifications behind the list.

use jiff::Timestamp;

use super::{App, Command, Overlay, Question, Scene, Then, Walk, scrolled};
use crate::account::Account;
use crate::flow::handover::HandingOver;
use crate::flow::renew::Renew;
use crate::flow::revoke::{Presence, Revoke};
use crate::flow::signup::SignUp;
use crate::flow::target::Target;
use crate::flow::{Flow, Input, Outcome};
use crate::secret::Secret;
use crate::tui::keymap::{Action, Place};
use crate::tui::session::{FlowId, Session};
use crate::tui::view;

impl App {
    pub(super) fn new_flow(&mut self) -> FlowId {
        self.next_flow += 1;
        FlowId(self.next_flow)
    }

    pub(super) fn start(&mut self, flow: Box<dyn Flow>, now: Timestamp) -> Vec<Command> {
        let id = self.new_flow();
        self.scene = Scene::Session(Box::new(Session::new(id, flow, now)));
        self.flow(id, Input::Begin, now)
    }

    pub(super) fn flow(&mut self, id: FlowId, input: Input, now: Timestamp) -> Vec<Command> {
        if matches!(input, Input::Loaded(Ok(_))) && self.lock_at.is_none() {
            // The vault's key is in use again, though nobody has pressed anything.
            self.lock_at = now.checked_add(self.lock_after).ok();
        }
        if let Scene::Session(session) = &mut self.scene
            && session.id == id
        {
            let effects = session.step(input, now);
            let mut commands: Vec<Command> = effects.into_iter().map(|effect| Command::Perform(id, effect)).collect();
            commands.extend(self.leave_if_nothing_is_told(now));
            return commands;
        }
        self.heard_behind(id, input, now)
    }

    /// One is walked with the person, from its first question on; several are begun together.
    pub(super) fn walk(&mut self, walk: Walk, now: Timestamp) -> Vec<Command> {
        let mut targets: Vec<Account> = self.list.targets().into_iter().cloned().collect();
        match (walk, targets.len()) {
            (Walk::Renew, 2..) => return self.renew_many(targets, now),
            (Walk::Revoke, 2..) => {
                self.ask_to_revoke(&targets);
                return Vec::new();
            }
            _ => {}
        }
        self.list.clear_marks();
        match (walk, targets.pop()) {
            (Walk::Renew, Some(account)) => self.start(Box::new(Renew::new(account, Presence::Person)), now),
            (Walk::Revoke, Some(account)) => self.start(Box::new(Revoke::new(account, Presence::Person)), now),
            (_, None) => Vec::new(),
        }
    }

    /// Renewals that need somebody come one after another, as soon as nothing else is to be waited for or to be read.
    pub(super) fn walk_next(&mut self, now: Timestamp) -> Vec<Command> {
        let is_free = self.overlay.is_none() && matches!(self.scene, Scene::List | Scene::Detail { .. });
        if !is_free || self.background.is_busy() {
            return Vec::new();
        }
        while let Some(id) = self.walks.pop_front() {
            self.walks_begun += 1;
            if let Some(account) = self.list.accounts().iter().find(|account| account.id == id).cloned() {
                let commands = self.start(Box::new(Renew::new(account, Presence::Person)), now);
                let in_all = self.walks_begun + self.walks.len();
                if let Scene::Session(session) = &mut self.scene {
                    session.position = Some((self.walks_begun, in_all)).filter(|_| in_all > 1);
                }
                return commands;
            }
        }
        self.walks_begun = 0;
        Vec::new()
    }

    pub(super) fn cancel_session(&mut self, now: Timestamp) -> Vec<Command> {
        match self.at_stake() {
            Some(at_stake) => {
                self.ask(Question::new(vec![at_stake], "Cancel all the same", "Go on with it", Then::CancelSession));
                Vec::new()
            }
            None => self.end_session(now),
        }
    }

    /// Cancels the flow; its last screen says what is left.
    pub(super) fn end_session(&mut self, now: Timestamp) -> Vec<Command> {
        let Some(id) = self.session().map(|session| session.id) else {
            return Vec::new();
        };
        self.flow(id, Input::Cancel, now)
    }

    pub(super) fn act_on_target(&mut self, action: Action, now: Timestamp) -> Vec<Command> {
        let Scene::Target { editor, problem, .. } = &mut self.scene else {
            return Vec::new();
        };
        if action == Action::Cancel {
            self.scene = Scene::List;
            return Vec::new();
        }
        match Target::within(editor.value(), self.reach) {
            Ok(target) => {
                self.target = Some(editor.value().to_owned());
                self.start(Box::new(SignUp::new(target, None)), now)
            }
            Err(wrong) => {
                *problem = Some(wrong);
                Vec::new()
            }
        }
    }

    pub(super) fn act_on_session(&mut self, action: Action, now: Timestamp) -> Vec<Command> {
        if action == Action::Submit && self.reads_on(now) {
            return Vec::new();
        }
        let Scene::Session(session) = &mut self.scene else {
            return Vec::new();
        };
        // In a choice the arrows choose; everywhere else they move the page, as the page keys do everywhere.
        let chooses = session.place() == Place::Choice && matches!(action, Action::Up | Action::Down);
        if action.is_moving() && !chooses {
            let scroll = scrolled(session.scroll(), action, view::scroll_limit(self, now));
            if let Scene::Session(session) = &mut self.scene {
                session.scroll_to(scroll);
            }
            return Vec::new();
        }
        let link = session.screen().link.clone();
        let input = match (action, session.place(), link) {
            (Action::Submit | Action::Back, Place::Over, _) => return self.leave_session(now),
            (Action::Submit, ..) => session.submit(),
            (Action::NewCode, ..) => Some(Input::Answer(crate::flow::Answer::NewCode)),
            (Action::PreviousQuestion, ..) => Some(Input::Back),
            (Action::Cancel, ..) => return self.cancel_session(now),
            (Action::ShowQr, _, link) => {
                self.overlay = session.screen().qr.clone().or(link).map(Overlay::Qr);
                return Vec::new();
            }
            (Action::OpenLink, _, Some(link)) => return self.open_page(link),
            (Action::PrintLink, _, Some(link)) => return vec![Command::Print(link)],
            (Action::CopyLink, _, Some(link)) => {
                self.notice = Some(self.clipboard.to_owned());
                // A link may stay there.
                self.clipboard_until = None;
                return vec![Command::Copy(Secret::new(link))];
            }
            _ => {
                session.act(action);
                None
            }
        };
        let id = session.id;
        match input {
            Some(input) => self.flow(id, input, now),
            None => Vec::new(),
        }
    }

    /// A yes counts for what was read: in a small window it shows what is left first.
    fn reads_on(&mut self, now: Timestamp) -> bool {
        let limit = view::scroll_limit(self, now);
        match &mut self.scene {
            Scene::Session(session) if session.agrees_unseen(limit) => {
                session.scroll_to(scrolled(session.scroll(), Action::PageDown, limit));
                self.notice = Some("There was more to read: here it is. Enter again agrees to all of it.".to_owned());
                true
            }
            _ => false,
        }
    }

    /// A pane that was cancelled and has no more to say than one line says it below the list.
    fn leave_if_nothing_is_told(&mut self, now: Timestamp) -> Vec<Command> {
        let line = self.session().map(Session::screen).and_then(|screen| match &screen.outcome {
            Some(Outcome::Cancelled) if screen.lines.len() <= 1 => screen.lines.first().map(|line| line.plain()),
            _ => None,
        });
        let Some(line) = line else {
            return Vec::new();
        };
        let position = self.session().and_then(|session| session.position);
        let (left_alone, before) = position.map_or((0, 0), |(nth, in_all)| (in_all - nth, nth - 1));
        let commands = self.leave_session(now);
        self.notice = Some(match left_alone {
            0 => line,
            1 => format!("{line} The other one was left alone."),
            several => format!("{line} The other {several} were left alone."),
        });
        if let (Some(notice), 1..) = (&mut self.notice, before) {
            *notice += &format!(" {before} of them had been walked to the end.");
        }
        commands
    }

    pub(super) fn leave_session(&mut self, now: Timestamp) -> Vec<Command> {
        let mut handing = None;
        if let Scene::Session(session) = std::mem::replace(&mut self.scene, Scene::List) {
            if let Some(Outcome::Connected(account)) = &session.screen().outcome {
                self.target = None;
                self.list.await_account(account.id.clone());
                handing = HandingOver::of(account);
            }
            // Who stops one of several does not want the next one begun.
            if session.position.is_some() && session.screen().outcome == Some(Outcome::Cancelled) {
                self.walks.clear();
            }
            self.left = Some(session.screen().clone());
        }
        let mut commands = vec![Command::Load];
        // It goes where the account says; what else is walked comes after.
        commands.extend(handing.into_iter().flat_map(|handing| self.start(Box::new(handing), now)));
        commands
    }
}
