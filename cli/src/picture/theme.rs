//! Colours: Okabe and Ito's, which people with any colour vision tell apart.

use clap::ValueEnum;

/// What the picture stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Theme {
    /// Dark lines on white.
    Light,
    /// Light lines on the dark of a dark page.
    Dark,
    /// An SVG that follows the reader's setting; elsewhere light.
    Auto,
}

/// What a mark is drawn with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// What everything stands on.
    Ground,
    /// Titles and numbers.
    Text,
    /// Frames and the lines of zero.
    Axis,
    /// The lines of the grid.
    Grid,
    /// A series.
    Series(usize),
}

/// How many colours there are.
pub const COLOURS: usize = 6;

/// The colours of one theme, as 0xRRGGBB.
pub struct Palette {
    ground: u32,
    text: u32,
    axis: u32,
    grid: u32,
    series: [u32; COLOURS],
}

pub const LIGHT: Palette = Palette {
    ground: 0xffffff,
    text: 0x24292f,
    axis: 0x8c959f,
    grid: 0xe7eaee,
    series: [0x0072b2, 0xd55e00, 0x009e73, 0xcc79a7, 0xe69f00, 0x56b4e9],
};

pub const DARK: Palette = Palette {
    ground: 0x0d1117,
    text: 0xe6edf3,
    axis: 0x6e7681,
    grid: 0x21262d,
    series: [0x56b4e9, 0xe69f00, 0x12b886, 0xcc79a7, 0xf0e442, 0xd55e00],
};

impl Palette {
    /// The colour of an ink.
    pub fn colour(&self, ink: Ink) -> u32 {
        match ink {
            Ink::Ground => self.ground,
            Ink::Text => self.text,
            Ink::Axis => self.axis,
            Ink::Grid => self.grid,
            Ink::Series(i) => self.series[i % COLOURS],
        }
    }
}
