//! [`Maxout`]: the largest of several pieces.

use super::places::{Access, rows_of};
use crate::{Error, Result};

/// The largest of k pieces (Goodfellow et al. 2013, Maxout Networks): a row of k·c columns gives c. In front stand affine maps; relu is
/// the maxout of x and 0.
///
/// The gradient goes to the largest piece, the first of them at a tie; NaN counts as the largest.
///
/// ```
/// use nonlin::cpu::Cpu;
/// use nonlin::rows::{GateEngine, Maxout};
/// let x = [1.0, 2.0, 3.0, 0.0];
/// assert_eq!(Cpu::new().maxout(&Maxout::blocks(2), &x, 4)?, [3.0, 2.0]);
/// assert_eq!(Cpu::new().maxout(&Maxout::adjacent(2), &x, 4)?, [2.0, 3.0]);
/// # Ok::<(), nonlin::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Maxout {
    pieces: usize,
    adjacent: bool,
}

impl Maxout {
    /// Pieces at most: their numbers are exact in f32.
    pub const MAX_PIECES: usize = 1 << 24;

    /// Pieces that are blocks of columns: a row is `[k, c]`, and result j is the largest of columns j, c + j, 2c + j, …
    pub fn blocks(pieces: usize) -> Self {
        Self {
            pieces,
            adjacent: false,
        }
    }

    /// Pieces side by side: a row is `[c, k]`, and result j is the largest of columns kj to kj + k - 1.
    pub fn adjacent(pieces: usize) -> Self {
        Self {
            pieces,
            adjacent: true,
        }
    }

    /// Number of pieces.
    pub fn pieces(&self) -> usize {
        self.pieces
    }

    /// Checks all; gives the rows and the columns of the result.
    pub(crate) fn shape(&self, len: usize, columns: usize) -> Result<(usize, usize)> {
        let wrong = |reason| {
            Err(Error::InvalidParameters {
                function: "maxout",
                reason,
            })
        };
        let Self { pieces, .. } = *self;
        if pieces == 0 || pieces > Self::MAX_PIECES {
            return wrong(format!(
                "{pieces} pieces are asked for, 1 to {} are possible",
                Self::MAX_PIECES
            ));
        }
        let rows = rows_of("maxout", "x", len, columns)?;
        if !columns.is_multiple_of(pieces) {
            return wrong(format!("{columns} columns are not {pieces} equal pieces"));
        }
        Ok((rows, columns / pieces))
    }

    /// How the first piece is reached where there are `columns` results in a row, and the elements from a piece to the next.
    pub(crate) fn first(&self, columns: usize) -> (Access, usize) {
        let access = Access {
            stride: columns * self.pieces,
            offset: 0,
            step: if self.adjacent { self.pieces } else { 1 },
        };
        (access, if self.adjacent { 1 } else { columns })
    }
}
