//! What ends when, over the list: a line from today to ninety days, with a sign where something ends, and below it how long
//! each layer of the selected account lasts.

use jiff::{SignedDuration, Timestamp};
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::Row;
use crate::account::{Account, DUE_WITHIN, Layer, Status};
use crate::tui::app::App;
use crate::tui::list::{CALENDAR, mark};
use crate::tui::theme::Theme;
use crate::when;

/// Screens lower than this have no room for it.
const LOWEST: u16 = 20;
/// From this height on, there is a row for a third layer.
const HIGH: u16 = 30;
/// Columns behind the ninetieth day, for what ends later.
const BEYOND: usize = 7;
const DAY: i64 = 24 * 3_600;
/// Days that have a name on the line, and where they are on it, in hundredths: what is near has more room.
const NAMED: [(i64, usize); 5] = [(0, 0), (7, 18), (30, 45), (60, 73), (90, 100)];

/// How many rows the timeline takes, the blank below it and all. They stay the same whatever is selected.
pub fn height(app: &App) -> usize {
    if app.size.1 < LOWEST || app.list.accounts().is_empty() { 0 } else { 3 + layer_rows(app) }
}

fn layer_rows(app: &App) -> usize {
    if app.size.1 < HIGH { 2 } else { 3 }
}

pub fn rows(app: &App, width: usize, now: Timestamp) -> Vec<Row> {
    if height(app) == 0 {
        return Vec::new();
    }
    let scale = Scale { columns: width.saturating_sub(BEYOND) };
    let mut rows = vec![scale.names(app.theme), scale.axis(app, now)];
    rows.extend(scale.layers(app, now));
    rows.push(Row::blank());
    rows
}

/// Moments as columns.
struct Scale {
    columns: usize,
}

impl Scale {
    /// The column of a moment that is so far away; the past is now.
    fn column(&self, away: SignedDuration) -> usize {
        let seconds = away.as_secs().clamp(0, CALENDAR.as_secs());
        let last = self.columns.saturating_sub(1);
        let segment = NAMED.windows(2).find(|pair| seconds <= pair[1].0 * DAY).unwrap_or(&NAMED[3..]);
        let [(from, left), (to, right)] = [segment[0], segment[1]];
        let share = (seconds - from * DAY) as f64 / ((to - from) * DAY) as f64;
        ((left as f64 + share * (right - left) as f64) / 100.0 * last as f64).round() as usize
    }

    fn of_day(&self, day: i64) -> usize {
        self.column(SignedDuration::from_secs(day * DAY))
    }

    fn names(&self, theme: Theme) -> Row {
        let mut text = String::new();
        for (day, _) in NAMED {
            let name = if day == 0 { "now".to_owned() } else { format!("{day} d") };
            let column = self.of_day(day);
            text += &" ".repeat(column.saturating_sub(text.width()));
            text += &name;
        }
        Row::text(text, theme.quiet())
    }

    fn axis(&self, app: &App, now: Timestamp) -> Row {
        let theme = app.theme;
        let (line, tick) = theme.axis();
        let named: Vec<usize> = NAMED[1..].iter().map(|(day, _)| self.of_day(*day)).collect();
        let piece = |column| if named.contains(&column) { tick } else { line };
        let mut spans: Vec<Span> = (0..self.columns).map(|column| Span::styled(piece(column), theme.quiet())).collect();
        for (at, status) in app.list.calendar().marks() {
            let column = self.column(at.duration_since(now));
            // The first one in a column is the one that is spoken of: what is nearer matters more.
            if let Some(span) = spans.get_mut(column).filter(|span| span.content == line || span.content == tick) {
                *span = Span::styled(theme.sign(status).to_string(), theme.status(status));
            }
        }
        if let Some(account) = app.list.selected() {
            let status = account.status(now, DUE_WITHIN);
            let away = mark(account, status, now).map(|at| at.duration_since(now)).filter(|away| *away <= CALENDAR);
            if let Some(span) = away.and_then(|away| spans.get_mut(self.column(away))) {
                *span = Span::styled(theme.sign(status).to_string(), theme.chosen());
            }
        }
        match app.list.calendar().beyond() {
            0 => {}
            few @ 1..1_000 => spans.push(Span::styled(format!("{line} +{few}"), theme.quiet())),
            many => spans.push(Span::styled(format!("{line} +{}k", (many / 1_000).min(999)), theme.quiet())),
        }
        Row::inset(Line::from(spans))
    }

