//! Finding out what a service offers, by reading only: nothing is registered, no mail is sent.
//!
//! ```text
//!   Api ──401 + challenge──▶ Resource ──authorization_servers──▶ Server ──▶ Document ──▶ SignUp ──▶ Over
//!   what is asked first      RFC 9728, up to three places        RFC 8414,   auth.md     is there
//!                                                                four forms     │        an endpoint?
//!                                                                   ▲           │
//!                                                                   └─ names an issuer (or leads to Resource)
//! ```
//!
//! Each phase has a queue of places to try; the first that answers with a JSON object settles it. [`Discovery`] is the
//! machine, used by every flow that has to find a service; [`Discover`] is the flow that does nothing else.
//!
//! It decides on one answer at a time, in this order, and says with each request what it will probably ask next: what does
//! not depend on an answer is read side by side with it, so that finding a service takes three answers' time, not six.

mod answer;
mod places;
mod plan;
mod prose;
mod reading;
mod report;
mod ways;

use std::collections::VecDeque;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use url::Url;

use self::answer::{reachable, said};
use super::target::Target;
use super::wire::authorization::Server;
use super::wire::{self, Offer, ResourceMetadata};
use super::{Effect, Flow, Input, Line, Outcome, Screen, ScreenId, SkillFile, StepState};
use crate::http::{HttpError, Request, Response, Shelf};
use crate::problem::Problem;
use crate::skill::{Skill, Source};
use crate::trust;

pub use answer::no_answer;
pub use plan::{Confirmation, Planned};
pub use report::{Finding, Level, Sent, Service, Verdict};
pub use ways::{By, Calls, Way};

/// How often a service that is in trouble is asked again, and how long to wait before.
const PATIENCE: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];
/// And how often in all, where it answers in between.
const MOST_WAITS: usize = 4;

/// The machine: feed it answers, do what it says.
#[derive(Debug)]
pub struct Discovery {
    target: Target,
    phase: Phase,
    queue: VecDeque<Url>,
    asked: Option<Url>,
    /// Of this place, and of all so far.
    retries: usize,
    waits: usize,
    trace: Vec<Trace>,
    challenged: bool,
    /// What the challenge says that is needed.
    challenge_scopes: Option<Vec<String>>,
    /// The server that the challenge names, where nothing else does.
    challenge_server: Option<Url>,
    /// Hosts that let us wait in vain once. They are asked for nothing more.
    silent: Vec<String>,
    /// What is read ahead.
    shelf: Shelf,
    /// Where the metadata of the resource is, by its challenge or its auth.md.
    resource_place: Option<Url>,
    resource: Option<(Url, ResourceMetadata)>,
    offer: Option<Offer>,
    /// Where one signs in by OAuth, or why that is not done.
    authorization: Option<Server>,
    unfit: Option<Finding>,
    /// A server's metadata was found, whether or not it speaks of sign-up.
    server_found: bool,
    /// The skill as it was read.
    file: Option<Box<SkillFile>>,
    /// What the skill says, or why it says nothing.
    skill: Option<Box<Skill>>,
    unreadable: Option<Problem>,
    findings: Vec<Finding>,
    document: Option<String>,
    /// Where it was read.
    document_place: Option<Url>,
    /// The issuer that an auth.md names in words.
    named_in_prose: Option<Url>,
    /// How far the service's clock is ahead of ours.
    clock: Option<SignedDuration>,
    /// Every place that was asked, and what it answered.
    tried: Vec<(Url, String)>,
    /// The first place that gave no answer, or kept failing.
    trouble: Option<(Url, Trouble)>,
}

#[derive(Debug)]
enum Trouble {
    NoAnswer(HttpError),
    Status(u16),
}

/// What [`Discovery`] wants next.
#[derive(Debug, PartialEq)]
pub enum Next {
    Send(Request),
    Wait(Duration),
    /// The skill that was named.
    Read(Source),
    Over,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Skill,
    Api,
    Resource,
    Server,
    Document,
    SignUp,
    Over,
}

