//! Puts kernels on elements in memory: pieces that a binding holds, bind groups, parameters, the shape of the dispatch, the submission.

use super::adapter::{DIGITS, Immediates, MemoryOrder, WORKGROUP};
use super::bindings::{Bindings, Params};
use super::context::Context;
use super::grid::{divisor, grid, in_bands, in_shared_groups, rows_among_vectors};
use super::pipeline::Compiled;
use super::shader::{Access, Input, Memory, Output, Rows, Task, has_terms_to_merge};
use super::span::Span;
use super::tensor::{Inner, Tensor};
use super::work::Work;
use crate::{Broadcast, Error, Result};
use std::sync::{Arc, RwLockReadGuard};
use wgpu::BindGroup;

/// Elements of a row at most where an operand is spread over rows or columns: places in a row and in a piece add up below 2^31.
const MAX_COLUMNS: usize = 1 << 30;

/// Kernels with their operands, ready to be recorded as often as wanted.
#[derive(Default)]
pub(super) struct Prepared {
    dispatches: Vec<Dispatch>,
}

struct Dispatch {
    pipeline: wgpu::ComputePipeline,
    bind_group: BindGroup,
    /// Workgroups in three dimensions.
    groups: (u32, u32),
    /// Where the kernel takes any.
    immediates: Option<Immediates>,
}

impl Prepared {
    pub(super) fn record(&self, pass: &mut wgpu::ComputePass<'_>) {
        for dispatch in &self.dispatches {
            pass.set_pipeline(&dispatch.pipeline);
            pass.set_bind_group(0, &dispatch.bind_group, &[]);
            if let Some(immediates) = &dispatch.immediates {
                pass.set_immediates(0, bytemuck::cast_slice(immediates));
            }
            pass.dispatch_workgroups(dispatch.groups.0, dispatch.groups.1, 1);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.dispatches.is_empty()
    }

    pub(super) fn append(&mut self, mut later: Self) {
        self.dispatches.append(&mut later.dispatches);
    }

    pub(super) fn push(&mut self, compiled: &Compiled, bind_group: BindGroup, groups: (u32, u32)) {
        self.push_with(compiled, bind_group, groups, None);
    }

    pub(super) fn push_with(
        &mut self,
        compiled: &Compiled,
        bind_group: BindGroup,
        groups: (u32, u32),
        immediates: Option<Immediates>,
    ) {
        self.dispatches.push(Dispatch {
            pipeline: compiled.pipeline.clone(),
            bind_group,
            groups,
            immediates,
        });
    }
}

/// Elements of one call, all of one length, but for the operands that are broadcast.
pub(super) struct Elements<'a> {
    pub(super) x: Span<'a>,
    pub(super) grad: Option<Span<'a>>,
    /// In the order of the plan's outputs.
    pub(super) outputs: Vec<Span<'a>>,
    /// Length of a row.
    pub(super) columns: usize,
    /// Elements before the first one, of those that the rows are counted from.
    pub(super) before: u64,
}

/// Keeps buffers of tensors from being mapped for as long as the guards live.
pub(super) fn hold<'a>(
    tensors: impl IntoIterator<Item = &'a Tensor>,
) -> Vec<RwLockReadGuard<'a, ()>> {
    let mut inner: Vec<&Inner> = tensors.into_iter().map(|tensor| &*tensor.inner).collect();
    // Each once and in the same order in every thread: else two threads and two waiting downloads could block each other.
    inner.sort_by_key(|inner| std::ptr::from_ref(*inner));
    inner.dedup_by_key(|inner| std::ptr::from_ref(*inner));
    inner.into_iter().map(Inner::shared).collect()
}

pub(super) fn check_device(
    context: &Arc<Context>,
    name: &'static str,
    tensor: &Tensor,
) -> Result<()> {
    if Arc::ptr_eq(context, &tensor.inner.context) {
        return Ok(());
    }
    Err(Error::WrongDevice {
        name,
        other: tensor.inner.context.short_name(),
        this: context.short_name(),
    })
}

/// An input of a kernel with its place in memory.
struct Placed<'a> {
    input: Input,
    span: Span<'a>,
    access: Access,
}

impl Placed<'_> {
    /// Whether it is spread over the elements, and not one of as many.
    fn is_spread(&self) -> bool {
        !matches!(self.input.broadcast(), None | Some(Broadcast::Full))
    }

    fn has_binding(&self) -> bool {
        !matches!(self.access, Access::Output(_))
    }
}

