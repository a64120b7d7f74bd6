//! What recording makes and submits, and what stands beside it in a pass.

use crate::support::foreign::{Foreign, assert_same, numbers};
use nonlin::{Activation, Chain, Direction, Gpu, Tensor};

pub fn a_thousand_operations_in_one_pass_make_nothing(gpu: &Gpu) -> nonlin::Result<()> {
    let foreign = Foreign::new(gpu);
    let len = 1003;
    let (a, b) = (
        foreign.buffer(&numbers(len, 0)),
        foreign.buffer(&[0.0; 1003]),
    );
    let kernel = foreign.gpu.forward_kernel(Chain::new().offset(0.5))?;
    let before = foreign.submission();
    let idle = foreign.gpu.activity();
    let mut after_first = idle;
    foreign.pass(|pass| {
        for call in 0..1000 {
            let (from, to) = if call % 2 == 0 { (&a, &b) } else { (&b, &a) };
            kernel.record(pass, from.slice(..), to.slice(..)).unwrap();
            if call == 0 {
                after_first = foreign.gpu.activity();
            }
        }
        let now = foreign.gpu.activity();
        assert_eq!(now.submissions, idle.submissions);
        assert_eq!(now.buffers, after_first.buffers);
        assert_eq!(now.pipelines, after_first.pipelines);
        // One for each way between the two.
        assert_eq!(now.bind_groups, idle.bind_groups + 2);
    });
    // By the queue's own count: the program's pass, and the empty one that asks.
    assert_eq!(foreign.submission(), before + 2);
    let want: Vec<f32> = numbers(len, 0).iter().map(|x| x + 500.0).collect();
    assert_same(&foreign.read(&a), &want, "1000 operations");
    Ok(())
}

pub fn a_thousand_ranges_make_no_buffer_and_no_pipeline(gpu: &Gpu) -> nonlin::Result<()> {
    let foreign = Foreign::new(gpu);
    let len = 1000 * 64;
    let all = numbers(len, 1);
    let buffer = foreign.buffer(&all);
    let kernel = foreign.gpu.forward_kernel(Activation::relu())?;
    let range = |call: u64| buffer.slice(call * 256..call * 256 + 4 * (1 + call % 64));
    foreign.pass(|pass| {
        // Some lengths are multiples of 16, some of 4, and some of neither: the ways to reach memory.
        (0..16).for_each(|call| kernel.record(pass, range(call), range(call)).unwrap());
        let first = foreign.gpu.activity();
        (16..1000).for_each(|call| kernel.record(pass, range(call), range(call)).unwrap());
        let now = foreign.gpu.activity();
        assert_eq!(
            (now.submissions, now.buffers, now.pipelines),
            (first.submissions, first.buffers, first.pipelines)
        );
    });
    let want: Vec<f32> = all
        .iter()
        .enumerate()
        .map(|(i, &x)| {
            if i % 64 <= (i / 64) % 64 {
                x.max(0.0)
            } else {
                x
            }
        })
        .collect();
    assert_same(&foreign.read(&buffer), &want, "1000 ranges");
    Ok(())
}

pub fn the_programs_own_kernels_stand_beside(gpu: &Gpu) -> nonlin::Result<()> {
    let foreign = Foreign::new(gpu);
    let zeros = [0.0; 777];
    let [x, y, z] = [(); 3].map(|()| foreign.buffer(&zeros));
    let fill = foreign.own_kernel("source[i] + f32(i) - 300.0");
    let double = foreign.own_kernel("2.0 * source[i]");
    let relu = foreign.gpu.forward_kernel(Activation::relu())?;
    foreign.pass(|pass| {
        foreign.record_own(pass, &fill, &z, &x);
        relu.record(pass, x.slice(..), y.slice(..)).unwrap();
        foreign.record_own(pass, &double, &y, &z);
    });
    let want: Vec<f32> = (0..777)
        .map(|i| 2.0 * (i as f32 - 300.0).max(0.0))
        .collect();
    assert_same(
        &foreign.read(&z),
        &want,
        "between two kernels of the program's",
    );
    Ok(())
}

