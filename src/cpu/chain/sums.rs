//! Gradients of operands that are spread over several elements: sums that do not depend on how many threads there are.
//!
//! The input is divided into tiles by its shape alone, each tile is summed in order by one thread, and the tiles' sums are added in
//! order. All sums are in f64 and rounded to f32 once.

use super::PIECE;
use super::plan::simplest;
use crate::Broadcast;

/// Most columns of a tile, and about the fewest elements.
const TILE: usize = 16 * 1024;

/// Most tiles that the rows are divided into: what the sums of tiles may take in memory follows from it, 8 MiB for an operand of a row
/// of up to `TILE` columns, and 8 bytes an element of a longer row.
const MOST_BANDS: usize = 64;

/// The input, divided into bands of rows and stripes of columns.
#[derive(Clone, Debug)]
pub(super) struct Tiles {
    columns: usize,
    rows: usize,
    /// Columns of a tile.
    stripe: usize,
    stripes: usize,
    /// Rows of a tile.
    band: usize,
    bands: usize,
}

/// Consecutive elements.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub start: usize,
    pub len: usize,
    row: usize,
    column: usize,
    tile: usize,
}

impl Tiles {
    pub(super) fn new(len: usize, columns: usize) -> Self {
        // No operand has a value a row or a column, or there is nothing to tell rows apart by.
        let columns = if columns == 1 { len } else { columns };
        let rows = len / columns.max(1);
        let stripe = columns
            .div_ceil(columns.div_ceil(TILE).max(1))
            .next_multiple_of(16)
            .min(columns)
            .max(1);
        let stripes = columns.div_ceil(stripe);
        let bands = (len / stripes.max(1) / TILE)
            .min(MOST_BANDS / stripes.max(1))
            .clamp(1, rows.max(1));
        let band = rows.div_ceil(bands).max(1);
        Self {
            columns,
            rows,
            stripe,
            stripes,
            band,
            bands: rows.div_ceil(band),
        }
    }

    pub(super) fn count(&self) -> usize {
        self.bands * self.stripes
    }

    /// Whether a piece has whole rows, several of them where they fit.
    fn whole_rows(&self) -> bool {
        self.columns <= PIECE
    }

    /// Elements of the longest piece.
    fn period(&self) -> usize {
        if self.whole_rows() {
            PIECE / self.columns * self.columns
        } else {
            self.columns
        }
    }

    /// Calls `each` with the pieces of a tile, in order.
    pub(super) fn pieces(&self, tile: usize, mut each: impl FnMut(Piece)) {
        let (band, stripe) = (tile / self.stripes, tile % self.stripes);
        let rows = band * self.band..((band + 1) * self.band).min(self.rows);
        if self.whole_rows() {
            let end = rows.end * self.columns;
            for start in (rows.start * self.columns..end).step_by(self.period()) {
                each(Piece {
                    start,
                    len: self.period().min(end - start),
                    row: start / self.columns,
                    column: 0,
                    tile,
                });
            }
            return;
        }
        let columns = stripe * self.stripe..((stripe + 1) * self.stripe).min(self.columns);
        for row in rows {
            for column in columns.clone().step_by(PIECE) {
                each(Piece {
                    start: row * self.columns + column,
                    len: PIECE.min(columns.end - column),
                    row,
                    column,
                    tile,
                });
            }
        }
    }
}

/// Where the gradient of one operand goes. Tiles write to places of their own.
pub(super) struct Sum {
    broadcast: Broadcast,
    out: *mut f32,
    len: usize,
    sums: Vec<f64>,
    /// The beginning of `sums`.
    at: *mut f64,
}

// SAFETY: the threads work on different tiles, and each tile has places of its own behind both pointers.
unsafe impl Sync for Sum {}

