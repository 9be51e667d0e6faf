//! Signing a person up to a service that speaks auth.md, and signing up again in place.
//!
//! ```text
//!  Discovering ▶ LookingUp ▶ Offer ▶ Hosts? ▶ Existing? ▶ Label? ▶ Store? ▶ Consent ──no──▶ Over
//!                                                                             │yes
//!                                                                             │    (words only: Prose ▶ … ▶ Key ▶ Saving)
//!                       address wanted first ── Email ◀────────────────────────┤
//!                                                 ▼                            ▼
//!                                            Sending(Register) ◀───────────────┘
//!                                                 │ what the answer holds decides
//!        ┌──────────────┬──────────────┬──────────┴────────────┐
//!        ▼              ▼              ▼                       ▼
//!   asked for more    Email ▶       a code for the page     a credential,
//!   Extra ▶ again     Claim         Handoff ⟲ Look          or what gets one
//!   Working ▶ again     ▼           nobody to look:            │
//!                     Code ⟲ 3      Unwatched                  │
//!                     Complete         │                       │
//!                       └──────────────┴───────────────────────┤
//!                                                              ▼
//!                                    Saving ▶ Exchange? ▶ Saving ▶ Proving ▶ Over      Saving fails ▶ Store
//! ```
//!
//! By OAuth it goes on from consent like this: Recalling? ▶ SigningIn ▶ Saving. Of the stores there may be a vault to be made
//! first: Store ▶ Passphrase? ▶ SettingUp ▶ Consent. What is signed up to again in place is locked while it is written:
//! Locking ▶ Saving.
//!
//! Two things are kept apart on purpose: nothing is sent with `POST` before `Stage::Consent` was answered with yes, and
//! `Call::Complete` is built in one place, from the answer to the code prompt. The service is asked whether the person has
//! confirmed only where its own page is the gate; a code that is read back to us is never waited for.

mod ceremony;
mod choosing;
mod enrolling;
mod extras;
mod handoff;
mod heard;
mod keeping;
mod prose;
mod refused;
mod screens;
mod signin;

pub(super) use ceremony::is_email;
pub use choosing::label;

use jiff::Timestamp;
use url::Url;

use super::discover::{By, Discovery, Way};
use super::enrol::{Claim, Enrol};
use super::oauth::OAuth;
use super::passphrase::NewPassphrase;
use super::probe::{self, Check};
use super::target::Target;
use super::wire::{Attempt, Extras, Forms, Granted, Handle, Offer, Start};
use super::work::Slice;
use super::{Answer, Effect, Flow, Guard, Input, Known, Lease, Outcome, Protection, Screen};
use crate::account::{Account, Kept, Mode, StoreKind};
use crate::problem::Problem;
use crate::secret::Secret;

/// Wrong codes until the walk stops.
const TRIES: u8 = 3;
/// A label goes into an id and on the screen.
const LABEL_LENGTH: usize = 32;
/// RFC 5321, section 4.5.3.1.3: a path has at most 256 octets, two of them brackets.
const EMAIL_LENGTH: usize = 254;
const CODE_LENGTH: usize = 64;
/// What everybody mails, where the service does not say.
const CODE_DIGITS: usize = 6;

