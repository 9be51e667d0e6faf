//! What lies over a scene: the help, the credential, the program's own questions.

use jiff::Timestamp;
use url::Url;

use super::palette::Palette;
use super::{App, CREDENTIAL_SEEN, Command, scrolled};
use crate::account::AccountId;
use crate::flow::{Effect, Input};
use crate::problem::Problem;
use crate::secret::{Secret, Typed};
use crate::tui::keymap::Action;
use crate::tui::view;

/// What lies over a scene.
pub enum Overlay {
    Help {
        scroll: usize,
    },
    /// A link for a camera, alone on the screen.
    Qr(Url),
    Credential(CredentialPane),
    Unlock(UnlockPane),
    Question(Question),
    Palette(Palette),
}

#[derive(Default)]
pub struct UnlockPane {
    pub typed: Typed,
    pub problem: Option<Problem>,
    /// A passphrase is being tried.
    pub busy: bool,
}

pub struct CredentialPane {
    pub account: AccountId,
    pub credential: Secret,
    pub shown: bool,
    pub until: Timestamp,
}

/// A question of the program's own, with yes and no.
pub struct Question {
    pub text: Vec<String>,
    pub yes: &'static str,
    pub no: &'static str,
    pub chosen: Option<usize>,
    /// What was clicked on last.
    pub(super) clicked: Option<usize>,
    pub(super) then: Then,
}

impl Question {
    pub(super) fn new(text: Vec<String>, yes: &'static str, no: &'static str, then: Then) -> Self {
        Self { text, yes, no, chosen: None, clicked: None, then }
    }
}

pub(super) enum Then {
    Forget(Vec<AccountId>),
    Revoke(Vec<AccountId>),
    CancelSession,
    Quit,
    /// Open a page in a browser that the person may not see.
    Open(Url),
}

impl App {
    pub(super) fn ask(&mut self, question: Question) {
        self.overlay = Some(Overlay::Question(question));
    }

    pub(super) fn act_on_overlay(&mut self, overlay: Overlay, action: Action, now: Timestamp) -> Vec<Command> {
        match (overlay, action) {
            (overlay, Action::Suspend) => {
                self.overlay = Some(overlay);
                return vec![Command::ForgetKey, Command::Suspend];
            }
            (Overlay::Question(question), Action::Quit) if matches!(question.then, Then::Quit) => {
                return vec![Command::Quit];
            }
            (_, Action::Quit) => return self.quit(),
            (Overlay::Help { scroll }, Action::Theme) => {
                self.overlay = Some(Overlay::Help { scroll });
                self.next_theme();
            }
            (Overlay::Help { scroll }, action) => {
                if action.is_moving() {
                    self.overlay = Some(Overlay::Help { scroll });
                    let scroll = scrolled(scroll, action, view::scroll_limit(self, now));
                    self.overlay = Some(Overlay::Help { scroll });
                }
            }
            (Overlay::Credential(pane), Action::Copy) => {
                self.notice = Some(format!("{} It is cleared there in 30 s.", self.clipboard));
                self.clipboard_until = now.checked_add(CREDENTIAL_SEEN).ok();
                let credential = pane.credential.clone();
                self.overlay = Some(Overlay::Credential(pane));
                return vec![Command::Copy(credential)];
            }
            (Overlay::Credential(pane), Action::Show) => {
                self.overlay = Some(Overlay::Credential(CredentialPane { shown: !pane.shown, ..pane }))
            }
            (Overlay::Credential(_) | Overlay::Qr(_), _) => {}
            (Overlay::Palette(palette), action) => return self.act_on_palette(palette, action, now),
            (Overlay::Unlock(pane), action) => return self.act_on_unlock(pane, action, now),
            (Overlay::Question(question), action) => return self.act_on_question(question, action, now),
        }
        Vec::new()
    }

    pub(super) fn unlocked(&mut self, result: Result<(), Problem>) -> Vec<Command> {
        let asking = matches!(self.overlay, Some(Overlay::Unlock(_)));
        match result {
            Ok(()) => {
                if asking {
                    self.overlay = None;
                }
                self.wants_vault.drain(..).map(|(command, _)| command).collect()
            }
            Err(problem) => {
                if asking {
                    let pane = UnlockPane { problem: Some(problem), ..UnlockPane::default() };
                    self.overlay = Some(Overlay::Unlock(pane));
                }
                Vec::new()
            }
        }
    }

    fn act_on_unlock(&mut self, mut pane: UnlockPane, action: Action, now: Timestamp) -> Vec<Command> {
        match action {
            Action::Submit if !pane.busy && !pane.typed.is_empty() => {
                let passphrase = pane.typed.take();
                self.overlay = Some(Overlay::Unlock(UnlockPane { busy: true, problem: None, ..pane }));
                vec![Command::Unlock(passphrase)]
            }
            Action::Cancel => {
                // What has not begun yet would ask for the same.
                let given_up = std::mem::take(&mut self.wants_vault);
                self.walks.clear();
                if let Some((_, why)) = given_up.first() {
                    self.background.give_up_waiting(why);
                }
                given_up.into_iter().flat_map(|(command, why)| self.given_up(command, &why, now)).collect()
            }
            _ => {
                self.overlay = Some(Overlay::Unlock(pane));
                Vec::new()
            }
        }
    }

    /// Nobody unlocked the vault: whoever waits for it is told.
    fn given_up(&mut self, command: Command, why: &Problem, now: Timestamp) -> Vec<Command> {
        match command {
            Command::Perform(id, Effect::Load(_)) => self.flow(id, Input::Loaded(Err(why.clone())), now),
            Command::Perform(id, _) => self.flow(id, Input::Stored(Err(why.clone())), now),
            _ => {
                self.notice = Some(why.what.clone());
                Vec::new()
            }
        }
    }

    pub(super) fn act_on_question(&mut self, mut question: Question, action: Action, now: Timestamp) -> Vec<Command> {
        question.clicked = None;
        question.chosen = match action {
            Action::ChooseLeft | Action::Yes => Some(0),
            Action::ChooseRight | Action::No => Some(1),
            Action::Submit => match (question.chosen, question.then) {
                (Some(0), Then::Forget(ids)) => return ids.into_iter().map(Command::Forget).collect(),
                (Some(0), Then::Revoke(ids)) => return self.revoke_many(&ids, now),
                (Some(0), Then::CancelSession) => return self.end_session(now),
                (Some(0), Then::Quit) => return vec![Command::Quit],
                (Some(0), Then::Open(page)) => return vec![Command::Open(page)],
                (Some(_), _) => return Vec::new(),
                (None, then) => {
                    self.notice = Some("Choose with the arrow keys, then press Enter.".to_owned());
                    question.then = then;
                    None
                }
            },
            Action::Cancel | Action::PreviousQuestion => return Vec::new(),
            _ => question.chosen,
        };
        self.ask(question);
        Vec::new()
    }
}
