//! What a scene wants on the screen, as rows, and where each of them leads: a link for the terminal, a place to click on.

use std::ops::Range;
use std::rc::Rc;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::MARGIN;
use crate::flow::Trail;
use crate::tui::keymap::Action;
use crate::tui::theme::Theme;

/// What a scene wants to show.
#[derive(Default)]
pub struct Page {
    /// Where you are.
    pub title: Line<'static>,
    pub right: Line<'static>,
    /// What matters.
    pub headline: Line<'static>,
    /// Over the whole width, before the page shares it with what stands beside it.
    pub above: Vec<Row>,
    /// Above the rows, and never scrolled.
    pub fixed: Vec<Row>,
    pub rows: Vec<Row>,
    /// The question, which stays in sight below the rows.
    pub question: Vec<Row>,
    /// Where the cursor stands: a row of the question and a column.
    pub cursor: Option<(usize, u16)>,
    /// Or a column of the first of what is fixed.
    pub cursor_above: Option<u16>,
    pub scroll: usize,
    /// Where the rows stand among all that there are, if they are a part only: the first of them, and how many in all.
    pub part_of: Option<(usize, usize)>,
    /// A picture for a camera at the side, and the column where it begins.
    pub picture: Option<(Vec<String>, u16)>,
    /// The steps of a walk, to be shown at the side where there is one.
    pub trail: Option<Trail>,
}

/// A row of a page.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Row {
    line: Line<'static>,
    /// From the first column of the screen on, so that a mouse or a terminal can take it whole; else within the margins.
    flush: bool,
    /// Where the terminal leads who follows this row: the whole address, though the row may have a part of it.
    link: Option<Rc<str>>,
    /// What a click does, by columns.
    spots: Vec<(Range<u16>, Spot)>,
    /// Lifted off the ground: the selection.
    raised: bool,
}

/// What a click is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot {
    /// A place in the order of the list's selection.
    Selection(usize),
    /// One of several choices.
    Choice(usize),
    /// A key of the footer.
    Key(Action),
    /// An entry of the palette.
    Command(usize),
}

/// A stretch of a row that leads somewhere.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    pub place: Rect,
    pub address: Rc<str>,
}

/// What was drawn besides letters.
#[derive(Debug, Default)]
pub struct Drawn {
    pub links: Vec<Link>,
    pub spots: Vec<(Rect, Spot)>,
    pub cursor: Option<Position>,
}

impl Row {
    pub fn inset(line: Line<'static>) -> Self {
        Self { line, ..Self::default() }
    }

    pub fn flush(line: Line<'static>) -> Self {
        Self { line, flush: true, ..Self::default() }
    }

    pub fn blank() -> Self {
        Self::default()
    }

    pub fn text(text: impl Into<String>, style: Style) -> Self {
        Self::inset(Line::styled(text.into(), style))
    }

    pub fn leading_to(self, address: &Rc<str>) -> Self {
        Self { link: Some(Rc::clone(address)), ..self }
    }

    /// The whole of it is for this.
    pub fn on(self, spot: Spot) -> Self {
        self.on_part(0..u16::MAX, spot)
    }

    pub fn on_part(mut self, columns: Range<u16>, spot: Spot) -> Self {
        self.spots.push((columns, spot));
        self
    }

    pub fn raised(self, raised: bool) -> Self {
        Self { raised, ..self }
    }

    pub fn width(&self) -> usize {
        self.line.width()
    }

    pub fn is_blank(&self) -> bool {
        self.line.width() == 0
    }

    pub fn is_flush(&self) -> bool {
        self.flush
    }

    fn put(&self, area: Rect, middle: Rect, y: u16, theme: Theme, buffer: &mut Buffer, drawn: &mut Drawn) {
        let place = match self.flush {
            true => Rect { x: area.x, y, width: area.width, height: 1 },
            false => Rect { y, height: 1, ..middle },
        };
        if self.raised {
            theme.raise(buffer, place);
        }
        (&self.line).render(place, buffer);
        if let Some(address) = &self.link {
            let width = (self.line.width() as u16).min(place.width);
            drawn.links.push(Link { place: Rect { width, ..place }, address: Rc::clone(address) });
        }
        for (columns, spot) in &self.spots {
            let x = place.x.saturating_add(columns.start).min(place.right());
            let end = place.x.saturating_add(columns.end).min(place.right());
            drawn.spots.push((Rect { x, width: end - x, ..place }, *spot));
        }
    }
}