#[derive(Debug)]
pub struct SignUp {
    discovery: Discovery,
    /// How it is signed up, of the ways that are offered.
    way: Way,
    /// The person wants this way and no other.
    only: Option<Way>,
    stage: Stage,
    /// The last question, and those before it: where "back" leads.
    question: Option<Stage>,
    past: Vec<Stage>,
    problem: Option<Problem>,
    known: Known,
    /// The account that gets the new credential; it keeps the old one until the new one was tried and is stored.
    replaced: Option<Account>,
    /// The new one was tried beforehand.
    is_tried: bool,
    /// The label named beforehand: only accounts with it can be the same one.
    asked_label: Option<String>,
    label: Option<String>,
    /// The link that is shown: of the service's own words, or to its keys.
    link: Option<Url>,
    /// A key that does not look like one; brought once more, it is tried.
    doubted: Option<Secret>,
    /// The person keeps what is there.
    kept: bool,
    place: Option<StoreKind>,
    passphrase: NewPassphrase,
    ceremony: Ceremony,
    /// Signing in by OAuth.
    oauth: Option<Box<OAuth>>,
    /// Signing up by calls of the service's own, and where what came of it can be made somebody's.
    enrol: Option<Box<Enrol>>,
    claim: Option<Claim>,
    /// The name by which the service knows the new key, and what became of the one before it.
    key_id: Option<String>,
    former_end: Option<FormerEnd>,
    /// What would be sent is all that is wanted.
    dry: bool,
    /// A code was sent, and nobody knows what became of it.
    code_on_its_way: bool,
    /// The account as it is in the store; from then on nothing is lost by leaving.
    stored: Option<Box<Account>>,
    /// Held while the account that is replaced is written, but not while a person is asked something.
    lease: Option<Lease>,
    /// The service has sent us elsewhere once; twice would be a game.
    moved: bool,
    /// The person wants out as soon as the credential is stored.
    leaving: bool,
}

/// What has come of the ceremony so far. Dropped with the flow: a claim token is never stored.
#[derive(Debug, Default)]
struct Ceremony {
    /// Which of the offered starts is walked.
    start: usize,
    /// Why it is not the first one.
    detour: Option<String>,
    email: Option<String>,
    /// How the service wants the calls spelled, as far as it has said.
    forms: Forms,
    extras: Asked,
    client_id: Option<String>,
    /// Puzzles begun.
    proofs: u8,
    /// It does not want to hear for which resource a token is.
    resource_unwanted: bool,
    /// Something was sent that may have made a registration.
    posted: bool,
    /// The service has answered to a registration.
    registered: bool,
    handle: Option<Handle>,
    /// Claim tokens that another one has taken the place of.
    former: Vec<Secret>,
    claim_grant: Option<String>,
    claim_expires_at: Option<Timestamp>,
    /// Where answers say that it goes on, on hosts that were consented to.
    claim_url: Option<Url>,
    /// The same on any host: it may be a page for the person, which is only shown.
    claim_page: Option<Url>,
    complete_url: Option<Url>,
    /// Handed out before the claim, with few rights. Never kept on its own unless the person says so.
    early: Granted,
    scopes_after_claim: Vec<String>,
    /// The claim that is open now.
    attempt: Option<Attempt>,
    watch: handoff::Watch,
    /// The service has been asked to mail a code in this ceremony.
    code_sent: bool,
    /// The service's own words, last heard.
    message: Option<String>,
    wrong_codes: u8,
    /// The code as it was typed, where something else was sent for it.
    typed: Option<Secret>,
    granted: Option<Box<Kept>>,
}

/// What was asked for besides, call by call: what one wants is no business of the next.
#[derive(Debug, Clone, Default)]
struct Asked {
    register: Extras,
    claim: Extras,
    complete: Extras,
}

