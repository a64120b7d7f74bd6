//! What is computed over tensors, and how long that takes.

use super::Gpu;
use super::dispatch::{Elements, Prepared, Work, check_device};
use super::shader::Task;
use super::span::Span;
use super::tensor::Tensor;
#[cfg(not(target_arch = "wasm32"))]
use super::timing::Timing;
#[allow(unused_imports, reason = "the documentation names it")]
use crate::Error;
use crate::engine::{Gradients, check, check_gradients};
use crate::{Broadcast, Chain, Direction, Result};
#[cfg(not(target_arch = "wasm32"))]
use std::time::{Duration, Instant};

/// Operations over tensors. `f` is an [`Activation`](crate::Activation) or a [`Chain`] whose operands are tensors. Each submits its work
/// and does not wait for it.
///
/// # Errors
/// Every one of them: [`Error::LengthMismatch`], [`Error::WrongDevice`], [`Error::NoDerivativeFromOutput`], a parameter out of its range, a
/// chain with too many steps or operands that do not fit, [`Error::Overlap`] for tensors over parts of one buffer,
/// [`Error::OutOfMemory`], and [`Error::DeviceLost`] or [`Error::Gpu`] for what the device reports.
impl Gpu {
    /// Computes `direction` of `f` into `out`: the one path behind all the others. `x` holds the inputs, or for the directions from the
    /// output `f`'s outputs; `grad` is given for the backward directions and for them only. `out` may be the same tensor as `x`, `grad` or
    /// an operand that is as long.
    ///
    /// # Errors
    /// As said above for all of them, and [`Error::Gradient`].
    pub fn compute_tensor<'a>(
        &self,
        f: impl Into<Chain<'a>>,
        direction: Direction,
        x: &Tensor,
        grad: Option<&Tensor>,
        out: &Tensor,
    ) -> Result<()> {
        let (work, columns) = self.work(&f.into(), direction, x, grad, out)?;
        if x.is_empty() {
            return Ok(());
        }
        let mut prepared = Prepared::default();
        let elements = elements(x, grad, out, columns);
        self.context.prepare(&work, &elements, &mut prepared)?;
        let operands = work.operands.iter().map(|(_, tensor)| tensor);
        let tensors = [x, out].into_iter().chain(grad).chain(operands);
        self.context.submit(&prepared, tensors)
    }

    /// Checks a call.
    fn work(
        &self,
        chain: &Chain<'_>,
        direction: Direction,
        x: &Tensor,
        grad: Option<&Tensor>,
        out: &Tensor,
    ) -> Result<(Work, usize)> {
        let columns = check(chain, direction, x.len(), grad.map(Tensor::len), out.len())?;
        let name = if direction.from_output() { "y" } else { "x" };
        check_device(&self.context, name, x)?;
        if let Some(grad) = grad {
            check_device(&self.context, "grad", grad)?;
        }
        check_device(&self.context, "the result", out)?;
        let work = Work::new(&self.context, chain, Task::Value(direction))?;
        Ok((work, columns))
    }

    /// The backward pass of a chain: `grad` times the derivative with respect to the input, and the gradients of these operands in memory,
    /// by their places in [`Chain::operands`], each summed over the elements that it is spread over. The sums have the same bits in
    /// every run.
    ///
    /// ```no_run
    /// use nonlin::{Activation, Chain, Gpu};
    /// let gpu = Gpu::new()?;
    /// let (x, bias) = (gpu.upload(&[1.0, -2.0, 3.0, 4.0])?, gpu.upload(&[0.5, 0.5])?);
    /// let layer = Chain::new().add_row(&bias).then(Activation::relu());
    /// let gradients = gpu.gradients(&layer, &x, &gpu.upload(&[1.0; 4])?, &[0])?;
    /// assert_eq!(gradients.input.download()?, [1.0, 0.0, 1.0, 1.0]);
    /// assert_eq!(gradients.operands[0].download()?, [2.0, 1.0]);
    /// # Ok::<(), nonlin::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`gradients_into`](Self::gradients_into).
    pub fn gradients<'a>(
        &self,
        f: impl Into<Chain<'a>>,
        x: &Tensor,
        grad: &Tensor,
        operands: &[usize],
    ) -> Result<Gradients<Tensor>> {
        let chain = f.into();
        let input = self.empty(x.len())?;
        let operand = |&place: &usize| self.empty(chain.operand(place)?.1.len());
        let found = operands.iter().map(operand).collect::<Result<Vec<_>>>()?;
        let into: Vec<(usize, &Tensor)> = operands.iter().copied().zip(&found).collect();
        self.gradients_into(&chain, x, grad, &input, &into)?;
        Ok(Gradients {
            input,
            operands: found,
        })
    }

    /// As [`gradients`](Self::gradients), into tensors that exist; `dx` may be `grad` or `x` itself.
    ///
    /// # Errors
    /// As the other operations; [`Error::InvalidChain`] for an operand that does not exist or stands there twice, and
    /// [`Error::LengthMismatch`] for a gradient that is not as long as its operand.
    pub fn gradients_into<'a>(
        &self,
        f: impl Into<Chain<'a>>,
        x: &Tensor,
        grad: &Tensor,
        dx: &Tensor,
        operands: &[(usize, &Tensor)],
    ) -> Result<()> {
        let chain = f.into();
        let direction = Direction::Backward;
        let columns = check(&chain, direction, x.len(), Some(grad.len()), dx.len())?;
        check_gradients(
            &chain,
            operands.iter().map(|(k, tensor)| (*k, tensor.len())),
        )?;
        for (name, tensor) in [("x", x), ("grad", grad), ("the result", dx)] {
            check_device(&self.context, name, tensor)?;
        }
        for (_, tensor) in operands {
            check_device(&self.context, "the gradient of an operand", tensor)?;
        }
        let task = Task::gradients(operands.iter().map(|(k, _)| *k));
        let work = Work::new(&self.context, &chain, task)?;
        let spans: Vec<(usize, Span<'_>)> = operands
            .iter()
            .map(|(k, tensor)| (*k, Span::from(*tensor)))
            .collect();
        let mut prepared = Prepared::default();
        let between = self.context.prepare_gradients(
            &work,
            [x, grad, dx].map(Span::from),
            &spans,
            columns,
            &mut prepared,
        )?;
        let own = work.operands.iter().map(|(_, tensor)| tensor);
        let given = operands.iter().map(|(_, tensor)| *tensor);
        let tensors = [x, grad, dx]
            .into_iter()
            .chain(own)
            .chain(given)
            .chain(&between);
        self.context.submit(&prepared, tensors)
    }

    fn compute_new<'a>(
        &self,
        f: impl Into<Chain<'a>>,
        direction: Direction,
        x: &Tensor,
        grad: Option<&Tensor>,
    ) -> Result<Tensor> {
        let out = self.empty(x.len())?;
        self.compute_tensor(f, direction, x, grad, &out)?;
        Ok(out)
    }

    /// `f(x)`.
    pub fn forward<'a>(&self, f: impl Into<Chain<'a>>, x: &Tensor) -> Result<Tensor> {
        self.compute_new(f, Direction::Forward, x, None)
    }

    /// `f(x)` into `y`.
    pub fn forward_into<'a>(&self, f: impl Into<Chain<'a>>, x: &Tensor, y: &Tensor) -> Result<()> {
        self.compute_tensor(f, Direction::Forward, x, None, y)
    }

    /// `f(x)` in the place of `x`.
    pub fn forward_in_place<'a>(&self, f: impl Into<Chain<'a>>, x: &Tensor) -> Result<()> {
        self.compute_tensor(f, Direction::Forward, x, None, x)
    }

    /// `f'(x)`.
    pub fn derivative<'a>(&self, f: impl Into<Chain<'a>>, x: &Tensor) -> Result<Tensor> {
        self.compute_new(f, Direction::Derivative, x, None)
    }

    /// `f'(x)` into `out`.
    pub fn derivative_into<'a>(
        &self,
        f: impl Into<Chain<'a>>,
        x: &Tensor,
        out: &Tensor,
    ) -> Result<()> {
        self.compute_tensor(f, Direction::Derivative, x, None, out)
    }

    /// `f'(x)` in the place of `x`.
    pub fn derivative_in_place<'a>(&self, f: impl Into<Chain<'a>>, x: &Tensor) -> Result<()> {
        self.compute_tensor(f, Direction::Derivative, x, None, x)
    }

    /// `grad * f'(x)`: the gradient of the input, given the gradient of the output.
    pub fn backward<'a>(
        &self,
        f: impl Into<Chain<'a>>,
        x: &Tensor,
        grad: &Tensor,
    ) -> Result<Tensor> {
        self.compute_new(f, Direction::Backward, x, Some(grad))
    }

    /// `grad * f'(x)` into `dx`.
    pub fn backward_into<'a>(
        &self,
        f: impl Into<Chain<'a>>,
        x: &Tensor,
        grad: &Tensor,
        dx: &Tensor,
    ) -> Result<()> {
        self.compute_tensor(f, Direction::Backward, x, Some(grad), dx)
    }

    /// `grad * f'(x)` in the place of `grad`.
    pub fn backward_in_place<'a>(
        &self,
        f: impl Into<Chain<'a>>,
        x: &Tensor,
        grad: &Tensor,
    ) -> Result<()> {
        self.compute_tensor(f, Direction::Backward, x, Some(grad), grad)
    }

    /// `f'(x)` from `y = f(x)`, where that is possible.
    pub fn derivative_from_output<'a>(
        &self,
        f: impl Into<Chain<'a>>,
        y: &Tensor,
    ) -> Result<Tensor> {
        self.compute_new(f, Direction::DerivativeFromOutput, y, None)
    }

    /// `f'(x)` from `y = f(x)` into `out`.
    pub fn derivative_from_output_into<'a>(
        &self,
        f: impl Into<Chain<'a>>,
        y: &Tensor,
        out: &Tensor,
    ) -> Result<()> {
        self.compute_tensor(f, Direction::DerivativeFromOutput, y, None, out)
    }

    /// `grad * f'(x)` from `y = f(x)`, where that is possible.
    pub fn backward_from_output<'a>(
        &self,
        f: impl Into<Chain<'a>>,
        y: &Tensor,
        grad: &Tensor,
    ) -> Result<Tensor> {
        self.compute_new(f, Direction::BackwardFromOutput, y, Some(grad))
    }

    /// `grad * f'(x)` from `y = f(x)` into `dx`.
    pub fn backward_from_output_into<'a>(
        &self,
        f: impl Into<Chain<'a>>,
        y: &Tensor,
        grad: &Tensor,
        dx: &Tensor,
    ) -> Result<()> {
        self.compute_tensor(f, Direction::BackwardFromOutput, y, Some(grad), dx)
    }
}

