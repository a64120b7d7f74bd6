//! Data in host memory, on the fastest engine of the machine.

use nonlin::Activation;

fn main() -> nonlin::Result<()> {
    let engine = nonlin::engine()?;
    println!("{}", engine.description());

    let f: Activation = "leaky_relu(slope=0.1)".parse()?;
    let x = [-2.0, -0.5, 0.0, 3.0];
    let y = engine.forward(&f, &x)?;
    let dx = engine.backward(&f, &x, &[10.0, 10.0, 10.0, 10.0])?;
    println!("{f}: {x:?} -> {y:?}, gradient {dx:?}");

    assert_eq!(y, [-0.2, -0.05, 0.0, 3.0]);
    assert_eq!(dx, [1.0, 1.0, 1.0, 10.0]);
    Ok(())
}
