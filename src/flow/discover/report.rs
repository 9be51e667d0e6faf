//! What discovery found, as a verdict with its reasons.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use url::Url;

use super::{By, Discovery, Trouble, Way, no_answer};
use crate::flow::wire::authorization::Server;
use crate::flow::wire::{Closed, Offer, Start};
use crate::flow::{Seen, SkillFile};
use crate::problem::{Kind, Problem};
use crate::skill::{Enrolment, KeyPage, Skill, Source, catalogue};
use crate::{trust, when};

/// Clocks differ by so much without harm.
const TOLERATED_SKEW: SignedDuration = SignedDuration::from_secs(30);

/// The service as a person is shown it.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    pub name: String,
    /// Letter by letter as published; credentials are kept under it.
    pub resource: String,
    pub logo: Option<Url>,
    /// Every host that a sign-up would talk to, the resource's first.
    pub hosts: Vec<String>,
    pub scopes: Vec<String>,
}

/// Can a person sign up here?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Signup,
    AgentOnly,
    Prose,
    Placeholder,
    None,
    Refused,
}

impl Verdict {
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Signup => "signup",
            Verdict::AgentOnly => "agent_only",
            Verdict::Prose => "prose",
            Verdict::Placeholder => "placeholder",
            Verdict::None => "none",
            Verdict::Refused => "refused",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Info,
    Warning,
    Refused,
}

impl Level {
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Refused => "refused",
        }
    }
}

/// What a host is sent, as the person is told beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    Registration,
    RegistrationWithAddress,
    Address,
    Code,
    Exchange,
    PuzzleRequest,
    Credential,
    SignIn,
    ClientRegistration,
    CodeRequest,
    Redeemed,
    Typed,
}

impl Sent {
    pub fn words(self) -> &'static str {
        match self {
            Sent::Registration => "a registration",
            Sent::RegistrationWithAddress => "a registration with your e-mail address",
            Sent::Address => "your e-mail address",
            Sent::Code => "the code that you type",
            Sent::Exchange => "what is exchanged for the credential",
            Sent::PuzzleRequest => "a request for a puzzle",
            Sent::Credential => "the credential, when you revoke it",
            Sent::SignIn => "your browser, to sign in",
            Sent::ClientRegistration => "a registration of this program",
            Sent::CodeRequest => "a request for a code",
            Sent::Redeemed => "what comes of the sign-in, for tokens",
            Sent::Typed => "what you type to sign up",
        }
    }
}

/// Something worth knowing about what the service publishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub level: Level,
    pub code: &'static str,
    pub message: String,
}

impl Finding {
    pub fn new(level: Level, code: &'static str, message: impl Into<String>) -> Self {
        Self { level, code, message: message.into() }
    }
}

fn told_by_enrolment(enrolment: &Enrolment) -> Vec<(Option<&Url>, Sent)> {
    let calls = enrolment.steps.iter().map(|step| (step.template.url(), Sent::Typed));
    calls.chain(enrolment.end.iter().map(|end| (end.template.url(), Sent::Credential))).collect()
}

fn told_by_oauth(server: &Server, by: By) -> Vec<(Option<&Url>, Sent)> {
    let page = server.authorize.as_ref().filter(|_| by == By::Browser);
    vec![
        (page, Sent::SignIn),
        (server.register.as_ref(), Sent::ClientRegistration),
        (Some(&server.token).filter(|_| by == By::Browser), Sent::Redeemed),
        // Who begins in a browser may change over to a code.
        (server.device.as_ref(), Sent::CodeRequest),
        (Some(server.polled()).filter(|_| server.device.is_some()), Sent::Redeemed),
        (server.revoke.as_ref(), Sent::Credential),
    ]
}

impl Discovery {
    /// Why the skill could not be read.
    pub fn unread(&self) -> Option<Problem> {
        self.unreadable.clone()
    }

    /// The skill as it was read.
    pub fn skill_file(&self) -> Option<&SkillFile> {
        self.file.as_deref()
    }

    pub fn skill(&self) -> Option<&Skill> {
        self.skill.as_deref()
    }

    pub(super) fn has_enrolments(&self) -> bool {
        self.skill.as_ref().is_some_and(|skill| !skill.enrolments.is_empty())
    }

    /// Where a person makes a key.
    pub fn key_page(&self) -> Option<&KeyPage> {
        self.skill.as_ref()?.key.as_ref()
    }

    /// Who this program is to the server, as the skill says.
    pub fn named_client(&self) -> Option<&str> {
        let skill = self.skill.as_ref()?;
        let server = self.authorization()?;
        let knows_it = skill.issuer.is_none() || skill.issuer == server.issuer;
        skill.client_id.as_deref().filter(|_| knows_it)
    }

