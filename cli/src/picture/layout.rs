//! Where everything of a figure stands, as marks that need nothing but drawing.

use super::axis::Axis;
use super::polyline::{clipped, simplified};
use super::theme::Ink;
use super::{Figure, Panel, WIDTH, font, legend};

/// The side of a text that its place names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// A text on one line; `y` is its baseline.
#[derive(Clone, Debug)]
pub struct Text {
    pub text: String,
    pub x: f64,
    pub y: f64,
    pub size: f64,
    pub anchor: Anchor,
    pub bold: bool,
    /// Turned by a quarter, to be read from below.
    pub upwards: bool,
}

/// One thing to draw.
#[derive(Clone, Debug)]
pub enum Mark {
    Line {
        points: Vec<(f64, f64)>,
        ink: Ink,
        width: f64,
        dashed: bool,
    },
    Text(Text),
    /// What follows belongs to the panel of that title, whose axes have these ends in pixels: left, top, right, bottom.
    Panel {
        title: String,
        frame: [f64; 4],
    },
    EndPanel,
}

/// A figure that is laid out.
pub struct Drawing {
    pub title: String,
    pub height: f64,
    pub marks: Vec<Mark>,
}

const EDGE: f64 = 8.0;
const TITLE: f64 = 16.0;
const PANEL_TITLE: f64 = 13.0;
const TICK: f64 = 10.5;
const LABEL: f64 = 11.0;
/// The height of a line of notes.
const NOTE: f64 = 14.0;
/// What numbers beside an axis need.
const NUMBER_ROOM: f64 = 34.0;
/// The radius of a ring, and its colour in the palette.
const RING: f64 = 5.0;
const RING_COLOUR: usize = 2;
/// How much wider the bold letters of a browser are than what is measured.
const BOLD: f64 = 1.25;

/// Lays a figure out.
pub fn layout(figure: &Figure) -> Drawing {
    let mut marks = Vec::new();
    let columns = figure.columns.clamp(1, figure.panels.len().max(1));
    let mut top = EDGE;
    if !figure.title.is_empty() {
        marks.push(text(
            &figure.title,
            WIDTH / 2.0,
            top + TITLE,
            TITLE,
            Anchor::Middle,
            true,
        ));
        top += TITLE + 10.0;
    }
    for note in &figure.notes {
        let size = fitting(note, LABEL, WIDTH - 2.0 * EDGE);
        top += NOTE;
        marks.push(text(
            note,
            WIDTH / 2.0,
            top - 3.0,
            size,
            Anchor::Middle,
            false,
        ));
    }
    if !figure.notes.is_empty() {
        top += 4.0;
    }
    let common =
        legend::shared(figure).filter(|entries| entries.len() > 1 || figure.panels.len() == 1);
    if let Some(entries) = &common {
        let rows = legend::rows(entries.clone(), WIDTH - 2.0 * EDGE);
        legend::draw(&rows, WIDTH / 2.0, top, &mut marks);
        top += rows.len() as f64 * legend::ROW + 6.0;
    }
    let width = (WIDTH - 2.0 * EDGE) / columns as f64;
    let plot_height = (width * 0.62).clamp(90.0, 340.0);
    for row in figure.panels.chunks(columns) {
        let legends: Vec<_> = row
            .iter()
            .map(|panel| match &common {
                Some(_) => Vec::new(),
                None => legend::rows(legend::of_panel(panel), width - 24.0),
            })
            .collect();
        let legend_rows = legends.iter().map(Vec::len).max().unwrap_or(0);
        let labelled = row.iter().any(|panel| !panel.x_label.is_empty());
        let notes = row.iter().map(|panel| panel.notes.len()).max().unwrap_or(0);
        let legend_top = top + PANEL_TITLE + 6.0 + notes as f64 * NOTE;
        let plot_top = legend_top + 3.0 + legend_rows as f64 * legend::ROW;
        for (i, (panel, legend)) in row.iter().zip(&legends).enumerate() {
            let left = EDGE + i as f64 * width;
            let label_room = if panel.y_label.is_empty() {
                0.0
            } else {
                LABEL + 4.0
            };
            let frame = [
                left + number_room(panel, plot_height) + label_room,
                plot_top,
                left + width - 10.0,
                plot_top + plot_height,
            ];
            marks.push(Mark::Panel {
                title: panel.title.clone(),
                frame,
            });
            let centre = (frame[0] + frame[2]) / 2.0;
            let room = 2.0 * (left + width - centre);
            marks.push(text(
                &panel.title,
                centre,
                top + PANEL_TITLE,
                fitting(&panel.title, PANEL_TITLE * BOLD, room) / BOLD,
                Anchor::Middle,
                true,
            ));
            for (i, note) in panel.notes.iter().enumerate() {
                let y = top + PANEL_TITLE + (i + 1) as f64 * NOTE;
                let size = fitting(note, TICK, room);
                marks.push(text(note, centre, y + 1.0, size, Anchor::Middle, false));
            }
            legend::draw(legend, left + width / 2.0, legend_top, &mut marks);
            draw_panel(panel, frame, left, &mut marks);
            marks.push(Mark::EndPanel);
        }
        let below = TICK + 6.0 + if labelled { LABEL + 5.0 } else { 0.0 };
        top = plot_top + plot_height + below + 8.0;
    }
    let title = if figure.title.is_empty() {
        "figure".to_owned()
    } else {
        figure.title.clone()
    };
    Drawing {
        title,
        height: (top + EDGE - 8.0).ceil(),
        marks,
    }
}

/// The size, `size` at most, at which a text is no wider than `width`.
fn fitting(words: &str, size: f64, width: f64) -> f64 {
    let natural = super::font::width(words, size);
    (size * (width / natural).min(1.0)).max(7.0)
}

