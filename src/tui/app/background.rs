//! What goes on behind the list, many at once: verifications, renewals that need nobody, revocations that were agreed to.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::{App, Command, Question, Scene, Then, one_line};
use crate::account::{Account, AccountId, DUE_WITHIN, Revocation, Status, Verdict};
use crate::flow::renew::Renew;
use crate::flow::revoke::{Presence, Revoke};
use crate::flow::verify::{Verify, verdict_in_words};
use crate::flow::{AT_ONCE, Effect, Flow, Input, Line, Outcome, Screen, ScreenId};
use crate::problem::{Kind, Problem};
use crate::tui::keymap::{Action, Place};
use crate::tui::session::FlowId;

/// One piece of it.
pub enum Task {
    Verify(Box<Verify>),
    Renew(Box<Renew>, AccountId),
    Revoke(Box<Revoke>),
}

impl Task {
    pub fn account(&self) -> &AccountId {
        match self {
            Task::Verify(flow) => &flow.account().id,
            Task::Renew(_, id) => id,
            Task::Revoke(flow) => &flow.account().id,
        }
    }

    /// As the list says it of the account.
    fn word(&self) -> &'static str {
        match self {
            Task::Verify(_) => "asking",
            Task::Renew(..) => "renewing",
            Task::Revoke(_) => "revoking",
        }
    }

    fn flow(&self) -> &dyn Flow {
        match self {
            Task::Verify(flow) => flow.as_ref(),
            Task::Renew(flow, _) => flow.as_ref(),
            Task::Revoke(flow) => flow.as_ref(),
        }
    }

    fn step(&mut self, input: Input, now: Timestamp) -> Vec<Effect> {
        match self {
            Task::Verify(flow) => flow.step(input, now),
            Task::Renew(flow, _) => flow.step(input, now),
            Task::Revoke(flow) => flow.step(input, now),
        }
    }
}

/// All of it, since none was under way.
#[derive(Default)]
pub struct Background {
    running: Vec<(FlowId, Task)>,
    waiting: VecDeque<Task>,
    ended: Vec<(Task, Outcome)>,
}

impl Background {
    /// What is being done with this account, in a word.
    pub fn word(&self, id: &AccountId) -> Option<&'static str> {
        let all = self.running.iter().map(|(_, task)| task).chain(&self.waiting);
        all.into_iter().find(|task| task.account() == id).map(Task::word)
    }

    pub fn is_busy(&self) -> bool {
        !self.running.is_empty()
    }

    pub fn is_awaiting(&self, id: FlowId) -> bool {
        self.running.iter().any(|(running, _)| *running == id)
    }

    /// What would be lost, or not be known, if the program ended now.
    pub fn at_stake(&self) -> Option<String> {
        let counts = |task: &&Task| !matches!(task, Task::Verify(_));
        match self.running.iter().map(|(_, task)| task).chain(&self.waiting).filter(counts).count() {
            0 => None,
            1 => Some("One account is being renewed or revoked; what comes of it would not be known.".to_owned()),
            many => Some(format!("{many} accounts are being renewed or revoked; what comes of it would not be known.")),
        }
    }

    /// What has not begun is left alone, for this reason.
    pub fn give_up_waiting(&mut self, why: &Problem) {
        let waiting = std::mem::take(&mut self.waiting);
        self.ended.extend(waiting.into_iter().map(|task| (task, Outcome::of(why.clone()))));
    }
}

