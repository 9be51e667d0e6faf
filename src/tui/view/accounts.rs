//! The list of accounts and the detail of one.

use jiff::Timestamp;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::pane::{flow_rows_with, hanging};
use super::{Page, Row, Spot, cut, timeline};
use crate::account::{Account, DUE_WITHIN, Horizon};
use crate::report;
use crate::skill::Described;
use crate::tui::app::{App, Scene};
use crate::tui::keymap::{Action, Place};
use crate::tui::list::Shown;
use crate::tui::theme::Theme;
use crate::wrap::wrapped;

/// Before the filter as it is typed.
pub const FILTER: &str = "Filter: ";

const WAY: usize = 7;
const STATUS: usize = 11;
const LEFT: usize = 12;
/// Below this width of the list, scopes are left to the detail.
const NARROW: usize = 92;
/// Below this one, the way is, too.
const TIGHT: usize = 70;
/// The bar or mark, the sign, and a blank behind each.
const SIGNS: usize = 4;

/// The row that names the columns.
pub const HEADER: usize = 1;

/// `width` is the list's, which may share the screen with the detail; `whole` is that of both.
pub fn list(app: &App, whole: u16, width: u16, now: Timestamp) -> Page {
    let theme = app.theme;
    let (whole, width) = (whole as usize, width as usize);
    let mut page = Page {
        title: Line::styled("authmd", theme.strong()),
        right: Line::styled(counts(app), theme.quiet()),
        headline: headline(app, whole, now),
        above: problem(app, whole),
        ..Page::default()
    };
    if app.list.accounts().is_empty() {
        if app.loaded && app.problem.is_none() {
            page.rows = nothing_yet(app, width);
            page.rows.extend((!app.list.unconnected().is_empty()).then(Row::blank));
            page.rows.extend(shown(app, width, now));
        }
        return page;
    }
    page.above.extend(timeline::rows(app, whole, now));
    if app.list.height() == 0 {
        page.rows.push(Row::text("No account fits the filter.", theme.text()));
        return page;
    }
    page.fixed.push(Columns::of(width).header(theme));
    page.rows = shown(app, width, now);
    page.part_of = Some((app.list.top(), app.list.height()));
    page.question = banner(app, width);
    page
}

fn headline(app: &App, width: usize, now: Timestamp) -> Line<'static> {
    let theme = app.theme;
    match &app.scene {
        Scene::Filter(editor) => {
            Line::from(vec![Span::styled(FILTER, theme.quiet()), Span::raw(editor.value().to_owned())])
        }
        _ if !app.list.filter().is_empty() => Line::from(vec![
            Span::styled(FILTER, theme.quiet()),
            Span::raw(app.list.filter().to_owned()),
            Span::styled("   esc shows all", theme.quiet()),
        ]),
        _ if app.list.accounts().is_empty() => Line::styled(app.banner.clone().unwrap_or_default(), theme.quiet()),
        _ => {
            let said = app.list.headline(now);
            // Cut it would lose when, which is what matters.
            Line::raw(if said.width() <= width { said } else { app.list.short_headline(now) })
        }
    }
}

/// The rows of the list that are on the screen.
fn shown(app: &App, width: usize, now: Timestamp) -> Vec<Row> {
    let columns = Columns::of(width);
    let top = app.list.top();
    let on_screen = (top..top + super::list_room(app)).map_while(|row| app.list.shown(row));
    let rows = on_screen.map(|shown| match shown {
        Shown::Group(horizon) => {
            let style = if horizon == Horizon::Now { app.theme.strong() } else { app.theme.quiet() };
            Row::text(horizon.label(), style)
        }
        Shown::Account(nth, account) => columns.row(app, account, nth, now),
        Shown::Gap => Row::blank(),
        Shown::Heading => Row::text("not connected yet   Enter signs up; it takes", app.theme.quiet()),
        Shown::Service(nth, service) => unconnected(app, service, nth, width),
    });
    rows.collect()
}

