//! Cells of a terminal as SVG: text in one font, lines and blocks as shapes, so that nothing is torn and a camera can read a
//! QR code in it.

use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

/// A cell, in pixels, and the size of letters that are as wide (Hack is 1233/2048 of its size).
const WIDTH: f32 = 10.0;
const HEIGHT: f32 = 21.0;
const SIZE: f32 = 16.61;
/// From the top of a cell to the line that letters stand on.
const BASELINE: f32 = 16.0;
const MARGIN: f32 = 16.0;

/// What stands for a terminal's own colours.
pub struct Paper {
    pub ground: [u8; 3],
    pub ink: [u8; 3],
}

pub const DARK: Paper = Paper { ground: [0x14, 0x17, 0x1d], ink: [0xdc, 0xe0, 0xe8] };
pub const LIGHT: Paper = Paper { ground: [0xfb, 0xfa, 0xf7], ink: [0x22, 0x27, 0x2e] };

fn hex([red, green, blue]: [u8; 3]) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

fn rgb(color: Color, otherwise: [u8; 3]) -> [u8; 3] {
    match color {
        Color::Reset => otherwise,
        Color::Rgb(red, green, blue) => [red, green, blue],
        Color::Black => [0, 0, 0],
        Color::White => [255, 255, 255],
        other => panic!("the pictures are made in true colours, and here is {other:?}"),
    }
}

pub fn svg(buffer: &Buffer, paper: &Paper) -> String {
    let (columns, rows) = (buffer.area.width, buffer.area.height);
    let (width, height) = (f32::from(columns) * WIDTH + 2.0 * MARGIN, f32::from(rows) * HEIGHT + 2.0 * MARGIN);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" font-family=\"Hack, DejaVu Sans Mono, Menlo, monospace\" font-size=\"{SIZE}\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"10\" fill=\"{}\"/>\n",
        hex(paper.ground)
    );
    for y in 0..rows {
        let top = MARGIN + f32::from(y) * HEIGHT;
        for (x, cell, cells) in runs(buffer, y, |a, b| inks(a, paper).1 == inks(b, paper).1) {
            let ground = inks(&cell, paper).1;
            if ground != paper.ground {
                rect(&mut out, MARGIN + f32::from(x) * WIDTH, top, f32::from(cells) * WIDTH, HEIGHT, &hex(ground), 1.0);
            }
        }
        let mut x = 0;
        while x < columns {
            x += put(&mut out, buffer, x, y, top, paper);
        }
    }
    out + "</svg>\n"
}

/// Stretches of a row that are alike, with their first cell and their length.
fn runs(buffer: &Buffer, y: u16, alike: impl Fn(&Cell, &Cell) -> bool) -> Vec<(u16, Cell, u16)> {
    let mut runs: Vec<(u16, Cell, u16)> = Vec::new();
    for x in 0..buffer.area.width {
        let cell = &buffer[(x, y)];
        match runs.last_mut() {
            Some((_, first, cells)) if alike(first, cell) => *cells += 1,
            _ => runs.push((x, cell.clone(), 1)),
        }
    }
    runs
}

/// What a cell is written with, and on.
fn inks(cell: &Cell, paper: &Paper) -> ([u8; 3], [u8; 3]) {
    let (ink, ground) = (rgb(cell.fg, paper.ink), rgb(cell.bg, paper.ground));
    if cell.modifier.contains(Modifier::REVERSED) { (ground, ink) } else { (ink, ground) }
}