impl App {
    /// What is being done with this account behind the list, in a word.
    pub fn is_at(&self, account: &Account) -> Option<&'static str> {
        self.background.word(&account.id)
    }

    pub(super) fn verify(&mut self, now: Timestamp) -> Vec<Command> {
        let tasks: Vec<Task> =
            self.idle_targets().into_iter().map(|account| Task::Verify(Box::new(Verify::new(account)))).collect();
        self.do_behind(tasks, now)
    }

    /// The accounts that are marked, or the selected one, with which nothing is being done.
    fn idle_targets(&self) -> Vec<Account> {
        self.list.targets().into_iter().filter(|account| self.is_at(account).is_none()).cloned().collect()
    }

    /// Renews several: what needs nobody behind the list, the rest one guided session after another.
    pub(super) fn renew_many(&mut self, accounts: Vec<Account>, now: Timestamp) -> Vec<Command> {
        self.list.clear_marks();
        let (by_themselves, by_somebody): (Vec<_>, Vec<_>) =
            accounts.into_iter().partition(|account| account.is_renewed() && account.spending.is_none());
        self.queue(by_somebody.into_iter().map(|account| account.id));
        let renewal = |account: Account| {
            let id = account.id.clone();
            Task::Renew(Box::new(Renew::new(account, Presence::Nobody)), id)
        };
        // What is renewed behind the list may add to what needs somebody: those come after.
        self.do_behind(by_themselves.into_iter().map(renewal).collect(), now)
    }

    fn queue(&mut self, ids: impl Iterator<Item = AccountId>) {
        for id in ids {
            if !self.walks.contains(&id) {
                self.walks.push_back(id);
            }
        }
    }

    /// All that is due, as `renew --due` has it.
    pub(super) fn renew_due(&mut self, now: Timestamp) -> Vec<Command> {
        let is_due = |account: &&Account| account.is_due(now) && self.is_at(account).is_none();
        let due: Vec<Account> = self.list.accounts().iter().filter(is_due).cloned().collect();
        if due.is_empty() {
            self.notice = Some("Nothing is due.".to_owned());
            return Vec::new();
        }
        self.renew_many(due, now)
    }

    /// Several are ended with one yes: they are named, and each has its receipts afterwards.
    pub(super) fn ask_to_revoke(&mut self, accounts: &[Account]) {
        let ids: Vec<AccountId> = accounts.iter().map(|account| account.id.clone()).collect();
        let names: Vec<&str> = ids.iter().map(AccountId::as_str).collect();
        let mut text = vec![
            match ids.len() {
                1 => "Revoke this one at its service?".to_owned(),
                many => format!("Revoke these {many} at their services?"),
            },
            names.join(", "),
            "What is proven dead is removed here. Programs that use it stop working. This cannot be undone.".to_owned(),
        ];
        let by_hand = accounts.iter().filter(|account| account.revocation == Revocation::None);
        let by_hand: Vec<&str> = by_hand.map(|account| account.id.as_str()).collect();
        if !by_hand.is_empty() {
            text.push(format!(
                "Their services offer no call for it, and they stay as they are: {}",
                by_hand.join(", ")
            ));
        }
        self.ask(Question::new(text, "Revoke them", "Keep them", Then::Revoke(ids)));
    }

    pub(super) fn revoke_many(&mut self, ids: &[AccountId], now: Timestamp) -> Vec<Command> {
        self.list.clear_marks();
        let meant = |account: &&Account| ids.contains(&account.id) && self.is_at(account).is_none();
        let chosen: Vec<Account> = self.list.accounts().iter().filter(meant).cloned().collect();
        let task = |account| Task::Revoke(Box::new(Revoke::new(account, Presence::Nobody)));
        self.do_behind(chosen.into_iter().map(task).collect(), now)
    }

    fn do_behind(&mut self, tasks: Vec<Task>, now: Timestamp) -> Vec<Command> {
        self.background.waiting.extend(tasks);
        self.next_behind(now)
    }

    fn next_behind(&mut self, now: Timestamp) -> Vec<Command> {
        let mut commands = Vec::new();
        while self.background.running.len() < AT_ONCE
            && let Some(mut task) = self.background.waiting.pop_front()
        {
            let id = self.new_flow();
            commands.extend(task.step(Input::Begin, now).into_iter().map(|effect| Command::Perform(id, effect)));
            self.background.running.push((id, task));
        }
        commands
    }

    /// An answer for one of them; nothing for a flow that is gone.
    pub(super) fn heard_behind(&mut self, id: FlowId, input: Input, now: Timestamp) -> Vec<Command> {
        let Some(nth) = self.background.running.iter().position(|(running, _)| *running == id) else {
            return Vec::new();
        };
        let effects = self.background.running[nth].1.step(input, now);
        let mut commands: Vec<Command> = effects.into_iter().map(|effect| Command::Perform(id, effect)).collect();
        let screen = self.background.running[nth].1.flow().screen(now);
        // A question ends it: nobody is there to answer.
        let unanswered = || Outcome::of(Problem::new(Kind::NeedsPerson, screen.title.clone(), "Walk it alone."));
        let outcome = screen.outcome.clone().or_else(|| (commands.is_empty()).then(unanswered));
        if let Some(outcome) = outcome {
            let (_, task) = self.background.running.remove(nth);
            self.background.ended.push((task, outcome));
            commands.push(Command::Load);
            commands.extend(self.next_behind(now));
            if self.background.running.is_empty() {
                let ended = std::mem::take(&mut self.background.ended);
                commands.extend(self.all_ended(ended, now));
            }
        }
        commands
    }

    /// Tells what has come of it, and goes on with what needs somebody.
    fn all_ended(&mut self, ended: Vec<(Task, Outcome)>, now: Timestamp) -> Vec<Command> {
        let mut said = Vec::new();
        let (mut checked, mut renewed, mut revoked) = (Vec::new(), Vec::new(), Vec::new());
        for (task, outcome) in ended {
            match task {
                Task::Verify(flow) => checked.push(match outcome {
                    Outcome::Checked(account) => Ok((*account, flow.heard())),
                    outcome => Err(outcome.problem().cloned().unwrap_or_else(Problem::cancelled)),
                }),
                Task::Renew(_, id) => renewed.push((id, outcome)),
                Task::Revoke(flow) => revoked.push((flow, outcome)),
            }
        }
        if !checked.is_empty() {
            let renew = self.key_label(Place::List, Action::Renew);
            said.push(checked_in_words(&checked, renew.as_deref()));
        }
        if !renewed.is_empty() {
            said.push(self.renewed(renewed, now));
        }
        self.notice = Some(said.join(" ")).filter(|said| !said.is_empty()).or(self.notice.take());
        let is_free = matches!(self.scene, Scene::List | Scene::Detail { .. });
        match revoked.is_empty() {
            false if is_free => self.start(Box::new(Told(receipts(&revoked))), now),
            false => {
                let good = revoked.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Removed(_))).count();
                self.notice = Some(format!("Revoked {good} of {}; the receipts are in the history.", revoked.len()));
                Vec::new()
            }
            true => Vec::new(),
        }
    }

    /// What came of the renewals. Those that need somebody are walked next.
    fn renewed(&mut self, renewed: Vec<(AccountId, Outcome)>, now: Timestamp) -> String {
        let in_all = renewed.len();
        let (good, bad): (Vec<_>, Vec<_>) =
            renewed.into_iter().partition(|(_, outcome)| matches!(outcome, Outcome::Connected(_)));
        let needs_somebody =
            |outcome: &Outcome| outcome.problem().is_some_and(|problem| problem.kind == Kind::NeedsPerson);
        let (queued, failed): (Vec<_>, Vec<_>) = bad.into_iter().partition(|(_, outcome)| needs_somebody(outcome));
        self.queue(queued.into_iter().map(|(id, _)| id));
        // What gets the next credential may end itself.
        let still_due =
            |outcome: &Outcome| outcome.account().is_some_and(|it| it.status(now, DUE_WITHIN) == Status::Due);
        self.queue(good.iter().filter(|(_, outcome)| still_due(outcome)).map(|(id, _)| id.clone()));
        let told = match (good.as_slice(), in_all) {
            ([(id, _)], 1) => format!("Renewed: {id}."),
            (good, _) => format!("Renewed {} of {in_all}.", good.len()),
        };
        let why = failed.iter().filter_map(|(_, outcome)| outcome.problem()).map(one_line);
        let next = match self.walks.len() {
            0 => None,
            1 => Some("One needs you:".to_owned()),
            several => Some(format!("{several} need you, one after another:")),
        };
        std::iter::once(told).chain(why).chain(next).collect::<Vec<_>>().join(" ")
    }
}

