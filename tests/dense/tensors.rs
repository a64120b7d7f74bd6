//! Claims about layers over tensors.

use super::case::integers;
use crate::support::adapters::again;
use nonlin::cpu::Cpu;
use nonlin::dense::{Dense, DenseEngine, DenseGradients, Wanted};
use nonlin::{Activation, Chain, Error, Gpu, Tensor};

/// Tensors that begin anywhere in one buffer, results among them.
pub fn ranges_of_one_buffer_are_layers_too(gpu: &Gpu) -> nonlin::Result<()> {
    let (batch, inputs, outputs) = (5, 3, 7);
    let lens = [
        batch * inputs,
        inputs * outputs,
        outputs,
        batch * outputs,
        batch * outputs,
        batch * inputs,
        inputs * outputs,
        outputs,
    ];
    let usage =
        wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST;
    let buffer = gpu.device().create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: 4096,
        usage,
        mapped_at_creation: false,
    });
    let mut start = 4;
    let mut ranges = Vec::new();
    for len in lens {
        let bytes = len as u64 * 4;
        ranges.push(Tensor::from_buffer(
            gpu,
            buffer.slice(start..start + bytes),
        )?);
        // One number between two of them, which nobody may touch.
        start += bytes + 4;
    }
    let everything = Tensor::from_buffer(gpu, buffer.slice(..))?;
    gpu.upload_into(&vec![-77.0; 1024], &everything)?;
    let numbers: Vec<Vec<f32>> = lens[..4].iter().map(|&len| integers(len, len)).collect();
    for (numbers, range) in numbers.iter().zip(&ranges) {
        gpu.upload_into(numbers, range)?;
    }
    let layer = Dense::new(inputs, outputs).then(Activation::relu());
    let [x, weights, bias, grad, y, dx, dw, db] = [0, 1, 2, 3, 4, 5, 6, 7].map(|i| &ranges[i]);
    gpu.dense_into(&layer, x, weights, Some(bias), y)?;
    let into = DenseGradients {
        x: Some(dx),
        weights: Some(dw),
        bias: Some(db),
    };
    gpu.dense_backward_into(&layer, x, weights, Some(bias), grad, into)?;
    let [x, w, b, g] = [0, 1, 2, 3].map(|i| &numbers[i][..]);
    let cpu = Cpu::new();
    assert_eq!(y.download()?, cpu.dense(&layer, x, w, Some(b))?);
    let want = cpu.dense_backward(&layer, x, w, Some(b), g, Wanted::ALL)?;
    assert_eq!(Some(dx.download()?), want.x);
    assert_eq!(Some(dw.download()?), want.weights);
    assert_eq!(Some(db.download()?), want.bias);
    let untouched = everything.download()?;
    let mut place = 0;
    for len in lens {
        assert_eq!(untouched[place], -77.0, "before element {}", place + 1);
        place += len + 1;
    }
    assert!(untouched[place..].iter().all(|&v| v == -77.0));
    Ok(())
}

pub fn results_over_inputs_are_refused(gpu: &Gpu) -> nonlin::Result<()> {
    let layer = Dense::new(4, 4);
    let [x, weights, y] = [
        gpu.upload(&[1.0; 16])?,
        gpu.upload(&[1.0; 16])?,
        gpu.empty(16)?,
    ];
    for into in [&x, &weights] {
        let refused = gpu.dense_into(&layer, &x, &weights, None, into);
        assert!(matches!(refused, Err(Error::Overlap { .. })), "{refused:?}");
    }
    let operand = Dense::new(4, 4).then(Chain::new().add(&y));
    let refused = gpu.dense_into(&operand, &x, &weights, None, &y);
    assert!(matches!(refused, Err(Error::Overlap { .. })), "{refused:?}");
    let twice = DenseGradients {
        x: Some(&y),
        weights: Some(&y),
        bias: None,
    };
    let grad = gpu.upload(&[1.0; 16])?;
    let refused = gpu.dense_backward_into(&layer, &x, &weights, None, &grad, twice);
    assert!(matches!(refused, Err(Error::Overlap { .. })), "{refused:?}");
    Ok(())
}

