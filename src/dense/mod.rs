//! Dense layers, `y = f(x·Wᵀ + b)`, with the gradients of everything in them: enough to build small networks of activations.
//!
//! `x` holds a row of `inputs` numbers for each case of the batch, `W` a row of `inputs` weights for each of the `outputs`, and `b`, which
//! may be left out, a number for each output. Everything lies row after row. `f` is an activation or a chain over the rows of `z = x·Wᵀ + b`.
//!
//! This is small and right, and no BLAS: the GPU computes tiles of 4 × 4 numbers in the registers of one invocation, the CPU on one
//! thread. Each matrix of a call on a GPU has to fit one binding
//! ([`Info::max_chunk_bytes`](crate::gpu::Info::max_chunk_bytes)).
//!
//! ```
//! use nonlin::dense::{Dense, DenseEngine, Wanted};
//! use nonlin::{Activation, cpu::Cpu};
//! let layer = Dense::new(2, 3).then(Activation::relu());
//! let weights = [1.0, 0.0, 0.0, 1.0, -1.0, -1.0];
//! let x = [1.0, 2.0];
//! let y = Cpu::new().dense(&layer, &x, &weights, Some(&[0.0, 0.5, 0.0]))?;
//! assert_eq!(y, [1.0, 2.5, 0.0]);
//!
//! let grad = [1.0, 1.0, 1.0];
//! let found = Cpu::new().dense_backward(&layer, &x, &weights, None, &grad, Wanted::ALL)?;
//! assert_eq!(found.x.as_deref(), Some(&[1.0, 1.0][..]));
//! assert_eq!(found.weights.as_deref(), Some(&[1.0, 2.0, 1.0, 2.0, 0.0, 0.0][..]));
//! assert_eq!(found.bias.as_deref(), Some(&[1.0, 1.0, 0.0][..]));
//! # Ok::<(), nonlin::Error>(())
//! ```
//!
//! # Accuracy
//!
//! With u = 2⁻²⁴, an element of `z` is off by at most (`inputs` + 2)·u of Σ|x·w| + |b|, but for terms of the second order and for numbers
//! that may be taken for zero because they are subnormal; `f` adds what it adds alone. The same holds of the gradient of an input, a sum over
//! the outputs, and of that of a weight, a sum over the batch, given the `dz` that they are made of; `dz` itself carries what `z` is off by,
//! so that where `f` has a kink near `z` it may be that of the other side. The gradient of the bias is a sum in a tree on the GPU and in
//! f64 on the CPU. The order of the additions depends on the sizes only, so two runs on one engine give the same bits.

use crate::{Broadcast, Chain, Direction, Engine, Error, Result, zeros};

/// A dense layer without its numbers: how many inputs and outputs it has, and the function of what it adds up.
///
/// A residual step of the function adds `z = x·Wᵀ + b`, the function's own input.
#[derive(Clone, Debug)]
pub struct Dense<'a> {
    inputs: usize,
    outputs: usize,
    function: Chain<'a>,
}

impl<'a> Dense<'a> {
    /// A layer without a function. Both numbers have to be 1 at least: 0 of either is an [`Error::InvalidDense`] when the layer is used.
    pub fn new(inputs: usize, outputs: usize) -> Self {
        Self {
            inputs,
            outputs,
            function: Chain::new(),
        }
    }

    /// Appends an activation or the steps of a chain to the function. Rows and columns of operands are those of the result.
    #[must_use]
    pub fn then(mut self, next: impl Into<Chain<'a>>) -> Self {
        self.function = self.function.then(next);
        self
    }

    /// Numbers in a row of `x`, and in a row of the weights.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Numbers in a row of the result, and rows of the weights.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Number of weights.
    ///
    /// # Errors
    /// [`Error::InvalidDense`] where there are none, or more than a number of elements can be.
    pub fn weights(&self) -> Result<usize> {
        let (inputs, outputs) = (self.inputs, self.outputs);
        inputs
            .checked_mul(outputs)
            .filter(|&weights| weights > 0)
            .ok_or_else(|| {
                invalid(format!(
                    "it has {inputs} inputs and {outputs} outputs; there have to be some of both, and no more than fit memory"
                ))
            })
    }

