//! The list of accounts and the detail of one.

use jiff::Timestamp;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::pane::flow_rows;
use super::{Page, Row, cut, wrapped};
use crate::account::{Account, DUE_WITHIN};
use crate::report;
use crate::tui::app::{App, Scene};
use crate::tui::theme::Theme;

/// Before the filter as it is typed.
pub const FILTER: &str = "Filter: ";

const WAY: usize = 7;
const STATUS: usize = 11;
const LEFT: usize = 12;
/// Below this width of the list, scopes are counted and not named.
const NARROW: usize = 92;
/// The bar or mark, the sign, and a blank behind each.
const SIGNS: usize = 4;

pub fn list(app: &App, width: u16, now: Timestamp) -> Page {
    let theme = app.theme;
    let mut page = Page {
        title: Line::styled("authmd", theme.strong()),
        right: Line::styled(counts(app), theme.quiet()),
        ..Page::default()
    };
    page.headline = match &app.scene {
        Scene::Filter(editor) => {
            Line::from(vec![Span::styled(FILTER, theme.quiet()), Span::raw(editor.value().to_owned())])
        }
        _ if !app.list.filter().is_empty() => Line::from(vec![
            Span::styled(FILTER, theme.quiet()),
            Span::raw(app.list.filter().to_owned()),
            Span::styled("   esc shows all", theme.quiet()),
        ]),
        _ if app.list.accounts().is_empty() => Line::styled(app.banner.clone().unwrap_or_default(), theme.quiet()),
        _ => Line::raw(app.list.headline(now)),
    };
    if let Some(problem) = &app.problem {
        page.rows = problem_rows(problem, theme, width as usize);
        return page;
    }
    if app.list.accounts().is_empty() {
        page.rows = if app.loaded { nothing_yet(theme, width as usize) } else { Vec::new() };
        return page;
    }
    if app.list.rows().len() == 0 {
        page.rows = vec![Row::text("No account fits the filter.", theme.text())];
        return page;
    }
    let columns = Columns::of(width as usize);
    let rows: Vec<&Account> = app.list.rows().collect();
    let first = app.first_row();
    page.rows.push(columns.header(theme));
    for (nth, account) in rows.iter().enumerate().skip(first).take(app.page) {
        page.rows.push(columns.row(app, account, nth == app.list.selected_row(), now));
    }
    if let Some(banner) = &app.banner {
        page.rows.push(Row::blank());
        page.rows.extend(wrapped(banner, width as usize).into_iter().map(|line| Row::text(line, theme.quiet())));
    }
    page
}

fn counts(app: &App) -> String {
    let accounts = match app.list.accounts().len() {
        1 => "1 account".to_owned(),
        several => format!("{several} accounts"),
    };
    match app.list.marked() {
        0 => format!("{accounts} · {}", app.store),
        marked => format!("{marked} marked · {accounts} · {}", app.store),
    }
}

pub fn problem_rows(problem: &crate::problem::Problem, theme: Theme, width: usize) -> Vec<Row> {
    let what = wrapped(&format!("{} {}", theme.step(crate::flow::StepState::Failed).0, problem.what), width);
    let hint = wrapped(&problem.hint, width.saturating_sub(2));
    let what = what.into_iter().map(|line| Row::text(line, theme.bad()));
    what.chain(hint.into_iter().map(|line| Row::text(format!("  {line}"), theme.text()))).collect()
}

/// What to do now, in place of a blank.
fn nothing_yet(theme: Theme, width: usize) -> Vec<Row> {
    let mut rows = vec![Row::text("No accounts yet.", theme.strong()), Row::blank()];
    let ways = [
        ("a", "sign up to a service: type its host (api.example.com), noform:SLUG, or paste a WWW-Authenticate header"),
        ("q", "quit; then authmd-tui demo shows everything on services of its own"),
        ("?", "all keys"),
    ];
    for (key, what) in ways {
        for (nth, line) in wrapped(what, width.saturating_sub(4)).into_iter().enumerate() {
            let key = if nth == 0 { key } else { " " };
            rows.push(Row::Inset(Line::from(vec![Span::styled(format!("{key}   "), theme.accent()), Span::raw(line)])));
        }
    }
    rows
}

/// How the width is shared between the columns.
struct Columns {
    service: usize,
    identity: usize,
    scopes: usize,
}

