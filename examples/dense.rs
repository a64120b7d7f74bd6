//! A layer of a small network learns by gradient descent: tanh(x·Wᵀ + b), all of it in the memory of the GPU.
//!
//! ```sh
//! cargo run --example dense
//! ```

use nonlin::dense::{Dense, Wanted};
use nonlin::{Activation, Chain, Gpu, Operand, Result};

/// Public so that a test can run it too.
pub fn main() -> Result<()> {
    let gpu = Gpu::new()?;
    println!("on {}", gpu.info());
    let layer = Dense::new(2, 1).then(Activation::tanh());
    // Four cases: is one of the inputs on?
    let x = gpu.upload(&[0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0])?;
    let wanted = gpu.upload(&[-0.9, 0.9, 0.9, 0.9])?;
    let weights = gpu.upload(&[0.1, -0.1])?;
    let bias = gpu.upload(&[0.0])?;

    let mut losses = Vec::new();
    for step in 0..200 {
        let y = gpu.dense(&layer, &x, &weights, Some(&bias))?;
        // The gradient of the loss Σ (y - wanted)² / 2.
        let grad = gpu.forward(Chain::new().sub(Operand::full(&wanted)), &y)?;
        let found =
            gpu.dense_backward(&layer, &x, &weights, Some(&bias), &grad, Wanted::PARAMETERS)?;
        for (numbers, gradient) in [(&weights, found.weights), (&bias, found.bias)] {
            let Some(gradient) = gradient else { continue };
            // numbers - 0.2 · gradient
            let descent = Chain::new().scale(-0.2).add(Operand::full(numbers));
            gpu.forward_into(descent, &gradient, numbers)?;
        }
        let errors = grad.download()?;
        let loss = errors.iter().map(|error| error * error / 2.0).sum::<f32>();
        if step % 50 == 0 {
            println!("step {step}: loss {loss}");
        }
        losses.push(loss);
    }
    let y = gpu.dense(&layer, &x, &weights, Some(&bias))?.download()?;
    println!("{y:?}");
    assert!(y[0] < -0.7 && y[1..].iter().all(|&y| y > 0.7), "{y:?}");
    assert!(losses[199] < 0.02 * losses[0]);
    Ok(())
}
