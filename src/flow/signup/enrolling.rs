//! The part of a sign-up that is made of the service's own calls: it begins once it is known where the credential is kept, and
//! what it brings is kept like everything else.

use jiff::Timestamp;

use super::{FormerEnd, SignUp, Stage};
use crate::account::{Account, Ended, Kept, Layer, LayerKind, Verdict};
use crate::flow::enrol::{Enrol, Harvest, Next, ShownCall, Wanted};
use crate::flow::{Effect, Outcome};
use crate::http::{HttpError, Request, Response};
use crate::secret::Secret;

impl SignUp {
    pub(super) fn enrol(&mut self) -> Vec<Effect> {
        let (Some(enrolment), Some(skill)) = (self.discovery.enrolment(self.way), self.discovery.skill()) else {
            return Vec::new();
        };
        let mut held: Vec<Account> = self.held().cloned().collect();
        held.sort_by_key(|account| self.replaced.as_ref().is_none_or(|replaced| replaced.id != account.id));
        let mut enrol = Box::new(Enrol::new(Wanted {
            enrolment: enrolment.clone(),
            service: self.service_name(),
            resource: skill.resource.clone(),
            reach: self.discovery.target().reach,
            presentation: skill.presentation.clone(),
            held,
            before: self.known.attempts.clone(),
            bound_to: self.replaced.as_ref().and_then(|account| account.identity.clone()),
            tried: skill.trial_in_words(),
            dry: self.dry,
        }));
        let next = enrol.begin();
        self.enrol = Some(enrol);
        self.ask(Stage::Enrolling);
        self.enrolling(next)
    }

    pub(super) fn enrolled(&mut self, next: Next, now: Timestamp) -> Vec<Effect> {
        match next {
            Next::Granted(harvest) => self.harvested(*harvest, now),
            next => self.enrolling(next),
        }
    }

    fn enrolling(&mut self, next: Next) -> Vec<Effect> {
        match next {
            // What is on its way is taken in whole, whether or not anybody waits for it.
            Next::Do(effect) if self.is_key_on_its_way() => vec![effect],
            Next::Wait if self.is_key_on_its_way() => Vec::new(),
            // It was waited for, and has brought no key.
            Next::Do(_) | Next::Wait | Next::Bring if self.leaving => self.end(Outcome::Cancelled),
            Next::Do(effect) => vec![effect],
            Next::Wait => Vec::new(),
            Next::Shown => self.end(Outcome::Found),
            Next::Declined => self.end(Outcome::Cancelled),
            Next::Over(problem) => self.fail(problem),
            Next::Bring => {
                self.ceremony.email = self.enrol.as_ref().and_then(|enrol| enrol.email());
                self.link = self.enrol.as_ref().and_then(|enrol| enrol.page().cloned());
                self.ask(Stage::Key)
            }
            // That is heard of by who knows the time.
            Next::Granted(_) => Vec::new(),
        }
    }

    /// The accounts with whose credential another one may be made: those that work, as far as is known.
    pub(super) fn held(&self) -> impl Iterator<Item = &Account> {
        self.known.accounts.iter().filter(|account| !account.lacks_credential() && !account.is_refused())
    }

    pub(super) fn is_key_on_its_way(&self) -> bool {
        self.enrol.as_ref().is_some_and(|enrol| enrol.is_under_way())
    }

    fn harvested(&mut self, harvest: Harvest, now: Timestamp) -> Vec<Effect> {
        self.ceremony.email = harvest.identity;
        self.ceremony.claim_expires_at = harvest.claim.as_ref().and_then(|claim| claim.expires_at);
        let claimed = harvest.claim.is_none();
        self.key_id = harvest.key_id;
        self.claim = harvest.claim;
        self.obtained(harvest.granted, claimed, now)
    }

    /// Where the account can be made somebody's is kept with its secrets, whoever has the link can do it: the page, and
    /// after a blank what that asks for.
    pub(super) fn note_claim(&self, kept: &mut Kept) {
        if let Some(claim) = &self.claim {
            let layer = Layer { kind: LayerKind::Claim, expires_at: claim.expires_at };
            let page = claim.page.expose();
            let both = claim.code.as_ref().map(|code| Secret::new(format!("{page} {code}")));
            kept.put(layer, both.unwrap_or_else(|| claim.page.clone()));
        }
    }

    /// It went well: written down once the key is stored, and not before.
    pub(super) fn record_enrolment(&mut self, now: Timestamp) -> Option<Effect> {
        self.enrol.as_ref().filter(|enrol| enrol.has_begun()).map(|enrol| enrol.record_of(Ended::Done, now))
    }

    /// The call that ends the key that was replaced, where there is one and the new key works.
    pub(super) fn ending_of_former(&self) -> Option<Request> {
        let works =
            |account: &Account| matches!(account.proof.map(|proof| proof.verdict), Some(Verdict::Accepted { .. }));
        self.ceremony.granted.as_ref().filter(|kept| works(&kept.account))?;
        let key_id = self.replaced.as_ref()?.more.key_id.as_deref()?;
        self.enrol.as_ref()?.ending(key_id)
    }

    pub(super) fn end_former(&mut self) -> Vec<Effect> {
        let request = self.ending_of_former();
        self.stage = Stage::EndingFormer;
        request.map(Effect::Http).into_iter().collect()
    }

    pub(super) fn former_ended(&mut self, answer: Result<Response, HttpError>) -> Vec<Effect> {
        self.former_end = Some(match answer {
            Ok(response) if response.is_success() => FormerEnd::Ended,
            Ok(response) => FormerEnd::Not(format!("the service said {}", response.status)),
            Err(_) => FormerEnd::Not("the service gave no answer".to_owned()),
        });
        self.finish()
    }

    /// All is done that can be.
    pub(super) fn finish(&mut self) -> Vec<Effect> {
        match self.ceremony.granted.take() {
            Some(kept) => self.end(Outcome::Connected(Box::new(kept.account))),
            None => Vec::new(),
        }
    }

    /// What would be sent by calls of the service's own, as far as that is known.
    pub fn calls(&self) -> Option<Vec<ShownCall>> {
        self.enrol.as_ref().map(|enrol| enrol.calls())
    }

    pub(super) fn is_made_by_key(&self) -> bool {
        self.discovery.skill().is_some_and(|skill| skill.enrolments.iter().any(|enrolment| enrolment.by_credential))
    }
}
