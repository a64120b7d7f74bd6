//! What is computed over tensors, and how long that takes.

use super::Gpu;
use super::dispatch::Operands;
#[cfg(not(target_arch = "wasm32"))]
use super::shader::InPlace;
use super::shader::Kernel;
use super::tensor::Tensor;
#[cfg(not(target_arch = "wasm32"))]
use super::timing::Timing;
#[cfg(not(target_arch = "wasm32"))]
use crate::Error;
use crate::engine::check;
use crate::{Activation, Direction, Result};
#[cfg(not(target_arch = "wasm32"))]
use std::time::{Duration, Instant};

/// Operations over tensors. Each submits its work and does not wait for it.
///
/// # Errors
/// Every one of them: [`Error::LengthMismatch`], [`Error::WrongDevice`], [`Error::NoDerivativeFromOutput`], a parameter out of its range,
/// [`Error::OutOfMemory`], and [`Error::DeviceLost`] or [`Error::Gpu`] for what the device reports.
impl Gpu {
    /// Computes `direction` of `f` into `out`: the one path behind all the others. `x` holds the inputs, or for the directions from the
    /// output `f`'s outputs; `grad` is given for the backward directions and for them only. `out` may be the same tensor as `x` or `grad`.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`], [`Error::Gradient`], [`Error::WrongDevice`], [`Error::NoDerivativeFromOutput`], a parameter out of its range, and
    /// [`Error::DeviceLost`] or [`Error::Gpu`] for what the device reports.
    pub fn compute_tensor(
        &self,
        f: &Activation,
        direction: Direction,
        x: &Tensor,
        grad: Option<&Tensor>,
        out: &Tensor,
    ) -> Result<()> {
        let operands = self.operands(f, direction, x, grad, out)?;
        let kernel = Kernel::Activation(f, direction);
        self.context.dispatch(kernel, &f.constants(), operands)
    }

    fn operands<'a>(
        &self,
        f: &Activation,
        direction: Direction,
        x: &'a Tensor,
        grad: Option<&'a Tensor>,
        out: &'a Tensor,
    ) -> Result<Operands<'a>> {
        check(f, direction, x.len(), grad.map(Tensor::len), out.len())?;
        let operands = Operands { x, grad, out };
        let name = if direction.from_output() { "y" } else { "x" };
        operands.check_device(&self.context, name)?;
        Ok(operands)
    }

    fn compute_new(
        &self,
        f: impl Into<Activation>,
        direction: Direction,
        x: &Tensor,
        grad: Option<&Tensor>,
    ) -> Result<Tensor> {
        let out = self.empty(x.len())?;
        self.compute_tensor(&f.into(), direction, x, grad, &out)?;
        Ok(out)
    }

    /// `f(x)`.
    pub fn forward(&self, f: impl Into<Activation>, x: &Tensor) -> Result<Tensor> {
        self.compute_new(f, Direction::Forward, x, None)
    }

    /// `f(x)` into `y`.
    pub fn forward_into(&self, f: impl Into<Activation>, x: &Tensor, y: &Tensor) -> Result<()> {
        self.compute_tensor(&f.into(), Direction::Forward, x, None, y)
    }

    /// `f(x)` in the place of `x`.
    pub fn forward_in_place(&self, f: impl Into<Activation>, x: &Tensor) -> Result<()> {
        self.compute_tensor(&f.into(), Direction::Forward, x, None, x)
    }

    /// `f'(x)`.
    pub fn derivative(&self, f: impl Into<Activation>, x: &Tensor) -> Result<Tensor> {
        self.compute_new(f, Direction::Derivative, x, None)
    }

    /// `f'(x)` into `out`.
    pub fn derivative_into(
        &self,
        f: impl Into<Activation>,
        x: &Tensor,
        out: &Tensor,
    ) -> Result<()> {
        self.compute_tensor(&f.into(), Direction::Derivative, x, None, out)
    }

    /// `f'(x)` in the place of `x`.
    pub fn derivative_in_place(&self, f: impl Into<Activation>, x: &Tensor) -> Result<()> {
        self.compute_tensor(&f.into(), Direction::Derivative, x, None, x)
    }

    /// `grad * f'(x)`: the gradient of the input, given the gradient of the output.
    pub fn backward(&self, f: impl Into<Activation>, x: &Tensor, grad: &Tensor) -> Result<Tensor> {
        self.compute_new(f, Direction::Backward, x, Some(grad))
    }

    /// `grad * f'(x)` into `dx`.
    pub fn backward_into(
        &self,
        f: impl Into<Activation>,
        x: &Tensor,
        grad: &Tensor,
        dx: &Tensor,
    ) -> Result<()> {
        self.compute_tensor(&f.into(), Direction::Backward, x, Some(grad), dx)
    }

    /// `grad * f'(x)` in the place of `grad`.
    pub fn backward_in_place(
        &self,
        f: impl Into<Activation>,
        x: &Tensor,
        grad: &Tensor,
    ) -> Result<()> {
        self.compute_tensor(&f.into(), Direction::Backward, x, Some(grad), grad)
    }

    /// `f'(x)` from `y = f(x)`, where that is possible.
    pub fn derivative_from_output(&self, f: impl Into<Activation>, y: &Tensor) -> Result<Tensor> {
        self.compute_new(f, Direction::DerivativeFromOutput, y, None)
    }

    /// `f'(x)` from `y = f(x)` into `out`.
    pub fn derivative_from_output_into(
        &self,
        f: impl Into<Activation>,
        y: &Tensor,
        out: &Tensor,
    ) -> Result<()> {
        self.compute_tensor(&f.into(), Direction::DerivativeFromOutput, y, None, out)
    }

    /// `grad * f'(x)` from `y = f(x)`, where that is possible.
    pub fn backward_from_output(
        &self,
        f: impl Into<Activation>,
        y: &Tensor,
        grad: &Tensor,
    ) -> Result<Tensor> {
        self.compute_new(f, Direction::BackwardFromOutput, y, Some(grad))
    }

    /// `grad * f'(x)` from `y = f(x)` into `dx`.
    pub fn backward_from_output_into(
        &self,
        f: impl Into<Activation>,
        y: &Tensor,
        grad: &Tensor,
        dx: &Tensor,
    ) -> Result<()> {
        self.compute_tensor(&f.into(), Direction::BackwardFromOutput, y, Some(grad), dx)
    }
}