    pub fn service(&self) -> Service {
        let start = &self.target.start;
        let metadata = self.resource.as_ref().map(|(_, metadata)| metadata);
        let resource = self.trusted_resource();
        let described = || self.skill.as_ref().map(|skill| skill.name.clone());
        let name = described().or_else(|| metadata.and_then(|metadata| metadata.name.clone())).unwrap_or_else(|| {
            Url::parse(&resource).map_or_else(|_| trust::authority(start), |url| trust::authority(&url))
        });
        let mut hosts: Vec<String> = Vec::new();
        let resource_url = Url::parse(&resource).ok();
        for url in resource_url.iter().chain(Way::ALL.into_iter().flat_map(|way| self.told(way)).map(|(url, _)| url)) {
            let host = trust::authority(url);
            if !hosts.contains(&host) {
                hosts.push(host);
            }
        }
        let from_resource = metadata.map(|metadata| metadata.scopes.clone()).unwrap_or_default();
        let scopes = if from_resource.is_empty() {
            self.offer.as_ref().map(|offer| offer.scopes.clone()).unwrap_or_default()
        } else {
            from_resource
        };
        Service { name, resource, logo: metadata.and_then(|metadata| metadata.logo.clone()), hosts, scopes }
    }

    /// A resource may only speak for its own site (RFC 9728, section 7.3): else one service could put its credential in the
    /// place of another's. It is kept and shown letter by letter, so that every reader has to understand it alike.
    fn trusted_resource(&self) -> String {
        if let (Some(skill), None) = (&self.skill, &self.resource) {
            return skill.resource.to_string();
        }
        let origin = || format!("{}/", self.target.start.origin().ascii_serialization());
        let Some(published) = self.resource.as_ref().and_then(|(_, metadata)| metadata.resource.as_deref()) else {
            // Nobody has given it a name of its own: it is what was asked for.
            let mut asked = self.target.start.clone();
            asked.set_query(None);
            asked.set_fragment(None);
            return if self.resource.is_none() { asked.into() } else { origin() };
        };
        match Url::parse(published) {
            Ok(url)
                if trust::same_site(&url, &self.target.start)
                    && trust::endpoint_from(&url, &self.target.start).is_ok()
                    && trust::is_uri(published) =>
            {
                published.to_owned()
            }
            _ => origin(),
        }
    }

    /// Who is told what on this way, the person's browser included.
    fn told(&self, way: Way) -> Vec<(&Url, Sent)> {
        let told = match way {
            Way::AuthMd => self.told_by_auth_md(),
            Way::OAuth(by) => self.authorization().map(|server| told_by_oauth(server, by)),
            Way::Enrol(_) => self.enrolment(way).map(told_by_enrolment),
            // The person goes there, and nobody else.
            Way::Key => None,
        };
        told.into_iter().flatten().filter_map(|(url, sent)| Some((url?, sent))).collect()
    }

    /// Where the claim is not published it is told by the answer to the registration, and so on.
    fn told_by_auth_md(&self) -> Option<Vec<(Option<&Url>, Sent)>> {
        let offer = self.offer.as_ref()?;
        let named = offer.starts.iter().any(|start| matches!(start, Start::VerifiedEmail | Start::ServiceAuth));
        let claim = offer.claim.as_ref().or(offer.register.as_ref());
        Some(vec![
            (offer.register.as_ref(), if named { Sent::RegistrationWithAddress } else { Sent::Registration }),
            (claim, Sent::Address),
            (offer.complete.as_ref().or(claim), Sent::Code),
            (offer.token.as_ref(), Sent::Exchange),
            (offer.challenge.as_ref(), Sent::PuzzleRequest),
            (offer.revocation.url(), Sent::Credential),
        ])
    }

    /// The hosts that the ceremony sends the e-mail address to.
    pub fn hosts_of_the_address(&self) -> Vec<String> {
        let told = self.told(Way::AuthMd).into_iter();
        let address = told.filter(|(_, sent)| matches!(sent, Sent::Address | Sent::RegistrationWithAddress));
        let mut hosts: Vec<String> = address.map(|(url, _)| trust::authority(url)).collect();
        hosts.sort();
        hosts.dedup();
        hosts
    }

    /// Hosts that would be told something although they belong to another registrable domain than the one asked for.
    pub fn foreign_hosts(&self, way: Way) -> Vec<String> {
        let foreign = |url: &&Url| !trust::same_site(url, &self.target.start);
        let mut hosts: Vec<String> =
            self.told(way).into_iter().map(|(url, _)| url).filter(foreign).map(trust::authority).collect();
        hosts.sort();
        hosts.dedup();
        hosts
    }