    /// What is computed of `z = x·Wᵀ + b`.
    pub fn function(&self) -> &Chain<'a> {
        &self.function
    }

    /// The same layer with another function.
    pub(crate) fn with_function<'b>(&self, function: Chain<'b>) -> Dense<'b> {
        Dense {
            inputs: self.inputs,
            outputs: self.outputs,
            function,
        }
    }

    /// Number of cases of which `x` holds a row each.
    ///
    /// # Errors
    /// [`Error::InvalidDense`] where it is no whole number of rows, or the results are more than a number of elements can be.
    pub(crate) fn batch(&self, x: usize) -> Result<usize> {
        self.weights()?;
        let inputs = self.inputs;
        if !x.is_multiple_of(inputs) {
            return Err(invalid(format!(
                "x holds {x} elements, which are no whole rows of {inputs} inputs"
            )));
        }
        let (batch, outputs) = (x / inputs, self.outputs);
        match batch.checked_mul(outputs) {
            Some(_) => Ok(batch),
            None => Err(invalid(format!(
                "{batch} rows of {outputs} outputs are more than any memory holds"
            ))),
        }
    }
}

fn invalid(reason: String) -> Error {
    Error::InvalidDense { reason }
}

/// Which gradients a backward pass is to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// That of the input: the first layer of a network has no use for it.
    pub x: bool,
    /// That of the weights.
    pub weights: bool,
    /// That of the bias. A layer without one has it all the same: what a bias of zeros would get.
    pub bias: bool,
}

impl Wanted {
    /// All of them.
    pub const ALL: Self = Self {
        x: true,
        weights: true,
        bias: true,
    };

    /// That of the input only.
    pub const X: Self = Self {
        x: true,
        weights: false,
        bias: false,
    };

    /// Those of what is trained.
    pub const PARAMETERS: Self = Self {
        x: false,
        weights: true,
        bias: true,
    };

    /// Room for what is wanted, made for a number of elements.
    pub(crate) fn make<T>(
        self,
        layer: &Dense<'_>,
        x: usize,
        mut make: impl FnMut(usize) -> Result<T>,
    ) -> Result<DenseGradients<T>> {
        let weights = layer.weights()?;
        let mut room = |wanted: bool, len| wanted.then(|| make(len)).transpose();
        Ok(DenseGradients {
            x: room(self.x, x)?,
            weights: room(self.weights, weights)?,
            bias: room(self.bias, layer.outputs)?,
        })
    }
}

/// The gradients of a layer: those that were asked for are there.
#[derive(Clone, Debug, Default)]
pub struct DenseGradients<T> {
    /// That of the input, as long as `x`.
    pub x: Option<T>,
    /// That of the weights, as long as they are.
    pub weights: Option<T>,
    /// That of the bias, a number for each output.
    pub bias: Option<T>,
}

impl<T> DenseGradients<T> {
    /// Which are there.
    pub fn wanted(&self) -> Wanted {
        Wanted {
            x: self.x.is_some(),
            weights: self.weights.is_some(),
            bias: self.bias.is_some(),
        }
    }

    pub(crate) fn as_ref(&self) -> DenseGradients<&T> {
        DenseGradients {
            x: self.x.as_ref(),
            weights: self.weights.as_ref(),
            bias: self.bias.as_ref(),
        }
    }
}

/// Computes dense layers over slices in host memory. [`Cpu`](crate::cpu::Cpu) and [`Gpu`](crate::Gpu) implement it; operands of the
/// layer's function lie in host memory too.
pub trait DenseEngine: Engine {
    /// `y = f(x·Wᵀ + b)` into `y`.
    ///
    /// # Errors
    /// [`Error::InvalidDense`] for lengths that do not fit the layer or a layer that the device has no room for, whatever the function
    /// cannot be computed for (as [`Engine::compute`]), and what the device reports.
    fn dense_into(
        &self,
        layer: &Dense<'_>,
        x: &[f32],
        weights: &[f32],
        bias: Option<&[f32]>,
        y: &mut [f32],
    ) -> Result<()>;

    /// `f(x·Wᵀ + b)`.
    ///
    /// # Errors
    /// As [`dense_into`](Self::dense_into).
    fn dense(
        &self,
        layer: &Dense<'_>,
        x: &[f32],
        weights: &[f32],
        bias: Option<&[f32]>,
    ) -> Result<Vec<f32>> {
        let mut y = zeros(layer.batch(x.len())? * layer.outputs);
        self.dense_into(layer, x, weights, bias, &mut y)?;
        Ok(y)
    }

