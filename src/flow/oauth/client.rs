//! Who this program is to the server: known beforehand, by a document about it, registered by itself (RFC 7591), or named by
//! the person. In this order; it never says that it is another program.

use jiff::Timestamp;
use url::Url;

use super::{Next, OAuth, Question, Stage};
use crate::account::{Authentication, Client, Identity};
use crate::flow::Effect;
use crate::flow::discover::By;
use crate::flow::wire::authorization::{self, Registered};
use crate::flow::wire::{Asking, Meaning, Step};
use crate::http::{HttpError, Response};
use crate::problem::{Kind, Problem};
use crate::secret::Secret;
use crate::trust;

/// The names of this machine: some servers take only the one, some only the other (RFC 8252, sections 7.3 and 8.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Host {
    #[default]
    Address,
    Name,
}

impl Host {
    /// The one of an address that was used before.
    pub fn of(redirect: Option<&Url>) -> Self {
        match redirect.and_then(Url::host_str) {
            Some("localhost") => Host::Name,
            _ => Host::Address,
        }
    }
}

/// What a registration is made with; each rung is tried once.
#[derive(Debug, Default)]
pub struct Ladder {
    pub host: Host,
    tried_other_redirect: bool,
    by: usize,
}

impl Ladder {
    pub fn beginning_with(host: Host) -> Self {
        Self { host, ..Self::default() }
    }
}

/// Where an identity may come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Source {
    /// From anywhere, in the usual order.
    #[default]
    Anywhere,
    /// The server is to register this program, whoever else it was said to be.
    Registration,
    /// The person names it.
    Person,
}

/// What can be done about a client that the server does not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Correction {
    Secret,
    Name,
    Register,
    Stop,
}

impl OAuth {
    /// The port that this program has brought the answer to before: many servers take no other.
    pub(super) fn port_before(&self) -> Option<u16> {
        let of = |identity: &Identity| identity.client.redirect.as_ref().and_then(Url::port);
        let former = || self.wanted.former.as_ref().and_then(of);
        let wanted = || self.wanted.server.redirect().and_then(Url::port);
        self.identity.as_ref().and_then(of).or(self.port).or_else(former).or_else(wanted)
    }

    /// Where the browser brings the answer.
    pub(super) fn redirect(&self) -> Option<Url> {
        let port = self.listening.as_ref()?.port;
        let host = match self.registering.host {
            Host::Address => "127.0.0.1",
            Host::Name => "localhost",
        };
        let path = self.wanted.server.redirect().map_or("/callback", Url::path);
        Url::parse(&format!("http://{host}:{port}{path}")).ok()
    }

    /// Settles who this program is, then goes on with the sign-in.
    pub(super) fn identify(&mut self) -> Next {
        if !self.wanted.server.wants_client() {
            return self.go_on();
        }
        let redirect = self.redirect();
        // What was registered with another address would be turned away.
        let holds = |client: &Client| !client.registered || redirect.is_none() || client.redirect == redirect;
        match self.identity.take().filter(|identity| holds(&identity.client)) {
            Some(mut identity) => {
                if !identity.client.registered {
                    identity.client.redirect = redirect.or(identity.client.redirect);
                }
                self.identity = Some(identity);
            }
            None if self.source == Source::Anywhere => self.identity = self.known_identity(redirect.as_ref(), holds),
            None => {}
        }
        if self.identity.is_some() {
            return self.go_on();
        }
        match self.registration().filter(|_| self.source != Source::Person) {
            Some(effect) => {
                (self.stage, self.posted) = (Stage::Registering, true);
                Next::Do(effect)
            }
            None => {
                self.stage = Stage::AskingClient;
                Next::Wait
            }
        }
    }

    /// Who this program is there without anybody being asked.
    fn known_identity(&mut self, redirect: Option<&Url>, holds: impl Fn(&Client) -> bool) -> Option<Identity> {
        let (server, clients) = (&self.wanted.server, &self.wanted.clients);
        let named = |id: &str| {
            let issuer = server.issuer.clone();
            Some(Identity::from(Client { issuer, redirect: redirect.cloned(), ..Client::named(id) }))
        };
        let at_issuer = || clients.at(server.issuer.as_deref()?);
        if let Some(id) = self.wanted.client_id.as_deref().or_else(at_issuer) {
            return named(id);
        }
        let former = self.wanted.former.take().filter(|Identity { client, secret, .. }| {
            // One that cannot prove itself any more would be turned away after the person has signed in.
            let proves = !client.registered || client.authentication == Authentication::None || secret.is_some();
            // A secret is for the server that is known to have given it.
            let is_theirs = client.issuer == server.issuer && (client.issuer.is_some() || secret.is_none());
            is_theirs && holds(client) && proves
        });
        let document = clients.document.as_ref().filter(|_| server.takes_documents);
        former.or_else(|| named(document?.as_str()))
    }

    fn registration(&self) -> Option<Effect> {
        let server = &self.wanted.server;
        let by = *server.authentication.get(self.registering.by)?;
        // Some register nobody without a redirect, though a code for a browser anywhere needs none.
        let nowhere = || Url::parse("http://127.0.0.1/callback").ok().filter(|_| self.registering.tried_other_redirect);
        let redirect = self.redirect().or_else(nowhere);
        let request = authorization::registration_request(server.register.as_ref()?, server, redirect.as_ref(), by);
        Some(Effect::Http(request))
    }