pub fn encoding_makes_a_pass_of_its_own(gpu: &Gpu) -> nonlin::Result<()> {
    let foreign = Foreign::new(gpu);
    let (xs, grads) = (numbers(301, 0), numbers(301, 1));
    let (x, grad) = (foreign.buffer(&xs), foreign.buffer(&grads));
    let y = foreign.gpu.empty(301)?;
    let mut encoder = foreign.device.create_command_encoder(&Default::default());
    let before = foreign.gpu.activity().submissions;
    let relu = Activation::relu();
    let this = &foreign.gpu;
    this.encode(
        &mut encoder,
        &relu,
        Direction::Forward,
        x.slice(..),
        None,
        &y,
    )?;
    let incoming = Some(grad.slice(..).into());
    this.encode(
        &mut encoder,
        &relu,
        Direction::Backward,
        x.slice(..),
        incoming,
        x.slice(..),
    )?;
    assert_eq!(foreign.gpu.activity().submissions, before);
    foreign.queue.submit([encoder.finish()]);
    let values: Vec<f32> = xs.iter().map(|x| x.max(0.0)).collect();
    assert_same(&y.download()?, &values, "forward");
    let gradients: Vec<f32> = xs
        .iter()
        .zip(&grads)
        .map(|(&x, &grad)| if x > 0.0 { grad } else { 0.0 })
        .collect();
    let got = foreign.read(&x);
    let equal = got.iter().zip(&gradients).all(|(got, want)| got == want);
    assert!(equal, "backward in place");
    Ok(())
}

/// Powers of two, so that products are exact.
fn factors(len: usize, seed: usize) -> Vec<f32> {
    (0..len)
        .map(|i| [0.5, 1.0, 2.0, -1.0][(i + seed) % 4])
        .collect()
}

fn layer(operands: &[Tensor]) -> Chain<'static> {
    let chain = Chain::from(Activation::LeakyRelu { slope: 0.25 });
    operands
        .iter()
        .fold(chain, |chain, operand| chain.mul(operand))
}

pub fn six_operands_fit_a_device_of_default_limits(gpu: &Gpu) -> nonlin::Result<()> {
    let foreign = Foreign::with_limits(gpu, |limits| {
        limits.max_storage_buffers_per_shader_stage = 8;
    });
    let len = 1001;
    let (xs, grads) = (numbers(len, 0), numbers(len, 1));
    let all: Vec<Vec<f32>> = (0..6).map(|seed| factors(len, seed)).collect();
    let tensors = all
        .iter()
        .map(|factors| foreign.gpu.upload(factors))
        .collect::<Result<Vec<_>, _>>()?;
    let chain = layer(&tensors);
    let product = |i: usize| all.iter().map(|factors| factors[i]).product::<f32>();
    let slope = |x: f32| if x > 0.0 { 1.0 } else { 0.25 };
    let (x, grad) = (foreign.buffer(&xs), foreign.buffer(&grads));
    let y = foreign.buffer(&vec![0.0; len]);
    let forward = foreign.gpu.forward_kernel(&chain)?;
    foreign.pass(|pass| forward.record(pass, x.slice(..), y.slice(..)).unwrap());
    let want: Vec<f32> = (0..len)
        .map(|i| xs[i] * slope(xs[i]) * product(i))
        .collect();
    assert_same(&foreign.read(&y), &want, "8 buffers forward");

    let backward = foreign.gpu.backward_kernel(&chain)?;
    foreign.pass(|pass| {
        let [x, y, grad] = [&x, &y, &grad].map(|buffer| buffer.slice(..));
        let error = backward.record_backward(pass, x, grad, y).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("9 buffers, the device allows 8"), "{text}");
        // In place it needs one fewer.
        backward.record_backward(pass, x, grad, grad).unwrap();
    });
    let want: Vec<f32> = (0..len)
        .map(|i| grads[i] * slope(xs[i]) * product(i))
        .collect();
    assert_same(&foreign.read(&grad), &want, "8 buffers backward in place");
    Ok(())
}

pub fn gradients_take_several_kernels_where_one_binds_too_much(gpu: &Gpu) -> nonlin::Result<()> {
    let foreign = Foreign::with_limits(gpu, |limits| {
        limits.max_storage_buffers_per_shader_stage = 8;
    });
    let len = 1001;
    let (xs, grads) = (numbers(len, 0), numbers(len, 1));
    let all: Vec<Vec<f32>> = (0..4).map(|seed| factors(len, seed)).collect();
    let tensors = all
        .iter()
        .map(|factors| foreign.gpu.upload(factors))
        .collect::<Result<Vec<_>, _>>()?;
    let kernel = foreign
        .gpu
        .gradients_kernel(layer(&tensors), &[2, 0, 3, 1])?;
    let (x, grad) = (foreign.buffer(&xs), foreign.buffer(&grads));
    let into: Vec<wgpu::Buffer> = (0..4).map(|_| foreign.buffer(&vec![0.0; len])).collect();
    let before = foreign.gpu.activity().submissions;
    foreign.pass(|pass| {
        let spans: Vec<_> = into.iter().map(|buffer| buffer.slice(..).into()).collect();
        let (x, grad) = (x.slice(..), grad.slice(..));
        kernel.record(pass, x, grad, grad, &spans).unwrap();
    });
    assert_eq!(foreign.gpu.activity().submissions, before);
    let leaky = |x: f32| if x > 0.0 { x } else { 0.25 * x };
    for (&k, buffer) in [2, 0, 3, 1].iter().zip(&into) {
        let want: Vec<f32> = (0..len)
            .map(|i| {
                let others = (0..4)
                    .filter(|&other| other != k)
                    .map(|other| all[other][i]);
                grads[i] * leaky(xs[i]) * others.product::<f32>()
            })
            .collect();
        assert_same(
            &foreign.read(buffer),
            &want,
            &format!("gradient of operand {k}"),
        );
    }
    Ok(())
}

