//! Puts kernels on tensors: bind groups, parameters, the shape of the dispatch, the submission.

use super::adapter::WORKGROUP;
use super::context::{Context, lock};
use super::shader::{InPlace, Kernel};
use super::tensor::{Inner, Tensor};
use crate::{Error, Result};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, RwLockReadGuard};
use wgpu::{BindGroup, Buffer};

/// Bind groups that are kept at most, and parameter blocks.
const KEPT: usize = 256;

/// The parameter block of a kernel: `Params` in `shaders/kernels/map.wgsl`, bit by bit.
type Params = [u32; 32];

/// What a kernel's bindings are: the parameters, then buffers with the bytes that it may use of them.
type Bindings = Vec<(Buffer, u64)>;

/// What dispatches need again and again.
#[derive(Default)]
pub(super) struct Caches {
    params: Mutex<HashMap<Params, Buffer>>,
    bind_groups: Mutex<HashMap<Bindings, BindGroup>>,
}

impl Caches {
    /// Forgets bind groups that would keep buffers alive which the pool has given up.
    pub(super) fn forget(&self, buffers: &[Buffer]) {
        if buffers.is_empty() {
            return;
        }
        let gone =
            |bindings: &Bindings| bindings.iter().any(|(buffer, _)| buffers.contains(buffer));
        lock(&self.bind_groups).retain(|bindings, _| !gone(bindings));
    }
}

/// A kernel with its operands, ready to be recorded as often as wanted.
pub(super) struct Prepared {
    pipeline: wgpu::ComputePipeline,
    /// A bind group with the workgroups in two dimensions for each segment.
    dispatches: Vec<(BindGroup, u32, u32)>,
}

impl Prepared {
    pub(super) fn record(&self, pass: &mut wgpu::ComputePass<'_>) {
        pass.set_pipeline(&self.pipeline);
        for (bind_group, columns, rows) in &self.dispatches {
            pass.set_bind_group(0, bind_group, &[]);
            pass.dispatch_workgroups(*columns, *rows, 1);
        }
    }
}

/// Tensors of one call, all of the same length and on the same device.
#[derive(Clone, Copy)]
pub(super) struct Operands<'a> {
    pub(super) x: &'a Tensor,
    pub(super) grad: Option<&'a Tensor>,
    pub(super) out: &'a Tensor,
}

impl<'a> Operands<'a> {
    pub(super) fn in_place(&self) -> InPlace {
        let out = |tensor: &Tensor| Arc::ptr_eq(&tensor.inner, &self.out.inner);
        match (out(self.x), self.grad.is_some_and(out)) {
            (false, false) => InPlace::No,
            (true, false) => InPlace::X,
            (false, true) => InPlace::Grad,
            (true, true) => InPlace::Both,
        }
    }

    /// Checks that every operand lives on this device.
    pub(super) fn check_device(&self, context: &Arc<Context>, x: &'static str) -> Result<()> {
        let named = [
            (x, Some(self.x)),
            ("grad", self.grad),
            ("the result", Some(self.out)),
        ];
        for (name, tensor) in named {
            if let Some(tensor) = tensor {
                check_device(context, name, tensor)?;
            }
        }
        Ok(())
    }

    /// Keeps the buffers from being mapped for as long as the guards live.
    pub(super) fn hold(&self) -> Vec<RwLockReadGuard<'a, ()>> {
        let mut inner: Vec<&'a Inner> = [Some(self.x), self.grad, Some(self.out)]
            .into_iter()
            .flatten()
            .map(|tensor| &*tensor.inner)
            .collect();
        // Each once and in the same order in every thread: else two threads and two waiting downloads could block each other.
        inner.sort_by_key(|inner| std::ptr::from_ref(*inner));
        inner.dedup_by_key(|inner| std::ptr::from_ref(*inner));
        inner.into_iter().map(Inner::shared).collect()
    }
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

