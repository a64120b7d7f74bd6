//! Sums along an axis, for the gradients of operands that are spread over the elements.

use super::adapter::WORKGROUP;
use super::context::Context;
use super::dispatch::Prepared;
use super::grid::grid;
use super::pool::Purpose;
use super::span::Span;
use super::tensor::Tensor;
use crate::{Broadcast, Result};
use std::sync::Arc;

/// Elements that one invocation adds up: as in `shaders/kernels/sum.wgsl`.
const RUN: u64 = 16;

/// Elements that lie as outer × n × inner, to be added up along n.
#[derive(Clone, Copy)]
struct Axes {
    outer: u64,
    n: u64,
    inner: u64,
}

/// Elements that are there of a whole, and where the sums go.
struct Part<'a> {
    values: (&'a wgpu::Buffer, u64),
    /// Elements of the whole before the first one that is there.
    missing: u64,
    elements: u64,
    sums: (&'a wgpu::Buffer, u64),
    /// Sums, the first ones, that other pieces have begun.
    continued: u64,
}

impl Context {
    /// Appends kernels that add up `values`, which lie in rows of `columns`, the way an operand is spread over them, into `sums`. Gives the
    /// tensors in between, which have to live until the kernels are recorded.
    pub(super) fn prepare_sum(
        self: &Arc<Self>,
        values: Span<'_>,
        columns: usize,
        broadcast: Broadcast,
        sums: Span<'_>,
        prepared: &mut Prepared,
    ) -> Result<Vec<Tensor>> {
        let alignment = self.alignment();
        let mut between = Vec::new();
        let (len, columns) = (values.len() as u64, columns as u64);
        let mut place = 0;
        while place < len {
            let (buffer, byte, piece) = values.at(place, self.info.max_chunk_bytes, alignment);
            // The rows that the piece has something of.
            let (first_row, end_row) = (place / columns, (place + piece).div_ceil(columns));
            let rows = end_row - first_row;
            let (axes, missing, sum) = match broadcast {
                Broadcast::Row => (
                    Axes {
                        outer: 1,
                        n: rows,
                        inner: columns,
                    },
                    place - first_row * columns,
                    0,
                ),
                Broadcast::Column => (
                    Axes {
                        outer: rows,
                        n: columns,
                        inner: 1,
                    },
                    place - first_row * columns,
                    first_row,
                ),
                _ => (
                    Axes {
                        outer: 1,
                        n: piece,
                        inner: 1,
                    },
                    0,
                    0,
                ),
            };
            let (sums_buffer, sums_byte, _) = sums.at(sum, u64::MAX, alignment);
            let part = Part {
                values: (buffer, byte),
                missing,
                elements: piece,
                sums: (sums_buffer, sums_byte),
                // The pieces before have left their sums there; of the rows that a piece has something of, only the first can have
                // begun in another.
                continued: match broadcast {
                    Broadcast::Column => u64::from(missing > 0),
                    _ if place > 0 => u64::MAX,
                    _ => 0,
                },
            };
            self.prepare_part(axes, part, prepared, &mut between)?;
            place += piece;
        }
        Ok(between)
    }

    fn prepare_part(
        self: &Arc<Self>,
        axes: Axes,
        part: Part<'_>,
        prepared: &mut Prepared,
        between: &mut Vec<Tensor>,
    ) -> Result<()> {
        let Axes {
            outer,
            mut n,
            inner,
        } = axes;
        let mut values = (part.values.0.clone(), part.values.1);
        let (mut missing, mut elements) = (part.missing, part.elements);
        loop {
            let partial = n.div_ceil(RUN);
            let count = outer * partial * inner;
            let last = partial == 1;
            let target = if last {
                (part.sums.0.clone(), part.sums.1)
            } else {
                let tensor = Tensor::new(self, count as usize, Purpose::Scratch)?;
                let buffer = tensor.buffers()[0].clone();
                between.push(tensor);
                (buffer, 0)
            };
            self.prepare_run(
                Run {
                    axes: Axes { outer, n, inner },
                    partial,
                    count,
                    missing,
                    elements,
                    continued: if last { part.continued.min(count) } else { 0 },
                },
                &values,
                &target,
                prepared,
            )?;
            if last {
                return Ok(());
            }
            (values, n, missing, elements) = (target, partial, 0, count);
        }
    }

    fn prepare_run(
        &self,
        run: Run,
        values: &(wgpu::Buffer, u64),
        sums: &(wgpu::Buffer, u64),
        prepared: &mut Prepared,
    ) -> Result<()> {
        let alignment = self.alignment();
        let compiled = self.compiled_sum(values.0 == sums.0)?;
        let bind = |(buffer, byte): &(wgpu::Buffer, u64), elements: u64| {
            let before = byte % alignment;
            let binding = (buffer.clone(), byte - before, elements * 4 + before);
            (binding, (before / 4) as u32)
        };
        let (values, values_start) = bind(values, run.elements);
        let (sums, sums_start) = bind(sums, run.count);
        let params = vec![
            run.axes.n as u32,
            run.partial as u32,
            run.axes.inner as u32,
            run.count as u32,
            run.missing as u32,
            run.elements as u32,
            run.continued as u32,
            values_start,
            sums_start,
            0,
            0,
            0,
        ];
        let groups = grid(run.count.div_ceil(WORKGROUP.into()), self.info.max_groups);
        let bind_group = self.bind_group(&compiled, params, vec![values, sums])?;
        prepared.push(&compiled, bind_group, groups);
        Ok(())
    }
}

/// One run of the kernel.
struct Run {
    axes: Axes,
    partial: u64,
    /// Number of results.
    count: u64,
    missing: u64,
    elements: u64,
    continued: u64,
}
