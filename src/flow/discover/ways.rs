//! The ways to sign up, of those that are published: by auth.md, or by OAuth with a browser here or anywhere.

use url::Url;

use super::report::{Finding, Level};
use super::{Discovery, Verdict};
use crate::account::Mode;
use crate::flow::screen::Surroundings;
use crate::flow::wire::authorization::{OFFLINE, Server};
use crate::flow::wire::{Closed, Issuer, Offer, Start, challenge_parameter, sendable_scopes};
use crate::skill::Enrolment;
use crate::trust;

/// A way to sign up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Way {
    /// auth.md: a code confirms it.
    #[default]
    AuthMd,
    OAuth(By),
    /// By calls of the service's own, as a skill says.
    Enrol(Calls),
    /// A key from a page of the service, which the person makes and pastes.
    Key,
}

/// What those calls come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calls {
    /// A link by mail.
    MagicLink,
    /// A code by mail that is taken for a key.
    EmailCode,
    /// A key that an API makes.
    Direct,
}

/// How one signs in by OAuth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// In a browser, whose answer comes back to this machine (RFC 8252).
    Browser,
    /// With a code that is typed in a browser anywhere (RFC 8628).
    Device,
}

impl Way {
    pub const ALL: [Way; 7] = [
        Way::AuthMd,
        Way::OAuth(By::Browser),
        Way::OAuth(By::Device),
        Way::Enrol(Calls::EmailCode),
        Way::Enrol(Calls::MagicLink),
        Way::Enrol(Calls::Direct),
        Way::Key,
    ];

    pub fn mode(self) -> Mode {
        match self {
            Way::AuthMd => Mode::AuthMd,
            Way::OAuth(By::Browser) => Mode::OAuth,
            Way::OAuth(By::Device) => Mode::Device,
            Way::Enrol(Calls::MagicLink) => Mode::MagicLink,
            Way::Enrol(Calls::EmailCode) => Mode::EmailCode,
            Way::Enrol(Calls::Direct) => Mode::Direct,
            Way::Key => Mode::ApiKey,
        }
    }

    /// The way that leads to such a credential.
    pub fn of(mode: Mode) -> Self {
        Self::ALL.into_iter().find(|way| way.mode() == mode).unwrap_or_default()
    }
}

impl Discovery {
    /// The ways that a person can walk, the one for these surroundings first.
    pub fn ways(&self, surroundings: &Surroundings) -> Vec<Way> {
        let server = self.authorization();
        let auth_md = (self.auth_md_verdict() == Verdict::Signup).then_some(Way::AuthMd);
        let browser = server.and_then(|server| server.authorize.as_ref()).map(|_| Way::OAuth(By::Browser));
        let device = server.and_then(|server| server.device.as_ref()).map(|_| Way::OAuth(By::Device));
        let oauth = match surroundings.no_browser {
            Some(_) => [device, browser],
            None => [browser, device],
        };
        let enrolments = self.skill.iter().flat_map(|skill| &skill.enrolments).map(|it| Way::of(it.mode));
        let key = self.key_page().map(|_| Way::Key);
        auth_md.into_iter().chain(oauth.into_iter().flatten()).chain(enrolments).chain(key).collect()
    }

    /// The calls of the service's own that this way is made of.
    pub fn enrolment(&self, way: Way) -> Option<&Enrolment> {
        self.skill.as_ref()?.enrolments.iter().find(|enrolment| Way::of(enrolment.mode) == way)
    }

    /// The authorization server, where one can sign in with it.
    pub fn authorization(&self) -> Option<&Server> {
        self.authorization.as_ref()
    }

    /// Which server it is, and what it speaks.
    pub(super) fn server_in_words(&self) -> String {
        let host = self.authorization().map(|server| trust::authority(&server.token)).unwrap_or_default();
        match self.offer {
            Some(_) => format!("{host}, auth.md and OAuth"),
            None => format!("{host}, OAuth"),
        }
    }

    /// What can be told of auth.md alone.
    pub(super) fn auth_md_verdict(&self) -> Verdict {
        let Some(offer) = &self.offer else {
            return match &self.document {
                Some(_) => Verdict::Prose,
                None if self.is_refused() => Verdict::Refused,
                // Something is published, and no way to sign up with it.
                None if self.resource.is_some() || self.server_found => Verdict::Placeholder,
                None => Verdict::None,
            };
        };
        let begins = offer.begins();
        match offer.closed {
            // What was meant cannot be told from addresses that are not contacted.
            _ if !begins && !offer.unusable.is_empty() => Verdict::Refused,
            Some(Closed::AgentsOnly) => Verdict::AgentOnly,
            Some(Closed::Placeholder | Closed::OAuthRegistration | Closed::NoCredential) => Verdict::Placeholder,
            None if begins => Verdict::Signup,
            // No more than where it is explained.
            None if self.document.is_some() => Verdict::Prose,
            None => Verdict::Placeholder,
        }
    }

    fn is_refused(&self) -> bool {
        self.findings.iter().any(|finding| finding.level == Level::Refused)
    }

    /// Takes the server that is published at `place`, if one can sign in with it and it is the one that was asked for.
    pub(super) fn consider(&mut self, server: Server, place: &Url) {
        let issuers = self.issuers_of(place);
        // One that the resource does not name is none of its own.
        if self.authorization.is_some() || issuers.is_empty() {
            return;
        }
        match self.fitting(server, &issuers) {
            Ok(server) => {
                self.authorization = Some(server);
                self.unfit = None;
            }
            Err(finding) => self.unfit = self.unfit.take().or(Some(finding)),
        }
    }

