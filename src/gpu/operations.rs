//! What is computed over tensors, and how long that takes.

use super::Gpu;
use super::batch::{Batch, Uses};
use super::dispatch::{Elements, Prepared, check_device};
use super::shader::Task;
use super::span::Span;
use super::tensor::Tensor;
#[cfg(not(target_arch = "wasm32"))]
use super::timing::Timing;
use super::work::Work;
#[allow(unused_imports, reason = "the documentation names it")]
use crate::Error;
use crate::engine::{check, check_gradients};
use crate::{Chain, Direction, Result};
#[cfg(not(target_arch = "wasm32"))]
use std::time::{Duration, Instant};

/// Operations over tensors; [`Batch`] has the same. `f` is an [`Activation`](crate::Activation) or a [`Chain`] whose operands are
/// tensors. Each submits its work and does not wait for it.
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
        self.computed(None, &f.into(), direction, x, grad, out)
    }

    /// [`compute_tensor`](Self::compute_tensor), submitted at once or in a batch.
    pub(super) fn computed(
        &self,
        batch: Option<&Batch<'_>>,
        chain: &Chain<'_>,
        direction: Direction,
        x: &Tensor,
        grad: Option<&Tensor>,
        out: &Tensor,
    ) -> Result<()> {
        let (work, columns) = self.work(chain, direction, x, grad, out)?;
        if x.is_empty() {
            return Ok(());
        }
        let uses = uses(&work, x, grad, out);
        uses.check(batch)?;
        let mut prepared = Prepared::default();
        let elements = elements(x, grad, out, columns);
        self.context.prepare(&work, &elements, &mut prepared)?;
        self.finish(batch, prepared, &uses)
    }

    /// Submits kernels, or leaves that to a batch.
    pub(super) fn finish(
        &self,
        batch: Option<&Batch<'_>>,
        prepared: Prepared,
        uses: &Uses<'_>,
    ) -> Result<()> {
        match batch {
            Some(batch) => batch.take(prepared, uses),
            None => {
                self.context.submit(&prepared, uses.all())?;
            }
        }
        Ok(())
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
        self.gradients_computed(None, &f.into(), x, grad, dx, operands)
    }

    /// [`gradients_into`](Self::gradients_into), submitted at once or in a batch.
    pub(super) fn gradients_computed(
        &self,
        batch: Option<&Batch<'_>>,
        chain: &Chain<'_>,
        x: &Tensor,
        grad: &Tensor,
        dx: &Tensor,
        operands: &[(usize, &Tensor)],
    ) -> Result<()> {
        let direction = Direction::Backward;
        let columns = check(chain, direction, x.len(), Some(grad.len()), dx.len())?;
        check_gradients(chain, operands.iter().map(|(k, tensor)| (*k, tensor.len())))?;
        for (name, tensor) in [("x", x), ("grad", grad), ("the result", dx)] {
            check_device(&self.context, name, tensor)?;
        }
        for (_, tensor) in operands {
            check_device(&self.context, "the gradient of an operand", tensor)?;
        }
        let task = Task::gradients(operands.iter().map(|(k, _)| *k));
        let work = Work::new(&self.context, chain, task)?;
        let own = work.operands.iter().map(|(_, tensor)| tensor);
        let mut uses = Uses {
            read: [x, grad].into_iter().chain(own).collect(),
            written: [dx]
                .into_iter()
                .chain(operands.iter().map(|(_, tensor)| *tensor))
                .collect(),
        };
        uses.check(batch)?;
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
        uses.written.extend(&between);
        self.finish(batch, prepared, &uses)
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
        use crate::Broadcast;
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
        let uses = uses(&work, x, grad, out);
        uses.check(None)?;
        let tensors: Vec<&Tensor> = uses.all().collect();
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

/// The tensors of one call.
fn uses<'a>(work: &'a Work, x: &'a Tensor, grad: Option<&'a Tensor>, out: &'a Tensor) -> Uses<'a> {
    let operands = work.operands.iter().map(|(_, tensor)| tensor);
    Uses {
        read: [x].into_iter().chain(grad).chain(operands).collect(),
        written: vec![out],
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
