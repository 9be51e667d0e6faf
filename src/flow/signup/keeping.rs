//! The credential is here: keep it, then see whether it works.

use jiff::Timestamp;
use url::Url;

use super::{SignUp, Stage};
use crate::account::{
    Account, AccountId, Kept, Layer, LayerKind, Mode, Note, Proof, Renewal, Revocation, Secrets, Source, StoreKind,
    Verdict,
};
use crate::flow::probe::Check;
use crate::flow::wire::Granted;
use crate::flow::{Effect, Lease, Outcome};
use crate::problem::Problem;
use crate::{trust, when};

impl SignUp {
    pub(super) fn obtained(&mut self, granted: Granted, claimed: bool, now: Timestamp) -> Vec<Effect> {
        let service = self.discovery.service();
        let now = when::whole_second(now);
        let replaced = self.replaced.as_ref();
        let id = replaced.map(|account| account.id.clone());
        // A refresh token goes to hosts that were consented to, and nowhere else.
        let endpoint = self.offer().and_then(|offer| offer.token.clone()).filter(|url| self.is_consented(url));
        let refresh = granted.refresh.zip(endpoint);
        let mut layers = vec![Layer { kind: granted.kind, expires_at: granted.expires_at }];
        let mut secrets = Secrets::from(granted.credential);
        let renewal = match refresh {
            Some((refresh, url)) => {
                layers.push(Layer { kind: LayerKind::RefreshToken, expires_at: refresh.expires_at });
                secrets.further.push((LayerKind::RefreshToken, refresh.token));
                Renewal::Refresh { url }
            }
            None => Renewal::Person,
        };
        // Some services repeat a secret where words are expected; scopes are shown.
        let shown = |scope: &String| trust::without(scope, secrets.iter());
        let account = Account {
            id: id.unwrap_or_else(|| AccountId::new(&service.resource, self.label.as_deref(), &self.known.ids)),
            service: service.name,
            resource: replaced.map_or(service.resource, |account| account.resource.clone()),
            label: self.label.clone(),
            identity: self.ceremony.email.clone(),
            mode: Mode::AuthMd,
            scopes: granted.scopes.iter().map(shown).collect(),
            layers,
            claimed,
            start: self.discovery.target().start.clone(),
            metadata: self.discovery.target().metadata.clone(),
            guarded: self.discovery.is_guarded(),
            renewal,
            revocation: self.offer().map_or(Revocation::None, |offer| offer.revocation.clone()),
            store: self.place.unwrap_or(StoreKind::Memory),
            source: Source::Own,
            created_at: Some(replaced.and_then(|account| account.created_at).unwrap_or(now)),
            renewed_at: replaced.map(|_| now),
            verified_at: None,
            proof: None,
            spending: None,
        };
        self.save(Box::new(Kept::new(account, secrets)))
    }

    pub(super) fn save(&mut self, kept: Box<Kept>) -> Vec<Effect> {
        let id = kept.account.id.clone();
        self.ceremony.granted = Some(kept);
        match self.replaced {
            Some(_) => {
                self.stage = Stage::Locking;
                vec![Effect::Lock(id)]
            }
            None => self.locked(None),
        }
    }

    /// Without a lease it is stored all the same: what is shown once must be kept.
    pub(super) fn locked(&mut self, lease: Option<Lease>) -> Vec<Effect> {
        self.lease = lease;
        self.stage = Stage::Saving;
        self.ceremony.granted.clone().map(Effect::Save).into_iter().collect()
    }

    pub(super) fn saved(&mut self, result: Result<(), Problem>) -> Vec<Effect> {
        self.lease = None;
        let Some(kept) = self.ceremony.granted.clone() else {
            return Vec::new();
        };
        let account = kept.account;
        if let Err(problem) = result {
            if let Some(store) = self.known.stores.iter_mut().find(|store| store.kind == account.store) {
                store.problem = None; // It may be mended by the time it is picked again.
            }
            self.leaving = false;
            self.problem = Some(problem);
            self.stage = Stage::Store;
            self.question = Some(Stage::Store);
            return Vec::new();
        }
        match Url::parse(&account.resource) {
            Ok(resource) if !self.leaving => {
                let check = Check::new(resource, kept.secrets.credential, account.guarded);
                let request = check.begin();
                self.stage = Stage::Proving(check);
                vec![Effect::Http(request)]
            }
            _ => self.end(Outcome::Connected(Box::new(account))),
        }
    }

    pub(super) fn proven(&mut self, verdict: Verdict, now: Timestamp) -> Vec<Effect> {
        let Some(Kept { account, .. }) = self.ceremony.granted.as_deref_mut() else {
            return Vec::new();
        };
        let (note, obtained) = (Note::Proof(Proof { at: now, verdict }), account.obtained_at());
        account.note(note, obtained);
        let id = account.id.clone();
        self.stage = Stage::Noting;
        vec![Effect::Note { id, note, obtained }]
    }
}
