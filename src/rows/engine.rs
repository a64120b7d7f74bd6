//! [`GateEngine`]: gated and grouped functions over slices in host memory.

use super::places::rows_of;
use super::{Glu, Maxout, Prelu, Rrelu};
use crate::{Result, zeros};

/// Gated and grouped functions with their derivatives, over slices in host memory. [`Gpu`](crate::Gpu) and
/// [`Cpu`](crate::cpu::Cpu) implement it; [`Gpu`](crate::Gpu) has the same over tensors under the same names.
///
/// `columns` is always the length of a row of the input. There may be any number of rows, 0 included.
///
/// ```
/// use nonlin::cpu::Cpu;
/// use nonlin::rows::{GateEngine, Glu};
/// let engine: &dyn GateEngine = &Cpu::new();
/// let dx = engine.glu_backward(&Glu::bilinear(), &[2.0, 3.0], 2, &[10.0])?;
/// assert_eq!(dx, [30.0, 20.0]);
/// # Ok::<(), nonlin::Error>(())
/// ```
pub trait GateEngine: Send + Sync {
    /// A gated linear unit of rows that hold both halves, into `y`, which has half as many elements.
    ///
    /// # Errors
    /// [`Error::InvalidParameters`](crate::Error::InvalidParameters) for an odd number of columns or an input that is no whole rows,
    /// [`Error::LengthMismatch`](crate::Error::LengthMismatch) for a result of another length, a parameter out of its range, and whatever
    /// the device reports.
    fn glu_into(&self, f: &Glu, x: &[f32], columns: usize, y: &mut [f32]) -> Result<()>;

    /// The gradient of the rows, given that of the result, into `dx`.
    ///
    /// # Errors
    /// As [`glu_into`](Self::glu_into).
    fn glu_backward_into(
        &self,
        f: &Glu,
        x: &[f32],
        columns: usize,
        grad: &[f32],
        dx: &mut [f32],
    ) -> Result<()>;

    /// A gated linear unit of two operands of one length: `a` goes through the gate's function, `b` is multiplied by it.
    ///
    /// # Errors
    /// As [`glu_into`](Self::glu_into), but for rows, of which there are none.
    fn glu_split_into(&self, f: &Glu, a: &[f32], b: &[f32], y: &mut [f32]) -> Result<()>;

    /// The gradients of both operands.
    ///
    /// # Errors
    /// As [`glu_split_into`](Self::glu_split_into).
    fn glu_split_backward_into(
        &self,
        f: &Glu,
        a: &[f32],
        b: &[f32],
        grad: &[f32],
        da: &mut [f32],
        db: &mut [f32],
    ) -> Result<()>;

    /// The largest of the pieces of each row, into `y`.
    ///
    /// # Errors
    /// [`Error::InvalidParameters`](crate::Error::InvalidParameters) for columns that are no equal pieces,
    /// [`Error::LengthMismatch`](crate::Error::LengthMismatch), and whatever the device reports.
    fn maxout_into(&self, f: &Maxout, x: &[f32], columns: usize, y: &mut [f32]) -> Result<()>;

    /// Which piece is the largest, the first of them at a tie and NaN before all, into `index`.
    ///
    /// # Errors
    /// As [`maxout_into`](Self::maxout_into).
    fn maxout_index_into(
        &self,
        f: &Maxout,
        x: &[f32],
        columns: usize,
        index: &mut [u32],
    ) -> Result<()>;

    /// The gradient of the rows: that of the result where a piece is the largest, and 0 elsewhere.
    ///
    /// # Errors
    /// As [`maxout_into`](Self::maxout_into).
    fn maxout_backward_into(
        &self,
        f: &Maxout,
        x: &[f32],
        columns: usize,
        grad: &[f32],
        dx: &mut [f32],
    ) -> Result<()>;

