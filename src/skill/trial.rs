//! How a skill says that a credential is tried: `none`, or a harmless call and what its answers mean.

use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value as Json};
use url::Url;

use super::value::Scalar;
use super::{answer, page, template};
use crate::account::Trial;
use crate::trust;

const MOST: usize = 8;
const LONGEST: usize = 80;

/// As it stands in the file.
pub enum Check {
    None,
    Call(Box<Call>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    url: String,
    #[serde(default)]
    headers: Map<String, Json>,
    /// Sent as JSON, by `POST`, as it stands there.
    #[serde(default)]
    body: Option<Map<String, Json>>,
    #[serde(default)]
    narrow: Vec<Json>,
    #[serde(default)]
    refused: Vec<Json>,
    #[serde(default)]
    says: Option<String>,
}

impl<'de> Deserialize<'de> for Check {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Check;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("none, or a call")
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<Check, E> {
                match word {
                    "none" => Ok(Check::None),
                    _ => Err(E::custom("verify is none, or a call")),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Check, A::Error> {
                Call::deserialize(MapAccessDeserializer::new(map)).map(|call| Check::Call(Box::new(call)))
            }
        }

        deserializer.deserialize_any(Either)
    }
}

impl Check {
    /// Where it is asked, and how, where that is more than reading it.
    pub fn read(self, resource: &Url) -> Result<(Url, Option<Box<Trial>>), String> {
        let Check::Call(call) = self else {
            return Ok((resource.clone(), Some(Box::new(Trial { none: true, ..Trial::default() }))));
        };
        let Call { url, headers, body, narrow, refused, says } = *call;
        let headers = headers.iter().map(|(name, value)| (name.clone(), Scalar::from(value).0)).collect();
        let (headers, _) = template::headers(headers)?;
        let signs = |signs: &[Json]| -> Result<Vec<String>, String> {
            let signs: Vec<String> = signs.iter().map(|sign| Scalar::from(sign).0).collect();
            match signs.len() <= MOST && signs.iter().all(|sign| (3..=LONGEST).contains(&sign.len())) {
                true => Ok(signs),
                false => Err("what its verify is told by are statuses, or words of an answer".to_owned()),
            }
        };
        let is_fixed = |body: &Map<String, Json>| !Json::from(body.clone()).to_string().contains(".auth.");
        if !body.as_ref().is_none_or(is_fixed) {
            return Err(format!("the body of its verify is sent as it stands: {}", trust::clean(&url, 60)));
        }
        let trial = Trial {
            none: false,
            headers: headers.into_iter().collect(),
            body,
            narrow: signs(&narrow)?,
            refused: signs(&refused)?,
            says: says.as_deref().map(answer::pointer).transpose()?,
        };
        let url = page(&url)?;
        Ok((url, Some(Box::new(trial)).filter(|trial| **trial != Trial::default())))
    }
}