impl Phase {
    fn what(self) -> &'static str {
        match self {
            Phase::Skill => "the skill",
            Phase::Api => "the API",
            Phase::Resource => "protected resource",
            Phase::Server => "authorization server",
            Phase::Document => "auth.md",
            Phase::SignUp => "sign-up",
            Phase::Over => "",
        }
    }
}

/// One phase as it went, for the person who watches.
#[derive(Debug, Clone)]
struct Trace {
    phase: Phase,
    state: StepState,
    found: String,
    started: Timestamp,
    ended: Option<Timestamp>,
}

impl Discovery {
    pub fn new(target: Target) -> Self {
        Self {
            target,
            phase: Phase::Api,
            queue: VecDeque::new(),
            asked: None,
            retries: 0,
            waits: 0,
            trace: Vec::new(),
            challenged: false,
            challenge_scopes: None,
            challenge_server: None,
            silent: Vec::new(),
            shelf: Shelf::default(),
            resource_place: None,
            resource: None,
            offer: None,
            authorization: None,
            unfit: None,
            server_found: false,
            file: None,
            skill: None,
            unreadable: None,
            findings: Vec::new(),
            document: None,
            document_place: None,
            named_in_prose: None,
            clock: None,
            tried: Vec::new(),
            trouble: None,
        }
    }

    pub fn target(&self) -> &Target {
        &self.target
    }

    pub fn begin(&mut self, now: Timestamp) -> Next {
        if let Some(file) = self.target.skill.clone() {
            self.trace(Phase::Skill, now);
            return Next::Read(file);
        }
        self.begin_at_start(now)
    }

    /// The skill was read, or could not be.
    pub fn read(&mut self, read: Result<SkillFile, Problem>, now: Timestamp) -> Next {
        let skill = read.and_then(|file| {
            let (text, source) = (file.text.clone(), file.source.clone());
            self.file = Some(Box::new(file));
            let skill = Skill::read(text.as_str(), &source.to_string())?;
            skill.contacted().try_for_each(|url| trust::within(url, self.target.reach))?;
            Ok((source, skill))
        });
        let (source, skill) = match skill {
            Ok(read) => read,
            Err(problem) => {
                self.note(StepState::Missed, "it cannot be used".to_owned(), Some(now));
                self.unreadable = Some(problem);
                return self.enter(Phase::Over, now);
            }
        };
        self.target = self.target.clone().described(skill.tried_at.clone(), source);
        self.authorization = skill.server.clone();
        self.note(StepState::Done, skill.name.clone(), Some(now));
        self.skill = Some(Box::new(skill));
        // Where it says who we are there, and no more, the service itself says the rest.
        let says_how = self
            .skill
            .as_ref()
            .is_some_and(|skill| (skill.key.is_some() || !skill.enrolments.is_empty()) && skill.client_id.is_none());
        match &self.authorization {
            None if !says_how => self.enter(Phase::Api, now),
            _ => self.enter(Phase::Over, now),
        }
    }

    fn begin_at_start(&mut self, now: Timestamp) -> Next {
        match self.target.metadata.clone() {
            // The challenge is in hand: there is no need to provoke another one.
            Some(metadata) => {
                self.resource_place = Some(metadata);
                self.enter(Phase::Resource, now)
            }
            None => self.enter(Phase::Api, now),
        }
    }

