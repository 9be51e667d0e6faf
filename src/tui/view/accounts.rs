//! The list of accounts and the detail of one.

use jiff::Timestamp;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::pane::{flow_rows, hanging};
use super::{Page, Row, cut};
use crate::account::{Account, DUE_WITHIN};
use crate::report;
use crate::skill::Described;
use crate::tui::app::{App, Scene};
use crate::tui::theme::Theme;
use crate::wrap::wrapped;

/// Before the filter as it is typed.
pub const FILTER: &str = "Filter: ";

const WAY: usize = 7;
const STATUS: usize = 11;
const LEFT: usize = 12;
/// Below this width of the list, scopes are counted and not named.
const NARROW: usize = 92;
/// Below this one, they and the way are left to the detail.
const TIGHT: usize = 70;
const COUNT: usize = 6;
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
    page.rows = problem(app, width as usize);
    if app.list.accounts().is_empty() {
        if app.loaded && app.problem.is_none() {
            page.rows = nothing_yet(theme, width as usize);
            if !app.list.unconnected().is_empty() {
                page.rows.push(Row::blank());
                page.rows.extend(unconnected(app, width as usize));
            }
        }
        return page;
    }
    if app.list.rows().len() == 0 && app.list.unconnected().is_empty() {
        page.rows.push(Row::text("No account fits the filter.", theme.text()));
        return page;
    }
    let columns = Columns::of(width as usize);
    let selected = app.list.selected_row();
    let mut rows: Vec<Row> =
        app.list.rows().enumerate().map(|(nth, account)| columns.row(app, account, nth == selected, now)).collect();
    if !app.list.unconnected().is_empty() {
        rows.extend((!rows.is_empty()).then(Row::blank));
        rows.extend(unconnected(app, width as usize));
    }
    page.rows.push(columns.header(theme));
    page.rows.extend(rows.into_iter().skip(app.first_row()).take(super::list_room(app)));
    page.rows.extend(banner(app, width as usize));
    page
}

/// The rows above the services that are not connected yet, where accounts stand above them.
pub const HEADING: usize = 2;

/// The services of the person's skills that have no account, with what signing up would take.
fn unconnected(app: &App, width: usize) -> Vec<Row> {
    let theme = app.theme;
    let services = app.list.unconnected();
    let name = services.iter().map(|service| service.name.width()).max().unwrap_or(0).min(width / 2);
    let row = |service: &Described| {
        let is_selected = app.list.selected_service() == Some(service);
        let mark = if is_selected { theme.bar() } else { " " };
        let weight = if is_selected { theme.strong() } else { Style::new() };
        let shown = cut(&service.name, name, theme);
        let pad = " ".repeat(name.saturating_sub(shown.width()));
        let takes = cut(&service.takes, width.saturating_sub(SIGNS + name + 2), theme);
        Row::Inset(Line::from(vec![
            Span::styled(format!("{mark} "), theme.accent()),
            Span::styled(format!("{} ", theme.dash()), theme.quiet()),
            Span::styled(format!("{shown}{pad}  "), weight),
            Span::styled(takes, theme.quiet()),
        ]))
    };
    let heading =
        Row::text(format!("{}NOT CONNECTED YET   enter signs up; it takes", " ".repeat(SIGNS)), theme.quiet());
    std::iter::once(heading).chain(services.iter().map(row)).collect()
}

/// Why accounts may be missing, above those that are there.
pub fn problem(app: &App, width: usize) -> Vec<Row> {
    let told = app.problem.as_ref().map(|problem| problem_rows(problem, app.theme, width));
    told.map(|mut rows| {
        rows.push(Row::blank());
        rows
    })
    .unwrap_or_default()
}

/// What the demo says below the list.
pub fn banner(app: &App, width: usize) -> Vec<Row> {
    let lines =
        app.banner.iter().flat_map(|banner| wrapped(banner, width)).map(|line| Row::text(line, app.theme.quiet()));
    let rows: Vec<Row> = lines.collect();
    if rows.is_empty() { rows } else { [vec![Row::blank()], rows].concat() }
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
    let sign = theme.step(crate::flow::StepState::Failed).0;
    let mut rows = hanging(Span::styled(format!("{sign} "), theme.bad()), &problem.what, theme.bad(), width);
    rows.extend(hanging(Span::raw("  "), &problem.hint, theme.text(), width));
    rows
}