/// Preparation and measurement.
#[cfg(not(target_arch = "wasm32"))]
impl Gpu {
    /// Compiles the kernel for `direction` of `f`, where it is not compiled yet, and gives the time that took. A first run over four
    /// elements is part of it: some drivers compile only then. The parameters of `f` do not matter.
    ///
    /// # Errors
    /// [`Error::NoDerivativeFromOutput`], a parameter out of its range, [`Error::OperandPlace`], and [`Error::DeviceLost`] or
    /// [`Error::Gpu`] for what the device reports.
    pub fn compile<'a>(&self, f: impl Into<Chain<'a>>, direction: Direction) -> Result<Duration> {
        let chain = f.into();
        let operand = |wanted: Broadcast| {
            let found = chain.operands().find(|(broadcast, _)| *broadcast == wanted);
            found.map(|(_, values)| values.len())
        };
        let (columns, rows) = (operand(Broadcast::Row), operand(Broadcast::Column));
        let full = operand(Broadcast::Full);
        // The smallest input that the operands fit.
        let len = full.unwrap_or(columns.unwrap_or(4) * rows.unwrap_or(1));
        let x = self.empty(len)?;
        let grad = if direction.takes_grad() {
            Some(self.empty(len)?)
        } else {
            None
        };
        let out = self.empty(len)?;
        let (work, _) = self.work(&chain, direction, &x, grad.as_ref(), &out)?;
        if work.plan.is_compiled() {
            return Ok(Duration::ZERO);
        }
        self.wait()?;
        let start = Instant::now();
        self.compute_tensor(&chain, direction, &x, grad.as_ref(), &out)?;
        self.wait()?;
        Ok(start.elapsed())
    }

    /// Times [`compute_tensor`](Self::compute_tensor) over `dispatches` calls in one submission, 1 at least: by timestamps around
    /// them where the adapter has some that agree with the wall clock, which is found out at the first use, else by wall time. Compiles
    /// nothing within the time.
    ///
    /// # Errors
    /// As [`compute_tensor`](Self::compute_tensor).
    pub fn time_compute<'a>(
        &self,
        f: impl Into<Chain<'a>>,
        direction: Direction,
        x: &Tensor,
        grad: Option<&Tensor>,
        out: &Tensor,
        dispatches: usize,
    ) -> Result<Timing> {
        let (work, columns) = self.work(&f.into(), direction, x, grad, out)?;
        let elements = elements(x, grad, out, columns);
        let operands = work.operands.iter().map(|(_, tensor)| tensor);
        let tensors: Vec<&Tensor> = [x, out].into_iter().chain(grad).chain(operands).collect();
        self.context.time(&work, &elements, &tensors, dispatches)
    }

    /// Times a kernel that copies, as [`time_compute`](Self::time_compute): the yardstick for the activations, which differ from it in
    /// their function only.
    ///
    /// # Errors
    /// As [`compute_tensor`](Self::compute_tensor).
    pub fn time_copy(&self, from: &Tensor, to: &Tensor, dispatches: usize) -> Result<Timing> {
        self.time_compute(Chain::new(), Direction::Forward, from, None, to, dispatches)
    }
}

/// The elements of one call over tensors.
pub(super) fn elements<'a>(
    x: &'a Tensor,
    grad: Option<&'a Tensor>,
    out: &'a Tensor,
    columns: usize,
) -> Elements<'a> {
    Elements {
        x: x.into(),
        grad: grad.map(Span::from),
        outputs: vec![out.into()],
        columns,
        before: 0,
    }
}
