//! The credential is here, or what gets it: keep it, exchange it where it has to be, then see whether it works.

use jiff::Timestamp;

use super::{Against, Call, Question, Sent, SignUp, Stage};
use crate::account::{
    Account, AccountId, Event, Happened, Kept, Layer, LayerKind, More, Note, Proof, Renewal, RenewedBy, Revocation,
    Secrets, Source, StoreKind, Verdict,
};
use crate::flow::discover::Way;
use crate::flow::probe::Check;
use crate::flow::tokens::absorb;
use crate::flow::wire::{Granted, RefreshAt};
use crate::flow::{Effect, Lease, Outcome};
use crate::problem::{Kind, Problem};
use crate::secret::Secret;
use crate::{trust, when};

impl SignUp {
    pub(super) fn obtained(&mut self, granted: Granted, claimed: bool, now: Timestamp) -> Vec<Effect> {
        let service = self.discovery.service();
        let now = when::whole_second(now);
        let replaced = self.replaced.as_ref();
        let id = replaced.map(|account| account.id.clone());
        let claim_ends = self.ceremony.claim_expires_at.filter(|_| !claimed);
        let claim = claim_ends.map(|end| Layer { kind: LayerKind::Claim, expires_at: Some(end) });
        let account = Account {
            id: id.unwrap_or_else(|| AccountId::new(&service.resource, self.label.as_deref(), &self.known.ids)),
            service: service.name,
            resource: replaced.map_or_else(|| self.resource(), |account| account.resource.clone()),
            label: self.label.clone(),
            identity: self.ceremony.email.clone(),
            mode: self.way.mode(),
            scopes: Vec::new(),
            layers: claim.into_iter().collect(),
            claimed,
            start: self.discovery.target().start.clone(),
            metadata: self.discovery.target().found_in(),
            guarded: self.guarded(),
            presentation: granted.credential.as_ref().map(|it| it.presentation.clone()).unwrap_or_default(),
            renewal: self.renewal(&granted),
            revocation: self.revocation(),
            client: self.client(),
            bound: false,
            store: self.place.unwrap_or(StoreKind::Memory),
            source: Source::Own,
            created_at: Some(replaced.and_then(|account| account.created_at).unwrap_or(now)),
            renewed_at: replaced.map(|_| now),
            verified_at: None,
            proof: None,
            spending: None,
            more: self.more(),
        };
        let mut kept = Box::new(Kept::new(account, Secrets::from(Secret::default())));
        absorb(&mut kept, granted);
        self.note_sign_in(&mut kept);
        self.note_claim(&mut kept);
        self.save(kept)
    }

    /// Does what is tried turn away who has no credential?
    fn guarded(&self) -> Option<bool> {
        match self.way {
            Way::AuthMd | Way::Enrol(_) | Way::Key => self.discovery.is_guarded(),
            Way::OAuth(_) => self.discovery.is_start_guarded(),
        }
    }

    /// What the credential is for.
    fn resource(&self) -> String {
        let published = self.discovery.service().resource;
        match self.way {
            Way::AuthMd | Way::Enrol(_) | Way::Key => published,
            Way::OAuth(_) => self.discovery.named_resource().unwrap_or(published),
        }
    }

    /// How the account will be revoked. Who brings a key is not asked about the service's hosts; they are then when it
    /// comes to that.
    fn revocation(&self) -> Revocation {
        if matches!(self.way, Way::OAuth(_)) {
            return self.revocation_by_oauth();
        }
        let start = &self.discovery.target().start;
        match self.offer().map_or(Revocation::None, |offer| offer.revocation.clone()) {
            Revocation::Endpoint { url, .. } if self.by_key() && !trust::same_site(&url, start) => {
                Revocation::Undiscovered
            }
            revocation => revocation,
        }
    }

    /// How the account will get its next credential. Tokens go to hosts that were consented to, and nowhere else.
    fn renewal(&self, granted: &Granted) -> Renewal {
        if matches!(self.way, Way::OAuth(_)) {
            return self.renewal_by_oauth(granted);
        }
        let at = granted.refresh.as_ref().map(|refresh| refresh.at);
        match (self.token_url(), &granted.assertion, at) {
            (Some(url), Some(_), _) => {
                let identity = self.offer().and_then(|offer| offer.register.clone());
                Renewal::Exchange {
                    url,
                    resource: self.discovery.resource_as_published().map(str::to_owned),
                    identity: identity.filter(|url| at == Some(RefreshAt::IdentityEndpoint) && self.is_consented(url)),
                }
            }
            (Some(url), None, Some(RefreshAt::TokenEndpoint)) => Renewal::Refresh { url, resource: None },
            _ => Renewal::Person,
        }
    }

