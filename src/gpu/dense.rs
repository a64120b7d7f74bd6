//! Dense layers over tensors, and over slices through [`DenseEngine`].

use super::Gpu;
use super::batch::{Batch, Uses};
use super::context::Context;
use super::dense_product::{Epilogue, Matrix};
use super::dispatch::{Elements, Prepared, check_device};
use super::pool::Purpose;
use super::shader::Task;
use super::span::Span;
use super::tensor::Tensor;
use super::work::Work;
use crate::dense::{Dense, DenseGradients, Lengths, Wanted};
use crate::{Broadcast, Direction, Error, Result};
use std::sync::Arc;

/// The tensors that a layer reads, of the right lengths.
#[derive(Clone, Copy)]
struct Given<'a> {
    x: &'a Tensor,
    weights: &'a Tensor,
    bias: Option<&'a Tensor>,
}

impl<'a> Given<'a> {
    fn named(self) -> impl Iterator<Item = (&'static str, &'a Tensor)> {
        let bias = self.bias.map(|bias| ("the bias", bias));
        [("x", self.x), ("the weights", self.weights)]
            .into_iter()
            .chain(bias)
    }

    /// The lengths, for the checks that every engine makes.
    fn lengths(self, y: (&'static str, usize), gradients: DenseGradients<usize>) -> Lengths {
        Lengths {
            x: self.x.len(),
            weights: self.weights.len(),
            bias: self.bias.map(Tensor::len),
            y,
            gradients,
        }
    }
}

/// What errors call an operand in memory.
const OPERAND: &str = "an operand of the function";

/// Refuses results that would lie over something that is read, or over each other.
fn check_places(
    read: &[(&'static str, &Tensor)],
    written: &[(&'static str, &Tensor)],
) -> Result<()> {
    for (place, (_, result)) in written.iter().enumerate() {
        let result = Span::from(*result);
        for (name, other) in read.iter().chain(&written[..place]) {
            let other = Span::from(*other);
            if result.overlaps(&other) {
                return Err(Error::Overlap {
                    input: (*name).to_owned(),
                    range: other.range(),
                    result: result.range(),
                });
            }
        }
    }
    Ok(())
}

impl Context {
    /// Appends the kernels of a forward pass of a batch that is not empty. The function is computed in the product's kernel, but where it
    /// has operands in memory in a second one.
    fn prepare_dense(
        self: &Arc<Self>,
        layer: &Dense<'_>,
        batch: usize,
        given: Given<'_>,
        y: (&'static str, &Tensor),
        work: Work,
        prepared: &mut Prepared,
    ) -> Result<()> {
        let (inputs, outputs) = (layer.inputs(), layer.outputs());
        let fused = work.operands.is_empty();
        let mut epilogue = Epilogue {
            bias: given.bias.map(Span::from),
            ..Epilogue::default()
        };
        if fused {
            epilogue.steps.clone_from(&work.plan.steps);
            epilogue.constants.clone_from(&work.constants);
        }
        let x = Matrix::new("x", given.x.into(), batch, inputs);
        let weights = Matrix::new("the weights", given.weights.into(), outputs, inputs);
        let (name, y) = (y.0, Span::from(y.1));
        self.prepare_product(x, weights.transposed(), epilogue, (name, y), prepared)?;
        if fused {
            return Ok(());
        }
        let elements = Elements {
            x: y,
            grad: None,
            outputs: vec![y],
            columns: outputs,
            before: 0,
        };
        self.prepare(&work, &elements, prepared)
    }

    /// Appends the kernels of a backward pass of a batch that is not empty, and gives the tensors in between.
    fn prepare_dense_backward(
        self: &Arc<Self>,
        layer: &Dense<'_>,
        batch: usize,
        given: Given<'_>,
        grad: &Tensor,
        into: &DenseGradients<&Tensor>,
        prepared: &mut Prepared,
    ) -> Result<Vec<Tensor>> {
        let (inputs, outputs) = (layer.inputs(), layer.outputs());
        let mut between = Vec::new();
        let mut own = None;
        if !layer.function().steps().is_empty() {
            let z = Tensor::new(self, batch * outputs, Purpose::Scratch)?;
            let sums = layer.with_function(crate::Chain::new());
            let forward = Work::new(self, sums.function(), Task::Value(Direction::Forward))?;
            self.prepare_dense(&sums, batch, given, ("z", &z), forward, prepared)?;
            let work = Work::new(self, layer.function(), Task::Value(Direction::Backward))?;
            let elements = Elements {
                x: (&z).into(),
                grad: Some(grad.into()),
                // In the place of z, which nobody needs any more.
                outputs: vec![(&z).into()],
                columns: outputs,
                before: 0,
            };
            self.prepare(&work, &elements, prepared)?;
            own = Some(z);
        }
        let dz = Span::from(own.as_ref().unwrap_or(grad));
        let name = if own.is_some() { "dz" } else { "grad" };
        let dz_rows = Matrix::new(name, dz, batch, outputs);
        if let Some(dx) = into.x {
            let weights = Matrix::new("the weights", given.weights.into(), outputs, inputs);
            let dx = ("the gradient of x", Span::from(dx));
            self.prepare_product(dz_rows, weights, Epilogue::default(), dx, prepared)?;
        }
        if let Some(dw) = into.weights {
            let x = Matrix::new("x", given.x.into(), batch, inputs);
            let dw = ("the gradient of the weights", Span::from(dw));
            self.prepare_product(dz_rows.transposed(), x, Epilogue::default(), dw, prepared)?;
        }
        if let Some(db) = into.bias {
            let sums = self.prepare_sum(dz, outputs, Broadcast::Row, db.into(), prepared)?;
            between.extend(sums);
        }
        between.extend(own);
        Ok(between)
    }
}

impl Gpu {
    fn dense_computed(
        &self,
        batch: Option<&Batch<'_>>,
        layer: &Dense<'_>,
        given: Given<'_>,
        y: &Tensor,
    ) -> Result<()> {
        let lengths = given.lengths(("the result", y.len()), DenseGradients::default());
        let cases = lengths.check(layer, Direction::Forward)?;
        let result = ("the result", y);
        for (name, tensor) in given.named().chain([result]) {
            check_device(&self.context, name, tensor)?;
        }
        let task = Task::Value(Direction::Forward);
        let work = Work::new(&self.context, layer.function(), task)?;
        if cases == 0 {
            return Ok(());
        }
        let operands = work.operands.clone();
        let own = operands.iter().map(|(_, tensor)| (OPERAND, tensor));
        let read: Vec<(&'static str, &Tensor)> = given.named().chain(own).collect();
        check_places(&read, &[result])?;
        let uses = Uses {
            read: read.iter().map(|(_, tensor)| *tensor).collect(),
            written: vec![y],
        };
        uses.check(batch)?;
        let mut prepared = Prepared::default();
        self.context
            .prepare_dense(layer, cases, given, result, work, &mut prepared)?;
        self.finish(batch, prepared, &uses)
    }

    fn dense_backward_computed(
        &self,
        batch: Option<&Batch<'_>>,
        layer: &Dense<'_>,
        given: Given<'_>,
        grad: &Tensor,
        into: DenseGradients<&Tensor>,
    ) -> Result<()> {
        let lengths = given.lengths(
            ("grad", grad.len()),
            DenseGradients {
                x: into.x.map(Tensor::len),
                weights: into.weights.map(Tensor::len),
                bias: into.bias.map(Tensor::len),
            },
        );
        let cases = lengths.check(layer, Direction::Backward)?;
        let task = Task::Value(Direction::Backward);
        let work = Work::new(&self.context, layer.function(), task)?;
        let own = work.operands.iter().map(|(_, tensor)| (OPERAND, tensor));
        let read: Vec<(&'static str, &Tensor)> =
            given.named().chain([("grad", grad)]).chain(own).collect();
        let results = [
            ("the gradient of x", into.x),
            ("the gradient of the weights", into.weights),
            ("the gradient of the bias", into.bias),
        ];
        let written: Vec<(&'static str, &Tensor)> = results
            .into_iter()
            .filter_map(|(name, tensor)| Some((name, tensor?)))
            .collect();
        for (name, tensor) in read.iter().chain(&written) {
            check_device(&self.context, name, tensor)?;
        }
        check_places(&read, &written)?;
        let mut uses = Uses {
            read: read.iter().map(|(_, tensor)| *tensor).collect(),
            written: written.iter().map(|(_, tensor)| *tensor).collect(),
        };
        uses.check(batch)?;
        let mut prepared = Prepared::default();
        let between = if cases == 0 {
            let empty: Vec<(usize, Span<'_>)> = written
                .iter()
                .map(|(_, tensor)| (0, Span::from(*tensor)))
                .collect();
            self.context.prepare_empty_sums(&empty, &mut prepared)?;
            Vec::new()
        } else {
            self.context
                .prepare_dense_backward(layer, cases, given, grad, &into, &mut prepared)?
        };
        uses.written.extend(&between);
        self.finish(batch, prepared, &uses)
    }
}

macro_rules! dense_forms {
    ($this:ty, $gpu:expr, $batch:expr) => {
        /// Dense layers: see [`dense`](crate::dense). Operands of a layer's function are tensors.
        impl $this {
            /// `f(x·Wᵀ + b)`. The bias and the function are computed in the kernel of the product; a function that has operands in memory
            /// takes a second kernel.
            ///
            /// ```no_run
            /// use nonlin::{Activation, Gpu, dense::Dense};
            /// let gpu = Gpu::new()?;
            /// let layer = Dense::new(2, 1).then(Activation::relu());
            /// let (x, weights) = (gpu.upload(&[1.0, 2.0])?, gpu.upload(&[3.0, 4.0])?);
            /// assert_eq!(gpu.dense(&layer, &x, &weights, None)?.download()?, [11.0]);
            /// # Ok::<(), nonlin::Error>(())
            /// ```
            ///
            /// # Errors
            /// [`Error::InvalidDense`] for lengths that do not fit the layer, or a matrix that does not fit one binding; else as
            /// [`compute_tensor`](Self::compute_tensor).
            pub fn dense(
                &self,
                layer: &Dense<'_>,
                x: &Tensor,
                weights: &Tensor,
                bias: Option<&Tensor>,
            ) -> Result<Tensor> {
                let y = self.empty(layer.batch(x.len())? * layer.outputs())?;
                self.dense_into(layer, x, weights, bias, &y)?;
                Ok(y)
            }

            /// As [`dense`](Self::dense), into a tensor that exists and is none of those that are read.
            ///
            /// # Errors
            /// As [`dense`](Self::dense), and [`Error::Overlap`].
            pub fn dense_into(
                &self,
                layer: &Dense<'_>,
                x: &Tensor,
                weights: &Tensor,
                bias: Option<&Tensor>,
                y: &Tensor,
            ) -> Result<()> {
                let given = Given { x, weights, bias };
                ($gpu)(self).dense_computed(($batch)(self), layer, given, y)
            }

            /// The backward pass of a layer, as
            /// [`DenseEngine::dense_backward_into`](crate::dense::DenseEngine::dense_backward_into) says it.
            ///
            /// # Errors
            /// As [`dense`](Self::dense).
            pub fn dense_backward(
                &self,
                layer: &Dense<'_>,
                x: &Tensor,
                weights: &Tensor,
                bias: Option<&Tensor>,
                grad: &Tensor,
                wanted: Wanted,
            ) -> Result<DenseGradients<Tensor>> {
                let found = wanted.make(layer, x.len(), |len| self.empty(len))?;
                self.dense_backward_into(layer, x, weights, bias, grad, found.as_ref())?;
                Ok(found)
            }

            /// As [`dense_backward`](Self::dense_backward), into tensors that exist: those that are there. None may be one of those that
            /// are read.
            ///
            /// # Errors
            /// As [`dense`](Self::dense), and [`Error::Overlap`].
            pub fn dense_backward_into(
                &self,
                layer: &Dense<'_>,
                x: &Tensor,
                weights: &Tensor,
                bias: Option<&Tensor>,
                grad: &Tensor,
                into: DenseGradients<&Tensor>,
            ) -> Result<()> {
                let given = Given { x, weights, bias };
                ($gpu)(self).dense_backward_computed(($batch)(self), layer, given, grad, into)
            }
        }
    };
}

dense_forms!(Gpu, |gpu| gpu, |_| None);
dense_forms!(Batch<'_>, Batch::gpu, Some);
