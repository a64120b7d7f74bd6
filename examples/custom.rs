//! An activation of one's own, written in WGSL: `x·exp(-p.x·x²)`, with its derivative checked before it is used.

use nonlin::{Activation, Gpu};

const BUMP: &str = "
    fn bump(x: f32, p: vec4<f32>) -> f32 {
        return x * exp_any(-p.x * x * x);
    }

    fn bump_derivative(x: f32, p: vec4<f32>) -> f32 {
        return (1.0 - 2.0 * p.x * x * x) * exp_any(-p.x * x * x);
    }";

/// Public so that a test can run it too.
pub fn main() -> nonlin::Result<()> {
    let gpu = Gpu::new()?;
    let bump = Activation::custom("bump", BUMP, &[0.5])?;
    let report = gpu.check_derivative(&bump)?.into_result()?;
    println!("{report}");

    let x = gpu.upload(&[-1.0, 0.0, 1.0])?;
    let grad = gpu.upload(&[2.0, 2.0, 2.0])?;
    let y = gpu.forward(&bump, &x)?.download()?;
    let dx = gpu.backward(&bump, &x, &grad)?.download()?;
    println!("{bump}: {y:?}, gradient {dx:?}");

    assert!((y[2] - 0.606_530_7).abs() < 1e-6 && y[0] == -y[2]);
    assert_eq!(dx, [0.0, 2.0, 0.0]);
    Ok(())
}