/// A kernel over elements that are taken in pieces, each of which bindings can hold.
struct Pieces<'a> {
    work: &'a Work,
    elements: &'a Elements<'a>,
    inputs: Vec<Placed<'a>>,
    /// Whether rows matter.
    rows: bool,
    /// Whether subgroups that load together may compute rows of several bands.
    bands: bool,
    /// Bytes that a binding holds, and those that its beginning is a multiple of.
    binding: u64,
    alignment: u64,
    max_groups: u32,
    order: MemoryOrder,
    shared_loads: bool,
}

/// What the bindings of a piece are, and where elements begin in each.
type Bound = (Bindings, Vec<u32>);

impl<'a> Pieces<'a> {
    fn new(context: &Context, work: &'a Work, elements: &'a Elements<'a>) -> Result<Self> {
        let inputs = place_inputs(work, elements)?;
        let spread_over = |placed: &Placed<'_>| placed.input.broadcast();
        let has = |broadcast| {
            let mut inputs = inputs.iter();
            inputs.any(|placed| spread_over(placed) == Some(broadcast))
        };
        let rows = has(Broadcast::Row) || has(Broadcast::Column);
        // Merged terms are fewer than the elements, so they must not lie in several buffers.
        let mut merged = (0..elements.outputs.len()).filter(|k| may_be_merged(work, *k));
        let bands = has(Broadcast::Row)
            && !has(Broadcast::Column)
            && merged.all(|k| elements.outputs[k].buffers.len() == 1);
        let pieces = Self {
            work,
            elements,
            inputs,
            rows,
            bands,
            binding: context.info.max_chunk_bytes,
            alignment: context.alignment(),
            max_groups: context.info.max_groups,
            order: context.info.memory_order,
            shared_loads: !matches!(work.plan.task, Task::Sweep(_))
                && context
                    .info
                    .shared_loads
                    .is_some_and(|from| elements.x.len() >= from),
        };
        pieces.check(context.limits.max_storage_buffers_per_shader_stage as usize)?;
        Ok(pieces)
    }

    /// Refuses what the device or a kernel has no room for.
    fn check(&self, limit: usize) -> Result<()> {
        let wrong = |reason| Err(Error::InvalidChain { reason });
        let own = self.inputs.iter().filter(|placed| placed.has_binding());
        let count = own.count() + self.elements.outputs.len();
        if count > limit {
            return wrong(format!(
                "its kernel needs {count} buffers, the device allows {limit}"
            ));
        }
        let binding = self.binding;
        let mut spread = self.inputs.iter().filter(|placed| placed.is_spread());
        if let Some(placed) = spread.find(|placed| placed.span.len() as u64 * 4 > binding) {
            return wrong(format!(
                "{} holds {} elements, a binding of {binding} bytes holds {}",
                name(placed.input),
                placed.span.len(),
                binding / 4
            ));
        }
        if self.rows && self.elements.columns > MAX_COLUMNS {
            let columns = self.elements.columns;
            return wrong(format!(
                "a row has {columns} elements, at most {MAX_COLUMNS} are possible"
            ));
        }
        Ok(())
    }