    pub(super) fn save(&mut self, kept: Box<Kept>) -> Vec<Effect> {
        let id = kept.account.id.clone();
        self.ceremony.granted = Some(kept);
        match self.replaced {
            Some(_) if self.lease.is_none() => {
                self.stage = Stage::Locking;
                vec![Effect::Lock(id)]
            }
            _ => self.store(),
        }
    }

    /// Without a lease it is stored all the same: what is shown once must be kept.
    pub(super) fn locked(&mut self, lease: Option<Lease>, now: Timestamp) -> Vec<Effect> {
        self.lease = lease;
        let in_hand_only = self.ceremony.granted.as_ref().is_some_and(|kept| kept.account.lacks_credential());
        // Once something of the new sign-up is stored, the old credential is gone.
        let old_works = self.replaced.as_ref().is_some_and(|account| account.works_yet(now)) && self.stored.is_none();
        if old_works && in_hand_only && !self.leaving {
            return self.send(Call::Exchange);
        }
        match self.check().filter(|_| old_works && !self.is_tried && !self.leaving) {
            Some(check) => {
                let request = check.begin();
                self.stage = Stage::Trying(check);
                vec![Effect::Http(request)]
            }
            None => self.store(),
        }
    }

    /// The new credential was tried while the old one is in its place.
    pub(super) fn tried(&mut self, check: &Check, verdict: Verdict, now: Timestamp) -> Vec<Effect> {
        self.is_tried = true;
        self.learn(check, verdict, now);
        let before = self.replaced.as_ref().map(|account| account.scopes.clone()).unwrap_or_default();
        let after = self.ceremony.granted.as_ref().map(|kept| kept.account.scopes.clone()).unwrap_or_default();
        let lost: Vec<String> = before.into_iter().filter(|scope| !after.contains(scope)).collect();
        let against = match verdict {
            Verdict::Refused { status } if self.leaving => return self.old_stays(Against::TurnedAway(status)),
            Verdict::Refused { status } => Against::TurnedAway(status),
            _ if lost.is_empty() || after.is_empty() || self.leaving => return self.store(),
            _ => Against::Lost(lost),
        };
        // From here on it is a person's pace; nobody else is to wait for that.
        self.lease = None;
        self.ask(Stage::Ask(Question::OldOrNew(against)))
    }

    pub(super) fn take_new(&mut self) -> Vec<Effect> {
        self.ceremony.granted.clone().map(|kept| self.save(kept)).unwrap_or_default()
    }

    pub(super) fn old_stays(&mut self, against: Against) -> Vec<Effect> {
        let name = self.service_name();
        let what = match against {
            Against::TurnedAway(status) => format!("{name} turns its new credential away ({status})."),
            Against::Lost(_) => "The new credential would have done less than the old one.".to_owned(),
        };
        let hint = "The old one is kept. What is left of the new one can be ended on the service's own site.";
        self.fail(Problem::new(Kind::ServiceRefused, what, hint))
    }

    /// How the new credential is tried, where that tells anything.
    fn check(&self) -> Option<Check> {
        let Kept { account, secrets } = self.ceremony.granted.as_deref()?;
        let resource = account.tried_at().ok().filter(|_| account.can_be_tried() && !account.lacks_credential())?;
        let check = Check::of(account, resource, secrets.credential.clone());
        // What another domain handed out is shown in the way that it was handed out for.
        let apart = matches!(self.way, Way::OAuth(_) | Way::Enrol(_)) || self.discovery.resource_apart().is_some();
        Some(if apart { check } else { check.or_otherwise() })
    }

    /// What a trial has told of the new credential; as a note, for where it is stored.
    fn learn(&mut self, check: &Check, verdict: Verdict, now: Timestamp) -> Option<Note> {
        let kept = self.ceremony.granted.as_deref_mut()?;
        let proof = Proof { at: now, verdict };
        let note = match check.presentation() {
            known if *known == kept.account.presentation => Note::Proof(proof),
            // It works when it is shown in another way: that is part of the account.
            another => Note::Shown(another.clone(), proof),
        };
        let obtained = kept.account.obtained_at();
        kept.account.note(note.clone(), obtained);
        Some(note)
    }

