//! When to look again whether a person has confirmed (RFC 8628, section 3.5, which auth.md follows).

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Between two looks where the service does not say, and how much longer when it finds that too often.
const INTERVAL: Duration = Duration::from_secs(5);
const SLOWER: Duration = Duration::from_secs(5);
/// The longest pause after looks that got no answer, and the longest that a service can ask for.
const LONGEST: Duration = Duration::from_secs(60);
const LONGEST_WANTED: u64 = 600;
/// How long it is looked where no end is known.
const PATIENCE: SignedDuration = SignedDuration::from_hours(1);
/// The person may want something else at any time, and is heard within this.
const SLICE: SignedDuration = SignedDuration::from_secs(1);

#[derive(Debug, Clone, Default)]
pub struct Pace {
    interval: Option<Duration>,
    /// The next pause is to be at least as long.
    wanted: Duration,
    /// Looks in a row that got no answer.
    silent: u32,
    next: Option<Timestamp>,
    /// Since when it is looked.
    begun: Option<Timestamp>,
}

impl Pace {
    /// A new code is out; what the service says of the interval, if it does.
    pub fn begin(&mut self, interval: Option<Duration>, now: Timestamp) {
        self.interval = interval.or(self.interval);
        self.begun = Some(now);
        self.later(now);
    }

    /// The next look is one interval away, or more after looks in vain.
    pub fn later(&mut self, now: Timestamp) {
        let interval = self.interval.unwrap_or(INTERVAL);
        let backed_off = interval.saturating_mul(1 << self.silent.min(6)).min(LONGEST.max(interval));
        self.next = now.checked_add(backed_off.max(std::mem::take(&mut self.wanted))).ok();
    }

    /// How long to wait before it is looked whether to wait on; nothing where it is time.
    pub fn wait(&self, now: Timestamp) -> Option<Duration> {
        let left = self.next.map_or(SignedDuration::ZERO, |next| next.duration_since(now));
        left.is_positive().then(|| left.min(SLICE).unsigned_abs())
    }

    pub fn answered(&mut self) {
        self.silent = 0;
    }

    pub fn unanswered(&mut self) {
        self.silent += 1;
    }

    /// The service finds that it is asked too often.
    pub fn slow_down(&mut self) {
        self.interval = Some(self.interval.unwrap_or(INTERVAL) + SLOWER);
    }

    /// The service is in trouble, and may have said for how long.
    pub fn trouble(&mut self, wanted: Option<SignedDuration>) {
        let wanted = wanted.and_then(|wait| u64::try_from(wait.as_secs()).ok());
        self.wanted = Duration::from_secs(wanted.unwrap_or_default().min(LONGEST_WANTED));
    }

    /// Nobody looks for ever, though the service names no end.
    pub fn gives_up(&self, now: Timestamp) -> bool {
        self.begun.is_some_and(|begun| now.duration_since(begun) > PATIENCE)
    }
}
