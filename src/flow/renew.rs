//! Getting a new credential for an account, by the cheapest way that works: the identity assertion exchanged, a refresh
//! token spent, else signing up again with a person.
//!
//! ```text
//!   Opening ▶ Locking ▶ Loading ──nothing to do: somebody has just renewed it──▶ Over
//!                │
//!                ├──an assertion that lives──▶ Exchanging ▶ Saving ▶ Over
//!                │                                 └──it is dead──▶ as without one
//!                ├──a renewal was cut off──▶ Doubt ▶ Asking · Locking again · sign up again · leave
//!                ├──no refresh token, or it is dead──▶ SigningUp
//!                ▼
//!            Declaring ▶ Spending ▶ Saving ▶ Over, or Exchanging where it got an assertion
//!                            │         └──fails──▶ Store ▶ Saving
//!                            ├──it is dead──▶ Rereading, for another program may have got the next one ▶ Over, or SigningUp
//!                            ├──never sent──▶ Settling ▶ Over
//!                            └──perhaps taken──▶ Over, and the note of `Declaring` stays
//! ```
//!
//! Many services rotate refresh tokens: each works once, and one that comes a second time ends all of its family (RFC 9700,
//! section 4.14.2). So the lock is held from reading the token until its successor is stored; what another program has
//! obtained meanwhile is taken over; and before the token is sent, the intent is written down, which proves at the same
//! time that the store can be written. Whoever finds that note, and nobody at work, knows that the outcome is unknown. An
//! assertion works as often as it is shown, so nothing of that is needed for it. What comes of either is tried before the
//! old credential is dropped: see `renew/proving.rs`.

mod proving;
mod screens;
mod tokens;

pub use proving::to_be_decided;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::probe::{Check, Next};
use super::revoke::{Presence, to_be_revoked};
use super::signup::SignUp;
use super::verify::{credential_missing, no_credential_yet, resource_url};
use super::{Answer, Effect, Flow, Input, Lease, Outcome, Screen, StoreOffer};
use crate::account::{Account, DUE_WITHIN, Event, Kept, LayerKind, Note, Proof, Status, StoreKind, Verdict};
use crate::problem::{Kind, Problem};
use crate::when;

/// What another program has obtained so recently is not renewed once more.
const RECENT: SignedDuration = SignedDuration::from_secs(10);
/// How often, and how far apart, a new credential is tried to be stored once more where nobody can be asked.
const TRIES: u8 = 3;
const PAUSE: Duration = Duration::from_secs(1);
/// The choices where the outcome of a renewal is unknown.
const ASK: usize = 0;
const SPEND: usize = 1;
const SIGN_UP: usize = 2;

#[derive(Debug)]
pub struct Renew {
    account: Account,
    presence: Presence,
    stage: Stage,
    lease: Option<Lease>,
    kept: Option<Box<Kept>>,
    /// The new credential, until it is stored.
    granted: Option<Box<Kept>>,
    /// What is stored until then: the old one, beside what gets the next one.
    beside: Option<Box<Kept>>,
    stores: Vec<StoreOffer>,
    problem: Option<Problem>,
    /// Another program was faster.
    adopted: bool,
    /// Scopes that the new credential has not got any more.
    lost_scopes: Vec<String>,
    /// The person wants out as soon as what is under way has arrived.
    leaving: bool,
    /// The person has said that the token is to be sent once more.
    told_to_spend: bool,
    /// Since when it is unknown what became of an attempt before this one.
    doubt: Option<Timestamp>,
    /// How often it could not be stored.
    failures: u8,
    /// What the service said of the present credential, where it was asked just now.
    asked: Option<Verdict>,
    /// What was got last gets the credential; that is still to be exchanged.
    half_done: bool,
    /// The refresh token was spent: once is enough for one renewal.
    spent: bool,
    /// The service does not want to hear for which resource a token is.
    resource_unwanted: bool,
    /// What the account's history is told of the new credential.
    event: Option<Event>,
    /// The new credential is stored.
    is_stored: bool,
    /// The person wants the old one, which may do more.
    declined: bool,
}

