//! Signing in by OAuth, from consent to tokens: in the browser, whose answer comes back to this machine, or with a code that
//! is typed in a browser anywhere.
//!
//! ```text
//!   in the browser                                         with a code
//!
//!   Listening ▶ Registering? ▶ Opening? ▶ Awaiting         Registering? ▶ Starting ▶ Watching ⟲ Polling
//!       ▲      (or AskingClient)          │  ▲ Trouble     (or AskingClient) ▲          │
//!       │                                 ▼                            └── a new code ──┤
//!       └──── a new link ──── Closing ◀───┤                                             │
//!                                         ▼                                             ▼
//!                                     Redeeming ───────────────────────────────────▶ granted
//! ```
//!
//! What did not work out is put to the person (Ask): once more, without the resource, or as another client (AskingClient,
//! AskingSecret).
//!
//! The machine is part of [`super::signup`], which comes before it (discovery, consent) and after it (keeping, proving).
//! What comes back of the browser is believed only with the state that was sent (RFC 6749, section 10.12) and from the issuer
//! that was asked (RFC 9207); the code in it is of use only to who has the verifier (RFC 7636).

mod client;
mod device;
mod redirect;
mod screens;

use jiff::Timestamp;
use url::Url;

use super::discover::By;
use super::pace::Pace;
use super::wire::authorization::{Device, Server};
use super::wire::{Granted, Meaning, Refusal, Step};
use super::{Answer, Clients, Effect, Input, Listening, Surroundings};
use crate::account::Identity;
use crate::http::{HttpError, Response};
use crate::problem::Problem;
use crate::secret::Secret;
use crate::trust;

/// What is known before it begins.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub server: Server,
    /// In the browser, or with a code.
    pub by: By,
    /// The service, as the person knows it.
    pub service: String,
    /// Where discovery began: its site is the one that others are measured against.
    pub start: Url,
    /// What tokens are asked for, letter by letter (RFC 8707).
    pub resource: String,
    pub scopes: Vec<String>,
    /// The client id that is told of this server beforehand.
    pub client_id: Option<String>,
    pub clients: Clients,
    pub surroundings: Surroundings,
    /// Who this program was there before.
    pub former: Option<Identity>,
}

/// What [`OAuth`] wants next.
#[derive(Debug, PartialEq)]
pub enum Next {
    Do(Effect),
    /// For the person, or for what is under way already.
    Wait,
    /// The person is signed in; these are the tokens, for who [`OAuth::identity`] is.
    Admitted(Box<Granted>),
    Over(Problem),
}

