//! [`Job`]: what one call computes, and its part for a piece.

use super::queue::Piece;
use crate::engine::{Engine, TAKES_SLICES};
use crate::{Broadcast, Chain, Direction, Function, Result, Values};
use std::borrow::Cow;

/// What one call computes. All lengths are checked.
pub(super) struct Job<'a> {
    f: &'a dyn Function,
    direction: Direction,
    /// `None` where the operand lies in the place of the result.
    x: Option<&'a [f32]>,
    grad: Option<&'a [f32]>,
    chain: Cow<'a, Chain<'a>>,
    operands: Vec<(Broadcast, &'a [f32])>,
    columns: usize,
    len: usize,
}

impl<'a> Job<'a> {
    pub(super) fn new(
        f: &'a dyn Function,
        direction: Direction,
        x: Option<&'a [f32]>,
        grad: Option<&'a [f32]>,
        len: usize,
        columns: usize,
    ) -> Result<Self> {
        let chain = f.chain();
        Ok(Self {
            operands: chain.host_operands(TAKES_SLICES)?,
            f,
            direction,
            x,
            grad,
            chain,
            columns,
            len,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// Computes a piece. The scratch memory is kept from one piece to the next.
    pub(super) fn run(
        &self,
        engine: &dyn Engine,
        piece: &mut Piece<'_>,
        scratch: &mut Vec<f32>,
    ) -> Result<()> {
        let (start, end) = (piece.start, piece.start + piece.len());
        let part;
        let f: &dyn Function = if piece.len() == self.len || self.operands.is_empty() {
            self.f
        } else {
            part = self.part(start, piece.len())?;
            &part
        };
        let grad = self.grad.map(|grad| &grad[start..end]);
        if let Some(x) = self.x {
            return engine.compute(f, self.direction, &x[start..end], grad, piece.out);
        }
        // An attempt that fails half-way must not destroy the input: the next one needs it.
        scratch.resize(piece.len(), 0.0);
        engine.compute(f, self.direction, piece.out, grad, scratch)?;
        piece.out.copy_from_slice(scratch);
        Ok(())
    }

    /// The chain for these elements, which are whole rows or lie in one row.
    fn part(&self, start: usize, len: usize) -> Result<Chain<'_>> {
        let (row, column) = (start / self.columns, start % self.columns);
        let mut operands = self.operands.iter();
        self.chain.with_values(|_| {
            let values = operands
                .next()
                .map_or(&[][..], |&(broadcast, values)| match broadcast {
                    Broadcast::Scalar => values,
                    Broadcast::Row if column + len > self.columns => values,
                    Broadcast::Row => &values[column..column + len],
                    Broadcast::Column => &values[row..row + len.div_ceil(self.columns)],
                    Broadcast::Full => &values[start..start + len],
                });
            Ok(Values::Host(values))
        })
    }
}