/// Preparation and measurement.
#[cfg(not(target_arch = "wasm32"))]
impl Gpu {
    /// Compiles the kernel for `direction` of `f`, where it is not compiled yet, and gives the time that took. A first run over four
    /// elements is part of it: some drivers compile only then. The parameters of `f` do not matter.
    ///
    /// # Errors
    /// [`Error::NoDerivativeFromOutput`], a parameter out of its range, and [`Error::DeviceLost`] or [`Error::Gpu`] for what the device
    /// reports.
    pub fn compile(&self, f: &Activation, direction: Direction) -> Result<Duration> {
        if self
            .context
            .pipelines
            .contains(Kernel::Activation(f, direction), InPlace::No)
        {
            return Ok(Duration::ZERO);
        }
        let x = self.empty(4)?;
        let grad = if direction.takes_grad() {
            Some(self.empty(4)?)
        } else {
            None
        };
        let out = self.empty(4)?;
        self.wait()?;
        let start = Instant::now();
        self.compute_tensor(f, direction, &x, grad.as_ref(), &out)?;
        self.wait()?;
        Ok(start.elapsed())
    }

    /// Times [`compute_tensor`](Self::compute_tensor) over `dispatches` calls in one submission, 1 at least: by timestamps around
    /// them where the adapter has some that agree with the wall clock, which is found out at the first use, else by wall time. Compiles
    /// nothing within the time.
    ///
    /// # Errors
    /// As [`compute_tensor`](Self::compute_tensor).
    pub fn time_compute(
        &self,
        f: &Activation,
        direction: Direction,
        x: &Tensor,
        grad: Option<&Tensor>,
        out: &Tensor,
        dispatches: usize,
    ) -> Result<Timing> {
        let operands = self.operands(f, direction, x, grad, out)?;
        let kernel = Kernel::Activation(f, direction);
        self.context
            .time(kernel, &f.constants(), operands, dispatches)
    }

    /// Times a kernel that copies, as [`time_compute`](Self::time_compute): the yardstick for the activations, which differ from it in
    /// their function only.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`], [`Error::WrongDevice`], and [`Error::DeviceLost`] or [`Error::Gpu`] for what the device reports.
    pub fn time_copy(&self, from: &Tensor, to: &Tensor, dispatches: usize) -> Result<Timing> {
        if from.len() != to.len() {
            return Err(Error::LengthMismatch {
                name: "the result",
                len: to.len(),
                other: "x",
                other_len: from.len(),
            });
        }
        let operands = Operands {
            x: from,
            grad: None,
            out: to,
        };
        operands.check_device(&self.context, "x")?;
        self.context.time(Kernel::Copy, &[], operands, dispatches)
    }
}
