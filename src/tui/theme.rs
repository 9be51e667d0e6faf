//! What things look like. One accent for what is selected or can be acted on, three colours for status and always beside a
//! sign and a word, weight for the rest; two columns of margin and blank rows in place of frames.
//!
//! What a screen may use is decided by three things: the [`Look`] (whose colours), the [`Depth`] (how many of them the
//! terminal has) and whether it shows more than ASCII. Nothing else in the program names a colour or a sign.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::widgets::{Clear, Widget};

use crate::account::Status;
use crate::flow::StepState;
use crate::report;

/// Whose colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Look {
    /// The terminal's own, whatever its owner has made of them. The ground stays as it is.
    #[default]
    Terminal,
    Dark,
    Light,
    /// Black, white, and what is bright on black (WCAG 2.2, 1.4.6); nothing is dimmed.
    HighContrast,
}

impl Look {
    pub const ALL: [Look; 4] = [Look::Terminal, Look::Dark, Look::Light, Look::HighContrast];

    /// As the settings file has it.
    pub fn name(self) -> &'static str {
        match self {
            Look::Terminal => "terminal",
            Look::Dark => "dark",
            Look::Light => "light",
            Look::HighContrast => "high-contrast",
        }
    }

    pub fn next(self) -> Self {
        match self {
            Look::Terminal => Look::Dark,
            Look::Dark => Look::Light,
            Look::Light => Look::HighContrast,
            Look::HighContrast => Look::Terminal,
        }
    }

    fn palette(self) -> Option<&'static Palette> {
        match self {
            Look::Terminal => None,
            Look::Dark => Some(&DARK),
            Look::Light => Some(&LIGHT),
            Look::HighContrast => Some(&HIGH_CONTRAST),
        }
    }
}

/// How many colours there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// `NO_COLOR`, `--no-color`, or a terminal that has none.
    None,
    Sixteen,
    /// The cube and the greys of xterm.
    Many,
    True,
}

/// A colour, and what stands for it where there are fewer.
#[derive(Debug, Clone, Copy)]
struct Ink {
    rgb: [u8; 3],
    /// Of 256.
    nearest: u8,
    /// Of 16.
    plain: Color,
}

const fn ink(rgb: u32, plain: Color) -> Ink {
    let rgb = [(rgb >> 16) as u8, (rgb >> 8) as u8, rgb as u8];
    Ink { rgb, nearest: nearest(rgb), plain }
}

struct Palette {
    ground: Ink,
    /// Under the selected row.
    raised: Ink,
    text: Ink,
    quiet: Ink,
    accent: Ink,
    good: Ink,
    warning: Ink,
    bad: Ink,
}

static DARK: Palette = Palette {
    ground: ink(0x14_17_1d, Color::Black),
    raised: ink(0x25_2b_36, Color::Black),
    text: ink(0xdc_e0_e8, Color::White),
    quiet: ink(0x92_9a_a8, Color::Gray),
    accent: ink(0x74_c7_ec, Color::LightCyan),
    good: ink(0x8c_c9_8a, Color::LightGreen),
    warning: ink(0xe5_bc_66, Color::LightYellow),
    bad: ink(0xf0_8c_84, Color::LightRed),
};

static LIGHT: Palette = Palette {
    ground: ink(0xfb_fa_f7, Color::White),
    raised: ink(0xe6_e8_ed, Color::White),
    text: ink(0x22_27_2e, Color::Black),
    quiet: ink(0x5a_62_6e, Color::Black),
    accent: ink(0x00_57_8f, Color::Blue),
    good: ink(0x1d_66_2b, Color::Green),
    warning: ink(0x7d_4e_00, Color::Magenta),
    bad: ink(0xa8_1e_22, Color::Red),
};

static HIGH_CONTRAST: Palette = Palette {
    ground: ink(0x00_00_00, Color::Black),
    raised: ink(0x00_00_00, Color::Black),
    text: ink(0xff_ff_ff, Color::White),
    quiet: ink(0xff_ff_ff, Color::White),
    accent: ink(0x5c_e1_ff, Color::LightCyan),
    good: ink(0x7d_ff_7d, Color::LightGreen),
    warning: ink(0xff_e1_4d, Color::LightYellow),
    bad: ink(0xff_a0_96, Color::LightRed),
};

/// How the terminal is drawn on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    pub look: Look,
    pub depth: Depth,
    /// Signs and lines beyond ASCII can be shown.
    pub unicode: bool,
}

impl Theme {
    pub fn text(self) -> Style {
        self.inked(|palette| palette.text, None)
    }

    pub fn strong(self) -> Style {
        self.text().add_modifier(Modifier::BOLD)
    }

