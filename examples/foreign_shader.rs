//! The crate's functions in a shader of one's own: each invocation computes gelu of a dot product, in one pass.

use nonlin::{Activation, Gpu, wgsl};
use wgpu::util::{BufferInitDescriptor, DeviceExt};

/// The program's own shader; `nonlin_gelu_forward` comes from the crate.
const LAYER: &str = "
    struct Params {
        // Never written: the zero that the crate's mathematics hides numbers with.
        zero: u32,
        columns: u32,
    }
    @group(0) @binding(0) var<uniform> params: Params;
    @group(0) @binding(1) var<storage, read> weights: array<f32>;
    @group(0) @binding(2) var<storage, read> input: array<f32>;
    @group(0) @binding(3) var<storage, read_write> output: array<f32>;

    @compute @workgroup_size(64)
    fn layer(@builtin(global_invocation_id) id: vec3<u32>) {
        let row = id.x;
        if row >= arrayLength(&output) {
            return;
        }
        var sum = 0.0;
        for (var column = 0u; column < params.columns; column++) {
            sum += weights[row * params.columns + column] * input[column];
        }
        output[row] = nonlin_gelu_forward(sum);
    }";

/// Public so that a test can run it too.
pub fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Any device will do: this crate finds one.
    let gpu = Gpu::new()?;
    let (device, queue) = (gpu.device(), gpu.queue());

    let functions = wgsl::Source::new(&[Activation::gelu()])
        .zero("params.zero")
        .build()?;
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some("layer"),
        source: wgpu::ShaderSource::Wgsl(format!("{functions}{LAYER}").into()),
    });
    let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some("layer"),
        layout: None,
        module: &module,
        entry_point: Some("layer"),
        compilation_options: Default::default(),
        cache: None,
    });

    let buffer = |bytes: &[u8], usage| {
        device.create_buffer_init(&BufferInitDescriptor {
            label: None,
            contents: bytes,
            usage,
        })
    };
    let storage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC;
    let floats = |values: &[f32]| buffer(bytemuck::cast_slice(values), storage);
    let params: [u32; 4] = [0, 2, 0, 0];
    let params = buffer(bytemuck::cast_slice(&params), wgpu::BufferUsages::UNIFORM);
    let weights = floats(&[1.0, 0.0, 0.5, 0.25, -1.0, -0.5]);
    let input = floats(&[1.0, 2.0]);
    let output = floats(&[0.0; 3]);
    let buffers = [&params, &weights, &input, &output];
    let entries: Vec<_> = (0..)
        .zip(buffers)
        .map(|(binding, buffer)| wgpu::BindGroupEntry {
            binding,
            resource: buffer.as_entire_binding(),
        })
        .collect();
    let bind_group = device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: None,
        layout: &pipeline.get_bind_group_layout(0),
        entries: &entries,
    });

    let readable = device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: output.size(),
        usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
        mapped_at_creation: false,
    });
    let mut encoder = device.create_command_encoder(&Default::default());
    {
        let mut pass = encoder.begin_compute_pass(&Default::default());
        pass.set_pipeline(&pipeline);
        pass.set_bind_group(0, &bind_group, &[]);
        pass.dispatch_workgroups(1, 1, 1);
    }
    encoder.copy_buffer_to_buffer(&output, 0, &readable, 0, output.size());
    queue.submit([encoder.finish()]);
    readable.map_async(wgpu::MapMode::Read, .., |result| {
        result.expect("the buffer can be read")
    });
    device.poll(wgpu::PollType::wait_indefinitely())?;
    let mapped = readable.get_mapped_range(..)?;
    let y: Vec<f32> = bytemuck::cast_slice(&mapped).to_vec();
    println!("gelu of the dot products: {y:?}");

    // gelu(1), gelu(1), gelu(-2)
    assert!((y[0] - 0.841_344_7).abs() < 1e-6 && y[1] == y[0]);
    assert!((y[2] + 0.045_500_26).abs() < 1e-7);
    Ok(())
}
