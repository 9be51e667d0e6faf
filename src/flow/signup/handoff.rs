//! The code is handed over: the person takes it to the service's page, and the service is asked now and then whether it is
//! done (RFC 8628, section 3.5, which auth.md follows). The page is the gate; nothing here confirms anything.
//!
//! Where a service does not take the claim at its token endpoint, it is looked for beside the claim endpoint; where it is
//! not there either, the person says when it is done.

use jiff::Timestamp;

use super::{Call, Question, SignUp, Stage};
use crate::flow::Effect;
use crate::flow::pace::Pace;
use crate::flow::wire::{self, Attempt, Meaning, Refusal, Standing, Start, Step};
use crate::problem::{Kind, Problem};

/// How and when it is looked whether the person has confirmed.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    way: Way,
    pace: Pace,
    /// The service has answered this way once, so this is the way.
    settled: bool,
    wants_new_code: bool,
    /// The person has said that it is done: this look is the last one.
    is_last: bool,
}

/// The ways to look, in the order in which they are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Way {
    /// The claim grant at the token endpoint.
    #[default]
    Grant,
    /// The claim's own state, beside the claim endpoint.
    View,
}

/// The choices where there is no way to look.
pub const FINISHED: usize = 0;
pub const KEEP: usize = 1;

impl SignUp {
    /// Opens the page for the person and begins to look.
    pub(super) fn hand_over(&mut self, attempt: Attempt, now: Timestamp) -> Vec<Effect> {
        let watch = &mut self.ceremony.watch;
        watch.pace.begin(attempt.interval, now);
        (watch.wants_new_code, watch.is_last) = (false, false);
        self.ceremony.attempt = Some(attempt);
        self.ceremony.code_sent = true;
        self.look_later(now)
    }

    /// The person has seen whether the page is the gate.
    pub(super) fn either_picked(&mut self, picked: usize, now: Timestamp) -> Vec<Effect> {
        match (picked, self.ceremony.attempt.take()) {
            (0, Some(attempt)) => self.hand_over(attempt, now),
            (_, attempt) => {
                self.ceremony.attempt = attempt;
                self.ask(Stage::Code)
            }
        }
    }

    fn look_later(&mut self, now: Timestamp) -> Vec<Effect> {
        self.ceremony.watch.pace.later(now);
        match self.next_way(self.ceremony.watch.way) {
            Some(way) => {
                self.ceremony.watch.way = way;
                self.watch(now)
            }
            None => self.ask(Stage::Unwatched),
        }
    }

    /// Waits a while longer, or looks.
    pub(super) fn watch(&mut self, now: Timestamp) -> Vec<Effect> {
        if self.ceremony.watch.wants_new_code {
            self.ceremony.watch.wants_new_code = false;
            return self.new_code();
        }
        if self.code_ends().map_or_else(|| self.ceremony.watch.pace.gives_up(now), |end| end <= now) {
            let what = "The code has expired before it was confirmed.";
            return self.interrupt(Question::NewCode(Problem::new(Kind::Failed, what, "Ask for a new one.")));
        }
        if let Some(wait) = self.ceremony.watch.pace.wait(now) {
            self.stage = Stage::Handoff;
            return vec![Effect::Wait(wait)];
        }
        self.send(Call::Look(self.ceremony.watch.way))
    }

    pub(super) fn wants_new_code(&mut self) -> Vec<Effect> {
        self.ceremony.watch.wants_new_code = true;
        Vec::new()
    }

    /// Until when the code on the screen is good.
    pub(super) fn code_ends(&self) -> Option<Timestamp> {
        let attempt = self.ceremony.attempt.as_ref();
        attempt.and_then(|attempt| attempt.expires_at).or(self.ceremony.claim_expires_at)
    }

    /// This way, or the first after it that the service has.
    fn next_way(&self, from: Way) -> Option<Way> {
        let token = self.ceremony.handle.as_ref().is_some_and(|handle| handle.is_token);
        let ways = [(Way::Grant, self.token_url().is_some()), (Way::View, self.claim_url().is_some() && token)];
        let named = self.ceremony.handle.is_some();
        ways.into_iter().skip_while(|(way, _)| *way != from).find(|(_, there)| *there && named).map(|(way, _)| way)
    }

