//! Drawing: a pure function of the state. Every scene is a [`Page`] of rows, put on the screen by [`draw`].
//!
//! ```text
//!   where you are                                        what it is about
//!   what matters
//!
//!   the middle: what never moves, the rows, the question
//!
//!   a notice, or a blank
//!   the keys that work here
//! ```

mod accounts;
mod page;
mod pane;
mod reference;
mod timeline;

use jiff::Timestamp;
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Margin, Position, Rect, Size};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget, Wrap};
use unicode_width::UnicodeWidthStr;
use url::Url;

use super::app::{App, Overlay, Scene};
use super::keymap::{Action, Binding};
use super::theme::{Depth, Theme};
use crate::flow::Trail;
use crate::qr::{self, Ground};
use crate::wrap::{fitting, wrapped};

pub use page::{Drawn, Link, Page, Row, Spot};

/// Below this, lines would be cut that a person needs.
pub const SMALLEST: (u16, u16) = (60, 15);
/// From this width on, the detail stands beside the list.
const SIDE_BY_SIDE: u16 = 120;
/// From this width on, the steps of a walk stand at its side.
const RAIL: u16 = 104;
const RAIL_WIDTH: u16 = 18;
/// Lines of text are no longer: the eye has to find the next one.
const READABLE: u16 = 96;
/// Blank columns on both sides.
const MARGIN: u16 = 2;
/// Rows above and below the middle: where you are, what matters (if anything does), a blank; a blank or a notice, the keys.
const ABOVE: u16 = 3;
const BELOW: u16 = 2;

/// How many rows of the list fit on the screen: what stands above and below them takes its room.
pub fn list_room(app: &App) -> usize {
    let inner = inner(Rect::from((Position::ORIGIN, Size::from(app.size))));
    let height = inner.height.saturating_sub(ABOVE + below(app, inner.width)) as usize;
    let width = inner.width as usize;
    let banner = accounts::banner(app, list_width(app.size.0) as usize).len();
    let above = match app.list.accounts().is_empty() {
        true => accounts::nothing_yet(app, width).len() + 1,
        false => timeline::height(app) + accounts::HEADER,
    };
    let around = accounts::problem(app, width).len() + above + banner;
    height.saturating_sub(around).max(1)
}

/// How far the page on the screen can be scrolled.
pub fn scroll_limit(app: &App, now: Timestamp) -> usize {
    let area = Rect::from((Position::ORIGIN, Size::from(app.size)));
    let (page, _, middle) = laid_out(app, area, now);
    match &app.scene {
        Scene::Detail { scroll } if is_side_by_side(app, area) => {
            let place = beside(middle);
            beside_list(app, *scroll, place.width, now).hidden(place.height)
        }
        _ => page.hidden(middle.height),
    }
}

/// What a click at this place is on.
pub fn spot_at(app: &App, position: Position, now: Timestamp) -> Option<Spot> {
    let mut buffer = Buffer::empty(Rect::from((Position::ORIGIN, Size::from(app.size))));
    let spots = compose(app, &mut buffer, now).spots;
    spots.into_iter().rev().find(|(place, _)| place.contains(position)).map(|(_, spot)| spot)
}

/// Draws all of it, and returns what there is besides letters.
pub fn draw(app: &App, frame: &mut Frame, now: Timestamp) -> Drawn {
    let drawn = compose(app, frame.buffer_mut(), now);
    if let Some(cursor) = drawn.cursor {
        frame.set_cursor_position(cursor);
    }
    drawn
}

fn compose(app: &App, buffer: &mut Buffer, now: Timestamp) -> Drawn {
    let area = buffer.area;
    let theme = app.theme;
    let mut drawn = Drawn::default();
    theme.ground(buffer);
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        too_small(area, buffer);
        return drawn;
    }
    if let Some(Overlay::Qr(link)) = &app.overlay {
        put_qr(app, link, area, buffer);
        return drawn;
    }
    let inner = inner(area);
    let (page, above, middle) = laid_out(app, area, now);
    put_head(&page, inner, theme, buffer);
    page.put_above(area, above, theme, buffer, &mut drawn);
    if is_side_by_side(app, area) {
        put_page_beside(&page, app, area, middle, now, buffer, &mut drawn);
    } else {
        page.put(area, middle, theme, buffer, &mut drawn);
    }
    if let Some(trail) = page.trail {
        put_rail(trail, theme, Rect { x: inner.right() - RAIL_WIDTH, width: RAIL_WIDTH, ..middle }, buffer);
    }
    put_foot(app, inner, buffer, &mut drawn);
    if let (None, Scene::Filter(editor)) = (&app.overlay, &app.scene) {
        // The filter is typed where it is shown, in the headline.
        let column = inner.x + accounts::FILTER.width() as u16 + editor.visual_cursor() as u16;
        drawn.cursor = Some(Position::new(column.min(inner.right() - 1), inner.y + 1));
    }
    theme.spell(buffer);
    drawn
}

