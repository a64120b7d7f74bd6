//! Chains on the CPU: piece by piece, so that the values between two steps stay in the nearest cache.

mod arithmetic;
mod piece;
mod plan;
mod sums;
#[cfg(test)]
mod tests;

use super::{BLOCK, Cpu, Operands, Parts, THREADS_PAY_FROM};
use crate::{Chain, Direction, Result};
pub(crate) use arithmetic::{AroundLoop, around_loops};
use piece::Walker;
use plan::Plan;
use std::sync::atomic::{AtomicUsize, Ordering};
use sums::{Sum, Tiles};

/// Elements that go through all steps together: 2 KiB for each value that is kept. A nearest cache of 32 KiB holds them all, and the next
/// piece's operands.
const PIECE: usize = 512;

/// The same of a chain that is one loop, which keeps nothing: a loop's end and its start are 5 % of a short piece's time.
const LONG_PIECE: usize = 2048;

impl Cpu {
    /// Computes a chain that is not one activation alone. All lengths are checked; `columns` is the length of a row.
    ///
    /// # Safety
    /// `x` and, unless it is null, `grad` must be valid for reading `count` elements, `out` for writing them; `out` may be exactly `x` or
    /// exactly `grad`.
    pub(super) unsafe fn compute_chain(
        &self,
        chain: &Chain<'_>,
        direction: Direction,
        columns: usize,
        operands: Operands,
        count: usize,
    ) -> Result<()> {
        let plan = &Plan::new(chain, self.isa, columns, count, &[])?;
        let backward = direction != Direction::Forward;
        let threads = self.helpful_threads(count);
        let parts = Parts::new(count, threads);
        self.on_threads(threads, &|thread| {
            let operands = &operands;
            let mut walker = Walker::new(plan, count, backward);
            while let Some((block, len)) = parts.take(thread) {
                for start in (block..block + len).step_by(plan.piece()) {
                    let len = plan.piece().min(block + len - start);
                    // SAFETY: `start + len <= count`, and each block is taken by one thread only.
                    unsafe {
                        let (x, out) = (operands.x.add(start), operands.out.add(start));
                        if backward {
                            let grad = operands.grad;
                            let grad = if grad.is_null() {
                                grad
                            } else {
                                grad.add(start)
                            };
                            walker.backward(start, len, x, grad, out, |_, _| {});
                        } else {
                            walker.forward(start, len, x, out);
                        }
                    }
                }
            }
        });
        Ok(())
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
        let wanted: Vec<usize> = operands.iter().map(|(operand, _)| *operand).collect();
        let plan = Plan::new(chain, self.isa, columns, x.len(), &wanted)?;
        if x.is_empty() {
            operands.iter_mut().for_each(|(_, into)| into.fill(0.0));
            return Ok(());
        }
        let tiles = Tiles::new(x.len(), columns);
        let mut sums = Vec::with_capacity(operands.len());
        for (operand, into) in operands {
            let (broadcast, _) = chain.operand(*operand)?;
            sums.push(Sum::new(broadcast, &tiles, columns, into));
        }
        let pointers = Operands {
            x: x.as_ptr(),
            grad: grad.as_ptr(),
            out: dx.as_mut_ptr(),
        };
        let next = AtomicUsize::new(0);
        let shared = &sums;
        self.on_threads(self.helpful_threads(x.len()).min(tiles.count()), &|_| {
            let pointers = &pointers;
            let mut walker = Walker::new(&plan, x.len(), true);
            loop {
                let tile = next.fetch_add(1, Ordering::Relaxed);
                if tile >= tiles.count() {
                    return;
                }
                tiles.pieces(tile, |piece| {
                    let start = piece.start;
                    // SAFETY: the piece lies within the input; each tile is taken by one thread only.
                    unsafe {
                        walker.backward(
                            start,
                            piece.len,
                            pointers.x.add(start),
                            pointers.grad.add(start),
                            pointers.out.add(start),
                            |operand, terms| shared[operand].add(&tiles, piece, terms),
                        );
                    }
                });
            }
        });
        for sum in sums {
            // SAFETY: `operands` borrows the memory until this function returns.
            unsafe { sum.finish(&tiles) };
        }
        Ok(())
    }

    /// How many threads bring something for this number of elements.
    fn helpful_threads(&self, count: usize) -> usize {
        if count < THREADS_PAY_FROM {
            return 1;
        }
        self.threads().min(count / BLOCK).max(1)
    }

    fn on_threads(&self, threads: usize, work: &(dyn Fn(usize) + Sync)) {
        if threads <= 1 {
            work(0);
        } else {
            self.team.run(work);
        }
    }
}