pub fn a_buffer_is_a_tensor_and_a_tensor_a_buffer(gpu: &Gpu) -> nonlin::Result<()> {
    let foreign = Foreign::new(gpu);
    let mut image = numbers(2000, 0);
    let buffer = foreign.buffer(&image);
    for (start, len) in [(1, 7), (64, 64), (131, 257), (700, 1000)] {
        let bytes = start as u64 * 4..(start + len) as u64 * 4;
        let tensor = Tensor::from_buffer(&foreign.gpu, buffer.slice(bytes.clone()))?;
        assert_eq!(tensor.len(), len);
        let back = tensor.buffer().unwrap();
        assert_eq!(
            (back.offset(), back.size(), back.buffer()),
            (bytes.start, len as u64 * 4, &buffer)
        );
        let range = start..start + len;
        assert_same(&tensor.download()?, &image[range.clone()], "a download");
        let new = numbers(len, 5);
        foreign.gpu.upload_into(&new, &tensor)?;
        image[range.clone()].copy_from_slice(&new);
        assert_same(&foreign.read(&buffer), &image, "an upload");
        foreign
            .gpu
            .forward_in_place(Chain::new().scale(0.5).residual(), &tensor)?;
        image[range.clone()].iter_mut().for_each(|x| *x *= 1.5);
        let y = foreign.gpu.forward(Chain::new().mul(&tensor), &tensor)?;
        let squares: Vec<f32> = image[range].iter().map(|x| x * x).collect();
        assert_same(&y.download()?, &squares, "a product");
        assert_same(&foreign.read(&buffer), &image, "an operation in place");
        // And the other way, into a pass.
        let relu = foreign.gpu.forward_kernel(Activation::relu())?;
        foreign.pass(|pass| {
            relu.record(pass, y.buffer().unwrap(), &tensor).unwrap();
        });
        image[start..start + len].copy_from_slice(&squares);
        assert_same(&foreign.read(&buffer), &image, "a pass");
        image[start..start + len].copy_from_slice(&numbers(len, 6));
        foreign.gpu.upload_into(&numbers(len, 6), &tensor)?;
    }
    Ok(())
}

pub fn scratch_of_a_recorded_pass_is_nobodys_tensor(gpu: &Gpu) -> nonlin::Result<()> {
    let foreign = Foreign::new(gpu);
    let len = 4096;
    let (x, grad) = (
        foreign.buffer(&numbers(len, 0)),
        foreign.buffer(&numbers(len, 1)),
    );
    let bias = foreign.gpu.upload(&numbers(64, 2))?;
    let chain = Chain::new().mul_row(&bias);
    let kernel = foreign.gpu.gradients_kernel(&chain, &[0])?;
    let (dx, sums) = (foreign.buffer(&vec![0.0; len]), foreign.buffer(&[0.0; 64]));
    let mut encoder = foreign.device.create_command_encoder(&Default::default());
    {
        let mut pass = encoder.begin_compute_pass(&Default::default());
        let sums = [sums.slice(..).into()];
        kernel.record(&mut pass, x.slice(..), grad.slice(..), dx.slice(..), &sums)?;
    }
    // Of the sizes that the pass has scratch memory of.
    let tensors = [len, 64, 16, 1024, len]
        .iter()
        .map(|&len| foreign.gpu.upload(&numbers(len, 9)))
        .collect::<Result<Vec<_>, _>>()?;
    foreign.queue.submit([encoder.finish()]);
    for tensor in &tensors {
        assert_same(&tensor.download()?, &numbers(tensor.len(), 9), "a tensor");
    }
    Ok(())
}
