//! What each phase makes of its answer, and which phase that leads to.

use jiff::Timestamp;
use serde_json::Value;
use url::Url;

use super::answer::{is_prose, published, reachable, said};
use super::report::{Finding, Level};
use super::ways::challenged_scopes;
use super::{Discovery, Next, Phase, places};
use crate::flow::StepState;
use crate::flow::wire::{self, Offer};
use crate::http::{HttpError, Response};
use crate::{json, trust};

impl Discovery {
    pub(super) fn api(&mut self, url: Url, answer: Result<Response, HttpError>, now: Timestamp) -> Next {
        match answer {
            Ok(response) => {
                let found = response
                    .header("www-authenticate")
                    .find_map(wire::resource_metadata)
                    .and_then(|place| url.join(&place).ok());
                self.challenged = matches!(response.status, 401 | 403);
                self.challenge_scopes = response.header("www-authenticate").find_map(challenged_scopes);
                // In place of a pointer to metadata some name the server itself (seen at Figma's MCP server).
                let named = |header| wire::challenge_parameter(header, "authorization_uri");
                let server = response.header("www-authenticate").find_map(named);
                self.challenge_server = server.and_then(|server| Url::parse(&server).ok());
                let words = match (&found, response.status) {
                    (Some(_), status) => format!("{status}, points to its metadata"),
                    (None, status) => format!("{status}, no pointer to metadata"),
                };
                self.resource_place = found;
                self.note(StepState::Done, words, Some(now));
                self.enter(Phase::Resource, now)
            }
            // The page at the start may lead elsewhere or be large; the metadata beside it is another matter.
            Err(HttpError::Redirected(_) | HttpError::TooLarge(_)) => {
                self.note(StepState::Missed, said(&answer), Some(now));
                self.enter(Phase::Resource, now)
            }
            Err(_) => {
                self.note(StepState::Failed, said(&answer), Some(now));
                self.enter(Phase::Over, now)
            }
        }
    }

    pub(super) fn resource_metadata(&mut self, url: Url, answer: Result<Response, HttpError>, now: Timestamp) -> Next {
        let Some(document) = published(&answer).filter(places::is_resource) else {
            return self.next_place(&answer, now);
        };
        let metadata = wire::resource_metadata_document(&document, &url);
        let named = metadata.name.clone().unwrap_or_else(|| trust::authority(&url));
        let words = match &metadata.resource {
            Some(resource) => format!("{named} · {}", trust::clean(resource, 60)),
            None => named,
        };
        self.note(StepState::Done, words, Some(now));
        self.resource = Some((url, metadata));
        self.enter(Phase::Server, now)
    }

    pub(super) fn server(&mut self, url: Url, answer: Result<Response, HttpError>, now: Timestamp) -> Next {
        let Some(document) = published(&answer) else {
            return self.next_place(&answer, now);
        };
        self.server_found |= places::is_metadata(&document);
        let from_resource = self.resource.as_ref().and_then(|(_, metadata)| metadata.agent_auth.as_ref());
        let offer = wire::offer(&document, &url, from_resource);
        let server = wire::authorization::server(&document, &url);
        let served = (offer.is_none() && server.is_none()) || self.is_served_by(&document);
        if let Some(server) = server.filter(|_| served) {
            self.consider(server, &url);
        }
        let offer = offer.map(|offer| reachable(offer, self.target.reach)).filter(|_| served);
        // One document may know nothing of agents, or no more than where it is explained, while the next one does.
        if !offer.as_ref().is_some_and(Offer::says_where) && !self.queue.is_empty() {
            self.offer = self.offer.take().or(offer);
            return self.next_place(&answer, now);
        }
        self.check_issuer(&document);
        self.offer = offer.or(self.offer.take());
        let words = match (&self.offer, &self.authorization) {
            (Some(_), None) => trust::authority(&url),
            (None, None) => format!("{}, without sign-up for agents", trust::authority(&url)),
            (_, Some(_)) => self.server_in_words(),
        };
        self.note(StepState::Done, words, Some(now));
        let read_already = self.document.is_some();
        self.enter(if read_already { Phase::SignUp } else { Phase::Document }, now)
    }

