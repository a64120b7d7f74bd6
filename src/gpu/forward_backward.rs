//! A function and its derivative, or the way back through it, in one pass over the inputs.

use super::Gpu;
use super::batch::{Batch, Uses};
use super::dispatch::{Elements, Prepared, check_device};
use super::operations::elements;
use super::shader::Task;
use super::span::Span;
use super::tensor::Tensor;
use super::work::Work;
use crate::engine::check;
use crate::{Chain, Direction, Error, Result};

/// The tensors of one call.
#[derive(Clone, Copy)]
pub(super) struct Both<'a> {
    pub(super) x: &'a Tensor,
    /// Without it the derivative is computed.
    pub(super) grad: Option<&'a Tensor>,
    pub(super) y: &'a Tensor,
    pub(super) dx: &'a Tensor,
}

impl Both<'_> {
    fn direction(&self) -> Direction {
        match self.grad {
            None => Direction::Derivative,
            Some(_) => Direction::Backward,
        }
    }
}

impl Gpu {
    /// `y = f(x)` together with `f'(x)` or `grad * f'(x)`, submitted at once or in a batch.
    pub(super) fn both_computed(
        &self,
        batch: Option<&Batch<'_>>,
        chain: &Chain<'_>,
        tensors: Both<'_>,
    ) -> Result<()> {
        let Both { x, grad, y, dx } = tensors;
        let direction = tensors.direction();
        let columns = check(chain, direction, x.len(), grad.map(Tensor::len), dx.len())?;
        check(chain, Direction::Forward, x.len(), None, y.len())?;
        check_device(&self.context, "x", x)?;
        if let Some(grad) = grad {
            check_device(&self.context, "grad", grad)?;
        }
        check_device(&self.context, "the result", y)?;
        check_device(&self.context, "the derivative", dx)?;
        let work = Work::new(&self.context, chain, Task::Both(direction))?;
        if x.is_empty() {
            return Ok(());
        }
        let operands = work.operands.iter().map(|(_, tensor)| tensor);
        let uses = Uses {
            read: [x].into_iter().chain(grad).chain(operands).collect(),
            written: vec![y, dx],
        };
        uses.check(batch)?;
        let mut prepared = Prepared::default();
        let buffers = work.plan.inputs.len() + 2;
        let limit = self.context.limits.max_storage_buffers_per_shader_stage as usize;
        if buffers <= limit {
            let elements = Elements {
                outputs: vec![y.into(), dx.into()],
                ..elements(x, grad, y, columns)
            };
            self.context.prepare(&work, &elements, &mut prepared)?;
        } else {
            self.prepare_apart(&work, tensors, columns, &mut prepared)?;
        }
        self.finish(batch, prepared, &uses)
    }

    /// In two kernels, where a device has too few buffers for one. What goes where an input lies comes last.
    fn prepare_apart(
        &self,
        work: &Work,
        tensors: Both<'_>,
        columns: usize,
        prepared: &mut Prepared,
    ) -> Result<()> {
        let Both { x, grad, y, dx } = tensors;
        let operands = work.operands.iter().map(|(_, tensor)| tensor);
        let read: Vec<Span<'_>> = [x]
            .into_iter()
            .chain(grad)
            .chain(operands)
            .map(Span::from)
            .collect();
        let in_place = |tensor: &Tensor| read.iter().any(|read| read.overlaps(&tensor.into()));
        if Span::from(y).overlaps(&dx.into()) || (in_place(y) && in_place(dx)) {
            return Err(Error::InvalidChain {
                reason: format!(
                    "its kernel for the value and the derivative needs {} buffers, more than the device allows; it would be computed in \
                     two, but both results go where an input lies, or where the other one does",
                    work.plan.inputs.len() + 2
                ),
            });
        }
        let mut steps = [
            (Direction::Forward, None, y),
            (tensors.direction(), grad, dx),
        ];
        if in_place(y) {
            steps.reverse();
        }
        for (direction, grad, out) in steps {
            let work = work.with_task(&self.context, Task::Value(direction));
            self.context
                .prepare(&work, &elements(x, grad, out, columns), prepared)?;
        }
        Ok(())
    }
}
