//! Marks as pixels.

use super::layout::{Anchor, Drawing, Mark, Text};
use super::theme::{DARK, Ink, LIGHT, Palette, Theme};
use super::{WIDTH, font};
use crate::failure::Failure;
use tiny_skia::{
    Color, FillRule, LineCap, LineJoin, Paint, PathBuilder, Pixmap, Stroke, StrokeDash, Transform,
};
use ttf_parser::OutlineBuilder;

/// Pixels for each of the drawing's, so that it is sharp on a screen with small pixels.
const SCALE: f32 = 2.0;

/// Paints a drawing.
pub fn paint(drawing: &Drawing, theme: Theme) -> Result<Vec<u8>, Failure> {
    let palette = if theme == Theme::Dark { &DARK } else { &LIGHT };
    let (width, height) = (WIDTH as f32 * SCALE, drawing.height as f32 * SCALE);
    let too_large = || {
        Failure::Failed(format!(
            "a picture of {width} x {height} pixels is too large"
        ))
    };
    let mut pixels = Pixmap::new(width as u32, height as u32).ok_or_else(too_large)?;
    pixels.fill(colour(palette, Ink::Ground));
    let scale = Transform::from_scale(SCALE, SCALE);
    for mark in &drawing.marks {
        match mark {
            Mark::Panel { .. } | Mark::EndPanel => {}
            Mark::Line {
                points,
                ink,
                width,
                dashed,
            } => {
                let mut path = PathBuilder::new();
                for (i, (x, y)) in points.iter().enumerate() {
                    let (x, y) = (*x as f32, *y as f32);
                    if i == 0 {
                        path.move_to(x, y)
                    } else {
                        path.line_to(x, y)
                    }
                }
                let stroke = Stroke {
                    width: *width as f32,
                    line_cap: if *dashed {
                        LineCap::Butt
                    } else {
                        LineCap::Round
                    },
                    line_join: LineJoin::Round,
                    dash: if *dashed {
                        StrokeDash::new(vec![5.0, 4.0], 0.0)
                    } else {
                        None
                    },
                    ..Stroke::default()
                };
                if let Some(path) = path.finish() {
                    pixels.stroke_path(&path, &ink_of(palette, *ink), &stroke, scale, None);
                }
            }
            Mark::Text(text) => paint_text(text, &ink_of(palette, Ink::Text), &mut pixels),
        }
    }
    pixels
        .encode_png()
        .map_err(|error| Failure::Failed(format!("no PNG can be made: {error}")))
}

fn colour(palette: &Palette, ink: Ink) -> Color {
    let [_, red, green, blue] = palette.colour(ink).to_be_bytes();
    Color::from_rgba8(red, green, blue, 255)
}

fn ink_of(palette: &Palette, ink: Ink) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color(colour(palette, ink));
    paint.anti_alias = true;
    paint
}

fn paint_text(text: &Text, paint: &Paint<'_>, pixels: &mut Pixmap) {
    let width = font::letters(&text.text, text.size, |_, _, _| ());
    let start = match text.anchor {
        Anchor::Start => 0.0,
        Anchor::Middle => -width / 2.0,
        Anchor::End => -width,
    };
    let mut outline = Outline {
        path: PathBuilder::new(),
        x: 0.0,
        scale: 1.0,
    };
    font::letters(&text.text, text.size, |face, glyph, x| {
        outline.scale = text.size as f32 / f32::from(face.units_per_em());
        outline.x = (start + x) as f32;
        face.outline_glyph(glyph, &mut outline);
    });
    let Some(path) = outline.path.finish() else {
        return;
    };
    let turn = Transform::from_rotate(if text.upwards { -90.0 } else { 0.0 });
    let place = turn
        .post_translate(text.x as f32, text.y as f32)
        .post_scale(SCALE, SCALE);
    pixels.fill_path(&path, paint, FillRule::Winding, place, None);
    // The font has one weight, a light one: a stroke around the letters makes another.
    let width = if text.bold { 0.6 } else { 0.2 };
    let stroke = Stroke {
        width,
        ..Stroke::default()
    };
    pixels.stroke_path(&path, paint, &stroke, place, None);
}

/// Outlines of letters; a font's y axis points up.
struct Outline {
    path: PathBuilder,
    x: f32,
    scale: f32,
}

impl Outline {
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        (self.x + x * self.scale, -y * self.scale)
    }
}

impl OutlineBuilder for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.at(x1, y1), self.at(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}
