//! Puts kernels on elements in memory: pieces that a binding holds, bind groups, parameters, the shape of the dispatch, the submission.

use super::adapter::WORKGROUP;
use super::context::{Context, lock};
use super::pipeline::{Compiled, Plan};
use super::shader::{Access, Input, Memory, Rows, Task, constant_words, shape};
use super::span::Span;
use super::tensor::{Inner, Tensor};
use crate::{Broadcast, Chain, Error, Operand, Result, Step, Values};
use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, RwLockReadGuard};
use wgpu::{BindGroup, Buffer};

/// Bind groups that are kept at most, and parameter blocks.
const KEPT: usize = 256;

/// Elements of a row at most where an operand is spread over rows or columns: places in a row and in a piece add up below 2^31.
const MAX_COLUMNS: usize = 1 << 30;

/// A parameter block, word by word.
type Params = Vec<u32>;

/// What a kernel's bindings are: the parameters, then buffers with the byte where the binding begins and its length.
type Bindings = Vec<(Buffer, u64, u64)>;

/// What dispatches need again and again.
#[derive(Default)]
pub(super) struct Caches {
    params: Mutex<HashMap<Params, Buffer>>,
    bind_groups: Mutex<HashMap<(wgpu::BindGroupLayout, Bindings), BindGroup>>,
}

impl Caches {
    /// Forgets bind groups that would keep buffers alive which the pool has given up.
    pub(super) fn forget(&self, buffers: &[Buffer]) {
        if buffers.is_empty() {
            return;
        }
        let gone =
            |bindings: &Bindings| bindings.iter().any(|(buffer, ..)| buffers.contains(buffer));
        lock(&self.bind_groups).retain(|(_, bindings), _| !gone(bindings));
    }
}

/// Kernels with their operands, ready to be recorded as often as wanted.
#[derive(Default)]
pub(super) struct Prepared {
    dispatches: Vec<Dispatch>,
}

struct Dispatch {
    pipeline: wgpu::ComputePipeline,
    bind_group: BindGroup,
    /// Workgroups in three dimensions.
    groups: (u32, u32, u32),
}

impl Prepared {
    pub(super) fn record(&self, pass: &mut wgpu::ComputePass<'_>) {
        for dispatch in &self.dispatches {
            pass.set_pipeline(&dispatch.pipeline);
            pass.set_bind_group(0, &dispatch.bind_group, &[]);
            pass.dispatch_workgroups(dispatch.groups.0, dispatch.groups.1, dispatch.groups.2);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.dispatches.is_empty()
    }

    pub(super) fn append(&mut self, mut later: Self) {
        self.dispatches.append(&mut later.dispatches);
    }

    pub(super) fn push(
        &mut self,
        compiled: &Compiled,
        bind_group: BindGroup,
        groups: (u32, u32, u32),
    ) {
        self.dispatches.push(Dispatch {
            pipeline: compiled.pipeline.clone(),
            bind_group,
            groups,
        });
    }
}

/// What is computed, without the elements that it is computed of.
#[derive(Clone)]
pub(super) struct Work {
    pub(super) plan: Arc<Plan>,
    /// The steps' constants, as they stand in the parameter block.
    constants: Vec<f32>,
    /// The operands in memory.
    pub(super) operands: Vec<(Broadcast, Tensor)>,
    /// The bits of the first input of a sweep.
    pub(super) swept_from: u32,
}

impl Work {
    /// # Errors
    /// [`Error::OperandPlace`] for an operand in host memory, and [`Error::WrongDevice`].
    pub(super) fn new(context: &Arc<Context>, chain: &Chain<'_>, task: Task) -> Result<Self> {
        let mut operands = Vec::new();
        for (operand, (broadcast, values)) in chain.operands().enumerate() {
            let Values::Device(tensor) = values else {
                return Err(Error::OperandPlace {
                    operand,
                    device: false,
                    engine: "an operation over tensors takes tensors",
                });
            };
            check_device(context, "an operand", tensor)?;
            operands.push((broadcast, tensor.clone()));
        }
        Ok(Self::over(context, chain, task, operands))
    }

