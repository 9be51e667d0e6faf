//! Drawing: a pure function of the state. Every scene is a [`Page`] of rows, put on the screen by [`draw`].

mod accounts;
mod pane;

use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::{Margin, Position, Rect, Size};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph, Wrap};
use unicode_width::UnicodeWidthStr;
use url::Url;

use super::app::{App, Overlay, Scene};
use super::keymap::{self, Action, Binding};
use super::list::List;
use super::theme::Theme;
use crate::qr::{self, Ground};
use crate::wrap::{fitting, wrapped};

/// Below this, lines would be cut that a person needs.
pub const SMALLEST: (u16, u16) = (60, 15);
/// From this width on, the detail stands beside the list.
const SIDE_BY_SIDE: u16 = 120;
/// Blank columns on both sides.
const MARGIN: u16 = 2;
/// Rows above and below the middle: where you are, what matters (if anything does), a blank; a blank or a notice, the keys.
const ABOVE: u16 = 3;
const BELOW: u16 = 2;

/// What a scene wants to show.
#[derive(Default)]
pub struct Page {
    /// Where you are.
    pub title: Line<'static>,
    pub right: Line<'static>,
    /// What matters.
    pub headline: Line<'static>,
    pub rows: Vec<Row>,
    /// The question, which stays in sight below the rows.
    pub question: Vec<Row>,
    /// Where the cursor stands: a row of the question and a column.
    pub cursor: Option<(usize, u16)>,
    pub scroll: usize,
}

/// A row of a page.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    /// Within the margins.
    Inset(Line<'static>),
    /// From the first column on, so that a mouse or a terminal can take it whole.
    Flush(Line<'static>),
}

impl Row {
    pub fn blank() -> Self {
        Row::Inset(Line::default())
    }

    pub fn text(text: impl Into<String>, style: Style) -> Self {
        Row::Inset(Line::styled(text.into(), style))
    }
}

/// How many accounts fit on the screen: what stands above them takes its room.
pub fn list_room(app: &App) -> usize {
    let inner = app.size.0.saturating_sub(2 * MARGIN);
    let told =
        accounts::problem(app, inner as usize).len() + accounts::banner(app, list_width_of(app.size.0) as usize).len();
    // One row is the header of the columns.
    (app.size.1.saturating_sub(ABOVE + BELOW + 1) as usize).saturating_sub(told).max(1)
}

/// The row that a selection is on: above the services that are not connected yet stands a heading.
pub fn row_of(list: &List, selected: usize) -> usize {
    let accounts = list.rows().len();
    if selected < accounts || accounts == 0 { selected } else { selected + accounts::HEADING }
}

/// How far the page on the screen can be scrolled.
pub fn scroll_limit(app: &App, now: Timestamp) -> usize {
    let area = Rect::from((Position::ORIGIN, Size::from(app.size)));
    let page = page(app, area, now);
    let middle = middle(app, inner(area), &page);
    let (rows, question) = match &app.scene {
        Scene::Detail { scroll } if is_side_by_side(app, area) => {
            (beside_list(app, *scroll, beside(middle).width, now).rows.len(), 0)
        }
        _ => (page.rows.len(), page.question.len()),
    };
    rows.saturating_sub((middle.height as usize).saturating_sub(question))
}

pub fn draw(app: &App, frame: &mut Frame, now: Timestamp) {
    let area = frame.area();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        return too_small(frame, area);
    }
    if let Some(Overlay::Qr(link)) = &app.overlay {
        return put_qr(app, link, frame, area);
    }
    let inner = inner(area);
    let page = page(app, area, now);
    let middle = middle(app, inner, &page);
    put_head(&page, frame, inner);
    if is_side_by_side(app, area) {
        let place = beside(middle);
        let scroll = if let Scene::Detail { scroll } = &app.scene { *scroll } else { 0 };
        put_page(&page, frame, area, Rect { width: list_width(area), ..middle }, app.theme);
        put_page(&beside_list(app, scroll, place.width, now), frame, area, place, app.theme);
    } else {
        put_page(&page, frame, area, middle, app.theme);
    }
    put_foot(app, frame, inner);
    if let (None, Scene::Filter(editor)) = (&app.overlay, &app.scene) {
        // The filter is typed where it is shown, in the headline.
        let column = inner.x + accounts::FILTER.width() as u16 + editor.visual_cursor() as u16;
        frame.set_cursor_position(Position::new(column.min(inner.right() - 1), inner.y + 1));
    }
    app.theme.spell(frame.buffer_mut());
}

/// Where the detail stands when it shares the screen with the list.
fn beside(middle: Rect) -> Rect {
    let width = list_width_of(middle.width + 2 * MARGIN);
    Rect { x: middle.x + width + MARGIN, width: middle.width.saturating_sub(width + MARGIN), ..middle }
}

/// The detail with the service's name on top, which the head of the screen does not have there.
fn beside_list(app: &App, scroll: usize, width: u16, now: Timestamp) -> Page {
    let mut detail = accounts::detail(app, scroll, width, now);
    detail.rows.splice(..0, [Row::Inset(detail.title.clone()), Row::blank()]);
    detail
}

