//! The part of a sign-up that is made of the service's own calls: it begins once it is known where the credential is kept, and
//! what it brings is kept like everything else.

use jiff::Timestamp;

use super::{SignUp, Stage};
use crate::account::{Ended, Kept, Layer, LayerKind};
use crate::flow::enrol::{Enrol, Harvest, Next, Wanted};
use crate::flow::{Effect, Outcome};

impl SignUp {
    pub(super) fn enrol(&mut self) -> Vec<Effect> {
        let (Some(enrolment), Some(skill)) = (self.discovery.enrolment(self.way), self.discovery.skill()) else {
            return Vec::new();
        };
        let held = self.known.accounts.iter().filter(|account| !account.lacks_credential()).cloned();
        let mut enrol = Box::new(Enrol::new(Wanted {
            enrolment: enrolment.clone(),
            service: self.service_name(),
            resource: skill.resource.clone(),
            reach: self.discovery.target().reach,
            presentation: skill.presentation.clone(),
            held: held.collect(),
            before: self.known.attempts.clone(),
            bound_to: self.replaced.as_ref().and_then(|account| account.identity.clone()),
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
            Next::Wait if self.enrol.as_ref().is_some_and(|enrol| enrol.is_under_way()) => Vec::new(),
            // It was waited for what was on its way, and that has brought no key.
            Next::Do(_) | Next::Wait | Next::Over(_) | Next::Bring if self.leaving => self.end(Outcome::Cancelled),
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

    fn harvested(&mut self, harvest: Harvest, now: Timestamp) -> Vec<Effect> {
        self.ceremony.email = harvest.identity;
        self.ceremony.claim_expires_at = harvest.claim.as_ref().and_then(|claim| claim.expires_at);
        let claimed = harvest.claim.is_none();
        self.claim = harvest.claim;
        self.obtained(harvest.granted, claimed, now)
    }

    /// Where the account can be made somebody's is kept with its secrets: whoever has the link can do it.
    pub(super) fn note_claim(&self, kept: &mut Kept) {
        if let Some(claim) = &self.claim {
            let layer = Layer { kind: LayerKind::Claim, expires_at: claim.expires_at };
            kept.put(layer, claim.page.clone());
        }
    }

    /// It went well: written down once the key is stored, and not before.
    pub(super) fn record_enrolment(&mut self, now: Timestamp) -> Option<Effect> {
        self.enrol.as_ref().filter(|enrol| enrol.has_begun()).map(|enrol| enrol.record_of(Ended::Done, now))
    }

    pub(super) fn is_made_by_key(&self) -> bool {
        self.discovery.skill().is_some_and(|skill| skill.enrolments.iter().any(|enrolment| enrolment.by_credential))
    }
}
