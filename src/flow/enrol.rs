//! Signing up by calls of the service's own, as a skill describes them: a link by mail, a code by mail, a key at once.
//!
//! ```text
//!   Asking ⟲ ▶ Picking? ▶ Working? ▶ Preview ──no──▶ Declined
//!     ▲        (another     (what is  │yes
//!     │       credential)  evaluated) ▼
//!     │                           Recording ▶ Sending ▶ Reading? ──▶ the next call: Asking (the code, the link) ▶ …
//!     │                                 ▲          │                 the last one: granted, or the key is on a page
//!     └────── a code that is wrong ─────┼──────────┤
//!                                       └── Ask ◀──┘ nobody knows what became of it
//! ```
//!
//! Every call is shown whole before the first one is sent, and none is sent without a yes. That it was sent is written down
//! before: a second one may make a second account, or end the key that the first one made. Whether it went well is told by the
//! status of the answer, and never by what a skill makes of it alone.
//!
//! The machine is part of [`super::signup`], which comes before it (discovery, the store) and after it (keeping, proving).

mod answered;
mod asking;
mod preview;
mod screens;

pub use preview::{ShownCall, ShownValue};

use jiff::Timestamp;
use url::Url;

use super::wire::Granted;
use super::{Answer, Effect, Input};
use crate::account::{Account, AccountId, Attempt, Ended, Mode};
use crate::http::{FieldValue, Presentation, Request, Response};
use crate::problem::{Kind, Problem};
use crate::secret::Secret;
use crate::skill::expression::Work;
use crate::skill::operation::{self, Operation};
use crate::skill::{Enrolment, Params, Worked};
use crate::trust::{self, Reach};

/// Wrong codes until it stops.
const TRIES: u8 = 3;

/// What is known before it begins.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub enrolment: Enrolment,
    /// The service, as the person knows it.
    pub service: String,
    /// What the credential is for. Calls stay on its site.
    pub resource: Url,
    pub reach: Reach,
    /// How a credential is shown there.
    pub presentation: Presentation,
    /// Credentials of the service that are held, with which another one may be made.
    pub held: Vec<Account>,
    /// Earlier sign-ups there, the last one first.
    pub before: Vec<Attempt>,
    /// The address that the account was bound to before.
    pub bound_to: Option<String>,
    /// How the key is tried once it is kept, in words.
    pub tried: String,
    /// Nothing is sent; what would be is all that is wanted.
    pub dry: bool,
}

/// What [`Enrol`] wants next.
#[derive(Debug, PartialEq)]
pub enum Next {
    Do(Effect),
    /// For the person, or for what is under way already.
    Wait,
    Granted(Box<Harvest>),
    /// The key is on a page by now, and the person brings it.
    Bring,
    /// What would be sent is on the screen, and that was all.
    Shown,
    /// The person does not want it sent.
    Declined,
    Over(Problem),
}

/// What a sign-up has brought.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Harvest {
    pub granted: Granted,
    /// Whom the service says that it belongs to.
    pub identity: Option<String>,
    /// The page on which the person makes it theirs, and until when. Whoever has the link can.
    pub claim: Option<Claim>,
    /// The name by which the service knows the key.
    pub key_id: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    pub page: Secret,
    pub expires_at: Option<Timestamp>,
    /// What the person is asked there: a stranger's text, cleaned.
    pub code: Option<String>,
}

#[derive(Debug)]
pub struct Enrol {
    wanted: Wanted,
    stage: Stage,
    params: Params,
    /// Which of what is asked before this call was left empty.
    left_out: Vec<String>,
    /// The call that is prepared or under way.
    at: usize,
    worked: Worked,
    /// With whose credential it is made.
    credential: Option<(String, Presentation, Secret)>,
    /// The person has seen what is sent, and has agreed.
    agreed: bool,
    /// Something was sent, and what in it must not be seen.
    posted: bool,
    sent: Vec<Secret>,
    /// The parameters that are from an answer.
    carried: Vec<String>,
    now: Timestamp,
    wrong_codes: u8,
    /// Until when what was mailed is good.
    deadline: Option<Timestamp>,
    problem: Option<Problem>,
    /// The last words, and whether they are the skill's.
    message: Option<(String, bool)>,
}

