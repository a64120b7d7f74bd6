//! Compiled kernels, each made once.

use super::adapter::IMMEDIATE_BYTES;
use super::context::{Context, lock};
use super::rows::{PlacesKernel, RowKernel};
use super::shader::{
    Access, Element, Input, Kernel, Memory, Output, Product, Rows, StepShape, Sum, Task,
};
use crate::Result;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// The steps of a kernel with what it reads and writes. Each way in which its operands can lie is compiled at its first use.
pub(super) struct Plan {
    pub(super) steps: Vec<StepShape>,
    pub(super) task: Task,
    pub(super) inputs: Vec<Input>,
    pub(super) outputs: Vec<Output>,
    /// Operands that add up the same for their gradient as the input's gradient is.
    pub(super) same_as_input: Vec<usize>,
    variants: Mutex<HashMap<(Memory, Vec<Access>), Compiled>>,
}

/// A compiled kernel with the layout of its bind groups.
#[derive(Clone)]
pub(super) struct Compiled {
    pub(super) pipeline: wgpu::ComputePipeline,
    pub(super) layout: wgpu::BindGroupLayout,
}

/// A kind of layout: for each storage buffer, whether it is declared as written.
type Written = Vec<bool>;

/// What plans are told apart by.
type PlanKey = (Vec<StepShape>, Task);

#[derive(Default)]
pub(super) struct Pipelines {
    layouts: Mutex<HashMap<(Written, u32), (wgpu::BindGroupLayout, wgpu::PipelineLayout)>>,
    plans: Mutex<HashMap<PlanKey, Arc<Plan>>>,
    /// The kernels that add up.
    sums: Mutex<HashMap<Sum, Compiled>>,
    /// The kernels over rows.
    rows: Mutex<HashMap<RowKernel, Compiled>>,
    /// The kernels of gated and grouped functions.
    pub(super) places: Mutex<HashMap<PlacesKernel, Compiled>>,
    /// The kernels that multiply matrices.
    pub(super) products: Mutex<HashMap<Product, Compiled>>,
    count: AtomicUsize,
}

impl Pipelines {
    /// Number of compiled kernels.
    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// The plan of these steps. Compiles nothing.
    pub(super) fn plan(&self, steps: Vec<StepShape>, task: Task) -> Arc<Plan> {
        let mut plans = lock(&self.plans);
        let key = (steps, task);
        if let Some(plan) = plans.get(&key) {
            return Arc::clone(plan);
        }
        let element = Element::new(&key.0, &key.1);
        let plan = Arc::new(Plan {
            steps: key.0.clone(),
            task: key.1.clone(),
            inputs: element.inputs,
            outputs: element.outputs,
            same_as_input: element.same_as_input,
            variants: Mutex::default(),
        });
        Arc::clone(plans.entry(key).or_insert(plan))
    }
}

impl Plan {
    #[cfg(not(target_arch = "wasm32"))]
    /// Whether any variant is compiled.
    pub(super) fn is_compiled(&self) -> bool {
        !lock(&self.variants).is_empty()
    }
}

impl Context {
    /// The compiled kernel for operands that lie this way, made now where this is its first use.
    pub(super) fn compiled(
        &self,
        plan: &Plan,
        memory: Memory,
        access: &[Access],
    ) -> Result<Compiled> {
        let key = (memory, access.to_vec());
        if let Some(compiled) = lock(&plan.variants).get(&key) {
            return Ok(compiled.clone());
        }
        let kernel = Kernel {
            steps: plan.steps.clone(),
            task: plan.task.clone(),
            memory,
            access: key.1.clone(),
            wide: self.info.wide_numbers && memory == Memory::Vectors(Rows::Runs),
        };
        let written = kernel.written_bindings(plan.outputs.len());
        let immediate_bytes = match memory {
            Memory::Vectors(rows) if rows.is_shared() => IMMEDIATE_BYTES,
            _ => 0,
        };
        let compiled =
            self.compile_with(&kernel.name(), kernel.source(), written, immediate_bytes)?;
        // Two threads may both have compiled it; one of the results stays.
        Ok(lock(&plan.variants).entry(key).or_insert(compiled).clone())
    }

    /// A kernel that adds up.
    pub(super) fn compiled_sum(&self, sum: Sum) -> Result<Compiled> {
        if let Some(compiled) = lock(&self.pipelines.sums).get(&sum) {
            return Ok(compiled.clone());
        }
        let bytes = if sum.is_shared() { IMMEDIATE_BYTES } else { 0 };
        let compiled = self.compile_with("sum", sum.source(), sum.written_bindings(), bytes)?;
        Ok(lock(&self.pipelines.sums)
            .entry(sum)
            .or_insert(compiled)
            .clone())
    }

    /// A kernel over rows.
    pub(super) fn compiled_rows(&self, kernel: RowKernel) -> Result<Compiled> {
        if let Some(compiled) = lock(&self.pipelines.rows).get(&kernel) {
            return Ok(compiled.clone());
        }
        let compiled = self.compile(kernel.label(), kernel.source(), kernel.written())?;
        Ok(lock(&self.pipelines.rows)
            .entry(kernel)
            .or_insert(compiled)
            .clone())
    }

    pub(super) fn compile(
        &self,
        label: &str,
        source: String,
        written: Written,
    ) -> Result<Compiled> {
        self.compile_with(label, source, written, 0)
    }

    fn compile_with(
        &self,
        label: &str,
        source: String,
        written: Written,
        immediate_bytes: u32,
    ) -> Result<Compiled> {
        let (bind_group_layout, pipeline_layout) = self.layout((written, immediate_bytes))?;
        let pipeline = self.scoped("compiling a kernel", || {
            let module = self
                .device
                .create_shader_module(wgpu::ShaderModuleDescriptor {
                    label: Some(label),
                    source: wgpu::ShaderSource::Wgsl(source.into()),
                });
            self.device
                .create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                    label: Some(label),
                    layout: Some(&pipeline_layout),
                    module: &module,
                    entry_point: Some("main"),
                    compilation_options: wgpu::PipelineCompilationOptions {
                        // Kernels that load together write what they read, each time.
                        zero_initialize_workgroup_memory: immediate_bytes == 0,
                        ..Default::default()
                    },
                    cache: None,
                })
        })?;
        self.pipelines.count.fetch_add(1, Ordering::Relaxed);
        Ok(Compiled {
            pipeline,
            layout: bind_group_layout,
        })
    }

    fn layout(&self, key: (Written, u32)) -> Result<(wgpu::BindGroupLayout, wgpu::PipelineLayout)> {
        if let Some(layouts) = lock(&self.pipelines.layouts).get(&key) {
            return Ok(layouts.clone());
        }
        let (written, immediate_bytes) = &key;
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
        let storage = written
            .iter()
            .map(|&written| wgpu::BufferBindingType::Storage {
                read_only: !written,
            });
        let entries: Vec<wgpu::BindGroupLayoutEntry> =
            std::iter::once(wgpu::BufferBindingType::Uniform)
                .chain(storage)
                .zip(0..)
                .map(|(ty, binding)| entry(binding, ty))
                .collect();
        let layouts = self.scoped("making the layout of a bind group", || {
            let group = self
                .device
                .create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
                    label: Some("nonlin"),
                    entries: &entries,
                });
            let pipeline = self
                .device
                .create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
                    label: Some("nonlin"),
                    bind_group_layouts: &[Some(&group)],
                    immediate_size: *immediate_bytes,
                });
            (group, pipeline)
        })?;
        Ok(lock(&self.pipelines.layouts)
            .entry(key)
            .or_insert(layouts)
            .clone())
    }
}
