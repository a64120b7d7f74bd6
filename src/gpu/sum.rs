//! Sums along an axis, for the gradients of operands that are spread over the elements.

use super::adapter::WORKGROUP;
use super::context::Context;
use super::dispatch::{Prepared, immediates};
use super::grid::{NUMBERED, divisor, grid};
use super::pool::Purpose;
use super::shader::{Rows, Sum};
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
            // Whole rows apart from what is left of one: subgroups that load together take nothing else.
            let piece = match (broadcast, place % columns) {
                (Broadcast::Row | Broadcast::Column, 0) if piece > columns => {
                    piece / columns * columns
                }
                (Broadcast::Row | Broadcast::Column, begun) => piece.min(columns - begun),
                _ => piece,
            };
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
            let axes = Axes { outer, n, inner };
            if let Some(shared) = self.shared_sum(axes, missing, elements, values.1) {
                let (sums, partial) = self.prepare_shared_sum(axes, shared, &values, prepared)?;
                values = (sums.buffers()[0].clone(), 0);
                between.push(sums);
                (n, missing, elements) = (partial, 0, outer * partial * inner);
                continue;
            }
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
                    axes,
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

    /// What subgroups that load together can add up first, where the device has them and it pays.
    fn shared_sum(&self, axes: Axes, missing: u64, elements: u64, byte: u64) -> Option<SharedSum> {
        let from = self.info.shared_loads? as u64;
        let Axes { outer, n, inner } = axes;
        let whole = missing == 0 && elements == outer * n * inner;
        if !whole || elements < from || !byte.is_multiple_of(self.alignment()) {
            return None;
        }
        let shared = if inner == 1 {
            SharedSum::along(outer, n)
        } else {
            SharedSum::across(n, inner)
        };
        // What is left over is behind it, in the last of the outer; and its sums go to memory of their own.
        let fits = (outer == 1 || shared.n == n) && shared.partial > 0;
        let more = shared.partial + (n - shared.n).div_ceil(RUN) > 1;
        (fits && more && shared.subgroups <= NUMBERED).then_some(shared)
    }

    /// Appends the kernel of subgroups that load together, and one for what they leave over. Gives the sums, and how many are left along the axis.
    fn prepare_shared_sum(
        self: &Arc<Self>,
        axes: Axes,
        shared: SharedSum,
        values: &(wgpu::Buffer, u64),
        prepared: &mut Prepared,
    ) -> Result<(Tensor, u64)> {
        let Axes { outer, n, inner } = axes;
        let left = n - shared.n;
        let (partial, partial_left) = (shared.partial, left.div_ceil(RUN));
        let count = outer * (partial + partial_left) * inner;
        let sums = Tensor::new(self, count as usize, Purpose::Scratch)?;
        let buffer = sums.buffers()[0].clone();

        let compiled = self.compiled_sum(shared.sum)?;
        let bindings = vec![
            (values.0.clone(), values.1, outer * shared.n * inner * 4),
            (buffer.clone(), 0, outer * partial * inner * 4),
        ];
        let bind_group = self.bind_group(&compiled, vec![0; 4], bindings)?;
        let groups = grid(
            shared.subgroups.div_ceil(Sum::SUBGROUPS.into()),
            self.info.max_groups,
        );
        let (magic, shift) = divisor(shared.blocks as u32);
        let immediates = immediates(&[
            shared.blocks as u32,
            magic,
            shift,
            0,
            shared.subgroups as u32 - 1,
        ]);
        prepared.push_with(&compiled, bind_group, groups, Some(immediates));

        if left > 0 {
            self.prepare_run(
                Run {
                    axes: Axes {
                        outer: 1,
                        n: left,
                        inner,
                    },
                    partial: partial_left,
                    count: partial_left * inner,
                    missing: 0,
                    elements: left * inner,
                    continued: 0,
                },
                &(values.0.clone(), values.1 + shared.n * inner * 4),
                &(buffer, partial * inner * 4),
                prepared,
            )?;
        }
        Ok((sums, partial + partial_left))
    }

    fn prepare_run(
        &self,
        run: Run,
        values: &(wgpu::Buffer, u64),
        sums: &(wgpu::Buffer, u64),
        prepared: &mut Prepared,
    ) -> Result<()> {
        let alignment = self.alignment();
        let beside = values.0 == sums.0;
        let compiled = self.compiled_sum(Sum::Anywhere { beside })?;
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

/// What subgroups that load together add up.
#[derive(Clone, Copy)]
struct SharedSum {
    sum: Sum,
    /// How many of the axis they add up, and to how many.
    n: u64,
    partial: u64,
    subgroups: u64,
    /// Of a row, which may be several of the inner ones.
    blocks: u64,
}

impl SharedSum {
    /// The inner elements are one: each subgroup takes what lies together.
    fn along(outer: u64, n: u64) -> Self {
        let partial = n / u64::from(Sum::ALONG);
        Self {
            sum: Sum::Along,
            n: partial * u64::from(Sum::ALONG),
            partial,
            subgroups: outer * partial,
            blocks: 1,
        }
    }

    /// The outer elements are one: each subgroup takes a block of columns. So many rows are taken for one that it is whole blocks.
    fn across(n: u64, inner: u64) -> Self {
        let block = u64::from(Rows::SHARED);
        let rows = block >> inner.trailing_zeros().min(block.trailing_zeros());
        let blocks = rows * inner / block;
        let several = rows * u64::from(Sum::ACROSS);
        let partial = n / several;
        Self {
            sum: Sum::Across,
            n: partial * several,
            partial: partial * rows,
            subgroups: partial * blocks,
            blocks,
        }
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
