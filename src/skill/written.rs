//! A skill as it stands in its file, before anything of it is believed.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};

use super::{call, connection};

#[derive(Deserialize)]
pub struct Written {
    pub id: String,
    #[serde(default)]
    pub name: Option<String>,
    pub website: String,
    #[serde(default)]
    pub base_url: Option<String>,
    #[serde(default)]
    pub auth: Option<Auth>,
    #[serde(default)]
    pub connections: BTreeMap<String, connection::Written>,
    #[serde(default)]
    pub verify: Option<Check>,
    #[serde(default)]
    pub signup: Vec<Way>,
}

#[derive(Deserialize)]
pub struct Check {
    pub url: String,
}

/// `none`, or how it is.
pub enum Auth {
    Word(String),
    Block(Box<Block>),
}

/// By hand, because what is tried in several ways is read without its types: an id of digits would be a number.
impl<'de> Deserialize<'de> for Auth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Auth;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("none, or a block")
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<Auth, E> {
                Ok(Auth::Word(word.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Auth, A::Error> {
                Block::deserialize(MapAccessDeserializer::new(map)).map(|auth| Auth::Block(Box::new(auth)))
            }
        }

        deserializer.deserialize_any(Either)
    }
}

#[derive(Deserialize, Default)]
pub struct Block {
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    #[serde(default)]
    pub header: Option<String>,
    #[serde(default)]
    pub prefix: Option<String>,
    #[serde(default)]
    pub query: Option<String>,
    #[serde(default)]
    pub issuer: Option<String>,
    #[serde(default)]
    pub authorize_url: Option<String>,
    #[serde(default)]
    pub token_url: Option<String>,
    #[serde(default)]
    pub device_authorization_url: Option<String>,
    #[serde(default)]
    pub revocation_url: Option<String>,
    #[serde(default)]
    pub scopes: Vec<String>,
    #[serde(default)]
    pub client_id: Option<String>,
    #[serde(default)]
    pub label: Option<String>,
    #[serde(default)]
    pub help_url: Option<String>,
    #[serde(default)]
    pub pattern: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Way {
    pub mode: String,
    #[serde(default)]
    pub authorize: Option<Link>,
    #[serde(default)]
    pub redirect: Option<String>,
    #[serde(default)]
    pub token: Option<call::Written>,
    #[serde(default)]
    pub start: Option<call::Written>,
    #[serde(default)]
    pub poll: Option<call::Written>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    pub url: String,
    pub query: BTreeMap<String, String>,
}

impl Block {
    pub fn is_oauth(&self) -> bool {
        self.kind.as_deref() == Some("oauth2")
    }

    /// The first of the endpoints that is named.
    pub fn endpoint(&self) -> Option<&'static str> {
        let named = [
            ("authorize_url", &self.authorize_url),
            ("token_url", &self.token_url),
            ("device_authorization_url", &self.device_authorization_url),
            ("revocation_url", &self.revocation_url),
        ];
        named.into_iter().find(|(_, url)| url.is_some()).map(|(name, _)| name)
    }
}
