//! Figures: panels of lines with axes and a legend, as SVG or PNG.
//!
//! A [`Figure`] is laid out once into marks ([`layout`]); [`svg`] writes them down, and [`png`] paints them with a font that comes with the
//! program, so that a picture looks the same on a machine without fonts.

mod axis;
mod font;
mod layout;
mod legend;
mod png;
mod polyline;
mod svg;
mod theme;

use crate::failure::Failure;
pub use axis::{Axis, rounded as axis_rounded};
pub use theme::Theme;

/// The width of a picture in pixels: what a README's page shows without scaling.
pub const WIDTH: f64 = 830.0;

/// One line.
#[derive(Clone, Debug)]
pub struct Series {
    /// Its name in the legend; lines of the same name, colour and dashes are one entry.
    pub name: String,
    /// `(x, y)`; a number that is not finite leaves a gap.
    pub points: Vec<(f64, f64)>,
    /// Whether it is dashed.
    pub dashed: bool,
    /// Which colour of the palette; more than the palette has begin again.
    pub colour: usize,
}

/// One pair of axes with lines.
#[derive(Clone, Debug, Default)]
pub struct Panel {
    /// Stands above it.
    pub title: String,
    /// Stands below it; may be empty.
    pub x_label: String,
    /// Stands beside it; may be empty.
    pub y_label: String,
    /// The lines, the first at the bottom.
    pub series: Vec<Series>,
    /// A logarithmic axis; numbers that are not positive leave gaps.
    pub log_x: bool,
    /// The same of the other axis.
    pub log_y: bool,
    /// The ends of the axis; without them those of the lines.
    pub x_range: Option<(f64, f64)>,
    /// The ends of the axis; without them those of the lines.
    pub y_range: Option<(f64, f64)>,
    /// Whether y = 0 and x = 0 have lines.
    pub zero_line: bool,
    /// Lines of small letters between title and axes.
    pub notes: Vec<String>,
    /// Points with a ring around them.
    pub rings: Vec<(f64, f64)>,
    /// How a tick of the x axis is written, where not as a number.
    pub x_words: Option<fn(f64) -> String>,
    /// The same of the y axis.
    pub y_words: Option<fn(f64) -> String>,
}

/// Panels in rows.
#[derive(Clone, Debug)]
pub struct Figure {
    /// Stands above all; may be empty.
    pub title: String,
    /// Lines of small letters below the title.
    pub notes: Vec<String>,
    /// The panels, row by row.
    pub panels: Vec<Panel>,
    /// How many stand side by side.
    pub columns: usize,
}

impl Figure {
    /// The picture as SVG. Coordinates are rounded to 1/10 pixel, so that the last bits of a number change nothing.
    pub fn svg(&self, theme: Theme) -> String {
        svg::write(&layout::layout(self), theme)
    }

    /// The picture as PNG with two pixels for each of the SVG's; [`Theme::Auto`] is light.
    ///
    /// # Errors
    /// [`Failure::Failed`] where the picture is too large for memory.
    pub fn png(&self, theme: Theme) -> Result<Vec<u8>, Failure> {
        png::paint(&layout::layout(self), theme)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(series: Vec<Series>) -> Figure {
        let panel = Panel {
            title: "a < b".to_owned(),
            series,
            ..Panel::default()
        };
        Figure {
            title: String::new(),
            notes: Vec::new(),
            panels: vec![panel],
            columns: 1,
        }
    }

    fn line(points: Vec<(f64, f64)>) -> Series {
        Series {
            name: "line".to_owned(),
            points,
            dashed: false,
            colour: 0,
        }
    }

    #[test]
    fn a_gap_makes_two_lines_and_titles_are_escaped() {
        let points = vec![
            (0.0, 0.0),
            (1.0, 1.0),
            (2.0, f64::NAN),
            (3.0, 1.0),
            (4.0, 0.0),
        ];
        let svg = figure(vec![line(points)]).svg(Theme::Auto);
        assert_eq!(
            svg.matches("class=\"s c0\"").count(),
            1 + 2,
            "legend and pieces: {svg}"
        );
        assert!(svg.contains("a &lt; b"));
    }

    #[test]
    fn notes_rings_and_words_are_drawn_and_no_number_reaches_over_the_edge() {
        let mut figure = figure(vec![line(vec![(1.0, 1e-3), (1e6, 1.0)])]);
        figure.notes = vec!["of a machine".to_owned()];
        let panel = &mut figure.panels[0];
        (panel.log_x, panel.log_y) = (true, true);
        panel.notes = vec!["a note".to_owned()];
        panel.rings = vec![(1e3, 0.1), (f64::NAN, 1.0), (1e9, 1.0)];
        panel.y_words = Some(|_| "a hundred milliseconds".to_owned());
        let svg = figure.svg(Theme::Auto);
        assert!(svg.contains(">of a machine<") && svg.contains(">a note<"));
        assert_eq!(svg.matches("class=\"s c2\"").count(), 1, "one ring inside");
        let frame = svg.split("data-frame=\"").nth(1).expect("a panel");
        let left: f64 = frame.split(' ').next().expect("left").parse().expect("px");
        let size = 10.5;
        assert!(left > font::width("a hundred milliseconds", size), "{left}");
    }

    #[test]
    fn nothing_to_draw_is_drawn_without_panic() {
        for points in [
            vec![],
            vec![(f64::NAN, 1.0)],
            vec![(1.0, 1.0)],
            vec![(0.0, 1e300), (1.0, -1e300)],
            vec![(0.0, f64::MAX), (1.0, f64::MIN)],
            vec![(1e10, 1.0), (1e10, 1.0)],
        ] {
            for log in [false, true] {
                let mut figure = figure(vec![line(points.clone())]);
                figure.panels[0].log_x = log;
                figure.panels[0].log_y = log;
                let svg = figure.svg(Theme::Dark);
                assert!(!svg.contains("NaN") && !svg.contains("inf"), "{points:?}");
                figure.png(Theme::Light).expect("a picture");
            }
        }
    }
}
