//! The code is handed over: the person takes it to the service's page, and the service is asked now and then whether it is
//! done (RFC 8628, section 3.5, which auth.md follows). The page is the gate; nothing here confirms anything.
//!
//! Where a service does not take the claim at its token endpoint, it is looked for beside the claim endpoint; where it is
//! not there either, the person says when it is done.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{Call, Question, SignUp, Stage};
use crate::flow::Effect;
use crate::flow::wire::{self, Attempt, Meaning, Refusal, Standing, Start, Step};
use crate::problem::{Kind, Problem};

/// Between two looks where the service does not say, and how much longer when it finds that too often (RFC 8628, 3.5).
const INTERVAL: Duration = Duration::from_secs(5);
const SLOWER: Duration = Duration::from_secs(5);
/// The longest pause after looks that got no answer.
const LONGEST: Duration = Duration::from_secs(60);
/// How long it is looked where no end is known.
const PATIENCE: SignedDuration = SignedDuration::from_hours(1);
/// The person may want a new code at any time, and hears of it within this.
const SLICE: SignedDuration = SignedDuration::from_secs(1);

/// How and when it is looked whether the person has confirmed.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    way: Way,
    interval: Option<Duration>,
    /// Looks in a row that got no answer.
    silent: u32,
    next: Option<Timestamp>,
    /// The service has answered this way once, so this is the way.
    settled: bool,
    wants_new_code: bool,
    /// The person has said that it is done: this look is the last one.
    is_last: bool,
    /// Since when this code is out.
    begun: Option<Timestamp>,
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
        watch.interval = attempt.interval.or(watch.interval);
        (watch.wants_new_code, watch.is_last) = (false, false);
        watch.begun = Some(now);
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
        let interval = self.ceremony.watch.interval.unwrap_or(INTERVAL);
        let backed_off = interval.saturating_mul(1 << self.ceremony.watch.silent.min(6)).min(LONGEST.max(interval));
        self.ceremony.watch.next = now.checked_add(backed_off).ok();
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
        if self.code_ends().map_or_else(|| self.gives_up(now), |end| end <= now) {
            let what = "The code has expired before it was confirmed.";
            return self.interrupt(Question::NewCode(Problem::new(Kind::Failed, what, "Ask for a new one.")));
        }
        let left = self.ceremony.watch.next.map_or(SignedDuration::ZERO, |next| next.duration_since(now));
        if left.is_positive() {
            self.stage = Stage::Handoff;
            return vec![Effect::Wait(left.min(SLICE).unsigned_abs())];
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

    /// Nobody looks for ever, though the service names no end.
    fn gives_up(&self, now: Timestamp) -> bool {
        self.ceremony.watch.begun.is_some_and(|begun| now.duration_since(begun) > PATIENCE)
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
        self.ceremony.watch.silent += 1;
        self.look_later(now)
    }

    pub(super) fn looked(&mut self, reply: wire::Reply, now: Timestamp) -> Vec<Effect> {
        let watch = &mut self.ceremony.watch;
        (watch.silent, watch.settled) = (0, true);
        let handed_out = reply.granted.credential.is_some() || reply.granted.assertion.is_some();
        match (handed_out, reply.standing) {
            (_, Standing::Claimed) | (true, Standing::Unsaid) => self.collect(reply.granted, true, now),
            (_, Standing::Pending) | (false, Standing::Unsaid) => self.look_later(now),
        }
    }

    pub(super) fn look_refused(&mut self, way: Way, refusal: &Refusal, now: Timestamp) -> Vec<Effect> {
        let problem = refusal.problem(&self.service_name(), Step::Poll);
        if matches!(refusal.meaning, Meaning::Pending | Meaning::CodeNotReady | Meaning::SlowDown) {
            (self.ceremony.watch.silent, self.ceremony.watch.settled) = (0, true);
        }
        match refusal.meaning {
            Meaning::Pending | Meaning::CodeNotReady | Meaning::InFlight => self.look_later(now),
            Meaning::SlowDown => {
                let interval = self.ceremony.watch.interval.unwrap_or(INTERVAL);
                self.ceremony.watch.interval = Some(interval + SLOWER);
                self.look_later(now)
            }
            Meaning::Unavailable | Meaning::RateLimited => {
                let wanted = refusal.retry_after.and_then(|wait| u64::try_from(wait.as_secs()).ok());
                let interval = self.ceremony.watch.interval.unwrap_or(INTERVAL);
                let wanted = wanted.map(|seconds| Duration::from_secs(seconds.min(600)).max(interval));
                self.ceremony.watch.interval = wanted.or(self.ceremony.watch.interval);
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