impl Asked {
    fn of(&mut self, call: &Call) -> Option<&mut Extras> {
        match call {
            Call::Register => Some(&mut self.register),
            Call::Claim => Some(&mut self.claim),
            Call::Complete { .. } => Some(&mut self.complete),
            Call::Look(_) | Call::Fetch | Call::Exchange | Call::Challenge(_) => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Stage {
    Discovering,
    /// The skill is not as it was when somebody used it last.
    Changed,
    Pinning,
    LookingUp,
    Offer,
    /// The service explains in words how a person gets a key.
    Prose,
    Hosts,
    Existing,
    Label,
    Store,
    /// What is to open the vault that is made now.
    Passphrase,
    SettingUp(Protection),
    Consent,
    /// What proves who this program was to the authorization server before is being fetched.
    Recalling(By),
    /// By OAuth, in a machine of its own.
    SigningIn,
    /// By calls of the service's own, in a machine of its own.
    Enrolling,
    /// That the sign-up went well is being written down.
    Recording,
    /// The page on which a key is made is being opened.
    OpeningPage,
    /// A key from a page of the service.
    Key,
    TryingKey(Check, Secret),
    Email,
    Code,
    /// There is a page and no code of ours: does the person confirm there, or bring a code from there?
    Either,
    /// The person takes our code to the service's page; we look whether it is done.
    Handoff,
    /// The same, and there is no way to look: the person says when.
    Unwatched,
    /// The service asks for something more before it goes on with the call.
    Extra(Extra, Box<Call>),
    /// A proof of work is being made, for the sake of a call.
    Working(Slice, Vec<u64>, Box<Call>),
    /// Something unforeseen that only the person can decide.
    Ask(Question),
    Sending(Call),
    /// Waiting until no other program renews what is replaced.
    Locking,
    /// The credential that is replaced works yet: the new one is tried before it takes that one's place.
    Trying(Check),
    Saving,
    Proving(Check),
    Noting,
    /// The new key works: is the one before it to be ended?
    EndFormer,
    EndingFormer,
    Over(Outcome),
}

/// What became of the key that another one has taken the place of.
#[derive(Debug, Clone, PartialEq, Eq)]
enum FormerEnd {
    Ended,
    /// The service said something else, or nothing.
    Not(String),
}

#[derive(Debug, Clone, PartialEq)]
enum Call {
    Register,
    Claim,
    Complete {
        code: Secret,
    },
    /// Has the person confirmed on the service's page?
    Look(handoff::Way),
    /// It is confirmed, and the credential is to be had at the token endpoint.
    Fetch,
    /// What was handed out only gets an access token; this gets it.
    Exchange,
    /// A puzzle, for the sake of a call.
    Challenge(Box<Call>),
}

/// What only the person can give.
#[derive(Debug, Clone, PartialEq)]
enum Extra {
    /// Which scopes to ask for, under this name.
    Scopes(&'static str),
    Terms {
        version: Option<String>,
        page: Option<Url>,
    },
    Name,
    ClientId,
}

#[derive(Debug, Clone, PartialEq)]
enum Question {
    /// The code is too old: mail another one?
    NewCode(Problem),
    /// The registration is gone: register once more?
    RegisterAgain(Problem),
    /// Nobody knows whether the call went through: make it again?
    Repeat(Box<Call>, Problem, Sent),
    /// This address is not the one that the account was bound to.
    OtherAddress(String),
    /// Something speaks against the new credential, and the old one works yet: is that to stay?
    OldOrNew(Against),
}

/// What speaks against a new credential.
#[derive(Debug, Clone, PartialEq)]
enum Against {
    TurnedAway(u16),
    /// It may do less than the old one.
    Lost(Vec<String>),
}

/// Did a call that failed reach the service?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    No,
    Perhaps,
}

impl SignUp {
    /// Signs up to what `target` names; `label` tells a second account of one service from the first.
    pub fn new(target: Target, label: Option<String>) -> Self {
        Self {
            discovery: Discovery::new(target),
            way: Way::default(),
            only: None,
            stage: Stage::Discovering,
            question: None,
            past: Vec::new(),
            problem: None,
            known: Known { decided: true, ..Known::default() },
            replaced: None,
            is_tried: false,
            asked_label: label.clone(),
            label,
            link: None,
            doubted: None,
            kept: false,
            place: None,
            passphrase: NewPassphrase::default(),
            ceremony: Ceremony::default(),
            oauth: None,
            enrol: None,
            claim: None,
            key_id: None,
            former_end: None,
            dry: false,
            code_on_its_way: false,
            stored: None,
            lease: None,
            moved: false,
            leaving: false,
        }
    }

    /// Signs up again in place of `account`, which keeps its id, its label and its old credential until the new one is
    /// stored.
    pub fn again(account: Account) -> Result<Self, Problem> {
        let mut flow = Self::new(Target::of(&account)?, account.label.clone());
        let described = matches!(account.mode, Mode::ApiKey | Mode::MagicLink | Mode::EmailCode | Mode::Direct);
        if described {
            flow = flow.only(Way::of(account.mode));
        }
        flow.replaced = Some(account);
        Ok(flow)
    }

    /// The person wants this way, whatever else the service offers. A key can be brought though nothing is offered at all.
    pub fn only(mut self, way: Way) -> Self {
        (self.only, self.way) = (Some(way), way);
        self
    }

    /// Shows what would be sent, and sends nothing.
    pub fn dry(mut self) -> Self {
        self.dry = true;
        self
    }

    fn by_key(&self) -> bool {
        self.way == Way::Key
    }

    fn offer(&self) -> Option<&Offer> {
        self.discovery.offer()
    }

    fn start(&self) -> Start {
        self.discovery.starts().get(self.ceremony.start).copied().unwrap_or(Start::Anonymous)
    }

    fn service_name(&self) -> String {
        self.discovery.service().name
    }

    fn end(&mut self, outcome: Outcome) -> Vec<Effect> {
        self.lease = None;
        // Nobody listens for the browser any more.
        self.ceremony.posted |= self.oauth.take().is_some_and(|oauth| oauth.has_begun());
        self.ceremony.posted |= self.enrol.as_ref().is_some_and(|enrol| enrol.has_begun());
        self.stage = Stage::Over(outcome);
        Vec::new()
    }

    fn fail(&mut self, problem: Problem) -> Vec<Effect> {
        self.end(Outcome::of(problem))
    }

    /// Puts a question to the person. One that came before is where "back" leads.
    fn ask(&mut self, stage: Stage) -> Vec<Effect> {
        if let Some(before) = self.question.replace(stage.clone()).filter(|before| *before != stage) {
            self.past.push(before);
        }
        self.stage = stage;
        Vec::new()
    }

    fn interrupt(&mut self, question: Question) -> Vec<Effect> {
        self.lease = None;
        self.stage = Stage::Ask(question);
        Vec::new()
    }

    /// The question that "back" leads to.
    fn before(&self) -> Option<&Stage> {
        match &self.stage {
            // What was sent is not taken back, and what is under way is waited for.
            _ if self.enrol.as_ref().is_some_and(|enrol| enrol.has_begun()) => None,
            Stage::Enrolling if !self.enrol.as_ref().is_some_and(|enrol| enrol.is_asking()) => None,
            // What has been confirmed and stored is not confirmed again.
            _ if self.stored.is_some() => None,
            // A credential that is held only by this flow is not left behind by going back.
            Stage::Store | Stage::Ask(_) if self.ceremony.granted.is_some() => None,
            Stage::Ask(_) | Stage::Extra(..) => self.question.as_ref(),
            stage if Some(stage) == self.question.as_ref() => self.past.last(),
            _ => None,
        }
    }

    fn back(&mut self) {
        if let (Stage::Enrolling, Some(enrol)) = (&self.stage, self.enrol.as_mut())
            && enrol.can_go_back()
        {
            return enrol.back();
        }
        let Some(question) = self.before().cloned() else {
            return;
        };
        if !matches!(self.stage, Stage::Ask(_) | Stage::Extra(..)) {
            self.past.pop();
        }
        // What was typed for a way that is not taken is of no use for another.
        (self.problem, self.enrol) = (None, None);
        self.question = Some(question.clone());
        self.stage = question;
    }

    fn cancel(&mut self) -> Vec<Effect> {
        match (&self.stage, self.stored.clone()) {
            (Stage::Over(_), _) => Vec::new(),
            // It is on its way into the store: let it arrive, then go.
            (Stage::Locking | Stage::Trying(_) | Stage::Saving, _) => {
                self.leaving = true;
                Vec::new()
            }
            // The code works once: what it brings is there from now on, and is kept rather than lost.
            (Stage::SigningIn, None) if self.oauth.as_ref().is_some_and(|oauth| oauth.is_redeeming()) => {
                self.leaving = true;
                Vec::new()
            }
            // A key may be on its way: it is shown once, and kept rather than lost.
            (Stage::Enrolling, None) if self.is_key_on_its_way() => {
                self.leaving = true;
                Vec::new()
            }
            // It is stored; what is left to be done can be done later.
            (_, Some(account)) => {
                let proven = self
                    .ceremony
                    .granted
                    .as_ref()
                    .filter(|_| matches!(self.stage, Stage::Noting | Stage::EndFormer | Stage::EndingFormer));
                let account = proven.map_or(account, |kept| Box::new(kept.account.clone()));
                self.end(Outcome::Connected(account))
            }
            _ => self.end(Outcome::Cancelled),
        }
    }
}

impl Flow for SignUp {
    fn step(&mut self, input: Input, now: Timestamp) -> Vec<Effect> {
        match input {
            Input::Cancel => return self.cancel(),
            Input::Back => {
                self.back();
                return Vec::new();
            }
            Input::Answer(_) => self.problem = None,
            _ => {}
        }
        match (self.stage.clone(), input) {
            (Stage::Discovering, Input::Begin) => {
                let next = self.discovery.begin(now);
                self.discover(next)
            }
            (Stage::Discovering, Input::Http(answer)) => {
                let next = self.discovery.answer(answer, now);
                self.discover(next)
            }
            (Stage::Discovering, Input::Elapsed) => {
                let next = self.discovery.resume(now);
                self.discover(next)
            }
            (Stage::Discovering, Input::Read(skill)) => {
                let next = self.discovery.read(skill, now);
                self.discover(next)
            }
            (Stage::Changed, Input::Answer(Answer::Confirm(true))) => self.pin(),
            (Stage::Changed, Input::Answer(Answer::Confirm(false))) => self.end(Outcome::Cancelled),
            // Whether or not it could be written down: it is asked again the next time then.
            (Stage::Pinning, Input::Stored(_)) => self.look_up(),
            (Stage::LookingUp, Input::Known(Ok(known))) => {
                self.known = *known;
                // Who does not sign in by OAuth has no use for them.
                match self.known.unsettled.take().filter(|_| self.discovery.authorization().is_some()) {
                    Some(problem) => self.fail(*problem),
                    None => self.choose_way(),
                }
            }
            (Stage::LookingUp, Input::Known(Err(problem))) => self.fail(problem),
            (Stage::Offer, Input::Answer(Answer::Pick(picked))) => self.offer_picked(picked),
            (Stage::Prose, Input::Answer(Answer::Pick(picked))) => self.prose_picked(picked),
            (Stage::OpeningPage, Input::Opened(opened)) => {
                self.stage = Stage::Key;
                opened.map_or_else(|problem| self.object(problem), |()| Vec::new())
            }
            (Stage::Key, Input::Answer(Answer::Text(key))) => self.key_pasted(&key, now),
            (Stage::TryingKey(mut check, key), Input::Http(answer)) => match check.answer(&answer) {
                probe::Next::Send(request) => {
                    self.stage = Stage::TryingKey(check, key);
                    vec![Effect::Http(request)]
                }
                probe::Next::Over(verdict) => self.key_tried(&check, key, verdict, now),
            },
            (Stage::Hosts, Input::Answer(Answer::Confirm(true))) => self.after_hosts(),
            (Stage::Existing, Input::Answer(Answer::Pick(picked))) => self.existing_picked(picked),
            (Stage::Label, Input::Answer(Answer::Text(text))) => self.label_typed(text.expose()),
            (Stage::Store, Input::Answer(Answer::Pick(picked))) => self.store_picked(picked),
            (Stage::Passphrase, Input::Answer(Answer::Text(typed))) => match self.passphrase.typed(&typed) {
                Some(passphrase) => self.set_up(Guard::Passphrase(passphrase)),
                None => Vec::new(),
            },
            (Stage::SettingUp(protection), Input::Stored(result)) => self.was_set_up(protection, result),
            (Stage::Consent, Input::Answer(Answer::Confirm(true))) => self.consented(now),
            (Stage::Recalling(by), Input::Loaded(former)) => {
                let former = former.ok().flatten().map(|kept| *kept);
                self.sign_in_as(former, by, now)
            }
            (Stage::SigningIn, input) => match self.oauth.as_mut().map(|oauth| oauth.step(input, now)) {
                Some(next) => self.signed_in(next, now),
                None => Vec::new(),
            },
            (Stage::Enrolling, input) => match self.enrol.as_mut().map(|enrol| enrol.step(input, now)) {
                Some(next) => self.enrolled(next, now),
                None => Vec::new(),
            },
            // Whether or not it could be written down.
            (Stage::Recording, Input::Stored(_)) => self.prove(),
            (Stage::Hosts | Stage::Consent, Input::Answer(Answer::Confirm(false))) => self.end(Outcome::Cancelled),
            (Stage::Email, Input::Answer(Answer::Text(text))) => self.email_typed(text.expose()),
            (Stage::Code, Input::Answer(Answer::Text(code))) => self.code_typed(&code),
            (Stage::Code, Input::Answer(Answer::NewCode)) => self.new_code(),
            (Stage::Either, Input::Answer(Answer::Pick(picked))) => self.either_picked(picked, now),
            (Stage::Handoff, Input::Elapsed) => self.watch(now),
            // A timer or a look is under way; what comes of it is waited for.
            (Stage::Handoff | Stage::Sending(Call::Look(_)), Input::Answer(Answer::NewCode)) => self.wants_new_code(),
            (Stage::Unwatched, Input::Answer(Answer::Pick(picked))) => self.unwatched_picked(picked, now),
            (Stage::Extra(extra, call), Input::Answer(answer)) => self.extra_given(extra, *call, answer),
            (Stage::Working(slice, nonces, call), Input::Worked(found)) => self.worked(slice, nonces, *call, found),
            (Stage::Ask(question), Input::Answer(Answer::Confirm(yes))) => match (question, yes) {
                (Question::NewCode(_), true) => self.new_code(),
                (Question::RegisterAgain(_), true) => self.register_again(),
                (Question::Repeat(call, _, sent), true) => {
                    self.code_on_its_way |= matches!((&*call, sent), (Call::Complete { .. }, Sent::Perhaps));
                    self.send(*call)
                }
                // Where what gets the access token is stored, that can be had later.
                (Question::Repeat(call, problem, _), false) if *call == Call::Exchange => self.exchange_left(problem),
                (Question::OtherAddress(email), true) => self.email_settled(email),
                (Question::OldOrNew(against), true) => self.old_stays(against),
                (Question::OldOrNew(_), false) => self.take_new(),
                (Question::OtherAddress(_), false) => {
                    self.stage = Stage::Email;
                    Vec::new()
                }
                (
                    Question::NewCode(problem) | Question::RegisterAgain(problem) | Question::Repeat(_, problem, _),
                    false,
                ) => self.fail(problem),
            },
            (Stage::Sending(call), Input::Http(answer)) => self.answered(call, answer, now),
            (Stage::Locking, Input::Locked(lease)) => self.locked(lease.ok(), now),
            (Stage::Trying(mut check), Input::Http(answer)) => match check.answer(&answer) {
                probe::Next::Send(request) => {
                    self.stage = Stage::Trying(check);
                    vec![Effect::Http(request)]
                }
                probe::Next::Over(verdict) => self.tried(&check, verdict, now),
            },
            (Stage::Saving, Input::Stored(result)) => self.saved(result, now),
            (Stage::Proving(mut check), Input::Http(answer)) => match check.answer(&answer) {
                probe::Next::Send(request) => {
                    self.stage = Stage::Proving(check);
                    vec![Effect::Http(request)]
                }
                probe::Next::Over(verdict) => self.proven(&check, verdict, now),
            },
            (Stage::Noting, Input::Stored(_)) if self.ending_of_former().is_some() => self.ask(Stage::EndFormer),
            (Stage::Noting, Input::Stored(_)) => self.finish(),
            (Stage::EndFormer, Input::Answer(Answer::Confirm(true))) => self.end_former(),
            (Stage::EndFormer, Input::Answer(Answer::Confirm(false))) => self.finish(),
            (Stage::EndingFormer, Input::Http(answer)) => self.former_ended(answer),
            _ => Vec::new(),
        }
    }

    fn screen(&self, now: Timestamp) -> Screen {
        self.shown(now)
    }
}