/// The list and the detail share the width.
fn put_page_beside(
    page: &Page,
    app: &App,
    area: Rect,
    middle: Rect,
    now: Timestamp,
    buffer: &mut Buffer,
    drawn: &mut Drawn,
) {
    let scroll = if let Scene::Detail { scroll } = &app.scene { *scroll } else { 0 };
    let place = beside(middle);
    page.put(area, Rect { width: list_width(area.width), ..middle }, app.theme, buffer, drawn);
    beside_list(app, scroll, place.width, now).put(area, place, app.theme, buffer, drawn);
}

/// Where the detail stands when it shares the screen with the list.
fn beside(middle: Rect) -> Rect {
    let width = list_width(middle.width + 2 * MARGIN);
    Rect { x: middle.x + width + MARGIN, width: middle.width.saturating_sub(width + MARGIN), ..middle }
}

/// The detail with the service's name on top, which the head of the screen does not have there.
fn beside_list(app: &App, scroll: usize, width: u16, now: Timestamp) -> Page {
    let mut detail = accounts::detail(app, scroll, width, now);
    // The keys that move are those of the pane whose name is in the colour of what is selected.
    let is_in_it = matches!(app.scene, Scene::Detail { .. });
    let bar = if is_in_it { app.theme.bar() } else { " " };
    let style = if is_in_it { app.theme.accent() } else { app.theme.strong() };
    let name = detail.title.spans.iter().map(|span| span.content.as_ref()).collect::<String>();
    detail.fixed = vec![Row::text(format!("{bar} {name}"), style), Row::blank()];
    detail
}

/// The page for what the person is looking at, the place of the rows above it, and its own.
fn laid_out(app: &App, area: Rect, now: Timestamp) -> (Page, Rect, Rect) {
    let inner = inner(area);
    let page = page(app, area, now);
    let head = if page.headline.width() == 0 { ABOVE - 1 } else { ABOVE };
    let whole = inner.height.saturating_sub(head + below(app, inner.width));
    let above = (page.above.len() as u16).min(whole);
    let top = Rect { y: inner.y + head, height: above, ..inner };
    let middle = Rect { y: top.bottom(), height: whole - above, ..inner };
    (page.squeezed(middle.height), top, middle)
}

fn page(app: &App, area: Rect, now: Timestamp) -> Page {
    let inner = inner(area);
    let readable = inner.width.min(READABLE);
    match (&app.overlay, &app.scene) {
        (Some(Overlay::Help { scroll }), _) => reference::help(app, *scroll, inner.width),
        (Some(Overlay::Palette(palette)), _) => reference::palette(app, palette, inner),
        // It has the screen for itself.
        (Some(Overlay::Qr(_)), _) => Page::default(),
        (Some(Overlay::Credential(pane)), _) => pane::credential(app, pane, area.width, now),
        (Some(Overlay::Unlock(pane)), _) => pane::unlock(app, pane, readable),
        (Some(Overlay::Question(question)), _) => pane::question(app, question, readable),
        (None, Scene::Session(session)) => {
            let railed = area.width >= RAIL;
            let width = if railed { readable.min(inner.width - RAIL_WIDTH - MARGIN) } else { inner.width };
            let page = pane::session(app, session, Size { width, ..inner.as_size() }, area.width, now);
            if railed { with_rail(page, width) } else { Page { trail: None, ..page } }
        }
        (None, Scene::Target { editor, problem, .. }) => pane::target(editor, problem.as_ref(), app.theme, readable),
        (None, Scene::Detail { scroll }) if !is_side_by_side(app, area) => {
            accounts::detail(app, *scroll, inner.width, now)
        }
        (None, Scene::List | Scene::Filter(_) | Scene::Detail { .. }) => {
            accounts::list(app, inner.width, list_width(area.width), now)
        }
    }
}