/// A service of the person's skills that has no account, with what signing up would take.
fn unconnected(app: &App, service: &Described, nth: usize, width: usize) -> Row {
    let theme = app.theme;
    let names = app.list.unconnected().iter().map(|service| service.name.width());
    let name = names.max().unwrap_or(0).min(width / 2);
    let is_selected = app.list.selected_row() == nth;
    let mark = if is_selected { theme.bar() } else { " " };
    let weight = if is_selected { theme.strong() } else { theme.text() };
    let shown = cut(&service.name, name, theme);
    let pad = " ".repeat(name.saturating_sub(shown.width()));
    let takes = cut(&service.takes, width.saturating_sub(SIGNS + name + 2), theme);
    let line = Line::from(vec![
        Span::styled(format!("{mark} "), theme.accent()),
        Span::styled(format!("{} ", theme.dash()), theme.quiet()),
        Span::styled(format!("{shown}{pad}  "), weight),
        Span::styled(takes, theme.quiet()),
    ]);
    Row::inset(line).on(Spot::Selection(nth)).raised(is_selected)
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
        marked if app.list.hidden_marks() > 0 => {
            format!("{marked} marked, {} hidden · {accounts} · {}", app.list.hidden_marks(), app.store)
        }
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
pub fn nothing_yet(app: &App, width: usize) -> Vec<Row> {
    let theme = app.theme;
    let mut rows = vec![Row::text("No accounts yet.", theme.strong()), Row::blank()];
    let key = |action| app.key_label(Place::List, action).unwrap_or_default();
    let ways = [
        (
            key(Action::Add),
            "sign up to a service: type its host (api.example.com) or its name (openrouter), or paste a WWW-Authenticate header",
        ),
        (key(Action::Quit), "quit; then authmd-tui demo shows everything on services of its own"),
        (key(Action::Help), "all keys"),
    ];
    for (key, what) in ways {
        for (nth, line) in wrapped(what, width.saturating_sub(4)).into_iter().enumerate() {
            let key = if nth == 0 { &key } else { "" };
            rows.push(Row::inset(Line::from(vec![Span::styled(format!("{key:<4}"), theme.accent()), Span::raw(line)])));
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
            TIGHT..NARROW => (WAY, 0),
            _ => (WAY, (width / 5).min(60)),
        };
        let gaps = 3 + usize::from(way > 0) + usize::from(scopes > 0);
        let rest = width.saturating_sub(SIGNS + way + scopes + STATUS + LEFT + gaps);
        let service = (rest * 56 / 100).min(32);
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

    fn row(&self, app: &App, account: &Account, nth: usize, now: Timestamp) -> Row {
        let theme = app.theme;
        let selected = app.list.selected_row() == nth;
        let status = account.status(now, DUE_WITHIN);
        let word = app.is_at(account).unwrap_or(status.as_str());
        let left = report::left(account, status, now).unwrap_or_else(|| theme.dash().to_owned());
        let identity = account.identity.as_deref().unwrap_or(theme.dash());
        let service = account.label.as_ref().map_or(account.service.clone(), |label| {
            // The label tells accounts apart: the service's name gives way to it.
            let room = self.service.saturating_sub(label.width() + 3);
            format!("{} · {label}", cut(&account.service, room.max(4), theme))
        });
        let before =
            self.before_status([&service, identity, report::way(account), &scopes(account, self.scopes, theme)], theme);
        let mark = match (selected, app.list.is_marked(&account.id)) {
            (_, true) => theme.mark(),
            (true, false) => theme.bar(),
            (false, false) => " ",
        };
        let weight = if selected { theme.strong() } else { theme.text() };
        let line = Line::from(vec![
            Span::styled(format!("{mark} "), theme.accent()),
            Span::styled(format!("{} ", theme.sign(status)), theme.status(status)),
            Span::styled(before, weight),
            Span::styled(format!("{word:<STATUS$}"), theme.status(status)),
            Span::styled(format!(" {left:>LEFT$}"), weight),
        ]);
        Row::inset(line).on(Spot::Selection(nth)).raised(selected)
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
    let (past, set_here) = app.beside().map_or((&[][..], &[][..]), |beside| (&beside.past, &beside.set_here));
    let mut lines = report::account_lines(account, &app.list.twins(account), set_here, now, DUE_WITHIN);
    lines.extend(report::history::history_lines(past));
    let status = theme.status(account.status(now, DUE_WITHIN));
    Page {
        title: Line::styled(account.service.clone(), theme.strong()),
        right: Line::styled(account.id.to_string(), theme.quiet()),
        rows: flow_rows_with(&lines, status, theme, width as usize),
        scroll,
        ..Page::default()
    }
}
