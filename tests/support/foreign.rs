//! The device of a program that owns wgpu, with what that program does beside.

use super::adapters::again;
use nonlin::Gpu;
use wgpu::BufferUsages;

/// A device that was asked for with default limits and no features.
pub struct Foreign {
    adapter: wgpu::Adapter,
    pub device: wgpu::Device,
    pub queue: wgpu::Queue,
    pub gpu: Gpu,
}

impl Foreign {
    pub fn new(gpu: &Gpu) -> Self {
        Self::with_limits(gpu, |_| {})
    }

    pub fn with_limits(gpu: &Gpu, change: impl FnOnce(&mut wgpu::Limits)) -> Self {
        Self::open(adapter(gpu), change)
    }

    /// A device on which invocations load together wherever they can.
    pub fn sharing(gpu: &Gpu) -> Self {
        let gpu = again(gpu).share_loads_from(1).build().unwrap();
        Self {
            adapter: adapter(&gpu),
            device: gpu.device().clone(),
            queue: gpu.queue().clone(),
            gpu,
        }
    }

    /// Another device of the same program.
    pub fn another(&self) -> Self {
        Self::open(self.adapter.clone(), |_| {})
    }

    fn open(adapter: wgpu::Adapter, change: impl FnOnce(&mut wgpu::Limits)) -> Self {
        let mut limits = wgpu::Limits::default().or_worse_values_from(&adapter.limits());
        change(&mut limits);
        let descriptor = wgpu::DeviceDescriptor {
            required_limits: limits,
            ..Default::default()
        };
        let (device, queue) = pollster::block_on(adapter.request_device(&descriptor)).unwrap();
        let gpu = Gpu::from_wgpu(adapter.get_info(), device.clone(), queue.clone()).unwrap();
        Self {
            adapter,
            device,
            queue,
            gpu,
        }
    }

    /// A buffer with these numbers.
    pub fn buffer(&self, numbers: &[f32]) -> wgpu::Buffer {
        let usage = BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST;
        self.buffer_for(numbers, usage)
    }

    pub fn buffer_for(&self, numbers: &[f32], usage: BufferUsages) -> wgpu::Buffer {
        let buffer = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: numbers.len() as u64 * 4,
            usage,
            mapped_at_creation: true,
        });
        let bytes: &[u8] = bytemuck::cast_slice(numbers);
        buffer
            .get_mapped_range_mut(..)
            .unwrap()
            .slice(..)
            .copy_from_slice(bytes);
        buffer.unmap();
        buffer
    }

    /// Records into one compute pass, and submits it.
    pub fn pass(&self, record: impl FnOnce(&mut wgpu::ComputePass<'_>)) {
        let mut encoder = self.device.create_command_encoder(&Default::default());
        record(&mut encoder.begin_compute_pass(&Default::default()));
        self.queue.submit([encoder.finish()]);
    }

    /// What a buffer holds.
    pub fn read(&self, buffer: &wgpu::Buffer) -> Vec<f32> {
        let copy = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: buffer.size(),
            usage: BufferUsages::MAP_READ | BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let mut encoder = self.device.create_command_encoder(&Default::default());
        encoder.copy_buffer_to_buffer(buffer, 0, &copy, 0, buffer.size());
        self.queue.submit([encoder.finish()]);
        copy.map_async(wgpu::MapMode::Read, .., |result| result.unwrap());
        self.device
            .poll(wgpu::PollType::wait_indefinitely())
            .unwrap();
        let numbers = bytemuck::cast_slice(&copy.get_mapped_range(..).unwrap()).to_vec();
        copy.unmap();
        numbers
    }

    /// The number of the queue's next submission, by submitting nothing.
    pub fn submission(&self) -> u64 {
        let index = format!("{:?}", self.queue.submit([]));
        let digits: String = index.chars().filter(char::is_ascii_digit).collect();
        digits.parse().unwrap()
    }

    /// A pipeline of the program's own: `to[i] = EXPRESSION` of `from[i]` and `i`.
    pub fn own_kernel(&self, expression: &str) -> wgpu::ComputePipeline {
        let source = format!(
            "@group(0) @binding(0) var<storage> source: array<f32>;
             @group(0) @binding(1) var<storage, read_write> target: array<f32>;
             @compute @workgroup_size(64)
             fn main(@builtin(global_invocation_id) id: vec3<u32>) {{
                 let i = id.x;
                 if i < arrayLength(&target) {{ target[i] = {expression}; }}
             }}"
        )
        .replace("target", "destination");
        let module = self
            .device
            .create_shader_module(wgpu::ShaderModuleDescriptor {
                label: None,
                source: wgpu::ShaderSource::Wgsl(source.into()),
            });
        self.device
            .create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: None,
                layout: None,
                module: &module,
                entry_point: Some("main"),
                compilation_options: Default::default(),
                cache: None,
            })
    }

    pub fn record_own(
        &self,
        pass: &mut wgpu::ComputePass<'_>,
        pipeline: &wgpu::ComputePipeline,
        from: &wgpu::Buffer,
        to: &wgpu::Buffer,
    ) {
        let group = self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &pipeline.get_bind_group_layout(0),
            entries: &[
                wgpu::BindGroupEntry {
                    binding: 0,
                    resource: from.as_entire_binding(),
                },
                wgpu::BindGroupEntry {
                    binding: 1,
                    resource: to.as_entire_binding(),
                },
            ],
        });
        pass.set_pipeline(pipeline);
        pass.set_bind_group(0, &group, &[]);
        pass.dispatch_workgroups((to.size() / 4).div_ceil(64) as u32, 1, 1);
    }
}

fn adapter(gpu: &Gpu) -> wgpu::Adapter {
    let backend = gpu.info().backend;
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
        backends: backend.into(),
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    });
    pollster::block_on(instance.enumerate_adapters(backend.into()))
        .into_iter()
        .find(|adapter| adapter.get_info().name == gpu.info().name)
        .unwrap()
}

/// Numbers whose products with powers of two, and whose sums, are exact.
pub fn numbers(count: usize, seed: usize) -> Vec<f32> {
    (0..count)
        .map(|i| ((i * 7919 + seed * 104_729) % 257) as f32 - 128.5)
        .collect()
}

pub fn assert_same(got: &[f32], want: &[f32], what: &str) {
    assert_eq!(got.len(), want.len(), "{what}: length");
    let differs = |(got, want): (&f32, &f32)| got.to_bits() != want.to_bits();
    if let Some(i) = got.iter().zip(want).position(differs) {
        let (got, want) = (got[i], want[i]);
        panic!("{what}: element {i} is {got:?}, want {want:?}");
    }
}