    /// Where the resource is, if it is of another domain than those that sign up for it.
    pub fn resource_apart(&self) -> Option<String> {
        let resource = Url::parse(&self.trusted_resource()).ok()?;
        let offer = self.offer.as_ref()?;
        let hands_out = [&offer.register, &offer.claim, &offer.token];
        let elsewhere = hands_out.into_iter().flatten().any(|url| !trust::same_site(url, &resource));
        elsewhere.then(|| trust::authority(&resource))
    }

    /// That the clocks differ by more than goes unnoticed, in words: moments that the service names are off by as much.
    pub fn clock_skew(&self) -> Option<String> {
        let offset = self.clock.filter(|offset| offset.abs() > TOLERATED_SKEW)?;
        let side = if offset.is_positive() { "behind" } else { "ahead of" };
        let name = trust::authority(&self.target.start);
        Some(format!("The clock here is {} {side} that of {name}; set it right.", when::rough(offset.abs())))
    }

    /// What a sign-up would send to a host, and what a revocation would.
    pub fn sent_to(&self, host: &str, way: Way) -> Vec<Sent> {
        self.told(way).into_iter().filter(|(url, _)| trust::authority(url) == host).map(|(_, sent)| sent).collect()
    }

    /// The resource letter by letter as it was published, where it may be believed (RFC 8707 wants it so).
    pub fn resource_as_published(&self) -> Option<&str> {
        let published = self.resource.as_ref().and_then(|(_, metadata)| metadata.resource.as_deref())?;
        (published == self.trusted_resource()).then_some(published)
    }

    pub fn offer(&self) -> Option<&Offer> {
        self.offer.as_ref()
    }

    /// The resource turned a caller without a credential away.
    pub fn is_guarded(&self) -> Option<bool> {
        // What was asked first may be a page beside the resource; then nothing is known of the resource itself.
        let resource = Url::parse(&self.trusted_resource()).ok();
        let asked_resource = self.asked_start() && resource.as_ref() == Some(&self.target.start);
        asked_resource.then_some(self.challenged)
    }

    /// What was asked first turned a caller without a credential away.
    pub fn is_start_guarded(&self) -> Option<bool> {
        self.asked_start().then_some(self.challenged)
    }

    /// Was the service asked at its own address, rather than something told what it offers?
    fn asked_start(&self) -> bool {
        self.target.metadata.is_none() && !self.tried.is_empty()
    }