/// What the numbers beside the y axis need.
fn number_room(panel: &Panel, height: f64) -> f64 {
    let ticks = ticks(&axes(panel).1, height / 20.0, panel.y_words);
    let widths = ticks.iter().map(|(_, text)| font::width(text, TICK));
    match panel.y_words {
        Some(_) => widths.fold(NUMBER_ROOM, |room, width| room.max(width + 8.0)),
        None => NUMBER_ROOM,
    }
}

/// The axes, x first.
fn axes(panel: &Panel) -> (Axis, Axis) {
    let points = || panel.series.iter().flat_map(|series| &series.points);
    let x_axis = panel.x_range.map_or_else(
        || Axis::around(points().map(|p| p.0), panel.log_x, 0.0),
        |range| Axis::new(range, panel.log_x),
    );
    let y_axis = panel.y_range.map_or_else(
        || Axis::around(points().map(|p| p.1), panel.log_y, 0.05),
        |range| Axis::new(range, panel.log_y),
    );
    (x_axis, y_axis)
}

/// About `count` ticks, in words where there are some.
fn ticks(axis: &Axis, count: f64, words: Option<fn(f64) -> String>) -> Vec<(f64, String)> {
    let ticks = axis.ticks(count as usize).into_iter();
    ticks
        .map(|(x, text)| (x, words.map_or(text, |words| words(x))))
        .collect()
}

fn text(words: &str, x: f64, y: f64, size: f64, anchor: Anchor, bold: bool) -> Mark {
    Mark::Text(Text {
        text: words.to_owned(),
        x,
        y,
        size,
        anchor,
        bold,
        upwards: false,
    })
}

fn draw_panel(panel: &Panel, frame: [f64; 4], outer_left: f64, marks: &mut Vec<Mark>) {
    let [left, top, right, bottom] = frame;
    let (x_axis, y_axis) = axes(panel);
    let to_x = |x| Some(left + x_axis.place(x)? * (right - left));
    let to_y = |y| Some(bottom - y_axis.place(y)? * (bottom - top));
    let mut line = |points: Vec<(f64, f64)>, ink, width| {
        marks.push(Mark::Line {
            points,
            ink,
            width,
            dashed: false,
        });
    };
    let x_ticks = ticks(&x_axis, (right - left) / 34.0, panel.x_words);
    let y_ticks = ticks(&y_axis, (bottom - top) / 20.0, panel.y_words);
    let places: Vec<_> = x_ticks
        .iter()
        .filter_map(|(x, text)| Some((to_x(*x)?, text)))
        .collect();
    let heights: Vec<_> = y_ticks
        .iter()
        .filter_map(|(y, text)| Some((to_y(*y)?, text)))
        .collect();
    for (x, _) in &places {
        line(vec![(*x, top), (*x, bottom)], Ink::Grid, 1.0);
    }
    for (y, _) in &heights {
        line(vec![(left, *y), (right, *y)], Ink::Grid, 1.0);
    }
    if panel.zero_line {
        let inside = |low: f64, at: &f64, high: f64| low <= *at && *at <= high;
        if let Some(y) = to_y(0.0).filter(|y| inside(top, y, bottom)) {
            line(vec![(left, y), (right, y)], Ink::Axis, 1.2);
        }
        if let Some(x) = to_x(0.0).filter(|x| inside(left, x, right)) {
            line(vec![(x, top), (x, bottom)], Ink::Axis, 0.8);
        }
    }
    line(
        vec![(left, top), (left, bottom), (right, bottom)],
        Ink::Axis,
        1.0,
    );
    for (x, words) in places {
        marks.push(text(
            words,
            x,
            bottom + TICK + 4.0,
            TICK,
            Anchor::Middle,
            false,
        ));
    }
    for (y, words) in heights {
        marks.push(text(
            words,
            left - 5.0,
            y + 0.36 * TICK,
            TICK,
            Anchor::End,
            false,
        ));
    }
    if !panel.x_label.is_empty() {
        let y = bottom + TICK + LABEL + 8.0;
        marks.push(text(
            &panel.x_label,
            (left + right) / 2.0,
            y,
            LABEL,
            Anchor::Middle,
            false,
        ));
    }
    if !panel.y_label.is_empty() {
        marks.push(Mark::Text(Text {
            text: panel.y_label.clone(),
            x: outer_left + LABEL,
            y: (top + bottom) / 2.0,
            size: LABEL,
            anchor: Anchor::Middle,
            bold: false,
            upwards: true,
        }));
    }
    for series in &panel.series {
        let placed: Vec<_> = series
            .points
            .iter()
            .map(|(x, y)| Some((to_x(*x)?, to_y(*y)?)))
            .collect();
        for piece in clipped(&placed, frame) {
            marks.push(Mark::Line {
                points: simplified(&piece),
                ink: Ink::Series(series.colour),
                width: if series.dashed { 1.8 } else { 2.0 },
                dashed: series.dashed,
            });
        }
    }
    let inside = |(x, y): &(f64, f64)| (left..=right).contains(x) && (top..=bottom).contains(y);
    let rings = panel.rings.iter();
    for (x, y) in rings
        .filter_map(|(x, y)| Some((to_x(*x)?, to_y(*y)?)))
        .filter(inside)
    {
        let corner = |i: i32| {
            let (sine, cosine) = (f64::from(i) * std::f64::consts::TAU / 24.0).sin_cos();
            (x + RING * cosine, y + RING * sine)
        };
        marks.push(Mark::Line {
            points: (0..=24).map(corner).collect(),
            ink: Ink::Series(RING_COLOUR),
            width: 2.0,
            dashed: false,
        });
    }
}