/// The steps at the side, unless a link needs that room: then they stay in the first line.
fn with_rail(mut page: Page, width: u16) -> Page {
    let Some(trail) = page.trail else {
        return page;
    };
    let in_the_way = |row: &Row| row.is_flush() && row.width() > (width + MARGIN) as usize;
    if page.rows.iter().chain(&page.question).take(trail.steps.len()).any(in_the_way) {
        page.trail = None;
    } else {
        page.right = Line::default();
    }
    page
}

/// Do the list and the detail share the screen?
fn is_side_by_side(app: &App, area: Rect) -> bool {
    let looking_at_accounts =
        app.overlay.is_none() && matches!(app.scene, Scene::List | Scene::Filter(_) | Scene::Detail { .. });
    looking_at_accounts && area.width >= SIDE_BY_SIDE
}

/// How wide the list is on a screen of this width.
fn list_width(width: u16) -> u16 {
    let inner = width.saturating_sub(2 * MARGIN);
    if width >= SIDE_BY_SIDE { (inner * 3 / 5).max(76) } else { inner }
}

fn inner(area: Rect) -> Rect {
    area.inner(Margin::new(MARGIN, 0))
}

/// Rows below the middle.
fn below(app: &App, width: u16) -> u16 {
    BELOW.max(1 + notice(app, width).len() as u16)
}

fn put_head(page: &Page, inner: Rect, theme: Theme, buffer: &mut Buffer) {
    let line = |row: u16| Rect { y: inner.y + row, height: 1, ..inner };
    // Each in a place of its own: the style of a line goes as far as its place does.
    let right = (page.right.width() as u16).min(inner.width);
    put_cut(&page.title, Rect { width: inner.width - right, ..line(0) }, theme, buffer);
    (&page.right).render(Rect { x: inner.right() - right, width: right, ..line(0) }, buffer);
    put_cut(&page.headline, line(1), theme, buffer);
}

/// A line, with a sign where it goes on beyond its place.
fn put_cut(line: &Line, place: Rect, theme: Theme, buffer: &mut Buffer) {
    line.render(place, buffer);
    if line.width() > usize::from(place.width) {
        let sign = theme.ellipsis();
        let width = (sign.width() as u16).min(place.width);
        Line::raw(sign).render(Rect { x: place.right() - width, width, ..place }, buffer);
    }
}

/// The steps of a walk: done, now, to come.
fn put_rail(trail: Trail, theme: Theme, place: Rect, buffer: &mut Buffer) {
    for ((nth, step), y) in trail.steps.iter().enumerate().zip(place.y..place.bottom()) {
        let (sign, style) = match nth.cmp(&trail.at) {
            std::cmp::Ordering::Less => (theme.done(), theme.quiet()),
            std::cmp::Ordering::Equal => (theme.bar(), theme.accent()),
            std::cmp::Ordering::Greater => (theme.to_come(), theme.quiet()),
        };
        Line::styled(format!("{sign} {step}"), style).render(Rect { y, height: 1, ..place }, buffer);
    }
}

fn put_foot(app: &App, inner: Rect, buffer: &mut Buffer, drawn: &mut Drawn) {
    let line = |row: u16| Rect { y: inner.bottom() - row, height: 1, ..inner };
    for (nth, text) in notice(app, inner.width).into_iter().rev().enumerate() {
        let row = line(2 + nth as u16);
        Line::styled(text, app.theme.accent()).render(row, buffer);
    }
    let mut x = inner.x;
    let mut spans = Vec::new();
    for (key, label, action) in footer(app, inner.width) {
        let width = (key.width() + label.width() + 1) as u16;
        let spot = action.map(|action| (Rect { x, width, ..line(1) }, Spot::Key(action)));
        drawn.spots.extend(spot);
        x += width + 2;
        spans.push(Span::styled(key, app.theme.strong()));
        spans.push(Span::styled(format!(" {label}  "), app.theme.quiet()));
    }
    Line::from(spans).render(line(1), buffer);
}

