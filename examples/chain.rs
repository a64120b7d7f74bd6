//! A layer `gelu(x·0.5 + bias) · gate` in one kernel, forward and backward, with the gradients of bias and gate.

use nonlin::{Activation, Chain, Gpu};

/// Public so that a test can run it too.
pub fn main() -> nonlin::Result<()> {
    let gpu = Gpu::new()?;
    // Two rows of three columns; one bias a column, one gate an element.
    let x = gpu.upload(&[-2.0, 0.0, 2.0, 4.0, 0.0, -4.0])?;
    let bias = gpu.upload(&[1.0, 0.0, -1.0])?;
    let gate = gpu.upload(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])?;
    let layer = Chain::new()
        .scale(0.5)
        .add_row(&bias)
        .then(Activation::gelu())
        .mul(&gate);

    let y = gpu.forward(&layer, &x)?.download()?;
    let grad = gpu.upload(&[1.0; 6])?;
    let gradients = gpu.gradients(&layer, &x, &grad, &[0, 1])?;
    let (dx, dbias) = (
        gradients.input.download()?,
        gradients.operands[0].download()?,
    );
    println!("{layer}: {y:?}, gradient {dx:?}, of the bias {dbias:?}");

    assert_eq!(y[..3], [0.0; 3]); // gelu(0) each
    assert_eq!(dx[..3], [0.25, 0.5, 0.75]); // gelu'(0) = 0.5, times scale and gate
    assert_eq!(dbias[1], 0.5 * 2.0 + 0.5 * 5.0); // summed over the rows
    assert_eq!(gradients.operands[1].len(), gate.len());
    Ok(())
}
