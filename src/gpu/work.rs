//! [`Work`]: what is computed, without the elements that it is computed of.

use super::context::Context;
use super::dispatch::check_device;
use super::pipeline::Plan;
use super::shader::{Task, constant_words, shape};
use super::tensor::Tensor;
use crate::{Broadcast, Chain, Error, Operand, Result, Step, Values};
use std::sync::Arc;

/// What is computed, without the elements that it is computed of.
#[derive(Clone)]
pub(super) struct Work {
    pub(super) plan: Arc<Plan>,
    /// The steps' constants, as they stand in the parameter block.
    pub(super) constants: Vec<f32>,
    /// The operands in memory.
    pub(super) operands: Vec<(Broadcast, Tensor)>,
    /// The bits of the first input of a sweep.
    pub(super) swept_from: u32,
}

impl Work {
    /// # Errors
    /// [`Error::OperandPlace`] for an operand in host memory, and [`Error::WrongDevice`].
    pub(super) fn new(context: &Arc<Context>, chain: &Chain<'_>, task: Task) -> Result<Self> {
        let mut operands = Vec::new();
        for (operand, (broadcast, values)) in chain.operands().enumerate() {
            let Values::Device(tensor) = values else {
                return Err(Error::OperandPlace {
                    operand,
                    device: false,
                    engine: "an operation over tensors takes tensors",
                });
            };
            check_device(context, "an operand", tensor)?;
            operands.push((broadcast, tensor.clone()));
        }
        Ok(Self::over(context, chain, task, operands))
    }

    /// With these operands in the place of the chain's.
    pub(super) fn over(
        context: &Context,
        chain: &Chain<'_>,
        task: Task,
        operands: Vec<(Broadcast, Tensor)>,
    ) -> Self {
        let steps = shape(chain);
        let words = steps.iter().map(constant_words).sum::<usize>().max(4);
        let mut constants = Vec::with_capacity(words);
        for step in chain.steps() {
            match step {
                Step::Activation(f) => constants.extend(f.constants()),
                Step::Combine(_, Operand::Number(number)) => {
                    constants.extend([*number, 0.0, 0.0, 0.0]);
                }
                _ => {}
            }
        }
        constants.resize(words, 0.0);
        Self {
            plan: context.pipelines.plan(steps, task),
            constants,
            operands,
            swept_from: 0,
        }
    }

    /// The same with another task.
    pub(super) fn with_task(&self, context: &Context, task: Task) -> Self {
        Self {
            plan: context.pipelines.plan(self.plan.steps.clone(), task),
            ..self.clone()
        }
    }
}
