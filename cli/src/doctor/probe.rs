//! Runs an expression of WGSL on an adapter.

use nonlin::{Error, Gpu};
use std::pin::pin;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};

/// The operands `a`, `b` and `c` of an expression.
pub type Operands = [f32; 3];

const FRAME: &str = include_str!("../../shaders/doctor/probe.wgsl");
/// Invocations of a workgroup in the frame.
const WORKGROUP: usize = 64;

/// The value of `expression` for each of the operands, as the adapter computes it; `functions` declares what it calls.
///
/// # Errors
/// In words: what wgpu or the driver refuses.
pub fn evaluate(
    gpu: &Gpu,
    functions: &str,
    expression: &str,
    operands: &[Operands],
) -> Result<Vec<f32>, String> {
    let source = FRAME
        .replace("//@functions", functions)
        .replace("//@expression", expression);
    let (sender, answer) = mpsc::channel();
    let results = scoped(gpu.device(), || {
        let results = submit(gpu, &source, operands);
        results.map_async(wgpu::MapMode::Read, .., move |mapped| {
            // Nobody waits for it any more where wgpu has refused something else.
            let _ = sender.send(mapped);
        });
        results
    })?;
    gpu.wait().map_err(|error: Error| error.to_string())?;
    match answer.try_recv() {
        Ok(mapped) => mapped.map_err(|error| error.to_string())?,
        Err(_) => return Err("the device never answered".to_owned()),
    }
    let view = results
        .get_mapped_range(..)
        .map_err(|error| error.to_string())?;
    Ok(view
        .chunks_exact(4)
        .map(|bytes| f32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
        .collect())
}

/// Compiles and runs the kernel, and gives the buffer that its results are copied to.
fn submit(gpu: &Gpu, source: &str, operands: &[Operands]) -> wgpu::Buffer {
    use wgpu::BufferUsages as Usages;
    let (device, queue) = (gpu.device(), gpu.queue());
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some("nonlin doctor"),
        source: wgpu::ShaderSource::Wgsl(source.into()),
    });
    let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some("nonlin doctor"),
        layout: None,
        module: &module,
        entry_point: Some("main"),
        compilation_options: Default::default(),
        cache: None,
    });
    let buffer = |bytes: usize, usage| {
        device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("nonlin doctor"),
            size: bytes as u64,
            usage,
            mapped_at_creation: false,
        })
    };
    let filled = |bytes: &[u8], usage| {
        let buffer = buffer(bytes.len(), usage | Usages::COPY_DST);
        queue.write_buffer(&buffer, 0, bytes);
        buffer
    };
    let params = [0, operands.len() as u32, 0, 0].map(u32::to_ne_bytes);
    let words: Vec<u8> = operands
        .iter()
        .flat_map(|&[a, b, c]| [a, b, c, 0.0])
        .flat_map(f32::to_ne_bytes)
        .collect();
    let bytes = operands.len() * 4;
    let results = buffer(bytes, Usages::STORAGE | Usages::COPY_SRC);
    let readable = buffer(bytes, Usages::MAP_READ | Usages::COPY_DST);
    let bound = [
        filled(params.as_flattened(), Usages::UNIFORM),
        filled(&words, Usages::STORAGE),
        results,
    ];
    let entries: Vec<_> = (0..)
        .zip(&bound)
        .map(|(binding, buffer)| wgpu::BindGroupEntry {
            binding,
            resource: buffer.as_entire_binding(),
        })
        .collect();
    let bind_group = device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: Some("nonlin doctor"),
        layout: &pipeline.get_bind_group_layout(0),
        entries: &entries,
    });
    let mut encoder = device.create_command_encoder(&Default::default());
    {
        let mut pass = encoder.begin_compute_pass(&Default::default());
        pass.set_pipeline(&pipeline);
        pass.set_bind_group(0, &bind_group, &[]);
        pass.dispatch_workgroups(operands.len().div_ceil(WORKGROUP) as u32, 1, 1);
    }
    encoder.copy_buffer_to_buffer(&bound[2], 0, &readable, 0, bytes as u64);
    queue.submit([encoder.finish()]);
    readable
}

/// Runs calls of wgpu, and turns the first that it refuses into words. Without the scopes wgpu would panic.
pub fn scoped<T>(device: &wgpu::Device, work: impl FnOnce() -> T) -> Result<T, String> {
    let scopes = [
        wgpu::ErrorFilter::Internal,
        wgpu::ErrorFilter::OutOfMemory,
        wgpu::ErrorFilter::Validation,
    ]
    .map(|filter| device.push_error_scope(filter));
    let value = work();
    let mut first = None;
    for scope in scopes.into_iter().rev() {
        // Outside browsers the answer is there at once.
        let caught = pin!(scope.pop()).poll(&mut Context::from_waker(Waker::noop()));
        if let Poll::Ready(Some(error)) = caught {
            first.get_or_insert(error);
        }
    }
    match first {
        None => Ok(value),
        Some(error) => {
            let text = error.to_string();
            Err(text.split_whitespace().collect::<Vec<_>>().join(" "))
        }
    }
}
