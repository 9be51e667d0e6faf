//! Tokens that an answer handed out, put into an account: each with a clock of its own.

use jiff::Timestamp;

use super::wire::{Granted, RefreshAt};
use crate::account::{Kept, Layer, LayerKind, Renewal};
use crate::secret::Secret;
use crate::trust;

/// Takes what was handed out into the account, each token in the place of the one before it. Returns the scopes that the
/// new credential has not got any more.
pub fn absorb(kept: &mut Kept, granted: Granted) -> Vec<String> {
    let given = secrets_of(&granted);
    let before = kept.account.credential_ends();
    if let Some(credential) = granted.credential {
        let same = kept.secrets.credential == credential.secret;
        let layer = Layer { kind: credential.kind, expires_at: granted.expiry.or(before.filter(|_| same)) };
        // Beside what gets it, the credential is an access token whatever its name.
        let is_token = granted.assertion.is_some() || kept.account.layer(LayerKind::IdentityAssertion).is_some();
        let kind = if is_token { LayerKind::AccessToken } else { layer.kind };
        kept.put(Layer { kind, ..layer }, credential.secret);
    }
    if let Some(assertion) = granted.assertion {
        kept.put(Layer { kind: LayerKind::IdentityAssertion, expires_at: assertion.expires_at }, assertion.secret);
    }
    // A refresh token of another place than the one that the account renews itself at is none for it.
    if let Some(refresh) = granted.refresh.filter(|refresh| renews_at(&kept.account.renewal) == Some(refresh.at)) {
        // The end of the one before it says nothing about this one.
        let layer = Layer { kind: LayerKind::RefreshToken, expires_at: refresh.token.expires_at };
        kept.put(layer, refresh.token.secret);
    }
    let Some(scopes) = granted.scopes.filter(|scopes| !scopes.is_empty()) else {
        return Vec::new();
    };
    // Some services repeat a secret where words are expected; scopes are shown.
    let scopes: Vec<String> =
        scopes.iter().map(|scope| trust::without(scope, kept.secrets.iter().chain(&given))).collect();
    let lost = kept.account.scopes.iter().filter(|scope| !scopes.contains(scope)).cloned().collect();
    kept.account.scopes = scopes;
    lost
}

/// Who takes the refresh token of such an account.
pub fn renews_at(renewal: &Renewal) -> Option<RefreshAt> {
    match renewal {
        Renewal::Exchange { identity: Some(_), .. } => Some(RefreshAt::IdentityEndpoint),
        Renewal::Refresh { .. } | Renewal::Exchange { identity: None, .. } => Some(RefreshAt::TokenEndpoint),
        Renewal::Person | Renewal::Elsewhere | Renewal::None => None,
    }
}

fn secrets_of(granted: &Granted) -> Vec<Secret> {
    let credential = granted.credential.as_ref().map(|credential| &credential.secret);
    let assertion = granted.assertion.as_ref().map(|assertion| &assertion.secret);
    let refresh = granted.refresh.as_ref().map(|refresh| &refresh.token.secret);
    [credential, assertion, refresh].into_iter().flatten().cloned().collect()
}

/// When the next credential of an account is obtained: a moment tells one from the next, so two within a second must
/// differ.
pub fn obtained_after(kept: &Kept, now: Timestamp) -> Option<Timestamp> {
    let second = jiff::SignedDuration::from_secs(1);
    let after = kept.account.obtained_at().and_then(|before| before.checked_add(second).ok());
    after.into_iter().chain([crate::when::whole_second(now)]).max()
}
