//! Getting a new credential for an account: by its refresh token where it has one, else by signing up again with a person.
//!
//! ```text
//!   Opening ▶ Locking ▶ Loading ──nothing to do: somebody has just renewed it──▶ Over
//!                │
//!                ├──a renewal was cut off──▶ Doubt ▶ Asking · Locking again · sign up again · leave
//!                ├──no refresh token, or it is dead──▶ SigningUp
//!                ▼
//!            Declaring ▶ Spending ▶ Saving ▶ Over
//!                            │         └──fails──▶ Store ▶ Saving
//!                            ├──never sent──▶ Settling ▶ Over
//!                            └──perhaps taken──▶ Over, and the note of `Declaring` stays
//! ```
//!
//! Many services rotate refresh tokens: each works once, and one that comes a second time ends all of its family (RFC 9700,
//! section 4.14.2). So the lock is held from reading the token until its successor is stored; what another program has
//! obtained meanwhile is taken over; and before the token is sent, the intent is written down, which proves at the same
//! time that the store can be written. Whoever finds that note, and nobody at work, knows that the outcome is unknown.

mod screens;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::probe::{Check, Next};
use super::revoke::Presence;
use super::signup::SignUp;
use super::verify::{credential_missing, resource_url};
use super::wire::{self, Granted, Meaning, Step};
use super::{Answer, Effect, Flow, Input, Lease, Outcome, Screen, StoreOffer};
use crate::account::{Account, Kept, Layer, LayerKind, Note, Proof, Renewal, Secrets, StoreKind, Verdict};
use crate::http::{HttpError, Response};
use crate::problem::{Kind, Problem};
use crate::secret::Secret;
use crate::{trust, when};

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
}