    /// What has an element for each of the input's.
    fn streams(&self) -> impl Iterator<Item = &Span<'a>> {
        let full = self.inputs.iter().filter(|placed| !placed.is_spread());
        full.map(|placed| &placed.span)
            .chain(&self.elements.outputs)
    }

    /// How the elements from this place on lie in memory, and how many of them make a piece.
    fn piece(&self, place: u64) -> (Memory, u64) {
        let at = |span: &Span<'a>| span.at(place, self.binding, self.alignment);
        let len = self.streams().map(|span| at(span).2).min().unwrap_or(0);
        let last = place + len == self.elements.x.len() as u64;
        let whole = |unit: u64| {
            let fits = |span: &Span<'a>| len.is_multiple_of(unit) || (last && span.padded);
            self.streams().all(fits)
        };
        let aligned = self.streams().all(|span| at(span).1 % self.alignment == 0);
        let mut spread = self.inputs.iter().filter(|placed| placed.is_spread());
        if !aligned || !whole(4) || !spread.all(|placed| placed.span.start % self.alignment == 0) {
            return (Memory::Elements, len);
        }
        let shared = self.shared(len);
        if !self.rows {
            if self.order != MemoryOrder::Runs {
                return (Memory::Vectors(Rows::Split), len);
            }
            // What is left over makes a piece of its own.
            return if shared > 0 {
                (Memory::Vectors(Rows::Shared), shared)
            } else if whole(4 * u64::from(Rows::SEVERAL)) {
                (Memory::Vectors(Rows::Runs), len)
            } else {
                (Memory::Vectors(Rows::Split), len)
            };
        }
        let (columns, before) = (self.elements.columns as u64, self.elements.before + place);
        if self.bands && self.order == MemoryOrder::Runs && before.is_multiple_of(columns) {
            let len = in_bands(columns, len, shared);
            if len > 0 {
                return (Memory::Vectors(Rows::SharedBands), len);
            }
        }
        // What is left over makes a piece of its own.
        let (rows, len) = rows_among_vectors(columns, before, len, self.order, shared);
        (Memory::Vectors(rows), len)
    }

    /// How many of `len` elements are computed by invocations that load together.
    fn shared(&self, len: u64) -> u64 {
        if self.shared_loads {
            in_shared_groups(len, self.max_groups)
        } else {
            0
        }
    }

    /// The bindings of a piece. `merged` terms of each output that can have such have not been written, since several rows had one.
    fn bind(&self, memory: Memory, place: u64, len: u64, merged: u64) -> Bound {
        let (mut bindings, mut starts) = Bound::default();
        let mut bind = |span: &Span<'_>, at: u64, len: u64| {
            let (buffer, byte, _) = span.at(at, self.binding, self.alignment);
            let before = byte % self.alignment;
            let bytes = match memory {
                Memory::Vectors(rows) if span.padded => {
                    (len * 4).next_multiple_of(16 * u64::from(rows.vectors()))
                }
                _ => len * 4,
            };
            starts.push((before / 4) as u32);
            bindings.push((buffer.clone(), byte - before, bytes + before));
        };
        for placed in self.inputs.iter().filter(|placed| placed.has_binding()) {
            if placed.is_spread() {
                bind(&placed.span, 0, placed.span.len() as u64);
            } else {
                bind(&placed.span, place, len);
            }
        }
        for (k, output) in self.elements.outputs.iter().enumerate() {
            match memory {
                _ if !may_be_merged(self.work, k) => bind(output, place, len),
                Memory::Vectors(Rows::SharedBands) => {
                    bind(output, place - merged, len / u64::from(Rows::BANDS));
                }
                _ => bind(output, place - merged, len),
            }
        }
        (bindings, starts)
    }

    /// The parameter block: `Params` in `shaders/kernels/map.wgsl`, word by word.
    fn params(&self, memory: Memory, place: u64, mut starts: Vec<u32>) -> Params {
        let mut params = vec![0; 8];
        if matches!(self.work.plan.task, Task::Sweep(_)) {
            params[1] = self.work.swept_from.wrapping_add(place as u32);
        }
        if self.rows {
            let (columns, before) = (self.elements.columns as u64, self.elements.before + place);
            let (magic, shift) = divisor(columns as u32);
            let (base, base_row) = ((before % columns) as u32, (before / columns) as u32);
            params[2..7].copy_from_slice(&[columns as u32, magic, shift, base, base_row]);
        }
        if memory == Memory::Elements {
            starts.resize(starts.len().next_multiple_of(4), 0);
            params.extend(starts);
        }
        params.extend(
            self.work
                .constants
                .iter()
                .map(|constant| constant.to_bits()),
        );
        params
    }

    fn groups(&self, memory: Memory, len: u64) -> (u32, u32) {
        let group = match memory {
            Memory::Vectors(rows) => rows.group(),
            Memory::Elements => 4 * WORKGROUP,
        };
        grid(len.div_ceil(group.into()), self.max_groups)
    }
}

impl Context {
    /// Bytes that the beginning of a binding is a multiple of.
    pub(super) fn alignment(&self) -> u64 {
        u64::from(self.limits.min_storage_buffer_offset_alignment).max(16)
    }

    /// Looks up or makes what a kernel over these elements needs, and appends it.
    pub(super) fn prepare(
        &self,
        work: &Work,
        elements: &Elements<'_>,
        prepared: &mut Prepared,
    ) -> Result<()> {
        self.prepare_terms(work, elements, prepared).map(drop)
    }