impl Context {
    /// Looks up or makes what a dispatch needs.
    pub(super) fn prepare(
        &self,
        kernel: Kernel<'_>,
        constants: &[f32],
        operands: Operands<'_>,
    ) -> Result<Prepared> {
        let in_place = operands.in_place();
        let pipeline = self.pipeline(kernel, in_place)?;
        let reads = kernel.read_operands(in_place);
        let mut read_segments: Vec<_> = reads
            .iter()
            .map(|name| match (*name, operands.grad) {
                ("grad", Some(grad)) => grad.inner.segments(),
                _ => operands.x.inner.segments(),
            })
            .collect();
        let mut first = kernel.swept_from().unwrap_or_default();
        let dispatches = operands
            .out
            .inner
            .segments()
            .map(|(out, bytes)| {
                let vectors = bytes.div_ceil(16);
                let (columns, rows) =
                    grid(vectors.div_ceil(WORKGROUP.into()), self.info.max_groups);
                let params = params(vectors, columns, first, constants);
                first = first.wrapping_add(vectors as u32 * 4);
                let mut bindings = vec![(self.params(params)?, 128)];
                for segments in &mut read_segments {
                    // The operands are of one length, so they have the same segments.
                    bindings.extend(
                        segments
                            .next()
                            .map(|(buffer, _)| (buffer.clone(), vectors * 16)),
                    );
                }
                bindings.push((out.clone(), vectors * 16));
                Ok((self.bind_group(bindings, reads.len())?, columns, rows))
            })
            .collect::<Result<_>>()?;
        Ok(Prepared {
            pipeline,
            dispatches,
        })
    }

    /// Runs a kernel once. Submits, does not wait.
    pub(super) fn dispatch(
        &self,
        kernel: Kernel<'_>,
        constants: &[f32],
        operands: Operands<'_>,
    ) -> Result<()> {
        if operands.out.is_empty() {
            return Ok(());
        }
        let prepared = self.prepare(kernel, constants, operands)?;
        let _held = operands.hold();
        self.scoped("running a kernel", || {
            let mut encoder = self.device.create_command_encoder(&Default::default());
            prepared.record(&mut encoder.begin_compute_pass(&Default::default()));
            self.queue.submit([encoder.finish()]);
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

    fn bind_group(&self, bindings: Bindings, reads: usize) -> Result<BindGroup> {
        if let Some(group) = lock(&self.caches.bind_groups).get(&bindings) {
            return Ok(group.clone());
        }
        let entries: Vec<wgpu::BindGroupEntry<'_>> = bindings
            .iter()
            .zip(0..)
            .map(|((buffer, bytes), binding)| wgpu::BindGroupEntry {
                binding,
                resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer,
                    offset: 0,
                    size: wgpu::BufferSize::new(*bytes),
                }),
            })
            .collect();
        let group = self.scoped("binding buffers", || {
            self.device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some("nonlin"),
                layout: self.pipelines.bind_group_layout(reads),
                entries: &entries,
            })
        })?;
        drop(entries);
        let mut kept = lock(&self.caches.bind_groups);
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(bindings, group.clone());
        Ok(group)
    }
}

/// Workgroups in two dimensions: as few rows as the limit allows, all full but the last one.
fn grid(groups: u64, max: u32) -> (u32, u32) {
    let rows = groups.div_ceil(max.into()).max(1);
    let columns = groups.div_ceil(rows).max(1);
    // A chunk is never longer than `max` rows of `max` groups, so both fit.
    (columns as u32, rows as u32)
}

fn params(vectors: u64, columns: u32, first: u32, constants: &[f32]) -> Params {
    let mut params = [0; 32];
    // A chunk is shorter than 2^32 vectors: wgpu has no binding that long.
    params[1] = vectors as u32;
    params[2] = columns * WORKGROUP;
    params[3] = first;
    for (word, constant) in params[4..].iter_mut().zip(constants) {
        *word = constant.to_bits();
    }
    params
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
}