/// What several revocations came to, under the name of each.
fn receipts(revoked: &[(Box<Revoke>, Outcome)]) -> Screen {
    let good = revoked.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Removed(_))).count();
    let mut screen = Screen::new(ScreenId::Done, format!("Revoked {good} of {}", revoked.len()));
    for (flow, outcome) in revoked {
        screen.lines.push(Line::Heading(format!("{}: {}", flow.account().id, flow.came_to(outcome))));
        screen.lines.extend(flow.receipt_lines());
        screen.lines.extend(outcome.problem().map(|problem| Line::text(one_line(problem))));
        screen.lines.push(Line::Gap);
    }
    screen.outcome = Some(Outcome::Settled);
    screen
}

/// A screen that is over: there is nothing to be done on it but to read.
struct Told(Screen);

impl Flow for Told {
    fn step(&mut self, _input: Input, _now: Timestamp) -> Vec<Effect> {
        Vec::new()
    }

    fn screen(&self, _now: Timestamp) -> Screen {
        self.0.clone()
    }
}

/// What came of one verification, or of several. `renew` is the key for that.
fn checked_in_words(results: &[Result<(Account, Option<Verdict>), Problem>], renew: Option<&str>) -> String {
    if let [one] = results {
        return match one {
            Ok((account, heard @ Some(Verdict::Refused { .. }))) if !account.is_foreign() => {
                let what = if account.renews_itself() { "renews it" } else { "signs up again in place" };
                let way_on = renew.map(|key| format!(" {key} {what}.")).unwrap_or_default();
                verdict_in_words(account, *heard) + &way_on
            }
            Ok((account, heard)) => verdict_in_words(account, *heard),
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
    let (good, rest): (Vec<_>, Vec<_>) =
        results.iter().partition(|result| matches!(result, Ok((_, Some(Verdict::Accepted { .. })))));
    let rest: Vec<String> = rest
        .into_iter()
        .map(|result| match result {
            Ok((account, heard)) => verdict_in_words(account, *heard),
            Err(problem) => problem.what.clone(),
        })
        .collect();
    format!("Asked {}, {} work. {}", results.len(), good.len(), rest.join(" "))
}
