//! [`Job`]: a kernel with its operands, put on them in parts that bindings hold.

use super::kernel::{Op, PlacesKernel, Width};
use crate::gpu::adapter::WORKGROUP;
use crate::gpu::context::{Context, lock};
use crate::gpu::dispatch::Prepared;
use crate::gpu::grid::{divisor, grid};
use crate::gpu::pipeline::Compiled;
use crate::gpu::shader::Source;
use crate::gpu::span::Span;
use crate::rows::places::Access;
use crate::{Activation, Error, Result};

/// Words of the parameter block that are the function's own.
pub(super) const WORDS: usize = 12;

/// Columns at most: places in a row and in a piece add up below 2^31.
const MAX_COLUMNS: usize = 1 << 30;

/// An operand in memory.
#[derive(Clone, Copy)]
pub(super) struct Operand<'a> {
    name: &'static str,
    span: Span<'a>,
    access: Access,
    /// Elements from a piece to the next, where it has several elements for a place.
    piece: usize,
}

impl<'a> Operand<'a> {
    pub(super) fn new(name: &'static str, span: impl Into<Span<'a>>, access: Access) -> Self {
        Self {
            name,
            span: span.into(),
            access,
            piece: 0,
        }
    }

    /// With several elements for a place, so far apart.
    pub(super) fn pieces(self, piece: usize) -> Self {
        Self { piece, ..self }
    }

    /// That of this piece.
    fn of_piece(&self, number: u64) -> Self {
        let mut one = *self;
        one.access.offset += number as usize * self.piece;
        one
    }
}

/// A kernel with its operands.
pub(super) struct Job<'a> {
    pub(super) op: &'static Op,
    pub(super) gate: Option<&'a Activation>,
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) reads: Vec<Operand<'a>>,
    pub(super) writes: Vec<Operand<'a>>,
    pub(super) words: [u32; WORDS],
    pub(super) extent: Extent<'a>,
}

/// What a job has beside elements at its places.
#[derive(Clone, Copy)]
pub(super) enum Extent<'a> {
    Plain,
    /// Several elements for a place of some operands: the first two words are the first piece and their number.
    Pieces(usize),
    /// A table with an element for each channel, read in rows' turns: the fourth word is the channel of the first row.
    Table(Span<'a>),
    /// Elements are told apart by their number: the third and the fourth word are that of the first one.
    Numbered,
}