    /// There was no answer; that is no matter, it is looked again later each time.
    pub(super) fn unanswered(&mut self, now: Timestamp) -> Vec<Effect> {
        self.ceremony.watch.pace.unanswered();
        self.look_later(now)
    }

    pub(super) fn looked(&mut self, reply: wire::Reply, now: Timestamp) -> Vec<Effect> {
        let watch = &mut self.ceremony.watch;
        watch.pace.answered();
        watch.settled = true;
        let handed_out = reply.granted.credential.is_some() || reply.granted.assertion.is_some();
        match (handed_out, reply.standing) {
            (_, Standing::Claimed) | (true, Standing::Unsaid) => self.collect(reply.granted, true, now),
            (_, Standing::Pending) | (false, Standing::Unsaid) => self.look_later(now),
        }
    }

    pub(super) fn look_refused(&mut self, way: Way, refusal: &Refusal, now: Timestamp) -> Vec<Effect> {
        let problem = refusal.problem(&self.service_name(), Step::Poll);
        if matches!(refusal.meaning, Meaning::Pending | Meaning::CodeNotReady | Meaning::SlowDown) {
            self.ceremony.watch.pace.answered();
            self.ceremony.watch.settled = true;
        }
        match refusal.meaning {
            Meaning::Pending | Meaning::CodeNotReady | Meaning::InFlight => self.look_later(now),
            Meaning::SlowDown => {
                self.ceremony.watch.pace.slow_down();
                self.look_later(now)
            }
            Meaning::Unavailable | Meaning::RateLimited => {
                self.ceremony.watch.pace.trouble(refusal.retry_after);
                self.unanswered(now)
            }
            Meaning::CodeExpired => self.interrupt(Question::NewCode(problem)),
            Meaning::ClaimExpired | Meaning::ClaimTokenInvalid => self.interrupt(Question::RegisterAgain(problem)),
            Meaning::Denied | Meaning::AlreadyClaimed => self.fail(problem),
            // It has never answered this way: perhaps it does in another.
            _ if !self.ceremony.watch.settled => self.look_elsewhere(way, now),
            _ => self.fail(problem),
        }
    }

    /// It has never been answered this way.
    pub(super) fn look_elsewhere(&mut self, way: Way, now: Timestamp) -> Vec<Effect> {
        self.ceremony.watch.way = Way::View;
        match (way, self.next_way(Way::View)) {
            (Way::Grant, Some(way)) => self.send(Call::Look(way)),
            _ if self.ceremony.watch.is_last => self.go_by_the_person(FINISHED, now),
            _ => self.ask(Stage::Unwatched),
        }
    }

    /// Is this the way in which the service tells?
    pub(super) fn is_settled(&self) -> bool {
        self.ceremony.watch.settled
    }

    /// Nobody can be asked but the person.
    pub(super) fn unwatched_picked(&mut self, picked: usize, now: Timestamp) -> Vec<Effect> {
        // What was no answer before it was done may be one after it.
        match self.next_way(Way::Grant).filter(|_| picked == FINISHED && !self.ceremony.watch.is_last) {
            Some(way) => {
                (self.ceremony.watch.is_last, self.ceremony.watch.way) = (true, way);
                self.send(Call::Look(way))
            }
            None => self.go_by_the_person(picked, now),
        }
    }

    /// There is no way to look.
    fn go_by_the_person(&mut self, picked: usize, now: Timestamp) -> Vec<Effect> {
        let early = self.ceremony.early.clone();
        let holds = early.credential.is_some() || early.assertion.is_some();
        match (picked, holds) {
            (FINISHED, true) => self.collect(early, true, now),
            // Such services tell what came of it when the same registration comes again.
            (FINISHED, false) if self.start() != Start::Anonymous || self.ceremony.handle.is_none() => {
                self.send(Call::Register)
            }
            (FINISHED, false) => self.fail(Problem::new(
                Kind::ServiceRefused,
                format!("{} has no way to hand out what you have confirmed.", self.service_name()),
                "Look for the credential on the service's site; nothing was kept here.",
            )),
            (KEEP, true) => self.collect(early, false, now),
            _ => self.cancel(),
        }
    }
}
