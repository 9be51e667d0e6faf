//! Ending a credential at its service, proving it, and only then removing it here.
//!
//! ```text
//!   Confirm ▶ Opening ▶ Locking ▶ Loading ▶ Discovering? ▶ Hosts? ▶ Before ▶ Declaring ▶ Sending ▶ After ──dead──▶ Forgetting ▶ Over
//!   (a person's yes)                                                does it                        is it
//!                                                                   work?                          dead?  ──no──▶ Unconfirmed ▶ again ·
//!                                                                                                  forget here · later · keep ▶ Settling ▶ Over
//! ```
//!
//! That it is to be ended is written down before the service is told, and stays with the account until that has been shown, or
//! somebody wants to keep it: whatever comes in between, it can be finished later.
//!
//! RFC 7009 answers 200 whatever happened, so an answer is a claim and the 401 afterwards is the proof.

mod calls;
mod screens;

use jiff::Timestamp;

use super::discover::{self, Discovery};
use super::probe::{self, Check};
use super::target::Target;
use super::verify::resource_url;
use super::{Answer, Effect, Flow, Input, Lease, Outcome, Screen};
use crate::account::{
    Account, Happened, Identity, Kept, LayerKind, Note, Proof, Receipt, Revocation, Revoking, Verdict,
};
use crate::problem::{Kind, Problem};
use crate::secret::Secret;
use crate::{trust, when};

/// Is somebody there to answer?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Asked before anything is sent, and again when the service does not confirm.
    Person,
    /// The command was the question; what needs a person is a problem.
    Nobody,
}

#[derive(Debug)]
pub struct Revoke {
    account: Account,
    presence: Presence,
    stage: Stage,
    /// What is to be ended, in this order: a refresh token would get new credentials (RFC 7009, section 2.1). An assertion
    /// would too, but few services end those; here it is dropped in any case.
    tokens: Vec<(LayerKind, Secret)>,
    /// Who asks, where the tokens were handed out to somebody by name.
    identity: Option<Identity>,
    /// Which of them is being ended.
    nth: usize,
    before: Option<Verdict>,
    /// The service has been told, whether or not it answered.
    told: bool,
    /// The service turned the credential away after the call.
    dead: bool,
    /// The person wants out before anybody is told.
    leaving: bool,
    /// Another program has removed it.
    is_gone: bool,
    sent: Sent,
    receipts: Vec<Receipt>,
    problem: Option<Problem>,
    /// Held from reading the credential until it is removed, but not while a person is asked something.
    lease: Option<Lease>,
    next: Next,
}

/// What the lock is for.
#[derive(Debug, Clone, Copy)]
enum Next {
    Load,
    Forget,
}

/// How the service took the call.
#[derive(Debug, Default)]
struct Sent {
    /// Which way of spelling the call is tried.
    form: usize,
    refused: Option<Problem>,
    /// A token that nothing proves dead, and that the service did not end.
    unended: Option<Problem>,
    message: Option<String>,
}

#[derive(Debug)]
enum Stage {
    Confirm,
    Opening,
    /// Waiting until nobody renews it: what that brings would outlive the revocation.
    Locking,
    Loading,
    Discovering(Box<Discovery>),
    Hosts,
    Before(Check),
    /// Writes down that it is to be ended.
    Declaring,
    Sending,
    After(Check),
    /// Some of it is dead; that is written down.
    HalfDone(Problem),
    Unconfirmed,
    /// Writes down how it was left.
    Settling(Outcome),
    Forgetting,
    /// It is dead and could not be removed: at least that is written down.
    Noting(Problem),
    Over(Outcome),
}

/// The choices when the service does not confirm.
const AGAIN: usize = 0;
const FORGET: usize = 1;
const LATER: usize = 2;

/// What is to be ended gets no new credential: the old one would live on, and nobody could end it any more.
pub fn to_be_revoked(account: &Account) -> Problem {
    Problem::new(
        Kind::NeedsPerson,
        format!("{} is to be revoked, and is not renewed before that is settled.", account.id),
        format!("Finish it: authmd-tui revoke --pending; or keep it: authmd-tui revoke --withdraw {}", account.id),
    )
}

impl Revoke {
    pub fn new(account: Account, presence: Presence) -> Self {
        let stage = match presence {
            Presence::Person => Stage::Confirm,
            Presence::Nobody => Stage::Opening,
        };
        Self {
            account,
            presence,
            stage,
            tokens: Vec::new(),
            identity: None,
            nth: 0,
            before: None,
            told: false,
            dead: false,
            leaving: false,
            is_gone: false,
            sent: Sent::default(),
            receipts: Vec::new(),
            problem: None,
            lease: None,
            next: Next::Load,
        }
    }

    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Who was told what, and what came of it.
    pub fn receipts(&self) -> &[Receipt] {
        &self.receipts
    }

