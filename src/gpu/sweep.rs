//! A function of every f32: the kernel makes its inputs, so nothing is uploaded.

use super::Gpu;
use super::dispatch::Operands;
use super::shader::Kernel;
use super::tensor::Tensor;
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
        // A kernel that has its only operand in the place of the result reads no buffer.
        let operands = Operands {
            x: out,
            grad: None,
            out,
        };
        operands.check_device(&self.context, "the result")?;
        let kernel = Kernel::Sweep(f, direction, first);
        self.context.dispatch(kernel, &f.constants(), operands)
    }
}
