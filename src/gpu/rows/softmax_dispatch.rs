//! How softmax and its relatives are dispatched.
//!
//! Rows that lie whole in one binding are computed by one kernel. A row that does not, and one so long that it would keep a single group
//! busy while the rest of the device has nothing to do, goes in three steps: what counts of its parts, what counts of all, the results.

use super::softmax_kernel::{Access, Stage, Variant};
use crate::gpu::bindings::Bindings;
use crate::gpu::context::Context;
use crate::gpu::dispatch::Prepared;
use crate::gpu::grid::grid;
use crate::gpu::pool::Purpose;
use crate::gpu::span::Span;
use crate::gpu::tensor::Tensor;
use crate::rows::Softmax;
use crate::{Error, Result};
use std::sync::Arc;

/// Invocations of a group, and of one that has a row for itself.
const GROUP: u32 = 256;

/// Elements of a part of a row.
const PART: u64 = 16 * 1024;

/// Elements that a group of `softmax_apply` computes.
const APPLIED: u64 = 4096;

/// A row of this many elements times the number of rows is worth three kernels.
const SPLIT_FROM: u64 = 64 * 1024;

/// Most elements of a row: places in it are u32 with some room.
const MAX_COLUMNS: usize = 1 << 30;

/// Where a function is computed.
pub(super) struct Call<'a> {
    f: &'a Softmax,
    columns: u64,
    x: Span<'a>,
    grad: Option<Span<'a>>,
    out: Span<'a>,
    x_access: Access,
    grad_access: Option<Access>,
}

/// Consecutive elements, each operand's in one binding.
#[derive(Clone, Copy)]
struct Piece {
    /// Elements before them.
    place: u64,
    len: u64,
}

impl<'a> Call<'a> {
    pub(super) fn new(
        f: &'a Softmax,
        columns: usize,
        x: Span<'a>,
        grad: Option<Span<'a>>,
        out: Span<'a>,
    ) -> Result<Self> {
        if columns > MAX_COLUMNS {
            return Err(Error::InvalidParameters {
                function: f.kind().id(),
                reason: format!("a row has {columns} elements, at most {MAX_COLUMNS} are possible"),
            });
        }
        let access = |name: &str, span: &Span<'_>| {
            if span.is(&out) {
                Ok(Access::Output)
            } else if span.overlaps(&out) {
                Err(Error::Overlap {
                    input: name.to_owned(),
                    range: span.range(),
                    result: out.range(),
                })
            } else if span.shares_buffer(&out) {
                Ok(Access::Beside)
            } else {
                Ok(Access::Read)
            }
        };
        let name = if grad.is_some() { "y" } else { "x" };
        Ok(Self {
            f,
            columns: columns as u64,
            x_access: access(name, &x)?,
            grad_access: grad.map(|grad| access("grad", &grad)).transpose()?,
            x,
            grad,
            out,
        })
    }

    fn spans(&self) -> impl Iterator<Item = &Span<'a>> {
        std::iter::once(&self.x)
            .chain(&self.grad)
            .chain([&self.out])
    }

    fn variant(&self, stage: Stage, lanes: u32, vectors: bool) -> Variant {
        let place = |access| match stage {
            Stage::Rows | Stage::Apply => access,
            // Nothing is written beside them.
            Stage::Parts | Stage::Merge => Access::Read,
        };
        Variant {
            stage,
            log: self.f.constants().log,
            vectors,
            lanes,
            x: place(self.x_access),
            grad: self.grad_access.map(place),
        }
    }
}

/// What the parameter block says beside the function and the places.
#[derive(Default)]
struct Sizes {
    columns: u64,
    rows: u64,
    first_state: u64,
    states: u64,
}

