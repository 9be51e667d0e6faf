//! Where the documents of a service may be.

use std::collections::VecDeque;

use url::Url;

use super::{Discovery, Phase};
use crate::{json, trust};

/// Authorization servers that are asked, of those that a resource names.
const MOST_SERVERS: usize = 3;

impl Discovery {
    /// Where resource metadata may be (RFC 9728, sections 3.1 and 5.1): where the challenge says; else below the path;
    /// else at the root.
    pub(super) fn resource_places(&self) -> VecDeque<Url> {
        let mut places: VecDeque<Url> = self.resource_place.iter().cloned().collect();
        if self.target.metadata.is_none() {
            let usual = well_known(&self.target.start, "oauth-protected-resource", &[Form::Inserted, Form::Root]);
            places.extend(usual.into_iter().filter(|place| self.resource_place.as_ref() != Some(place)));
        }
        places
    }

    /// Where authorization server metadata may be (RFC 8414, section 3.1, and OpenID Connect Discovery): for an issuer with
    /// a path, inserted before it, then behind it.
    pub(super) fn server_places(&self) -> VecDeque<Url> {
        let named = self.resource.iter().flat_map(|(_, metadata)| &metadata.servers).map(|issuer| &issuer.url);
        let named = self.named_in_prose.iter().chain(named).chain(&self.challenge_server);
        let mut issuers: Vec<&Url> = named.take(MOST_SERVERS).collect();
        // Those that cannot be contacted are as good as none.
        if !issuers.iter().any(|url| self.may_be_asked(url).is_ok()) {
            issuers.push(&self.target.start);
        }
        issuers.into_iter().flat_map(server_metadata).collect()
    }

    /// Where people are registered, if that is of the site that was asked for: nobody else hears of us before a yes.
    pub(super) fn endpoint_place(&self) -> VecDeque<Url> {
        let offer = self.offer.as_ref().filter(|offer| offer.closed.is_none());
        let here = |url: &&Url| trust::same_site(url, &self.target.start);
        offer.and_then(|offer| offer.register.as_ref()).filter(here).cloned().into_iter().collect()
    }

    pub(super) fn document_places(&self) -> VecDeque<Url> {
        let named = self.offer.as_ref().and_then(|offer| offer.document.clone());
        let root = |path: &str| self.target.start.join(path).ok();
        let below = || {
            let mut url = self.target.start.clone();
            url.set_query(None);
            url.path_segments_mut().ok()?.pop_if_empty().push("auth.md");
            Some(url)
        };
        let mut places: VecDeque<Url> = VecDeque::new();
        for place in named.into_iter().chain(below()).chain(root("/auth.md")).chain(root("/AUTH.md")) {
            if !places.contains(&place) {
                places.push_back(place);
            }
        }
        places
    }

    /// Places that will probably be asked after this one, whatever it answers. Another site hears of us once it is its turn.
    pub(super) fn likely_after(&self, url: &Url) -> Vec<Url> {
        let usual = || server_metadata(&self.target.start).into_iter().chain(self.document_places());
        let following: Vec<Url> = match self.phase {
            Phase::Api => self.resource_places().into_iter().chain(usual()).collect(),
            Phase::Resource => usual().collect(),
            Phase::Document => self.endpoint_place().into(),
            Phase::Skill | Phase::Server | Phase::SignUp | Phase::Over => Vec::new(),
        };
        let mut likely: Vec<Url> = Vec::new();
        for place in self.queue.iter().cloned().chain(following) {
            let known = place == *url || likely.contains(&place) || self.tried.iter().any(|(tried, _)| *tried == place);
            let silent = self.silent.contains(&trust::authority(&place));
            let near = place.origin() == url.origin() || trust::same_site(&place, &self.target.start);
            if near && !known && !silent && self.may_be_asked(&place).is_ok() {
                likely.push(place);
            }
        }
        likely
    }
}

/// The places of an issuer's metadata; an address that is such a place already is taken as it is.
pub(super) fn server_metadata(issuer: &Url) -> VecDeque<Url> {
    if issuer.path().contains("/.well-known/") {
        return VecDeque::from([issuer.clone()]);
    }
    let mut places = well_known(issuer, "oauth-authorization-server", &[Form::Inserted]);
    places.extend(well_known(issuer, "openid-configuration", &[Form::Inserted]));
    if issuer.path() != "/" {
        places.extend(well_known(issuer, "oauth-authorization-server", &[Form::Appended]));
        places.extend(well_known(issuer, "openid-configuration", &[Form::Appended]));
    }
    places
}

/// The issuers whose metadata is at this address, or who are at this address themselves.
pub fn issuers_at(address: &Url) -> Vec<String> {
    let bare =
        ["oauth-authorization-server", "openid-configuration"].into_iter().fold(address.clone(), |mut url, name| {
            let path = url.path().replace(&format!("/.well-known/{name}"), "");
            url.set_path(&path);
            url
        });
    let bare = bare.as_str().trim_end_matches('/').to_owned();
    vec![format!("{bare}/"), bare]
}

/// An issuer that an auth.md names in its text or in a script in it, of the site that was asked for: metadata beside it is
/// surer than the words.
pub fn issuer_in_prose(text: &str, start: &Url) -> Option<Url> {
    let addresses = || super::prose::addresses(text).filter(|url| trust::same_site(url, start));
    let metadata = addresses().find(|url| url.path().contains("/.well-known/oauth-authorization-server"));
    metadata.or_else(|| {
        let line =
            text.lines().find(|line| line.to_ascii_lowercase().contains("issuer") && line.contains("https://"))?;
        super::prose::addresses(line).find(|url| trust::same_site(url, start))
    })
}

/// Is this the metadata of a server, rather than what some single-page site answers to everything?
pub fn is_metadata(document: &serde_json::Value) -> bool {
    json::member(document, &["issuer", "token_endpoint", "authorization_endpoint"]).is_some()
        || json::member(document, &["agent_auth"]).is_some_and(serde_json::Value::is_object)
}

/// Is this the metadata of a resource?
pub fn is_resource(document: &serde_json::Value) -> bool {
    json::member(
        document,
        &["resource", "authorization_servers", "agent_auth", "bearer_methods_supported", "resource_name"],
    )
    .is_some()
}

/// Resource metadata that an auth.md leads to.
pub fn resource_in_prose(text: &str, start: &Url) -> Option<Url> {
    super::prose::addresses(text)
        .filter(|url| trust::same_site(url, start))
        .find(|url| url.path().contains("/.well-known/oauth-protected-resource"))
}

pub enum Form {
    /// `https://host/.well-known/NAME/path`
    Inserted,
    /// `https://host/path/.well-known/NAME`
    Appended,
    /// `https://host/.well-known/NAME`
    Root,
}

pub fn well_known(base: &Url, name: &str, forms: &[Form]) -> VecDeque<Url> {
    let path = base.path().trim_end_matches('/');
    let mut places = VecDeque::new();
    for form in forms {
        let place = match form {
            Form::Inserted => format!("/.well-known/{name}{path}"),
            Form::Appended => format!("{path}/.well-known/{name}"),
            Form::Root => format!("/.well-known/{name}"),
        };
        let mut url = base.clone();
        url.set_path(&place);
        url.set_query(None);
        url.set_fragment(None);
        if !places.contains(&url) {
            places.push_back(url);
        }
    }
    places
}