    fn store(&mut self) -> Vec<Effect> {
        self.stage = Stage::Saving;
        let kept = self.ceremony.granted.clone();
        kept.map(|kept| {
            let event = self.obtained_event(&kept.account);
            Effect::Save(kept, event)
        })
        .into_iter()
        .collect()
    }

    /// What the account's history is told; nothing where only the access token comes after.
    fn obtained_event(&self, account: &Account) -> Option<Event> {
        let (at, host) = (account.obtained_at()?, account.host());
        let what = match self.replaced {
            Some(_) => Happened::Renewed { way: RenewedBy::Person, host },
            None => Happened::Obtained { way: account.mode, host },
        };
        self.stored.is_none().then(|| what.at(at))
    }

    pub(super) fn saved(&mut self, result: Result<(), Problem>, now: Timestamp) -> Vec<Effect> {
        let Some(kept) = self.ceremony.granted.clone() else {
            return Vec::new();
        };
        let account = kept.account;
        if let (Err(_), Some(stored)) = (&result, self.stored.clone()) {
            // It is stored, only without the access token; another place would hold what works once a second time.
            return self.end(Outcome::Connected(stored));
        }
        if let Err(problem) = result {
            self.lease = None;
            if let Some(store) = self.known.stores.iter_mut().find(|store| store.kind == account.store) {
                store.problem = None; // It may be mended by the time it is picked again.
            }
            self.leaving = false;
            self.problem = Some(problem);
            self.stage = Stage::Store;
            self.question = Some(Stage::Store);
            return Vec::new();
        }
        self.stored = Some(Box::new(account.clone()));
        if account.lacks_credential() && !self.leaving {
            return self.send(Call::Exchange);
        }
        self.lease = None;
        match self.record_enrolment(now) {
            Some(record) => {
                self.stage = Stage::Recording;
                vec![record]
            }
            None => self.prove(),
        }
    }

    /// What is stored is tried once.
    pub(super) fn prove(&mut self) -> Vec<Effect> {
        match self.check().filter(|_| !self.leaving && !self.is_tried) {
            Some(check) => {
                let request = check.begin();
                self.stage = Stage::Proving(check);
                vec![Effect::Http(request)]
            }
            None if self.is_tried && self.ending_of_former().is_some() && !self.leaving => self.ask(Stage::EndFormer),
            None => self.finish(),
        }
    }

    /// What the skill says of the credential beside how it is had.
    fn more(&self) -> More {
        let trial = self.discovery.skill().and_then(|skill| skill.trial.clone());
        let hand_over = self.replaced.as_ref().and_then(|account| account.more.hand_over.clone());
        More { trial, hand_over, key_id: self.key_id.clone(), ..More::default() }
    }

    /// The assertion was exchanged: the account has its credential.
    pub(super) fn exchanged(&mut self, granted: Granted, now: Timestamp) -> Vec<Effect> {
        let Some(mut kept) = self.ceremony.granted.take() else {
            return Vec::new();
        };
        absorb(&mut kept, granted);
        if self.ceremony.resource_unwanted
            && let Renewal::Exchange { resource, .. } = &mut kept.account.renewal
        {
            *resource = None;
        }
        kept.account.client = self.client();
        match self.lease.take().filter(|_| self.stored.is_none()) {
            // The old credential is in its place yet.
            Some(lease) => {
                self.ceremony.granted = Some(kept);
                self.locked(Some(lease), now)
            }
            None => self.save(kept),
        }
    }

    /// It is confirmed, and the access token can be had later where that is stored.
    pub(super) fn exchange_failed(&mut self, problem: Problem) -> Vec<Effect> {
        // From here on it is a person's pace; nobody else is to wait for that.
        self.lease = None;
        self.interrupt(Question::Repeat(Box::new(Call::Exchange), problem, Sent::No))
    }

    pub(super) fn exchange_left(&mut self, problem: Problem) -> Vec<Effect> {
        match self.stored.clone() {
            Some(account) => self.end(Outcome::Connected(account)),
            None => self.fail(Problem { hint: "The old credential is kept, and works yet.".into(), ..problem }),
        }
    }

    pub(super) fn proven(&mut self, check: &Check, verdict: Verdict, now: Timestamp) -> Vec<Effect> {
        let note = self.learn(check, verdict, now);
        let Some((kept, note)) = self.ceremony.granted.as_deref().zip(note) else {
            return Vec::new();
        };
        self.stage = Stage::Noting;
        vec![Effect::Note { id: kept.account.id.clone(), note, obtained: kept.account.obtained_at() }]
    }
}
