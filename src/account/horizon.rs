//! By when an account needs somebody: what the list is grouped by, and what the timeline shows.

use jiff::{SignedDuration, Timestamp};

use super::{Account, DUE_WITHIN, Status};

/// Ends within this span are "this month".
const MONTH: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How soon somebody is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Horizon {
    Now,
    Week,
    Month,
    Later,
    /// No end is known.
    Never,
    /// Another program looks after it.
    Elsewhere,
}

impl Horizon {
    pub const ALL: [Horizon; 6] =
        [Horizon::Now, Horizon::Week, Horizon::Month, Horizon::Later, Horizon::Never, Horizon::Elsewhere];

    pub fn label(self) -> &'static str {
        match self {
            Horizon::Now => "needs you now",
            Horizon::Week => "this week",
            Horizon::Month => "this month",
            Horizon::Later => "later",
            Horizon::Never => "no expiry",
            Horizon::Elsewhere => "other programs' (only read)",
        }
    }
}

impl Account {
    /// When somebody has to do something about it, or wants to look at it where it never ends.
    pub fn attention_at(&self) -> Option<Timestamp> {
        self.person_needed_at().or_else(|| self.review_at())
    }

    /// `status` is that of the same moment.
    pub fn horizon(&self, status: Status, now: Timestamp) -> Horizon {
        if self.is_foreign() {
            return Horizon::Elsewhere;
        }
        let is_unfinished = self.spending.is_some() || self.more.revoking.is_some();
        if is_unfinished || matches!(status, Status::Revoked | Status::Expired | Status::Unclaimed) {
            return Horizon::Now;
        }
        let left = self.attention_at().map(|at| at.duration_since(now));
        match left {
            Some(left) if left <= SignedDuration::ZERO => Horizon::Now,
            Some(left) if left <= DUE_WITHIN => Horizon::Week,
            // A day of review is no end, and is not spoken of before it is near.
            _ if self.person_needed_at().is_none() && !self.renews_itself() => Horizon::Never,
            Some(left) if left <= MONTH => Horizon::Month,
            _ => Horizon::Later,
        }
    }

    /// When the horizon is another one by the clock alone.
    pub fn horizon_changes(&self, now: Timestamp) -> Option<Timestamp> {
        let at = self.attention_at()?;
        let moments = [MONTH, DUE_WITHIN, SignedDuration::ZERO].map(|before| at.checked_sub(before).ok());
        moments.into_iter().flatten().find(|moment| *moment > now)
    }
}
