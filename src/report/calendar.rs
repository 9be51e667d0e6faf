//! When somebody is needed, as a calendar (RFC 5545).

use icalendar::{Calendar, Component, Event, Property};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::capitalized;
use crate::account::{Account, Why};
use crate::trust;

/// An event for each account that wants somebody or will, at the moment from which it does.
pub fn text(accounts: &[Account], now: Timestamp, until: Option<Timestamp>) -> String {
    // Each of these once (section 3.6): the crate's own name would be a second one.
    let mut calendar = Calendar::empty();
    calendar.append_property(("VERSION", "2.0")).append_property(("PRODID", "-//authmd-tui//authmd-tui//EN"));
    calendar.append_property(("CALSCALE", "GREGORIAN")).name("authmd-tui");
    let wanting = accounts.iter().filter_map(|account| Some((account, account.wants_next(now)?)));
    for (account, (why, at)) in wanting.filter(|(_, (_, at))| until.is_none_or(|until| *at <= until)) {
        calendar.extend([event(account, why, at, now)]);
    }
    calendar.to_string()
}

/// It keeps its identity for as long as the account has its id, so that a calendar that reads the file again moves it.
fn event(account: &Account, why: Why, at: Timestamp, now: Timestamp) -> Event {
    let name = match &account.label {
        Some(label) => format!("{} · {label}", account.service),
        None => account.service.clone(),
    };
    let id = &account.id;
    let (what, command) = match why {
        Why::RevocationPending => ("finish revoking", "revoke --pending".to_owned()),
        Why::Review => ("look at the key of", format!("review {id}")),
        Why::RenewalCutOff => ("settle the renewal of", format!("renew {id}")),
        // It lapses unless somebody makes it theirs before.
        _ if !account.claimed && why != Why::Revoked => ("claim", format!("token --claim {id}")),
        Why::Revoked | Why::Expired | Why::Unclaimed | Why::Due => ("renew", format!("renew {id}")),
    };
    let summary = trust::clean(&format!("{what} {name}"), 120);
    let text = format!("authmd-tui {command}");
    Event::new()
        .uid(&format!("{id}@authmd-tui"))
        .append_property(utc("DTSTAMP", now))
        .append_property(utc("DTSTART", at))
        // It takes nobody's time from anything else.
        .append_property(("TRANSP", "TRANSPARENT"))
        .summary(&capitalized(&summary))
        .description(&text)
        .done()
}

fn utc(name: &str, moment: Timestamp) -> Property {
    Property::new(name, moment.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ").to_string())
}
