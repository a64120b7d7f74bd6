//! [`Batch`]: many operations in one submission.

use super::Gpu;
use super::context::lock;
use super::dispatch::Prepared;
use super::pool::Purpose;
use super::tensor::{Inner, Tensor};
use crate::{Chain, Direction, Error, Result};
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Operations over tensors that are submitted together: from [`Gpu::batch`]. It has the operations of [`Gpu`], with the same
/// arguments.
#[derive(Debug)]
pub struct Batch<'g> {
    pub(super) gpu: &'g Gpu,
    id: u64,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    prepared: Prepared,
    /// Every tensor that is used. Dropped ones must not go back to the pool before the submission: what takes a buffer from there may
    /// fill it at once.
    kept: Vec<Tensor>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} tensors", self.kept.len())
    }
}

/// A batch that uses a tensor.
pub(super) struct Mark {
    batch: u64,
    written: bool,
}

/// The tensors of one operation.
pub(super) struct Uses<'a> {
    pub(super) read: Vec<&'a Tensor>,
    pub(super) written: Vec<&'a Tensor>,
}

impl<'a> Uses<'a> {
    pub(super) fn all(&self) -> impl Iterator<Item = &'a Tensor> + '_ {
        self.read.iter().chain(&self.written).copied()
    }

    /// Refuses what another open batch has to come before.
    pub(super) fn check(&self, batch: Option<&Batch<'_>>) -> Result<()> {
        let own = batch.map(|batch| batch.id);
        let check = |tensor: &&Tensor, write| {
            let inner = &tensor.inner;
            inner.check_batches(own, write, "an operation outside of it")
        };
        self.read
            .iter()
            .try_for_each(|tensor| check(tensor, false))?;
        self.written
            .iter()
            .try_for_each(|tensor| check(tensor, true))
    }
}

impl Inner {
    /// Refuses to read what an open batch is to write, and to write what one uses at all.
    pub(super) fn check_batches(
        &self,
        own: Option<u64>,
        write: bool,
        during: &'static str,
    ) -> Result<()> {
        let marks = lock(&self.batches);
        let conflict = |mark: &&Mark| Some(mark.batch) != own && (write || mark.written);
        match marks.iter().find(conflict) {
            None => Ok(()),
            Some(mark) => Err(Error::InBatch {
                during,
                written: mark.written,
            }),
        }
    }

    /// Notes that a batch uses the tensor, and tells whether it is the first time.
    fn mark(&self, batch: u64, written: bool) -> bool {
        let mut marks = lock(&self.batches);
        match marks.iter_mut().find(|mark| mark.batch == batch) {
            Some(mark) => {
                mark.written |= written;
                false
            }
            None => {
                marks.push(Mark { batch, written });
                true
            }
        }
    }
}

impl Gpu {
    /// Runs `record`, and submits what it asked of the [`Batch`] as one piece of work at its end. Does not wait for it. A submission
    /// costs more than a small kernel, so many operations on few elements are several times faster this way.
    ///
    /// The operations come in their order, each after those before. Where `record` gives an error, nothing is submitted. A result cannot be
    /// downloaded, nor used outside of the batch, before the batch is submitted, and what it reads cannot be changed
    /// ([`Error::InBatch`]). Tensors may be dropped at any time; those that nobody else has any more serve for later results
    /// of the batch.
    ///
    /// ```no_run
    /// use nonlin::{Activation, Gpu};
    /// let gpu = Gpu::new()?;
    /// let x = gpu.upload(&[-1.0, 2.0])?;
    /// let y = gpu.batch(|batch| {
    ///     let hidden = batch.forward(Activation::relu(), &x)?;
    ///     batch.forward(Activation::tanh(), &hidden)
    /// })?;
    /// assert_eq!(y.download()?[0], 0.0);
    /// # Ok::<(), nonlin::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of `record`, and [`Error::DeviceLost`] or [`Error::Gpu`] for what the device reports.
    pub fn batch<T>(&self, record: impl FnOnce(&Batch<'_>) -> Result<T>) -> Result<T> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let batch = Batch {
            gpu: self,
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            state: RefCell::default(),
        };
        let value = record(&batch)?;
        {
            let state = batch.state.borrow();
            self.context.submit(&state.prepared, &state.kept)?;
        }
        Ok(value)
    }
}

impl Batch<'_> {
    /// As [`Gpu::compute_tensor`], which says what can go wrong.
    ///
    /// # Errors
    /// As there; [`Error::InBatch`] for a tensor that another open batch has to come before.
    pub fn compute_tensor<'a>(
        &self,
        f: impl Into<Chain<'a>>,
        direction: Direction,
        x: &Tensor,
        grad: Option<&Tensor>,
        out: &Tensor,
    ) -> Result<()> {
        self.gpu
            .computed(Some(self), &f.into(), direction, x, grad, out)
    }

    /// As [`Gpu::gradients_into`].
    ///
    /// # Errors
    /// As there; [`Error::InBatch`] for a tensor that another open batch has to come before.
    pub fn gradients_into<'a>(
        &self,
        f: impl Into<Chain<'a>>,
        x: &Tensor,
        grad: &Tensor,
        dx: &Tensor,
        operands: &[(usize, &Tensor)],
    ) -> Result<()> {
        self.gpu
            .gradients_computed(Some(self), &f.into(), x, grad, dx, operands)
    }

    /// A tensor whose contents are not specified, as [`Gpu::empty`]; one that the batch has used and nobody has any more, where there
    /// is one of that length.
    ///
    /// # Errors
    /// As [`Gpu::empty`].
    pub fn empty(&self, len: usize) -> Result<Tensor> {
        let usage = Purpose::Output.usage(self.gpu.info());
        let free = |tensor: &&Tensor| {
            let inner = &tensor.inner;
            Arc::strong_count(inner) == 1
                && inner.pooled
                && inner.len == len
                && tensor
                    .buffers()
                    .iter()
                    .all(|buffer| buffer.usage().contains(usage))
        };
        match self.state.borrow().kept.iter().find(free) {
            Some(tensor) => Ok(tensor.clone()),
            None => self.gpu.empty(len),
        }
    }

    /// The device.
    pub(super) fn gpu(&self) -> &Gpu {
        self.gpu
    }

    /// Appends kernels, and keeps their tensors until the end.
    pub(super) fn take(&self, prepared: Prepared, uses: &Uses<'_>) {
        let state = &mut *self.state.borrow_mut();
        state.prepared.append(prepared);
        let read = uses.read.iter().map(|tensor| (tensor, false));
        for (tensor, written) in read.chain(uses.written.iter().map(|tensor| (tensor, true))) {
            if tensor.inner.mark(self.id, written) {
                state.kept.push(Tensor::clone(tensor));
            }
        }
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        for tensor in &self.state.get_mut().kept {
            lock(&tensor.inner.batches).retain(|mark| mark.batch != self.id);
        }
    }
}