#[derive(Debug)]
pub struct OAuth {
    wanted: Wanted,
    stage: Stage,
    identity: Option<Identity>,
    /// Where the next one may come from.
    source: client::Source,
    /// The name of this machine in the redirect, and how the client proves itself: what was refused is not tried again.
    registering: client::Ladder,
    /// A client that the server did not know any more was registered anew once.
    registered_anew: bool,
    /// The server does not register this program.
    turned_away: bool,
    listening: Option<Listening>,
    /// The port that was listened at last.
    port: Option<u16>,
    /// The port is waited at.
    awaiting: bool,
    link: Option<Url>,
    /// The resource is not named any more, because the server does not take that and the person has agreed.
    unbound: bool,
    device: Option<Device>,
    pace: Pace,
    wants_new_code: bool,
    problem: Option<Problem>,
    /// The server's own words, last heard.
    message: Option<String>,
    /// Something was sent that may have made a registration, or a sign-in is open.
    posted: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Stage {
    Listening,
    /// Making this program known.
    Registering,
    /// Nobody but the person can say who this program is there.
    AskingClient,
    /// The client has a secret that the server wants to see.
    AskingSecret,
    Opening,
    /// For the browser's answer, or for what the person pastes.
    Awaiting,
    /// The same, while the person says what is wrong with the page.
    Trouble,
    /// The port is being closed; then it goes on like this.
    Closing(After),
    Redeeming(Secret),
    Starting,
    Watching,
    Polling,
    Ask(Question),
}

#[derive(Debug, Clone, PartialEq)]
enum After {
    Redeem(Secret),
    /// A new link, with another registration where this program has made the one before.
    Anew,
    WithDevice,
    Ask(Question),
}

/// What only the person can decide.
#[derive(Debug, Clone, PartialEq)]
enum Question {
    /// It did not work out: once more, from the beginning?
    Again(Problem),
    /// The server does not take the resource: go on without?
    WithoutResource(Problem),
    /// The server does not take the client: who else could this program be there?
    Client(Problem),
}

impl OAuth {
    pub fn new(wanted: Wanted) -> Self {
        let former = wanted.former.as_ref().and_then(|identity| identity.client.redirect.as_ref());
        let registering = client::Ladder::beginning_with(client::Host::of(former.or(wanted.server.redirect())));
        Self {
            stage: Stage::Starting,
            identity: None,
            source: client::Source::default(),
            registering,
            registered_anew: false,
            turned_away: false,
            listening: None,
            port: None,
            awaiting: false,
            link: None,
            unbound: !wanted.server.hears_resource,
            device: None,
            pace: Pace::default(),
            wants_new_code: false,
            problem: None,
            message: None,
            posted: false,
            wanted,
        }
    }

    /// In the browser, or with a code: the person may have changed over.
    pub fn by(&self) -> By {
        self.wanted.by
    }

    /// Who this program is to the server, as far as that is settled.
    pub fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// The tokens are for the resource that was named.
    pub fn is_bound(&self) -> bool {
        !self.unbound
    }

    /// The code is on its way; whatever it brings is there, whether or not anybody waits for it.
    pub fn is_redeeming(&self) -> bool {
        matches!(self.stage, Stage::Redeeming(_))
    }

    /// Would something have to begin anew?
    pub fn has_begun(&self) -> bool {
        self.posted
    }

    pub fn begin(&mut self) -> Next {
        (self.problem, self.message) = (None, None);
        match self.wanted.by {
            By::Browser => {
                self.stage = Stage::Listening;
                Next::Do(Effect::Listen { port: self.port_before() })
            }
            By::Device => self.identify(),
        }
    }

    pub fn step(&mut self, input: Input, now: Timestamp) -> Next {
        if matches!(input, Input::Answer(_)) {
            self.problem = None;
        }
        match (self.stage.clone(), input) {
            (Stage::Listening, Input::Listening(Ok(listening))) => {
                self.port = Some(listening.port);
                self.listening = Some(listening);
                self.identify()
            }
            (Stage::Listening, Input::Listening(Err(problem))) => Next::Over(problem),
            (Stage::Registering, Input::Http(answer)) => self.registered(answer, now),
            (Stage::AskingClient, Input::Answer(Answer::Text(id))) => self.client_typed(&id),
            (Stage::AskingSecret, Input::Answer(Answer::Text(secret))) => self.secret_typed(&secret),
            (Stage::Opening, Input::Opened(opened)) => {
                // The link stands above; it need not stand in the hint again.
                let by_hand =
                    |problem| Problem { hint: "Open the link by hand; it goes on from there.".into(), ..problem };
                self.problem = opened.err().map(by_hand);
                self.wait_for_browser()
            }
            (Stage::Awaiting | Stage::Trouble, Input::Redirected(answer)) => {
                self.awaiting = false;
                // Nobody listens any more; what the person pastes is understood all the same.
                answer.map_or(Next::Wait, |query| self.redirected(&query))
            }
            (Stage::Awaiting, Input::Answer(Answer::Text(pasted))) => self.pasted(&pasted),
            (Stage::Awaiting, Input::Answer(Answer::NewCode)) => {
                self.stage = Stage::Trouble;
                Next::Wait
            }
            (Stage::Trouble, Input::Answer(Answer::Pick(picked))) => self.trouble_picked(picked),
            (Stage::Closing(after), Input::Redirected(_)) => self.closed(after),
            (Stage::Redeeming(_), Input::Http(answer)) => self.redeemed(answer, now),
            (Stage::Starting, Input::Http(answer)) => self.started(answer, now),
            (Stage::Watching, Input::Elapsed) => self.watch(now),
            (Stage::Polling, Input::Http(answer)) => self.polled(answer, now),
            // A timer or a look is under way; what comes of it is waited for.
            (Stage::Watching | Stage::Polling, Input::Answer(Answer::NewCode)) => {
                self.wants_new_code = true;
                Next::Wait
            }
            (Stage::Ask(Question::WithoutResource(_)), Input::Answer(Answer::Confirm(true))) => {
                self.unbound = true;
                self.begin()
            }
            (Stage::Ask(Question::Again(_)), Input::Answer(Answer::Confirm(true))) => self.begin(),
            (
                Stage::Ask(Question::Again(problem) | Question::WithoutResource(problem)),
                Input::Answer(Answer::Confirm(false)),
            ) => Next::Over(problem),
            (Stage::Ask(Question::Client(problem)), Input::Answer(Answer::Pick(picked))) => {
                self.correction_picked(picked, problem)
            }
            _ => Next::Wait,
        }
    }

