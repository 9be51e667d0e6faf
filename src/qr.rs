//! A link as a picture for a camera, made of half blocks: two modules a letter.

use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};

/// What the letters are drawn for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// Black on white, as cameras expect it.
    White,
    /// Light letters on a dark terminal, where nothing can be said about colours: the light parts are drawn.
    Dark,
}

/// The rows of the picture, with the margin that belongs to it (ISO/IEC 18004, section 9.1). Nothing where the link is too
/// long for any.
pub fn rows(link: &str, ground: Ground) -> Vec<String> {
    // A screen does not get dirty: the least correction makes the smallest picture.
    let Ok(code) = QrCode::with_error_correction_level(link, EcLevel::L) else {
        return Vec::new();
    };
    let (dark, light) = match ground {
        Ground::White => (Dense1x2::Dark, Dense1x2::Light),
        Ground::Dark => (Dense1x2::Light, Dense1x2::Dark),
    };
    let picture = code.render::<Dense1x2>().dark_color(dark).light_color(light).build();
    picture.lines().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_of_a_device_fits_a_terminal_and_its_margin_is_light() {
        let link = "https://auth.acme.dev/device?user_code=WDJB-47KQ";
        let on_white = rows(link, Ground::White);
        assert!(on_white.len() <= 22 && on_white.iter().all(|row| row.chars().count() <= 44), "{}", on_white.len());
        assert!(on_white[0].trim().is_empty(), "nothing is drawn on the margin");
        assert!(rows(link, Ground::Dark)[0].chars().all(|c| c == '█'), "here it is the margin that is drawn");
        assert!(rows(&"x".repeat(5_000), Ground::White).is_empty());
    }
}