pub fn one_network_is_one_batch(gpu: &Gpu) -> nonlin::Result<()> {
    let layer = Dense::new(4, 4).then(Activation::relu());
    let [x, weights] = [16, 16].map(|len| gpu.upload(&integers(len, 3)));
    let (x, weights) = (x?, weights?);
    let before = gpu.activity().submissions;
    let y = gpu.batch(|batch| {
        let hidden = batch.dense(&layer, &x, &weights, None)?;
        batch.dense(&layer, &hidden, &weights, None)
    })?;
    assert_eq!(gpu.activity().submissions - before, 1);
    let hidden = gpu.dense(&layer, &x, &weights, None)?;
    let want = gpu.dense(&layer, &hidden, &weights, None)?;
    assert_eq!(y.download()?, want.download()?);
    Ok(())
}

pub fn the_function_is_in_the_kernel_of_the_product(gpu: &Gpu) -> nonlin::Result<()> {
    let f = Chain::new().then(Activation::gelu()).scale(0.5).residual();
    let layer = Dense::new(4, 4).then(&f);
    let tensor = gpu.upload(&integers(16, 3))?;
    gpu.dense(&layer, &tensor, &tensor, None)?;
    let before = gpu.compiled_kernels();
    gpu.dense(&layer, &tensor, &tensor, None)?;
    assert_eq!(gpu.compiled_kernels(), before);
    let other = f.offset(1.0).then(Activation::mish());
    gpu.dense(&Dense::new(4, 4).then(other), &tensor, &tensor, None)?;
    assert_eq!(gpu.compiled_kernels(), before + 1);
    Ok(())
}

pub fn a_matrix_has_to_fit_one_binding(gpu: &Gpu) -> nonlin::Result<()> {
    let gpu = again(gpu).max_chunk_bytes(64 * 4).build()?;
    let layer = Dense::new(8, 9);
    // The weights are 72 numbers.
    let refused = gpu.dense(&layer, &gpu.empty(8)?, &gpu.empty(72)?, None);
    match refused {
        Err(Error::InvalidDense { reason }) => {
            for part in ["the weights", "72", "64"] {
                assert!(reason.contains(part), "{reason}");
            }
        }
        other => panic!("{other:?}"),
    }
    // 64 are no more than fit.
    let layer = Dense::new(8, 8);
    let (x, weights) = (integers(64, 1), integers(64, 2));
    let y = gpu.dense(&layer, &gpu.upload(&x)?, &gpu.upload(&weights)?, None)?;
    assert_eq!(y.download()?, Cpu::new().dense(&layer, &x, &weights, None)?);
    Ok(())
}

pub fn a_product_may_take_several_rows_of_groups(gpu: &Gpu) -> nonlin::Result<()> {
    let gpu = again(gpu).max_groups(2).build()?;
    for (batch, outputs) in [(70, 57), (4000, 1), (1, 4000)] {
        let layer = Dense::new(1, outputs);
        let (x, weights) = (integers(batch, 1), integers(outputs, 2));
        let y = gpu.dense(&layer, &gpu.upload(&x)?, &gpu.upload(&weights)?, None)?;
        let want = Cpu::new().dense(&layer, &x, &weights, None)?;
        assert_eq!(y.download()?, want, "{batch} × {outputs}");
    }
    Ok(())
}

pub fn custom_functions_follow_a_product(gpu: &Gpu) -> nonlin::Result<()> {
    let text = "fn thrice(x: f32, p: vec4<f32>) -> f32 { return 3.0 * x + p.x; }
        fn thrice_derivative(x: f32, p: vec4<f32>) -> f32 { return 3.0; }";
    let f = Activation::custom("thrice", text, &[2.0])?;
    let layer = Dense::new(2, 3).then(f).then(Activation::relu());
    let x = gpu.upload(&[1.0, 2.0, -1.0, 0.0])?;
    let weights = gpu.upload(&[1.0, 0.0, 0.0, 1.0, 1.0, 1.0])?;
    let y = gpu.dense(&layer, &x, &weights, None)?.download()?;
    assert_eq!(y, [5.0, 8.0, 11.0, 0.0, 2.0, 0.0]);
    let grad = gpu.upload(&[1.0; 6])?;
    let found = gpu.dense_backward(&layer, &x, &weights, None, &grad, Wanted::X)?;
    let dx = found.x.map(|dx| dx.download()).transpose()?;
    assert_eq!(dx, Some(vec![6.0, 6.0, 0.0, 3.0]));
    Ok(())
}