    /// As [`prepare`](Self::prepare). Gives how many terms fewer than elements there are for the gradients of operands that have such to merge.
    pub(super) fn prepare_terms(
        &self,
        work: &Work,
        elements: &Elements<'_>,
        prepared: &mut Prepared,
    ) -> Result<u64> {
        let pieces = Pieces::new(self, work, elements)?;
        let access: Vec<Access> = pieces.inputs.iter().map(|placed| placed.access).collect();
        let (mut place, mut merged) = (0, 0);
        while place < elements.x.len() as u64 {
            let (memory, len) = pieces.piece(place);
            let compiled = self.compiled(&work.plan, memory, &access)?;
            let (bindings, starts) = pieces.bind(memory, place, len, merged);
            let params = pieces.params(memory, place, starts);
            let immediates = match memory {
                Memory::Vectors(Rows::SharedBands) => {
                    let band = len / u64::from(Rows::BANDS);
                    merged += len - band;
                    // Vectors of eight in a band, in the place of the first element's in its row, which is 0.
                    let apart = (band / 8) as u32;
                    let [columns, magic, shift] = [params[2], params[3], params[4]];
                    Some(immediates(&[columns, magic, shift, apart, params[6]]))
                }
                Memory::Vectors(rows) if rows.is_shared() => Some(immediates(&params[2..7])),
                _ => None,
            };
            let bind_group = self.bind_group(&compiled, params, bindings)?;
            let groups = pieces.groups(memory, len);
            prepared.push_with(&compiled, bind_group, groups, immediates);
            place += len;
        }
        Ok(merged)
    }

    /// Submits kernels, does not wait. None of the tensors may be mapped meanwhile. Tells the submission where there was anything to
    /// submit.
    pub(super) fn submit<'a>(
        &self,
        prepared: &Prepared,
        tensors: impl IntoIterator<Item = &'a Tensor>,
    ) -> Result<Option<wgpu::SubmissionIndex>> {
        if prepared.is_empty() {
            return Ok(None);
        }
        let _held = hold(tensors);
        self.scoped("running a kernel", || {
            let mut encoder = self.device.create_command_encoder(&Default::default());
            prepared.record(&mut encoder.begin_compute_pass(&Default::default()));
            Some(self.send(encoder))
        })
    }
}

/// Whether an output has terms for the gradient of an operand of which several rows may have one.
fn may_be_merged(work: &Work, output: usize) -> bool {
    match work.plan.outputs.get(output) {
        Some(Output::Operand(operand)) => has_terms_to_merge(work.operands[*operand].0),
        _ => false,
    }
}

/// What a kernel takes whose invocations load together: digits, and the five words that it is told of rows.
pub(super) fn immediates(of_rows: &[u32]) -> Immediates {
    let mut words = Immediates::default();
    for (word, digit) in words[..DIGITS].iter_mut().zip(0..) {
        *word = digit;
    }
    words[DIGITS..].copy_from_slice(of_rows);
    words
}

/// The inputs of a kernel in memory, with how it reaches them.
fn place_inputs<'a>(work: &'a Work, elements: &Elements<'a>) -> Result<Vec<Placed<'a>>> {
    let place = |input: &Input| {
        let span = match input {
            Input::X => elements.x,
            // No place at all: it goes for that of the result, which is `x` too.
            Input::Swept => elements.x,
            Input::Grad => elements.grad.unwrap_or(elements.x),
            Input::Operand(k, _) => Span::from(&work.operands[*k].1),
        };
        let spread = !matches!(input.broadcast(), None | Some(Broadcast::Full));
        let same = elements.outputs.iter().position(|output| span.is(output));
        let access = match same {
            Some(output) if !spread => Access::Output(output),
            _ => {
                if let Some(output) = elements.outputs.iter().find(|output| span.overlaps(output)) {
                    return Err(Error::Overlap {
                        input: name(*input),
                        range: span.range(),
                        result: output.range(),
                    });
                }
                if elements
                    .outputs
                    .iter()
                    .any(|output| span.shares_buffer(output))
                {
                    Access::ReadBesideOutput
                } else {
                    Access::Read
                }
            }
        };
        Ok(Placed {
            input: *input,
            span,
            access,
        })
    };
    for (i, output) in elements.outputs.iter().enumerate() {
        if let Some(other) = elements.outputs[..i]
            .iter()
            .find(|other| output.overlaps(other))
        {
            return Err(Error::Overlap {
                input: "a result".to_owned(),
                range: output.range(),
                result: other.range(),
            });
        }
    }
    work.plan.inputs.iter().map(place).collect()
}

fn name(input: Input) -> String {
    match input {
        Input::X | Input::Swept => "x".to_owned(),
        Input::Grad => "grad".to_owned(),
        Input::Operand(k, _) => format!("operand {k}"),
    }
}
