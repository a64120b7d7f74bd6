//! Compiled kernels, each made once.

use super::context::{Context, lock};
use super::shader::{InPlace, Kernel};
use crate::{Direction, Result};
use std::collections::HashMap;
use std::sync::Mutex;

/// What tells kernels apart: name, direction, capacity, place of the result, whether it is a sweep. Parameters are data, so they
/// are not in here.
type Key = (&'static str, Option<Direction>, u32, InPlace, bool);

pub(super) struct Pipelines {
    /// The layouts for kernels that read no, one or two buffers beside the one that they write.
    layouts: [(wgpu::BindGroupLayout, wgpu::PipelineLayout); 3],
    made: Mutex<HashMap<Key, wgpu::ComputePipeline>>,
}

impl Pipelines {
    pub(super) fn new(device: &wgpu::Device) -> Self {
        Self {
            layouts: [0, 1, 2].map(|reads| layout(device, reads)),
            made: Mutex::default(),
        }
    }

    /// The layout of the bind groups of a kernel that reads this number of buffers.
    pub(super) fn bind_group_layout(&self, reads: usize) -> &wgpu::BindGroupLayout {
        &self.layouts[reads].0
    }

    /// Number of compiled kernels.
    pub(super) fn count(&self) -> usize {
        lock(&self.made).len()
    }

    pub(super) fn contains(&self, kernel: Kernel<'_>, in_place: InPlace) -> bool {
        lock(&self.made).contains_key(&key_of(kernel, in_place))
    }
}

impl Context {
    /// The compiled kernel, made now where this is its first use.
    pub(super) fn pipeline(
        &self,
        kernel: Kernel<'_>,
        in_place: InPlace,
    ) -> Result<wgpu::ComputePipeline> {
        let key = key_of(kernel, in_place);
        if let Some(pipeline) = lock(&self.pipelines.made).get(&key) {
            return Ok(pipeline.clone());
        }
        let (id, direction) = kernel.name();
        let label =
            direction.map_or_else(|| id.to_owned(), |direction| format!("{id} {direction}"));
        let reads = kernel.read_operands(in_place).len();
        let pipeline = self.scoped("compiling a kernel", || {
            let module = self
                .device
                .create_shader_module(wgpu::ShaderModuleDescriptor {
                    label: Some(&label),
                    source: wgpu::ShaderSource::Wgsl(kernel.source(in_place).into()),
                });
            self.device
                .create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                    label: Some(&label),
                    layout: Some(&self.pipelines.layouts[reads].1),
                    module: &module,
                    entry_point: Some("main"),
                    compilation_options: Default::default(),
                    cache: None,
                })
        })?;
        // Two threads may both have compiled it; one of the results stays.
        Ok(lock(&self.pipelines.made)
            .entry(key)
            .or_insert(pipeline)
            .clone())
    }
}

fn key_of(kernel: Kernel<'_>, in_place: InPlace) -> Key {
    let (id, direction) = kernel.name();
    let sweep = kernel.swept_from().is_some();
    (id, direction, kernel.capacity(), in_place, sweep)
}

fn layout(device: &wgpu::Device, reads: u32) -> (wgpu::BindGroupLayout, wgpu::PipelineLayout) {
    let entry = |binding, ty| wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer {
            ty,
            has_dynamic_offset: false,
            min_binding_size: None,
        },
        count: None,
    };
    let storage = |read_only| wgpu::BufferBindingType::Storage { read_only };
    let mut entries = vec![entry(0, wgpu::BufferBindingType::Uniform)];
    entries.extend((1..=reads).map(|binding| entry(binding, storage(true))));
    entries.push(entry(reads + 1, storage(false)));
    let group = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some("nonlin"),
        entries: &entries,
    });
    let pipeline = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some("nonlin"),
        bind_group_layouts: &[Some(&group)],
        immediate_size: 0,
    });
    (group, pipeline)
}
