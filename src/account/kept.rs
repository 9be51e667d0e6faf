//! An account together with its secrets, as a store holds them at one moment.

use super::{Account, Layer, LayerKind};
use crate::secret::Secret;

/// The secrets of an account: the credential, and one for each further layer that has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secrets {
    /// The secret of the account's first layer.
    pub credential: Secret,
    pub further: Vec<(LayerKind, Secret)>,
}

impl Secrets {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Secret> + Clone {
        std::iter::once(&self.credential).chain(self.further.iter().map(|(_, secret)| secret))
    }

    /// The secrets of layers in their order, the first of them in the place of the credential.
    pub fn of_layers(mut layers: Vec<(LayerKind, Secret)>) -> Option<Self> {
        if layers.is_empty() {
            return None;
        }
        let (_, credential) = layers.remove(0);
        Some(Self { credential, further: layers })
    }
}

impl From<Secret> for Secrets {
    fn from(credential: Secret) -> Self {
        Self { credential, further: Vec::new() }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub account: Account,
    pub secrets: Secrets,
}

impl Kept {
    pub fn new(account: Account, secrets: impl Into<Secrets>) -> Self {
        Self { account, secrets: secrets.into() }
    }

    /// The secret of one of the account's layers.
    pub fn secret(&self, nth: usize) -> Option<&Secret> {
        match nth {
            0 => Some(&self.secrets.credential),
            _ => {
                let kind = self.account.layers.get(nth)?.kind;
                self.secrets.further.iter().find(|(known, _)| *known == kind).map(|(_, secret)| secret)
            }
        }
    }

    /// The secret of the layer of that kind.
    pub fn secret_of(&self, kind: LayerKind) -> Option<&Secret> {
        let nth = self.account.layers.iter().position(|layer| layer.kind == kind)?;
        self.secret(nth)
    }

    /// Puts a layer with its secret in the place of the one that does the same, or where it belongs: the credential first,
    /// then what gets the next one.
    pub fn put(&mut self, layer: Layer, secret: impl Into<Option<Secret>>) {
        let mut parts: Vec<(Layer, Option<Secret>)> = std::mem::take(&mut self.account.layers)
            .into_iter()
            .map(|old| {
                let secret = self.secrets.further.iter().find(|(kind, _)| *kind == old.kind);
                (old, secret.map(|(_, secret)| secret.clone()))
            })
            .collect();
        // What has no secret of its own stands behind what has one, wherever it stands.
        let has_secret = |kind| !matches!(kind, LayerKind::Claim | LayerKind::ClientRegistration);
        if let Some((_, first)) = parts.first_mut().filter(|(layer, _)| has_secret(layer.kind)) {
            *first = Some(self.secrets.credential.clone());
        }
        parts.retain(|(old, _)| role(old.kind) != role(layer.kind));
        parts.push((layer, secret.into()));
        parts.sort_by_key(|(layer, _)| role(layer.kind));
        let secrets = parts.iter().filter_map(|(layer, secret)| Some((layer.kind, secret.clone()?))).collect();
        self.account.layers = parts.into_iter().map(|(layer, _)| layer).collect();
        if let Some(secrets) = Secrets::of_layers(secrets) {
            self.secrets = secrets;
        }
    }
}

/// What a layer does, in the order in which layers stand.
fn role(kind: LayerKind) -> u8 {
    match kind {
        LayerKind::ApiKey | LayerKind::AccessToken => 0,
        LayerKind::IdentityAssertion => 1,
        LayerKind::RefreshToken => 2,
        LayerKind::ClientRegistration => 3,
        LayerKind::Claim => 4,
    }
}