    /// With these operands in the place of the chain's.
    pub(super) fn over(
        context: &Context,
        chain: &Chain<'_>,
        task: Task,
        operands: Vec<(Broadcast, Tensor)>,
    ) -> Self {
        let steps = shape(chain);
        let words = steps.iter().map(constant_words).sum::<usize>().max(4);
        let mut constants = Vec::with_capacity(words);
        for step in chain.steps() {
            match step {
                Step::Activation(f) => constants.extend(f.constants()),
                Step::Combine(_, Operand::Number(number)) => {
                    constants.extend([*number, 0.0, 0.0, 0.0]);
                }
                _ => {}
            }
        }
        constants.resize(words, 0.0);
        Self {
            plan: context.pipelines.plan(steps, task),
            constants,
            operands,
            swept_from: 0,
        }
    }
}

impl Work {
    /// The same with another task.
    pub(super) fn with_task(&self, context: &Context, task: Task) -> Self {
        Self {
            plan: context.pipelines.plan(self.plan.steps.clone(), task),
            ..self.clone()
        }
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
struct Operands<'a> {
    input: Input,
    span: Span<'a>,
    access: Access,
}

impl Context {
    /// Looks up or makes what a kernel over these elements needs, and appends it.
    pub(super) fn prepare(
        &self,
        work: &Work,
        elements: &Elements<'_>,
        prepared: &mut Prepared,
    ) -> Result<()> {
        let plan = &work.plan;
        let inputs = place_inputs(work, elements)?;
        let access: Vec<Access> = inputs.iter().map(|operand| operand.access).collect();
        let bindings = inputs
            .iter()
            .filter(|operand| !matches!(operand.access, Access::Output(_)));
        let count = bindings.count() + plan.outputs.len();
        let limit = self.limits.max_storage_buffers_per_shader_stage as usize;
        if count > limit {
            return Err(Error::InvalidChain {
                reason: format!("its kernel needs {count} buffers, the device allows {limit}"),
            });
        }
        let binding = self.info.max_chunk_bytes;
        let spread = || {
            inputs.iter().filter(|operand| {
                !matches!(operand.input.broadcast(), None | Some(Broadcast::Full))
            })
        };
        if let Some(operand) = spread().find(|operand| operand.span.len() as u64 * 4 > binding) {
            return Err(Error::InvalidChain {
                reason: format!(
                    "{} holds {} elements, a binding of {binding} bytes holds {}",
                    name(operand.input),
                    operand.span.len(),
                    binding / 4
                ),
            });
        }
        let rows = inputs.iter().any(|operand| {
            matches!(
                operand.input.broadcast(),
                Some(Broadcast::Row | Broadcast::Column)
            )
        });
        if rows && elements.columns > MAX_COLUMNS {
            return Err(Error::InvalidChain {
                reason: format!(
                    "a row has {} elements, at most {MAX_COLUMNS} are possible",
                    elements.columns
                ),
            });
        }
        let alignment = u64::from(self.limits.min_storage_buffer_offset_alignment).max(16);
        let len = elements.x.len() as u64;
        let mut place = 0;
        while place < len {
            let streams = || {
                let full = |operand: &&Operands<'_>| {
                    matches!(operand.input.broadcast(), None | Some(Broadcast::Full))
                };
                inputs
                    .iter()
                    .filter(full)
                    .map(|operand| &operand.span)
                    .chain(&elements.outputs)
            };
            let mut piece = streams()
                .map(|span| span.at(place, binding, alignment).2)
                .min()
                .unwrap_or(0);
            let vectors = streams().all(|span| {
                let (_, byte, _) = span.at(place, binding, alignment);
                byte % alignment == 0 && (piece % 4 == 0 || span.padded)
            });
            let memory = if vectors && spread().all(|operand| operand.span.start % alignment == 0) {
                Memory::Vectors(if rows {
                    rows_among_vectors(
                        elements.columns as u64,
                        elements.before + place,
                        piece,
                        self.info.max_groups,
                    )
                } else {
                    Rows::Split
                })
            } else {
                Memory::Elements
            };
            if memory == Memory::Vectors(Rows::Blocks) {
                // Rows that are left over make a piece of their own.
                let block = elements.columns as u64 * u64::from(Rows::BLOCK);
                piece = piece / block * block;
            }
            let mut bound: Bindings = Vec::with_capacity(count + 1);
            let mut starts: Vec<u32> = Vec::new();
            let mut bind = |span: &Span<'_>, at: u64, elements: u64| {
                let (buffer, byte, _) = span.at(at, binding, alignment);
                let before = byte % alignment;
                let bytes = match memory {
                    Memory::Vectors { .. } if span.padded => (elements * 4).next_multiple_of(16),
                    _ => elements * 4,
                };
                starts.push((before / 4) as u32);
                bound.push((buffer.clone(), byte - before, bytes + before));
            };
            for operand in &inputs {
                match operand.input.broadcast() {
                    _ if matches!(operand.access, Access::Output(_)) => {}
                    None | Some(Broadcast::Full) => bind(&operand.span, place, piece),
                    _ => bind(&operand.span, 0, operand.span.len() as u64),
                }
            }
            for output in &elements.outputs {
                bind(output, place, piece);
            }
            let mut params = vec![0; 8];
            params[1] = work.swept_from.wrapping_add(place as u32);
            if !matches!(plan.task, Task::Sweep(_)) {
                params[1] = 0;
            }
            if rows {
                let columns = elements.columns as u64;
                let before = elements.before + place;
                let (magic, shift) = divisor(elements.columns as u32);
                params[2..7].copy_from_slice(&[
                    elements.columns as u32,
                    magic,
                    shift,
                    (before % columns) as u32,
                    (before / columns) as u32,
                ]);
            }
            if memory == Memory::Elements {
                starts.resize(starts.len().next_multiple_of(4), 0);
                params.extend(starts);
            }
            params.extend(work.constants.iter().map(|constant| constant.to_bits()));
            let compiled = self.compiled(plan, memory, &access)?;
            let max = self.info.max_groups;
            let groups = match memory {
                Memory::Vectors(Rows::Blocks) => block_grid(elements.columns as u64, piece, max),
                _ => {
                    let (columns, rows) = grid(piece.div_ceil(4).div_ceil(WORKGROUP.into()), max);
                    (columns, rows, 1)
                }
            };
            let bind_group = self.bind_group(&compiled, params, bound)?;
            prepared.push(&compiled, bind_group, groups);
            place += piece;
        }
        Ok(())
    }

