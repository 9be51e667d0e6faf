//! A skill as it stands in its file, before anything of it is believed.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value as Json};

use super::enrolment::WrittenCode;
use super::shown::{Places, Where};
use super::trial::Check;
use super::{call, connection, operation};
use crate::trust;

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
    #[serde(default)]
    pub utilities: Map<String, Json>,
    #[serde(default)]
    pub operations: Map<String, Json>,
    /// Names of the environment that programs look for the credential in.
    #[serde(default)]
    pub env: Vec<String>,
    /// When keys end there, in words.
    #[serde(default)]
    pub expires: Option<String>,
    /// What of the file nobody has checked: it is shown, and not acted on.
    #[serde(default)]
    pub unchecked: Vec<String>,
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
#[serde(default)]
pub struct Block {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub header: Option<Where>,
    pub prefix: Option<String>,
    pub query: Option<Where>,
    pub body: Option<Where>,
    pub optional: bool,
    pub issuer: Option<String>,
    pub authorize_url: Option<String>,
    pub token_url: Option<String>,
    pub device_authorization_url: Option<String>,
    pub revocation_url: Option<String>,
    pub scopes: Vec<String>,
    pub client_id: Option<String>,
    pub label: Option<String>,
    pub help_url: Option<String>,
    pub pattern: Option<String>,
    /// The page for keys with the form filled in, as far as the service allows: `{name}` is what the key is called.
    pub prefill: Option<String>,
    /// The operation that signs people up.
    pub signup_utility: Option<String>,
    #[serde(flatten)]
    pub other: BTreeMap<String, IgnoredAny>,
}

/// The fields of a block whose slips would be silent.
const BLOCK: &[&str] = &[
    "type",
    "header",
    "prefix",
    "query",
    "body",
    "optional",
    "issuer",
    "authorize_url",
    "token_url",
    "device_authorization_url",
    "revocation_url",
    "scopes",
    "client_id",
    "label",
    "help_url",
    "pattern",
    "prefill",
    "signup_utility",
];

/// Refuses a field that is nearly a known one: what nobody knows may be another program's, and such a slip would change where
/// the key goes.
pub fn no_slip<'a>(place: &str, others: impl IntoIterator<Item = &'a String>, known: &[&str]) -> Result<(), String> {
    for other in others {
        let most = if other.len() < 6 { 1 } else { 2 };
        if let Some(meant) = known.iter().find(|name| strsim::osa_distance(other, name) <= most) {
            return Err(format!("{place} has '{}', which is not known: is {meant} meant?", trust::clean(other, 40)));
        }
    }
    Ok(())
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
    #[serde(default)]
    pub request: Option<operation::Written>,
    #[serde(default)]
    pub redeem: Option<operation::Written>,
    /// Ends the key that another one has taken the place of.
    #[serde(default)]
    pub revoke: Option<operation::Written>,
    #[serde(default)]
    pub params: Map<String, Json>,
    #[serde(default)]
    pub page: Option<String>,
    #[serde(default)]
    pub code: Option<WrittenCode>,
    /// `held`: it is made with another credential of the service.
    #[serde(default)]
    pub credential: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    pub url: String,
    pub query: BTreeMap<String, String>,
}

impl Way {
    /// Does it have anything that no sign-in by OAuth has?
    pub fn has_requests(&self) -> bool {
        let calls = self.request.is_some() || self.redeem.is_some() || self.revoke.is_some();
        calls || !self.params.is_empty() || self.page.is_some() || self.code.is_some() || self.credential.is_some()
    }
}

/// Kinds of credentials that live in a place of their own, and what that is.
const ELSEWHERE: &[(&str, &str)] = &[
    ("cookies", "it lives on the cookies of a browser, which this program has none of"),
    ("oauth", "its OAuth is that of the program it was written for"),
    ("keychain", "its credential is another program's, in the system's keyring"),
    ("safestorage", "its credential is another program's, in that one's storage"),
    ("credentials", "it signs in with a user name and password, which are not asked for here"),
    ("connection_string", "its credential is the address of a database"),
    ("local_path", "it is a file on this machine"),
];

impl Block {
    /// Is there a credential that this program can get?
    pub fn check(&self) -> Result<(), String> {
        no_slip("auth", self.other.keys(), BLOCK)?;
        let kind = self.kind.as_deref().unwrap_or("api_key");
        match ELSEWHERE.iter().find(|(known, _)| *known == kind) {
            Some((_, why)) => Err((*why).to_owned()),
            None if matches!(kind, "api_key" | "oauth2") => Ok(()),
            None => Err(format!("its auth type \"{}\" is not one of api_key, oauth2", trust::clean(kind, 20))),
        }
    }

    pub fn places(&self) -> Places<'_> {
        let Self { header, query, body, prefix, .. } = self;
        Places { header: header.as_ref(), query: query.as_ref(), body: body.as_ref(), prefix: prefix.as_deref() }
    }

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
