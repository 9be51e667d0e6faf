//! What a person sees on each stage of a sign-up.

mod asked;
mod ceremony;
mod choosing;
mod over;

use jiff::Timestamp;

use super::{Call, SignUp, Stage};
use crate::flow::discover::{Calls, Way};
use crate::flow::{Line, Screen, ScreenId, Trail};

/// Where the person brings a code here, and where they take one away.
const CODE_STEPS: &[&str] = &["consent", "e-mail", "code", "done"];
const PAGE_STEPS: &[&str] = &["consent", "e-mail", "confirm", "done"];
const SIGN_IN_STEPS: &[&str] = &["consent", "sign in", "done"];
const MAILED_STEPS: &[&str] = &["e-mail", "consent", "mail", "done"];
const MADE_STEPS: &[&str] = &["what is sent", "consent", "done"];
/// A key is made on a page of the service, and pasted.
const KEY_STEPS: &[&str] = &["its page", "the key", "done"];

impl SignUp {
    pub(super) fn shown(&self, now: Timestamp) -> Screen {
        let mut screen = match &self.stage {
            Stage::Discovering | Stage::Pinning | Stage::LookingUp => self.discovering(),
            Stage::Changed => self.changed(),
            Stage::Offer => self.offered(),
            Stage::Prose => self.prose(),
            Stage::OpeningPage => self.busy("Opening its page…", 0),
            Stage::Key => self.key(),
            Stage::TryingKey(..) => self.busy("Trying the key once…", 2),
            Stage::Hosts => self.hosts(),
            Stage::Existing => self.existing_screen(now),
            Stage::Label => self.label_screen(),
            Stage::Store => self.stores(),
            Stage::Passphrase => self.passphrase.screen(&self.page(ScreenId::Store, None).title),
            Stage::SettingUp(_) => {
                let mut screen = self.page(ScreenId::Waiting, None);
                screen.lines.push(Line::text("Making the vault…"));
                screen
            }
            Stage::Consent => self.consent(),
            Stage::Recalling(_) => self.busy("Signing in…", 1),
            Stage::SigningIn => match &self.oauth {
                Some(oauth) => oauth.screen(|id| self.page(id, Some(1))),
                None => self.busy("Signing in…", 1),
            },
            Stage::Enrolling => match &self.enrol {
                Some(enrol) => enrol.screen(|id| self.page(id, Some(enrol.nth_step()))),
                None => self.busy("Signing up…", 0),
            },
            Stage::Recording => self.busy("Kept. Writing down that it went well…", 3),
            Stage::Email => self.email(),
            Stage::Code => self.code(),
            Stage::Handoff | Stage::Sending(Call::Look(_)) => self.handoff(),
            Stage::Either => self.either(),
            Stage::Unwatched => self.unwatched(),
            Stage::Extra(extra, _) => self.extra(extra),
            Stage::Working(slice, nonces, _) => self.working(slice, nonces.len()),
            Stage::Ask(question) => self.asked(question),
            Stage::Sending(call) => self.sending(call),
            Stage::Locking | Stage::Saving => self.busy("Keeping the credential…", 2),
            Stage::Trying(_) => self.busy("Trying the new credential once; the old one is in its place yet…", 2),
            Stage::Proving(_) | Stage::Noting => self.busy("Kept. Trying the new credential once…", 3),
            Stage::EndFormer => self.end_former_asked(),
            Stage::EndingFormer => self.busy("Ending the former key…", 3),
            Stage::Over(outcome) => self.over_screen(outcome, now),
        };
        if screen.problem.is_none() {
            screen.problem.clone_from(&self.problem);
        }
        let goes_back = self.enrol.as_ref().is_some_and(|enrol| self.stage == Stage::Enrolling && enrol.can_go_back());
        screen.can_go_back = goes_back || self.before().is_some();
        screen.at_stake = self.at_stake();
        screen
    }

    fn at_stake(&self) -> Option<String> {
        match &self.stage {
            Stage::Over(_) => None,
            _ if self.stored.is_some() => None,
            _ if self.ceremony.granted.is_some() => {
                Some("The new credential is kept nowhere yet and would be lost.".into())
            }
            _ if self.ceremony.posted || self.has_begun() => {
                Some(format!("The sign-up at {} is not finished; it would have to begin anew.", self.service_name()))
            }
            _ => None,
        }
    }

    fn has_begun(&self) -> bool {
        self.oauth.as_ref().is_some_and(|oauth| oauth.has_begun())
            || self.enrol.as_ref().is_some_and(|enrol| enrol.has_begun())
    }

    fn page(&self, id: ScreenId, at: Option<usize>) -> Screen {
        let verb = if self.replaced.is_some() { "Renew" } else { "Sign up" };
        let name = match self.stage {
            Stage::Discovering | Stage::Pinning | Stage::LookingUp => self.discovery.target().typed.clone(),
            _ if self.discovery.unread().is_some() => self.discovery.target().typed.clone(),
            _ => self.service_name(),
        };
        // Of several accounts of one service, the title says which.
        let name = self.replaced.as_ref().map_or(name, |account| account.id.to_string());
        let mut screen = Screen::new(id, format!("{verb} · {name}"));
        let handed_over = self.ceremony.attempt.as_ref().is_some_and(|attempt| attempt.code.is_some())
            || matches!(self.stage, Stage::Handoff | Stage::Unwatched);
        let is_mailed = self.enrol.as_ref().is_some_and(|enrol| enrol.has_begun());
        let steps = match self.way {
            Way::AuthMd if handed_over => PAGE_STEPS,
            Way::AuthMd => CODE_STEPS,
            // The key is behind a link that was mailed.
            Way::Key if is_mailed => MAILED_STEPS,
            Way::Key => KEY_STEPS,
            Way::OAuth(_) => SIGN_IN_STEPS,
            Way::Enrol(Calls::EmailCode | Calls::MagicLink) => MAILED_STEPS,
            Way::Enrol(Calls::Direct) => MADE_STEPS,
        };
        // What comes before the key is one step there, not two.
        screen.trail = at.map(|at| Trail {
            steps,
            at: if steps == KEY_STEPS { at.saturating_sub(usize::from(at > 1)) } else { at },
        });
        screen
    }

    fn discovering(&self) -> Screen {
        let mut screen = self.page(ScreenId::Discovering, None);
        screen.lines.push(Line::Quiet(format!(
            "Understood as {}. Only reading; nothing is registered.",
            self.discovery.target().understood
        )));
        screen.lines.push(Line::Gap);
        screen.lines.extend(self.discovery.lines());
        screen
    }

    fn quote(&self, from: &str) -> Option<Line> {
        let text = self.ceremony.message.clone()?;
        Some(Line::Quote { from: from.to_owned(), text })
    }

    fn sending(&self, call: &Call) -> Screen {
        match call {
            Call::Register => self.busy("Registering…", 0),
            Call::Challenge(_) => self.busy("Fetching a puzzle…", 0),
            Call::Claim => self.busy("Asking for the confirmation to begin…", 1),
            Call::Complete { .. } => self.busy("Handing in the code…", 2),
            Call::Look(_) | Call::Fetch => self.busy("Fetching the credential…", 2),
            Call::Exchange if self.stored.is_none() => self.busy("Confirmed. Fetching an access token…", 3),
            Call::Exchange => self.busy("Confirmed and kept. Fetching an access token…", 3),
        }
    }

    fn busy(&self, what: &str, at: usize) -> Screen {
        let mut screen = self.page(ScreenId::Waiting, Some(at));
        screen.lines.push(Line::text(what));
        screen
    }
}
