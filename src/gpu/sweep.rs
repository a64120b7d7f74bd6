//! A function of every f32: the kernel makes its inputs, so nothing is uploaded.

use super::Gpu;
use super::dispatch::{Prepared, check_device};
use super::operations::elements;
use super::shader::Task;
use super::tensor::Tensor;
use super::work::Work;
use crate::engine::check;
use crate::{Activation, Direction, Result};

impl Gpu {
    /// Computes `direction` of `f` for the f32 whose bits are `first`, `first + 1`, … into `out`. What `nonlin check` runs; no
    /// part of the interface that is kept stable. Submits and does not wait.
    ///
    /// # Errors
    /// As [`compute_tensor`](Self::compute_tensor); [`Error::Gradient`](crate::Error::Gradient) for the backward directions.
    #[doc(hidden)]
    pub fn sweep(
        &self,
        f: &Activation,
        direction: Direction,
        first: u32,
        out: &Tensor,
    ) -> Result<()> {
        check(f, direction, out.len(), None, out.len())?;
        check_device(&self.context, "the result", out)?;
        if out.is_empty() {
            return Ok(());
        }
        let mut work = Work::new(&self.context, &f.into(), Task::Sweep(direction))?;
        work.swept_from = first;
        let mut prepared = Prepared::default();
        self.context
            .prepare(&work, &elements(out, None, out, 1), &mut prepared)?;
        self.context.submit(&prepared, [out])?;
        Ok(())
    }
}
