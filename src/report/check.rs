//! What somebody has to do soon: one line for people, JSON for programs.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::VERSION;
use crate::account::{Account, Status, Why};
use crate::when;

/// Accounts that are named in the line; of the others it says how many there are.
const NAMED: usize = 3;

/// The accounts that want somebody within a span, and among how many.
pub struct Check<'a> {
    pub wanting: Vec<(&'a Account, Why)>,
    all: &'a [Account],
    now: Timestamp,
    within: SignedDuration,
}

impl<'a> Check<'a> {
    /// What cannot wait comes first; among the like, in the order of `all`.
    pub fn new(all: &'a [Account], now: Timestamp, within: SignedDuration) -> Self {
        let wants = |account: &'a Account| account.wants(now, within).map(|why| (account, why));
        let mut wanting: Vec<_> = all.iter().filter_map(wants).collect();
        wanting.sort_by_key(|(_, why)| *why);
        Self { wanting, all, now, within }
    }

    /// One line, with the name of the program: it may stand among those of others.
    pub fn text(&self) -> String {
        let span = when::span(self.within);
        let all = match self.all.len() {
            0 => return "authmd-tui: there are no accounts.\n".to_owned(),
            1 => "the account".to_owned(),
            several => format!("{several} accounts"),
        };
        let who = match self.wanting.len() {
            0 if self.all.len() == 1 => return format!("authmd-tui: the account needs nobody within {span}.\n"),
            0 => return format!("authmd-tui: none of {all} needs you within {span}.\n"),
            1 if self.all.len() == 1 => "the account needs you".to_owned(),
            1 => format!("1 of {all} needs you"),
            number => format!("{number} of {all} need you"),
        };
        let named = self
            .wanting
            .iter()
            .take(NAMED)
            .map(|(account, why)| format!("{} {}", account.id, why_in_words(account, *why, self.now)));
        let named = named.collect::<Vec<_>>().join(", ");
        let more = match self.wanting.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        format!("authmd-tui: {who} within {span}: {named}{more}.\n")
    }

    pub fn json(&self) -> Value {
        let count = |status: Status| self.all.iter().filter(|it| it.status(self.now, self.within) == status).count();
        let statuses: serde_json::Map<String, Value> =
            Status::ALL.into_iter().map(|status| (status.as_str().to_owned(), count(status).into())).collect();
        let wanting = self.wanting.iter().map(|(account, why)| {
            json!({
                "id": account.id.as_str(),
                "service": account.service,
                "status": account.status(self.now, self.within).as_str(),
                "why": why.as_str(),
                "at": account.wanted_at(*why).map(when::rfc3339),
            })
        });
        json!({
            "version": VERSION,
            "now": when::rfc3339(self.now),
            "within_seconds": self.within.as_secs(),
            "total": self.all.len(),
            "statuses": statuses,
            "needs_person": wanting.collect::<Vec<_>>(),
        })
    }
}

/// "ends in 3 days".
pub fn why_in_words(account: &Account, why: Why, now: Timestamp) -> String {
    let at = account.wanted_at(why).map(|at| format!(" {}", when::relative(at, now))).unwrap_or_default();
    match why {
        Why::Revoked => "was revoked".to_owned(),
        Why::Expired => format!("ended{at}"),
        Why::RenewalCutOff => format!("was cut off in a renewal{at}"),
        Why::RevocationPending => "is still to be revoked".to_owned(),
        Why::Unclaimed => match account.person_needed_at() {
            Some(end) => format!("is to be confirmed, and lapses {}", when::relative(end, now)),
            None => "is to be confirmed".to_owned(),
        },
        Why::Due => format!("ends{at}"),
        Why::Review if account.review_at().is_some_and(|at| at <= now) => "is to be looked at now".to_owned(),
        Why::Review => format!("is to be looked at{at}"),
    }
}
