//! The new credential is tried before the old one is dropped, and a loss of scopes is asked about.
//!
//! ```text
//!   the old one works yet:   Securing ▶ Proving ──taken──▶ Saving ▶ Over
//!                            what comes   │  └──may do less──▶ Narrowed ▶ Retaking ▶ Rechecking ▶ Saving
//!                            next is kept │  └──and nobody is there──▶ Undecided ▶ Over, the old one stays
//!                                         └──turned away──▶ Over, the old one stays
//!   it does not:             Saving ▶ Proving ▶ Noting ▶ Over
//! ```
//!
//! What gets the next credential works once, so it is stored whatever comes of the trial. Where the old credential works,
//! it stands beside that until the new one was tried; where it does not, nothing is to be lost by storing the new one at
//! once.

use jiff::Timestamp;

use super::{Renew, Stage};
use crate::account::{Account, Kept, Note, Proof, StoreKind, Verdict};
use crate::flow::probe::{Check, Next};
use crate::flow::revoke::Presence;
use crate::flow::verify::{credential_missing, resource_url};
use crate::flow::{Effect, Outcome};
use crate::http::{HttpError, Response};
use crate::problem::{Kind, Problem};
use crate::when;

/// The choices where the new credential may do less.
const TAKE: usize = 0;

/// A renewal with nobody there found that the next credential may do less.
pub fn to_be_decided(account: &Account) -> Problem {
    Problem::new(
        Kind::NeedsPerson,
        format!("What renewing {} brings may do less than it does: somebody has to decide.", account.id),
        format!("In a terminal: authmd-tui renew {}", account.id),
    )
}

impl Renew {
    /// What was handed out is here.
    pub(super) fn granted(&mut self, mut kept: Box<Kept>, now: Timestamp) -> Vec<Effect> {
        kept.account.more.narrows = false;
        let Some(old) = self.kept.clone().filter(|_| !self.half_done && self.account.works_yet(now)) else {
            return self.save(kept);
        };
        let beside = Kept {
            account: Account {
                layers: [&old.account.layers[..1], &kept.account.layers[1..]].concat(),
                spending: kept.account.spending,
                renewal: kept.account.renewal.clone(),
                ..old.account.clone()
            },
            secrets: crate::account::Secrets { credential: old.secrets.credential.clone(), ..kept.secrets.clone() },
        };
        self.granted = Some(kept);
        self.beside = Some(Box::new(beside.clone()));
        // A note that a token is on its way is taken back in any case.
        if !self.spent && beside == *old {
            return self.prove();
        }
        self.stage = Stage::Securing;
        vec![Effect::Save(Box::new(beside), None)]
    }

    /// What gets the next credential is stored, beside the old one.
    pub(super) fn secured(&mut self, result: Result<(), Problem>) -> Vec<Effect> {
        match (result, self.granted.clone()) {
            (Ok(()), _) => self.prove(),
            // A store that has trouble is asked about with the new credential in hand.
            (Err(_), Some(kept)) => self.save(kept),
            (Err(problem), None) => self.fail(problem),
        }
    }

    /// Shows the new credential to its resource, once; where nothing can be learned by that, it is believed.
    pub(super) fn prove(&mut self) -> Vec<Effect> {
        let Some(granted) = self.granted.as_deref() else {
            return Vec::new();
        };
        let kept_nowhere = granted.account.store == StoreKind::Memory && self.account.store != StoreKind::Memory;
        let can_be_tried = granted.account.can_be_tried() && !granted.account.lacks_credential() && !kept_nowhere;
        match resource_url(&granted.account) {
            Ok(resource) if can_be_tried && !self.leaving => {
                let check = Check::of(&granted.account, resource, granted.secrets.credential.clone());
                let request = check.begin();
                self.stage = Stage::Proving(check);
                vec![Effect::Http(request)]
            }
            _ if self.is_stored => self.stored_for_good(),
            _ => self.take_or_ask(),
        }
    }

