//! [`Engine`]: what the GPU and the CPU both offer to a program that holds its data in host memory.

use crate::{Activation, Direction, Error, Gpu, Result, cpu::Cpu};

/// Computes activations and their derivatives over slices in host memory.
///
/// [`Gpu`] and [`Cpu`] implement it, so one program, and one test-suite, runs on either. Every method works element by
/// element and takes slices of any length, 0 included.
///
/// ```
/// use nonlin::{Activation, Engine};
/// let engine = nonlin::engine()?;
/// let y = engine.forward(&Activation::relu(), &[-1.0, 0.5])?;
/// assert_eq!(y, [0.0, 0.5]);
/// # Ok::<(), nonlin::Error>(())
/// ```
pub trait Engine: Send + Sync {
    /// What computes, in words: the adapter with its driver, or the CPU's instruction set with its threads.
    fn description(&self) -> String;

    /// Computes `direction` of `f` into `out`. `x` holds the inputs, or for the directions from the output `f`'s outputs;
    /// `grad` is given for the backward directions and for them only.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] when the slices differ in length, [`Error::NoDerivativeFromOutput`], a parameter out of its
    /// range, and whatever the device reports.
    fn compute(
        &self,
        f: &Activation,
        direction: Direction,
        x: &[f32],
        grad: Option<&[f32]>,
        out: &mut [f32],
    ) -> Result<()>;

    /// As [`compute`](Self::compute) without a gradient, with the result in the place of the operand.
    ///
    /// # Errors
    /// As [`compute`](Self::compute).
    fn compute_in_place(&self, f: &Activation, direction: Direction, x: &mut [f32]) -> Result<()>;

    /// `f(x)`.
    ///
    /// # Errors
    /// As [`compute`](Self::compute).
    fn forward(&self, f: &Activation, x: &[f32]) -> Result<Vec<f32>> {
        let mut y = vec![0.0; x.len()];
        self.forward_into(f, x, &mut y)?;
        Ok(y)
    }

    /// `f(x)` into `y`.
    ///
    /// # Errors
    /// As [`compute`](Self::compute).
    fn forward_into(&self, f: &Activation, x: &[f32], y: &mut [f32]) -> Result<()> {
        self.compute(f, Direction::Forward, x, None, y)
    }

    /// `f(x)` in the place of `x`.
    ///
    /// # Errors
    /// As [`compute`](Self::compute).
    fn forward_in_place(&self, f: &Activation, x: &mut [f32]) -> Result<()> {
        self.compute_in_place(f, Direction::Forward, x)
    }

    /// `f'(x)`.
    ///
    /// # Errors
    /// As [`compute`](Self::compute).
    fn derivative(&self, f: &Activation, x: &[f32]) -> Result<Vec<f32>> {
        let mut out = vec![0.0; x.len()];
        self.derivative_into(f, x, &mut out)?;
        Ok(out)
    }

    /// `f'(x)` into `out`.
    ///
    /// # Errors
    /// As [`compute`](Self::compute).
    fn derivative_into(&self, f: &Activation, x: &[f32], out: &mut [f32]) -> Result<()> {
        self.compute(f, Direction::Derivative, x, None, out)
    }

    /// `f'(x)` in the place of `x`.
    ///
    /// # Errors
    /// As [`compute`](Self::compute).
    fn derivative_in_place(&self, f: &Activation, x: &mut [f32]) -> Result<()> {
        self.compute_in_place(f, Direction::Derivative, x)
    }

    /// `grad * f'(x)`.
    ///
    /// # Errors
    /// As [`compute`](Self::compute).
    fn backward(&self, f: &Activation, x: &[f32], grad: &[f32]) -> Result<Vec<f32>> {
        let mut dx = vec![0.0; x.len()];
        self.backward_into(f, x, grad, &mut dx)?;
        Ok(dx)
    }

    /// `grad * f'(x)` into `dx`.
    ///
    /// # Errors
    /// As [`compute`](Self::compute).
    fn backward_into(&self, f: &Activation, x: &[f32], grad: &[f32], dx: &mut [f32]) -> Result<()> {
        self.compute(f, Direction::Backward, x, Some(grad), dx)
    }

    /// `f'(x)` from `y = f(x)`.
    ///
    /// # Errors
    /// As [`compute`](Self::compute).
    fn derivative_from_output(&self, f: &Activation, y: &[f32]) -> Result<Vec<f32>> {
        let mut out = vec![0.0; y.len()];
        self.compute(f, Direction::DerivativeFromOutput, y, None, &mut out)?;
        Ok(out)
    }

    /// `grad * f'(x)` from `y = f(x)`.
    ///
    /// # Errors
    /// As [`compute`](Self::compute).
    fn backward_from_output(&self, f: &Activation, y: &[f32], grad: &[f32]) -> Result<Vec<f32>> {
        let mut dx = vec![0.0; y.len()];
        self.compute(f, Direction::BackwardFromOutput, y, Some(grad), &mut dx)?;
        Ok(dx)
    }
}

/// The fastest engine of this machine: a hardware GPU where there is one, else the CPU. `NONLIN_ADAPTER` decides where it is
/// set (part of an adapter's name, `software`, or `cpu`).
///
/// A software adapter is several times slower than the CPU engine, so it is taken only where `NONLIN_ADAPTER` asks for it.
///
/// # Errors
/// [`Error::NoSuchAdapter`] when `NONLIN_ADAPTER` matches nothing. A machine without a GPU is no error.
pub fn engine() -> Result<Box<dyn Engine>> {
    Ok(match Gpu::for_engine()? {
        Some(gpu) => Box::new(gpu),
        None => Box::new(Cpu::new()),
    })
}

/// Checks what every engine has to check before it computes.
pub(crate) fn check(
    f: &Activation,
    direction: Direction,
    x: usize,
    grad: Option<usize>,
    out: usize,
) -> Result<()> {
    f.validate()?;
    if direction.from_output() {
        f.require_derivative_from_output()?;
    }
    let name = if direction.from_output() { "y" } else { "x" };
    if grad.is_some() != direction.takes_grad() {
        return Err(Error::Gradient {
            direction,
            given: grad.is_some(),
        });
    }
    if let Some(len) = grad.filter(|&len| len != x) {
        return Err(Error::LengthMismatch {
            name: "grad",
            len,
            other: name,
            other_len: x,
        });
    }
    if out != x {
        return Err(Error::LengthMismatch {
            name: "the result",
            len: out,
            other: name,
            other_len: x,
        });
    }
    Ok(())
}
