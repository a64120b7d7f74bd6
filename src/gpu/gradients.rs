//! The backward pass of a chain with the gradients of its operands: the kernel that goes back through the steps, then sums.

use super::context::Context;
use super::dispatch::{Elements, Prepared, Work};
use super::pool::Purpose;
use super::shader::{Output, Task};
use super::span::Span;
use super::tensor::Tensor;
use crate::{Broadcast, Chain, Direction, Error, Result};
use std::sync::Arc;

/// Where the gradients of operands go, by the operands' places.
type Sums<'a> = [(usize, Span<'a>)];

impl Context {
    /// Appends the kernels of a backward pass, and gives the tensors in between, which have to live until the kernels are recorded.
    pub(super) fn prepare_gradients(
        self: &Arc<Self>,
        work: &Work,
        [x, grad, dx]: [Span<'_>; 3],
        operands: &Sums<'_>,
        columns: usize,
        prepared: &mut Prepared,
    ) -> Result<Vec<Tensor>> {
        if x.is_empty() {
            self.prepare_empty_sums(operands, prepared)?;
            return Ok(Vec::new());
        }
        let elements = Elements {
            x,
            grad: Some(grad),
            outputs: vec![dx],
            columns,
            before: 0,
        };
        let limit = self.limits.max_storage_buffers_per_shader_stage as usize;
        let buffers = work.plan.inputs.len() + work.plan.outputs.len();
        if buffers <= limit || operands.is_empty() {
            return self.prepare_gradients_at_once(work, elements, operands, prepared);
        }
        // One after another, the gradient of the input last: it may go where an input lies.
        if let Some((k, span)) = operands
            .iter()
            .find(|(_, span)| span.overlaps(&x) || span.overlaps(&grad))
        {
            return Err(Error::InvalidChain {
                reason: format!(
                    "its kernel needs {buffers} buffers, the device allows {limit}; it would be computed in several, but the gradient of \
                     operand {k} ({}) goes where an input lies",
                    span.range()
                ),
            });
        }
        let mut between = Vec::new();
        for (k, span) in operands {
            let one = work.with_task(
                self,
                Task::Gradients {
                    input: false,
                    operands: vec![*k],
                },
            );
            let elements = Elements {
                outputs: Vec::new(),
                ..elements
            };
            between.extend(self.prepare_gradients_at_once(
                &one,
                elements,
                &[(*k, *span)],
                prepared,
            )?);
        }
        let input = work.with_task(self, Task::gradients([]));
        between.extend(self.prepare_gradients_at_once(&input, elements, &[], prepared)?);
        Ok(between)
    }

    /// In one kernel, with sums behind it. The outputs given are that for the gradient of the input, where it is wanted.
    fn prepare_gradients_at_once(
        self: &Arc<Self>,
        work: &Work,
        elements: Elements<'_>,
        operands: &Sums<'_>,
        prepared: &mut Prepared,
    ) -> Result<Vec<Tensor>> {
        // What is added up over several elements goes through a tensor of its own first.
        let mut terms: Vec<(usize, Tensor)> = Vec::new();
        for output in &work.plan.outputs {
            if let Output::Operand(k) = output {
                if work.operands[*k].0 != Broadcast::Full {
                    terms.push((*k, Tensor::new(self, elements.x.len(), Purpose::Scratch)?));
                }
            }
        }
        let dx = elements.outputs.first().copied();
        let sums = |k| operands.iter().find(|(operand, _)| *operand == k);
        let terms_of = |k| terms.iter().find(|(operand, _)| *operand == k);
        let place = |output: &Output| match output {
            Output::Result => dx,
            Output::Operand(k) => match terms_of(*k) {
                Some((_, tensor)) => Some(tensor.into()),
                None => sums(*k).map(|(_, span)| *span),
            },
        };
        let outputs = work.plan.outputs.iter().filter_map(place).collect();
        let elements = Elements {
            outputs,
            ..elements
        };
        self.prepare(work, &elements, prepared)?;
        let mut between = Vec::new();
        for (k, sums) in operands {
            let broadcast = work.operands[*k].0;
            let values = match terms_of(*k) {
                Some((_, tensor)) => Some(Span::from(tensor)),
                None => dx.filter(|_| work.plan.same_as_input.contains(k)),
            };
            let Some(values) = values else { continue };
            if broadcast == Broadcast::Full {
                // A tensor of its own all the same: the caller asked for two.
                let copy = Chain::new();
                self.prepare_plain(&copy, Direction::Forward, values, *sums, prepared)?;
            } else {
                let more =
                    self.prepare_sum(values, elements.columns, broadcast, *sums, prepared)?;
                between.extend(more);
            }
        }
        between.extend(terms.into_iter().map(|(_, tensor)| tensor));
        Ok(between)
    }

    /// Zeros, the sums of nothing.
    fn prepare_empty_sums(
        self: &Arc<Self>,
        operands: &Sums<'_>,
        prepared: &mut Prepared,
    ) -> Result<()> {
        // The derivative of 0·x: 0, whatever stands there.
        let zero = Chain::new().scale(0.0);
        for (_, sums) in operands.iter().filter(|(_, sums)| !sums.is_empty()) {
            self.prepare_plain(&zero, Direction::Derivative, *sums, *sums, prepared)?;
        }
        Ok(())
    }

    /// Appends the kernel of a chain without operands in memory.
    fn prepare_plain(
        self: &Arc<Self>,
        chain: &Chain<'_>,
        direction: Direction,
        from: Span<'_>,
        to: Span<'_>,
        prepared: &mut Prepared,
    ) -> Result<()> {
        let work = Work::new(self, chain, Task::Value(direction))?;
        let elements = Elements {
            x: from,
            grad: None,
            outputs: vec![to],
            columns: 1,
            before: 0,
        };
        self.prepare(&work, &elements, prepared)
    }
}
