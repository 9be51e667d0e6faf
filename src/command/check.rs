//! `check`: whether somebody is needed soon, said so that cron, a login message, a prompt, a calendar and a monitor understand.

use jiff::SignedDuration;

use super::output::{print, print_json, print_text};
use super::{Done, Ended, Settings, accounts};
use crate::account::DUE_WITHIN;
use crate::report::check::Check;
use crate::report::{calendar, metrics};
use crate::shell::clock;

/// How it is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Line,
    /// Nothing where nobody is needed.
    LineIfAny,
    Json,
    Calendar,
    Metrics,
}

pub async fn check(settings: &Settings, asked: Option<SignedDuration>, format: Format) -> Done {
    let now = clock::now();
    let accounts = accounts(&settings.ports()?).await?;
    let within = asked.unwrap_or(DUE_WITHIN);
    let check = Check::new(&accounts, now, within);
    match format {
        Format::LineIfAny if check.wanting.is_empty() => {}
        Format::Line | Format::LineIfAny => print_text(settings, &check.text()),
        Format::Json => print_json(&check.json()),
        Format::Calendar => {
            let until = asked.and_then(|asked| now.checked_add(asked).ok());
            print(&calendar::text(&accounts, now, until));
        }
        Format::Metrics => print(&metrics::text(&accounts, now, within)),
    }
    if check.wanting.is_empty() { Ok(()) } else { Err(Ended::Attention) }
}