    /// A server may list the resources that it is for (RFC 9728, section 4); another one that leads there wants what it
    /// hands out for itself.
    fn is_served_by(&mut self, server: &Value) -> bool {
        let listed = json::list(server, &["protected_resources"]).unwrap_or_default();
        let published = self.resource.as_ref().and_then(|(_, metadata)| metadata.resource.as_deref());
        let bare = |text: &str| text.trim_end_matches('/').to_owned();
        let Some(resource) = published.map(bare).filter(|_| !listed.is_empty()) else {
            return true;
        };
        let served = listed.iter().any(|listed| bare(listed) == resource);
        if !served {
            let what = format!("The authorization server is not for {}, by its own list.", trust::clean(&resource, 80));
            let finding = Finding::new(Level::Refused, "resource_not_served", what);
            // The same server may publish itself in two places.
            self.findings.retain(|told| *told != finding);
            self.findings.push(finding);
        }
        served
    }

    /// The issuer must be the one that was asked for (RFC 8414, section 3.3); a slash at the end is no difference here.
    fn check_issuer(&mut self, document: &Value) {
        let Some(expected) = self.resource.as_ref().and_then(|(_, metadata)| metadata.servers.first()) else {
            return;
        };
        let issuer = json::text(document, &["issuer"]).unwrap_or_default();
        if issuer.trim_end_matches('/') != expected.name.trim_end_matches('/') {
            let said = if issuer.is_empty() { "no issuer".to_owned() } else { trust::clean(issuer, 80) };
            self.findings.push(Finding::new(
                Level::Warning,
                "issuer_differs",
                format!("Asked for {}, the metadata names {said}.", trust::clean(&expected.name, 80)),
            ));
        }
    }

    pub(super) fn auth_md(&mut self, url: Url, answer: Result<Response, HttpError>, now: Timestamp) -> Next {
        let text = match &answer {
            Ok(response) if response.status == 200 && is_prose(response) => response.body.expose(),
            _ => return self.next_place(&answer, now),
        };
        self.note(StepState::Done, format!("read, {} lines", text.lines().count()), Some(now));
        let lacking = |offer: &Option<Offer>| !offer.as_ref().is_some_and(Offer::says_where);
        if lacking(&self.offer) {
            self.offer = wire::embedded_agent_auth(text)
                .and_then(|block| wire::offer(&block, &url, None))
                .map(|offer| reachable(offer, self.target.reach))
                .or(self.offer.take());
        }
        self.document = Some(text.to_owned());
        self.document_place = Some(url.clone());
        // The words may lead to metadata that nothing else led to.
        self.named_in_prose = places::issuer_in_prose(text, &self.target.start).filter(|_| lacking(&self.offer));
        if self.named_in_prose.is_some() {
            return self.enter(Phase::Server, now);
        }
        let resource = places::resource_in_prose(text, &self.target.start).filter(|_| lacking(&self.offer));
        if let Some(resource) = resource.filter(|_| self.resource.is_none()) {
            self.resource_place = Some(resource);
            return self.enter(Phase::Resource, now);
        }
        self.enter(Phase::SignUp, now)
    }

    /// Is there anything behind the endpoint? It is only read; a service that means it refuses to be read (405).
    pub(super) fn endpoint(&mut self, answer: &Result<Response, HttpError>, now: Timestamp) -> Next {
        let Some(offer) = &mut self.offer else {
            return self.enter(Phase::Over, now);
        };
        let status = answer.as_ref().map_or(0, |response| response.status);
        let is_metadata = published(answer).is_some_and(|document| places::is_metadata(&document));
        // What is not even listed and not there either was published for its own sake.
        if status == 501 || is_metadata || status == 404 && offer.starts_presumed {
            offer.closed = Some(wire::Closed::Placeholder);
            self.note(StepState::Missed, format!("{}, nothing behind it", said(answer)), Some(now));
            return self.enter(Phase::Over, now);
        }
        if status == 404 {
            self.findings.push(Finding::new(
                Level::Warning,
                "endpoint_not_found",
                "The sign-up endpoint answers 404 to being read; there may be nothing behind it.",
            ));
        }
        let words = answer
            .as_ref()
            .map_or_else(|_| said(answer), |response| format!("its endpoint is there ({})", response.status));
        let words = if status == 404 { "404: perhaps nothing is there".to_owned() } else { words };
        self.note(if answer.is_ok() { StepState::Done } else { StepState::Missed }, words, Some(now));
        self.enter(Phase::Over, now)
    }
}
