//! The font that comes with the program: how wide a text is, and the outlines of its letters.

use std::sync::LazyLock;
use ttf_parser::Face;

static FACE: LazyLock<Option<Face<'static>>> =
    LazyLock::new(|| Face::parse(epaint_default_fonts::UBUNTU_LIGHT, 0).ok());

/// Letters that the font lacks stand as this one.
const SUBSTITUTE: char = '?';

/// Calls `glyph` with each letter and where it begins, for a text of `size` pixels; returns the text's width.
pub fn letters(
    text: &str,
    size: f64,
    mut glyph: impl FnMut(&Face<'static>, ttf_parser::GlyphId, f64),
) -> f64 {
    let Some(face) = FACE.as_ref() else {
        return 0.0;
    };
    let scale = size / f64::from(face.units_per_em());
    let mut x = 0.0;
    for letter in text.chars() {
        let index = face.glyph_index(letter);
        let Some(id) = index.or_else(|| face.glyph_index(SUBSTITUTE)) else {
            continue;
        };
        glyph(face, id, x);
        x += f64::from(face.glyph_hor_advance(id).unwrap_or(0)) * scale;
    }
    x
}

/// The width of a text in pixels. The fonts that a browser takes are up to a tenth wider.
pub fn width(text: &str, size: f64) -> f64 {
    1.1 * letters(text, size, |_, _, _| ())
}