/// The page for what the person is looking at.
fn page(app: &App, area: Rect, now: Timestamp) -> Page {
    let inner = inner(area);
    match (&app.overlay, &app.scene) {
        (Some(Overlay::Help { scroll }), _) => help(app, *scroll),
        // It has the screen for itself.
        (Some(Overlay::Qr(_)), _) => Page::default(),
        (Some(Overlay::Credential(pane)), _) => pane::credential(app, pane, area.width),
        (Some(Overlay::Unlock(pane)), _) => pane::unlock(app, pane, inner.width),
        (Some(Overlay::Question(question)), _) => pane::question(app, question, inner.width),
        (None, Scene::Session(session)) => pane::session(session, app.theme, inner, now),
        (None, Scene::Target { editor, problem }) => pane::target(editor, problem.as_ref(), app.theme, inner.width),
        (None, Scene::Detail { scroll }) if !is_side_by_side(app, area) => {
            accounts::detail(app, *scroll, inner.width, now)
        }
        (None, Scene::List | Scene::Filter(_) | Scene::Detail { .. }) => accounts::list(app, list_width(area), now),
    }
}

/// Do the list and the detail share the screen?
fn is_side_by_side(app: &App, area: Rect) -> bool {
    let looking_at_accounts =
        app.overlay.is_none() && matches!(app.scene, Scene::List | Scene::Filter(_) | Scene::Detail { .. });
    looking_at_accounts && area.width >= SIDE_BY_SIDE
}

fn list_width(area: Rect) -> u16 {
    list_width_of(area.width)
}

fn list_width_of(width: u16) -> u16 {
    let inner = width.saturating_sub(2 * MARGIN);
    if width >= SIDE_BY_SIDE { (inner * 3 / 5).max(76) } else { inner }
}

fn inner(area: Rect) -> Rect {
    area.inner(Margin::new(MARGIN, 0))
}

fn middle(app: &App, inner: Rect, page: &Page) -> Rect {
    let above = if page.headline.width() == 0 { ABOVE - 1 } else { ABOVE };
    let below = BELOW.max(1 + notice(app, inner.width).len() as u16);
    Rect { y: inner.y + above, height: inner.height.saturating_sub(above + below), ..inner }
}

fn put_head(page: &Page, frame: &mut Frame, inner: Rect) {
    let line = |row: u16| Rect { y: inner.y + row, height: 1, ..inner };
    frame.render_widget(&page.title, line(0));
    // In a place of its own: the style of a line goes as far as its place does.
    let width = (page.right.width() as u16).min(inner.width);
    frame.render_widget(&page.right, Rect { x: inner.right() - width, width, ..line(0) });
    frame.render_widget(&page.headline, line(1));
}

fn put_page(page: &Page, frame: &mut Frame, area: Rect, middle: Rect, theme: Theme) {
    let below = page.question.len();
    let room = (middle.height as usize).saturating_sub(below);
    let over = page.rows.len().saturating_sub(room);
    let first = page.scroll.min(over);
    for (y, row) in page.rows.iter().skip(first).take(room).enumerate() {
        put_row(row, frame, area, middle, y as u16);
    }
    if over > first && room > 0 {
        let more = format!("{} {} more lines below: PageDown", if theme.unicode { "↓" } else { "v" }, over - first + 1);
        let y = middle.y + room as u16 - 1;
        let line = Rect { y, height: 1, ..middle };
        // A link goes over the margins; nothing of it is left beside the words, nor anything taken of what stands beside.
        let left = if middle.x <= area.x + MARGIN { area.x } else { middle.x };
        let right = if middle.right() + MARGIN >= area.right() { area.right() } else { middle.right() };
        frame.render_widget(Clear, Rect { x: left, width: right - left, ..line });
        frame.render_widget(Line::styled(more, theme.quiet()), line);
    }
    let start = page.rows.len().min(room);
    for (y, row) in page.question.iter().enumerate() {
        put_row(row, frame, area, middle, (start + y) as u16);
    }
    if let Some((row, column)) = page.cursor {
        let position =
            Position::new((middle.x + column).min(middle.right().saturating_sub(1)), middle.y + (start + row) as u16);
        frame.set_cursor_position(position);
    }
}

fn put_row(row: &Row, frame: &mut Frame, area: Rect, middle: Rect, y: u16) {
    if y >= middle.height {
        return;
    }
    let y = middle.y + y;
    match row {
        Row::Inset(line) => frame.render_widget(line, Rect { y, height: 1, ..middle }),
        Row::Flush(line) => frame.render_widget(line, Rect { x: area.x, y, width: area.width, height: 1 }),
    }
}

