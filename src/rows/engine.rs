//! [`GateEngine`]: gated and grouped functions over slices in host memory.

use super::Glu;
use crate::Result;

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
    /// [`Error::LengthMismatch`](crate::Error::LengthMismatch) for a result of another length, a parameter out of its range, and whatever the
    /// device reports.
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

    /// As [`glu_into`](Self::glu_into), into new memory.
    ///
    /// # Errors
    /// As there.
    fn glu(&self, f: &Glu, x: &[f32], columns: usize) -> Result<Vec<f32>> {
        let (rows, columns_out) = f.shape(x.len(), columns)?;
        let mut y = vec![0.0; rows * columns_out];
        self.glu_into(f, x, columns, &mut y)?;
        Ok(y)
    }

    /// As [`glu_backward_into`](Self::glu_backward_into), into new memory.
    ///
    /// # Errors
    /// As there.
    fn glu_backward(&self, f: &Glu, x: &[f32], columns: usize, grad: &[f32]) -> Result<Vec<f32>> {
        let mut dx = vec![0.0; x.len()];
        self.glu_backward_into(f, x, columns, grad, &mut dx)?;
        Ok(dx)
    }

    /// As [`glu_split_into`](Self::glu_split_into), into new memory.
    ///
    /// # Errors
    /// As there.
    fn glu_split(&self, f: &Glu, a: &[f32], b: &[f32]) -> Result<Vec<f32>> {
        let mut y = vec![0.0; a.len()];
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
        let (mut da, mut db) = (vec![0.0; a.len()], vec![0.0; b.len()]);
        self.glu_split_backward_into(f, a, b, grad, &mut da, &mut db)?;
        Ok([da, db])
    }
}