#[derive(Debug)]
enum Stage {
    Opening,
    Locking,
    Loading,
    /// A renewal was cut off, and only the person can say how to go on.
    Doubt,
    Asking(Check),
    /// The identity assertion is on its way.
    Exchanging,
    Declaring,
    Spending,
    /// The service does not take the token: is the one in the store another one by now?
    Rereading(Problem),
    /// Writes down that nothing was spent, or that the token is dead; then ends with the problem.
    Settling(Problem),
    /// What gets the next credential is stored, and the old one stays.
    Securing,
    Proving(Check),
    /// It may do less than the old one: does the person want it?
    Narrowed,
    /// Nobody is there to ask; that somebody has to be is written down.
    Undecided(Problem),
    /// They do, and the account is taken hold of once more.
    Retaking,
    Rechecking,
    Saving,
    /// What is stored was tried; that is written down.
    Noting,
    /// It could not be stored, and nobody is there to ask: once more in a moment.
    Pausing,
    LookingUp,
    Store,
    SigningUp(Box<SignUp>),
    Over(Outcome),
}

impl Renew {
    pub fn new(account: Account, presence: Presence) -> Self {
        Self {
            account,
            presence,
            stage: Stage::Opening,
            lease: None,
            kept: None,
            granted: None,
            beside: None,
            stores: Vec::new(),
            problem: None,
            adopted: false,
            lost_scopes: Vec::new(),
            leaving: false,
            told_to_spend: false,
            doubt: None,
            failures: 0,
            asked: None,
            half_done: false,
            spent: false,
            resource_unwanted: false,
            event: None,
            is_stored: false,
            declined: false,
        }
    }

    /// What the new credential has not got any more (RFC 6749, section 6).
    pub fn lost_scopes(&self) -> &[String] {
        &self.lost_scopes
    }

    /// The new credential is in this program's memory only, and this is why.
    pub fn kept_nowhere(&self) -> Option<&Problem> {
        let in_memory = self.granted.as_ref().is_some_and(|kept| kept.account.store == StoreKind::Memory);
        self.problem.as_ref().filter(|_| in_memory && self.account.store != StoreKind::Memory)
    }

    fn end(&mut self, outcome: Outcome) -> Vec<Effect> {
        self.lease = None;
        self.stage = Stage::Over(outcome);
        Vec::new()
    }

    fn fail(&mut self, problem: Problem) -> Vec<Effect> {
        self.end(Outcome::of(problem))
    }

    fn begin(&mut self, now: Timestamp) -> Vec<Effect> {
        if let Some(problem) = self.is_to_wait() {
            return self.fail(problem);
        }
        if !self.account.renews_itself() {
            return self.sign_up_again(None, now);
        }
        // What is exchanged ends itself, and is not got by exchanging it.
        let is_assertion_alone = self.account.layer(LayerKind::RefreshToken).is_none();
        let is_due = self.account.status(now, DUE_WITHIN) == Status::Due && !self.account.more.narrows;
        if self.presence == Presence::Person && is_due && is_assertion_alone {
            let end = self.account.person_needed_at().map(|end| when::ending(end, now)).unwrap_or_default();
            let what =
                format!("The identity assertion of {} {end}; only signing up again gets another.", self.account.id);
            return self
                .sign_up_again(Some(Problem::new(Kind::NeedsPerson, what, "Until then it renews by itself.")), now);
        }
        self.stage = Stage::Opening;
        vec![Effect::Unlock(self.account.store)]
    }

    /// Why it is not renewed now, whatever ways there are.
    fn is_to_wait(&self) -> Option<Problem> {
        let more = &self.account.more;
        let undecided = more.narrows && self.presence == Presence::Nobody;
        match &more.revoking {
            Some(_) => Some(to_be_revoked(&self.account)),
            None => undecided.then(|| to_be_decided(&self.account)),
        }
    }

