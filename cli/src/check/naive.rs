//! [`Naive`]: runs the textbook formulas on an adapter.

use super::formulas;
use crate::doctor::probe::scoped;
use crate::failure::Failure;
use nonlin::{Activation, Direction, Gpu};
use std::sync::mpsc;
use wgpu::BufferUsages as Usages;

/// Invocations of a workgroup in the frame.
const WORKGROUP: usize = 256;
/// Words of the frame's parameters.
const PARAMS: usize = 4;

/// An adapter with buffers for the textbook formulas' inputs and results.
pub struct Naive {
    gpu: Gpu,
    params: wgpu::Buffer,
    inputs: wgpu::Buffer,
    results: wgpu::Buffer,
    readable: wgpu::Buffer,
    capacity: usize,
}

/// A textbook formula, compiled.
pub struct Formula {
    pipeline: wgpu::ComputePipeline,
    bindings: wgpu::BindGroup,
}

/// The inputs of a formula.
#[derive(Clone, Copy)]
pub enum Inputs<'a> {
    /// The f32 from this bit pattern on.
    From(u32),
    These(&'a [f32]),
}

/// Results on their way.
pub struct Pending {
    answer: mpsc::Receiver<Result<(), wgpu::BufferAsyncError>>,
}

impl Naive {
    /// Buffers for so many results, and for so many listed inputs.
    pub fn new(gpu: &Gpu, capacity: usize, listed: usize) -> Result<Self, Failure> {
        let buffer = |count: usize, usage| {
            gpu.device().create_buffer(&wgpu::BufferDescriptor {
                label: Some("nonlin check"),
                size: 4 * count as u64,
                usage,
                mapped_at_creation: false,
            })
        };
        let made = scoped(gpu.device(), || Self {
            gpu: gpu.clone(),
            params: buffer(PARAMS, Usages::UNIFORM | Usages::COPY_DST),
            inputs: buffer(listed.max(1), Usages::STORAGE | Usages::COPY_DST),
            results: buffer(capacity, Usages::STORAGE | Usages::COPY_SRC),
            readable: buffer(capacity, Usages::MAP_READ | Usages::COPY_DST),
            capacity,
        });
        made.map_err(Failure::Failed)
    }

    /// Compiles the formula of a function; `None` where there is none.
    pub fn formula(
        &self,
        f: &Activation,
        direction: Direction,
    ) -> Result<Option<Formula>, Failure> {
        let Some(source) = formulas::kernel(f, direction) else {
            return Ok(None);
        };
        let device = self.gpu.device();
        let formula = scoped(device, || {
            let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
                label: Some("nonlin check"),
                source: wgpu::ShaderSource::Wgsl(source.into()),
            });
            let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some("nonlin check"),
                layout: None,
                module: &module,
                entry_point: Some("main"),
                compilation_options: Default::default(),
                cache: None,
            });
            let entries: Vec<_> = (0..)
                .zip([&self.params, &self.inputs, &self.results])
                .map(|(binding, buffer)| wgpu::BindGroupEntry {
                    binding,
                    resource: buffer.as_entire_binding(),
                })
                .collect();
            let bindings = device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some("nonlin check"),
                layout: &pipeline.get_bind_group_layout(0),
                entries: &entries,
            });
            Formula { pipeline, bindings }
        });
        formula.map(Some).map_err(|error| {
            Failure::Failed(format!("the textbook formula of {f} {direction}: {error}"))
        })
    }

    /// Starts to compute `count` results.
    pub fn submit(
        &self,
        formula: &Formula,
        inputs: Inputs<'_>,
        count: usize,
    ) -> Result<Pending, Failure> {
        let count = count.min(self.capacity);
        let (device, queue) = (self.gpu.device(), self.gpu.queue());
        let (sender, answer) = mpsc::channel();
        let submitted = scoped(device, || {
            let (first, listed) = match inputs {
                Inputs::From(first) => (first, 0),
                Inputs::These(x) => {
                    let bytes: Vec<u8> = x.iter().flat_map(|x| x.to_ne_bytes()).collect();
                    queue.write_buffer(&self.inputs, 0, &bytes);
                    (0, 1)
                }
            };
            let params: [u32; PARAMS] = [first, count as u32, listed, 0];
            let params = params.map(u32::to_ne_bytes);
            queue.write_buffer(&self.params, 0, params.as_flattened());
            let mut encoder = device.create_command_encoder(&Default::default());
            {
                let mut pass = encoder.begin_compute_pass(&Default::default());
                pass.set_pipeline(&formula.pipeline);
                pass.set_bind_group(0, &formula.bindings, &[]);
                pass.dispatch_workgroups(count.div_ceil(WORKGROUP) as u32, 1, 1);
            }
            let bytes = 4 * count as u64;
            encoder.copy_buffer_to_buffer(&self.results, 0, &self.readable, 0, bytes);
            queue.submit([encoder.finish()]);
            self.readable
                .map_async(wgpu::MapMode::Read, ..bytes, move |mapped| {
                    // Nobody waits for it any more where wgpu has refused something else.
                    let _ = sender.send(mapped);
                });
        });
        submitted.map_err(Failure::Failed)?;
        Ok(Pending { answer })
    }

    /// Waits for what was submitted last.
    pub fn collect(&self, pending: &Pending, out: &mut [f32]) -> Result<(), Failure> {
        self.gpu.wait()?;
        let failed = |error: String| Failure::Failed(format!("the textbook formulas: {error}"));
        match pending.answer.try_recv() {
            Ok(mapped) => mapped.map_err(|error| failed(error.to_string()))?,
            Err(_) => return Err(failed("the device never answered".to_owned())),
        }
        {
            let view = self
                .readable
                .get_mapped_range(..4 * out.len() as u64)
                .map_err(|error| failed(error.to_string()))?;
            for (out, bytes) in out.iter_mut().zip(view.chunks_exact(4)) {
                *out = f32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
            }
        }
        self.readable.unmap();
        Ok(())
    }
}
