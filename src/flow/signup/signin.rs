//! The part of a sign-up that is OAuth: it begins after consent, and what it brings is kept like everything else.

use jiff::Timestamp;

use super::{SignUp, Stage};
use crate::account::{Account, Authentication, Identity, Kept, Renewal, Revocation, RevokeForm};
use crate::flow::discover::{By, Way};
use crate::flow::oauth::{Next, OAuth, Wanted};
use crate::flow::wire::Granted;
use crate::flow::{Effect, Outcome};
use crate::secret::Secret;

impl SignUp {
    /// What proves who this program was to the server before is in the store, beside the account's tokens.
    pub(super) fn sign_in(&mut self, by: By, now: Timestamp) -> Vec<Effect> {
        let proves = |account: &&Account| {
            account.client.as_ref().is_some_and(|client| client.authentication != Authentication::None)
        };
        match self.replaced.as_ref().filter(proves) {
            Some(account) => {
                self.stage = Stage::Recalling(by);
                vec![Effect::Load(account.id.clone())]
            }
            None => {
                let account = self.replaced.clone();
                self.sign_in_as(account.map(|account| Kept::new(account, Secret::default())), by, now)
            }
        }
    }

    /// `former` is what is replaced.
    pub(super) fn sign_in_as(&mut self, former: Option<Kept>, by: By, now: Timestamp) -> Vec<Effect> {
        let (Some(server), Ok(resource)) = (self.discovery.authorization(), self.discovery.named_resource()) else {
            return Vec::new();
        };
        let lives = |identity: &Identity| identity.expires_at.is_none_or(|end| end > now);
        let former = former.as_ref().and_then(Identity::of).filter(lives);
        let mut oauth = Box::new(OAuth::new(Wanted {
            server: server.clone(),
            by,
            service: self.service_name(),
            start: self.discovery.target().start.clone(),
            resource,
            scopes: self.discovery.wanted_scopes(),
            client_id: self.discovery.named_client().map(str::to_owned),
            clients: self.known.clients.clone(),
            surroundings: self.known.surroundings.clone(),
            former,
        }));
        let next = oauth.begin();
        self.oauth = Some(oauth);
        self.stage = Stage::SigningIn;
        self.signed_in(next, now)
    }

    pub(super) fn signed_in(&mut self, next: Next, now: Timestamp) -> Vec<Effect> {
        match next {
            Next::Wait if self.oauth.as_ref().is_some_and(|oauth| oauth.is_redeeming()) => Vec::new(),
            // It was waited for what was on its way, and that has brought nothing.
            Next::Do(_) | Next::Wait | Next::Over(_) if self.leaving => self.end(Outcome::Cancelled),
            Next::Do(effect) => vec![effect],
            Next::Wait => Vec::new(),
            Next::Over(problem) => self.fail(problem),
            Next::Admitted(granted) => {
                self.way = self.oauth.as_ref().map_or(self.way, |oauth| Way::OAuth(oauth.by()));
                self.obtained(*granted, true, now)
            }
        }
    }

    /// Who this program is at the server, where a person has said so.
    pub(super) fn client_beforehand(&self) -> Option<String> {
        let at_issuer = || self.known.clients.at(self.discovery.authorization()?.issuer.as_deref()?);
        self.discovery.named_client().or_else(at_issuer).map(str::to_owned)
    }

    /// Is there somebody already who this program can be at the server, as far as can be told?
    pub(super) fn is_known_there(&self) -> bool {
        let Some(server) = self.discovery.authorization() else {
            return false;
        };
        let clients = &self.known.clients;
        let before = self.replaced.as_ref().and_then(|account| account.client.as_ref());
        self.client_beforehand().is_some()
            || server.takes_documents && clients.document.is_some()
            || before.is_some_and(|client| client.issuer == server.issuer)
    }

    /// What the account has to know of the sign-in beside the tokens.
    pub(super) fn note_sign_in(&self, kept: &mut Kept) {
        if let Some(oauth) = &self.oauth {
            kept.account.bound = oauth.is_bound();
            oauth.identity().into_iter().for_each(|identity| identity.keep(kept));
        }
    }

    /// The account renews itself where there is a refresh token (RFC 6749, section 6).
    pub(super) fn renewal_by_oauth(&self, granted: &Granted) -> Renewal {
        match (self.discovery.authorization(), &granted.refresh) {
            (Some(server), Some(_)) => {
                let is_bound = self.oauth.as_ref().is_some_and(|oauth| oauth.is_bound());
                let resource = self.discovery.named_resource().ok().filter(|_| is_bound);
                Renewal::Refresh { url: server.token.clone(), resource }
            }
            _ => Renewal::Person,
        }
    }

    pub(super) fn revocation_by_oauth(&self) -> Revocation {
        match self.discovery.authorization().and_then(|server| server.revoke.clone()) {
            Some(url) => Revocation::Endpoint { url, form: RevokeForm::OAuth },
            None => Revocation::None,
        }
    }

    /// Asked for, and not among what was granted (RFC 6749, section 3.3).
    pub(super) fn scopes_withheld(&self, granted: &[String]) -> Vec<String> {
        let by_oauth = matches!(self.way, Way::OAuth(_));
        let asked = if by_oauth { self.discovery.wanted_scopes() } else { Vec::new() };
        // That is a way to ask for a refresh token; servers do not list it among what the token is good for.
        let is_held = |scope: &String| scope == crate::flow::wire::authorization::OFFLINE || granted.contains(scope);
        asked.into_iter().filter(|scope| !is_held(scope)).collect()
    }
}