fn put_foot(app: &App, frame: &mut Frame, inner: Rect) {
    let line = |row: u16| Rect { y: inner.bottom() - row, height: 1, ..inner };
    for (nth, text) in notice(app, inner.width).into_iter().rev().enumerate() {
        let row = line(2 + nth as u16);
        frame.render_widget(Clear, row);
        frame.render_widget(Line::styled(text, app.theme.accent()), row);
    }
    frame.render_widget(footer(app, inner.width), line(1));
}

/// The notice on at most two lines.
fn notice(app: &App, width: u16) -> Vec<String> {
    const LINES: usize = 2;
    let Some(text) = &app.notice else {
        return Vec::new();
    };
    let mut lines = wrapped(text, width as usize);
    if lines.len() > LINES {
        let rest = lines.split_off(LINES - 1).join(" ");
        lines.push(cut(&rest, width as usize, app.theme));
    }
    lines
}

/// The keys that work here, as many as fit; the ones that lead out of here stay to the last.
fn footer(app: &App, width: u16) -> Line<'static> {
    let theme = app.theme;
    let mut keys: Vec<(String, &Binding)> = Vec::new();
    let mut pending = String::new();
    for binding in keymap::footer(app.place()).filter(|binding| app.is_of_use(binding.action)) {
        let key = std::mem::take(&mut pending) + &binding.key.label(theme.unicode);
        if binding.label.is_empty() {
            // A key that shares its label with the next one.
            pending = if theme.unicode { key } else { key + "/" };
            continue;
        }
        keys.push((key, binding));
    }
    let wanted = |keys: &[(String, &Binding)]| -> usize {
        keys.iter().map(|(key, binding)| key.width() + binding.label.width() + 3).sum()
    };
    // The gap after the last one need not fit.
    while wanted(&keys) > usize::from(width) + 2 {
        let leads_out = |action| matches!(action, Action::Back | Action::Quit | Action::Cancel);
        match keys.iter().rposition(|(_, binding)| !leads_out(binding.action)) {
            Some(last) => drop(keys.remove(last)),
            None => drop(keys.pop()),
        }
    }
    let spans = keys.into_iter().flat_map(|(key, binding)| {
        [Span::styled(key, theme.strong()), Span::styled(format!(" {}  ", binding.label), theme.quiet())]
    });
    Line::from(spans.collect::<Vec<_>>())
}

fn help(app: &App, scroll: usize) -> Page {
    let theme = app.theme;
    let mut rows = Vec::new();
    for (group, keys) in keymap::groups() {
        rows.push(Row::text(group, theme.strong()));
        for (binding, places) in keys {
            let key = format!("  {:<10}", binding.key.label(theme.unicode));
            let places = if places.is_empty() { places } else { format!("  in {places}") };
            rows.push(Row::Inset(Line::from(vec![
                Span::styled(key, theme.accent()),
                Span::raw(binding.label),
                Span::styled(places, theme.quiet()),
            ])));
        }
        rows.push(Row::blank());
    }
    Page { title: Line::styled("Keys", theme.strong()), rows, scroll, ..Page::default() }
}

/// The picture alone, as large as it is: a camera needs all of it.
fn put_qr(app: &App, link: &Url, frame: &mut Frame, area: Rect) {
    let theme = app.theme;
    let rows = qr_rows(link, theme);
    let (width, height) = (rows.first().map_or(0, |row| row.width()) as u16, rows.len() as u16);
    if rows.is_empty() || width > area.width || height > area.height {
        let text = format!(
            "The QR code needs {width}×{height}; this window has {}×{}.\nMake it larger; esc leads back to the link.",
            area.width, area.height
        );
        return frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: false }), area);
    }
    let place = Rect { x: (area.width - width) / 2, y: (area.height - height) / 2, width, height };
    let lines: Vec<Line> = rows.into_iter().map(Line::from).collect();
    frame.render_widget(Paragraph::new(lines).style(theme.camera()), place);
    // The page asks whether the code is this one.
    let code = match &app.scene {
        Scene::Session(session) => session.screen().user_code.clone(),
        _ => None,
    };
    let foot = code.map_or(String::new(), |code| format!("{code}   ")) + "esc back";
    if place.bottom() + 1 < area.bottom() {
        let line = Rect { y: area.bottom() - 1, height: 1, ..area };
        frame.render_widget(Line::from(foot).centered().style(theme.quiet()), line);
    }
}

/// A link for a camera, where there are letters to draw it with.
pub fn qr_rows(link: &Url, theme: Theme) -> Vec<String> {
    let ground = if theme.color { Ground::White } else { Ground::Dark };
    if theme.unicode { qr::rows(link.as_str(), ground) } else { Vec::new() }
}

fn too_small(frame: &mut Frame, area: Rect) {
    let (width, height) = SMALLEST;
    let text = format!(
        "authmd-tui needs {width}×{height}; this window has {}×{}.\nMake it larger, or use: authmd-tui list",
        area.width, area.height
    );
    frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: false }), area);
}

/// A text cut to `width` columns, with a sign that it was cut.
pub fn cut(text: &str, width: usize, theme: Theme) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    format!("{}{}", &text[..fitting(text, width.saturating_sub(1))], theme.ellipsis())
}
