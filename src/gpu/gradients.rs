//! The backward pass of a chain with the gradients of its operands: the kernel that goes back through the steps, then sums.

use super::context::Context;
use super::dispatch::{Elements, Prepared};
use super::pool::Purpose;
use super::shader::{Output, Task, has_terms_to_merge};
use super::span::Span;
use super::tensor::Tensor;
use super::work::Work;
use crate::{Broadcast, Chain, Direction, Error, Result};
use std::sync::Arc;

/// Where the gradients of operands go, by the operands' places.
type Sums<'a> = [(usize, Span<'a>)];

/// Refuses gradients of operands that would lie over something else. What a kernel writes itself is checked again with the kernel; sums
/// are written behind it.
fn check_places(work: &Work, [x, grad, dx]: [Span<'_>; 3], operands: &Sums<'_>) -> Result<()> {
    for (place, (_, sums)) in operands.iter().enumerate() {
        let overlap = |input: String, other: &Span<'_>| {
            Err(Error::Overlap {
                input,
                range: other.range(),
                result: sums.range(),
            })
        };
        if sums.overlaps(&dx) {
            return overlap("the gradient of the input".to_owned(), &dx);
        }
        for (k, other) in &operands[..place] {
            if sums.overlaps(other) {
                return overlap(format!("the gradient of operand {k}"), other);
            }
        }
        for (name, input) in [("x", &x), ("grad", &grad)] {
            if sums.overlaps(input) && !sums.is(input) {
                return overlap(name.to_owned(), input);
            }
        }
        for (k, (_, tensor)) in work.operands.iter().enumerate() {
            let operand = Span::from(tensor);
            if sums.overlaps(&operand) && !sums.is(&operand) {
                return overlap(format!("operand {k}"), &operand);
            }
        }
    }
    Ok(())
}

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
        check_places(work, [x, grad, dx], operands)?;
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
        let own = work.operands.iter().map(|(_, tensor)| Span::from(tensor));
        let read: Vec<Span<'_>> = [x, grad].into_iter().chain(own).collect();
        if let Some((k, span)) = operands
            .iter()
            .find(|(_, span)| read.iter().any(|read| span.overlaps(read)))
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
            Output::Result | Output::Derivative => dx,
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
        let merged = self.prepare_terms(work, &elements, prepared)?;
        let mut between = Vec::new();
        for (k, sums) in operands {
            let broadcast = work.operands[*k].0;
            let values = match terms_of(*k) {
                Some((_, tensor)) if has_terms_to_merge(broadcast) => {
                    let terms = elements.x.len() - merged as usize;
                    Some(Span::from(tensor).first(terms))
                }
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
    pub(super) fn prepare_empty_sums(
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