    /// The layers of the selected account, as many as there are rows for.
    fn layers(&self, app: &App, now: Timestamp) -> Vec<Row> {
        let room = layer_rows(app);
        let layers = app.list.selected().map(|account| account.layers.as_slice()).unwrap_or_default();
        let more = layers.len().saturating_sub(room);
        let shown = layers.iter().take(room).enumerate();
        // What there is no room for is counted with the last one.
        let row = |(nth, layer)| self.layer(layer, if nth + 1 == room { more } else { 0 }, app, now);
        let mut rows: Vec<Row> = shown.map(row).collect();
        rows.resize_with(room, Row::blank);
        rows
    }

    fn layer(&self, layer: &Layer, more: usize, app: &App, now: Timestamp) -> Row {
        let theme = app.theme;
        let name = layer.kind.label();
        let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
        if app.list.selected().is_some_and(|account| account.status(now, DUE_WITHIN) == Status::Revoked) {
            return Row::inset(Line::from(vec![
                Span::styled(format!("{} ", theme.sign(Status::Revoked)), theme.bad()),
                Span::styled(format!("{name}, turned away by the service{more}"), theme.quiet()),
            ]));
        }
        let Some(end) = layer.expires_at else {
            return Row::text(format!("{name}, no end known{more}"), theme.quiet());
        };
        let said = format!("{name}, {}{more}", when::relative(end, now));
        if end <= now {
            let said = format!("{name}, ended {}{more}", when::relative(end, now));
            return Row::inset(Line::from(vec![
                Span::styled(format!("{} ", theme.ended()), theme.bad()),
                Span::styled(said, theme.quiet()),
            ]));
        }
        let (stretch, _) = theme.stretch();
        let column = self.column(end.duration_since(now));
        let is_beyond = end.duration_since(now) > CALENDAR;
        let tip = if is_beyond { theme.onwards() } else { theme.end() };
        let style = app.list.selected().map_or(theme.accent(), |account| self.style(account, app, now));
        // Behind the bar, or in it where there is no room behind.
        if column + 2 + said.width() <= self.columns + BEYOND {
            let bar = format!("{}{tip}", stretch.repeat(column));
            return Row::inset(Line::from(vec![
                Span::styled(bar, style),
                Span::styled(format!(" {said}"), theme.quiet()),
            ]));
        }
        let rest = column.saturating_sub(said.width() + 4);
        Row::inset(Line::from(vec![
            Span::styled(stretch.repeat(2), style),
            Span::styled(format!(" {said} "), theme.quiet()),
            Span::styled(format!("{}{tip}", stretch.repeat(rest)), style),
        ]))
    }

    fn style(&self, account: &Account, app: &App, now: Timestamp) -> ratatui::style::Style {
        app.theme.status(account.status(now, DUE_WITHIN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_begins_now_ends_after_ninety_days_and_never_goes_back() {
        for columns in [20, 69, 189] {
            let scale = Scale { columns };
            let at = |hours: i64| scale.column(SignedDuration::from_hours(hours));
            assert_eq!((at(-500), at(0), at(90 * 24), at(5_000)), (0, 0, columns - 1, columns - 1));
            assert!((0..90 * 24).all(|hour| at(hour) <= at(hour + 1)), "{columns}");
            assert!(scale.of_day(7) * 10 > columns, "the next week has more than its share");
        }
    }
}
