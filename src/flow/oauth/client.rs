//! Who this program is to the server: known beforehand, by a document about it, registered by itself (RFC 7591), or named by
//! the person. In this order; it never says that it is another program.

use jiff::Timestamp;
use url::Url;

use super::{Next, OAuth, Question, Stage};
use crate::account::{Authentication, Client};
use crate::flow::Effect;
use crate::flow::discover::By;
use crate::flow::wire::authorization::{self, Registered};
use crate::flow::wire::{Asking, Identified, Meaning, Step};
use crate::http::{HttpError, Response};
use crate::problem::{Kind, Problem};
use crate::secret::Secret;
use crate::trust;

/// Longer than any client id.
const LONGEST: usize = 400;

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

impl OAuth {
    /// The port that this program has brought the answer to before: many servers take no other.
    pub(super) fn port_before(&self) -> Option<u16> {
        let now = self.listening.as_ref().map(|listening| listening.port);
        let redirect = |client: &Client| client.redirect.as_ref().and_then(Url::port);
        let former = self.wanted.former.as_ref().map(|(client, ..)| client);
        self.client.as_ref().and_then(redirect).or(now).or_else(|| former.and_then(redirect))
    }

    /// Where the browser brings the answer.
    pub(super) fn redirect(&self) -> Option<Url> {
        let port = self.listening.as_ref()?.port;
        let host = match self.registering.host {
            Host::Address => "127.0.0.1",
            Host::Name => "localhost",
        };
        Url::parse(&format!("http://{host}:{port}/callback")).ok()
    }

    /// Settles who this program is, then goes on with the sign-in.
    pub(super) fn identify(&mut self) -> Next {
        let redirect = self.redirect();
        // What was registered with another address would be turned away.
        let holds = |client: &Client| !client.registered || redirect.is_none() || client.redirect == redirect;
        if self.client.as_ref().is_some_and(holds) {
            if let (Some(client), Some(redirect)) = (self.client.as_mut().filter(|client| !client.registered), redirect)
            {
                client.redirect = Some(redirect);
            }
            return self.go_on();
        }
        (self.client, self.client_secret, self.client_expires_at) = (None, None, None);
        let issuer = &self.wanted.server.issuer;
        let known = |id: &str| Client { issuer: Some(issuer.clone()), redirect: redirect.clone(), ..Client::named(id) };
        if let Some((_, id)) = self.wanted.clients.known.iter().find(|(known, _)| known == issuer) {
            self.client = Some(known(id));
            return self.go_on();
        }
        let former = self.wanted.former.take().filter(|(client, secret, _)| {
            // One that cannot prove itself any more would be turned away after the person has signed in.
            let proves = !client.registered || client.authentication == Authentication::None || secret.is_some();
            client.issuer.as_ref() == Some(issuer) && holds(client) && proves
        });
        if let Some((client, secret, expires_at)) = former {
            (self.client, self.client_secret, self.client_expires_at) = (Some(client), secret, expires_at);
            return self.go_on();
        }
        if let Some(document) = self.wanted.clients.document.as_ref().filter(|_| self.wanted.server.takes_documents) {
            self.client = Some(known(document.as_str()));
            return self.go_on();
        }
        match self.registration() {
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
                self.client = Some(Client {
                    id,
                    authentication,
                    issuer: Some(self.wanted.server.issuer.clone()),
                    redirect: self.redirect(),
                    registered: true,
                });
                (self.client_secret, self.client_expires_at) = (secret, expires_at);
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
        let is_one_word = !id.is_empty() && !id.contains(char::is_whitespace) && !trust::has_invisible(id);
        if !is_one_word || id.len() > LONGEST {
            self.problem = Some(Problem::new(
                Kind::Usage,
                "That is not a client id: it is one word.",
                "Copy it from the page where you registered the client.",
            ));
            return Next::Wait;
        }
        let issuer = Some(self.wanted.server.issuer.clone());
        self.client = Some(Client { issuer, redirect: self.redirect(), ..Client::named(id) });
        self.go_on()
    }

    /// The server knows the client, and wants proof: what was asked for is asked for once more, with it.
    pub(super) fn secret_typed(&mut self, typed: &Secret) -> Next {
        let secret = typed.expose().trim();
        if secret.is_empty() || secret.contains(char::is_whitespace) || trust::has_invisible(secret) {
            let what = "That is not a client secret: it is one word.";
            self.problem = Some(Problem::new(Kind::Usage, what, "Copy it from the page of the client."));
            return Next::Wait;
        }
        self.client_secret = Some(Secret::new(secret));
        let ways = &self.wanted.server.authentication;
        let by = ways.iter().copied().find(|way| *way != Authentication::None).unwrap_or(Authentication::Basic);
        if let Some(client) = &mut self.client {
            client.authentication = by;
        }
        self.begin()
    }

    /// The server does not know the client. One of our own is registered anew, once; else only the person can help.
    pub(super) fn client_unknown(&mut self, problem: Problem) -> Next {
        match &self.client {
            Some(client) if client.registered && !self.registered_anew => {
                self.registered_anew = true;
                (self.client, self.client_secret, self.client_expires_at) = (None, None, None);
                self.begin()
            }
            Some(client) if !client.registered && self.client_secret.is_none() => {
                self.problem = Some(problem);
                self.stage = Stage::AskingSecret;
                Next::Wait
            }
            _ => self.ask(Question::Again(problem)),
        }
    }

    pub(super) fn asking(&self) -> Asking<'_> {
        let secret = self.client_secret.as_ref();
        Asking { client: self.client.as_ref().map(|client| Identified { client, secret }), resource: self.resource() }
    }

    fn go_on(&mut self) -> Next {
        match self.wanted.by {
            By::Device => self.start(),
            By::Browser => self.open_link(),
        }
    }
}