    pub fn answer(&mut self, answer: Result<Response, HttpError>, now: Timestamp) -> Next {
        let Some(url) = self.asked.take() else {
            return self.ask(now);
        };
        let in_trouble = matches!(&answer, Ok(response) if response.status >= 500 && response.status != 501);
        if in_trouble
            && self.waits < MOST_WAITS
            && let Some(wait) = PATIENCE.get(self.retries)
        {
            self.retries += 1;
            self.waits += 1;
            self.queue.push_front(url);
            // What was asked beside it is as old as this answer.
            self.shelf = Shelf::default();
            self.note(StepState::Active, format!("{}, asking again", said(&answer)), None);
            return Next::Wait(*wait);
        }
        // A service that is in trouble through and through is not waited for at each of its places.
        if !in_trouble {
            self.retries = 0;
        }
        self.tried.push((url.clone(), said(&answer)));
        if matches!(answer, Err(HttpError::TimedOut(_))) {
            self.silent.push(trust::authority(&url));
        }
        let told = answer.as_ref().ok().and_then(|response| wire::clock_offset(response, now));
        // Time on the way, or on the shelf, makes a clock look behind, never ahead.
        self.clock = self.clock.max(told);
        let trouble = match &answer {
            // A page that leads elsewhere or is large has answered.
            Err(HttpError::Redirected(_) | HttpError::TooLarge(_)) if self.phase == Phase::Api => None,
            // Whether it is there is all that is asked, and silence says nothing.
            _ if self.phase == Phase::SignUp => None,
            Err(error) => Some(Trouble::NoAnswer(error.clone())),
            Ok(response) if in_trouble => Some(Trouble::Status(response.status)),
            Ok(_) => None,
        };
        if let Some(trouble) = trouble.filter(|_| self.trouble.is_none()) {
            self.trouble = Some((url.clone(), trouble));
        }
        match self.phase {
            Phase::Skill => Next::Over,
            Phase::Api => self.api(url, answer, now),
            Phase::Resource => self.resource_metadata(url, answer, now),
            Phase::Server => self.server(url, answer, now),
            Phase::Document => self.auth_md(url, answer, now),
            Phase::SignUp => self.endpoint(&answer, now),
            Phase::Over => Next::Over,
        }
    }

    /// Goes on after the wait that [`Next::Wait`] asked for, or begins where nothing has begun.
    pub fn resume(&mut self, now: Timestamp) -> Next {
        if self.trace.is_empty() { self.begin(now) } else { self.ask(now) }
    }

    fn enter(&mut self, phase: Phase, now: Timestamp) -> Next {
        self.phase = phase;
        self.queue = match phase {
            Phase::Api => VecDeque::from([self.target.start.clone()]),
            Phase::Resource => self.resource_places(),
            Phase::Server => self.server_places(),
            Phase::Document => self.document_places(),
            Phase::SignUp => self.endpoint_place(),
            Phase::Skill | Phase::Over => VecDeque::new(),
        };
        if phase == Phase::Over {
            // What was read ahead and never asked for is given up.
            self.shelf = Shelf::default();
        }
        if !(phase == Phase::Over || phase == Phase::SignUp && self.queue.is_empty()) {
            self.trace(phase, now);
        }
        self.ask(now)
    }

    fn trace(&mut self, phase: Phase, now: Timestamp) {
        self.phase = phase;
        self.trace.push(Trace { phase, state: StepState::Active, found: String::new(), started: now, ended: None });
    }

    fn ask(&mut self, now: Timestamp) -> Next {
        while let Some(url) = self.queue.pop_front() {
            if self.silent.contains(&trust::authority(&url)) {
                self.tried.push((url, "not asked: no answer there before".into()));
                continue;
            }
            if let Err(problem) = self.may_be_asked(&url) {
                self.findings.push(Finding::new(Level::Refused, "unsafe_url", problem.what));
                continue;
            }
            let likely = self.likely_after(&url);
            self.asked = Some(url.clone());
            return Next::Send(Request::get(url).reading_ahead(likely, self.shelf.clone()));
        }
        match self.phase {
            Phase::Over | Phase::Skill => return Next::Over,
            Phase::Api | Phase::SignUp => {}
            // Other places know nothing more of it.
            Phase::Server if self.authorization.is_some() => {
                self.note(StepState::Done, self.server_in_words(), Some(now))
            }
            _ => self.note(StepState::Missed, self.nothing_found(), Some(now)),
        }
        if self.phase == Phase::Server && self.offer.is_none() {
            // Some publish the block beside the resource, and no server at all.
            self.offer = self
                .resource
                .as_ref()
                .and_then(|(url, metadata)| wire::offer(&Value::Null, url, metadata.agent_auth.as_ref()))
                .map(|offer| reachable(offer, self.target.reach));
        }
        let following = match self.phase {
            Phase::Api => Phase::Resource,
            Phase::Resource => Phase::Server,
            // An auth.md that named this issuer has been read.
            Phase::Server if self.document.is_some() => Phase::SignUp,
            Phase::Server => Phase::Document,
            Phase::Document => Phase::SignUp,
            Phase::SignUp | Phase::Over | Phase::Skill => Phase::Over,
        };
        self.enter(following, now)
    }