    fn lock(&mut self) -> Vec<Effect> {
        self.stage = Stage::Locking;
        vec![Effect::Lock(self.account.id.clone())]
    }

    /// The way that needs a person; `why` is what stood in the way of the other one.
    fn sign_up_again(&mut self, why: Option<Problem>, now: Timestamp) -> Vec<Effect> {
        // From here on it is a person's pace; nobody else is to wait for that.
        self.lease = None;
        let hint = format!("In a terminal: authmd-tui renew {}", self.account.id);
        if self.presence == Presence::Nobody {
            let what = why.map_or_else(
                || format!("{} needs a person to sign up again.", self.account.id),
                |why| format!("{} needs a person to sign up again: {}", self.account.id, why.what),
            );
            return self.fail(Problem::new(Kind::NeedsPerson, what, hint));
        }
        match SignUp::again(self.account.clone()) {
            Ok(mut flow) => {
                let effects = flow.step(Input::Begin, now);
                self.problem = why;
                self.stage = Stage::SigningUp(Box::new(flow));
                effects
            }
            Err(problem) => self.fail(problem),
        }
    }

    fn loaded(&mut self, loaded: Result<Option<Box<Kept>>, Problem>, now: Timestamp) -> Vec<Effect> {
        let kept = match loaded.and_then(|found| found.ok_or_else(|| credential_missing(&self.account))) {
            Ok(kept) => kept,
            Err(problem) => return self.fail(problem),
        };
        let renewed_since = kept.account.obtained_at() != self.account.obtained_at();
        // A person who asks twice means it; of many scripts that ask at once, one is enough.
        let age = kept.account.renewed_at.map(|at| now.duration_since(at));
        let just_now = self.presence == Presence::Nobody
            && age.is_some_and(|age| age.abs() < RECENT)
            && kept.account.works_yet(now);
        if (renewed_since || just_now) && kept.account.spending.is_none() && !kept.account.lacks_credential() {
            self.adopted = true;
            return self.end(Outcome::Connected(Box::new(kept.account)));
        }
        self.account = kept.account.clone();
        // Somebody may have settled that meanwhile, or begun it.
        if let Some(problem) = self.is_to_wait() {
            return self.fail(problem);
        }
        self.kept = Some(kept);
        self.doubt = self.account.spending;
        if self.can_exchange(now) {
            return self.exchange();
        }
        self.spend_or_doubt(now)
    }

    /// The second cheapest way, unless nobody knows whether it is still open.
    fn spend_or_doubt(&mut self, now: Timestamp) -> Vec<Effect> {
        match self.account.spending {
            Some(_) if !self.told_to_spend => self.in_doubt(),
            _ => self.declare(now),
        }
    }

    fn in_doubt(&mut self) -> Vec<Effect> {
        self.lease = None;
        match self.presence {
            Presence::Person => {
                self.stage = Stage::Doubt;
                Vec::new()
            }
            Presence::Nobody => self.fail(Problem::new(
                Kind::NeedsPerson,
                format!(
                    "A renewal of {} was cut off; whether the service took the refresh token is unknown.",
                    self.account.id
                ),
                format!("In a terminal you can choose how to go on: authmd-tui renew {}", self.account.id),
            )),
        }
    }

    fn save(&mut self, kept: Box<Kept>) -> Vec<Effect> {
        self.granted = Some(kept.clone());
        self.stage = Stage::Saving;
        vec![Effect::Save(kept, self.event.clone())]
    }

