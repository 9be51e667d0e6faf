//! SVG as PNG, with the fonts that come along, and with no other: the same picture on every machine.

use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

/// The letters, and after them what lacks in those.
const FONTS: [&[u8]; 4] = [
    epaint_default_fonts::HACK_REGULAR,
    epaint_default_fonts::UBUNTU_LIGHT,
    epaint_default_fonts::NOTO_EMOJI_REGULAR,
    epaint_default_fonts::EMOJI_ICON,
];

pub struct Painter {
    options: Options<'static>,
}

impl Painter {
    pub fn new() -> Self {
        let mut fonts = fontdb::Database::new();
        FONTS.into_iter().for_each(|font| fonts.load_font_data(font.to_vec()));
        Self { options: Options { fontdb: Arc::new(fonts), ..Options::default() } }
    }

    pub fn png(&self, svg: &str) -> Vec<u8> {
        let tree = Tree::from_str(svg, &self.options).expect("our own SVG");
        let size = tree.size().to_int_size();
        let mut pixels = Pixmap::new(size.width(), size.height()).expect("a size");
        resvg::render(&tree, Transform::identity(), &mut pixels.as_mut());
        pixels.encode_png().expect("encoded")
    }
}