#[derive(Debug, Clone, PartialEq)]
enum Stage {
    /// One of what is asked before the call, by its place.
    Asking(usize),
    /// With which credential another one is made.
    Picking,
    Typing,
    Unlocking(AccountId),
    Loading(AccountId),
    /// What is sent is being evaluated.
    Working(Box<Work>),
    Preview,
    Recording,
    Sending,
    /// The answer is being evaluated.
    Reading(Box<Work>, Box<Response>),
    Ask(Question),
    /// How it ended is being written down.
    Ending(Problem),
}

#[derive(Debug, Clone, PartialEq)]
enum Question {
    /// It was not answered, or by nothing that says what became of it.
    Again { problem: Problem, arrived: bool },
    /// Have the link mailed once more?
    MailAgain,
    /// This address is not the one that the account was bound to.
    OtherAddress(String),
}

impl Enrol {
    pub fn new(wanted: Wanted) -> Self {
        Self {
            wanted,
            stage: Stage::Asking(0),
            params: Params::default(),
            left_out: Vec::new(),
            at: 0,
            worked: Worked::default(),
            credential: None,
            agreed: false,
            posted: false,
            sent: Vec::new(),
            carried: Vec::new(),
            now: Timestamp::UNIX_EPOCH,
            wrong_codes: 0,
            deadline: None,
            problem: None,
            message: None,
        }
    }

    pub fn begin(&mut self) -> Next {
        self.prepare()
    }

    /// How far it is: what is asked, consent, what was mailed.
    pub fn nth_step(&self) -> usize {
        match self.stage {
            _ if self.at > 0 => 2,
            Stage::Asking(_) | Stage::Picking | Stage::Typing if !self.posted => 0,
            _ => 1,
        }
    }

    /// Does the person bring the key, from behind the link in the mail?
    pub fn is_brought(&self) -> bool {
        self.mode() == Mode::MagicLink && self.wanted.enrolment.steps.len() == 1
    }

    pub fn mode(&self) -> Mode {
        self.wanted.enrolment.mode
    }

    /// Was anything sent that would be lost?
    pub fn has_begun(&self) -> bool {
        self.posted
    }

    /// What is on its way makes something at the service, whoever waits for it.
    pub fn is_under_way(&self) -> bool {
        matches!(self.stage, Stage::Sending | Stage::Reading(..))
    }

    /// The address that was typed.
    pub fn email(&self) -> Option<String> {
        self.params.get(operation::EMAIL).map(|email| email.as_text().to_string())
    }

    /// The page on which the key is in the end.
    pub fn page(&self) -> Option<&Url> {
        self.wanted.enrolment.page.as_ref()
    }