    pub(super) fn may_be_asked(&self, url: &Url) -> Result<(), Problem> {
        trust::endpoint_from(url, &self.target.start)?;
        trust::within(url, self.target.reach)
    }

    fn nothing_found(&self) -> String {
        match self.trace.last() {
            Some(trace) if !trace.found.is_empty() => trace.found.clone(),
            _ => "not published".to_owned(),
        }
    }

    fn note(&mut self, state: StepState, found: String, ended: Option<Timestamp>) {
        if let Some(trace) = self.trace.last_mut() {
            (trace.state, trace.found, trace.ended) = (state, found, ended);
        }
    }

    fn next_place(&mut self, answer: &Result<Response, HttpError>, now: Timestamp) -> Next {
        self.note(StepState::Active, said(answer), None);
        self.ask(now)
    }

    /// What was asked, and what each place answered.
    pub fn tried(&self) -> impl Iterator<Item = (String, &str)> {
        self.tried.iter().map(|(url, answer)| {
            (trust::clean(&format!("{}{}", trust::authority(url), url.path()), 100), answer.as_str())
        })
    }

    /// The steps so far, for the screen.
    pub fn lines(&self) -> Vec<Line> {
        let steps = self.trace.iter().map(|trace| Line::Step {
            state: trace.state,
            what: trace.phase.what().to_owned(),
            found: trace.found.clone(),
            took: trace.ended.map(|ended| ended.duration_since(trace.started)),
        });
        steps.collect()
    }
}

/// The flow that finds out and stops there: `authmd-tui discover`.
#[derive(Debug)]
pub struct Discover {
    discovery: Discovery,
    over: Option<Outcome>,
}

impl Discover {
    pub fn new(target: Target) -> Self {
        Self { discovery: Discovery::new(target), over: None }
    }

    pub fn discovery(&self) -> &Discovery {
        &self.discovery
    }

    fn proceed(&mut self, next: Next) -> Vec<Effect> {
        match next {
            Next::Send(request) => vec![Effect::Http(request)],
            Next::Wait(span) => vec![Effect::Wait(span)],
            Next::Read(file) => vec![Effect::Read(file)],
            Next::Over => {
                self.over = Some(match self.discovery.unread().or_else(|| self.discovery.unreachable()) {
                    Some(problem) => Outcome::Failed(problem),
                    None => Outcome::Found,
                });
                Vec::new()
            }
        }
    }
}

impl Flow for Discover {
    fn step(&mut self, input: Input, now: Timestamp) -> Vec<Effect> {
        if self.over.is_some() {
            return Vec::new();
        }
        let next = match input {
            Input::Begin => self.discovery.begin(now),
            Input::Http(answer) => self.discovery.answer(answer, now),
            Input::Elapsed => self.discovery.resume(now),
            Input::Read(skill) => self.discovery.read(skill, now),
            Input::Cancel => {
                self.over = Some(Outcome::Cancelled);
                return Vec::new();
            }
            _ => return Vec::new(),
        };
        self.proceed(next)
    }

    fn screen(&self, _now: Timestamp) -> Screen {
        let target = self.discovery.target();
        let mut screen = Screen::new(ScreenId::Discovering, format!("Discover · {}", target.typed));
        screen.lines = self.discovery.lines();
        screen.problem = self.over.as_ref().and_then(|over| over.problem().cloned());
        screen.outcome = self.over.clone();
        if self.over.is_some() {
            screen.id = if screen.problem.is_some() { ScreenId::Failed } else { ScreenId::Done };
        }
        screen
    }
}