/// What to do now, in place of a blank.
fn nothing_yet(theme: Theme, width: usize) -> Vec<Row> {
    let mut rows = vec![Row::text("No accounts yet.", theme.strong()), Row::blank()];
    let ways = [
        (
            "a",
            "sign up to a service: type its host (api.example.com) or its name (openrouter), or paste a WWW-Authenticate header",
        ),
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

/// How the width is shared between the columns; a column without room has the width 0 and is left out.
struct Columns {
    service: usize,
    identity: usize,
    way: usize,
    scopes: usize,
}

impl Columns {
    fn of(width: usize) -> Self {
        let (way, scopes) = match width {
            ..TIGHT => (0, 0),
            // Where there is no room for words, the number of scopes has to do; the detail names them.
            TIGHT..NARROW => (WAY, COUNT),
            _ => (WAY, (width / 5).min(60)),
        };
        let gaps = 3 + usize::from(way > 0) + usize::from(scopes > 0);
        let rest = width.saturating_sub(SIGNS + way + scopes + STATUS + LEFT + gaps);
        let service = (rest * 52 / 100).min(32);
        Self { service, identity: (rest - service).min(40), way, scopes }
    }

    fn before_status(&self, texts: [&str; 4], theme: Theme) -> String {
        let widths = [self.service, self.identity, self.way, self.scopes];
        let cells = texts.iter().zip(widths).filter(|(_, width)| *width > 0).map(|(text, width)| {
            let text = cut(text, width, theme);
            let pad = " ".repeat(width.saturating_sub(text.width()));
            format!("{text}{pad} ")
        });
        cells.collect()
    }

    fn header(&self, theme: Theme) -> Row {
        let before = self.before_status(["SERVICE", "IDENTITY", "WAY", "SCOPES"], theme);
        Row::text(format!("{}{before}{:<STATUS$} {:>LEFT$}", " ".repeat(SIGNS), "STATUS", "LEFT"), theme.quiet())
    }

    fn row(&self, app: &App, account: &Account, selected: bool, now: Timestamp) -> Row {
        let theme = app.theme;
        let status = account.status(now, DUE_WITHIN);
        let word = if app.is_being_checked(account) { "asking" } else { status.as_str() };
        let left = report::left(account, status, now).unwrap_or_else(|| theme.dash().to_owned());
        let identity = account.identity.as_deref().unwrap_or(theme.dash());
        let service = account.label.as_ref().map_or(account.service.clone(), |label| {
            // The label tells accounts apart: the service's name gives way to it.
            let room = self.service.saturating_sub(label.width() + 3);
            format!("{} · {label}", cut(&account.service, room.max(4), theme))
        });
        let before =
            self.before_status([&service, identity, account.mode.label(), &scopes(account, self.scopes, theme)], theme);
        let mark = match (selected, app.list.is_marked(&account.id)) {
            (_, true) => theme.mark(),
            (true, false) => theme.bar(),
            (false, false) => " ",
        };
        let weight = if selected { theme.strong() } else { Style::new() };
        Row::Inset(Line::from(vec![
            Span::styled(format!("{mark} "), theme.accent()),
            Span::styled(format!("{} ", theme.sign(status)), theme.status(status)),
            Span::styled(before, weight),
            Span::styled(format!("{word:<STATUS$}"), theme.status(status)),
            Span::styled(format!(" {left:>LEFT$}"), weight),
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
    if width <= COUNT {
        return account.scopes.len().to_string();
    }
    let more = format!(" +{}", account.scopes.len() - 1);
    match account.scopes.as_slice() {
        [only] => only.clone(),
        [first, ..] => format!("{}{more}", cut(first, width.saturating_sub(more.width()), theme)),
        [] => String::new(),
    }
}

/// The detail of the selected account, for a page of its own or beside the list.
pub fn detail(app: &App, scroll: usize, width: u16, now: Timestamp) -> Page {
    let theme = app.theme;
    let Some(account) = app.list.selected() else {
        return Page::default();
    };
    Page {
        title: Line::styled(account.service.clone(), theme.strong()),
        right: Line::styled(account.id.to_string(), theme.quiet()),
        rows: flow_rows(&report::account_lines(account, app.list.accounts(), now, DUE_WITHIN), theme, width as usize),
        scroll,
        ..Page::default()
    }
}
