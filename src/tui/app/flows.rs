//! The flows of the program: one guided pane, and verifications behind the list.

use jiff::Timestamp;

use super::{App, Command, Overlay, Question, Scene, Then, Walk, one_line, scrolled};
use crate::account::{Account, Verdict};
use crate::flow::handover::HandingOver;
use crate::flow::renew::Renew;
use crate::flow::revoke::{Presence, Revoke};
use crate::flow::signup::SignUp;
use crate::flow::target::Target;
use crate::flow::verify::{Verify, verdict_in_words};
use crate::flow::{AT_ONCE, Flow, Input, Outcome};
use crate::problem::{Kind, Problem};
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
        let mut session = Session::new(id, flow, now);
        if self.walks_in_all > 1 {
            session.position = Some((self.walks_in_all - self.walks.len(), self.walks_in_all));
        }
        self.scene = Scene::Session(Box::new(session));
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
        let Some(nth) = self.checks.iter().position(|(check, _)| *check == id) else {
            // The flow is gone; nobody waits for this answer.
            return Vec::new();
        };
        let (_, check) = &mut self.checks[nth];
        let effects = check.step(input, now);
        let mut commands: Vec<Command> = effects.into_iter().map(|effect| Command::Perform(id, effect)).collect();
        if let Some(outcome) = check.screen(now).outcome {
            self.checks.remove(nth);
            self.checked.push(match outcome {
                Outcome::Checked(account) => Ok(*account),
                outcome => Err(outcome.problem().cloned().unwrap_or_else(Problem::cancelled)),
            });
            commands.push(Command::Load);
            commands.extend(self.check_next(now));
            if self.checks.is_empty() {
                let renew = self.key_label(Place::List, Action::Renew);
                self.notice = Some(checked_in_words(&std::mem::take(&mut self.checked), renew.as_deref()));
            }
        }
        commands
    }

    pub(super) fn verify(&mut self, now: Timestamp) -> Vec<Command> {
        let chosen: Vec<Account> =
            self.list.targets().into_iter().filter(|account| !self.is_being_checked(account)).cloned().collect();
        self.checks_waiting.extend(chosen);
        self.check_next(now)
    }

    pub(super) fn check_next(&mut self, now: Timestamp) -> Vec<Command> {
        let mut commands = Vec::new();
        while self.checks.len() < AT_ONCE
            && let Some(account) = self.checks_waiting.pop_front()
        {
            let id = self.new_flow();
            let mut check = Verify::new(account);
            commands.extend(check.step(Input::Begin, now).into_iter().map(|effect| Command::Perform(id, effect)));
            self.checks.push((id, check));
        }
        commands
    }

    pub(super) fn walk(&mut self, walk: Walk, now: Timestamp) -> Vec<Command> {
        self.walks = self.list.targets().into_iter().map(|account| (walk, account.id.clone())).collect();
        self.walks_in_all = self.walks.len();
        self.list.clear_marks();
        self.walk_next(now)
    }

    pub(super) fn walk_next(&mut self, now: Timestamp) -> Vec<Command> {
        let Some((walk, id)) = self.walks.pop_front() else {
            self.walks_in_all = 0;
            return Vec::new();
        };
        let Some(account) = self.list.accounts().iter().find(|account| account.id == id).cloned() else {
            return self.walk_next(now);
        };
        match walk {
            Walk::Revoke => self.start(Box::new(Revoke::new(account, Presence::Person)), now),
            Walk::Renew => self.start(Box::new(Renew::new(account, Presence::Person)), now),
        }
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
        let left_alone = self.walks.len();
        let before = self.session().and_then(|session| session.position).map_or(0, |(nth, _)| nth - 1);
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
            self.left = Some(session.screen().clone());
        }
        // Who stops one does not want the next one begun.
        if self.left.as_ref().is_some_and(|screen| screen.outcome == Some(Outcome::Cancelled)) {
            self.walks.clear();
        }
        let mut commands = vec![Command::Load];
        // It goes where the account says; what else is walked comes after.
        commands.extend(match handing {
            Some(handing) => self.start(Box::new(handing), now),
            None => self.walk_next(now),
        });
        commands
    }
}

/// What came of one verification, or of several. `renew` is the key for that.
fn checked_in_words(results: &[Result<Account, Problem>], renew: Option<&str>) -> String {
    if let [one] = results {
        return match one {
            Ok(account) if account.is_refused() => {
                let way_on = renew.map(|key| format!(" {key} signs up again in place.")).unwrap_or_default();
                verdict_in_words(account) + &way_on
            }
            Ok(account) => verdict_in_words(account),
            Err(problem) => one_line(problem),
        };
    }
    if let Some(Err(problem)) = results.first()
        && results.iter().all(Result::is_err)
    {
        return match problem.kind {
            // The person has just been asked for the passphrase.
            Kind::Locked => format!("Not verified. {}", problem.what),
            _ => format!("Not verified. {}", one_line(problem)),
        };
    }
    let works = |result: &&Result<Account, Problem>| matches!(result, Ok(Account { proof: Some(proof), .. }) if matches!(proof.verdict, Verdict::Accepted { .. }));
    let (good, rest): (Vec<_>, Vec<_>) = results.iter().partition(works);
    let rest: Vec<String> = rest
        .into_iter()
        .map(|result| result.as_ref().map_or_else(|problem| problem.what.clone(), verdict_in_words))
        .collect();
    format!("Asked {}, {} work. {}", results.len(), good.len(), rest.join(" "))
}
