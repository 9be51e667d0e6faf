//! When somebody is needed, as a calendar (RFC 5545).

use icalendar::{Calendar, Component, Event, Property};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::capitalized;
use crate::account::{Account, Why};
use crate::trust;

/// An event for each account that will want somebody, at the moment from which it does.
pub fn text(accounts: &[Account], now: Timestamp, until: Option<Timestamp>) -> String {
    // Each of these once (section 3.6): the crate's own name would be a second one.
    let mut calendar = Calendar::empty();
    calendar.append_property(("VERSION", "2.0")).append_property(("PRODID", "-//authmd-tui//authmd-tui//EN"));
    calendar.append_property(("CALSCALE", "GREGORIAN")).name("authmd-tui");
    let wanted = |account: &&Account| account.attention_at().is_some_and(|at| until.is_none_or(|until| at <= until));
    for account in accounts.iter().filter(wanted) {
        calendar.extend(account.attention_at().map(|at| event(account, at, now)));
    }
    calendar.to_string()
}

/// It keeps its identity for as long as the account has its id, so that a calendar that reads the file again moves it.
fn event(account: &Account, at: Timestamp, now: Timestamp) -> Event {
    let name = match &account.label {
        Some(label) => format!("{} · {label}", account.service),
        None => account.service.clone(),
    };
    let (what, command) = match account.wants(at, jiff::SignedDuration::ZERO) {
        _ if account.more.revoking.is_some() => ("finish revoking", "revoke --pending"),
        Some(Why::Review) => ("look at the key of", "review"),
        // It lapses unless somebody makes it theirs before.
        _ if !account.claimed => ("claim", "token --claim"),
        _ => ("renew", "renew"),
    };
    let summary = trust::clean(&format!("{what} {name}"), 120);
    let text = format!("authmd-tui {command} {}", account.id);
    Event::new()
        .uid(&format!("{}@authmd-tui", account.id))
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
