//! A row of logits becomes probabilities, and the gradient of the cross entropy comes back: `cargo run --example softmax`.

use nonlin::cpu::Cpu;
use nonlin::rows::{Softmax, SoftmaxEngine};

/// Public so that a test can run it too.
pub fn main() -> nonlin::Result<()> {
    let logits = [1.0, 2.0, 3.0, 1000.0, 0.0, f32::NEG_INFINITY];
    let (columns, classes) = (3, [2, 0]);
    let cpu = Cpu::new();

    let y = cpu.softmax(&Softmax::softmax(), &logits, columns)?;
    println!("probabilities: {y:?}");

    // The loss is minus the logarithm of each row's probability of its class.
    let f = Softmax::log_softmax();
    let log_y = cpu.softmax(&f, &logits, columns)?;
    let mut grad = vec![0.0; logits.len()];
    for (row, class) in classes.into_iter().enumerate() {
        grad[row * columns + class] = -1.0;
    }
    let dx = cpu.softmax_backward(&f, &log_y, &grad, columns)?;
    println!("gradient of the loss: {dx:?}");
    for (i, (dx, y)) in dx.iter().zip(&y).enumerate() {
        // The well-known short form: the probability, minus 1 for the class.
        assert!((dx - (y + grad[i])).abs() < 1e-6);
    }
    Ok(())
}