    /// Did the service turn the credential away in the end?
    pub fn is_proven(&self) -> bool {
        self.dead
    }

    /// What it came to, in a few words.
    pub fn came_to(&self, outcome: &Outcome) -> &'static str {
        match (outcome, self.dead) {
            _ if self.is_gone => "gone already",
            (Outcome::Cancelled, false) if self.told => "told to the service, and not shown to be dead",
            (Outcome::Removed(_), true) => "revoked",
            (Outcome::Removed(_), false) => "told to the service and removed here; nothing proves it",
            (_, true) => "revoked, and still kept here",
            (_, false) => "not revoked",
        }
    }

    /// What the person who left has to know: the service was told, and what came of it is not known.
    pub fn left_told(&self) -> Option<Problem> {
        let is_left = self.told && matches!(self.stage, Stage::Over(Outcome::Cancelled));
        is_left.then(|| {
            Problem::new(
                Kind::Cancelled,
                format!("{} was told to end {}; that it is dead was not shown.", self.account.service, self.account.id),
                "To finish it: authmd-tui revoke --pending",
            )
        })
    }

    fn end(&mut self, outcome: Outcome) -> Vec<Effect> {
        self.lease = None;
        self.stage = Stage::Over(outcome);
        Vec::new()
    }

    fn open(&mut self) -> Vec<Effect> {
        self.stage = Stage::Opening;
        vec![Effect::Unlock(self.account.store)]
    }

    fn lock(&mut self, next: Next) -> Vec<Effect> {
        self.next = next;
        self.stage = Stage::Locking;
        vec![Effect::Lock(self.account.id.clone())]
    }

    fn load(&mut self) -> Vec<Effect> {
        self.stage = Stage::Loading;
        vec![Effect::Load(self.account.id.clone())]
    }

    fn loaded(&mut self, loaded: Result<Option<Box<Kept>>, Problem>, now: Timestamp) -> Vec<Effect> {
        match loaded {
            Ok(Some(kept)) => self.hold(*kept),
            Ok(None) => {
                self.is_gone = true;
                let what =
                    format!("{} is not here any more: another program has removed it meanwhile.", self.account.id);
                let hint = format!("What has happened to it: authmd-tui history {}", self.account.id);
                return self.end(Outcome::of(Problem::new(Kind::NoSuchAccount, what, hint)));
            }
            Err(problem) => return self.end(Outcome::of(problem)),
        }
        match &self.account.revocation {
            Revocation::Endpoint { .. } => self.try_before(now),
            // The person has agreed to that.
            Revocation::None if self.presence == Presence::Person => self.forget(now),
            Revocation::None => {
                let name = &self.account.service;
                let what = format!("{name} offers no way to revoke a credential.");
                let hint = format!("{} To remove it here only: authmd-tui forget {}", self.by_hand(), self.account.id);
                self.end(Outcome::of(Problem::new(Kind::ServiceRefused, what, hint)))
            }
            Revocation::Undiscovered => match Target::of(&self.account) {
                Ok(target) => {
                    let mut discovery = Box::new(Discovery::new(target));
                    let next = discovery.begin(now);
                    self.discover(discovery, next, now)
                }
                Err(problem) => self.end(Outcome::of(problem)),
            },
        }
    }

    /// Takes the account as it is now; it may have been renewed since it was listed.
    fn hold(&mut self, kept: Kept) {
        let held = |kind: LayerKind| kept.secret_of(kind).map(|secret| (kind, secret.clone()));
        let kinds = [LayerKind::RefreshToken, LayerKind::AccessToken, LayerKind::ApiKey, LayerKind::IdentityAssertion];
        self.tokens = kinds.into_iter().filter_map(held).collect();
        self.identity = Identity::of(&kept);
        self.nth = 0;
        if self.account.revocation == Revocation::Undiscovered || kept.account.revocation != Revocation::Undiscovered {
            self.account = kept.account;
        }
    }

    fn discover(&mut self, discovery: Box<Discovery>, next: discover::Next, now: Timestamp) -> Vec<Effect> {
        let effect = match next {
            discover::Next::Send(request) => Effect::Http(request),
            discover::Next::Wait(span) => Effect::Wait(span),
            discover::Next::Read(file) => Effect::Read(file),
            discover::Next::Over => return self.discovered(discovery, now),
        };
        self.stage = Stage::Discovering(discovery);
        vec![effect]
    }

    fn discovered(&mut self, discovery: Box<Discovery>, now: Timestamp) -> Vec<Effect> {
        if let Some(problem) = discovery.unreachable() {
            return self.unconfirmed(problem, now);
        }
        self.account.guarded = discovery.is_guarded().or(self.account.guarded);
        self.account.revocation = discovery.offer().map_or(Revocation::None, |offer| offer.revocation.clone());
        let host = match &self.account.revocation {
            Revocation::Endpoint { url, .. } => url.clone(),
            Revocation::None | Revocation::Undiscovered => {
                let what = format!("{} publishes no way to revoke a credential.", self.account.service);
                return self.unconfirmed(Problem::new(Kind::ServiceRefused, what, self.by_hand()), now);
            }
        };
        let home = resource_url(&self.account).unwrap_or_else(|_| self.account.start.clone());
        match (trust::same_site(&host, &home), self.presence) {
            (true, _) => self.try_before(now),
            (false, Presence::Person) => {
                self.lease = None;
                self.stage = Stage::Hosts;
                Vec::new()
            }
            (false, Presence::Nobody) => self.end(Outcome::of(Problem::new(
                Kind::Unsafe,
                format!("Revoking would send the credential to {}, another domain.", trust::authority(&host)),
                "Revoke it in the full-screen program, where you are asked.",
            ))),
        }
    }

    /// What is left when the service gives no way.
    fn by_hand(&self) -> String {
        let end = self
            .account
            .credential_ends()
            .map_or(String::new(), |end| format!(", or wait until it ends on {}", when::exact(end)));
        format!("Revoke it on the service's own site{end}.")
    }

    fn unconfirmed(&mut self, problem: Problem, now: Timestamp) -> Vec<Effect> {
        match self.presence {
            Presence::Nobody => self.leave_for_later(problem, now),
            Presence::Person => {
                self.lease = None;
                self.problem = Some(problem);
                self.stage = Stage::Unconfirmed;
                Vec::new()
            }
        }
    }

    /// It stays here, and is to be finished when somebody asks for that.
    fn leave_for_later(&mut self, problem: Problem, now: Timestamp) -> Vec<Effect> {
        let id = &self.account.id;
        let hint = format!("It is kept here. To finish it: authmd-tui revoke --pending; or: authmd-tui forget {id}");
        let (why, receipts) = (problem.what.clone(), self.receipts.clone());
        self.settle(Note::NotRevoked { at: now, why, receipts }, Outcome::of(Problem { hint, ..problem }))
    }

    /// The person does not wait for what comes of it.
    fn leave_told(&mut self, now: Timestamp) -> Vec<Effect> {
        if matches!(self.stage, Stage::Sending) {
            self.receipts.extend(self.receipt("no answer was waited for".to_owned(), now));
        }
        let left = || "it was left before it was shown to be dead".to_owned();
        let why = self.problem.take().map_or_else(left, |problem| problem.what);
        self.settle(Note::NotRevoked { at: now, why, receipts: self.receipts.clone() }, Outcome::Cancelled)
    }

    fn settle(&mut self, note: Note, outcome: Outcome) -> Vec<Effect> {
        self.stage = Stage::Settling(outcome);
        vec![Effect::Note { id: self.account.id.clone(), note, obtained: self.account.obtained_at() }]
    }

    /// That it is to be ended is written down before anybody is told, unless that has been already.
    fn declare(&mut self, now: Timestamp) -> Vec<Effect> {
        if self.account.more.revoking.is_some() {
            return self.send(now);
        }
        self.account.more.revoking = Some(Box::new(Revoking::since(now)));
        self.stage = Stage::Declaring;
        vec![Effect::Note {
            id: self.account.id.clone(),
            note: Note::Revoking(now),
            obtained: self.account.obtained_at(),
        }]
    }

    fn forget(&mut self, now: Timestamp) -> Vec<Effect> {
        if self.told && self.account.spending.is_some() {
            // What was ended is the token that is here.
            self.receipts.push(Receipt {
                what: "newer token".to_owned(),
                place: String::new(),
                answer: "there may be one: a renewal was cut off".to_owned(),
                proven: None,
                at: now,
            });
        }
        let receipts = self.receipts.clone();
        let what = match self.dead {
            true => Happened::Revoked { receipts },
            false => Happened::Forgotten { receipts },
        };
        self.stage = Stage::Forgetting;
        vec![Effect::Forget(self.account.id.clone(), what.at(now))]
    }
}