    /// relu of x and of -x, one behind the other in rows of twice as many columns (Shang et al. 2016, Understanding and Improving
    /// Convolutional Neural Networks via Concatenated Rectified Linear Units).
    ///
    /// # Errors
    /// [`Error::InvalidParameters`](crate::Error::InvalidParameters) for an input that is no whole rows,
    /// [`Error::LengthMismatch`](crate::Error::LengthMismatch), and whatever the device reports.
    fn crelu_into(&self, x: &[f32], columns: usize, y: &mut [f32]) -> Result<()>;

    /// The gradient of crelu's input, 0 at 0. `columns` is the length of a row of `x`, half of that of `grad`.
    ///
    /// # Errors
    /// As [`crelu_into`](Self::crelu_into).
    fn crelu_backward_into(
        &self,
        x: &[f32],
        columns: usize,
        grad: &[f32],
        dx: &mut [f32],
    ) -> Result<()>;

    /// A leaky rectifier with a slope for each channel.
    ///
    /// # Errors
    /// [`Error::InvalidParameters`](crate::Error::InvalidParameters) for an input that is no whole rows of channels or another number of
    /// slopes, [`Error::LengthMismatch`](crate::Error::LengthMismatch), and whatever the device reports.
    fn prelu_into(&self, f: &Prelu, x: &[f32], slopes: &[f32], y: &mut [f32]) -> Result<()>;

    /// The gradients of the input and of the slopes. The latter are sums, with the same bits in every run.
    ///
    /// # Errors
    /// As [`prelu_into`](Self::prelu_into).
    fn prelu_backward_into(
        &self,
        f: &Prelu,
        x: &[f32],
        slopes: &[f32],
        grad: &[f32],
        dx: &mut [f32],
        dslopes: &mut [f32],
    ) -> Result<()>;

    /// A leaky rectifier with a drawn slope for each element.
    ///
    /// # Errors
    /// [`Error::ParameterOutOfRange`](crate::Error::ParameterOutOfRange), [`Error::LengthMismatch`](crate::Error::LengthMismatch), and
    /// whatever the device reports.
    fn rrelu_into(&self, f: &Rrelu, x: &[f32], y: &mut [f32]) -> Result<()>;

    /// The gradient of the input, with the slopes of the forward pass.
    ///
    /// # Errors
    /// As [`rrelu_into`](Self::rrelu_into).
    fn rrelu_backward_into(&self, f: &Rrelu, x: &[f32], grad: &[f32], dx: &mut [f32])
    -> Result<()>;

    /// As [`glu_into`](Self::glu_into), into new memory.
    ///
    /// # Errors
    /// As there.
    fn glu(&self, f: &Glu, x: &[f32], columns: usize) -> Result<Vec<f32>> {
        let (rows, columns_out) = f.shape(x.len(), columns)?;
        let mut y = zeros(rows * columns_out);
        self.glu_into(f, x, columns, &mut y)?;
        Ok(y)
    }

    /// As [`glu_backward_into`](Self::glu_backward_into), into new memory.
    ///
    /// # Errors
    /// As there.
    fn glu_backward(&self, f: &Glu, x: &[f32], columns: usize, grad: &[f32]) -> Result<Vec<f32>> {
        let mut dx = zeros(x.len());
        self.glu_backward_into(f, x, columns, grad, &mut dx)?;
        Ok(dx)
    }

    /// As [`glu_split_into`](Self::glu_split_into), into new memory.
    ///
    /// # Errors
    /// As there.
    fn glu_split(&self, f: &Glu, a: &[f32], b: &[f32]) -> Result<Vec<f32>> {
        let mut y = zeros(a.len());
        self.glu_split_into(f, a, b, &mut y)?;
        Ok(y)
    }

    /// As [`glu_split_backward_into`](Self::glu_split_backward_into), into new memory: `da` and `db`.
    ///
    /// # Errors
    /// As there.
    fn glu_split_backward(
        &self,
        f: &Glu,
        a: &[f32],
        b: &[f32],
        grad: &[f32],
    ) -> Result<[Vec<f32>; 2]> {
        let (mut da, mut db) = (zeros(a.len()), zeros(b.len()));
        self.glu_split_backward_into(f, a, b, grad, &mut da, &mut db)?;
        Ok([da, db])
    }