    fn saved(&mut self, result: Result<(), Problem>) -> Vec<Effect> {
        let Some(granted) = self.granted.clone() else {
            return Vec::new();
        };
        match (result, self.presence) {
            (Ok(()), _) if std::mem::take(&mut self.half_done) && !self.leaving => {
                self.account = granted.account.clone();
                self.kept = Some(granted);
                self.granted = None;
                self.exchange()
            }
            // One that was tried before is here to stay.
            (Ok(()), _) if granted.account.proof.is_some() || self.leaving => {
                self.end(Outcome::Connected(Box::new(granted.account)))
            }
            (Ok(()), _) => {
                self.is_stored = true;
                self.prove()
            }
            (Err(problem), Presence::Person) => {
                self.leaving = false;
                self.problem = Some(problem);
                self.stage = Stage::LookingUp;
                vec![Effect::Lookup { resource: self.account.resource.clone() }]
            }
            // Memory is no place to stay, but what the caller asked for can be had from it.
            (Err(problem), Presence::Nobody) if self.failures < TRIES => {
                self.failures += 1;
                self.problem = Some(problem);
                self.stage = Stage::Pausing;
                vec![Effect::Wait(PAUSE)]
            }
            (Err(problem), Presence::Nobody) if granted.account.store != StoreKind::Memory => {
                self.problem = Some(problem);
                let mut granted = granted;
                granted.account.store = StoreKind::Memory;
                self.save(granted)
            }
            (Err(problem), Presence::Nobody) => self.fail(problem),
        }
    }

    fn store_picked(&mut self, picked: usize) -> Vec<Effect> {
        match (self.stores.get(picked), self.granted.clone()) {
            (Some(store), Some(mut granted)) => {
                granted.account.store = store.kind;
                self.problem = None;
                self.save(granted)
            }
            _ => Vec::new(),
        }
    }

    fn doubt_picked(&mut self, picked: usize, now: Timestamp) -> Vec<Effect> {
        match picked {
            ASK if self.account.lacks_credential() => {
                self.problem = Some(no_credential_yet(&self.account));
                self.stage = Stage::Doubt;
                Vec::new()
            }
            ASK => match (resource_url(&self.account), &self.kept) {
                (Ok(resource), Some(kept)) => {
                    let check = Check::of(&self.account, resource, kept.secrets.credential.clone());
                    let request = check.begin();
                    self.stage = Stage::Asking(check);
                    vec![Effect::Http(request)]
                }
                (Err(problem), _) => self.fail(problem),
                _ => Vec::new(),
            },
            SPEND => {
                self.told_to_spend = true;
                self.begin(now)
            }
            SIGN_UP => self.sign_up_again(None, now),
            _ => self.end(Outcome::Cancelled),
        }
    }

    /// What the present credential is worth is told; how to go on is asked again.
    fn tried(&mut self, verdict: Verdict, now: Timestamp) -> Vec<Effect> {
        let note = Note::Proof(Proof { at: now, verdict });
        self.account.note(note, self.account.obtained_at());
        self.asked = Some(verdict);
        self.stage = Stage::Doubt;
        Vec::new()
    }

    /// A token is on its way, or what came of it: that is waited for.
    fn is_under_way(&self) -> bool {
        matches!(
            self.stage,
            Stage::Declaring
                | Stage::Spending
                | Stage::Rereading(_)
                | Stage::Securing
                | Stage::Proving(_)
                | Stage::Undecided(_)
                | Stage::Noting
                | Stage::Saving
                | Stage::Pausing
                | Stage::Settling(_)
                | Stage::LookingUp
        )
    }

    fn cancel(&mut self) -> Vec<Effect> {
        match &self.stage {
            Stage::Over(_) => Vec::new(),
            // A note, the token, or its successor is on its way: let it arrive, then go.
            _ if self.is_under_way() => {
                self.leaving = true;
                Vec::new()
            }
            stage => {
                self.declined = matches!(stage, Stage::Narrowed | Stage::Retaking | Stage::Rechecking);
                self.end(Outcome::Cancelled)
            }
        }
    }
}