impl Flow for Revoke {
    fn step(&mut self, input: Input, now: Timestamp) -> Vec<Effect> {
        if matches!(self.stage, Stage::Over(_)) {
            return Vec::new();
        }
        if input == Input::Cancel {
            return match &self.stage {
                // What is being written down arrives; nobody has been told of it yet.
                Stage::Declaring => {
                    self.leaving = true;
                    Vec::new()
                }
                Stage::Settling(_) | Stage::HalfDone(_) | Stage::Forgetting | Stage::Noting(_) => Vec::new(),
                _ if self.told => self.leave_told(now),
                _ => self.end(Outcome::Cancelled),
            };
        }
        let stage = std::mem::replace(&mut self.stage, Stage::Over(Outcome::Cancelled));
        match (stage, input) {
            (Stage::Confirm, Input::Answer(Answer::Confirm(true))) => self.open(),
            (Stage::Confirm, Input::Answer(Answer::Confirm(false))) => self.end(Outcome::Cancelled),
            (Stage::Opening, Input::Begin) => self.open(),
            (Stage::Opening, Input::Stored(Ok(()))) => self.lock(Next::Load),
            (Stage::Opening, Input::Stored(Err(problem))) => self.end(Outcome::of(problem)),
            (Stage::Locking, Input::Locked(Ok(lease))) => {
                self.lease = Some(lease);
                match self.next {
                    Next::Load => self.load(),
                    Next::Forget => self.forget(now),
                }
            }
            (Stage::Locking, Input::Locked(Err(problem))) => self.end(Outcome::of(problem)),
            (Stage::Loading, Input::Loaded(loaded)) => self.loaded(loaded, now),
            (Stage::Discovering(mut discovery), Input::Http(answer)) => {
                let next = discovery.answer(answer, now);
                self.discover(discovery, next, now)
            }
            (Stage::Discovering(mut discovery), Input::Read(skill)) => {
                let next = discovery.read(skill, now);
                self.discover(discovery, next, now)
            }
            (Stage::Discovering(mut discovery), Input::Elapsed) => {
                let next = discovery.resume(now);
                self.discover(discovery, next, now)
            }
            (Stage::Hosts, Input::Answer(Answer::Confirm(true))) => self.open(),
            (Stage::Hosts, Input::Answer(Answer::Confirm(false))) => self.end(Outcome::Cancelled),
            (Stage::Before(mut check), Input::Http(answer)) => match check.answer(&answer) {
                probe::Next::Send(request) => {
                    self.stage = Stage::Before(check);
                    vec![Effect::Http(request)]
                }
                probe::Next::Over(verdict) => {
                    self.before = Some(verdict);
                    self.declare(now)
                }
            },
            (Stage::Sending, Input::Http(answer)) => self.sent(answer, now),
            (Stage::After(mut check), Input::Http(answer)) => match check.answer(&answer) {
                probe::Next::Send(request) => {
                    self.stage = Stage::After(check);
                    vec![Effect::Http(request)]
                }
                probe::Next::Over(verdict) => self.proven(verdict, now),
            },
            // A store that cannot be written keeps nobody from ending it at the service.
            (Stage::Declaring, Input::Stored(_)) => match self.leaving {
                true => self.settle(Note::Undeclared, Outcome::Cancelled),
                false => self.send(now),
            },
            (Stage::HalfDone(problem), Input::Stored(_)) => self.unconfirmed(problem, now),
            (Stage::Settling(outcome), Input::Stored(_)) => self.end(outcome),
            (Stage::Unconfirmed, Input::Answer(Answer::Pick(AGAIN))) => {
                self.problem = None;
                self.sent = Sent::default();
                self.open()
            }
            (Stage::Unconfirmed, Input::Answer(Answer::Pick(FORGET))) => self.lock(Next::Forget),
            (Stage::Unconfirmed, Input::Answer(Answer::Pick(picked))) => match self.problem.take() {
                Some(problem) if picked == LATER => self.leave_for_later(problem, now),
                problem => {
                    let note = Note::KeptAfterAll { at: now, receipts: self.receipts.clone() };
                    self.settle(note, problem.map_or(Outcome::Cancelled, Outcome::of))
                }
            },
            (Stage::Forgetting, Input::Stored(Ok(()))) => {
                self.receipts.push(Receipt {
                    what: "removed here".to_owned(),
                    place: String::new(),
                    answer: String::new(),
                    proven: None,
                    at: now,
                });
                self.end(Outcome::Removed(Box::new(self.account.clone())))
            }
            (Stage::Forgetting, Input::Stored(Err(problem))) if self.dead => {
                self.stage = Stage::Noting(problem);
                let note = Note::Proof(Proof { at: now, verdict: Verdict::Refused { status: 401 } });
                vec![Effect::Note { id: self.account.id.clone(), note, obtained: self.account.obtained_at() }]
            }
            (Stage::Forgetting, Input::Stored(Err(problem))) => self.end(Outcome::of(problem)),
            (Stage::Noting(problem), Input::Stored(_)) => self.end(Outcome::of(problem)),
            (stage, _) => {
                self.stage = stage;
                Vec::new()
            }
        }
    }

    fn screen(&self, _now: Timestamp) -> Screen {
        self.shown()
    }
}