impl Sum {
    pub(super) fn new(
        broadcast: Broadcast,
        tiles: &Tiles,
        columns: usize,
        out: &mut [f32],
    ) -> Self {
        let broadcast = simplest(broadcast, columns, tiles.rows * tiles.columns);
        let places = match broadcast {
            Broadcast::Full => 0,
            Broadcast::Scalar => tiles.count(),
            Broadcast::Row => tiles.bands * tiles.period(),
            Broadcast::Column if tiles.whole_rows() => 0,
            Broadcast::Column => tiles.rows * tiles.stripes,
        };
        let mut sums = vec![0.0; places];
        Self {
            broadcast,
            out: out.as_mut_ptr(),
            len: out.len(),
            at: sums.as_mut_ptr(),
            sums,
        }
    }

    /// Adds the terms of a piece.
    ///
    /// # Safety
    /// The piece is of the tiles that this was made with, no other thread adds to the same tile, and `out` is still borrowed.
    pub(super) unsafe fn add(&self, tiles: &Tiles, piece: Piece, terms: &[f32]) {
        // SAFETY: every place follows from the piece as `new` has counted them, or is that of an element or a row in `out`.
        unsafe {
            match self.broadcast {
                Broadcast::Full => {
                    std::ptr::copy_nonoverlapping(
                        terms.as_ptr(),
                        self.out.add(piece.start),
                        terms.len(),
                    );
                }
                Broadcast::Scalar => *self.at.add(piece.tile) += sum(terms),
                Broadcast::Row => {
                    let from = piece.tile / tiles.stripes * tiles.period() + piece.column;
                    let sums = std::slice::from_raw_parts_mut(self.at.add(from), terms.len());
                    sums.iter_mut()
                        .zip(terms)
                        .for_each(|(sum, &term)| *sum += f64::from(term));
                }
                Broadcast::Column if tiles.whole_rows() => {
                    for (row, terms) in terms.chunks_exact(tiles.columns).enumerate() {
                        *self.out.add(piece.row + row) = sum(terms) as f32;
                    }
                }
                Broadcast::Column => {
                    *self
                        .at
                        .add(piece.row * tiles.stripes + piece.tile % tiles.stripes) += sum(terms);
                }
            }
        }
    }

    /// Adds up the tiles. All threads are done.
    ///
    /// # Safety
    /// `out` is still borrowed.
    pub(super) unsafe fn finish(self, tiles: &Tiles) {
        // SAFETY: `new` took both from a slice.
        let out = unsafe { std::slice::from_raw_parts_mut(self.out, self.len) };
        match self.broadcast {
            Broadcast::Full => {}
            Broadcast::Scalar => out[0] = self.sums.iter().sum::<f64>() as f32,
            Broadcast::Column if tiles.whole_rows() => {}
            Broadcast::Column => {
                let rows = self.sums.chunks_exact(tiles.stripes);
                out.iter_mut()
                    .zip(rows)
                    .for_each(|(out, row)| *out = row.iter().sum::<f64>() as f32);
            }
            Broadcast::Row => {
                let mut sums = self.sums;
                let (total, rows) = sums.split_at_mut(tiles.columns);
                for row in rows.chunks_exact(tiles.columns) {
                    total
                        .iter_mut()
                        .zip(row)
                        .for_each(|(total, &sum)| *total += sum);
                }
                out.iter_mut()
                    .zip(total)
                    .for_each(|(out, &mut total)| *out = total as f32);
            }
        }
    }
}

/// The sum, in an order that depends on the length alone.
fn sum(terms: &[f32]) -> f64 {
    let mut lanes = [0.0_f64; 8];
    let eights = terms.chunks_exact(8);
    let rest = eights.remainder();
    for eight in eights {
        lanes
            .iter_mut()
            .zip(eight)
            .for_each(|(lane, &term)| *lane += f64::from(term));
    }
    lanes
        .iter_mut()
        .zip(rest)
        .for_each(|(lane, &term)| *lane += f64::from(term));
    lanes.iter().sum()
}