/// Places that one dispatch computes.
struct Part {
    row: u64,
    /// The first column, 0 where the piece has whole rows.
    column: u64,
    /// Length of a row of the piece.
    columns: u64,
    count: u64,
    /// Whether it is whole rows, all of whose operands bindings hold.
    whole: bool,
    /// The first piece, and how many.
    pieces: (u64, u64),
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
        if let Extent::Table(table) = self.extent {
            for write in &self.writes {
                if table.overlaps(&write.span) {
                    return overlap(&Operand::new("the slopes", table, Access::flat(1)), write);
                }
                beside |= table.shares_buffer(&write.span);
            }
        }
        for (i, write) in self.writes.iter().enumerate() {
            for read in &self.reads {
                let one_each = read.piece == 0 && write.piece == 0;
                let same = read.span.is(&write.span)
                    && one_each
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

    /// How many elements from this one on a binding holds.
    fn room(&self, context: &Context, operand: &Operand<'_>, element: u64) -> u64 {
        let (binding, alignment) = (context.info.max_chunk_bytes, context.alignment());
        operand.span.at(element, binding, alignment).2
    }

    /// Whole rows from this one on, where bindings hold one at least.
    fn rows(&self, context: &Context, row: u64) -> Option<Part> {
        let columns = self.columns as u64;
        let whole = self.operands().map(|operand| {
            let stride = operand.access.stride as u64;
            self.room(context, operand, row * stride) / stride
        });
        let most = (1 << 31) / columns;
        let whole = whole.min()?.min(self.rows as u64 - row).min(most);
        (whole > 0).then_some(Part {
            row,
            column: 0,
            columns,
            count: whole * columns,
            whole: true,
            pieces: (0, self.pieces()),
        })
    }

    /// Places of one row from this column on that bindings hold, of one piece.
    fn columns(&self, context: &Context, row: u64, column: u64, piece: u64) -> Part {
        let fitting = self.operands().map(|operand| {
            let operand = operand.of_piece(piece);
            let Access {
                stride,
                offset,
                step,
            } = operand.access;
            let element = row * stride as u64 + offset as u64 + column * step as u64;
            self.room(context, &operand, element).div_ceil(step as u64)
        });
        let left = self.columns as u64 - column;
        let count = fitting.min().unwrap_or(1).min(left).max(1);
        Part {
            row,
            column,
            columns: count,
            count,
            whole: false,
            pieces: (piece, 1),
        }
    }

    fn pieces(&self) -> u64 {
        match self.extent {
            Extent::Pieces(count) => count as u64,
            _ => 1,
        }
    }

    /// The binding of an operand for a part.
    fn bind(&self, context: &Context, operand: &Operand<'_>, part: &Part, padded: bool) -> Bound {
        let (binding, alignment) = (context.info.max_chunk_bytes, context.alignment());
        let Access {
            stride,
            offset,
            step,
        } = operand.of_piece(part.pieces.0).access;
        let (stride, offset, step) = (stride as u64, offset as u64, step as u64);
        let (first, elements, start) = if part.whole {
            let rows = part.count / part.columns;
            (part.row * stride, rows * stride, offset)
        } else {
            let first = part.row * stride + offset + part.column * step;
            (first, (part.count - 1) * step + 1, 0)
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
    fn is_in_vectors(&self, bounds: &[Bound], part: &Part) -> bool {
        let whole = part.whole;
        let last = part.row * self.columns as u64 + part.count;
        let ends = whole && last == self.rows as u64 * self.columns as u64;
        self.operands().zip(bounds).all(|(operand, bound)| {
            let access = operand.access;
            let flat = whole && access == Access::flat(self.columns);
            let rows =
                part.columns.is_multiple_of(4) && (access.stride.is_multiple_of(4) || !whole);
            let fits = part.count.is_multiple_of(4) || (ends && operand.span.padded);
            let steps = access.step == 1 && operand.piece.is_multiple_of(4);
            steps && bound.start.is_multiple_of(4) && (flat || rows) && fits
        })
    }

    /// The function's numbers for a part.
    fn words_of(&self, part: &Part) -> [u32; WORDS] {
        let mut words = self.words;
        match self.extent {
            Extent::Plain => {}
            Extent::Pieces(_) => {
                words[..2].copy_from_slice(&[part.pieces.0 as u32, part.pieces.1 as u32]);
            }
            Extent::Table(table) => words[3] = (part.row % table.len() as u64) as u32,
            Extent::Numbered => {
                words[2..4].copy_from_slice(&[part.row as u32, (part.row >> 32) as u32]);
            }
        }
        words
    }

    fn dispatch(
        &self,
        context: &Context,
        beside: bool,
        part: &Part,
        prepared: &mut Prepared,
    ) -> Result<()> {
        let bound = |padded| -> Vec<Bound> {
            self.operands()
                .map(|operand| self.bind(context, operand, part, padded && operand.span.padded))
                .collect()
        };
        let gate = self.gate.map(Source::new);
        let mut bounds = bound(false);
        let width = if gate.is_some_and(|source| source.scalar) {
            Width::One
        } else if self.is_in_vectors(&bounds, part) {
            bounds = bound(true);
            Width::Vector
        } else {
            Width::Four
        };
        let kernel = PlacesKernel {
            op: self.op.name,
            gate,
            width,
            beside,
        };
        let compiled = context.compiled_places(kernel, self.op, self.gate)?;
        let (magic, shift) = divisor(part.columns as u32);
        let mut params = vec![0, part.count as u32, part.columns as u32, magic, shift];
        params.resize(8, 0);
        params.extend(self.words_of(part));
        for (operand, bound) in self.operands().zip(&bounds) {
            let Access { stride, step, .. } = operand.access;
            let places = [
                bound.start,
                stride as u64,
                step as u64,
                operand.piece as u64,
            ];
            params.extend(places.map(|place| place as u32));
        }
        let mut bindings: Vec<_> = bounds.into_iter().map(|bound| bound.binding).collect();
        if let Extent::Table(table) = self.extent {
            let (buffer, byte, _) = table.at(0, u64::MAX, context.alignment());
            let before = byte % context.alignment();
            bindings.push((
                buffer.clone(),
                byte - before,
                table.len() as u64 * 4 + before,
            ));
            params.extend([(before / 4) as u32, 0, 0, 0]);
        }
        let constants = self.gate.map_or([0.0; 28], Activation::constants);
        params.extend(constants.map(f32::to_bits));
        let bind_group = context.bind_group(&compiled, params, bindings)?;
        let groups = part
            .count
            .div_ceil(width.places())
            .div_ceil(WORKGROUP.into());
        prepared.push(&compiled, bind_group, grid(groups, context.info.max_groups));
        Ok(())
    }
}

impl Context {
    /// Appends the kernels of a job.
    pub(super) fn prepare_rows(&self, job: &Job<'_>, prepared: &mut Prepared) -> Result<()> {
        let beside = job.check_places()?;
        if job.columns == 0 {
            return Ok(());
        }
        let mut row = 0;
        while row < job.rows as u64 {
            if let Some(part) = job.rows(self, row) {
                job.dispatch(self, beside, &part, prepared)?;
                row += part.count / part.columns;
                continue;
            }
            for piece in 0..job.pieces() {
                let mut column = 0;
                while column < job.columns as u64 {
                    let part = job.columns(self, row, column, piece);
                    job.dispatch(self, beside, &part, prepared)?;
                    column += part.count;
                }
            }
            row += 1;
        }
        Ok(())
    }

    fn compiled_places(
        &self,
        kernel: PlacesKernel,
        op: &Op,
        gate: Option<&Activation>,
    ) -> Result<Compiled> {
        if let Some(compiled) = lock(&self.pipelines.places).get(&kernel) {
            return Ok(compiled.clone());
        }
        let compiled = self.compile(op.name, kernel.source(op, gate), kernel.written(op))?;
        Ok(lock(&self.pipelines.places)
            .entry(kernel)
            .or_insert(compiled)
            .clone())
    }
}
