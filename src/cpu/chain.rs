//! Chains on the CPU: block by block, so that the values between two steps stay in the nearest cache.

use super::Cpu;
use crate::{Chain, Direction, Result};

impl Cpu {
    /// Computes a chain that is not one activation alone. All lengths are checked; `columns` is the length of a row.
    pub(super) fn compute_chain(
        &self,
        chain: &Chain<'_>,
        direction: Direction,
        columns: usize,
        x: &[f32],
        grad: Option<&[f32]>,
        out: &mut [f32],
    ) -> Result<()> {
        let _ = (chain, direction, columns, x, grad, out);
        todo!()
    }

    /// As [`compute_chain`](Self::compute_chain) without a gradient, with the result in the place of the input.
    pub(super) fn compute_chain_in_place(
        &self,
        chain: &Chain<'_>,
        direction: Direction,
        columns: usize,
        x: &mut [f32],
    ) -> Result<()> {
        let _ = (chain, direction, columns, x);
        todo!()
    }

    /// The gradients of the input and of some operands. Works for a single activation too. All is checked but where the operands
    /// lie.
    pub(super) fn chain_gradients(
        &self,
        chain: &Chain<'_>,
        columns: usize,
        x: &[f32],
        grad: &[f32],
        dx: &mut [f32],
        operands: &mut [(usize, &mut [f32])],
    ) -> Result<()> {
        let _ = (chain, columns, x, grad, dx, operands);
        todo!()
    }
}
