//! Bind groups and parameter blocks, each made once and kept.

use super::context::{Context, lock};
use super::pipeline::Compiled;
use crate::Result;
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use wgpu::{BindGroup, Buffer};

/// Bind groups that are kept at most, and parameter blocks.
const KEPT: usize = 256;

/// A parameter block, word by word.
pub(super) type Params = Vec<u32>;

/// What a kernel's bindings are: the parameters, then buffers with the byte where the binding begins and its length.
pub(super) type Bindings = Vec<(Buffer, u64, u64)>;

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

impl Context {
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