    pub fn step(&mut self, input: Input, now: Timestamp) -> Next {
        self.now = now;
        if matches!(input, Input::Answer(_)) {
            self.problem = None;
        }
        match (self.stage.clone(), input) {
            (Stage::Asking(nth), Input::Answer(answer)) => self.answered_by_person(nth, answer),
            (Stage::Picking, Input::Answer(Answer::Pick(picked))) => self.credential_picked(picked),
            (Stage::Typing, Input::Answer(Answer::Text(typed))) => self.credential_typed(&typed),
            (Stage::Unlocking(id), Input::Stored(Ok(()))) => {
                self.stage = Stage::Loading(id.clone());
                Next::Do(Effect::Load(id))
            }
            (Stage::Unlocking(_), Input::Stored(Err(problem))) => self.pick_again(problem),
            (Stage::Loading(id), Input::Loaded(loaded)) => self.credential_loaded(&id, loaded),
            (Stage::Working(work), Input::Evaluated(results)) => self.worked(&work, results),
            (Stage::Preview, Input::Answer(Answer::Confirm(true))) => {
                self.agreed = true;
                self.go()
            }
            (Stage::Preview, Input::Answer(Answer::Confirm(false))) => Next::Declined,
            // A record that cannot be made is no reason not to go on: the person has seen what is sent.
            (Stage::Recording, Input::Stored(_)) => self.send(),
            (Stage::Sending, Input::Http(answer)) => self.answered(answer, now),
            (Stage::Reading(work, response), Input::Evaluated(results)) => {
                self.evaluated(&work, results, &response, now)
            }
            (Stage::Ask(Question::Again { .. }), Input::Answer(Answer::Confirm(true))) => self.go(),
            (Stage::Ask(Question::Again { problem, .. }), Input::Answer(Answer::Confirm(false))) => Next::Over(problem),
            (Stage::Ask(Question::MailAgain), Input::Answer(Answer::Confirm(true))) => self.mail_again(),
            (Stage::Ask(Question::MailAgain), Input::Answer(Answer::Confirm(false))) => self.prepare(),
            (Stage::Ask(Question::OtherAddress(email)), Input::Answer(Answer::Confirm(true))) => {
                self.settle(operation::EMAIL, email.as_str().into())
            }
            (Stage::Ask(Question::OtherAddress(_)), Input::Answer(Answer::Confirm(false))) => self.prepare(),
            (Stage::Ending(problem), Input::Stored(_)) => Next::Over(problem),
            _ => Next::Wait,
        }
    }

    fn operation(&self) -> &Operation {
        &self.wanted.enrolment.steps[self.at]
    }

    /// Asks what is still to be asked, then shows what would be sent.
    fn prepare(&mut self) -> Next {
        let is_open = |name: &str| self.params.get(name).is_none() && !self.left_out.iter().any(|left| left == name);
        if let Some(nth) = self.operation().asked.iter().position(|asked| is_open(&asked.name)) {
            self.stage = Stage::Asking(nth);
            return Next::Wait;
        }
        if self.wanted.enrolment.by_credential && self.credential.is_none() {
            self.stage = if self.wanted.held.is_empty() { Stage::Typing } else { Stage::Picking };
            return Next::Wait;
        }
        match Worked::work(self.operation().template.expressions(), &self.params) {
            Some(work) => {
                self.stage = Stage::Working(Box::new(work.clone()));
                Next::Do(Effect::Evaluate(Box::new(work)))
            }
            None => self.ready(),
        }
    }

    /// What is sent is known whole.
    fn ready(&mut self) -> Next {
        if let Err(problem) = self.request() {
            return Next::Over(problem);
        }
        if self.agreed {
            return self.go();
        }
        self.stage = Stage::Preview;
        if self.wanted.dry { Next::Shown } else { Next::Wait }
    }

    /// The request that is prepared, if it goes where it may.
    fn request(&self) -> Result<Request, Problem> {
        let unsafe_call = |why: String| {
            let what = format!("The skill's {} is not sent: {why}.", self.operation().name);
            Problem::new(Kind::Unsafe, what, "Mend the skill, or sign up on the service's own site.")
        };
        let request = self.operation().template.request(&self.params, &self.worked).map_err(unsafe_call)?;
        let (url, own) = (&request.url, &self.wanted.resource);
        let allowed = trust::endpoint_from(url, own).and_then(|()| trust::within(url, self.wanted.reach));
        // An address that holds a secret is not repeated.
        allowed.map_err(|problem| match request.discreet {
            true => unsafe_call(format!("the address at {} is not contacted", trust::authority(url))),
            false => problem,
        })?;
        if !trust::same_site(url, own) {
            let (host, own) = (trust::authority(url), trust::authority(own));
            return Err(unsafe_call(format!(
                "{} is not of the site of {}",
                trust::clean(&host, 80),
                trust::clean(&own, 80)
            )));
        }
        Ok(match &self.credential {
            Some((_, presentation, secret)) => request.presenting(presentation.clone(), secret.clone()),
            None => request,
        })
    }

