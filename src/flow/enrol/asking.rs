//! What only the person can give: an address, a code, a link, a name, another credential.

use super::{Enrol, Next, Question, Stage};
use crate::account::{AccountId, Kept};
use crate::flow::signup::is_email;
use crate::flow::{Answer, Effect};
use crate::http::FieldValue;
use crate::problem::{Kind, Problem};
use crate::secret::Secret;
use crate::skill::expression::{Results, Work};
use crate::skill::operation::{Asked, Kind as AskedFor};
use crate::skill::{Worked, operation};
use crate::trust;

/// Of what is typed, in bytes.
const LONGEST: usize = 2_000;

impl Enrol {
    pub(super) fn answered_by_person(&mut self, nth: usize, answer: Answer) -> Next {
        let Some(asked) = self.operation().asked.get(nth).cloned() else {
            return Next::Wait;
        };
        match (&asked.kind, answer) {
            (AskedFor::OneOf(choices), Answer::Pick(picked)) => match choices.get(picked) {
                Some(choice) => self.settle(&asked.name, FieldValue::from(choice)),
                None => Next::Wait,
            },
            (AskedFor::Flag, Answer::Confirm(yes)) => self.settle(&asked.name, yes.into()),
            // What was mailed is of no use, or did not come.
            (AskedFor::Code, Answer::NewCode) if self.at > 0 => self.mail_again(),
            (AskedFor::Link, Answer::NewCode) if self.at > 0 => self.ask(Question::MailAgain),
            (AskedFor::OneOf(_) | AskedFor::Flag, _) => Next::Wait,
            (_, Answer::Text(typed)) => match self.understood(&asked, &typed) {
                Ok(Some(FieldValue::Text(email))) if asked.kind == AskedFor::Email && self.is_other(&email) => {
                    self.ask(Question::OtherAddress(email))
                }
                Ok(Some(value)) => self.settle(&asked.name, value),
                Ok(None) => {
                    self.left_out.push(asked.name);
                    self.prepare()
                }
                Err(problem) => self.object(problem),
            },
            _ => Next::Wait,
        }
    }

    fn is_other(&self, email: &str) -> bool {
        self.wanted.bound_to.as_deref().is_some_and(|bound| !bound.eq_ignore_ascii_case(email))
    }

    pub(super) fn settle(&mut self, name: &str, value: FieldValue) -> Next {
        self.params.insert(name, value);
        self.prepare()
    }

    /// What was typed, as it is sent; nothing where it was left empty and may be.
    fn understood(&self, asked: &Asked, typed: &Secret) -> Result<Option<FieldValue>, Problem> {
        let problem = |what: &str, hint: &str| Err(Problem::new(Kind::Usage, what, hint));
        let text = typed.expose().trim();
        if text.is_empty() {
            return match (&asked.default, asked.required) {
                (Some(default), _) => Ok(Some(default.into())),
                (None, false) => Ok(None),
                (None, true) => problem("Something has to stand there.", "Type it, or cancel the sign-up."),
            };
        }
        if text.len() > LONGEST || trust::has_invisible(text) {
            return problem("That is too long, or has something in it that is not seen.", "Type it by hand.");
        }
        match asked.kind {
            AskedFor::Email if !is_email(text) => {
                problem("That is not an e-mail address.", "It looks like name@example.com.")
            }
            AskedFor::Code => match self.wanted.enrolment.code.canonical(text) {
                Some(code) => Ok(Some(Secret::new(code).into())),
                None => {
                    problem("That is not such a code.", "Copy it from the mail; blanks and small letters are forgiven.")
                }
            },
            AskedFor::Link if url::Url::parse(text).is_err() => {
                problem("That is not a link.", "Copy the link from the mail, without opening it.")
            }
            AskedFor::Link | AskedFor::Secret => Ok(Some(Secret::new(text).into())),
            AskedFor::Number => match text.parse::<serde_json::Number>() {
                Ok(number) => Ok(Some(FieldValue::Json(number.into()))),
                Err(_) => problem("That is not a number.", "Type it in digits."),
            },
            _ => Ok(Some(text.into())),
        }
    }

    /// The first call once more, with what was typed for it.
    pub(super) fn mail_again(&mut self) -> Next {
        self.start_over();
        self.prepare()
    }

    /// Back to before the first call; what was typed for it stays.
    pub(super) fn start_over(&mut self) {
        self.at = 0;
        for name in [operation::CODE, operation::LINK] {
            self.params.remove(name);
        }
        std::mem::take(&mut self.carried).iter().for_each(|name| self.params.remove(name));
        (self.deadline, self.wrong_codes) = (None, 0);
    }

    pub(super) fn credential_picked(&mut self, picked: usize) -> Next {
        match self.wanted.held.get(picked) {
            Some(account) => {
                self.stage = Stage::Unlocking(account.id.clone());
                Next::Do(Effect::Unlock(account.store))
            }
            None => {
                self.stage = Stage::Typing;
                Next::Wait
            }
        }
    }

    pub(super) fn credential_typed(&mut self, typed: &Secret) -> Next {
        let key = typed.expose().trim();
        if !trust::is_word(key) || key.len() > LONGEST {
            let what = "That is not a key: a key is one word.";
            return self.object(Problem::new(Kind::Usage, what, "Copy it once more, without what stands around it."));
        }
        let shown = self.wanted.presentation.clone();
        self.credential = Some(("the key that you pasted".to_owned(), shown, Secret::new(key)));
        self.prepare()
    }

    pub(super) fn credential_loaded(&mut self, id: &AccountId, loaded: Result<Option<Box<Kept>>, Problem>) -> Next {
        match loaded {
            Ok(Some(kept)) if kept.account.id == *id => {
                let shown = kept.account.presentation.clone();
                self.credential = Some((id.to_string(), shown, kept.secrets.credential));
                self.prepare()
            }
            Ok(_) => {
                let what = format!("The credential of {id} is not in the store any more.");
                self.pick_again(Problem::new(Kind::Store, what, "Take another one."))
            }
            Err(problem) => self.pick_again(problem),
        }
    }

    pub(super) fn pick_again(&mut self, problem: Problem) -> Next {
        self.stage = Stage::Picking;
        self.object(problem)
    }

    /// What is sent was evaluated.
    pub(super) fn worked(&mut self, work: &Work, results: Result<Results, Problem>) -> Next {
        match results.map(|results| Worked::of(work, results)) {
            Ok(Ok(worked)) => {
                self.worked = worked;
                self.ready()
            }
            Ok(Err(why)) => {
                let what = format!("The skill cannot make its {} out of that: {why}.", self.operation().name);
                Next::Over(Problem::new(Kind::Failed, what, "Mend the skill, or sign up on the service's own site."))
            }
            Err(problem) => Next::Over(problem),
        }
    }
}
