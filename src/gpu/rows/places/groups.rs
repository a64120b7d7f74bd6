//! maxout and crelu over tensors.

use super::kernel::{CRELU, CRELU_BACKWARD, MAXOUT, MAXOUT_BACKWARD, MAXOUT_INDEX};
use super::{Extent, Job, Operand, WORDS};
use crate::Result;
use crate::gpu::pool::Purpose;
use crate::gpu::{Batch, Gpu, Tensor};
use crate::rows::places::{Access, as_long};
use crate::rows::{Maxout, check_crelu};

macro_rules! forms {
    ($this:ty) => {
        /// Grouped functions over tensors. [`Gpu`]'s calls submit their kernels and do not wait for them; [`Batch`] has the same.
        ///
        /// # Errors
        /// Every one of them: [`Error::InvalidParameters`](crate::Error::InvalidParameters) for columns that are no equal pieces or an
        /// input that is no whole rows, [`Error::LengthMismatch`](crate::Error::LengthMismatch),
        /// [`Error::Overlap`](crate::Error::Overlap), [`Error::WrongDevice`](crate::Error::WrongDevice), and whatever the device reports.
        impl $this {
            /// The largest of the pieces of each row.
            ///
            /// # Errors
            /// As said above for all of them.
            pub fn maxout(&self, f: &Maxout, x: &Tensor, columns: usize) -> Result<Tensor> {
                let (rows, columns_out) = f.shape(x.len(), columns)?;
                let y = self.empty(rows * columns_out)?;
                self.maxout_into(f, x, columns, &y)?;
                Ok(y)
            }

            /// As [`maxout`](Self::maxout), into a tensor that exists.
            ///
            /// # Errors
            /// As there.
            pub fn maxout_into(
                &self,
                f: &Maxout,
                x: &Tensor,
                columns: usize,
                y: &Tensor,
            ) -> Result<()> {
                let (rows, columns) = f.shape(x.len(), columns)?;
                as_long("the result", y.len(), "a piece of x", rows * columns)?;
                let (first, step) = f.first(columns);
                let job = Job {
                    op: &MAXOUT,
                    gate: None,
                    rows,
                    columns,
                    reads: vec![Operand::new("x", x, first).pieces(step)],
                    writes: vec![Operand::new("y", y, Access::flat(columns))],
                    words: [0; WORDS],
                    extent: Extent::Pieces(f.pieces()),
                };
                self.way().run(&[&job], &[x], &[y])
            }

            /// Which piece is the largest, the first of them at a tie and NaN before all: whole numbers from 0 on, as f32.
            ///
            /// # Errors
            /// As [`maxout`](Self::maxout).
            pub fn maxout_index(&self, f: &Maxout, x: &Tensor, columns: usize) -> Result<Tensor> {
                let (rows, columns_out) = f.shape(x.len(), columns)?;
                let index = self.empty(rows * columns_out)?;
                self.maxout_index_into(f, x, columns, &index)?;
                Ok(index)
            }

            /// As [`maxout_index`](Self::maxout_index), into a tensor that exists.
            ///
            /// # Errors
            /// As [`maxout`](Self::maxout).
            pub fn maxout_index_into(
                &self,
                f: &Maxout,
                x: &Tensor,
                columns: usize,
                index: &Tensor,
            ) -> Result<()> {
                let (rows, columns) = f.shape(x.len(), columns)?;
                as_long("the index", index.len(), "a piece of x", rows * columns)?;
                // What several kernels of one row hand on to each other.
                let best = Tensor::new(&self.way().gpu.context, index.len(), Purpose::Scratch)?;
                let job = index_job(f, [rows, columns], x, &best, index);
                self.way().run(&[&job], &[x], &[&best, index])
            }

            /// The gradient of the rows: that of the result where a piece is the largest, and 0 elsewhere.
            ///
            /// # Errors
            /// As [`maxout`](Self::maxout).
            pub fn maxout_backward(
                &self,
                f: &Maxout,
                x: &Tensor,
                columns: usize,
                grad: &Tensor,
            ) -> Result<Tensor> {
                let dx = self.empty(x.len())?;
                self.maxout_backward_into(f, x, columns, grad, &dx)?;
                Ok(dx)
            }

            /// As [`maxout_backward`](Self::maxout_backward), into a tensor that exists; it may be `x`.
            ///
            /// # Errors
            /// As [`maxout`](Self::maxout).
            pub fn maxout_backward_into(
                &self,
                f: &Maxout,
                x: &Tensor,
                columns: usize,
                grad: &Tensor,
                dx: &Tensor,
            ) -> Result<()> {
                let (rows, columns) = f.shape(x.len(), columns)?;
                as_long("grad", grad.len(), "a piece of x", rows * columns)?;
                as_long("the result", dx.len(), "x", x.len())?;
                let scratch = || Tensor::new(&self.way().gpu.context, grad.len(), Purpose::Scratch);
                let (best, index) = (scratch()?, scratch()?);
                let winners = index_job(f, [rows, columns], x, &best, &index);
                let (first, step) = f.first(columns);
                let flat = Access::flat(columns);
                let gradient = Job {
                    op: &MAXOUT_BACKWARD,
                    reads: vec![
                        Operand::new("the index", &index, flat),
                        Operand::new("grad", grad, flat),
                    ],
                    writes: vec![Operand::new("the gradient of x", dx, first).pieces(step)],
                    ..winners
                };
                let winners = index_job(f, [rows, columns], x, &best, &index);
                self.way()
                    .run(&[&winners, &gradient], &[x, grad], &[&best, &index, dx])
            }

            /// relu of x and of -x, one behind the other in rows of twice as many columns.
            ///
            /// # Errors
            /// As [`maxout`](Self::maxout).
            pub fn crelu(&self, x: &Tensor, columns: usize) -> Result<Tensor> {
                let y = self.empty(2 * x.len())?;
                self.crelu_into(x, columns, &y)?;
                Ok(y)
            }

            /// As [`crelu`](Self::crelu), into a tensor that exists.
            ///
            /// # Errors
            /// As [`maxout`](Self::maxout).
            pub fn crelu_into(&self, x: &Tensor, columns: usize, y: &Tensor) -> Result<()> {
                let rows = check_crelu(x.len(), columns)?;
                as_long("the result", y.len(), "twice x", 2 * x.len())?;
                let job = Job {
                    op: &CRELU,
                    gate: None,
                    rows,
                    columns,
                    reads: vec![Operand::new("x", x, Access::flat(columns))],
                    writes: halves(y, columns),
                    words: [0; WORDS],
                    extent: Extent::Plain,
                };
                self.way().run(&[&job], &[x], &[y])
            }

            /// The gradient of crelu's input. `columns` is the length of a row of `x`.
            ///
            /// # Errors
            /// As [`maxout`](Self::maxout).
            pub fn crelu_backward(
                &self,
                x: &Tensor,
                columns: usize,
                grad: &Tensor,
            ) -> Result<Tensor> {
                let dx = self.empty(x.len())?;
                self.crelu_backward_into(x, columns, grad, &dx)?;
                Ok(dx)
            }

            /// As [`crelu_backward`](Self::crelu_backward), into a tensor that exists; it may be `x`.
            ///
            /// # Errors
            /// As [`maxout`](Self::maxout).
            pub fn crelu_backward_into(
                &self,
                x: &Tensor,
                columns: usize,
                grad: &Tensor,
                dx: &Tensor,
            ) -> Result<()> {
                let rows = check_crelu(x.len(), columns)?;
                as_long("grad", grad.len(), "twice x", 2 * x.len())?;
                as_long("the result", dx.len(), "x", x.len())?;
                let flat = Access::flat(columns);
                let mut reads = vec![Operand::new("x", x, flat)];
                reads.extend(halves(grad, columns));
                let job = Job {
                    op: &CRELU_BACKWARD,
                    gate: None,
                    rows,
                    columns,
                    reads,
                    writes: vec![Operand::new("the gradient of x", dx, flat)],
                    words: [0; WORDS],
                    extent: Extent::Plain,
                };
                self.way().run(&[&job], &[x, grad], &[dx])
            }
        }
    };
}
forms!(Gpu);
forms!(Batch<'_>);

/// The kernel that finds the largest pieces.
fn index_job<'a>(
    f: &Maxout,
    [rows, columns]: [usize; 2],
    x: &'a Tensor,
    best: &'a Tensor,
    index: &'a Tensor,
) -> Job<'a> {
    let (first, step) = f.first(columns);
    let flat = Access::flat(columns);
    Job {
        op: &MAXOUT_INDEX,
        gate: None,
        rows,
        columns,
        reads: vec![Operand::new("x", x, first).pieces(step)],
        writes: vec![
            Operand::new("the largest", best, flat),
            Operand::new("the index", index, flat),
        ],
        words: [0; WORDS],
        extent: Extent::Pieces(f.pieces()),
    }
}

/// The two halves of crelu's rows.
fn halves(tensor: &Tensor, columns: usize) -> Vec<Operand<'_>> {
    [("the positive half", false), ("the negative half", true)]
        .map(|(name, second)| Operand::new(name, tensor, Access::half(columns, second)))
        .to_vec()
}
