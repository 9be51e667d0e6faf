//! The credential is here: keep it, then see whether it works.

use jiff::Timestamp;
use url::Url;

use super::{SignUp, Stage};
use crate::account::{
    Account, AccountId, Layer, LayerKind, Mode, Proof, Renewal, Revocation, Source, StoreKind, Verdict,
};
use crate::flow::probe::Check;
use crate::flow::{Effect, Outcome};
use crate::problem::Problem;
use crate::secret::Secret;
use crate::when;

impl SignUp {
    pub(super) fn obtained(
        &mut self,
        credential: Secret,
        kind: LayerKind,
        expires_at: Option<Timestamp>,
        scopes: Vec<String>,
        claimed: bool,
        now: Timestamp,
    ) -> Vec<Effect> {
        let service = self.discovery.service();
        let now = when::whole_second(now);
        let replaced = self.replaced.as_ref();
        let id = replaced.map(|account| account.id.clone());
        let account = Account {
            id: id.unwrap_or_else(|| AccountId::new(&service.resource, self.label.as_deref(), &self.known.ids)),
            service: service.name,
            resource: replaced.map_or(service.resource, |account| account.resource.clone()),
            label: self.label.clone(),
            identity: self.ceremony.email.clone(),
            mode: Mode::AuthMd,
            scopes,
            layers: vec![Layer { kind, expires_at }],
            claimed,
            start: self.discovery.target().start.clone(),
            metadata: self.discovery.target().metadata.clone(),
            guarded: self.discovery.is_guarded(),
            renewal: Renewal::Person,
            revocation: self.offer().map_or(Revocation::None, |offer| offer.revocation.clone()),
            store: self.place.unwrap_or(StoreKind::Memory),
            source: Source::Own,
            created_at: Some(replaced.and_then(|account| account.created_at).unwrap_or(now)),
            renewed_at: replaced.map(|_| now),
            verified_at: None,
            proof: None,
        };
        self.save(Box::new(account), credential)
    }

    pub(super) fn save(&mut self, account: Box<Account>, credential: Secret) -> Vec<Effect> {
        self.stage = Stage::Saving;
        self.ceremony.granted = Some((account.clone(), credential.clone()));
        vec![Effect::Save(account, credential)]
    }

    pub(super) fn saved(&mut self, result: Result<(), Problem>) -> Vec<Effect> {
        let Some((account, credential)) = self.ceremony.granted.clone() else {
            return Vec::new();
        };
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
                let check = Check::new(resource, credential, account.guarded);
                let request = check.begin();
                self.stage = Stage::Proving(check);
                vec![Effect::Http(request)]
            }
            _ => self.end(Outcome::Connected(account)),
        }
    }

    pub(super) fn proven(&mut self, verdict: Verdict, now: Timestamp) -> Vec<Effect> {
        let Some((account, _)) = self.ceremony.granted.as_mut() else {
            return Vec::new();
        };
        let (proof, obtained) = (Proof { at: now, verdict }, account.obtained_at());
        account.record(proof, obtained);
        let id = account.id.clone();
        self.stage = Stage::Noting;
        vec![Effect::Record { id, proof, obtained }]
    }
}
