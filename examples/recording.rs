//! A kernel of this crate in a compute pass of a program that owns wgpu, behind a kernel of the program's own, on the program's buffers.

use nonlin::{Activation, Gpu};

const FILL: &str = "
    @group(0) @binding(0) var<storage, read_write> x: array<f32>;
    @compute @workgroup_size(8)
    fn fill(@builtin(global_invocation_id) id: vec3<u32>) { x[id.x] = f32(id.x) - 4.0; }";

/// Public so that a test can run it too.
pub fn main() -> nonlin::Result<()> {
    // What such a program has: a device and a queue, a pipeline, a buffer. `Gpu::from_wgpu` takes any device of default limits.
    let (info, device, queue) = open();
    let source = wgpu::ShaderSource::Wgsl(FILL.into());
    let descriptor = wgpu::ShaderModuleDescriptor {
        label: None,
        source,
    };
    let fill = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: None,
        layout: None,
        module: &device.create_shader_module(descriptor),
        entry_point: None,
        compilation_options: Default::default(),
        cache: None,
    });
    let x = device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: 8 * 4,
        usage: wgpu::BufferUsages::STORAGE,
        mapped_at_creation: false,
    });
    let group = device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: None,
        layout: &fill.get_bind_group_layout(0),
        entries: &[wgpu::BindGroupEntry {
            binding: 0,
            resource: x.as_entire_binding(),
        }],
    });

    let gpu = Gpu::from_wgpu(info, device.clone(), queue.clone())?;
    let relu = gpu.forward_kernel(Activation::relu())?;
    let y = gpu.empty(5)?;
    let mut encoder = device.create_command_encoder(&Default::default());
    {
        let mut pass = encoder.begin_compute_pass(&Default::default());
        pass.set_pipeline(&fill);
        pass.set_bind_group(0, &group, &[]);
        pass.dispatch_workgroups(1, 1, 1);
        // Elements 3 to 7: any multiple of 4 bytes will do.
        relu.record(&mut pass, x.slice(12..32), &y)?;
    }
    queue.submit([encoder.finish()]);

    assert_eq!(y.download()?, [0.0, 0.0, 1.0, 2.0, 3.0]);
    Ok(())
}

fn open() -> (wgpu::AdapterInfo, wgpu::Device, wgpu::Queue) {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
    let adapter = pollster::block_on(instance.request_adapter(&Default::default()));
    let adapter = adapter.expect("the machine has an adapter");
    let required_limits = wgpu::Limits::default().or_worse_values_from(&adapter.limits());
    let descriptor = wgpu::DeviceDescriptor {
        required_limits,
        ..Default::default()
    };
    let (device, queue) = pollster::block_on(adapter.request_device(&descriptor))
        .expect("the adapter gives a device");
    (adapter.get_info(), device, queue)
}
