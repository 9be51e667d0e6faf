//! The keys: all of them by place, and the palette with what can be done here.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::{Page, Row, Spot, cut};
use crate::tui::app::{App, Palette};
use crate::tui::keymap::{Entry, Place};
use crate::wrap::wrapped;

/// From this width on, keys stand in two columns.
const TWO_COLUMNS: usize = 72;
const KEYS: usize = 15;
/// The prompt of the palette, before what is typed.
const PROMPT: &str = "> ";

/// What works where the person is comes first.
pub fn help(app: &App, scroll: usize, width: u16) -> Page {
    let theme = app.theme;
    let width = width as usize;
    let place = app.scene_place();
    let here = app.keymap.here(place);
    let mut rows = vec![Row::text(format!("In {}", place.name()), theme.strong())];
    rows.extend(in_columns(app, &here, width, Some(place)));
    for (group, entries) in app.keymap.groups() {
        let others: Vec<Entry> = entries.into_iter().filter(|entry| !is_among(entry, &here)).collect();
        if !others.is_empty() {
            rows.extend([Row::blank(), Row::text(group, theme.strong())]);
            rows.extend(in_columns(app, &others, width, None));
        }
    }
    rows.push(Row::blank());
    let more = [
        "Keys and theme can be changed in settings.json (see README). To select text with the mouse, hold Shift (on a Mac often Option or Fn).",
        "Everything here is a command, too: authmd-tui --help.",
    ];
    let lines = more.into_iter().flat_map(|text| wrapped(text, width));
    rows.extend(lines.map(|line| Row::text(line, theme.quiet())));
    Page { title: Line::styled("Keys", theme.strong()), rows, scroll, ..Page::default() }
}

fn is_among(entry: &Entry, here: &[Entry]) -> bool {
    here.iter().any(|known| known.label == entry.label && entry.keys.iter().all(|key| known.keys.contains(key)))
}

/// Read downwards, in as many columns as there is room for. What does nothing now is told quietly.
fn in_columns(app: &App, entries: &[Entry], width: usize, here: Option<Place>) -> Vec<Row> {
    let fits = |entry: &Entry| KEYS + entry.label.width() + where_to(entry, here).width() < width / 2;
    let columns = if width >= TWO_COLUMNS && entries.iter().all(fits) { 2 } else { 1 };
    let each = width / columns;
    let height = entries.len().div_ceil(columns);
    let row = |y: usize| {
        let cells = entries.iter().skip(y).step_by(height.max(1));
        Row::inset(Line::from(cells.flat_map(|entry| cell(app, entry, each, here)).collect::<Vec<_>>()))
    };
    (0..height).map(row).collect()
}

/// The one place where it works, for somebody who is elsewhere.
fn where_to(entry: &Entry, here: Option<Place>) -> String {
    let place = entry.place.filter(|_| here.is_none());
    place.map(|place| format!(", in {}", place.name())).unwrap_or_default()
}

fn cell(app: &App, entry: &Entry, width: usize, here: Option<Place>) -> [Span<'static>; 3] {
    let theme = app.theme;
    let keys = cut(&entry.keys_label(theme.unicode), KEYS - 3, theme);
    let keys = format!("  {keys}{}", " ".repeat((KEYS - 2).saturating_sub(keys.width())));
    let room = width.saturating_sub(KEYS + 1);
    let label = cut(entry.label, room, theme);
    let place = cut(&where_to(entry, here), room.saturating_sub(label.width()), theme);
    let pad = " ".repeat(width.saturating_sub(KEYS + label.width() + place.width()));
    let idle = here.is_some() && app.refusal_in_scene(entry.action).is_some();
    [
        Span::styled(keys, theme.accent()),
        Span::styled(label, if idle { theme.quiet() } else { theme.text() }),
        Span::styled(place + &pad, theme.quiet()),
    ]
}

/// What can be done, found by typing.
pub fn palette(app: &App, palette: &Palette, inner: Rect) -> Page {
    let theme = app.theme;
    let width = inner.width as usize;
    let commands = app.commands(palette);
    let widest = |text: &dyn Fn(&Entry) -> usize| commands.iter().map(text).max().unwrap_or(0).min(width / 2);
    let (name, keyed) =
        (widest(&|entry| entry.label.width()), widest(&|entry| entry.keys_label(theme.unicode).width()));
    let rows: Vec<Row> = commands
        .iter()
        .enumerate()
        .map(|(nth, entry)| {
            let chosen = nth == palette.chosen;
            let why = app.refusal_in_scene(entry.action);
            let keys = entry.keys_label(theme.unicode);
            let label = cut(entry.label, name, theme);
            let pad = " ".repeat(name.saturating_sub(label.width()) + 2);
            let keys = format!("{keys}{}", " ".repeat(keyed.saturating_sub(keys.width()) + 2));
            let room = width.saturating_sub(2 + name + 2 + keys.width());
            let style = match (why, chosen) {
                (Some(_), _) => theme.quiet(),
                (None, true) => theme.strong(),
                (None, false) => theme.text(),
            };
            let bar = if chosen { theme.bar() } else { " " };
            Row::inset(Line::from(vec![
                Span::styled(format!("{bar} "), theme.accent()),
                Span::styled(label + &pad, style),
                Span::styled(keys, theme.accent()),
                Span::styled(cut(why.unwrap_or_default(), room, theme), theme.quiet()),
            ]))
            .on(Spot::Command(nth))
            .raised(chosen)
        })
        .collect();
    let mut page = Page { title: Line::styled("Commands", theme.strong()), ..Page::default() };
    let typed = palette.editor.value();
    page.fixed = vec![
        Row::inset(Line::from(vec![Span::styled(PROMPT, theme.accent()), Span::raw(cut(typed, width - 3, theme))])),
        Row::blank(),
    ];
    page.cursor_above = Some((PROMPT.width() + palette.editor.visual_cursor()).min(width - 1) as u16);
    page.rows = match rows.is_empty() {
        true => vec![Row::text("Nothing here is called that.", theme.quiet())],
        false => rows,
    };
    // The chosen one is kept in sight.
    let room = (inner.height as usize).saturating_sub(AROUND);
    page.scroll = (palette.chosen + 1).saturating_sub(room);
    page
}

/// Rows of the screen that are not for the commands.
const AROUND: usize = 7;
