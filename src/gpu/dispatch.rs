//! Puts kernels on elements in memory: pieces that a binding holds, bind groups, parameters, the shape of the dispatch, the submission.

use super::adapter::WORKGROUP;
use super::bindings::Bindings;
use super::context::Context;
use super::grid::{block_grid, divisor, grid, rows_among_vectors};
use super::pipeline::Compiled;
use super::shader::{Access, Input, Memory, Rows, Task};
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