    /// The resource, as long as it is named.
    fn resource(&self) -> Option<&str> {
        (!self.unbound).then_some(self.wanted.resource.as_str())
    }

    fn ask(&mut self, question: Question) -> Next {
        let question = match question {
            // Nobody was named, so nobody else can be.
            Question::Client(problem) if !self.wanted.server.wants_client() => Question::Again(problem),
            question => question,
        };
        self.listening = None;
        self.stage = Stage::Ask(question);
        Next::Wait
    }

    /// Nobody knows whether the call went through, or it did not: it is begun anew, if at all.
    fn no_answer(&mut self, error: &HttpError) -> Next {
        let problem = super::discover::no_answer(&self.server_name(), error);
        self.ask(Question::Again(problem))
    }

    /// Whoever is spoken to: the authorization server.
    fn server_name(&self) -> String {
        trust::authority(&self.wanted.server.token)
    }

    /// An answer that cannot be read, where a skill may be to blame.
    fn unreadable(&mut self, response: &Response, refusal: Refusal, step: Step) -> Problem {
        let misread = self.wanted.server.misread(response, step).filter(|_| refusal.meaning == Meaning::Unreadable);
        misread.unwrap_or_else(|| self.told(refusal, step))
    }

    /// A refusal as a problem, without what must not be seen; what the server says of it is shown beside it.
    fn told(&mut self, refusal: Refusal, step: Step) -> Problem {
        let secrets = self.secrets();
        let refusal = refusal.without(secrets.iter());
        self.message.clone_from(&refusal.message);
        refusal.problem(&self.server_name(), step)
    }

    /// What is held here that must not be seen.
    fn secrets(&self) -> Vec<Secret> {
        let listening = self.listening.iter().flat_map(|listening| [&listening.state, &listening.verifier]);
        let device = self.device.iter().map(|device| &device.code);
        let code = if let Stage::Redeeming(code) = &self.stage { Some(code) } else { None };
        let proof = self.identity.iter().flat_map(|identity| &identity.secret);
        listening.chain(device).chain(code).chain(proof).cloned().collect()
    }

    fn admitted(&mut self, mut granted: Granted) -> Next {
        // What is not said is what was asked for (RFC 6749, section 5.1).
        let asked = || Some(self.wanted.scopes.clone()).filter(|scopes| !scopes.is_empty());
        granted.scopes = granted.scopes.filter(|scopes| !scopes.is_empty()).or_else(asked);
        self.listening = None;
        Next::Admitted(Box::new(granted))
    }
}
