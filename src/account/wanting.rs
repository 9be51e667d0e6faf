//! Whether an account waits for somebody, and for what.

use jiff::{SignedDuration, Timestamp};

use super::{Account, DUE_WITHIN, Status};

/// Why somebody is needed, what cannot wait first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// The service does not take the credential any more.
    Revoked,
    Expired,
    /// A renewal was cut off, and what came of it is unknown.
    RenewalCutOff,
    /// A revocation is to be finished.
    RevocationPending,
    /// It has few rights, or lapses, until somebody confirms it.
    Unclaimed,
    /// It ends, and does not renew itself.
    Due,
    /// It never ends, and somebody wants to look at it.
    Review,
}

impl Why {
    /// The word for scripts.
    pub fn as_str(self) -> &'static str {
        match self {
            Why::Revoked => "revoked",
            Why::Expired => "expired",
            Why::RenewalCutOff => "renewal_cut_off",
            Why::RevocationPending => "revocation_pending",
            Why::Unclaimed => "unclaimed",
            Why::Due => "due",
            Why::Review => "review",
        }
    }
}

impl Account {
    /// Is it to be renewed now? What renews itself is where its credential ends within a week; what does not, where somebody is
    /// needed.
    pub fn is_due(&self, now: Timestamp) -> bool {
        let ends_soon = || self.expires_at().is_some_and(|end| end.duration_since(now) <= DUE_WITHIN);
        match self.status(now, DUE_WITHIN) {
            _ if self.is_foreign() || self.more.revoking.is_some() => false,
            // Whether the service was silent lately, or waits for somebody to confirm, has nothing to do with it.
            Status::Renews | Status::Unreachable | Status::Unclaimed if self.renews_itself() => {
                self.lacks_credential() || ends_soon()
            }
            // It is to be claimed: a new one would lapse as well.
            Status::Unclaimed => false,
            _ => self.needs_person(now, DUE_WITHIN),
        }
    }

    /// What somebody has to do about it within this span, if anything.
    pub fn wants(&self, now: Timestamp, within: SignedDuration) -> Option<Why> {
        // Another program's is that program's to look after.
        if self.is_foreign() {
            return None;
        }
        // It is renewed by nobody before that is settled.
        if self.more.revoking.is_some() {
            return Some(Why::RevocationPending);
        }
        if self.spending.is_some() {
            return Some(Why::RenewalCutOff);
        }
        let review = || self.review_at().filter(|at| at.duration_since(now) <= within).map(|_| Why::Review);
        match self.status(now, within) {
            Status::Revoked => Some(Why::Revoked),
            Status::Expired => Some(Why::Expired),
            Status::Unclaimed => Some(Why::Unclaimed),
            Status::Due => Some(Why::Due),
            Status::Unreachable | Status::Unknown | Status::Renews | Status::Ok => review(),
        }
    }

    /// When somebody is needed for that, or has been since, where there is such a moment.
    pub fn wanted_at(&self, why: Why) -> Option<Timestamp> {
        match why {
            Why::Revoked => self.proof.map(|proof| proof.at),
            Why::RenewalCutOff => self.spending,
            Why::RevocationPending => self.more.revoking.as_ref().map(|revoking| revoking.since),
            Why::Unclaimed => self.person_needed_at().or(self.obtained_at()),
            Why::Expired | Why::Due => self.person_needed_at(),
            Why::Review => self.review_at(),
        }
    }

    /// Why somebody is needed next, and when: what wants them now comes before what will.
    pub fn wants_next(&self, now: Timestamp) -> Option<(Why, Timestamp)> {
        if let Some(why) = self.wants(now, SignedDuration::ZERO) {
            return Some((why, self.wanted_at(why).unwrap_or(now)));
        }
        let at = self.attention_at()?;
        Some((self.wants(at, SignedDuration::ZERO)?, at))
    }
}