/// Puts what begins at a cell, and returns how many cells that was.
fn put(out: &mut String, buffer: &Buffer, x: u16, y: u16, top: f32, paper: &Paper) -> u16 {
    let cell = &buffer[(x, y)];
    let (ink, _) = inks(cell, paper);
    let (ink, strength) = (hex(ink), if cell.modifier.contains(Modifier::DIM) { 0.62 } else { 1.0 });
    let left = MARGIN + f32::from(x) * WIDTH;
    if shape(out, cell.symbol(), left, top, &ink, strength) {
        return 1;
    }
    // Letters that the font has go together; others stand alone, each in its cell.
    let joins = |cell: &Cell| cell.symbol().is_ascii();
    let alike =
        |other: &Cell| (other.fg, other.bg, other.modifier) == (cell.fg, cell.bg, cell.modifier) && joins(other);
    let mut text = cell.symbol().to_owned();
    let mut cells = cell.symbol().width().max(1) as u16;
    while joins(cell) && x + cells < buffer.area.width && alike(&buffer[(x + cells, y)]) {
        text.push_str(buffer[(x + cells, y)].symbol());
        cells += 1;
    }
    let trimmed = text.trim_end();
    if cell.modifier.contains(Modifier::UNDERLINED) && !trimmed.is_empty() {
        rect(out, left, top + BASELINE + 2.0, trimmed.width() as f32 * WIDTH, 1.0, &ink, strength);
    }
    if !trimmed.is_empty() {
        let weight = match cell.modifier.contains(Modifier::BOLD) {
            true => format!(" stroke=\"{ink}\" stroke-width=\"0.6\""),
            false => String::new(),
        };
        let faint = if strength < 1.0 { format!(" opacity=\"{strength}\"") } else { String::new() };
        let escaped = trimmed.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let _ = writeln!(
            out,
            "<text x=\"{left}\" y=\"{}\" xml:space=\"preserve\" fill=\"{ink}\"{weight}{faint}>{escaped}</text>",
            top + BASELINE
        );
    }
    cells
}

fn path(out: &mut String, path: &str, left: f32, top: f32, ink: &str, strength: f32) {
    let _ = writeln!(
        out,
        "<path d=\"{path}\" transform=\"translate({left} {top})\" fill=\"none\" stroke=\"{ink}\" stroke-width=\"1.6\" opacity=\"{strength}\"/>"
    );
}

fn rect(out: &mut String, x: f32, y: f32, width: f32, height: f32, fill: &str, strength: f32) {
    let faint = if strength < 1.0 { format!(" opacity=\"{strength}\"") } else { String::new() };
    let _ = writeln!(out, "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{fill}\"{faint}/>");
}

/// Signs that are drawn, blocks and lines; false for everything else.
fn shape(out: &mut String, symbol: &str, left: f32, top: f32, ink: &str, strength: f32) -> bool {
    match symbol {
        // The font has none of these.
        "✗" => path(out, "M2.5 6.5 L7.5 15 M7.8 6 L2.2 15.5", left, top, ink, strength),
        "✓" => path(out, "M1.8 11 L4.3 15.2 L8.4 6", left, top, ink, strength),
        _ => return block(out, symbol, left, top, ink, strength),
    }
    true
}

fn block(out: &mut String, symbol: &str, left: f32, top: f32, ink: &str, strength: f32) -> bool {
    let mut put = |x: f32, y: f32, width: f32, height: f32| {
        rect(out, left + x, top + y, width, height, ink, strength);
    };
    let (middle, centre) = ((HEIGHT / 2.0).floor(), (WIDTH / 2.0).floor());
    // Blocks meet in the middle of a cell without a gap and without an overlap.
    let half = HEIGHT / 2.0;
    match symbol {
        "█" => put(0.0, 0.0, WIDTH, HEIGHT),
        "▀" => put(0.0, 0.0, WIDTH, half),
        "▄" => put(0.0, half, WIDTH, half),
        "▌" => put(0.0, 0.0, WIDTH / 2.0, HEIGHT),
        "▐" => put(WIDTH / 2.0, 0.0, WIDTH / 2.0, HEIGHT),
        "─" => put(0.0, middle, WIDTH, 1.0),
        "━" => put(0.0, middle - 1.0, WIDTH, 3.0),
        "╸" => put(0.0, middle - 1.0, centre, 3.0),
        "│" => put(centre, 0.0, 1.0, HEIGHT),
        "┼" => {
            put(0.0, middle, WIDTH, 1.0);
            put(centre, 4.0, 1.0, HEIGHT - 8.0);
        }
        "┌" | "┐" | "└" | "┘" => {
            let x = if matches!(symbol, "┌" | "└") { centre } else { 0.0 };
            put(x, middle, WIDTH - centre, 1.0);
            let y = if matches!(symbol, "┌" | "┐") { middle } else { 0.0 };
            put(centre, y, 1.0, HEIGHT - middle);
        }
        _ => return false,
    }
    true
}