    /// The backward pass: `grad` is the gradient of `y`. With `dz = grad ∘ f'(z)`, that of `x` is `dz·W`, that of the weights `dzᵀ·x`, that of
    /// the bias the sum of the rows of `dz`. Written is what `into` has room for.
    ///
    /// `z` is computed again, which is one product beside the two of the gradients; a layer without a function does not need it. To
    /// keep `z` instead, compute a layer without a function and the function behind it, and go back the same way.
    ///
    /// Operands of the function that lie in memory get no gradients here: [`Engine::gradients`] of the function gives them.
    ///
    /// # Errors
    /// As [`dense_into`](Self::dense_into).
    fn dense_backward_into(
        &self,
        layer: &Dense<'_>,
        x: &[f32],
        weights: &[f32],
        bias: Option<&[f32]>,
        grad: &[f32],
        into: DenseGradients<&mut [f32]>,
    ) -> Result<()>;

    /// As [`dense_backward_into`](Self::dense_backward_into), into new memory.
    ///
    /// # Errors
    /// As [`dense_into`](Self::dense_into).
    fn dense_backward(
        &self,
        layer: &Dense<'_>,
        x: &[f32],
        weights: &[f32],
        bias: Option<&[f32]>,
        grad: &[f32],
        wanted: Wanted,
    ) -> Result<DenseGradients<Vec<f32>>> {
        let mut found = wanted.make(layer, x.len(), |len| Ok(zeros(len)))?;
        let into = DenseGradients {
            x: found.x.as_deref_mut(),
            weights: found.weights.as_deref_mut(),
            bias: found.bias.as_deref_mut(),
        };
        self.dense_backward_into(layer, x, weights, bias, grad, into)?;
        Ok(found)
    }
}

/// The lengths of a forward or a backward pass.
pub(crate) struct Lengths {
    pub(crate) x: usize,
    pub(crate) weights: usize,
    pub(crate) bias: Option<usize>,
    /// Of the result, or of its gradient.
    pub(crate) y: (&'static str, usize),
    pub(crate) gradients: DenseGradients<usize>,
}

impl Lengths {
    /// Those of slices.
    pub(crate) fn of_slices(
        x: &[f32],
        weights: &[f32],
        bias: Option<&[f32]>,
        y: (&'static str, &[f32]),
        into: &DenseGradients<&mut [f32]>,
    ) -> Self {
        let len = |into: &Option<&mut [f32]>| into.as_ref().map(|into| into.len());
        Self {
            x: x.len(),
            weights: weights.len(),
            bias: bias.map(<[f32]>::len),
            y: (y.0, y.1.len()),
            gradients: DenseGradients {
                x: len(&into.x),
                weights: len(&into.weights),
                bias: len(&into.bias),
            },
        }
    }

    /// Checks a call, and gives the number of cases.
    pub(crate) fn check(&self, layer: &Dense<'_>, direction: Direction) -> Result<usize> {
        let batch = layer.batch(self.x)?;
        let (inputs, outputs) = (layer.inputs, layer.outputs);
        let fits = |name: &str, len: usize, wanted: usize, of: String| {
            if len == wanted {
                return Ok(());
            }
            Err(invalid(format!(
                "{name}: {len} elements, wanted are {wanted}, {of}"
            )))
        };
        let of_weights = || format!("{outputs} outputs × {inputs} inputs");
        let of_outputs = || format!("one for each of {outputs} outputs");
        let all = inputs * outputs;
        fits("the weights", self.weights, all, of_weights())?;
        if let Some(bias) = self.bias {
            fits("the bias", bias, outputs, of_outputs())?;
        }
        let (name, y) = self.y;
        let rows = format!("{batch} rows × {outputs} outputs");
        fits(name, y, batch * outputs, rows)?;
        let DenseGradients { x, weights, bias } = self.gradients;
        if let Some(x) = x {
            let rows = format!("{batch} rows × {inputs} inputs");
            fits("the gradient of x", x, self.x, rows)?;
        }
        if let Some(weights) = weights {
            fits("the gradient of the weights", weights, all, of_weights())?;
        }
        if let Some(bias) = bias {
            fits("the gradient of the bias", bias, outputs, of_outputs())?;
        }
        let columns = layer.function.check(direction, batch * outputs)?;
        let rows = |(broadcast, _)| matches!(broadcast, Broadcast::Row | Broadcast::Column);
        if batch > 0 && columns != outputs && layer.function.operands().any(rows) {
            return Err(invalid(format!(
                "an operand of its function makes rows of {columns} columns, the layer has {outputs} outputs"
            )));
        }
        Ok(batch)
    }
}
