//! Gated linear units over tensors.

use super::kernel::{GLU, GLU_BACKWARD, GLU_CLAMPED, GLU_CLAMPED_BACKWARD, Op};
use super::{Extent, Job, Operand, WORDS, one_row};
use crate::Result;
use crate::gpu::{Batch, Gpu, Tensor};
use crate::rows::Glu;
use crate::rows::places::{Access, as_long};

/// A job of a unit, with one kernel where there is a clamp and another where there is none.
fn job<'a>(
    f: &'a Glu,
    [plain, clamped]: [&'static Op; 2],
    [rows, columns]: [usize; 2],
    reads: Vec<Operand<'a>>,
    writes: Vec<Operand<'a>>,
) -> Job<'a> {
    let mut words = [0; WORDS];
    let clamp = f.clamp();
    if let Some([limit, offset]) = clamp {
        words[..2].copy_from_slice(&[limit.to_bits(), offset.to_bits()]);
    }
    Job {
        op: if clamp.is_some() { clamped } else { plain },
        gate: Some(f.gate()),
        rows,
        columns,
        reads,
        writes,
        words,
        extent: Extent::Plain,
    }
}

macro_rules! forms {
    ($this:ty) => {
        /// Gated linear units over tensors. [`Gpu`]'s calls submit their kernels and do not wait for them; [`Batch`] has the same.
        /// Results may lie exactly in the place of an operand of their shape.
        ///
        /// # Errors
        /// Every one of them: [`Error::InvalidParameters`](crate::Error::InvalidParameters) for an odd number of columns or an input that
        /// is no whole rows, [`Error::LengthMismatch`](crate::Error::LengthMismatch), a parameter out of its range,
        /// [`Error::Overlap`](crate::Error::Overlap), [`Error::WrongDevice`](crate::Error::WrongDevice), and whatever the device reports.
        impl $this {
            /// A gated linear unit of rows of `columns` that hold both halves. Gives a tensor of half as many elements.
            ///
            /// ```no_run
            /// use nonlin::{Gpu, rows::Glu};
            /// let gpu = Gpu::new()?;
            /// let x = gpu.upload(&[1.0, 2.0, 3.0, 4.0])?;
            /// let y = gpu.glu(&Glu::bilinear(), &x, 4)?;
            /// assert_eq!(y.download()?, [3.0, 8.0]);
            /// # Ok::<(), nonlin::Error>(())
            /// ```
            ///
            /// # Errors
            /// As said above for all of them.
            pub fn glu(&self, f: &Glu, x: &Tensor, columns: usize) -> Result<Tensor> {
                let (rows, half) = f.shape(x.len(), columns)?;
                let y = self.empty(rows * half)?;
                self.glu_into(f, x, columns, &y)?;
                Ok(y)
            }

            /// As [`glu`](Self::glu), into a tensor that exists.
            ///
            /// # Errors
            /// As there.
            pub fn glu_into(&self, f: &Glu, x: &Tensor, columns: usize, y: &Tensor) -> Result<()> {
                let (rows, columns) = f.shape(x.len(), columns)?;
                as_long("the result", y.len(), "half of x", rows * columns)?;
                let [a, b] = f.halves(columns);
                let reads = vec![Operand::new("a", x, a), Operand::new("b", x, b)];
                let writes = vec![Operand::new("y", y, Access::flat(columns))];
                let job = job(f, [&GLU, &GLU_CLAMPED], [rows, columns], reads, writes);
                self.way().run(&[&job], &[x], &[y])
            }

            /// The gradient of the rows, given that of the result.
            ///
            /// # Errors
            /// As [`glu`](Self::glu).
            pub fn glu_backward(
                &self,
                f: &Glu,
                x: &Tensor,
                columns: usize,
                grad: &Tensor,
            ) -> Result<Tensor> {
                let dx = self.empty(x.len())?;
                self.glu_backward_into(f, x, columns, grad, &dx)?;
                Ok(dx)
            }

            /// As [`glu_backward`](Self::glu_backward), into a tensor that exists; it may be `x`.
            ///
            /// # Errors
            /// As [`glu`](Self::glu).
            pub fn glu_backward_into(
                &self,
                f: &Glu,
                x: &Tensor,
                columns: usize,
                grad: &Tensor,
                dx: &Tensor,
            ) -> Result<()> {
                let (rows, columns) = f.shape(x.len(), columns)?;
                as_long("grad", grad.len(), "half of x", rows * columns)?;
                as_long("the result", dx.len(), "x", x.len())?;
                let [a, b] = f.halves(columns);
                let reads = vec![
                    Operand::new("a", x, a),
                    Operand::new("b", x, b),
                    Operand::new("grad", grad, Access::flat(columns)),
                ];
                let writes = vec![
                    Operand::new("the gradient of a", dx, a),
                    Operand::new("the gradient of b", dx, b),
                ];
                let ops = [&GLU_BACKWARD, &GLU_CLAMPED_BACKWARD];
                let job = job(f, ops, [rows, columns], reads, writes);
                self.way().run(&[&job], &[x, grad], &[dx])
            }

            /// A gated linear unit of two tensors of one length: `a` goes through the gate's function, `b` is multiplied by it.
            ///
            /// # Errors
            /// As [`glu`](Self::glu).
            pub fn glu_split(&self, f: &Glu, a: &Tensor, b: &Tensor) -> Result<Tensor> {
                let y = self.empty(a.len())?;
                self.glu_split_into(f, a, b, &y)?;
                Ok(y)
            }

            /// As [`glu_split`](Self::glu_split), into a tensor that exists; it may be `a` or `b`.
            ///
            /// # Errors
            /// As [`glu`](Self::glu).
            pub fn glu_split_into(
                &self,
                f: &Glu,
                a: &Tensor,
                b: &Tensor,
                y: &Tensor,
            ) -> Result<()> {
                f.check()?;
                as_long("b", b.len(), "a", a.len())?;
                as_long("the result", y.len(), "a", a.len())?;
                let [rows, columns] = one_row(a.len());
                let flat = Access::flat(columns);
                let reads = vec![Operand::new("a", a, flat), Operand::new("b", b, flat)];
                let writes = vec![Operand::new("y", y, flat)];
                let job = job(f, [&GLU, &GLU_CLAMPED], [rows, columns], reads, writes);
                self.way().run(&[&job], &[a, b], &[y])
            }

            /// The gradients of both operands: `da` and `db`.
            ///
            /// # Errors
            /// As [`glu`](Self::glu).
            pub fn glu_split_backward(
                &self,
                f: &Glu,
                a: &Tensor,
                b: &Tensor,
                grad: &Tensor,
            ) -> Result<[Tensor; 2]> {
                let gradients = [self.empty(a.len())?, self.empty(b.len())?];
                self.glu_split_backward_into(f, a, b, grad, &gradients[0], &gradients[1])?;
                Ok(gradients)
            }

            /// As [`glu_split_backward`](Self::glu_split_backward), into tensors that exist; they may be `a`, `b` or `grad`.
            ///
            /// # Errors
            /// As [`glu`](Self::glu).
            pub fn glu_split_backward_into(
                &self,
                f: &Glu,
                a: &Tensor,
                b: &Tensor,
                grad: &Tensor,
                da: &Tensor,
                db: &Tensor,
            ) -> Result<()> {
                f.check()?;
                as_long("b", b.len(), "a", a.len())?;
                as_long("grad", grad.len(), "a", a.len())?;
                as_long("the gradient of a", da.len(), "a", a.len())?;
                as_long("the gradient of b", db.len(), "b", b.len())?;
                let [rows, columns] = one_row(a.len());
                let flat = Access::flat(columns);
                let reads = vec![
                    Operand::new("a", a, flat),
                    Operand::new("b", b, flat),
                    Operand::new("grad", grad, flat),
                ];
                let writes = vec![
                    Operand::new("the gradient of a", da, flat),
                    Operand::new("the gradient of b", db, flat),
                ];
                let ops = [&GLU_BACKWARD, &GLU_CLAMPED_BACKWARD];
                let job = job(f, ops, [rows, columns], reads, writes);
                self.way().run(&[&job], &[a, b, grad], &[da, db])
            }
        }
    };
}
forms!(Gpu);
forms!(Batch<'_>);
