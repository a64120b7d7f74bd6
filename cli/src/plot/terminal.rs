//! A figure in characters: two by four dots in each, after the Braille alphabet.

use crate::failure::Failure;
use crate::picture::{Axis, Figure, Panel, axis_rounded};
use std::io::Write;

/// Where nobody says how wide the terminal is.
const WIDTH: usize = 80;
/// The characters of the numbers beside a panel, with the axis.
const MARGIN: usize = 7;
/// The least characters of a panel.
const LEAST: usize = 36;
const ROWS: usize = 10;
/// The dots of a character by column and row.
const DOTS: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

/// The width of the terminal, if standard output is one.
pub fn width() -> usize {
    let size = console::Term::stdout().size_checked();
    size.map_or(WIDTH, |(_, columns)| usize::from(columns).max(20))
}

/// Draws the panels, as many side by side as fit.
pub fn draw(figure: &Figure, width: usize, out: &mut dyn Write) -> Result<(), Failure> {
    let columns = (width / LEAST).clamp(1, figure.columns.max(1));
    let cells = width / columns;
    writeln!(out, "{}", figure.title)?;
    for row in figure.panels.chunks(columns) {
        let drawn: Vec<Vec<String>> = row.iter().map(|panel| draw_panel(panel, cells)).collect();
        for i in 0..ROWS + 2 {
            let line: String = drawn.iter().map(|lines| lines[i].as_str()).collect();
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

/// Lines of exactly `width` characters: the title, the rows, the numbers of the x axis.
fn draw_panel(panel: &Panel, width: usize) -> Vec<String> {
    let columns = width - MARGIN - 1;
    let mut canvas = Canvas::new(columns);
    let points = || panel.series.iter().flat_map(|series| &series.points);
    let x_ends = panel.x_range.unwrap_or((0.0, 1.0));
    let x_axis = Axis::new(x_ends, panel.log_x);
    let y_axis = match panel.y_range {
        Some(range) => Axis::new(range, panel.log_y),
        None => Axis::around(points().map(|p| p.1), panel.log_y, 0.05),
    };
    let place = |(x, y): (f64, f64)| Some((x_axis.place(x)?, y_axis.place(y)?));
    for series in &panel.series {
        let mut drawn = 0.0;
        for pair in series.points.windows(2) {
            if let (Some(a), Some(b)) = (place(pair[0]), place(pair[1])) {
                canvas.line(a, b, series.dashed, &mut drawn);
            }
        }
    }
    let mut lines = vec![centred(&panel.title, width)];
    let ticks = y_axis.ticks(4);
    for row in 0..ROWS {
        let here = |(y, _): &&(f64, String)| {
            y_axis
                .place(*y)
                .is_some_and(|place| canvas.row(place) == Some(row))
        };
        let tick = ticks.iter().find(here);
        let text = tick.map_or("", |(_, text)| text.as_str());
        let axis = if tick.is_some() { '┤' } else { '│' };
        lines.push(format!(
            "{:>w$.w$}{axis}{} ",
            text,
            canvas.text(row),
            w = MARGIN - 1
        ));
    }
    let (low, high) = (axis_rounded(x_ends.0, 3), axis_rounded(x_ends.1, 3));
    let middle = columns.saturating_sub(low.chars().count());
    lines.push(format!("{:MARGIN$}{low}{high:>middle$} ", ""));
    lines.iter().map(|line| exactly(line, width)).collect()
}

fn exactly(line: &str, width: usize) -> String {
    let cut: String = line.chars().take(width).collect();
    format!("{cut:width$}")
}

fn centred(text: &str, width: usize) -> String {
    format!("{text:^width$}")
}

/// The dots.
struct Canvas {
    columns: usize,
    cells: Vec<u8>,
}

impl Canvas {
    fn new(columns: usize) -> Self {
        let cells = vec![0; columns * ROWS];
        Self { columns, cells }
    }

    /// The row of characters at a height between 0 and 1.
    fn row(&self, place: f64) -> Option<usize> {
        let row = ((1.0 - place) * ROWS as f64) as usize;
        (0.0..=1.0).contains(&place).then_some(row.min(ROWS - 1))
    }

    /// Sets the dots from `a` to `b`, both between 0 and 1; of a dashed line two out of four. `drawn` is its length so far.
    fn line(&mut self, a: (f64, f64), b: (f64, f64), dashed: bool, drawn: &mut f64) {
        let (width, height) = ((2 * self.columns - 1) as f64, (4 * ROWS - 1) as f64);
        // A line far beyond the ends is cut, so that it takes no longer than one inside.
        let scaled = |p: (f64, f64)| (p.0 * width, (1.0 - p.1.clamp(-0.5, 1.5)) * height);
        let ((x0, y0), (x1, y1)) = (scaled(a), scaled(b));
        let length = (x1 - x0).abs().max((y1 - y0).abs());
        let steps = length.ceil().max(1.0);
        for i in 0..=steps as usize {
            let t = i as f64 / steps;
            let (x, y) = ((x0 + t * (x1 - x0)).round(), (y0 + t * (y1 - y0)).round());
            let gap = dashed && (*drawn + t * length) % 4.0 >= 2.0;
            if gap || !(0.0..=width).contains(&x) || !(0.0..=height).contains(&y) {
                continue;
            }
            let (x, y) = (x as usize, y as usize);
            self.cells[y / 4 * self.columns + x / 2] |= DOTS[x % 2][y % 4];
        }
        *drawn += length;
    }

    fn text(&self, row: usize) -> String {
        let cells = &self.cells[row * self.columns..][..self.columns];
        let letter = |dots: &u8| match dots {
            0 => ' ',
            dots => char::from_u32(0x2800 + u32::from(*dots)).unwrap_or(' '),
        };
        cells.iter().map(letter).collect()
    }
}
