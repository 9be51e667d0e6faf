//! Accounts as metrics, in the text format of Prometheus (version 0.0.4), for the textfile collector of its node exporter.
//! Moments are seconds since 1970, as is usual there. Whom a credential is bound to is not in it.

use std::fmt::Write;

use jiff::{SignedDuration, Timestamp};

use crate::account::{Account, Status};

pub fn text(accounts: &[Account], now: Timestamp, within: SignedDuration) -> String {
    let mut out = String::new();
    let mut family = |name: &str, help: &str, samples: Vec<(String, i64)>| {
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge");
        for (labels, value) in samples {
            let _ = writeln!(out, "{name}{labels} {value}");
        }
    };
    let of_status = |status: Status| {
        let number = accounts.iter().filter(|account| account.status(now, within) == status).count();
        (format!("{{status=\"{}\"}}", status.as_str()), i64::try_from(number).unwrap_or(i64::MAX))
    };
    family("authmd_accounts", "Accounts by status.", Status::ALL.into_iter().map(of_status).collect());
    let each = |value: &dyn Fn(&Account) -> Option<i64>| -> Vec<(String, i64)> {
        accounts.iter().filter_map(|account| Some((labels(account), value(account)?))).collect()
    };
    family(
        "authmd_account_needs_person",
        "1 where somebody has to do something within the window that was asked for.",
        each(&|account| Some(i64::from(account.wants(now, within).is_some()))),
    );
    family(
        "authmd_account_needs_person_timestamp_seconds",
        "When somebody has to do something about the account.",
        each(&|account| account.wants_next(now).map(|(_, at)| at.as_second())),
    );
    family(
        "authmd_account_expires_timestamp_seconds",
        "When the credential ends, whether or not it is renewed by itself.",
        each(&|account| account.expires_at().map(Timestamp::as_second)),
    );
    family(
        "authmd_account_verified_timestamp_seconds",
        "When the service last accepted the credential.",
        each(&|account| account.verified_at.map(Timestamp::as_second)),
    );
    family("authmd_check_timestamp_seconds", "When this was written.", vec![(String::new(), now.as_second())]);
    out
}

fn labels(account: &Account) -> String {
    let mode = account.mode.as_str();
    format!(
        "{{account=\"{}\",service=\"{}\",mode=\"{mode}\"}}",
        escaped(account.id.as_str()),
        escaped(&account.service)
    )
}

/// The value of a label.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