    pub(super) fn registered(&mut self, answer: Result<Response, HttpError>, now: Timestamp) -> Next {
        let response = match answer {
            Ok(response) => response,
            Err(error) => return self.no_answer(&error),
        };
        let Some(base) = self.wanted.server.register.clone() else {
            return Next::Wait;
        };
        let refusal = match authorization::registered(&response, &base, now) {
            Ok(Registered { id, authentication, secret, expires_at }) => {
                let issuer = self.wanted.server.issuer.clone();
                let client = Client { id, authentication, issuer, redirect: self.redirect(), registered: true };
                self.identity = Some(Identity { client, secret, expires_at });
                return self.go_on();
            }
            Err(refusal) => refusal,
        };
        let more_ways = self.registering.by + 1 < self.wanted.server.authentication.len();
        match refusal.meaning {
            // It may know this machine by its other name only, or want to be told of one at all.
            Meaning::RedirectRefused if !self.registering.tried_other_redirect => {
                self.registering.tried_other_redirect = true;
                self.other_host();
                self.identify()
            }
            Meaning::ClientRefused if more_ways => {
                self.registering.by += 1;
                self.identify()
            }
            Meaning::Unavailable | Meaning::RateLimited | Meaning::Unreadable => {
                let problem = self.told(refusal, Step::ClientRegistration);
                self.ask(Question::Again(problem))
            }
            // It does not register strangers: who was told a client id may name it.
            _ => {
                self.problem = Some(self.told(refusal, Step::ClientRegistration));
                self.turned_away = true;
                self.stage = Stage::AskingClient;
                Next::Wait
            }
        }
    }

    pub(super) fn other_host(&mut self) {
        self.registering.host = match self.registering.host {
            Host::Address => Host::Name,
            Host::Name => Host::Address,
        };
    }

    pub(super) fn client_typed(&mut self, typed: &Secret) -> Next {
        let id = typed.expose().trim();
        if !trust::is_word(id) || id.len() > Client::LONGEST_ID {
            self.problem = Some(Problem::new(
                Kind::Usage,
                "That is not a client id: it is one word.",
                "Copy it from the page where you registered the client.",
            ));
            return Next::Wait;
        }
        let issuer = self.wanted.server.issuer.clone();
        let client = Client { issuer, redirect: self.redirect(), ..Client::named(id) };
        self.identity = Some(Identity::from(client));
        self.go_on()
    }

    /// The server knows the client, and wants proof: what was asked for is asked for once more, with it.
    pub(super) fn secret_typed(&mut self, typed: &Secret) -> Next {
        let secret = typed.expose().trim();
        if !trust::is_word(secret) {
            let what = "That is not a client secret: it is one word.";
            self.problem = Some(Problem::new(Kind::Usage, what, "Copy it from the page of the client."));
            return Next::Wait;
        }
        let ways = &self.wanted.server.authentication;
        let by = ways.iter().copied().find(|way| *way != Authentication::None).unwrap_or(Authentication::Basic);
        if let Some(identity) = &mut self.identity {
            identity.secret = Some(Secret::new(secret));
            identity.client.authentication = by;
        }
        self.begin()
    }

    /// The server does not know the client. One of our own is registered anew, once; else only the person can help.
    pub(super) fn client_unknown(&mut self, problem: Problem) -> Next {
        let ours = self.identity.as_ref().is_some_and(|identity| identity.client.registered);
        if ours && !self.registered_anew {
            self.registered_anew = true;
            self.identity = None;
            return self.begin();
        }
        self.ask(Question::Client(problem))
    }

    /// The server's page has told the person that it does not know the client.
    pub(super) fn client_disowned(&self) -> Problem {
        Problem::new(
            Kind::ServiceRefused,
            format!("{} does not take the client {}.", self.server_name(), self.client_named()),
            "Register a client there as a native app, and name it here.",
        )
    }

    /// What can be done about a client that is not taken, in the order in which it is offered.
    pub(super) fn corrections(&self) -> Vec<Correction> {
        let ours = self.identity.as_ref().is_some_and(|identity| identity.client.registered);
        // A skill says nothing of secrets.
        let has_no_secret = ours || self.wanted.server.spelling.is_some();
        let may_register = self.wanted.server.register.is_some() && !ours && !self.turned_away;
        let secret = (!has_no_secret).then_some(Correction::Secret);
        let register = may_register.then_some(Correction::Register);
        secret.into_iter().chain([Correction::Name]).chain(register).chain([Correction::Stop]).collect()
    }

    pub(super) fn correction_picked(&mut self, picked: usize, problem: Problem) -> Next {
        let source = match self.corrections().get(picked) {
            Some(Correction::Secret) => {
                self.stage = Stage::AskingSecret;
                return Next::Wait;
            }
            Some(Correction::Name) => Source::Person,
            Some(Correction::Register) => Source::Registration,
            Some(Correction::Stop) => return Next::Over(problem),
            None => return Next::Wait,
        };
        (self.source, self.identity) = (source, None);
        self.begin()
    }

    pub(super) fn asking(&self) -> Asking<'_> {
        Asking { client: self.identity.as_ref(), resource: self.resource() }
    }

    fn go_on(&mut self) -> Next {
        match self.wanted.by {
            By::Device => self.start(),
            By::Browser => self.open_link(),
        }
    }
}
