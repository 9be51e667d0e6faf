//! The part of a sign-up that is OAuth: it begins after consent, and what it brings is kept like everything else.

use jiff::Timestamp;

use super::{SignUp, Stage};
use crate::account::{Kept, Layer, LayerKind, Renewal, Revocation, RevokeForm};
use crate::flow::Effect;
use crate::flow::discover::{By, Way};
use crate::flow::oauth::{Admitted, Next, OAuth, Wanted};
use crate::flow::wire::Granted;
use crate::secret::Secret;

impl SignUp {
    pub(super) fn sign_in(&mut self, by: By, now: Timestamp) -> Vec<Effect> {
        let (Some(server), Ok(resource)) = (self.discovery.authorization(), self.discovery.named_resource()) else {
            return Vec::new();
        };
        let former = self.replaced.as_ref().and_then(|account| {
            let registration = account.layer(LayerKind::ClientRegistration);
            let expires_at = registration.and_then(|layer| layer.expires_at);
            let has_ended = expires_at.is_some_and(|end| end <= now);
            let client = account.client.clone().filter(|_| !has_ended)?;
            Some((client, self.client_secret.clone(), expires_at))
        });
        let mut oauth = Box::new(OAuth::new(Wanted {
            server: server.clone(),
            by,
            service: self.service_name(),
            start: self.discovery.target().start.clone(),
            resource,
            scopes: self.discovery.wanted_scopes(),
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
            Next::Do(effect) => vec![effect],
            Next::Wait => Vec::new(),
            Next::Over(problem) => self.fail(problem),
            Next::Admitted(admitted) => {
                let granted = admitted.granted.clone();
                self.way = self.oauth.as_ref().map_or(self.way, |oauth| Way::OAuth(oauth.by()));
                self.admitted = Some(admitted);
                self.obtained(granted, true, now)
            }
        }
    }

    /// What the account has to know of the sign-in beside the tokens.
    pub(super) fn note_sign_in(&self, kept: &mut Kept) {
        let Some(Admitted { client, client_secret, client_expires_at, bound, .. }) = self.admitted.as_deref() else {
            return;
        };
        kept.account.client = Some(client.clone());
        kept.account.bound = *bound;
        if client.registered || client_secret.is_some() {
            let layer = Layer { kind: LayerKind::ClientRegistration, expires_at: *client_expires_at };
            kept.put(layer, client_secret.clone());
        }
    }

    /// The account renews itself where there is a refresh token (RFC 6749, section 6).
    pub(super) fn renewal_by_oauth(&self, granted: &Granted) -> Renewal {
        match (self.discovery.authorization(), &granted.refresh) {
            (Some(server), Some(_)) => Renewal::Refresh { url: server.token.clone() },
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
        let asked = if self.way == Way::AuthMd { Vec::new() } else { self.discovery.wanted_scopes() };
        // That is a way to ask for a refresh token; servers do not list it among what the token is good for.
        let is_held = |scope: &String| scope == crate::flow::wire::authorization::OFFLINE || granted.contains(scope);
        asked.into_iter().filter(|scope| !is_held(scope)).collect()
    }

    /// Who this program was to the server before, with what proves it.
    pub fn known_by(mut self, secret: Option<Secret>) -> Self {
        self.client_secret = secret;
        self
    }
}
