//! [`Engine`] for the GPU: slices in host memory, streamed through the device in chunks.

use super::Gpu;
use super::dispatch::Operands;
use super::pool::Purpose;
use super::shader::Kernel;
use super::tensor::Tensor;
use super::transfer::Reads;
use crate::engine::{Engine, check};
use crate::{Activation, Direction, Function, Result};
use std::ops::Range;

/// Elements of a chunk: large enough that the round trip to the device does not count, small enough that the host fills one
/// chunk while the device computes another.
const CHUNK: usize = 4 << 20;

/// The slices of one call.
struct Host<'a> {
    /// `None` where the operand lies in `out`.
    x: Option<&'a [f32]>,
    grad: Option<&'a [f32]>,
    out: &'a mut [f32],
}

impl Engine for Gpu {
    fn description(&self) -> String {
        format!("GPU, {}", self.info())
    }

    fn compute(
        &self,
        f: &dyn Function,
        direction: Direction,
        x: &[f32],
        grad: Option<&[f32]>,
        out: &mut [f32],
    ) -> Result<()> {
        check(f, direction, x.len(), grad.map(<[f32]>::len), out.len())?;
        let Some(f) = f.activation() else { todo!() };
        self.stream(
            f,
            direction,
            Host {
                x: Some(x),
                grad,
                out,
            },
        )
    }

    fn compute_in_place(
        &self,
        f: &dyn Function,
        direction: Direction,
        x: &mut [f32],
    ) -> Result<()> {
        check(f, direction, x.len(), None, x.len())?;
        let Some(f) = f.activation() else { todo!() };
        self.stream(
            f,
            direction,
            Host {
                x: None,
                grad: None,
                out: x,
            },
        )
    }

    fn gradients_into(
        &self,
        f: &dyn Function,
        x: &[f32],
        grad: &[f32],
        dx: &mut [f32],
        operands: &mut [(usize, &mut [f32])],
    ) -> Result<()> {
        let _ = (f, x, grad, dx, operands);
        todo!()
    }
}

impl Gpu {
    fn stream(&self, f: &Activation, direction: Direction, mut host: Host<'_>) -> Result<()> {
        let chunk = CHUNK.min((self.info().max_chunk_bytes / 4) as usize);
        let constants = f.constants();
        let len = host.out.len();
        let mut before: Option<Pending> = None;
        for start in (0..len).step_by(chunk) {
            let range = start..len.min(start + chunk);
            let x = self.upload(&host.x.unwrap_or(host.out)[range.clone()])?;
            let grad = match host.grad {
                Some(grad) => Some(self.upload(&grad[range.clone()])?),
                None => None,
            };
            let out = Tensor::new(&self.context, range.len(), Purpose::Output)?;
            let operands = Operands {
                x: &x,
                grad: grad.as_ref(),
                out: &out,
            };
            self.context
                .dispatch(Kernel::Activation(f, direction), &constants, operands)?;
            let now = Pending {
                reads: out.inner.start_reads()?,
                range,
                _tensor: out,
            };
            if let Some(before) = before.replace(now) {
                self.collect(before, &mut host)?;
            }
        }
        match before {
            Some(last) => self.collect(last, &mut host),
            None => Ok(()),
        }
    }

    fn collect(&self, pending: Pending, host: &mut Host<'_>) -> Result<()> {
        pending
            .reads
            .finish(&self.context, &mut host.out[pending.range])
    }
}

/// A chunk on its way home.
struct Pending {
    range: Range<usize>,
    // Before the tensor: its buffers must not be mapped any more when they go back to the pool.
    reads: Reads,
    _tensor: Tensor,
}