    /// Of less weight: dimmed where the colours are the terminal's own, since no grey is sure to be read on its ground.
    pub fn quiet(self) -> Style {
        match self.palette() {
            Some(palette) => self.colored(palette.quiet),
            None => Style::new().add_modifier(Modifier::DIM),
        }
    }

    /// What is selected or can be acted on.
    pub fn accent(self) -> Style {
        self.inked(|palette| palette.accent, Some(Color::Cyan)).add_modifier(Modifier::BOLD)
    }

    /// A link, which is one also without colour.
    pub fn link(self) -> Style {
        self.inked(|palette| palette.accent, Some(Color::Cyan)).add_modifier(Modifier::UNDERLINED)
    }

    /// The choice that Enter takes.
    pub fn chosen(self) -> Style {
        self.strong().add_modifier(Modifier::REVERSED)
    }

    /// What a camera is to read: black on white, whatever the terminal's own colours are.
    pub fn camera(self) -> Style {
        match self.depth {
            Depth::None => Style::new(),
            Depth::Sixteen => Style::new().fg(Color::Black).bg(Color::White),
            // The sixteen are whatever their owner likes, and may be two greys.
            Depth::Many => Style::new().fg(Color::Indexed(16)).bg(Color::Indexed(231)),
            Depth::True => Style::new().fg(Color::Rgb(0, 0, 0)).bg(Color::Rgb(255, 255, 255)),
        }
    }

    pub fn good(self) -> Style {
        self.inked(|palette| palette.good, Some(Color::Green))
    }

    pub fn warning(self) -> Style {
        self.inked(|palette| palette.warning, Some(Color::Yellow))
    }

    pub fn bad(self) -> Style {
        self.inked(|palette| palette.bad, Some(Color::Red))
    }

    /// Colours of our own are used where somebody asked for them and the terminal has any.
    fn palette(self) -> Option<&'static Palette> {
        self.look.palette().filter(|_| self.depth > Depth::None)
    }

    fn inked(self, ink: fn(&Palette) -> Ink, own: Option<Color>) -> Style {
        match (self.palette(), own) {
            (Some(palette), _) => self.colored(ink(palette)),
            (None, Some(color)) if self.depth > Depth::None => Style::new().fg(color),
            (None, _) => Style::new(),
        }
    }

    fn colored(self, ink: Ink) -> Style {
        Style::new().fg(self.color(ink))
    }

    fn color(self, ink: Ink) -> Color {
        let [red, green, blue] = ink.rgb;
        match self.depth {
            Depth::None => Color::Reset,
            Depth::Sixteen => ink.plain,
            Depth::Many => Color::Indexed(ink.nearest),
            Depth::True => Color::Rgb(red, green, blue),
        }
    }

    pub fn status(self, status: Status) -> Style {
        match status {
            Status::Ok | Status::Renews => self.good(),
            Status::Due | Status::Unclaimed | Status::Unreachable => self.warning(),
            Status::Expired | Status::Revoked => self.bad(),
            Status::Unknown => self.quiet(),
        }
    }

    pub fn sign(self, status: Status) -> char {
        let sign = status.sign();
        if self.unicode { sign } else { report::ascii(sign).unwrap_or(sign) }
    }

    pub fn step(self, state: StepState) -> (char, Style) {
        match state {
            StepState::Active => (self.choose('●', '*'), self.accent()),
            StepState::Done => (self.choose('✓', '+'), self.good()),
            StepState::Missed => (self.choose('–', '-'), self.quiet()),
            StepState::Failed => (self.choose('✗', 'x'), self.bad()),
        }
    }

    fn choose<T>(self, pretty: T, plain: T) -> T {
        if self.unicode { pretty } else { plain }
    }

    /// The bar beside the selected row.
    pub fn bar(self) -> &'static str {
        self.choose("▌", ">")
    }

    pub fn mark(self) -> &'static str {
        self.choose("◆", "+")
    }

    pub fn done(self) -> &'static str {
        self.choose("✓", "+")
    }

    /// A step that is not there yet.
    pub fn to_come(self) -> &'static str {
        self.choose("·", ".")
    }

    pub fn dash(self) -> &'static str {
        self.choose("–", "-")
    }

    pub fn ellipsis(self) -> &'static str {
        self.choose("…", "~")
    }

    pub fn down(self) -> &'static str {
        self.choose("↓", "v")
    }

    pub fn dot(self) -> &'static str {
        self.choose("•", "*")
    }

    /// Which part of a list is on the screen.
    pub fn thumb(self) -> &'static str {
        self.choose("▐", "|")
    }

    /// A stretch that is left, and one that is gone.
    pub fn stretch(self) -> (&'static str, &'static str) {
        self.choose(("━", "─"), ("=", "-"))
    }

    /// The line of time, and a moment on it that has a name.
    pub fn axis(self) -> (&'static str, &'static str) {
        self.choose(("─", "┼"), ("-", "+"))
    }

    /// Where a bar ends, and where it goes on beyond what is shown.
    pub fn end(self) -> &'static str {
        self.choose("╸", "|")
    }

    pub fn onwards(self) -> &'static str {
        self.choose("▸", ">")
    }

    pub fn ended(self) -> &'static str {
        self.choose("✗", "x")
    }

    /// Puts the theme's ground under everything.
    pub fn ground(self, buffer: &mut Buffer) {
        if let Some(palette) = self.palette() {
            let area = buffer.area;
            buffer.set_style(area, Style::new().fg(self.color(palette.text)).bg(self.color(palette.ground)));
        }
    }

    /// Takes away what stands there.
    pub fn wipe(self, buffer: &mut Buffer, place: Rect) {
        Clear.render(place, buffer);
        if let Some(palette) = self.palette() {
            buffer.set_style(place, Style::new().fg(self.color(palette.text)).bg(self.color(palette.ground)));
        }
    }

    /// Lifts a selected row off the ground, where there are colours between the two.
    pub fn raise(self, buffer: &mut Buffer, row: Rect) {
        let raised = self.palette().filter(|_| self.depth >= Depth::Many);
        if let Some(palette) = raised {
            buffer.set_style(row, Style::new().bg(self.color(palette.raised)));
        }
    }

    /// Where only ASCII can be shown, the letters beyond it are spelled with what there is. A letter of two columns leaves
    /// a blank behind it.
    pub fn spell(self, buffer: &mut Buffer) {
        if self.unicode {
            return;
        }
        for cell in buffer.content.iter_mut().filter(|cell| !cell.symbol().is_ascii()) {
            let plain = cell.symbol().chars().next().and_then(report::ascii).unwrap_or('?');
            cell.set_char(plain);
        }
    }
}

