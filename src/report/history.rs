//! What has happened to accounts, for people and for programs.

use serde_json::{Value, json};

use super::{VERSION, receipts_json};
use crate::account::{AccountId, Event, Happened, Receipt, RenewedBy};
use crate::flow::Line;
use crate::{trust, when};

/// Of one account, as the detail shows it: the last of them first.
pub const SHOWN: usize = 12;

/// One event in a line, and the receipts below it.
pub fn event_lines(event: &Event) -> Vec<Line> {
    let mut lines = vec![Line::fact(&when::exact(event.at), in_words(&event.what))];
    let receipt = |receipt: &Receipt| {
        let parts = [receipt.what.as_str(), receipt.place.as_str(), receipt.answer.as_str()];
        let said: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        Line::fact("", said.join(" · "))
    };
    lines.extend(receipts_of(&event.what).iter().map(receipt));
    lines
}

/// The last events of an account, under a heading.
pub fn history_lines(events: &[Event]) -> Vec<Line> {
    if events.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![Line::Gap, Line::Heading("History".to_owned())];
    lines.extend(events.iter().rev().take(SHOWN).flat_map(event_lines));
    if let more @ 1.. = events.len().saturating_sub(SHOWN) {
        lines.push(Line::Quiet(format!("and {more} before; all of it: authmd-tui history ACCOUNT")));
    }
    lines
}

pub fn in_words(what: &Happened) -> String {
    let at = |host: &str| trust::clean(host, 80);
    match what {
        Happened::Obtained { way, host } => format!("obtained by {} at {}", way.label(), at(host)),
        Happened::Renewed { way: RenewedBy::RefreshToken, host } => {
            format!("renewed by its refresh token at {}", at(host))
        }
        Happened::Renewed { way: RenewedBy::IdentityAssertion, host } => {
            format!("renewed by its identity assertion at {}", at(host))
        }
        Happened::Renewed { way: RenewedBy::Person, host } => format!("renewed by a person at {}", at(host)),
        Happened::Verified { host, status } => format!("accepted by {} ({status})", at(host)),
        Happened::Refused { host, status } => format!("turned away by {} ({status})", at(host)),
        Happened::HandedOver { to } => format!("handed to {}", trust::clean(to, 120)),
        Happened::Reviewed => "looked at by a person".to_owned(),
        Happened::Claimed => "claimed at the service".to_owned(),
        Happened::Revoked { .. } => "revoked, and removed here".to_owned(),
        Happened::NotRevoked { why, .. } => format!("not revoked: {}", trust::clean(why, 200)),
        Happened::Forgotten { receipts } if !receipts.is_empty() => {
            "told to the service, and removed here; nothing proves that it is dead".to_owned()
        }
        Happened::Forgotten { .. } => "removed here".to_owned(),
        Happened::Withdrawn { .. } => "not to be revoked any more".to_owned(),
        Happened::PutBack => "put back".to_owned(),
        Happened::TakenOver { from } => format!("copied from {}", trust::clean(from, 120)),
        Happened::Imported => "imported from a file".to_owned(),
    }
}

/// A line each, below what they are of.
pub fn receipts_text(receipts: &[Receipt]) -> String {
    let line = |receipt: &Receipt| {
        let at = when::exact(receipt.at);
        format!("  {:<18} {:<18} {} · {at}", receipt.what, receipt.place, receipt.answer)
    };
    receipts.iter().map(|receipt| line(receipt).trim_end().to_owned() + "\n").collect()
}

pub fn receipts_of(what: &Happened) -> &[Receipt] {
    match what {
        Happened::Revoked { receipts }
        | Happened::NotRevoked { receipts, .. }
        | Happened::Withdrawn { receipts }
        | Happened::Forgotten { receipts } => receipts,
        _ => &[],
    }
}

pub fn event_json(event: &Event) -> Value {
    let mut json = serde_json::to_value(event).unwrap_or_default();
    json["at"] = when::rfc3339(event.at).into();
    if json.get("receipts").is_some() {
        json["receipts"] = receipts_json(receipts_of(&event.what));
    }
    json
}

/// The events of many accounts, each with its account's id.
pub fn history_json(events: &[(AccountId, Event)]) -> Value {
    let with_id = |(id, event): &(AccountId, Event)| {
        let mut json = json!({ "account": id.as_str() });
        if let (Value::Object(to), Value::Object(from)) = (&mut json, event_json(event)) {
            to.extend(from);
        }
        json
    };
    json!({ "version": VERSION, "events": events.iter().map(with_id).collect::<Vec<_>>() })
}
