//! The forms of the operations over tensors, which [`Gpu`](super::Gpu) and [`Batch`] have alike: each a line around `compute_tensor` or
//! `gradients_into`.

use super::Gpu;
use super::batch::Batch;
use super::forward_backward::Both;
use super::tensor::Tensor;
use crate::engine::Gradients;
use crate::{Chain, Direction, Result};

macro_rules! forms {
    ($this:ty, |$self:ident| $gpu:expr, $batch:expr) => {
        /// The operations by their names. Errors are those of [`compute_tensor`](Self::compute_tensor).
        impl $this {
            fn compute_new<'a>(
                &self,
                f: impl Into<Chain<'a>>,
                direction: Direction,
                x: &Tensor,
                grad: Option<&Tensor>,
            ) -> Result<Tensor> {
                let out = self.empty(x.len())?;
                self.compute_tensor(f, direction, x, grad, &out)?;
                Ok(out)
            }

            /// `f(x)`.
            pub fn forward<'a>(&self, f: impl Into<Chain<'a>>, x: &Tensor) -> Result<Tensor> {
                self.compute_new(f, Direction::Forward, x, None)
            }

            /// `f(x)` into `y`.
            pub fn forward_into<'a>(
                &self,
                f: impl Into<Chain<'a>>,
                x: &Tensor,
                y: &Tensor,
            ) -> Result<()> {
                self.compute_tensor(f, Direction::Forward, x, None, y)
            }

            /// `f(x)` in the place of `x`.
            pub fn forward_in_place<'a>(&self, f: impl Into<Chain<'a>>, x: &Tensor) -> Result<()> {
                self.compute_tensor(f, Direction::Forward, x, None, x)
            }

            /// `f'(x)`.
            pub fn derivative<'a>(&self, f: impl Into<Chain<'a>>, x: &Tensor) -> Result<Tensor> {
                self.compute_new(f, Direction::Derivative, x, None)
            }

            /// `f'(x)` into `out`.
            pub fn derivative_into<'a>(
                &self,
                f: impl Into<Chain<'a>>,
                x: &Tensor,
                out: &Tensor,
            ) -> Result<()> {
                self.compute_tensor(f, Direction::Derivative, x, None, out)
            }

            /// `f'(x)` in the place of `x`.
            pub fn derivative_in_place<'a>(
                &self,
                f: impl Into<Chain<'a>>,
                x: &Tensor,
            ) -> Result<()> {
                self.compute_tensor(f, Direction::Derivative, x, None, x)
            }

            /// `grad * f'(x)`: the gradient of the input, given the gradient of the output.
            pub fn backward<'a>(
                &self,
                f: impl Into<Chain<'a>>,
                x: &Tensor,
                grad: &Tensor,
            ) -> Result<Tensor> {
                self.compute_new(f, Direction::Backward, x, Some(grad))
            }

            /// `grad * f'(x)` into `dx`.
            pub fn backward_into<'a>(
                &self,
                f: impl Into<Chain<'a>>,
                x: &Tensor,
                grad: &Tensor,
                dx: &Tensor,
            ) -> Result<()> {
                self.compute_tensor(f, Direction::Backward, x, Some(grad), dx)
            }

            /// `grad * f'(x)` in the place of `grad`.
            pub fn backward_in_place<'a>(
                &self,
                f: impl Into<Chain<'a>>,
                x: &Tensor,
                grad: &Tensor,
            ) -> Result<()> {
                self.compute_tensor(f, Direction::Backward, x, Some(grad), grad)
            }

            /// `f(x)` and `f'(x)` in one pass over `x`: what automatic differentiation keeps of a forward pass, so that the way back is a
            /// product. Faster than one after the other.
            ///
            /// ```
            /// use nonlin::{Activation, Gpu};
            /// let gpu = Gpu::new()?;
            /// let x = gpu.upload(&[-1.0, 2.0])?;
            /// let (y, derivative) = gpu.forward_and_derivative(Activation::relu(), &x)?;
            /// assert_eq!(y.download()?, [0.0, 2.0]);
            /// assert_eq!(derivative.download()?, [0.0, 1.0]);
            /// # Ok::<(), nonlin::Error>(())
            /// ```
            pub fn forward_and_derivative<'a>(
                &self,
                f: impl Into<Chain<'a>>,
                x: &Tensor,
            ) -> Result<(Tensor, Tensor)> {
                let (y, derivative) = (self.empty(x.len())?, self.empty(x.len())?);
                self.forward_and_derivative_into(f, x, &y, &derivative)?;
                Ok((y, derivative))
            }

            /// [`forward_and_derivative`](Self::forward_and_derivative) into tensors that exist; one of them may be `x` itself.
            pub fn forward_and_derivative_into<'a>(
                &$self,
                f: impl Into<Chain<'a>>,
                x: &Tensor,
                y: &Tensor,
                derivative: &Tensor,
            ) -> Result<()> {
                let tensors = Both {
                    x,
                    grad: None,
                    y,
                    dx: derivative,
                };
                $gpu.both_computed($batch, &f.into(), tensors)
            }

            /// `f(x)` and `grad * f'(x)` in one pass over `x`: for a pass backward that computes the values again instead of keeping them.
            pub fn forward_and_backward<'a>(
                &self,
                f: impl Into<Chain<'a>>,
                x: &Tensor,
                grad: &Tensor,
            ) -> Result<(Tensor, Tensor)> {
                let (y, dx) = (self.empty(x.len())?, self.empty(x.len())?);
                self.forward_and_backward_into(f, x, grad, &y, &dx)?;
                Ok((y, dx))
            }

            /// [`forward_and_backward`](Self::forward_and_backward) into tensors that exist; each may be `x` or `grad`.
            pub fn forward_and_backward_into<'a>(
                &$self,
                f: impl Into<Chain<'a>>,
                x: &Tensor,
                grad: &Tensor,
                y: &Tensor,
                dx: &Tensor,
            ) -> Result<()> {
                let tensors = Both {
                    x,
                    grad: Some(grad),
                    y,
                    dx,
                };
                $gpu.both_computed($batch, &f.into(), tensors)
            }

            /// `f'(x)` from `y = f(x)`, where that is possible.
            pub fn derivative_from_output<'a>(
                &self,
                f: impl Into<Chain<'a>>,
                y: &Tensor,
            ) -> Result<Tensor> {
                self.compute_new(f, Direction::DerivativeFromOutput, y, None)
            }

            /// `f'(x)` from `y = f(x)` into `out`.
            pub fn derivative_from_output_into<'a>(
                &self,
                f: impl Into<Chain<'a>>,
                y: &Tensor,
                out: &Tensor,
            ) -> Result<()> {
                self.compute_tensor(f, Direction::DerivativeFromOutput, y, None, out)
            }

            /// `grad * f'(x)` from `y = f(x)`, where that is possible.
            pub fn backward_from_output<'a>(
                &self,
                f: impl Into<Chain<'a>>,
                y: &Tensor,
                grad: &Tensor,
            ) -> Result<Tensor> {
                self.compute_new(f, Direction::BackwardFromOutput, y, Some(grad))
            }

            /// `grad * f'(x)` from `y = f(x)` into `dx`.
            pub fn backward_from_output_into<'a>(
                &self,
                f: impl Into<Chain<'a>>,
                y: &Tensor,
                grad: &Tensor,
                dx: &Tensor,
            ) -> Result<()> {
                self.compute_tensor(f, Direction::BackwardFromOutput, y, Some(grad), dx)
            }

            /// The backward pass of a chain: `grad` times the derivative with respect to the input, and the gradients of these
            /// operands in memory, by their places in [`Chain::operands`], each summed over the elements that it is spread over. The
            /// sums have the same bits in every run.
            ///
            /// ```no_run
            /// use nonlin::{Activation, Chain, Gpu};
            /// let gpu = Gpu::new()?;
            /// let (x, bias) = (gpu.upload(&[1.0, -2.0, 3.0, 4.0])?, gpu.upload(&[0.5, 0.5])?);
            /// let layer = Chain::new().add_row(&bias).then(Activation::relu());
            /// let gradients = gpu.gradients(&layer, &x, &gpu.upload(&[1.0; 4])?, &[0])?;
            /// assert_eq!(gradients.input.download()?, [1.0, 0.0, 1.0, 1.0]);
            /// assert_eq!(gradients.operands[0].download()?, [2.0, 1.0]);
            /// # Ok::<(), nonlin::Error>(())
            /// ```
            ///
            /// # Errors
            /// As [`gradients_into`](Self::gradients_into).
            pub fn gradients<'a>(
                &self,
                f: impl Into<Chain<'a>>,
                x: &Tensor,
                grad: &Tensor,
                operands: &[usize],
            ) -> Result<Gradients<Tensor>> {
                let chain = f.into();
                let input = self.empty(x.len())?;
                let operand = |&place: &usize| self.empty(chain.operand(place)?.1.len());
                let found = operands.iter().map(operand).collect::<Result<Vec<_>>>()?;
                let into: Vec<(usize, &Tensor)> = operands.iter().copied().zip(&found).collect();
                self.gradients_into(&chain, x, grad, &input, &into)?;
                Ok(Gradients {
                    input,
                    operands: found,
                })
            }
        }
    };
}

forms!(Gpu, |self| self, None);
forms!(Batch<'_>, |self| self.gpu(), Some(self));