    /// A bind group of a parameter block and buffers.
    pub(super) fn bind_group(
        &self,
        compiled: &Compiled,
        params: Params,
        buffers: Bindings,
    ) -> Result<BindGroup> {
        let bytes = params.len() as u64 * 4;
        let mut bindings = Vec::with_capacity(buffers.len() + 1);
        bindings.push((self.params(params)?, 0, bytes));
        bindings.extend(buffers);
        let key = (compiled.layout.clone(), bindings);
        if let Some(group) = lock(&self.caches.bind_groups).get(&key) {
            return Ok(group.clone());
        }
        self.counters.bind_groups.fetch_add(1, Ordering::Relaxed);
        let bindings = &key.1;
        let entries: Vec<wgpu::BindGroupEntry<'_>> = bindings
            .iter()
            .zip(0..)
            .map(|((buffer, offset, bytes), binding)| wgpu::BindGroupEntry {
                binding,
                resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer,
                    offset: *offset,
                    size: wgpu::BufferSize::new(*bytes),
                }),
            })
            .collect();
        let group = self.scoped("binding buffers", || {
            self.device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some("nonlin"),
                layout: &compiled.layout,
                entries: &entries,
            })
        })?;
        drop(entries);
        let mut kept = lock(&self.caches.bind_groups);
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(key, group.clone());
        Ok(group)
    }

    /// Submits kernels, does not wait. None of the tensors may be mapped meanwhile.
    pub(super) fn submit<'a>(
        &self,
        prepared: &Prepared,
        tensors: impl IntoIterator<Item = &'a Tensor>,
    ) -> Result<()> {
        if prepared.is_empty() {
            return Ok(());
        }
        let _held = hold(tensors);
        self.scoped("running a kernel", || {
            let mut encoder = self.device.create_command_encoder(&Default::default());
            prepared.record(&mut encoder.begin_compute_pass(&Default::default()));
            self.send(encoder);
        })
    }

    /// The uniform buffer with this content. Uniform buffers are never written again, so equal ones can be shared.
    fn params(&self, params: Params) -> Result<Buffer> {
        if let Some(buffer) = lock(&self.caches.params).get(&params) {
            return Ok(buffer.clone());
        }
        let bytes: &[u8] = bytemuck::cast_slice(&params);
        let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        let buffer = self.create_buffer(bytes.len() as u64, usage, false)?;
        self.scoped("writing parameters", || {
            self.queue.write_buffer(&buffer, 0, bytes);
        })?;
        let mut kept = lock(&self.caches.params);
        if kept.len() >= KEPT {
            kept.clear();
        }
        Ok(kept.entry(params).or_insert(buffer).clone())
    }
}