    /// The server without what is out of reach, or why nobody signs in with it.
    fn fitting(&self, server: Server, issuers: &[String]) -> Result<Server, Finding> {
        let refuse = |code, message: String| Err(Finding::new(Level::Refused, code, message));
        let named = server.issuer.as_deref().unwrap_or_default();
        if !issuers.iter().any(|issuer| issuer == named) {
            let asked = issuers.first().map(|issuer| trust::clean(issuer, 80)).unwrap_or_default();
            let named = trust::clean(named, 80);
            return refuse(
                "oauth_issuer_differs",
                format!("OAuth is not offered: {asked} was asked for, and the metadata names {named} (RFC 8414, 3.3)."),
            );
        }
        if let Err(elsewhere) = self.named_resource() {
            return refuse(
                "oauth_resource_elsewhere",
                format!(
                    "OAuth is not offered: its metadata is about {elsewhere}. Ask for that address to sign in there."
                ),
            );
        }
        if self.resource.is_none() && server.is_for_login_only() {
            return Err(Finding::new(
                Level::Info,
                "oauth_login_only",
                "Its OAuth server only says who somebody is; nothing says that the API takes its tokens.",
            ));
        }
        let usable = |url: &Url| trust::within(url, self.target.reach).is_ok();
        if !usable(&server.token) {
            let token = trust::clean(server.token.as_str(), 100);
            return refuse("oauth_endpoint_unsafe", format!("OAuth is not offered: {token} is not contacted."));
        }
        let server = Server {
            authorize: server.authorize.filter(usable),
            device: server.device.filter(usable),
            register: server.register.filter(usable),
            revoke: server.revoke.filter(usable),
            ..server
        };
        match (&server.authorize, &server.device) {
            (None, None) if server.lacks_pkce => {
                // Who cannot be known there could not sign in either way.
                let level = if server.register.is_some() { Level::Refused } else { Level::Warning };
                Err(Finding::new(
                    level,
                    "oauth_without_pkce",
                    "OAuth is not offered: the server does not say that it checks S256 proofs (RFC 7636), so a stolen code would do.",
                ))
            }
            (None, None) => {
                refuse("oauth_endpoint_unsafe", "OAuth is not offered: its addresses are not contacted.".into())
            }
            _ => Ok(server),
        }
    }

    /// The issuers whose metadata may stand there, letter by letter.
    fn issuers_of(&self, place: &Url) -> Vec<String> {
        let named: Vec<_> = self.resource.iter().flat_map(|(_, metadata)| &metadata.servers).collect();
        if !named.is_empty() {
            let there = |issuer: &&&Issuer| super::places::server_metadata(&issuer.url).contains(place);
            return named.iter().filter(there).map(|issuer| issuer.name.clone()).collect();
        }
        if let Some(server) = &self.challenge_server
            && super::places::server_metadata(server).contains(place)
        {
            return super::places::issuers_at(server);
        }
        // Nobody has named one: it is what was asked for, or its origin.
        let start = &self.target.start;
        let origin = start.origin().ascii_serialization();
        vec![origin.clone(), format!("{origin}/"), start.as_str().trim_end_matches('/').to_owned(), start.to_string()]
    }

    /// The resource that tokens are asked for (RFC 8707): as it was published, or what was asked for. The wrong one is the
    /// error: who publishes the metadata may speak for its own origin only.
    pub fn named_resource(&self) -> Result<String, String> {
        let start = &self.target.start;
        let Some((_, metadata)) = &self.resource else {
            let asked = self.service().resource;
            // A skill names it; what somebody typed is named without the slash that every host has.
            let is_bare = self.skill.is_none() && start.path() == "/";
            return Ok(if is_bare { asked.trim_end_matches('/').to_owned() } else { asked });
        };
        let Some(published) = metadata.resource.as_deref() else {
            return Ok(self.service().resource);
        };
        match Url::parse(published) {
            Ok(url) if url.origin() == start.origin() && trust::is_uri(published) => Ok(published.to_owned()),
            _ => Err(trust::clean(published, 100)),
        }
    }

    /// What is asked for: what the challenge names, else what the resource's metadata lists (and what gets a refresh token,
    /// where the server knows that).
    pub fn wanted_scopes(&self) -> Vec<String> {
        let listed =
            || self.resource.as_ref().map(|(_, metadata)| metadata.sendable_scopes.clone()).unwrap_or_default();
        let described = || self.skill.as_ref().and_then(|skill| Some(skill.server.as_ref()?.scopes.clone()));
        let mut scopes = self.challenge_scopes.clone().or_else(described).unwrap_or_else(listed);
        let offline = self.authorization().is_some_and(|server| server.scopes.iter().any(|scope| scope == OFFLINE));
        if offline && !scopes.is_empty() && !scopes.iter().any(|scope| scope == OFFLINE) {
            scopes.push(OFFLINE.to_owned());
        }
        scopes
    }
}

impl Offer {
    /// Does it name a place where a person can begin?
    pub(super) fn begins(&self) -> bool {
        self.register.is_some() || self.starts == [Start::Claim]
    }
}

/// The scopes of a challenge (RFC 6750, section 3).
pub(super) fn challenged_scopes(header: &str) -> Option<Vec<String>> {
    let scope = challenge_parameter(header, "scope")?;
    let scopes = sendable_scopes(scope.split_whitespace().map(str::to_owned).collect());
    (!scopes.is_empty()).then_some(scopes)
}
