//! [`Engine`]: what the GPU and the CPU both offer to a program that holds its data in host memory.

use crate::{Chain, Direction, Error, Function, Result, cpu::Cpu, zeros};

/// Computes activations and chains of them, with their derivatives, over slices in host memory.
///
/// [`Gpu`](crate::Gpu) and [`Cpu`] implement it, so one program, and one test-suite, runs on either. `f` is an
/// [`Activation`](crate::Activation) or a [`Chain`](crate::Chain) whose operands lie in host memory. Every method works element
/// by element and takes slices of any length, 0 included.
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
    /// range, a chain with too many steps or operands that do not fit, and whatever the device reports.
    fn compute(
        &self,
        f: &dyn Function,
        direction: Direction,
        x: &[f32],
        grad: Option<&[f32]>,
        out: &mut [f32],
    ) -> Result<()>;

    /// As [`compute`](Self::compute) without a gradient, with the result in the place of the operand.
    ///
    /// # Errors
    /// As [`compute`](Self::compute).
    fn compute_in_place(&self, f: &dyn Function, direction: Direction, x: &mut [f32])
    -> Result<()>;

    /// The backward pass of a chain: `grad` times the derivative with respect to the input into `dx`, and for each entry of `operands`
    /// the gradient of that operand in memory, by its place in [`Chain::operands`](crate::Chain::operands), summed over the
    /// elements that it is spread over. The sums have the same bits in every run.
    ///
    /// # Errors
    /// As [`compute`](Self::compute); [`Error::InvalidChain`] for an operand that does not exist or stands there twice, and
    /// [`Error::LengthMismatch`] for a gradient that is not as long as its operand.
    fn gradients_into(
        &self,
        f: &dyn Function,
        x: &[f32],
        grad: &[f32],
        dx: &mut [f32],
        operands: &mut [(usize, &mut [f32])],
    ) -> Result<()>;

    /// The backward pass of a chain, with the gradients of these operands in memory.
    ///
    /// ```
    /// use nonlin::{Chain, Engine, cpu::Cpu};
    /// let bias = [1.0, -1.0];
    /// let chain = Chain::new().add_row(&bias).scale(2.0);
    /// let gradients = Cpu::new().gradients(&chain, &[0.0; 4], &[1.0, 2.0, 3.0, 4.0], &[0])?;
    /// assert_eq!(gradients.input, [2.0, 4.0, 6.0, 8.0]);
    /// assert_eq!(gradients.operands, [[8.0, 12.0]]);
    /// # Ok::<(), nonlin::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`gradients_into`](Self::gradients_into).
    fn gradients(
        &self,
        f: &dyn Function,
        x: &[f32],
        grad: &[f32],
        operands: &[usize],
    ) -> Result<Gradients<Vec<f32>>> {
        let mut input = zeros(x.len());
        let chain = f.chain();
        let mut found = operands
            .iter()
            .map(|&operand| Ok(zeros(chain.operand(operand)?.1.len())))
            .collect::<Result<Vec<_>>>()?;
        let mut into: Vec<(usize, &mut [f32])> = operands
            .iter()
            .copied()
            .zip(found.iter_mut().map(Vec::as_mut_slice))
            .collect();
        self.gradients_into(f, x, grad, &mut input, &mut into)?;
        Ok(Gradients {
            input,
            operands: found,
        })
    }

    /// `f(x)`.
    ///
    /// # Errors
    /// As [`compute`](Self::compute).
    fn forward(&self, f: &dyn Function, x: &[f32]) -> Result<Vec<f32>> {
        let mut y = zeros(x.len());
        self.forward_into(f, x, &mut y)?;
        Ok(y)
    }

    /// `f(x)` into `y`.
    ///
    /// # Errors
    /// As [`compute`](Self::compute).
    fn forward_into(&self, f: &dyn Function, x: &[f32], y: &mut [f32]) -> Result<()> {
        self.compute(f, Direction::Forward, x, None, y)
    }

    /// `f(x)` in the place of `x`.
    ///
    /// # Errors
    /// As [`compute`](Self::compute).
    fn forward_in_place(&self, f: &dyn Function, x: &mut [f32]) -> Result<()> {
        self.compute_in_place(f, Direction::Forward, x)
    }

    /// `f'(x)`.
    ///
    /// # Errors
    /// As [`compute`](Self::compute).
    fn derivative(&self, f: &dyn Function, x: &[f32]) -> Result<Vec<f32>> {
        let mut out = zeros(x.len());
        self.derivative_into(f, x, &mut out)?;
        Ok(out)
    }

    /// `f'(x)` into `out`.
    ///
    /// # Errors
    /// As [`compute`](Self::compute).
    fn derivative_into(&self, f: &dyn Function, x: &[f32], out: &mut [f32]) -> Result<()> {
        self.compute(f, Direction::Derivative, x, None, out)
    }

    /// `f'(x)` in the place of `x`.
    ///
    /// # Errors
    /// As [`compute`](Self::compute).
    fn derivative_in_place(&self, f: &dyn Function, x: &mut [f32]) -> Result<()> {
        self.compute_in_place(f, Direction::Derivative, x)
    }

    /// `grad * f'(x)`.
    ///
    /// # Errors
    /// As [`compute`](Self::compute).
    fn backward(&self, f: &dyn Function, x: &[f32], grad: &[f32]) -> Result<Vec<f32>> {
        let mut dx = zeros(x.len());
        self.backward_into(f, x, grad, &mut dx)?;
        Ok(dx)
    }

    /// `grad * f'(x)` into `dx`.
    ///
    /// # Errors
    /// As [`compute`](Self::compute).
    fn backward_into(
        &self,
        f: &dyn Function,
        x: &[f32],
        grad: &[f32],
        dx: &mut [f32],
    ) -> Result<()> {
        self.compute(f, Direction::Backward, x, Some(grad), dx)
    }

    /// `grad * f'(x)` in the place of `grad`.
    ///
    /// ```
    /// use nonlin::{Activation, Engine, cpu::Cpu};
    /// let mut grad = [5.0, 5.0];
    /// Cpu::new().backward_in_place(&Activation::relu(), &[-1.0, 2.0], &mut grad)?;
    /// assert_eq!(grad, [0.0, 5.0]);
    /// # Ok::<(), nonlin::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`compute`](Self::compute).
    fn backward_in_place(&self, f: &dyn Function, x: &[f32], grad: &mut [f32]) -> Result<()> {
        let dx = self.backward(f, x, grad)?;
        grad.copy_from_slice(&dx);
        Ok(())
    }

    /// `f'(x)` from `y = f(x)`.
    ///
    /// # Errors
    /// As [`compute`](Self::compute).
    fn derivative_from_output(&self, f: &dyn Function, y: &[f32]) -> Result<Vec<f32>> {
        let mut out = zeros(y.len());
        self.compute(f, Direction::DerivativeFromOutput, y, None, &mut out)?;
        Ok(out)
    }

    /// `grad * f'(x)` from `y = f(x)`.
    ///
    /// # Errors
    /// As [`compute`](Self::compute).
    fn backward_from_output(&self, f: &dyn Function, y: &[f32], grad: &[f32]) -> Result<Vec<f32>> {
        let mut dx = zeros(y.len());
        self.compute(f, Direction::BackwardFromOutput, y, Some(grad), &mut dx)?;
        Ok(dx)
    }
}

