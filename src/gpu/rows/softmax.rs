//! softmax and its relatives over tensors, and over slices.

use super::softmax_dispatch::Call;
#[allow(unused_imports, reason = "the documentation names it")]
use crate::Error;
use crate::Result;
use crate::gpu::Gpu;
use crate::gpu::batch::{Batch, Uses};
use crate::gpu::dispatch::{Prepared, check_device};
use crate::gpu::span::Span;
use crate::gpu::tensor::Tensor;
use crate::rows::Softmax;
#[cfg(not(target_arch = "wasm32"))]
use crate::rows::SoftmaxEngine;

#[cfg(not(target_arch = "wasm32"))]
/// Elements of a slice that are on the device at a time, where a row has no more.
const CHUNK: usize = 4 << 20;

/// softmax and its relatives over tensors of `rows × columns` elements, row after row. Each call submits its work and does not wait for
/// it.
///
/// # Errors
/// Every one of them: [`Error::ParameterOutOfRange`] for the temperature, [`Error::InvalidParameters`] where the elements are no whole
/// number of rows or a row has more than 2³⁰, [`Error::LengthMismatch`], [`Error::WrongDevice`], [`Error::Overlap`] for tensors over
/// parts of one buffer, [`Error::OutOfMemory`], and [`Error::DeviceLost`] or [`Error::Gpu`] for what the device reports.
impl Gpu {
    /// The function of each row of `x`.
    ///
    /// ```no_run
    /// use nonlin::{Gpu, rows::Softmax};
    /// let gpu = Gpu::new()?;
    /// let x = gpu.upload(&[0.0, 0.0, 5.0, 5.0])?;
    /// let y = gpu.softmax(&Softmax::softmax(), &x, 2)?;
    /// assert_eq!(y.download()?, [0.5; 4]);
    /// # Ok::<(), nonlin::Error>(())
    /// ```
    ///
    /// # Errors
    /// As said for all of them.
    pub fn softmax(&self, f: &Softmax, x: &Tensor, columns: usize) -> Result<Tensor> {
        let y = self.empty(x.len())?;
        self.softmax_into(f, x, columns, &y)?;
        Ok(y)
    }

    /// As [`softmax`](Self::softmax), into `y`, which may be `x` itself.
    ///
    /// # Errors
    /// As said for all of them.
    pub fn softmax_into(&self, f: &Softmax, x: &Tensor, columns: usize, y: &Tensor) -> Result<()> {
        self.softmax_computed(None, f, x, None, columns, y)
    }

    /// The gradient of the input from the output `y` and its gradient.
    ///
    /// # Errors
    /// As said for all of them.
    pub fn softmax_backward(
        &self,
        f: &Softmax,
        y: &Tensor,
        grad: &Tensor,
        columns: usize,
    ) -> Result<Tensor> {
        let dx = self.empty(y.len())?;
        self.softmax_backward_into(f, y, grad, columns, &dx)?;
        Ok(dx)
    }

    /// As [`softmax_backward`](Self::softmax_backward), into `dx`, which may be `y` or `grad` itself.
    ///
    /// # Errors
    /// As said for all of them.
    pub fn softmax_backward_into(
        &self,
        f: &Softmax,
        y: &Tensor,
        grad: &Tensor,
        columns: usize,
        dx: &Tensor,
    ) -> Result<()> {
        self.softmax_computed(None, f, y, Some(grad), columns, dx)
    }