impl Context {
    /// Appends the kernels of a call. Gives the tensors between them, which have to live until they are recorded.
    pub(super) fn prepare_softmax(
        self: &Arc<Self>,
        call: &Call<'_>,
        prepared: &mut Prepared,
    ) -> Result<Vec<Tensor>> {
        let len = call.x.len() as u64;
        let rows = len / call.columns;
        let split = call.columns >= SPLIT_FROM.saturating_mul(rows);
        let mut between = Vec::new();
        let mut place = 0;
        while place < len {
            let rows = self.softmax_available(call, place) / call.columns;
            if split || rows == 0 {
                between.push(self.prepare_softmax_row(call, place, prepared)?);
                place += call.columns;
            } else {
                place += self.prepare_softmax_rows(call, place, rows, prepared)?;
            }
        }
        Ok(between)
    }

    /// Elements from this place on that lie in one binding of each operand.
    fn softmax_available(&self, call: &Call<'_>, place: u64) -> u64 {
        let at = |span: &Span<'_>| {
            span.at(place, self.info.max_chunk_bytes, self.alignment())
                .2
        };
        call.spans().map(at).min().unwrap_or(0)
    }

    /// Groups that one dispatch can have.
    fn most_groups(&self) -> u64 {
        u64::from(self.info.max_groups).saturating_mul(self.info.max_groups.into())
    }

    /// Appends the kernel of up to `rows` whole rows; gives the number of their elements.
    fn prepare_softmax_rows(
        &self,
        call: &Call<'_>,
        place: u64,
        rows: u64,
        prepared: &mut Prepared,
    ) -> Result<u64> {
        let lanes = lanes(rows, call.columns, self.info.software);
        let in_group = u64::from(GROUP / lanes);
        let rows = rows.min(self.most_groups().saturating_mul(in_group));
        let piece = Piece {
            place,
            len: rows * call.columns,
        };
        let sizes = Sizes {
            columns: call.columns,
            rows,
            ..Sizes::default()
        };
        let groups = rows.div_ceil(in_group);
        self.push_softmax(
            call,
            Stage::Rows,
            lanes,
            piece,
            sizes,
            None,
            groups,
            prepared,
        )?;
        Ok(piece.len)
    }

    /// Appends the kernels of one row. Gives the tensor of its states.
    fn prepare_softmax_row(
        self: &Arc<Self>,
        call: &Call<'_>,
        row: u64,
        prepared: &mut Prepared,
    ) -> Result<Tensor> {
        let end = row + call.columns;
        let next = |place: u64| {
            let len = self.softmax_available(call, place).min(end - place);
            (place < end).then_some(Piece { place, len })
        };
        let pieces = std::iter::successors(next(row), |piece| {
            let place = piece.place + piece.len;
            (place < end).then(|| next(place)).flatten()
        });
        let parts = |piece: &Piece| piece.len.div_ceil(PART);
        let states: u64 = pieces.clone().map(|piece| parts(&piece)).sum();
        let tensor = Tensor::new(self, (states as usize + 1) * 4, Purpose::Scratch)?;
        let [buffer] = tensor.buffers() else {
            return Err(Error::InvalidParameters {
                function: call.f.kind().id(),
                reason: format!(
                    "a row of {} elements takes {} bytes of scratch memory, a binding holds {}",
                    call.columns,
                    (states + 1) * 16,
                    self.info.max_chunk_bytes
                ),
            });
        };
        let mut first_state = 0;
        for piece in pieces.clone() {
            let sizes = Sizes {
                columns: piece.len,
                rows: parts(&piece),
                first_state,
                states,
            };
            first_state += sizes.rows;
            let groups = sizes.rows;
            let stage = Stage::Parts;
            self.push_softmax(
                call,
                stage,
                GROUP,
                piece,
                sizes,
                Some(buffer),
                groups,
                prepared,
            )?;
        }
        let whole = Piece { place: row, len: 0 };
        let sizes = Sizes {
            states,
            ..Sizes::default()
        };
        self.push_softmax(
            call,
            Stage::Merge,
            GROUP,
            whole,
            sizes,
            Some(buffer),
            1,
            prepared,
        )?;
        for piece in pieces {
            let sizes = Sizes {
                columns: piece.len,
                states,
                ..Sizes::default()
            };
            let groups = piece.len.div_ceil(APPLIED);
            self.push_softmax(
                call,
                Stage::Apply,
                1,
                piece,
                sizes,
                Some(buffer),
                groups,
                prepared,
            )?;
        }
        Ok(tensor)
    }

    #[allow(clippy::too_many_arguments, reason = "each is one thing")]
    fn push_softmax(
        &self,
        call: &Call<'_>,
        stage: Stage,
        lanes: u32,
        piece: Piece,
        sizes: Sizes,
        states: Option<&wgpu::Buffer>,
        groups: u64,
        prepared: &mut Prepared,
    ) -> Result<()> {
        let alignment = self.alignment();
        // The bytes of a binding before its first element.
        let at = |span: &Span<'_>| {
            let (buffer, byte, _) = span.at(piece.place, self.info.max_chunk_bytes, alignment);
            let before = byte % alignment;
            let binding = (buffer.clone(), byte - before, piece.len * 4 + before);
            (binding, (before / 4) as u32)
        };
        let vectors = stage == Stage::Merge
            || (sizes.columns.is_multiple_of(4) && call.spans().all(|span| at(span).1 % 4 == 0));
        let variant = call.variant(stage, lanes, vectors);
        let compiled = self.compiled_rows(variant.into())?;
        let (mut bindings, mut starts) = (Bindings::new(), [0; 3]);
        if stage != Stage::Merge {
            let operands = [
                (Some(call.x), Some(variant.x)),
                (call.grad, variant.grad),
                (Some(call.out), None),
            ];
            for (start, (span, access)) in starts.iter_mut().zip(operands) {
                let Some(span) = span else { continue };
                let (binding, first) = at(&span);
                *start = first;
                let output = access.is_none();
                if (output && stage != Stage::Parts) || (!output && access != Some(Access::Output))
                {
                    bindings.push(binding);
                }
            }
        }
        if let Some(buffer) = states {
            bindings.push((buffer.clone(), 0, (sizes.states + 1) * 16));
        }
        let constants = call.f.constants();
        let params = vec![
            0,
            sizes.columns as u32,
            sizes.rows as u32,
            u32::from(constants.one) | u32::from(constants.zeros) << 1,
            u32::from(constants.negative) << 31,
            starts[0],
            starts[1],
            starts[2],
            constants.inverse_hi.to_bits(),
            constants.inverse_lo.to_bits(),
            constants.inverse.to_bits(),
            PART as u32,
            sizes.first_state as u32,
            sizes.states as u32,
            constants.inverse.max(1.0).to_bits(),
            constants.inverse.min(1.0).to_bits(),
        ];
        let bind_group = self.bind_group(&compiled, params, bindings)?;
        prepared.push(&compiled, bind_group, grid(groups, self.info.max_groups));
        Ok(())
    }
}

