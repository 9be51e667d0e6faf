//! OAuth in all but its words. Some services hand out keys with the proof of RFC 7636 or the two calls of RFC 8628, and call
//! everything something else; a skill says what. The machine that signs people in is the same.

use std::collections::BTreeMap;

use url::Url;

use super::{Authorizing, Device, challenge};
use crate::account::LayerKind;
use crate::flow::wire::refusal::Step;
use crate::flow::wire::{Asking, Granted};
use crate::http::{FieldValue, Presentation, Request};
use crate::secret::Secret;
use crate::skill::{Call, Named, Params, Value, Vocabulary, Worked, fields};
use crate::trust;

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Spelling {
    pub link: Option<Link>,
    /// Where the service wants to bring the answer to, if it matters to it.
    pub redirect: Option<Url>,
    pub redeem: Option<Call>,
    pub start: Option<Call>,
    pub poll: Option<Call>,
    /// How what it hands out is shown.
    pub presentation: Presentation,
}

/// The page that the person opens, with the names of what it is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    url: Url,
    query: Named,
}

impl Link {
    /// Reads a link that may name `params`. One without a proof is none: a stolen code would do.
    pub fn read(url: &str, query: BTreeMap<String, String>, params: &[&str]) -> Result<Self, String> {
        let url = Url::parse(url).map_err(|error| format!("{} is not an address: {error}", trust::clean(url, 80)))?;
        let vocabulary = Vocabulary { params, engine: false };
        let query = query.into_iter().map(|(name, value)| Ok((name, Value::read(&value, vocabulary)?)));
        let query = query.collect::<Result<Named, String>>()?;
        let has = |param: &str| query.iter().any(|(_, value)| value.is(param));
        let by_hash = || has("code_challenge_method") || query.iter().any(|(_, value)| value.as_text() == Some("S256"));
        let stray = query.iter().find(|(_, value)| value.as_text().is_some_and(|text| text.contains([':', '/'])));
        match (url.query(), stray) {
            // What it names beside our names could be another place for the answer, and another proof.
            (Some(_), _) => Err("its address has a query of its own; that stands under query".to_owned()),
            (_, Some((name, _))) => Err(format!("{} is not one word", trust::clean(name, 40))),
            _ if !has("redirect_uri") => Err("its query does not say where the answer is brought to".to_owned()),
            _ if !has("code_challenge") || !by_hash() => {
                Err("its query has no code_challenge of S256 (RFC 7636), so a stolen code would do".to_owned())
            }
            _ => Ok(Self { url, query }),
        }
    }

    pub fn url(&self) -> &Url {
        &self.url
    }
}

impl Spelling {
    /// The call that this step is.
    pub(super) fn call(&self, step: Step) -> Option<&Call> {
        match step {
            Step::Device => self.start.as_ref(),
            Step::Poll => self.poll.as_ref(),
            _ => self.redeem.as_ref(),
        }
    }

    /// Is a parameter sent anywhere?
    pub fn uses(&self, param: &str) -> bool {
        let calls = [&self.redeem, &self.start, &self.poll];
        self.names_in_link(param) || calls.into_iter().flatten().any(|call| call.uses(param))
    }

    pub fn names_in_link(&self, param: &str) -> bool {
        self.link.iter().flat_map(|link| &link.query).any(|(_, value)| value.is(param))
    }

    pub(super) fn link(&self, authorizing: &Authorizing<'_>) -> Option<Url> {
        let Link { url, query } = self.link.as_ref()?;
        let mut params = named(authorizing.client_id, authorizing.resource, authorizing.scopes);
        params.extend([
            ("redirect_uri", FieldValue::from(authorizing.redirect.as_str())),
            ("state", authorizing.state.clone().into()),
            ("code_challenge", challenge(authorizing.verifier).as_str().into()),
            ("code_challenge_method", "S256".into()),
        ]);
        let mut url = url.clone();
        for field in fields(query, &params, &Worked::default()) {
            url.query_pairs_mut().append_pair(&field.name, &field.value.as_text());
        }
        Some(url)
    }

    pub(super) fn redeem(&self, code: &Secret, authorizing: &Authorizing<'_>) -> Option<Request> {
        let mut params = named(authorizing.client_id, authorizing.resource, authorizing.scopes);
        params.extend([
            ("redirect_uri", FieldValue::from(authorizing.redirect.as_str())),
            ("state", authorizing.state.clone().into()),
            ("code", code.clone().into()),
            ("code_verifier", authorizing.verifier.clone().into()),
        ]);
        Some(self.redeem.as_ref()?.request(&params))
    }

    pub(super) fn start(&self, scopes: &[String], asking: &Asking<'_>) -> Option<Request> {
        Some(self.start.as_ref()?.request(&named(asking.client_id(), asking.resource, scopes)))
    }

    pub(super) fn poll(&self, device: &Device, asking: &Asking<'_>) -> Option<Request> {
        let mut params = named(asking.client_id(), asking.resource, &[]);
        params.insert("device_code", device.code.clone().into());
        params.extend(device.attempt.code.iter().map(|code| ("user_code", FieldValue::from(code.as_str()))));
        Some(self.poll.as_ref()?.request(&params))
    }

    /// What was handed out is shown as the skill says.
    pub(super) fn shown(&self, call: &Call, mut granted: Granted) -> Granted {
        if let Some(credential) = &mut granted.credential {
            credential.presentation = self.presentation.clone();
            if call.answer().has_a_key() {
                credential.kind = LayerKind::ApiKey;
            }
        }
        granted
    }
}

fn named(client_id: Option<&str>, resource: Option<&str>, scopes: &[String]) -> Params {
    let scope = (!scopes.is_empty()).then(|| FieldValue::from(scopes.join(" ").as_str()));
    let client_id = client_id.map(|id| ("client_id", FieldValue::from(id)));
    let resource = resource.map(|resource| ("resource", FieldValue::from(resource)));
    client_id.into_iter().chain(resource).chain(scope.map(|scope| ("scope", scope))).collect()
}
