//! What only some accounts have: a way of their own to be tried, a day on which somebody wants to look at them again.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use super::HandOver;

use crate::http::{Body, FieldValue, Method, Request, field};

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct More {
    /// How the credential is tried, where the plain reading of an address would tell nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trial: Option<Box<Trial>>,
    /// When somebody wants to look at a credential that never ends. It is no end, and nothing happens then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review_at: Option<Timestamp>,
    /// Where else it is put when there is a new one, if somebody wants that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hand_over: Option<Box<HandOver>>,
    /// What tells whether another account holds the same credential, and nothing else (see `store::fingerprint`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// It was to be ended at its service, and that has not been shown yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoking: Option<Box<Revoking>>,
    /// The new credential that renewing brings may do less: somebody has to decide whether they want that.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub narrows: bool,
    /// The name by which the service knows the key: what ends it is called with this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
}

/// A revocation that is to be finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoking {
    pub since: Timestamp,
    /// Attempts that did not do it.
    #[serde(default)]
    pub tries: u32,
    /// What stood in the way of the last one; nothing where that was cut off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Revoking {
    pub fn since(since: Timestamp) -> Self {
        Self { since, tries: 0, why: None }
    }
}

impl More {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A harmless call of the service's own that tells a good credential from a bad one, and what its answers mean.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Trial {
    /// There is no such call: what is kept was not tried, and cannot be.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub none: bool,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Sent as JSON, by `POST`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Map<String, Value>>,
    /// Statuses, or words in the answer, of a credential that works and may not do just this.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub narrow: Vec<String>,
    /// The same of one that does not work, beside 401.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<String>,
    /// A JSON pointer to what stands in the answer to one that works: some say no with a 200.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
}

impl Trial {
    pub fn request(&self, url: Url) -> Request {
        let headers = self.headers.iter().map(|(name, value)| field(name.clone(), value.as_str()));
        let request = match &self.body {
            Some(body) => {
                let fields = body.iter().map(|(name, value)| field(name.clone(), FieldValue::Json(value.clone())));
                Request::post(url, Body::Json(fields.collect()))
            }
            None => Request::new(Method::Get, url),
        };
        Request { headers: headers.collect(), ..request }
    }
}
