//! prelu and rrelu over tensors.

use super::kernel::{PRELU, PRELU_BACKWARD, RRELU, RRELU_BACKWARD};
use super::{Extent, Job, Operand, WORDS, one_row};
use crate::gpu::batch::Uses;
use crate::gpu::dispatch::{Prepared, check_device};
use crate::gpu::grid::divisor;
use crate::gpu::pool::Purpose;
use crate::gpu::span::Span;
use crate::gpu::{Batch, Gpu, Tensor};
use crate::rows::places::{Access, as_long};
use crate::rows::{Prelu, Rrelu};
use crate::{Broadcast, Chain, Error, Result};

macro_rules! forms {
    ($this:ty) => {
        /// Leaky rectifiers over tensors. [`Gpu`]'s calls submit their kernels and do not wait for them; [`Batch`] has the same.
        /// Results of as many elements may be `x` or `grad`.
        ///
        /// # Errors
        /// Every one of them: [`Error::InvalidParameters`] for an input that is no whole rows of channels or another number of slopes,
        /// [`Error::ParameterOutOfRange`], [`Error::LengthMismatch`], [`Error::Overlap`], [`Error::WrongDevice`], and whatever the device
        /// reports.
        impl $this {
            /// A leaky rectifier with a slope for each channel.
            ///
            /// # Errors
            /// As said above for all of them.
            pub fn prelu(&self, f: &Prelu, x: &Tensor, slopes: &Tensor) -> Result<Tensor> {
                let y = self.empty(x.len())?;
                self.prelu_into(f, x, slopes, &y)?;
                Ok(y)
            }

            /// As [`prelu`](Self::prelu), into a tensor that exists.
            ///
            /// # Errors
            /// As there.
            pub fn prelu_into(&self, f: &Prelu, x: &Tensor, slopes: &Tensor, y: &Tensor) -> Result<()> {
                let lines = self.lines(f, x, slopes)?;
                as_long("the result", y.len(), "x", x.len())?;
                let flat = Access::flat(f.axes().1);
                let reads = vec![Operand::new("x", x, flat)];
                let writes = vec![Operand::new("y", y, flat)];
                let job = Job {
                    op: &PRELU,
                    ..prelu_job(f, lines, slopes, reads, writes)
                };
                self.way().run(&[&job], &[x, slopes], &[y])
            }

            /// The gradients of the input and of the slopes. The latter have the same bits in every run.
            ///
            /// # Errors
            /// As [`prelu`](Self::prelu).
            pub fn prelu_backward(
                &self,
                f: &Prelu,
                x: &Tensor,
                slopes: &Tensor,
                grad: &Tensor,
            ) -> Result<[Tensor; 2]> {
                let gradients = [self.empty(x.len())?, self.empty(slopes.len())?];
                self.prelu_backward_into(f, x, slopes, grad, &gradients[0], &gradients[1])?;
                Ok(gradients)
            }

            /// As [`prelu_backward`](Self::prelu_backward), into tensors that exist.
            ///
            /// # Errors
            /// As [`prelu`](Self::prelu), and [`Error::InvalidParameters`] where there are several rows, and a row of channels is longer
            /// than a binding.
            pub fn prelu_backward_into(
                &self,
                f: &Prelu,
                x: &Tensor,
                slopes: &Tensor,
                grad: &Tensor,
                dx: &Tensor,
                dslopes: &Tensor,
            ) -> Result<()> {
                let lines = self.lines(f, x, slopes)?;
                as_long("grad", grad.len(), "x", x.len())?;
                as_long("the result", dx.len(), "x", x.len())?;
                as_long(
                    "the gradient of the slopes",
                    dslopes.len(),
                    "the slopes",
                    slopes.len(),
                )?;
                let tensors = [x, slopes, grad, dx, dslopes];
                for tensor in tensors {
                    check_device(&self.way().gpu.context, "an operand", tensor)?;
                }
                let sums = Span::from(dslopes);
                for (name, other) in [
                    ("x", x),
                    ("the slopes", slopes),
                    ("grad", grad),
                    ("the gradient of x", dx),
                ] {
                    let other = Span::from(other);
                    if sums.overlaps(&other) {
                        return Err(Error::Overlap {
                            input: name.to_owned(),
                            range: other.range(),
                            result: sums.range(),
                        });
                    }
                }
                if x.is_empty() {
                    // Sums of nothing: the derivative of 0·x.
                    return self.derivative_into(Chain::new().scale(0.0), dslopes, dslopes);
                }
                let (channels, inner) = f.axes();
                let flat = Access::flat(inner);
                let terms = Tensor::new(&self.way().gpu.context, x.len(), Purpose::Scratch)?;
                let reads = vec![Operand::new("x", x, flat), Operand::new("grad", grad, flat)];
                let writes = vec![
                    Operand::new("the gradient of x", dx, flat),
                    Operand::new("the terms", &terms, flat),
                ];
                let job = Job {
                    op: &PRELU_BACKWARD,
                    ..prelu_job(f, lines, slopes, reads, writes)
                };
                let mut uses = Uses {
                    read: vec![x, slopes, grad],
                    written: vec![dx, dslopes],
                };
                uses.check(self.way().batch)?;
                let mut prepared = Prepared::default();
                self.way().gpu.context.prepare_rows(&job, &mut prepared)?;
                let mut between = Vec::new();
                // Over the rows first: what is left is one row.
                let row = channels * inner;
                let mut values = terms.clone();
                if lines > channels {
                    let to = match inner {
                        1 => dslopes.clone(),
                        _ => Tensor::new(&self.way().gpu.context, row, Purpose::Scratch)?,
                    };
                    let more = self.way().gpu.context.prepare_sum(
                        (&values).into(),
                        row,
                        Broadcast::Row,
                        (&to).into(),
                        &mut prepared,
                    )?;
                    between.extend(more);
                    between.push(std::mem::replace(&mut values, to));
                }
                if inner > 1 || lines == channels {
                    let more = self.way().gpu.context.prepare_sum(
                        (&values).into(),
                        inner,
                        Broadcast::Column,
                        sums,
                        &mut prepared,
                    )?;
                    between.extend(more);
                }
                between.push(values);
                uses.written.extend(&between);
                self.way().gpu.finish(self.way().batch, prepared, &uses)
            }

            /// A leaky rectifier with a drawn slope for each element.
            ///
            /// # Errors
            /// As [`prelu`](Self::prelu).
            pub fn rrelu(&self, f: &Rrelu, x: &Tensor) -> Result<Tensor> {
                let y = self.empty(x.len())?;
                self.rrelu_into(f, x, &y)?;
                Ok(y)
            }

            /// As [`rrelu`](Self::rrelu), into a tensor that exists.
            ///
            /// # Errors
            /// As [`prelu`](Self::prelu).
            pub fn rrelu_into(&self, f: &Rrelu, x: &Tensor, y: &Tensor) -> Result<()> {
                f.check()?;
                as_long("the result", y.len(), "x", x.len())?;
                let flat = Access::flat(1);
                let reads = vec![Operand::new("x", x, flat)];
                let writes = vec![Operand::new("y", y, flat)];
                let job = Job {
                    op: &RRELU,
                    ..rrelu_job(f, x.len(), reads, writes)
                };
                self.way().run(&[&job], &[x], &[y])
            }

            /// The gradient of the input, with the slopes of the forward pass.
            ///
            /// # Errors
            /// As [`prelu`](Self::prelu).
            pub fn rrelu_backward(&self, f: &Rrelu, x: &Tensor, grad: &Tensor) -> Result<Tensor> {
                let dx = self.empty(x.len())?;
                self.rrelu_backward_into(f, x, grad, &dx)?;
                Ok(dx)
            }

            /// As [`rrelu_backward`](Self::rrelu_backward), into a tensor that exists.
            ///
            /// # Errors
            /// As [`prelu`](Self::prelu).
            pub fn rrelu_backward_into(
                &self,
                f: &Rrelu,
                x: &Tensor,
                grad: &Tensor,
                dx: &Tensor,
            ) -> Result<()> {
                f.check()?;
                as_long("grad", grad.len(), "x", x.len())?;
                as_long("the result", dx.len(), "x", x.len())?;
                let flat = Access::flat(1);
                let reads = vec![Operand::new("x", x, flat), Operand::new("grad", grad, flat)];
                let writes = vec![Operand::new("the gradient of x", dx, flat)];
                let job = Job {
                    op: &RRELU_BACKWARD,
                    ..rrelu_job(f, x.len(), reads, writes)
                };
                self.way().run(&[&job], &[x, grad], &[dx])
            }

            /// Checks prelu's operands; gives the number of lines, each of one channel.
            fn lines(&self, f: &Prelu, x: &Tensor, slopes: &Tensor) -> Result<usize> {
                let rows = f.rows(x.len(), slopes.len())?;
                let (channels, inner) = f.axes();
                let most = self.way().gpu.context.info.max_chunk_bytes / 4;
                let wrong = |reason| {
                    Err(Error::InvalidParameters {
                        function: "prelu",
                        reason,
                    })
                };
                if slopes.len() as u64 > most {
                    return wrong(format!(
                        "there are {} slopes, a binding holds {most}",
                        slopes.len()
                    ));
                }
                if rows > 1 && (channels * inner) as u64 > most {
                    return wrong(format!(
                        "a row of {channels} channels of {inner} is longer than the {most} elements that a binding holds"
                    ));
                }
                Ok(rows * channels)
            }
        }
    };
}
forms!(Gpu);
forms!(Batch<'_>);

/// A job of a prelu; its operation is set by the caller.
fn prelu_job<'a>(
    f: &Prelu,
    lines: usize,
    slopes: &'a Tensor,
    reads: Vec<Operand<'a>>,
    writes: Vec<Operand<'a>>,
) -> Job<'a> {
    let (channels, inner) = f.axes();
    let (magic, shift) = divisor(channels as u32);
    let mut words = [0; WORDS];
    words[..3].copy_from_slice(&[channels as u32, magic, shift]);
    Job {
        op: &PRELU,
        gate: None,
        rows: lines,
        columns: inner,
        reads,
        writes,
        words,
        extent: Extent::Table(slopes.into()),
    }
}

/// A job of an rrelu; its operation is set by the caller.
fn rrelu_job<'a>(
    f: &Rrelu,
    len: usize,
    reads: Vec<Operand<'a>>,
    writes: Vec<Operand<'a>>,
) -> Job<'a> {
    let (seed, lower, upper) = f.parts();
    let [rows, columns] = one_row(len);
    let mut words = [0; WORDS];
    words[..2].copy_from_slice(&[seed as u32, (seed >> 32) as u32]);
    words[4..7].copy_from_slice(&[lower, upper - lower, upper].map(f32::to_bits));
    Job {
        op: &RRELU,
        gate: None,
        rows,
        columns,
        reads,
        writes,
        words,
        extent: Extent::Numbered,
    }
}
