//! The pictures below `screenshots/`, made from real screens. A picture that is out of date fails here;
//! `UPDATE_SCREENSHOTS=1 cargo test screenshots` makes them anew.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use authmd_tui::tui::theme::{Depth, Look, Theme};
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

use crate::screens::{Tour, accounts};
use crate::support::play::{CLAIM, Fake};

/// One cell, in pixels.
const CELL: (f32, f32) = (8.4, 19.0);
const MARGIN: f32 = 14.0;
const PAPER: &str = "#15181e";
const INK: &str = "#d8dce3";

fn ink(color: Color) -> &'static str {
    match color {
        Color::Cyan => "#6cc7d9",
        Color::Green => "#7fc784",
        Color::Yellow => "#e0b45c",
        Color::Red => "#ec7f78",
        _ => INK,
    }
}

/// Cells of one look beside each other are one text, stretched to the width they have in a terminal.
fn svg(buffer: &Buffer) -> String {
    let (columns, rows) = (buffer.area.width, buffer.area.height);
    let (width, height) = (f32::from(columns) * CELL.0 + 2.0 * MARGIN, f32::from(rows) * CELL.1 + 2.0 * MARGIN);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"14\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{PAPER}\"/>\n"
    );
    for y in 0..rows {
        let mut x = 0;
        while x < columns {
            let start = &buffer[(x, y)];
            let (mut text, mut end) = (String::new(), x);
            while end < columns && looks_alike(start, &buffer[(end, y)]) {
                text.push_str(buffer[(end, y)].symbol());
                end += buffer[(end, y)].symbol().width().max(1) as u16;
            }
            run(&mut out, start, text.trim_end(), x, y, end - x);
            x = end;
        }
    }
    out + "</svg>\n"
}

fn looks_alike(a: &Cell, b: &Cell) -> bool {
    (a.fg, a.bg, a.modifier) == (b.fg, b.bg, b.modifier)
}

fn run(out: &mut String, cell: &Cell, text: &str, x: u16, y: u16, cells: u16) {
    let (left, top) = (MARGIN + f32::from(x) * CELL.0, MARGIN + f32::from(y) * CELL.1);
    let reversed = cell.modifier.contains(Modifier::REVERSED);
    if reversed {
        let _ = writeln!(
            out,
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{}\" fill=\"{}\"/>",
            f32::from(cells) * CELL.0,
            CELL.1,
            ink(cell.fg)
        );
    }
    if text.is_empty() {
        return;
    }
    let weight = if cell.modifier.contains(Modifier::BOLD) { " font-weight=\"bold\"" } else { "" };
    let dim = if cell.modifier.contains(Modifier::DIM) { " opacity=\"0.6\"" } else { "" };
    let fill = if reversed { PAPER } else { ink(cell.fg) };
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let length = text.width() as f32 * CELL.0;
    let _ = writeln!(
        out,
        "<text x=\"{left:.1}\" y=\"{:.1}\" textLength=\"{length:.1}\" lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\" fill=\"{fill}\"{weight}{dim}>{escaped}</text>",
        top + 14.5
    );
}

fn is(name: &str, tour: &mut Tour) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("screenshots").join(format!("{name}.svg"));
    let picture = svg(&tour.buffer(80, 24));
    if std::env::var_os("UPDATE_SCREENSHOTS").is_some() {
        fs::write(&path, &picture).expect("written");
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    assert!(there == picture, "screenshots/{name}.svg is out of date: UPDATE_SCREENSHOTS=1 cargo test screenshots");
}

#[test]
fn the_pictures_are_of_the_program_as_it_is() {
    let theme = Theme { look: Look::Terminal, depth: Depth::Sixteen, unicode: true };
    is("list", &mut Tour::new(theme, accounts()));
    let mut fake = Fake::acme();
    fake.json(CLAIM, serde_json::json!({"status": "pending", "message": "Verification email sent", "expires_at": "2026-11-22T12:10:00Z"}));
    is("consent", Tour::signing_up(theme, fake.clone()).keys("\ny"));
    is("code", Tour::signing_up(theme, fake).keys("\ny\nada@example.com\n481"));
    is("detail", Tour::new(theme, accounts()).keys("j\n"));
    is("store", Tour::new(theme, accounts()).keys("S"));
}