    /// What was agreed to is sent; that a sign-up has begun is written down before.
    fn go(&mut self) -> Next {
        if self.at > 0 {
            return self.send();
        }
        self.stage = Stage::Recording;
        Next::Do(self.record_of(Ended::Open, self.now))
    }

    /// How it ended, to be written down.
    pub fn record_of(&self, ended: Ended, now: Timestamp) -> Effect {
        let (resource, mode) = (self.wanted.resource.to_string(), self.wanted.enrolment.mode);
        Effect::Attempted(Box::new(Attempt { resource, mode, at: now, ended }))
    }

    fn send(&mut self) -> Next {
        match self.request() {
            Ok(_) if !self.agreed => Next::Wait,
            Ok(request) => {
                // What was worked out beside a code counts as secret; an address that was typed is none all the same.
                let typed = self.email().unwrap_or_default();
                let hidden = request.secrets().filter(|secret| !secret.expose().eq_ignore_ascii_case(&typed));
                self.sent = hidden.cloned().collect();
                (self.stage, self.posted) = (Stage::Sending, true);
                Next::Do(Effect::Http(request))
            }
            Err(problem) => Next::Over(problem),
        }
    }

    /// The call that ends a key that another one has taken the place of, made with the credential that the new one was made
    /// with.
    pub fn ending(&self, key_id: &str) -> Option<Request> {
        let end = self.wanted.enrolment.end.as_ref().filter(|end| end.template.expressions().is_empty())?;
        let params: Params = [(operation::KEY_ID, FieldValue::from(key_id))].into_iter().collect();
        let request = end.template.request(&params, &Worked::default()).ok()?;
        let (_, presentation, secret) = self.credential.as_ref()?;
        let is_own = trust::same_site(&request.url, &self.wanted.resource);
        is_own.then(|| request.presenting(presentation.clone(), secret.clone()))
    }

    fn ask(&mut self, question: Question) -> Next {
        self.stage = Stage::Ask(question);
        Next::Wait
    }

    fn object(&mut self, problem: Problem) -> Next {
        self.problem = Some(problem);
        Next::Wait
    }

    /// Is it waiting for the person, with nothing under way?
    pub fn is_asking(&self) -> bool {
        matches!(self.stage, Stage::Asking(_) | Stage::Picking | Stage::Typing | Stage::Preview | Stage::Ask(_))
    }

    /// Is there a question before this one?
    pub fn can_go_back(&self) -> bool {
        let asked_before = match self.stage {
            Stage::Asking(nth) => self.at == 0 && nth > 0,
            Stage::Picking | Stage::Typing | Stage::Preview => true,
            _ => false,
        };
        !self.posted && asked_before && !self.wanted.enrolment.steps[0].asked.is_empty()
    }

    /// Leads to the question before. What was answered to it is asked anew.
    pub fn back(&mut self) {
        let last = match self.stage {
            Stage::Asking(nth) => nth.checked_sub(1),
            _ => self.operation().asked.len().checked_sub(1),
        };
        if let Some(name) = last.and_then(|nth| self.operation().asked.get(nth)).map(|asked| asked.name.clone()) {
            self.params.remove(&name);
            self.left_out.retain(|left| *left != name);
            (self.credential, self.problem) = (None, None);
            self.prepare();
        }
    }

    /// What is held here that must not be seen.
    fn secrets(&self) -> Vec<Secret> {
        let credential = self.credential.iter().map(|(_, _, secret)| secret.clone());
        credential.chain(self.params.secrets().cloned()).chain(self.sent.iter().cloned()).collect()
    }
}