impl Flow for Renew {
    fn step(&mut self, input: Input, now: Timestamp) -> Vec<Effect> {
        if let Stage::SigningUp(flow) = &mut self.stage {
            if matches!(input, Input::Answer(_)) {
                self.problem = None;
            }
            return flow.step(input, now);
        }
        if input == Input::Cancel {
            return self.cancel();
        }
        let stage = std::mem::replace(&mut self.stage, Stage::Over(Outcome::Cancelled));
        match (stage, input) {
            (Stage::Opening, Input::Begin) => self.begin(now),
            (Stage::Opening, Input::Stored(Ok(()))) => self.lock(),
            (Stage::Opening, Input::Stored(Err(problem))) => self.fail(problem),
            (Stage::Locking, Input::Locked(Ok(lease))) => {
                self.lease = Some(lease);
                self.stage = Stage::Loading;
                vec![Effect::Load(self.account.id.clone())]
            }
            (Stage::Locking, Input::Locked(Err(problem))) => self.fail(problem),
            (Stage::Loading, Input::Loaded(loaded)) => self.loaded(loaded, now),
            (Stage::Doubt, Input::Answer(Answer::Pick(picked))) => self.doubt_picked(picked, now),
            (Stage::Asking(mut check), Input::Http(answer)) => match check.answer(&answer) {
                Next::Send(request) => {
                    self.stage = Stage::Asking(check);
                    vec![Effect::Http(request)]
                }
                Next::Over(verdict) => self.tried(verdict, now),
            },
            (Stage::Exchanging, Input::Http(answer)) => self.exchanged(answer, now),
            (Stage::Declaring, Input::Stored(Ok(()))) if self.leaving => {
                self.settle(Note::Unspent, Problem::cancelled())
            }
            (Stage::Declaring, Input::Stored(Ok(()))) => self.spend(now),
            // What cannot be written could not take the successor either: nothing is spent.
            (Stage::Declaring, Input::Stored(Err(problem))) => self.fail(problem),
            (Stage::Spending, Input::Http(answer)) => self.answered(answer, now),
            (Stage::Rereading(problem), Input::Loaded(loaded)) => self.reread(loaded, problem),
            (Stage::Settling(problem), Input::Stored(_)) => match problem.kind {
                Kind::NeedsPerson if !self.leaving => self.sign_up_again(Some(problem), now),
                _ => self.fail(problem),
            },
            (Stage::Securing, Input::Stored(result)) => self.secured(result),
            (Stage::Proving(check), Input::Http(answer)) => self.proving(check, &answer, now),
            (Stage::Narrowed, Input::Answer(Answer::Pick(picked))) => self.narrowed_picked(picked),
            (Stage::Retaking, Input::Locked(Ok(lease))) => {
                self.lease = Some(lease);
                self.stage = Stage::Rechecking;
                vec![Effect::Load(self.account.id.clone())]
            }
            (Stage::Retaking, Input::Locked(Err(problem))) => self.fail(problem),
            (Stage::Rechecking, Input::Loaded(loaded)) => self.rechecked(loaded),
            (Stage::Undecided(problem), Input::Stored(_)) => self.fail(problem),
            (Stage::Noting, Input::Stored(_)) => self.noted(),
            (Stage::Saving, Input::Stored(result)) => self.saved(result),
            (Stage::Pausing, Input::Elapsed) => match self.granted.clone() {
                Some(granted) => self.save(granted),
                None => Vec::new(),
            },
            (Stage::LookingUp, Input::Known(known)) => {
                self.stores = known.map(|known| known.stores).unwrap_or_default();
                self.stores.retain(|store| store.setup.is_none());
                self.stage = Stage::Store;
                Vec::new()
            }
            (Stage::Store, Input::Answer(Answer::Pick(picked))) => {
                self.stage = Stage::Store;
                self.store_picked(picked)
            }
            (stage, _) => {
                self.stage = stage;
                Vec::new()
            }
        }
    }

    fn screen(&self, now: Timestamp) -> Screen {
        self.shown(now)
    }
}
