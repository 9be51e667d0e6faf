//! Accounts as aligned tables: ours, those of other programs, and services without one.

use jiff::{SignedDuration, Timestamp};
use unicode_width::UnicodeWidthStr;

use super::{elsewhere, left};
use crate::account::Account;
use crate::skill::Described;
use crate::trust;

/// The accounts as an aligned table.
pub fn list_text(accounts: &[&Account], now: Timestamp, due_within: SignedDuration) -> String {
    let (foreign, accounts): (Vec<&Account>, Vec<&Account>) = accounts.iter().partition(|account| account.is_foreign());
    let foreign = foreign_text(&foreign, now, due_within);
    if accounts.is_empty() {
        return format!("No accounts yet. Sign up to a service with: authmd-tui add HOST\n{foreign}");
    }
    let header = ["", "ACCOUNT", "SERVICE", "IDENTITY", "WAY", "STATUS", "LEFT", "SCOPES"].map(str::to_owned);
    let rows = accounts.iter().map(|account| {
        let status = account.status(now, due_within);
        [
            status.sign().to_string(),
            account.id.to_string(),
            account.service.clone(),
            account.identity.as_deref().map_or("–".to_owned(), |identity| trust::clean(identity, 40)),
            account.mode.label().to_owned(),
            status.as_str().to_owned(),
            left(account, status, now).unwrap_or_else(|| "–".to_owned()),
            trust::clean(&account.scopes.join(" "), 60),
        ]
    });
    let mut rows: Vec<Vec<String>> = std::iter::once(header).chain(rows).map(Vec::from).collect();
    // Keys seldom have scopes that are known: the room is needed for the rest.
    if accounts.iter().all(|account| account.scopes.is_empty()) {
        rows.iter_mut().for_each(|row| drop(row.pop()));
    }
    columns(&rows) + &foreign
}

/// What other programs keep.
fn foreign_text(accounts: &[&Account], now: Timestamp, due_within: SignedDuration) -> String {
    let rows = accounts.iter().filter_map(|account| {
        let kept = elsewhere(account)?;
        let status = account.status(now, due_within);
        Some([
            status.sign().to_string(),
            account.id.to_string(),
            account.service.clone(),
            account.identity.clone().unwrap_or_else(|| "–".to_owned()),
            status.as_str().to_owned(),
            left(account, status, now).unwrap_or_else(|| "–".to_owned()),
            match &kept.loose {
                Some(loose) => format!("{} {loose}", trust::clean(&kept.file, 100)),
                None => trust::clean(&kept.file, 100),
            },
        ])
    });
    let rows: Vec<[String; 7]> = rows.collect();
    if rows.is_empty() {
        return String::new();
    }
    format!(
        "\nOther programs', only read; a copy is looked after with: authmd-tui take-over ACCOUNT\n{}",
        columns(&rows)
    )
}

/// The services of the person's skills that have no account, with what signing up would take.
pub fn unconnected_text(described: &[Described]) -> String {
    if described.is_empty() {
        return String::new();
    }
    let rows = described
        .iter()
        .map(|service| [String::new(), trust::clean(&service.id, 40), service.name.clone(), service.takes.clone()]);
    format!("\nNot connected yet; sign up with: authmd-tui add NAME\n{}", columns(&rows.collect::<Vec<_>>()))
}

fn columns<R: AsRef<[String]>>(rows: &[R]) -> String {
    let width = |column: usize| rows.iter().filter_map(|row| row.as_ref().get(column)).map(|cell| cell.width()).max();
    let widths: Vec<usize> = (0..).map_while(width).collect();
    let line = |row: &R| {
        let cells =
            row.as_ref().iter().zip(&widths).map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.width())));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_whatever_the_letters() {
        let rows =
            [["a".to_owned(), "日本".to_owned(), "x".to_owned()], ["bb".to_owned(), "c".to_owned(), "y".to_owned()]];
        assert_eq!(columns(&rows), "a   日本  x\nbb  c     y\n");
    }
}
