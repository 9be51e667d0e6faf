//! The keys of the list and of the detail, and why one of them may do nothing.

use jiff::Timestamp;
use tui_input::Input as Editor;
use url::Url;

use super::{App, Command, Overlay, Question, Scene, Then, Walk, scrolled};
use crate::account::{Account, AccountId, DUE_WITHIN, Revocation, Source, Status};
use crate::flow::Opening;
use crate::flow::claim::Claim;
use crate::flow::handover::HandingOver;
use crate::flow::review::Review;
use crate::flow::signup::SignUp;
use crate::flow::storage::{Storage, Wish};
use crate::flow::takeover::TakeOver;
use crate::flow::target::Target;
use crate::tui::keymap::{Action, Place};
use crate::tui::view;

impl App {
    /// Why an action does nothing here, where it is a known key of this place.
    pub fn refusal(&self, action: Action) -> Option<&'static str> {
        let waits = matches!(
            action,
            Action::OpenLink | Action::CopyLink | Action::PrintLink | Action::ShowQr | Action::Palette | Action::Help
        );
        match &self.overlay {
            Some(Overlay::Question(_)) if waits => Some("There is a question to be answered first."),
            Some(_) if action == Action::PreviousQuestion => Some(NO_QUESTION_BEFORE),
            Some(_) => None,
            None => self.refusal_in_scene(action),
        }
    }

    /// The same for what an overlay lies over.
    pub fn refusal_in_scene(&self, action: Action) -> Option<&'static str> {
        let in_accounts = matches!(self.scene, Scene::List | Scene::Detail { .. });
        let of_account = matches!(
            action,
            Action::Open
                | Action::Renew
                | Action::Revoke
                | Action::Forget
                | Action::Verify
                | Action::Review
                | Action::Claim
                | Action::HandOver
                | Action::Credential
                | Action::OpenPage
                | Action::Mark
                | Action::TakeOver
                | Action::NextPane
        );
        let changes = matches!(
            action,
            Action::Renew | Action::Revoke | Action::Forget | Action::Review | Action::Claim | Action::HandOver
        );
        match self.list.selected() {
            _ if !in_accounts => {}
            None if of_account && self.list.selected_service().is_some() => {
                let is_way_in = action == Action::Open;
                return (!is_way_in).then_some("It is not connected yet; Enter signs up to it.");
            }
            None if of_account => {
                return Some(match self.list.accounts().is_empty() {
                    true => "There is no account here yet: first sign up to a service (add).",
                    false => "No account fits the filter; esc shows all.",
                });
            }
            // No mark is on one of those.
            Some(account)
                if account.is_foreign() && (action == Action::Mark || changes && !self.list.acts_on_marks()) =>
            {
                return Some("It is another program's, and only read here; take it over to look after a copy.");
            }
            Some(account) if action == Action::TakeOver && !account.is_foreign() => {
                return Some("It is looked after here already.");
            }
            Some(account) if action == Action::Review && !account.claimed => {
                return Some("It is to be claimed, or confirmed, before it has a day of review.");
            }
            Some(account) if action == Action::Review && account.review_at().is_none() => {
                return Some("It has an end of its own; it is looked at then.");
            }
            Some(account) if action == Action::Claim && !account.can_be_claimed() => {
                return Some("There is nothing to claim: it is somebody's already.");
            }
            Some(account) if action == Action::HandOver && account.more.hand_over.is_none() => {
                return Some("It is handed to nobody yet; see authmd-tui handover --help.");
            }
            _ => {}
        }
        let screen = self.session().map(|session| session.screen());
        let link = screen.and_then(|screen| screen.link.as_ref());
        match action {
            Action::Filter | Action::Sort if self.list.accounts().is_empty() => {
                Some("There are no accounts yet: first sign up to a service (add).")
            }
            Action::RevokePending if !self.list.accounts().iter().any(|account| account.more.revoking.is_some()) => {
                Some("There is no revocation to be finished.")
            }
            Action::Undo if self.forgotten.is_empty() => Some("There is nothing that was forgotten to be taken back."),
            Action::OpenLink | Action::CopyLink | Action::PrintLink if link.is_none() => {
                Some("There is no link on this screen.")
            }
            Action::ShowQr if link.is_none() && screen.is_none_or(|screen| screen.qr.is_none()) => {
                Some("There is no link on this screen.")
            }
            Action::ShowQr if !self.theme.unicode => {
                Some("A QR code needs letters beyond ASCII; this terminal speaks none.")
            }
            Action::PreviousQuestion if !screen.is_some_and(|screen| screen.can_go_back) => Some(NO_QUESTION_BEFORE),
            _ => None,
        }
    }

    /// Worth a place in the footer now?
    pub fn is_of_use(&self, action: Action) -> bool {
        self.refusal(action).is_none()
    }

    /// The same, and nobody needs to be told of it first: what can only be refused, or has to be preceded by something else,
    /// leaves its place to others.
    pub fn is_worth_showing(&self, action: Action) -> bool {
        let chosen = match (&self.overlay, &self.scene) {
            (Some(Overlay::Question(question)), _) => question.chosen,
            (None, Scene::Session(session)) => session.chosen(),
            _ => None,
        };
        match action {
            Action::OpenLink if self.surroundings.opening == Opening::Not => false,
            // In the footer it is about the account that is selected, in the help about all of them.
            Action::RevokePending => self.selected_is_pending(),
            // It is renewed by nobody before that is settled.
            Action::Renew if self.selected_is_pending() && !self.list.acts_on_marks() => false,
            Action::Submit if self.place() == Place::YesNo && chosen.is_none() => false,
            _ => self.is_of_use(action),
        }
    }

    fn selected_is_pending(&self) -> bool {
        self.list.selected().is_some_and(|account| account.more.revoking.is_some())
    }

    /// What a key is called here, where that is not what its binding says.
    pub fn label(&self, action: Action, label: &'static str) -> &'static str {
        match (action, self.place()) {
            (Action::Cancel, Place::YesNo) if self.overlay.is_some() => "back",
            (Action::Submit, Place::Over) if !self.walks.is_empty() => "the next one",
            _ => label,
        }
    }

    pub(super) fn act_on_accounts(&mut self, action: Action, now: Timestamp) -> Vec<Command> {
        let selected = self.list.selected().cloned();
        let page = view::list_room(self) as isize;
        let limit = view::scroll_limit(self, now);
        match (action, &mut self.scene, selected) {
            (Action::Store, ..) => return self.start(Box::new(Storage::new(Wish::Look)), now),
            (Action::Add, ..) => {
                // What could not be reached, or was left, is there to be corrected.
                let editor = Editor::new(self.target.take().unwrap_or_default());
                self.scene = Scene::Target { editor, problem: None, begins_anew: true };
            }
            (Action::Filter, ..) => self.scene = Scene::Filter(Editor::new(self.list.filter().to_owned())),
            (Action::Sort, ..) => {
                self.list.sort_next(now);
                self.notice = Some(format!("Sorted {}.", self.list.sort().label()));
            }
            (Action::Open, Scene::List, None) => return self.sign_up_to_selected(now),
            (Action::Open, ..) => {
                self.scene = Scene::Detail { scroll: 0 };
                return self.recall();
            }
            (Action::NextPane, scene, _) => {
                let next = if matches!(scene, Scene::List) { Scene::Detail { scroll: 0 } } else { Scene::List };
                *scene = next;
                return self.recall();
            }
            (Action::Back, Scene::Detail { .. }, _) => self.scene = Scene::List,
            (Action::Back, ..) if !self.list.filter().is_empty() => self.list.set_filter("", now),
            (Action::Back, ..) => self.list.clear_marks(),
            (action, Scene::Detail { scroll }, _) if action.is_moving() => *scroll = scrolled(*scroll, action, limit),
            (Action::Up, ..) => self.list.move_by(-1),
            (Action::Down, ..) => self.list.move_by(1),
            (Action::PageUp, ..) => self.list.move_by(-page),
            (Action::PageDown, ..) => self.list.move_by(page),
            (Action::Top, ..) => self.list.move_to_end(false),
            (Action::Bottom, ..) => self.list.move_to_end(true),
            (Action::Mark, ..) => self.list.toggle_mark(),
            (Action::Renew, ..) => return self.walk(Walk::Renew, now),
            (Action::Revoke, ..) => return self.walk(Walk::Revoke, now),
            (Action::Verify, ..) => return self.verify(now),
            (Action::RenewDue, ..) => return self.renew_due(now),
            (Action::RevokePending, ..) => {
                let accounts = self.list.accounts().iter();
                let pending: Vec<Account> =
                    accounts.filter(|account| account.more.revoking.is_some()).cloned().collect();
                self.ask_to_revoke(&pending);
            }
            (Action::TakeOver, _, Some(account)) => return self.start(Box::new(TakeOver::new(account)), now),
            (Action::Forget, ..) => {
                let question = match self.list.targets().as_slice() {
                    [] => return Vec::new(),
                    [one] => self.forget_one(one, now),
                    several => forget_several(several),
                };
                self.ask(question);
            }
            (Action::Credential, _, Some(account)) => return vec![Command::Fetch(account.id)],
            (Action::OpenPage, _, Some(account)) => return self.open_page(home_page(&account)),
            (Action::Review, _, Some(account)) => return self.start(Box::new(Review::new(account)), now),
            (Action::Claim, _, Some(account)) => return self.start(Box::new(Claim::new(account)), now),
            (Action::HandOver, _, Some(account)) => {
                if let Some(handing) = HandingOver::of(&account) {
                    return self.start(Box::new(handing), now);
                }
            }
            (Action::Undo, ..) => {
                let last = self.forgotten.pop();
                return last.map(|(id, removed)| Command::PutBack(id, removed)).into_iter().collect();
            }
            _ => {}
        }
        Vec::new()
    }

    /// The service that stands among those that are not connected yet.
    fn sign_up_to_selected(&mut self, now: Timestamp) -> Vec<Command> {
        let Some(service) = self.list.selected_service() else {
            return Vec::new();
        };
        let target = Target { reach: self.reach, ..Target::skill(&service.id, service.source.clone()) };
        self.start(Box::new(SignUp::new(target, None)), now)
    }

    fn forget_one(&self, account: &Account, now: Timestamp) -> Question {
        let service = &account.service;
        let still_works = match account.status(now, DUE_WITHIN) {
            Status::Revoked | Status::Expired => format!("The credential does not work at {service} any more."),
            _ => {
                let key =
                    self.key_label(Place::List, Action::Revoke).map(|key| format!(" ({key})")).unwrap_or_default();
                let how = match account.revocation {
                    Revocation::None => "end it on the service's own site".to_owned(),
                    Revocation::Endpoint { .. } | Revocation::Undiscovered => format!("revoke it{key}"),
                };
                format!("The credential goes on working at {service} until it ends. To end it there, {how}.")
            }
        };
        let mut text = vec![format!("Remove {} here only?", account.id), still_works];
        if let Source::Foreign(elsewhere) = &account.source {
            text.push(format!("It is another program's entry in {}.", elsewhere.file));
        }
        Question::new(text, "Forget it", "Keep it", Then::Forget(vec![account.id.clone()]))
    }
}

const NO_QUESTION_BEFORE: &str = "There is no question before this one.";

fn forget_several(accounts: &[&Account]) -> Question {
    let ids: Vec<AccountId> = accounts.iter().map(|account| account.id.clone()).collect();
    let names: Vec<&str> = ids.iter().map(AccountId::as_str).collect();
    let text = vec![
        format!("Remove these {} here only?", ids.len()),
        names.join(", "),
        "What works goes on working at its service until it ends or is revoked there.".to_owned(),
    ];
    Question::new(text, "Forget them", "Keep them", Then::Forget(ids))
}

/// The page where a service greets people.
fn home_page(account: &Account) -> Url {
    let mut page = account.start.clone();
    if !crate::trust::is_loopback(&page) {
        page.set_path("/");
    }
    page.set_query(None);
    page.set_fragment(None);
    page
}