/// Invocations that share a row: on hardware about as many as give each eight vectors, so that neighbours read neighbours; a software
/// adapter is fastest where each has a row for itself, as long as there are enough of them for its threads.
fn lanes(rows: u64, columns: u64, software: bool) -> u32 {
    let vectors = columns.div_ceil(4);
    let wanted = if software {
        1024_u64.div_ceil(rows).min(vectors.div_ceil(16))
    } else {
        vectors.div_ceil(8)
    };
    // Powers of four only: each is a kernel of its own.
    let power = u64::from(wanted.max(1).next_power_of_two().trailing_zeros()).div_ceil(2);
    (1_u64 << (2 * power)).min(GROUP.into()) as u32
}

#[cfg(test)]
mod tests {
    use super::lanes;

    #[test]
    fn rows_are_shared_by_as_many_invocations_as_they_have_work_for() {
        assert_eq!(lanes(4096, 1024, false), 64);
        assert_eq!(lanes(4096, 1024, true), 1);
        assert_eq!(lanes(1 << 20, 3, false), 1);
        assert_eq!(
            (lanes(1, 1 << 24, true), lanes(1, 1 << 24, false)),
            (256, 256)
        );
        for rows in [1, 3, 100, 5000] {
            for columns in [1, 5, 64, 100, 1000, 5000, 1 << 20] {
                for software in [false, true] {
                    let lanes = lanes(rows, columns, software);
                    assert!([1, 4, 16, 64, 256].contains(&lanes), "{lanes}");
                }
            }
        }
    }
}