    pub(super) fn proving(
        &mut self,
        mut check: Check,
        answer: &Result<Response, HttpError>,
        now: Timestamp,
    ) -> Vec<Effect> {
        let verdict = match check.answer(answer) {
            Next::Send(request) => {
                self.stage = Stage::Proving(check);
                return vec![Effect::Http(request)];
            }
            Next::Over(verdict) => verdict,
        };
        let Some(granted) = self.granted.as_deref_mut() else {
            return Vec::new();
        };
        let (note, obtained) = (Note::Proof(Proof { at: now, verdict }), granted.account.obtained_at());
        granted.account.note(note.clone(), obtained);
        match (verdict, self.is_stored) {
            (_, true) => {
                self.stage = Stage::Noting;
                vec![Effect::Note { id: self.account.id.clone(), note, obtained }]
            }
            (Verdict::Refused { status }, false) => {
                let (id, name) = (&self.account.id, &self.account.service);
                let what = format!("{name} handed out a new credential for {id} and turns it away ({status}).");
                self.fail(Problem::new(Kind::ServiceRefused, what, self.old_stays()))
            }
            (_, false) => self.take_or_ask(),
        }
    }

    /// The trial of what is stored already was written down.
    pub(super) fn noted(&mut self) -> Vec<Effect> {
        match self.granted.as_deref().map(|granted| &granted.account) {
            Some(account) if account.is_refused() => {
                let what =
                    format!("{} handed out a new credential for {} and turns it away.", account.service, account.id);
                let hint =
                    format!("The old one had ended. Sign up again in a terminal: authmd-tui renew {}", account.id);
                self.fail(Problem::new(Kind::ServiceRefused, what, hint))
            }
            _ => self.stored_for_good(),
        }
    }

    fn stored_for_good(&mut self) -> Vec<Effect> {
        match self.granted.clone() {
            Some(granted) => self.end(Outcome::Connected(Box::new(granted.account))),
            None => Vec::new(),
        }
    }

    /// It works, or nothing says that it does not. What may do less than an old one that works is taken only by somebody.
    fn take_or_ask(&mut self) -> Vec<Effect> {
        let Some(granted) = self.granted.clone() else {
            return Vec::new();
        };
        match self.presence {
            _ if self.lost_scopes.is_empty() => self.save(granted),
            Presence::Person if !self.leaving => {
                // From here on it is a person's pace; nobody else is to wait for that.
                self.lease = None;
                self.stage = Stage::Narrowed;
                Vec::new()
            }
            _ => {
                let id = &self.account.id;
                let what =
                    format!("The new credential of {id} would not have any more: {}.", self.lost_scopes.join(", "));
                let hint = format!("{} To decide, in a terminal: authmd-tui renew {id}", self.old_stays());
                self.stage = Stage::Undecided(Problem::new(Kind::NeedsPerson, what, hint));
                vec![Effect::Note { id: id.clone(), note: Note::Narrows, obtained: self.account.obtained_at() }]
            }
        }
    }

    pub(super) fn narrowed_picked(&mut self, picked: usize) -> Vec<Effect> {
        if picked == TAKE {
            self.stage = Stage::Retaking;
            return vec![Effect::Lock(self.account.id.clone())];
        }
        self.declined = true;
        self.end(Outcome::Cancelled)
    }

    /// The person wants the new one. Another program may have got the next one while they thought about it.
    pub(super) fn rechecked(&mut self, loaded: Result<Option<Box<Kept>>, Problem>) -> Vec<Effect> {
        let found = match loaded.and_then(|found| found.ok_or_else(|| credential_missing(&self.account))) {
            Ok(found) => found,
            Err(problem) => return self.fail(problem),
        };
        let as_it_was = self.beside.as_ref().is_some_and(|beside| beside.secrets == found.secrets);
        match self.granted.clone().filter(|_| as_it_was) {
            Some(granted) => self.save(granted),
            None => {
                self.adopted = true;
                self.end(Outcome::Connected(Box::new(found.account)))
            }
        }
    }

    fn old_stays(&self) -> String {
        let end = self.account.credential_ends().map(|end| format!(", and works until {}", when::exact(end)));
        format!("The old one is kept{}.", end.unwrap_or_default())
    }
}