    fn softmax_computed(
        &self,
        batch: Option<&Batch<'_>>,
        f: &Softmax,
        x: &Tensor,
        grad: Option<&Tensor>,
        columns: usize,
        out: &Tensor,
    ) -> Result<()> {
        let name = if grad.is_some() { "y" } else { "x" };
        let mut lengths = vec![("the result", out.len())];
        lengths.extend(grad.map(|grad| ("grad", grad.len())));
        f.check_all(name, x.len(), columns, &lengths)?;
        check_device(&self.context, name, x)?;
        if let Some(grad) = grad {
            check_device(&self.context, "grad", grad)?;
        }
        check_device(&self.context, "the result", out)?;
        if x.is_empty() {
            return Ok(());
        }
        let mut uses = Uses {
            read: std::iter::once(x).chain(grad).collect(),
            written: vec![out],
        };
        uses.check(batch)?;
        let call = Call::new(f, columns, x.into(), grad.map(Span::from), out.into())?;
        let mut prepared = Prepared::default();
        let between = self.context.prepare_softmax(&call, &mut prepared)?;
        uses.written.extend(&between);
        self.finish(batch, prepared, &uses)
    }
}

/// The same operations as [`Gpu`]'s.
impl Batch<'_> {
    /// As [`Gpu::softmax`].
    ///
    /// # Errors
    /// As there; [`Error::InBatch`] for a tensor that another open batch has to come before.
    pub fn softmax(&self, f: &Softmax, x: &Tensor, columns: usize) -> Result<Tensor> {
        let y = self.empty(x.len())?;
        self.softmax_into(f, x, columns, &y)?;
        Ok(y)
    }

    /// As [`Gpu::softmax_into`].
    ///
    /// # Errors
    /// As there; [`Error::InBatch`] for a tensor that another open batch has to come before.
    pub fn softmax_into(&self, f: &Softmax, x: &Tensor, columns: usize, y: &Tensor) -> Result<()> {
        self.gpu
            .softmax_computed(Some(self), f, x, None, columns, y)
    }

    /// As [`Gpu::softmax_backward`].
    ///
    /// # Errors
    /// As there; [`Error::InBatch`] for a tensor that another open batch has to come before.
    pub fn softmax_backward(
        &self,
        f: &Softmax,
        y: &Tensor,
        grad: &Tensor,
        columns: usize,
    ) -> Result<Tensor> {
        let dx = self.empty(y.len())?;
        self.softmax_backward_into(f, y, grad, columns, &dx)?;
        Ok(dx)
    }

    /// As [`Gpu::softmax_backward_into`].
    ///
    /// # Errors
    /// As there; [`Error::InBatch`] for a tensor that another open batch has to come before.
    pub fn softmax_backward_into(
        &self,
        f: &Softmax,
        y: &Tensor,
        grad: &Tensor,
        columns: usize,
        dx: &Tensor,
    ) -> Result<()> {
        self.gpu
            .softmax_computed(Some(self), f, y, Some(grad), columns, dx)
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl SoftmaxEngine for Gpu {
    fn softmax_into(&self, f: &Softmax, x: &[f32], columns: usize, y: &mut [f32]) -> Result<()> {
        f.check_all("x", x.len(), columns, &[("the result", y.len())])?;
        let chunk = (CHUNK / columns.max(1)).max(1) * columns.max(1);
        for (x, y) in x.chunks(chunk).zip(y.chunks_mut(chunk)) {
            let tensor = self.upload(x)?;
            Gpu::softmax(self, f, &tensor, columns)?.download_into(y)?;
        }
        Ok(())
    }

    fn softmax_backward_into(
        &self,
        f: &Softmax,
        y: &[f32],
        grad: &[f32],
        columns: usize,
        dx: &mut [f32],
    ) -> Result<()> {
        let others = [("grad", grad.len()), ("the result", dx.len())];
        f.check_all("y", y.len(), columns, &others)?;
        let chunk = (CHUNK / columns.max(1)).max(1) * columns.max(1);
        let inputs = y.chunks(chunk).zip(grad.chunks(chunk));
        for ((y, grad), dx) in inputs.zip(dx.chunks_mut(chunk)) {
            let (y, grad) = (self.upload(y)?, self.upload(grad)?);
            Gpu::softmax_backward(self, f, &y, &grad, columns)?.download_into(dx)?;
        }
        Ok(())
    }
}