#[derive(Debug)]
enum Stage {
    Opening,
    Locking,
    Loading,
    /// A renewal was cut off, and only the person can say how to go on.
    Doubt,
    Asking(Check),
    Declaring,
    Spending,
    /// Writes down that nothing was spent, or that the token is dead; then ends with the problem.
    Settling(Problem),
    Saving,
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
            stores: Vec::new(),
            problem: None,
            adopted: false,
            lost_scopes: Vec::new(),
            leaving: false,
            told_to_spend: false,
            doubt: None,
            failures: 0,
            asked: None,
        }
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
        if !self.account.renews_itself() {
            return self.sign_up_again(None, now);
        }
        self.stage = Stage::Opening;
        vec![Effect::Unlock(self.account.store)]
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
            && works_yet(&kept.account, now);
        if (renewed_since || just_now) && kept.account.spending.is_none() {
            self.adopted = true;
            return self.end(Outcome::Connected(Box::new(kept.account)));
        }
        self.account = kept.account.clone();
        self.kept = Some(kept);
        self.doubt = self.account.spending;
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

    fn note(&self, note: Note) -> Vec<Effect> {
        vec![Effect::Note { id: self.account.id.clone(), note, obtained: self.account.obtained_at() }]
    }

    fn declare(&mut self, now: Timestamp) -> Vec<Effect> {
        let has_token = self.kept.as_ref().is_some_and(|kept| kept.secrets.get(LayerKind::RefreshToken).is_some());
        if !has_token {
            return self.sign_up_again(None, now);
        }
        self.stage = Stage::Declaring;
        self.note(Note::Spending(now))
    }

    fn spend(&mut self, now: Timestamp) -> Vec<Effect> {
        let token = self.kept.as_ref().and_then(|kept| kept.secrets.get(LayerKind::RefreshToken));
        let (Renewal::Refresh { url }, Some(token)) = (&self.account.renewal, token) else {
            return self.sign_up_again(None, now);
        };
        if let Err(problem) = trust::endpoint(url) {
            return self.settle(Note::Unspent, problem);
        }
        let request = wire::refresh_request(url, token);
        self.stage = Stage::Spending;
        vec![Effect::Http(request)]
    }

    /// Writes down how it ended. What this attempt did not send, one before it may have.
    fn settle(&mut self, note: Note, problem: Problem) -> Vec<Effect> {
        let note = match (note, self.doubt) {
            (Note::Unspent, Some(since)) => Note::Spending(since),
            (note, _) => note,
        };
        self.stage = Stage::Settling(problem);
        self.note(note)
    }

    fn answered(&mut self, answer: Result<Response, HttpError>, now: Timestamp) -> Vec<Effect> {
        let name = self.account.service.clone();
        let response = match answer {
            Ok(response) => response,
            Err(error) => {
                let problem = super::discover::no_answer(&name, &error);
                return match error {
                    error if error.nothing_was_sent() => self.settle(Note::Unspent, problem),
                    _ => self.perhaps_taken(problem),
                };
            }
        };
        match wire::refreshed(&response, now) {
            Ok(granted) => self.obtained(granted, now),
            Err(refusal) => {
                let secrets = self.kept.as_ref().map(|kept| kept.secrets.clone());
                let refusal = refusal.without(secrets.iter().flat_map(Secrets::iter));
                let problem = refusal.problem(&name, Step::Refresh);
                match refusal.meaning {
                    Meaning::GrantDead => self.settle(Note::NoRefresh, problem),
                    // It may have gone through before the trouble began.
                    Meaning::Unreadable => self.perhaps_taken(problem),
                    Meaning::Unavailable if !matches!(response.status, 429 | 503) => self.perhaps_taken(problem),
                    _ => self.settle(Note::Unspent, problem),
                }
            }
        }
    }

    /// The service may have taken the token: the note stays, so that nobody sends it again unawares.
    fn perhaps_taken(&mut self, problem: Problem) -> Vec<Effect> {
        self.fail(Problem::new(
            problem.kind,
            format!("{} Whether the service took the refresh token is unknown.", problem.what),
            format!("The old credential is kept. To choose how to go on: authmd-tui renew {}", self.account.id),
        ))
    }

    fn obtained(&mut self, granted: Granted, now: Timestamp) -> Vec<Effect> {
        let Some(mut kept) = self.kept.clone() else {
            return Vec::new();
        };
        let given: Vec<Secret> =
            granted.refresh.iter().map(|refresh| refresh.token.clone()).chain([granted.credential.clone()]).collect();
        let scopes: Vec<String> =
            granted.scopes.iter().map(|scope| trust::without(scope, kept.secrets.iter().chain(&given))).collect();
        let account = &mut kept.account;
        if !scopes.is_empty() {
            self.lost_scopes = account.scopes.iter().filter(|scope| !scopes.contains(scope)).cloned().collect();
            account.scopes = scopes;
        }
        account.layers[0] = Layer { kind: granted.kind, expires_at: granted.expires_at };
        if let Some(refresh) = granted.refresh {
            for layer in account.layers.iter_mut().filter(|layer| layer.kind == LayerKind::RefreshToken) {
                // The end of the one before it says nothing about this one.
                layer.expires_at = refresh.expires_at;
            }
            kept.secrets.further.retain(|(kind, _)| *kind != LayerKind::RefreshToken);
            kept.secrets.further.push((LayerKind::RefreshToken, refresh.token));
        }
        kept.secrets.credential = granted.credential;
        // A moment is what tells one credential from the next; two within a second must differ.
        let after = account.obtained_at().and_then(|before| before.checked_add(SignedDuration::from_secs(1)).ok());
        account.renewed_at = after.into_iter().chain([when::whole_second(now)]).max();
        (account.spending, account.proof, account.verified_at) = (None, None, None);
        self.save(kept)
    }

    fn save(&mut self, kept: Box<Kept>) -> Vec<Effect> {
        self.granted = Some(kept.clone());
        self.stage = Stage::Saving;
        vec![Effect::Save(kept)]
    }

    fn saved(&mut self, result: Result<(), Problem>) -> Vec<Effect> {
        let Some(granted) = self.granted.clone() else {
            return Vec::new();
        };
        match (result, self.presence) {
            (Ok(()), _) => self.end(Outcome::Connected(Box::new(granted.account))),
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
            ASK => match (resource_url(&self.account), &self.kept) {
                (Ok(resource), Some(kept)) => {
                    let check = Check::new(resource, kept.secrets.credential.clone(), self.account.guarded);
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
    fn told(&mut self, verdict: Verdict, now: Timestamp) -> Vec<Effect> {
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
            Stage::Declaring | Stage::Spending | Stage::Saving | Stage::Pausing | Stage::Settling(_) | Stage::LookingUp
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
            _ => self.end(Outcome::Cancelled),
        }
    }
}

/// As far as is known.
fn works_yet(account: &Account, now: Timestamp) -> bool {
    let ends = account.layers.first().and_then(|layer| layer.expires_at);
    !account.is_refused() && ends.is_none_or(|end| end > now)
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
                Next::Over(verdict) => self.told(verdict, now),
            },
            (Stage::Declaring, Input::Stored(Ok(()))) if self.leaving => {
                self.settle(Note::Unspent, Problem::cancelled())
            }
            (Stage::Declaring, Input::Stored(Ok(()))) => self.spend(now),
            // What cannot be written could not take the successor either: nothing is spent.
            (Stage::Declaring, Input::Stored(Err(problem))) => self.fail(problem),
            (Stage::Spending, Input::Http(answer)) => self.answered(answer, now),
            (Stage::Settling(problem), Input::Stored(_)) => match problem.kind {
                Kind::NeedsPerson if !self.leaving => self.sign_up_again(Some(problem), now),
                _ => self.fail(problem),
            },
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