/// The inputs of a kernel in memory, with how it reaches them.
fn place_inputs<'a>(work: &'a Work, elements: &Elements<'a>) -> Result<Vec<Operands<'a>>> {
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
        Ok(Operands {
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

/// What `quotient` in `shaders/kernels/broadcast.wgsl` divides by `d` with.
fn divisor(d: u32) -> (u32, u32) {
    let shift = d.next_power_of_two().trailing_zeros();
    let magic = (1_u64 << (31 + shift)).div_ceil(u64::from(d));
    (magic as u32, shift)
}

/// How rows of this length lie among vectors of four, where `before` elements come before them.
fn rows_among_vectors(columns: u64, before: u64, len: u64, max: u32) -> Rows {
    if !columns.is_multiple_of(4) || !before.is_multiple_of(4) {
        return Rows::Split;
    }
    let blocks = len / columns >= u64::from(Rows::BLOCK) && before.is_multiple_of(columns);
    if blocks && len.is_multiple_of(columns) && are_long(columns, max) {
        Rows::Blocks
    } else {
        Rows::Whole
    }
}

/// Whether rows are long enough to be a dimension of the dispatch: those of fewer vectors than half a group would leave most
/// invocations idle.
fn are_long(columns: u64, max: u32) -> bool {
    let vectors = columns / 4;
    vectors >= u64::from(WORKGROUP) / 2 && vectors.div_ceil(WORKGROUP.into()) <= max.into()
}

/// Workgroups for blocks of rows: over the columns in the first dimension, over the rows in the others.
fn block_grid(columns: u64, len: u64, max: u32) -> (u32, u32, u32) {
    let across = (columns / 4).div_ceil(WORKGROUP.into());
    let blocks = (len / columns).div_ceil(Rows::BLOCK.into());
    let (down, deep) = grid(blocks, max);
    (across as u32, down, deep)
}

/// Workgroups in two dimensions: as few rows as the limit allows, all full but the last one.
pub(super) fn grid(groups: u64, max: u32) -> (u32, u32) {
    let rows = groups.div_ceil(max.into()).max(1);
    let columns = groups.div_ceil(rows).max(1);
    // A chunk is never longer than `max` rows of `max` groups, so both fit.
    (columns as u32, rows as u32)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_grid_covers_all_groups_within_the_limit() {
        for (groups, max) in [
            (1, 1),
            (5, 3),
            (9, 3),
            (65_535, 65_535),
            (65_536, 65_535),
            (7, 100),
        ] {
            let (columns, rows) = super::grid(groups, max);
            assert!(u64::from(columns) * u64::from(rows) >= groups);
            assert!(columns <= max && rows <= max);
        }
        assert_eq!(super::grid(65_536, 65_535), (32_768, 2));
    }

    #[test]
    fn a_division_by_multiplication_is_exact() {
        let quotient = |n: u32, d: u32| {
            let (magic, shift) = super::divisor(d);
            ((u64::from(n << 1) * u64::from(magic)) >> 32 >> shift) as u32
        };
        let mut d = 1_u32;
        while d < 1 << 30 {
            for d in [d, d + 1, d + 2, d.next_power_of_two()] {
                for k in [0, 1, 2, (1 << 30) / d, ((1_u32 << 31) - 1) / d] {
                    for n in [
                        k * d,
                        (k * d).saturating_sub(1),
                        (k * d).saturating_add(d - 1),
                    ] {
                        let n = n.min((1 << 31) - 1);
                        assert_eq!(quotient(n, d), n / d, "{n} / {d}");
                    }
                }
            }
            d = d * 3 / 2 + 1;
        }
    }
}
