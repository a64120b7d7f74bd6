//! Gated and grouped functions: kernels over places in rows, put on tensors in pieces that bindings hold.

mod glu;
#[cfg(not(target_arch = "wasm32"))]
mod host;
mod kernel;

use super::adapter::WORKGROUP;
use super::context::{Context, lock};
use super::dispatch::Prepared;
use super::grid::{divisor, grid};
use super::pipeline::Compiled;
use super::shader::Source;
use super::span::Span;
use crate::rows::places::Access;
use crate::{Activation, Error, Result};
pub(super) use kernel::RowKernel;
use kernel::{Op, Width};

/// Words of the parameter block that are the function's own.
const WORDS: usize = 12;

/// Columns at most: places in a row and in a piece add up below 2^31.
const MAX_COLUMNS: usize = 1 << 30;

/// An operand in memory.
#[derive(Clone, Copy)]
struct Operand<'a> {
    name: &'static str,
    span: Span<'a>,
    access: Access,
}

impl<'a> Operand<'a> {
    fn new(name: &'static str, span: impl Into<Span<'a>>, access: Access) -> Self {
        Self {
            name,
            span: span.into(),
            access,
        }
    }
}

/// A kernel with its operands.
struct Job<'a> {
    op: &'static Op,
    gate: Option<&'a Activation>,
    rows: usize,
    columns: usize,
    reads: Vec<Operand<'a>>,
    writes: Vec<Operand<'a>>,
    words: [u32; WORDS],
}

/// Places that one dispatch computes.
struct Piece {
    row: u64,
    /// The first column, 0 where the piece has whole rows.
    column: u64,
    /// Length of a row of the piece.
    columns: u64,
    count: u64,
    /// Whether it is whole rows, all of whose operands bindings hold.
    whole: bool,
}

/// A binding: a buffer, where the binding begins, its bytes, and the operand's place in it.
struct Bound {
    binding: (wgpu::Buffer, u64, u64),
    start: u64,
}