/// The notice on at most two lines. What it covers is blank: the middle ends above it.
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
/// What a click does is told with each, unless two keys share a label.
fn footer(app: &App, width: u16) -> Vec<(String, &'static str, Option<Action>)> {
    let theme = app.theme;
    let mut keys: Vec<(String, &Binding, bool)> = Vec::new();
    let mut pending = String::new();
    for binding in app.keymap.footer(app.place()).filter(|binding| app.is_worth_showing(binding.action)) {
        let is_alone = pending.is_empty();
        let key = std::mem::take(&mut pending) + &binding.key.label(theme.unicode);
        if binding.label.is_empty() {
            // A key that shares its label with the next one.
            pending = if theme.unicode { key } else { key + "/" };
            continue;
        }
        keys.push((key, binding, is_alone));
    }
    let wanted = |keys: &[(String, &Binding, bool)]| -> usize {
        keys.iter().map(|(key, binding, _)| key.width() + binding.label.width() + 3).sum()
    };
    // The gap after the last one need not fit.
    while wanted(&keys) > usize::from(width) + 2 {
        let leads_out = |action| matches!(action, Action::Back | Action::Quit | Action::Cancel | Action::Help);
        match keys.iter().rposition(|(_, binding, _)| !leads_out(binding.action)) {
            Some(last) => drop(keys.remove(last)),
            None => drop(keys.pop()),
        }
    }
    let told = |(key, binding, alone): (String, &Binding, bool)| {
        (key, app.label(binding.action, binding.label), alone.then_some(binding.action))
    };
    keys.into_iter().map(told).collect()
}

/// The picture alone, as large as it is: a camera needs all of it.
fn put_qr(app: &App, link: &Url, area: Rect, buffer: &mut Buffer) {
    let theme = app.theme;
    let rows = qr_rows(link, theme);
    let (width, height) = size_of(&rows);
    if rows.is_empty() || width > area.width || height > area.height {
        let text = match rows.is_empty() {
            true => {
                "This link is too long for any QR code.\nCopy it, or print it bare; esc leads back to it.".to_owned()
            }
            false => format!(
                "The QR code needs {width}×{height}; this window has {}×{}.\nMake it larger, or the letters smaller; esc leads back to the link.",
                area.width, area.height
            ),
        };
        Paragraph::new(text).wrap(Wrap { trim: false }).render(area, buffer);
        return theme.spell(buffer);
    }
    let place = Rect { x: (area.width - width) / 2, y: (area.height - height) / 2, width, height };
    let lines: Vec<Line> = rows.into_iter().map(Line::from).collect();
    Paragraph::new(lines).style(theme.camera()).render(place, buffer);
    // The page asks whether the code is this one.
    let code = match &app.scene {
        Scene::Session(session) => session.screen().user_code.clone(),
        _ => None,
    };
    let foot = code.map_or(String::new(), |code| format!("{code}   ")) + "esc back";
    if place.bottom() < area.bottom() {
        let line = Rect { y: area.bottom() - 1, height: 1, ..area };
        Line::from(foot).centered().style(theme.quiet()).render(line, buffer);
    }
}

/// A link for a camera, where there are letters to draw it with.
fn qr_rows(link: &Url, theme: Theme) -> Vec<String> {
    let ground = if theme.depth == Depth::None { Ground::Dark } else { Ground::White };
    if theme.unicode { qr::rows(link.as_str(), ground) } else { Vec::new() }
}

/// Columns and rows of a picture.
fn size_of(rows: &[String]) -> (u16, u16) {
    (rows.first().map_or(0, |row| row.width()) as u16, rows.len() as u16)
}

fn too_small(area: Rect, buffer: &mut Buffer) {
    let (width, height) = SMALLEST;
    let text = format!(
        "authmd-tui needs {width}×{height}; this window has {}×{}.\nMake it larger, or use: authmd-tui list",
        area.width, area.height
    );
    Paragraph::new(text).wrap(Wrap { trim: false }).render(area, buffer);
}

/// A text cut to `width` columns, with a sign that it was cut.
pub fn cut(text: &str, width: usize, theme: Theme) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    format!("{}{}", &text[..fitting(text, width.saturating_sub(1))], theme.ellipsis())
}
