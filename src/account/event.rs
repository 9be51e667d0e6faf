//! What has happened to an account: when, by which way, at which host. No secret is in it, so that it can outlive the account.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Account, Mode, Note, Verdict};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    pub at: Timestamp,
    #[serde(flatten)]
    pub what: Happened,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Happened {
    /// Somebody signed up.
    Obtained {
        way: Mode,
        host: String,
    },
    Renewed {
        way: RenewedBy,
        host: String,
    },
    /// The service took the credential.
    Verified {
        host: String,
        status: u16,
    },
    /// It turned it away.
    Refused {
        host: String,
        status: u16,
    },
    HandedOver {
        to: String,
    },
    /// Somebody has looked at it.
    Reviewed,
    /// Somebody has made it theirs at the service.
    Claimed,
    /// It was ended at the service, and is shown to be dead.
    Revoked {
        receipts: Vec<Receipt>,
    },
    /// It was to be ended, and goes on working for all that is known.
    NotRevoked {
        receipts: Vec<Receipt>,
        why: String,
    },
    /// It is not to be ended any more.
    Withdrawn {
        receipts: Vec<Receipt>,
    },
    /// It was removed here. What the service was told before is in the receipts; it does not show that it is dead.
    Forgotten {
        receipts: Vec<Receipt>,
    },
    /// Forgetting it was taken back.
    PutBack,
    /// It was copied from another program's file.
    TakenOver {
        from: String,
    },
    /// It came in a file from another machine, or from before.
    Imported,
}

/// What got the new credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RenewedBy {
    RefreshToken,
    IdentityAssertion,
    /// Somebody signed up again in place.
    Person,
}

/// What one call of a revocation came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// "refresh token", "credential", "identity assertion", "proof", "newer token", "removed here".
    pub what: String,
    /// The host that was asked; empty for what was done here.
    #[serde(rename = "where")]
    pub place: String,
    pub answer: String,
    /// Was it shown that the token is dead, or that it is not? `None` where nothing can show it.
    pub proven: Option<bool>,
    pub at: Timestamp,
}

impl Happened {
    pub fn at(self, at: Timestamp) -> Event {
        Event { at, what: self }
    }
}

impl Event {
    /// What a note of an account makes known, where it is worth remembering.
    pub fn of(account: &Account, note: &Note) -> Option<Self> {
        let host = || account.host();
        match note {
            Note::Proof(proof) | Note::Shown(_, proof) => match proof.verdict {
                Verdict::Accepted { status } => Some(Happened::Verified { host: host(), status }.at(proof.at)),
                Verdict::Refused { status } => Some(Happened::Refused { host: host(), status }.at(proof.at)),
                Verdict::Unclear { .. } | Verdict::Unreachable => None,
            },
            Note::HandedOver { at, to } => Some(Happened::HandedOver { to: to.clone() }.at(*at)),
            Note::Review { seen, .. } => Some(Happened::Reviewed.at(*seen)),
            Note::Claimed(at) => Some(Happened::Claimed.at(*at)),
            Note::NotRevoked { at, why, receipts } => {
                Some(Happened::NotRevoked { receipts: receipts.clone(), why: why.clone() }.at(*at))
            }
            Note::KeptAfterAll { at, receipts } => Some(Happened::Withdrawn { receipts: receipts.clone() }.at(*at)),
            Note::Spending(_)
            | Note::Unspent
            | Note::Revoking(_)
            | Note::Undeclared
            | Note::Narrows
            | Note::NoRefresh
            | Note::NoClient => None,
        }
    }
}
