//! The gate of a transformer's feed-forward layer, forward and backward: rows that hold `gate` and `up` side by side.

use nonlin::Gpu;
use nonlin::cpu::Cpu;
use nonlin::rows::{GateEngine, Glu};

fn main() -> nonlin::Result<()> {
    let (rows, hidden) = (4, 6);
    let x: Vec<f32> = (0..rows * 2 * hidden)
        .map(|i| (i % 7) as f32 - 3.0)
        .collect();
    let f = Glu::swiglu();

    let gpu = Gpu::new()?;
    let gate_up = gpu.upload(&x)?;
    // Both in one submission.
    let (y, dx) = gpu.batch(|batch| {
        let y = batch.glu(&f, &gate_up, 2 * hidden)?;
        let dx = batch.glu_backward(&f, &gate_up, 2 * hidden, &y)?;
        Ok((y, dx))
    })?;
    println!("{}: {:?}", gpu.info(), &y.download()?[..hidden]);

    let cpu = Cpu::new();
    let want = cpu.glu(&f, &x, 2 * hidden)?;
    let close = |got: &[f32], want: &[f32]| {
        let mut pairs = got.iter().zip(want);
        got.len() == want.len() && pairs.all(|(a, b)| (a - b).abs() <= 1e-5 * (1.0 + b.abs()))
    };
    assert!(close(&y.download()?, &want));
    assert!(close(
        &dx.download()?,
        &cpu.glu_backward(&f, &x, 2 * hidden, &want)?
    ));
    Ok(())
}
