//! Something unforeseen that only the person can decide.

use super::super::{Against, Call, Question, Sent};
use super::SignUp;
use crate::flow::{Line, Prompt, Screen, ScreenId};
use crate::{trust, when};

impl SignUp {
    /// The new key works: the one before it can go.
    pub(super) fn end_former_asked(&self) -> Screen {
        let mut screen = self.page(ScreenId::Confirm, Some(3));
        screen
            .lines
            .push(Line::text("The new key is kept, and works. The former one still works, too. This would end it:"));
        screen.lines.push(Line::Gap);
        if let Some(request) = self.ending_of_former() {
            let call = format!("{} {}", request.method.as_str(), trust::clean(request.url.as_str(), 160));
            screen.lines.push(Line::Heading(if request.discreet { trust::authority(&request.url) } else { call }));
        }
        screen.lines.push(Line::Quiet("Whatever still uses the former key stops working then.".to_owned()));
        screen.prompt = Some(Prompt::Confirm {
            label: "End the former key now?".into(),
            yes: "End it".into(),
            no: "Leave it".into(),
        });
        screen
    }

    pub(super) fn asked(&self, question: &Question) -> Screen {
        let name = self.service_name();
        let email = trust::clean(self.ceremony.email.as_deref().unwrap_or("your address"), 80);
        let at = match question {
            Question::Repeat(call, ..) if **call == Call::Register => 0,
            Question::Repeat(call, ..) if **call == Call::Claim => 1,
            Question::Repeat(call, ..) if **call == Call::Exchange => 3,
            Question::OtherAddress(_) => 1,
            Question::OldOrNew(_) => 3,
            _ => 2,
        };
        let mut screen = self.page(ScreenId::Confirm, Some(at));
        let (text, label, yes, no) = match question {
            Question::NewCode(_) if self.ceremony.attempt.as_ref().is_some_and(|attempt| attempt.code.is_some()) => (
                format!("{name} can give another code; the old one is of no use any more."),
                "Ask for a new code?",
                "Get a new code",
                "Stop here",
            ),
            Question::NewCode(_) => (
                format!("{name} can send another code for {email}; the old one is of no use any more."),
                "Have a new code sent?",
                "Send a new code",
                "Stop here",
            ),
            Question::RegisterAgain(_) => (
                format!(
                    "The steps begin again: register, a new code to {email}, type it here. Nothing of the first registration is kept."
                ),
                "Register once more?",
                "Register again",
                "Stop here",
            ),
            Question::Repeat(call, ..) if **call == Call::Exchange && self.stored.is_none() => (
                "You have confirmed. Only the access token is missing; until it is there, the old credential is kept."
                    .to_owned(),
                "Try again now?",
                "Try again",
                "Keep the old one",
            ),
            Question::Repeat(call, ..) if **call == Call::Exchange => (
                "You have confirmed, and that is kept. Only the access token is missing; it can be fetched later too."
                    .to_owned(),
                "Try again now?",
                "Try again",
                "Leave it for later",
            ),
            Question::Repeat(_, _, Sent::No) => {
                (format!("Nothing reached {name} this time."), "Try again?", "Try again", "Stop here")
            }
            Question::Repeat(call, _, Sent::Perhaps) => {
                let what = match **call {
                    Call::Register => "made a registration",
                    Call::Claim => "mailed a code",
                    Call::Complete { .. } => "accepted the code",
                    Call::Look(_) | Call::Fetch | Call::Exchange => "handed out a token",
                    Call::Challenge(_) => "made a puzzle",
                };
                (
                    format!("{name} may or may not have {what}. Trying again makes the same call once more."),
                    "Try again?",
                    "Try again",
                    "Stop here",
                )
            }
            Question::OldOrNew(against) => {
                let old = self.replaced.as_ref().and_then(|account| account.credential_ends());
                let old = old.map_or("works yet".to_owned(), |end| format!("works until {}", when::exact(end)));
                let text = match against {
                    Against::TurnedAway(status) => {
                        format!(
                            "{name} has handed out a new credential, and turns it away ({status}). The old one {old}."
                        )
                    }
                    Against::Lost(scopes) => {
                        let lost = trust::clean(&scopes.join(", "), 160);
                        format!("The new credential works, and has not got any more: {lost}. The old one {old}.")
                    }
                };
                (text, "Keep the old one?", "Keep the old one", "Take the new one")
            }
            Question::OtherAddress(typed) => {
                let bound = self.replaced.as_ref().and_then(|account| account.identity.as_deref()).unwrap_or_default();
                (
                    format!(
                        "The account was bound to {}; you typed {}.",
                        trust::clean(bound, 80),
                        trust::clean(typed, 80)
                    ),
                    "Bind it to the new address?",
                    "Yes, that one",
                    "No, type again",
                )
            }
        };
        screen.lines.push(Line::text(text));
        screen.lines.extend(self.quote(&name));
        screen.problem = match question {
            Question::NewCode(problem) | Question::RegisterAgain(problem) | Question::Repeat(_, problem, _) => {
                Some(problem.clone())
            }
            Question::OtherAddress(_) | Question::OldOrNew(_) => None,
        };
        screen.prompt = Some(Prompt::Confirm { label: label.into(), yes: yes.into(), no: no.into() });
        screen
    }
}
