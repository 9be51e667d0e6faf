//! Accounts as aligned tables: ours, those of other programs, and services without one.

use jiff::{SignedDuration, Timestamp};
use unicode_width::UnicodeWidthStr;

use super::{elsewhere, left};
use crate::account::Account;
use crate::skill::Described;
use crate::{trust, wrap};

/// The accounts as an aligned table.
/// `width` is that of the terminal, where it goes to one: what is long there is cut.
pub fn list_text(accounts: &[&Account], now: Timestamp, due_within: SignedDuration, width: Option<usize>) -> String {
    let (foreign, accounts): (Vec<&Account>, Vec<&Account>) = accounts.iter().partition(|account| account.is_foreign());
    let foreign = foreign_text(&foreign, now, due_within, width);
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
    // The scopes first, then who and what; an id and the time left are whole.
    columns(&fitting(rows, &[7, 3, 2], width)) + &foreign
}

/// What other programs keep.
fn foreign_text(accounts: &[&Account], now: Timestamp, due_within: SignedDuration, width: Option<usize>) -> String {
    let rows = accounts.iter().filter_map(|account| {
        let kept = elsewhere(account)?;
        let status = account.status(now, due_within);
        Some(vec![
            status.sign().to_string(),
            account.id.to_string(),
            account.service.clone(),
            account.identity.clone().unwrap_or_else(|| "–".to_owned()),
            status.as_str().to_owned(),
            left(account, status, now).unwrap_or_else(|| "–".to_owned()),
            match &kept.loose {
                // The end of it is cut first.
                Some(loose) => format!("{loose}: {}", trust::clean(&kept.file, 100)),
                None => trust::clean(&kept.file, 100),
            },
        ])
    });
    let rows: Vec<Vec<String>> = rows.collect();
    if rows.is_empty() {
        return String::new();
    }
    format!(
        "\nOther programs'; a copy is looked after with: authmd-tui take-over ACCOUNT\n{}",
        columns(&fitting(rows, &[2, 3, 6], width))
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

/// Cuts these columns, one after another, until the rows are no wider than that; of the last one nothing is left where there is
/// no room for a word of it.
fn fitting(mut rows: Vec<Vec<String>>, columns: &[usize], width: Option<usize>) -> Vec<Vec<String>> {
    const LEAST: usize = 8;
    let widest = |rows: &[Vec<String>], column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0)
    };
    for &column in columns {
        let in_all: usize = (0..rows[0].len()).map(|column| widest(&rows, column) + 2).sum::<usize>() - 2;
        let Some(excess) = width.map(|width| in_all.saturating_sub(width)).filter(|excess| *excess > 0) else {
            break;
        };
        let room = widest(&rows, column).saturating_sub(excess);
        if room < LEAST && column + 1 == rows[0].len() {
            rows.iter_mut().for_each(|row| drop(row.pop()));
            continue;
        }
        let room = room.max(LEAST);
        for cell in rows.iter_mut().filter_map(|row| row.get_mut(column)).filter(|cell| cell.width() > room) {
            cell.truncate(wrap::fitting(cell, room - 1));
            cell.push('…');
        }
    }
    rows
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

    #[test]
    fn what_is_too_wide_is_cut_in_its_order() {
        let rows = || vec![vec!["id".to_owned(), "a name that is long".to_owned(), "many scopes, and more".to_owned()]];
        assert_eq!(columns(&fitting(rows(), &[2, 1], None)), "id  a name that is long  many scopes, and more\n");
        assert_eq!(columns(&fitting(rows(), &[2, 1], Some(40))), "id  a name that is long  many scopes, a…\n");
        assert_eq!(columns(&fitting(rows(), &[2, 1], Some(26))), "id  a name that is long\n");
        assert_eq!(columns(&fitting(rows(), &[2, 1], Some(16))), "id  a name that…\n");
    }
}
