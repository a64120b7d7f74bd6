//! Legends: a swatch of each line beside its name, in as many rows as they need.

use super::layout::{Anchor, Mark, Text};
use super::theme::Ink;
use super::{Figure, Panel, Series, font};

/// The height of a row.
pub const ROW: f64 = 15.0;
/// The size of the names.
const SIZE: f64 = 11.5;
const SWATCH: f64 = 22.0;
const SPACE: f64 = 5.0;
const BETWEEN: f64 = 14.0;

/// One entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    name: String,
    colour: usize,
    dashed: bool,
}

impl Entry {
    fn of(series: &Series) -> Self {
        Self {
            name: series.name.clone(),
            colour: series.colour,
            dashed: series.dashed,
        }
    }

    fn width(&self) -> f64 {
        SWATCH + SPACE + font::width(&self.name, SIZE)
    }
}

/// The entries of a panel.
pub fn of_panel(panel: &Panel) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for entry in panel.series.iter().map(Entry::of) {
        if !entry.name.is_empty() && !entries.contains(&entry) {
            entries.push(entry);
        }
    }
    entries
}

/// The entries that all panels share, where they do.
pub fn shared(figure: &Figure) -> Option<Vec<Entry>> {
    let mut all = figure.panels.iter().map(of_panel);
    let first = all.next()?;
    all.all(|entries| entries == first).then_some(first)
}

/// The entries in rows of at most `width`, in pixels.
pub fn rows(entries: Vec<Entry>, width: f64) -> Vec<Vec<Entry>> {
    let mut rows: Vec<Vec<Entry>> = Vec::new();
    let mut used = 0.0;
    for entry in entries {
        let needed = entry.width() + BETWEEN;
        match rows.last_mut() {
            Some(row) if used + needed - BETWEEN <= width => {
                used += needed;
                row.push(entry);
            }
            _ => {
                used = needed;
                rows.push(vec![entry]);
            }
        }
    }
    rows
}

/// Draws the rows, each centred at `centre`, below `top`.
pub fn draw(rows: &[Vec<Entry>], centre: f64, top: f64, marks: &mut Vec<Mark>) {
    for (i, row) in rows.iter().enumerate() {
        let width: f64 = row.iter().map(|entry| entry.width() + BETWEEN).sum();
        let mut x = centre - (width - BETWEEN) / 2.0;
        let middle = top + (i as f64 + 0.5) * ROW;
        for entry in row {
            marks.push(Mark::Line {
                points: vec![(x, middle), (x + SWATCH, middle)],
                ink: Ink::Series(entry.colour),
                width: 2.0,
                dashed: entry.dashed,
            });
            marks.push(Mark::Text(Text {
                text: entry.name.clone(),
                x: x + SWATCH + SPACE,
                y: middle + 0.35 * SIZE,
                size: SIZE,
                anchor: Anchor::Start,
                bold: false,
                upwards: false,
            }));
            x += entry.width() + BETWEEN;
        }
    }
}
