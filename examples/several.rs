//! All adapters of the machine and its CPU share one slice, each as much as it is fast.

use nonlin::{Activation, Engine, Engines, cpu::Cpu};

/// Public so that a test can run it too.
pub fn main() -> nonlin::Result<()> {
    let engines = Engines::gpus()?.and(Cpu::new());
    let x: Vec<f32> = (0..4 << 20)
        .map(|i| (i % 2001 - 1000) as f32 * 0.01)
        .collect();
    let y = engines.forward(&Activation::gelu(), &x)?;

    for share in engines.shares() {
        let percent = 100.0 * share.elements as f64 / x.len() as f64;
        println!(
            "{percent:5.1} % in {:.3} s: {}",
            share.seconds, share.description
        );
    }
    assert_eq!(y[1000], 0.0);
    let done: u64 = engines.shares().iter().map(|share| share.elements).sum();
    assert_eq!(done, x.len() as u64);
    Ok(())
}
