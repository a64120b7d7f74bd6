//! Data that stays on the GPU between a forward and a backward pass.

use nonlin::{Activation, Gpu};

/// Public so that a test can run it too.
pub fn main() -> nonlin::Result<()> {
    let gpu = Gpu::new()?;
    println!("{}", gpu.info());

    let x = gpu.upload(&[-1.0, 0.0, 1.0])?;
    let grad = gpu.upload(&[2.0, 2.0, 2.0])?;
    let y = gpu.forward(Activation::gelu(), &x)?;
    let dx = gpu.backward(Activation::gelu(), &x, &grad)?;
    let (y, dx) = (y.download()?, dx.download()?);
    println!("gelu: {y:?}, gradient {dx:?}");

    assert!((y[2] - 0.841_344_7).abs() < 1e-6);
    assert_eq!(dx[1], 1.0);
    Ok(())
}