impl Columns {
    fn of(width: usize) -> Self {
        let fixed = SIGNS + WAY + STATUS + LEFT + 5;
        let rest = width.saturating_sub(fixed);
        // Where there is no room for words, the number of scopes has to do; the detail names them.
        let scopes = if width < NARROW { 6 } else { (rest * 32 / 100).clamp(12, 60) };
        let service = ((rest - scopes.min(rest)) * 52 / 100).clamp(8, 32);
        Self { service, scopes, identity: rest.saturating_sub(service + scopes).clamp(6, 40) }
    }

    fn cells(&self, texts: [&str; 6], theme: Theme) -> String {
        let [service, identity, way, scopes, status, left] = texts;
        let cell = |text: &str, width: usize| {
            let text = cut(text, width, theme);
            let pad = " ".repeat(width.saturating_sub(text.width()));
            format!("{text}{pad} ")
        };
        let right = format!("{}{left}", " ".repeat(LEFT.saturating_sub(left.width())));
        [
            cell(service, self.service),
            cell(identity, self.identity),
            cell(way, WAY),
            cell(scopes, self.scopes),
            cell(status, STATUS),
            right,
        ]
        .concat()
    }

    fn header(&self, theme: Theme) -> Row {
        let cells = self.cells(["SERVICE", "IDENTITY", "WAY", "SCOPES", "STATUS", "LEFT"], theme);
        Row::text(format!("{}{cells}", " ".repeat(SIGNS)), theme.quiet())
    }

    fn row(&self, app: &App, account: &Account, selected: bool, now: Timestamp) -> Row {
        let theme = app.theme;
        let status = account.status(now, DUE_WITHIN);
        let word = if app.is_being_checked(account) { "asking" } else { status.as_str() };
        let left = report::left(account, status, now).unwrap_or_else(|| theme.dash().to_owned());
        let identity = account.identity.as_deref().unwrap_or(theme.dash());
        let service =
            account.label.as_ref().map_or(account.service.clone(), |label| format!("{} · {label}", account.service));
        let cells = self.cells(
            [&service, identity, account.mode.label(), &scopes(account, self.scopes, theme), word, &left],
            theme,
        );
        // The status word is coloured; what stands around it is not.
        let status_at = cells.char_indices().rev().nth(LEFT + STATUS).map_or(0, |(at, _)| at);
        let (before, rest) = cells.split_at(status_at);
        let (word, after) = rest.split_at(rest.char_indices().nth(STATUS).map_or(rest.len(), |(at, _)| at));
        let mark = match (selected, app.list.is_marked(&account.id)) {
            (_, true) => theme.mark(),
            (true, false) => theme.bar(),
            (false, false) => " ",
        };
        let weight = if selected { theme.strong() } else { Style::new() };
        Row::Inset(Line::from(vec![
            Span::styled(format!("{mark} "), theme.accent()),
            Span::styled(format!("{} ", theme.sign(status)), theme.status(status)),
            Span::styled(before.to_owned(), weight),
            Span::styled(word.to_owned(), theme.status(status)),
            Span::styled(after.to_owned(), weight),
        ]))
    }
}

/// As many scopes as fit, and how many more there are.
fn scopes(account: &Account, width: usize, theme: Theme) -> String {
    let all = account.scopes.join(" ");
    if all.is_empty() {
        return theme.dash().to_owned();
    }
    if all.width() <= width {
        return all;
    }
    if width < 12 {
        return account.scopes.len().to_string();
    }
    let more = format!(" +{}", account.scopes.len() - 1);
    match account.scopes.as_slice() {
        [only] => only.clone(),
        [first, ..] => format!("{}{more}", cut(first, width.saturating_sub(more.width()), theme)),
        [] => String::new(),
    }
}

pub fn detail(app: &App, scroll: usize, width: u16, now: Timestamp) -> Page {
    let theme = app.theme;
    let Some(account) = app.list.selected() else {
        return Page { title: Line::styled("authmd", theme.strong()), ..Page::default() };
    };
    let mut rows = vec![Row::text(account.service.clone(), theme.accent()), Row::blank()];
    rows.extend(flow_rows(&report::account_lines(account, now, DUE_WITHIN), theme, width as usize));
    Page {
        title: Line::styled(account.service.clone(), theme.strong()),
        right: Line::styled(account.id.to_string(), theme.quiet()),
        // On a page of its own the name stands in the title already.
        rows: rows.split_off(if width >= super::SIDE_BY_SIDE / 2 { 2 } else { 0 }),
        scroll,
        ..Page::default()
    }
}
