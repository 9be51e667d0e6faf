//! Who this program is to an authorization server (RFC 6749, section 2).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Kept, Layer, LayerKind};
use crate::secret::Secret;

/// A client, as the server that handed out an account's tokens knows it. Its secret, where it has one, is that of the
/// layer [`super::LayerKind::ClientRegistration`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    pub id: String,
    #[serde(default)]
    pub authentication: Authentication,
    /// The server's issuer, letter by letter. There is none where it is not known: a service names a client of its own, or a
    /// skill describes a server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Where the browser brings the answer. Many servers take no other port than the one that was registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect: Option<Url>,
    /// This program has registered itself (RFC 7591), and may do so again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub registered: bool,
}

/// How a client shows that it is the one (RFC 7591, section 2: `token_endpoint_auth_method`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authentication {
    /// It is public: it names itself, and that is all.
    #[default]
    None,
    #[serde(rename = "client_secret_basic")]
    Basic,
    #[serde(rename = "client_secret_post")]
    Post,
}

/// A client with what proves that it is the one, and until when: all that a server can be told of who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub client: Client,
    pub secret: Option<Secret>,
    /// When the secret ends, and the registration with it (RFC 7591, section 3.2.1).
    pub expires_at: Option<Timestamp>,
}

impl Identity {
    /// Whoever the account's tokens were handed out to.
    pub fn of(kept: &Kept) -> Option<Self> {
        let registration = kept.account.layer(LayerKind::ClientRegistration);
        Some(Self {
            client: kept.account.client.clone()?,
            secret: kept.secret_of(LayerKind::ClientRegistration).cloned(),
            expires_at: registration.and_then(|layer| layer.expires_at),
        })
    }

    /// Writes down that the account's tokens were handed out to it.
    pub fn keep(&self, kept: &mut Kept) {
        kept.account.client = Some(self.client.clone());
        if self.client.registered || self.secret.is_some() {
            let layer = Layer { kind: LayerKind::ClientRegistration, expires_at: self.expires_at };
            kept.put(layer, self.secret.clone());
        }
    }
}

impl From<Client> for Identity {
    /// It names itself, and that is all.
    fn from(client: Client) -> Self {
        Self { client, secret: None, expires_at: None }
    }
}

impl Client {
    /// In bytes; longer than those of any server.
    pub const LONGEST_ID: usize = 400;

    /// A client that a service publishes for everybody.
    pub fn named(id: impl Into<String>) -> Self {
        Self { id: id.into(), authentication: Authentication::None, issuer: None, redirect: None, registered: false }
    }
}