    /// As [`maxout_into`](Self::maxout_into), into new memory.
    ///
    /// # Errors
    /// As there.
    fn maxout(&self, f: &Maxout, x: &[f32], columns: usize) -> Result<Vec<f32>> {
        let (rows, columns_out) = f.shape(x.len(), columns)?;
        let mut y = zeros(rows * columns_out);
        self.maxout_into(f, x, columns, &mut y)?;
        Ok(y)
    }

    /// As [`maxout_index_into`](Self::maxout_index_into), into new memory.
    ///
    /// # Errors
    /// As there.
    fn maxout_index(&self, f: &Maxout, x: &[f32], columns: usize) -> Result<Vec<u32>> {
        let (rows, columns_out) = f.shape(x.len(), columns)?;
        let mut index = vec![0; rows * columns_out];
        self.maxout_index_into(f, x, columns, &mut index)?;
        Ok(index)
    }

    /// As [`maxout_backward_into`](Self::maxout_backward_into), into new memory.
    ///
    /// # Errors
    /// As there.
    fn maxout_backward(
        &self,
        f: &Maxout,
        x: &[f32],
        columns: usize,
        grad: &[f32],
    ) -> Result<Vec<f32>> {
        let mut dx = zeros(x.len());
        self.maxout_backward_into(f, x, columns, grad, &mut dx)?;
        Ok(dx)
    }

    /// As [`crelu_into`](Self::crelu_into), into new memory.
    ///
    /// # Errors
    /// As there.
    fn crelu(&self, x: &[f32], columns: usize) -> Result<Vec<f32>> {
        let mut y = zeros(2 * x.len());
        self.crelu_into(x, columns, &mut y)?;
        Ok(y)
    }

    /// As [`crelu_backward_into`](Self::crelu_backward_into), into new memory.
    ///
    /// # Errors
    /// As there.
    fn crelu_backward(&self, x: &[f32], columns: usize, grad: &[f32]) -> Result<Vec<f32>> {
        let mut dx = zeros(x.len());
        self.crelu_backward_into(x, columns, grad, &mut dx)?;
        Ok(dx)
    }

    /// As [`prelu_into`](Self::prelu_into), into new memory.
    ///
    /// # Errors
    /// As there.
    fn prelu(&self, f: &Prelu, x: &[f32], slopes: &[f32]) -> Result<Vec<f32>> {
        let mut y = zeros(x.len());
        self.prelu_into(f, x, slopes, &mut y)?;
        Ok(y)
    }

    /// As [`prelu_backward_into`](Self::prelu_backward_into), into new memory: the gradients of the input and of the slopes.
    ///
    /// # Errors
    /// As there.
    fn prelu_backward(
        &self,
        f: &Prelu,
        x: &[f32],
        slopes: &[f32],
        grad: &[f32],
    ) -> Result<[Vec<f32>; 2]> {
        let (mut dx, mut dslopes) = (zeros(x.len()), zeros(slopes.len()));
        self.prelu_backward_into(f, x, slopes, grad, &mut dx, &mut dslopes)?;
        Ok([dx, dslopes])
    }

    /// As [`rrelu_into`](Self::rrelu_into), into new memory.
    ///
    /// # Errors
    /// As there.
    fn rrelu(&self, f: &Rrelu, x: &[f32]) -> Result<Vec<f32>> {
        let mut y = zeros(x.len());
        self.rrelu_into(f, x, &mut y)?;
        Ok(y)
    }

    /// As [`rrelu_backward_into`](Self::rrelu_backward_into), into new memory.
    ///
    /// # Errors
    /// As there.
    fn rrelu_backward(&self, f: &Rrelu, x: &[f32], grad: &[f32]) -> Result<Vec<f32>> {
        let mut dx = zeros(x.len());
        self.rrelu_backward_into(f, x, grad, &mut dx)?;
        Ok(dx)
    }
}

/// Checks the lengths of crelu; gives the rows.
pub(crate) fn check_crelu(x: usize, columns: usize) -> Result<usize> {
    rows_of("crelu", "x", x, columns)
}