impl Page {
    /// How many of its rows are not to be seen with so much room, all else in its place.
    pub fn hidden(&self, height: u16) -> usize {
        self.rows.len().saturating_sub((height as usize).saturating_sub(self.fixed.len() + self.question.len()))
    }

    /// Where there is too little room for what a question is about, blanks are the first to go.
    pub fn squeezed(mut self, height: u16) -> Self {
        let asks = !self.question.is_empty() && self.part_of.is_none();
        while asks && self.hidden(height) > 0 {
            match self.rows.iter().rposition(Row::is_blank) {
                Some(blank) => drop(self.rows.remove(blank)),
                None => break,
            }
        }
        self
    }

    /// Puts the rows above it where they belong.
    pub fn put_above(&self, area: Rect, place: Rect, theme: Theme, buffer: &mut Buffer, drawn: &mut Drawn) {
        for (y, row) in (place.y..place.bottom()).zip(&self.above) {
            row.put(area, place, y, theme, buffer, drawn);
        }
    }

    /// Puts all else into the middle of the screen.
    pub fn put(&self, area: Rect, middle: Rect, theme: Theme, buffer: &mut Buffer, drawn: &mut Drawn) {
        let hidden = self.hidden(middle.height);
        let first = self.scroll.min(hidden);
        let room = self.rows.len() - hidden;
        let seen = self.fixed.iter().chain(self.rows.iter().skip(first).take(room)).chain(&self.question);
        for (y, row) in (middle.y..middle.bottom()).zip(seen) {
            row.put(area, middle, y, theme, buffer, drawn);
        }
        let above_question = middle.y.saturating_add((self.fixed.len() + room) as u16);
        if let Some((first, all)) = self.part_of.filter(|(_, all)| room > 0 && *all > room) {
            let track = Rect { y: middle.y + self.fixed.len() as u16, height: room as u16, ..middle };
            put_thumb(track, first, all, theme, buffer);
        }
        // In place of the last row, or of the blank above the question where there is room for no row at all.
        let spare = u16::from(room > 0);
        let has_place = room > 0 || self.question.first().is_some_and(Row::is_blank);
        if hidden > first && has_place {
            let more = format!("{} {} more lines: PageDown", theme.down(), hidden - first + usize::from(spare));
            let line = Rect { y: above_question - spare, height: 1, ..middle };
            // A link goes over the margins; nothing of it is left beside the words, nor anything taken of what stands beside.
            let left = if middle.x <= area.x + MARGIN { area.x } else { middle.x };
            let right = if middle.right() + MARGIN >= area.right() { area.right() } else { middle.right() };
            let wiped = Rect { x: left, width: right - left, ..line };
            theme.wipe(buffer, wiped);
            drawn.links.retain(|link| !link.place.intersects(wiped));
            drawn.spots.retain(|(place, _)| !place.intersects(wiped));
            Line::styled(more, theme.quiet()).render(line, buffer);
        }
        if let Some((picture, column)) = &self.picture {
            let x = middle.x + column;
            for (row, y) in picture.iter().zip(middle.y..middle.bottom()) {
                let place = Rect { x, y, width: middle.right().saturating_sub(x), height: 1 };
                Line::styled(row.clone(), theme.camera()).render(place, buffer);
            }
        }
        if let Some(column) = self.cursor_above {
            drawn.cursor = Some(Position::new(middle.x + column, middle.y));
        }
        if let Some((row, column)) = self.cursor {
            let x = (middle.x + column).min(middle.right().saturating_sub(1));
            let y = above_question.saturating_add(row as u16).min(middle.bottom().saturating_sub(1));
            drawn.cursor = Some(Position::new(x, y));
        }
    }
}

/// Which part is on the screen, as a piece of a line in the margin.
fn put_thumb(track: Rect, first: usize, all: usize, theme: Theme, buffer: &mut Buffer) {
    let height = track.height as usize;
    let length = (height * height / all).max(1);
    let start = (first * (height - length)).div_ceil((all - height).max(1));
    for y in start..(start + length).min(height) {
        let place = Rect { x: track.right() + 1, y: track.y + y as u16, width: 1, height: 1 };
        Line::styled(theme.thumb(), theme.quiet()).render(place.intersection(buffer.area), buffer);
    }
}