    pub fn verdict(&self) -> Verdict {
        let refused = self.unfit.as_ref().is_some_and(|finding| finding.level == Level::Refused);
        match self.auth_md_verdict() {
            _ if self.authorization.is_some() || self.key_page().is_some() || self.has_enrolments() => Verdict::Signup,
            // There is something, and it is not safe.
            Verdict::Placeholder | Verdict::None if refused => Verdict::Refused,
            verdict => verdict,
        }
    }

    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = self.findings.clone();
        findings.extend(self.unfit.clone());
        let published = self.resource.as_ref().and_then(|(_, metadata)| metadata.resource.as_deref());
        if let Some(published) = published.filter(|published| *published != self.trusted_resource()) {
            findings.push(Finding::new(
                Level::Warning,
                "resource_elsewhere",
                format!(
                    "The metadata speaks for {}, which is no address of its own site; {} is used instead.",
                    trust::clean(published, 80),
                    self.trusted_resource()
                ),
            ));
        }
        if self.file.as_ref().is_some_and(|file| matches!(file.seen, Seen::Otherwise(_))) {
            let message = "The skill is not as it was when it was used last; a sign-up shows what has changed.";
            findings.push(Finding::new(Level::Warning, "skill_changed", message));
        }
        if let Some(known) = self.known_skill() {
            findings.push(Finding::new(
                Level::Info,
                "skill_known",
                format!("This program comes with a skill for it: authmd-tui add {known}"),
            ));
        }
        if self.skill.as_ref().is_some_and(|skill| skill.optional) {
            let message = "The service can be used without a credential, too; with one it does more.";
            findings.push(Finding::new(Level::Info, "optional", message));
        }
        for unrun in self.skill.iter().flat_map(|skill| &skill.unrun) {
            let message = format!("The skill's {} is not run here: {}.", unrun.name, unrun.why);
            findings.push(Finding::new(Level::Info, "not_run", message));
        }
        if let Some(words) = self.clock_skew() {
            findings.push(Finding::new(Level::Warning, "clock_skew", words));
        }
        let foreign: BTreeSet<String> = Way::ALL.into_iter().flat_map(|way| self.foreign_hosts(way)).collect();
        for host in foreign {
            findings.push(Finding::new(
                Level::Warning,
                "foreign_host",
                format!("Sign-up would send data to {host}, another domain than the one asked for."),
            ));
        }
        let Some(offer) = &self.offer else {
            if self.verdict() == Verdict::None {
                let told =
                    |(place, answer): (String, &str)| Finding::new(Level::Info, "tried", format!("{place}: {answer}"));
                findings.extend(self.tried().map(told));
            }
            return findings;
        };
        findings.extend(offer.unusable.iter().map(|url| {
            Finding::new(Level::Refused, "unsafe_endpoint", format!("It names {url}, which is not contacted."))
        }));
        if offer.starts_presumed {
            findings.push(Finding::new(
                Level::Info,
                "types_not_listed",
                "It does not say how it registers people; without a name will be tried.",
            ));
        }
        match offer.closed {
            Some(Closed::OAuthRegistration) => findings.push(Finding::new(
                Level::Info,
                "oauth_registration",
                "Its registration is OAuth client registration under another name.",
            )),
            Some(Closed::NoCredential) => findings.push(Finding::new(
                Level::Info,
                "no_credential",
                "It makes accounts for people and hands out no credential.",
            )),
            Some(Closed::AgentsOnly | Closed::Placeholder) | None => {}
        }
        findings
    }

    /// A skill of this site that the program comes with, where none was named.
    pub fn known_skill(&self) -> Option<Source> {
        catalogue::of_site(&self.target.start).filter(|_| self.skill.is_none())
    }

    /// The ways to sign up, in the order in which they are tried.
    pub fn starts(&self) -> &[Start] {
        match (&self.offer, self.auth_md_verdict()) {
            (Some(offer), Verdict::Signup) => &offer.starts,
            _ => &[],
        }
    }

    /// What should have told did not answer, so that nothing is known of what is offered.
    pub fn unreachable(&self) -> Option<Problem> {
        let (url, trouble) = self.trouble.as_ref().filter(|_| self.offer.is_none() && self.authorization.is_none())?;
        let name = trust::authority(url);
        Some(match trouble {
            Trouble::NoAnswer(error) => no_answer(&name, error),
            Trouble::Status(status) => Problem::new(
                Kind::Unreachable,
                format!("{name} is in trouble ({status})."),
                "Wait a while, then try again.",
            ),
        })
    }

    /// Why nobody can sign up here, and what the person can do instead.
    pub fn obstacle(&self) -> Option<Problem> {
        if let Some(problem) = self.unread().or_else(|| self.unreachable()) {
            return Some(problem);
        }
        if let (Some(skill), Verdict::Placeholder | Verdict::None) = (&self.skill, self.verdict()) {
            let what =
                format!("The skill says no way to sign up, and {} publishes none.", trust::authority(&skill.resource));
            let hint = "Add a signup block, or auth of type oauth2 with a token_url. To paste a key: --mode api_key";
            return Some(Problem::new(Kind::ServiceRefused, what, hint));
        }
        let name = self.service().name;
        let site = format!("{}/", self.target.start.origin().ascii_serialization());
        let (kind, what, hint) = match self.verdict() {
            Verdict::Signup => return None,
            Verdict::AgentOnly => (
                Kind::ServiceRefused,
                format!("{name} only takes agents that their platform vouches for; this program signs up people."),
                format!("Sign up on its web site, {site}, or through an agent platform it trusts."),
            ),
            Verdict::Prose => (
                Kind::ServiceRefused,
                format!("{name} explains its sign-up in words only; there is nothing here that a program can walk."),
                match &self.document_place {
                    Some(place) => format!("Read {place} and follow it."),
                    None => format!("Look on {site}."),
                },
            ),
            Verdict::Placeholder => {
                let what = match self.offer.as_ref().map(|offer| offer.closed) {
                    Some(Some(Closed::OAuthRegistration)) => {
                        "registers programs by OAuth, under the names of auth.md, and publishes no whole OAuth server"
                    }
                    Some(Some(Closed::NoCredential)) => "makes accounts for people, and hands out no credential",
                    None => "publishes metadata, and no sign-up for people in it",
                    Some(_) => "publishes sign-up metadata with nothing behind it",
                };
                (Kind::ServiceRefused, format!("{name} {what}."), format!("Look for an API key page on {site}."))
            }
            Verdict::None => (
                Kind::ServiceRefused,
                format!(
                    "{} publishes no sign-up: no protected resource, no authorization server, no auth.md.",
                    trust::authority(&self.target.start)
                ),
                "Check the address; the API's own host is often api.NAME.".to_owned(),
            ),
            Verdict::Refused => (
                Kind::Unsafe,
                self.findings().iter().find(|finding| finding.level == Level::Refused).map_or_else(
                    || format!("{name} names addresses that are not contacted."),
                    |finding| finding.message.clone(),
                ),
                "Nothing was sent there. Tell the service to publish https addresses of its own.".to_owned(),
            ),
        };
        let known = self.known_skill().map(|known| format!("This program has a skill for it: authmd-tui add {known}"));
        Some(Problem::new(kind, what, known.unwrap_or(hint)))
    }
}