/// What a backward pass through a chain gives.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Gradients<T> {
    /// The gradient of the input.
    pub input: T,
    /// The gradients of the operands that were asked for, in the order in which they were.
    pub operands: Vec<T>,
}

/// The fastest engine of this machine: a hardware GPU where there is one, else the CPU. `NONLIN_ADAPTER` decides where it is
/// set (part of an adapter's name, `software`, or `cpu`).
///
/// A software adapter is several times slower than the CPU engine, so it is taken only where `NONLIN_ADAPTER` asks for it. In a browser, where
/// nothing may wait for a GPU, it is the CPU.
///
/// # Errors
/// [`Error::NoSuchAdapter`] when `NONLIN_ADAPTER` matches nothing. A machine without a GPU is no error.
pub fn engine() -> Result<Box<dyn Engine>> {
    #[cfg(not(target_arch = "wasm32"))]
    if let Some(gpu) = crate::Gpu::for_engine()? {
        return Ok(Box::new(gpu));
    }
    Ok(Box::new(Cpu::new()))
}

/// What an error says about an operand that is no slice.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) const TAKES_SLICES: &str = "an engine over slices takes slices";

/// Checks what every engine has to check before it computes, and gives the number of columns of the input.
pub(crate) fn check(
    f: &dyn Function,
    direction: Direction,
    x: usize,
    grad: Option<usize>,
    out: usize,
) -> Result<usize> {
    let columns = match f.activation() {
        Some(f) => {
            f.validate()?;
            if direction.from_output() {
                f.require_derivative_from_output()?;
            }
            1
        }
        None => f.chain().check(direction, x)?,
    };
    let name = if direction.from_output() { "y" } else { "x" };
    if grad.is_some() != direction.takes_grad() {
        return Err(Error::Gradient {
            direction,
            given: grad.is_some(),
        });
    }
    let as_long = |name, len, other| {
        if len == x {
            return Ok(());
        }
        Err(Error::LengthMismatch {
            name,
            len,
            other,
            other_len: x,
        })
    };
    if let Some(len) = grad {
        as_long("grad", len, name)?;
    }
    as_long("the result", out, name)?;
    Ok(columns)
}

/// Checks which gradients of operands are asked for, and how long they are to be.
pub(crate) fn check_gradients(
    chain: &Chain<'_>,
    wanted: impl Iterator<Item = (usize, usize)>,
) -> Result<()> {
    let mut seen = Vec::new();
    for (operand, len) in wanted {
        let (_, values) = chain.operand(operand)?;
        if len != values.len() {
            return Err(Error::LengthMismatch {
                name: "the gradient of an operand",
                len,
                other: "the operand",
                other_len: values.len(),
            });
        }
        if seen.contains(&operand) {
            return Err(Error::InvalidChain {
                reason: format!("the gradient of operand {operand} is asked for twice"),
            });
        }
        seen.push(operand);
    }
    Ok(())
}