/// The values that each of red, green and blue has in the cube.
const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// One of the 256 colours whose values are known: the cube from 16 on, the greys from 232 on.
const fn of_256(index: u8) -> [u8; 3] {
    match index {
        232.. => [8 + 10 * (index - 232); 3],
        _ => {
            let n = index as usize - 16;
            [LEVELS[n / 36 % 6], LEVELS[n / 6 % 6], LEVELS[n % 6]]
        }
    }
}

/// The nearest of them, found while the program is compiled.
const fn nearest(rgb: [u8; 3]) -> u8 {
    let (mut best, mut least) = (16, i32::MAX);
    let mut index = 16_u8;
    loop {
        let other = of_256(index);
        let (mut away, mut part) = (0, 0);
        while part < 3 {
            let apart = rgb[part] as i32 - other[part] as i32;
            away += apart * apart;
            part += 1;
        }
        if away < least {
            (best, least) = (index, away);
        }
        if index == u8::MAX {
            return best;
        }
        index += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance (WCAG 2.2).
    fn luminance(rgb: [u8; 3]) -> f64 {
        let linear = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(rgb[0]) + 0.7152 * linear(rgb[1]) + 0.0722 * linear(rgb[2])
    }

    fn contrast(a: [u8; 3], b: [u8; 3]) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn everything_can_be_read_on_its_ground() {
        for look in Look::ALL {
            let Some(palette) = look.palette() else { continue };
            let enough = if look == Look::HighContrast { 7.0 } else { 4.5 };
            let inks = [palette.text, palette.quiet, palette.accent, palette.good, palette.warning, palette.bad];
            for (nth, ink) in inks.into_iter().enumerate() {
                for ground in [palette.ground, palette.raised] {
                    let exact = contrast(ink.rgb, ground.rgb);
                    let rough = contrast(of_256(ink.nearest), of_256(ground.nearest));
                    assert!(exact >= enough && rough >= enough, "{look:?}, ink {nth}: {exact:.2}, {rough:.2} of 256");
                }
            }
        }
    }

    #[test]
    fn without_colour_no_style_has_one() {
        for look in Look::ALL {
            let theme = Theme { look, depth: Depth::None, unicode: true };
            for style in [theme.text(), theme.quiet(), theme.accent(), theme.link(), theme.camera(), theme.bad()] {
                assert_eq!((style.fg, style.bg), (None, None), "{look:?}");
            }
        }
    }

    #[test]
    fn the_nearest_colour_is_itself_where_it_is_there() {
        for index in 16..=255u8 {
            assert_eq!(of_256(nearest(of_256(index))), of_256(index));
        }
    }
}