impl<'a> Job<'a> {
    fn operands(&self) -> impl Iterator<Item = &Operand<'a>> {
        self.reads.iter().chain(&self.writes)
    }

    /// Refuses operands that lie over a result in another way than element by element; tells whether some share a buffer.
    fn check_places(&self) -> Result<bool> {
        let mut beside = false;
        let overlap = |operand: &Operand<'_>, result: &Operand<'_>| {
            Err(Error::Overlap {
                input: operand.name.to_owned(),
                range: operand.span.range(),
                result: result.span.range(),
            })
        };
        for (i, write) in self.writes.iter().enumerate() {
            for read in &self.reads {
                let same = read.span.is(&write.span)
                    && (read.access == write.access
                        || read.access.is_apart(write.access, self.columns));
                if read.span.overlaps(&write.span) && !same {
                    return overlap(read, write);
                }
                beside |= read.span.shares_buffer(&write.span);
            }
            for other in &self.writes[..i] {
                let apart =
                    other.span.is(&write.span) && other.access.is_apart(write.access, self.columns);
                if other.span.overlaps(&write.span) && !apart {
                    return overlap(other, write);
                }
            }
        }
        if self.columns > MAX_COLUMNS {
            return Err(Error::InvalidParameters {
                function: self.op.name,
                reason: format!(
                    "a row has {} columns, at most {MAX_COLUMNS} are possible",
                    self.columns
                ),
            });
        }
        Ok(beside)
    }

    /// The places from this one on that bindings can hold: whole rows where one at least fits, else a part of one.
    fn piece(&self, context: &Context, row: u64, column: u64) -> Piece {
        let (binding, alignment) = (context.info.max_chunk_bytes, context.alignment());
        let (rows, columns) = (self.rows as u64, self.columns as u64);
        let at = |operand: &Operand<'_>, element| operand.span.at(element, binding, alignment).2;
        if column == 0 {
            let whole = self.operands().map(|operand| {
                let stride = operand.access.stride as u64;
                at(operand, row * stride) / stride
            });
            let most = (1 << 31) / columns;
            let whole = whole.min().unwrap_or(0).min(rows - row).min(most);
            if whole > 0 {
                return Piece {
                    row,
                    column,
                    columns,
                    count: whole * columns,
                    whole: true,
                };
            }
        }
        let fitting = self.operands().map(|operand| {
            let Access {
                stride,
                offset,
                step,
            } = operand.access;
            let element = row * stride as u64 + offset as u64 + column * step as u64;
            at(operand, element).div_ceil(step as u64)
        });
        let count = fitting.min().unwrap_or(1).min(columns - column).max(1);
        Piece {
            row,
            column,
            columns: count,
            count,
            whole: false,
        }
    }

    /// The binding of an operand for a piece.
    fn bind(&self, context: &Context, operand: &Operand<'_>, piece: &Piece, padded: bool) -> Bound {
        let (binding, alignment) = (context.info.max_chunk_bytes, context.alignment());
        let Access {
            stride,
            offset,
            step,
        } = operand.access;
        let (stride, offset, step) = (stride as u64, offset as u64, step as u64);
        let (first, elements, start) = if piece.whole {
            let rows = piece.count / piece.columns;
            (piece.row * stride, rows * stride, offset)
        } else {
            let first = piece.row * stride + offset + piece.column * step;
            (first, (piece.count - 1) * step + 1, 0)
        };
        let (buffer, byte, _) = operand.span.at(first, binding, alignment);
        let before = byte % alignment;
        let bytes = if padded {
            (elements * 4).next_multiple_of(16)
        } else {
            elements * 4
        };
        Bound {
            binding: (buffer.clone(), byte - before, bytes + before),
            start: before / 4 + start,
        }
    }

    /// Whether four places side by side are a vector of every operand.
    fn is_in_vectors(&self, bounds: &[Bound], piece: &Piece) -> bool {
        let whole = piece.whole;
        let last = piece.row * self.columns as u64 + piece.count;
        let ends = whole && last == self.rows as u64 * self.columns as u64;
        self.operands().zip(bounds).all(|(operand, bound)| {
            let access = operand.access;
            let flat = whole && access == Access::flat(self.columns);
            let rows = piece.columns % 4 == 0 && (access.stride % 4 == 0 || !whole);
            let fits = piece.count % 4 == 0 || (ends && operand.span.padded);
            access.step == 1 && bound.start % 4 == 0 && (flat || rows) && fits
        })
    }

    fn dispatch(
        &self,
        context: &Context,
        beside: bool,
        piece: &Piece,
        prepared: &mut Prepared,
    ) -> Result<()> {
        let bound = |padded| -> Vec<Bound> {
            self.operands()
                .map(|operand| self.bind(context, operand, piece, padded && operand.span.padded))
                .collect()
        };
        let gate = self.gate.map(Source::new);
        let mut bounds = bound(false);
        let width = if gate.is_some_and(|source| source.scalar) {
            Width::One
        } else if self.is_in_vectors(&bounds, piece) {
            bounds = bound(true);
            Width::Vector
        } else {
            Width::Four
        };
        let kernel = RowKernel {
            op: self.op.name,
            gate,
            width,
            beside,
        };
        let compiled = context.compiled_rows(kernel, self.op, self.gate)?;
        let (magic, shift) = divisor(piece.columns as u32);
        let mut params = vec![0, piece.count as u32, piece.columns as u32, magic, shift];
        params.resize(8, 0);
        params.extend(self.words);
        for (operand, bound) in self.operands().zip(&bounds) {
            let Access { stride, step, .. } = operand.access;
            params.extend([bound.start as u32, stride as u32, step as u32, 0]);
        }
        let constants = self.gate.map_or([0.0; 28], Activation::constants);
        params.extend(constants.map(f32::to_bits));
        let bindings = bounds.into_iter().map(|bound| bound.binding).collect();
        let bind_group = context.bind_group(&compiled, params, bindings)?;
        let groups = piece
            .count
            .div_ceil(width.places())
            .div_ceil(WORKGROUP.into());
        prepared.push(&compiled, bind_group, grid(groups, context.info.max_groups));
        Ok(())
    }
}

impl Context {
    /// Appends the kernels of a job.
    fn prepare_rows(&self, job: &Job<'_>, prepared: &mut Prepared) -> Result<()> {
        let beside = job.check_places()?;
        let (mut row, mut column) = (0, 0);
        while job.columns > 0 && row < job.rows as u64 {
            let piece = job.piece(self, row, column);
            job.dispatch(self, beside, &piece, prepared)?;
            if piece.whole {
                row += piece.count / piece.columns;
                continue;
            }
            column += piece.count;
            if column == job.columns as u64 {
                (row, column) = (row + 1, 0);
            }
        }
        Ok(())
    }

    fn compiled_rows(
        &self,
        kernel: RowKernel,
        op: &Op,
        gate: Option<&Activation>,
    ) -> Result<Compiled> {
        if let Some(compiled) = lock(&self.pipelines.rows).get(&kernel) {
            return Ok(compiled.clone());
        }
        let compiled = self.compile(op.name, kernel.source(op, gate), kernel.written(op))?;
        Ok(lock(&self.pipelines.rows)
            .entry(kernel)
            .or_insert(compiled)
            .clone())
    }
}
