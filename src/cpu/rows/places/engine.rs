//! [`GateEngine`] for the CPU: checks, then the loops.

use super::glu::{Backward, Forward};
use super::groups::Result as Made;
use super::{Read, Write};
use crate::Result;
use crate::cpu::Cpu;
use crate::rows::places::{Access, as_long};
use crate::rows::{GateEngine, Glu, Maxout, Prelu, Rrelu, check_crelu};

impl GateEngine for Cpu {
    fn glu_into(&self, f: &Glu, x: &[f32], columns: usize, y: &mut [f32]) -> Result<()> {
        let (rows, columns) = f.shape(x.len(), columns)?;
        as_long("the result", y.len(), "half of x", rows * columns)?;
        let [a, b] = f.halves(columns);
        let operands = Forward {
            a: Read(x.as_ptr(), a),
            b: Read(x.as_ptr(), b),
            y: Write(y.as_mut_ptr(), Access::flat(columns)),
        };
        // SAFETY: `x` holds two elements for each place, `y` one.
        unsafe { self.glu_forward(f, rows, columns, operands) }
    }

    fn glu_backward_into(
        &self,
        f: &Glu,
        x: &[f32],
        columns: usize,
        grad: &[f32],
        dx: &mut [f32],
    ) -> Result<()> {
        let (rows, columns) = f.shape(x.len(), columns)?;
        as_long("grad", grad.len(), "half of x", rows * columns)?;
        as_long("the result", dx.len(), "x", x.len())?;
        let [a, b] = f.halves(columns);
        let operands = Backward {
            a: Read(x.as_ptr(), a),
            b: Read(x.as_ptr(), b),
            grad: Read(grad.as_ptr(), Access::flat(columns)),
            da: Write(dx.as_mut_ptr(), a),
            db: Write(dx.as_mut_ptr(), b),
        };
        // SAFETY: `x` and `dx` hold two elements for each place, `grad` one.
        unsafe { self.glu_gradients(f, rows, columns, operands) }
    }

    fn glu_split_into(&self, f: &Glu, a: &[f32], b: &[f32], y: &mut [f32]) -> Result<()> {
        f.check()?;
        as_long("b", b.len(), "a", a.len())?;
        as_long("the result", y.len(), "a", a.len())?;
        let flat = Access::flat(a.len());
        let operands = Forward {
            a: Read(a.as_ptr(), flat),
            b: Read(b.as_ptr(), flat),
            y: Write(y.as_mut_ptr(), flat),
        };
        // SAFETY: all are of one length.
        unsafe { self.glu_forward(f, 1, a.len(), operands) }
    }

    fn glu_split_backward_into(
        &self,
        f: &Glu,
        a: &[f32],
        b: &[f32],
        grad: &[f32],
        da: &mut [f32],
        db: &mut [f32],
    ) -> Result<()> {
        f.check()?;
        as_long("b", b.len(), "a", a.len())?;
        as_long("grad", grad.len(), "a", a.len())?;
        as_long("the gradient of a", da.len(), "a", a.len())?;
        as_long("the gradient of b", db.len(), "b", b.len())?;
        let flat = Access::flat(a.len());
        let operands = Backward {
            a: Read(a.as_ptr(), flat),
            b: Read(b.as_ptr(), flat),
            grad: Read(grad.as_ptr(), flat),
            da: Write(da.as_mut_ptr(), flat),
            db: Write(db.as_mut_ptr(), flat),
        };
        // SAFETY: all are of one length.
        unsafe { self.glu_gradients(f, 1, a.len(), operands) }
    }

    fn maxout_into(&self, f: &Maxout, x: &[f32], columns: usize, y: &mut [f32]) -> Result<()> {
        let (rows, columns) = f.shape(x.len(), columns)?;
        as_long("the result", y.len(), "a piece of x", rows * columns)?;
        let to = Made::Values(y.as_mut_ptr());
        // SAFETY: the lengths are those that are asked for.
        unsafe { self.largest(f, rows, columns, x.as_ptr(), to) };
        Ok(())
    }

    fn maxout_index_into(
        &self,
        f: &Maxout,
        x: &[f32],
        columns: usize,
        index: &mut [u32],
    ) -> Result<()> {
        let (rows, columns) = f.shape(x.len(), columns)?;
        as_long("the index", index.len(), "a piece of x", rows * columns)?;
        let to = Made::Index(index.as_mut_ptr());
        // SAFETY: the lengths are those that are asked for.
        unsafe { self.largest(f, rows, columns, x.as_ptr(), to) };
        Ok(())
    }

    fn maxout_backward_into(
        &self,
        f: &Maxout,
        x: &[f32],
        columns: usize,
        grad: &[f32],
        dx: &mut [f32],
    ) -> Result<()> {
        let (rows, columns) = f.shape(x.len(), columns)?;
        as_long("grad", grad.len(), "a piece of x", rows * columns)?;
        as_long("the result", dx.len(), "x", x.len())?;
        let to = Made::Gradient {
            grad: grad.as_ptr(),
            dx: dx.as_mut_ptr(),
        };
        // SAFETY: the lengths are those that are asked for.
        unsafe { self.largest(f, rows, columns, x.as_ptr(), to) };
        Ok(())
    }

    fn crelu_into(&self, x: &[f32], columns: usize, y: &mut [f32]) -> Result<()> {
        let rows = check_crelu(x.len(), columns)?;
        as_long("the result", y.len(), "twice x", 2 * x.len())?;
        // SAFETY: the lengths are those that are asked for.
        unsafe { self.crelu_forward(rows, columns, x.as_ptr(), y.as_mut_ptr()) };
        Ok(())
    }

    fn crelu_backward_into(
        &self,
        x: &[f32],
        columns: usize,
        grad: &[f32],
        dx: &mut [f32],
    ) -> Result<()> {
        let rows = check_crelu(x.len(), columns)?;
        as_long("grad", grad.len(), "twice x", 2 * x.len())?;
        as_long("the result", dx.len(), "x", x.len())?;
        let (x, grad) = (x.as_ptr(), grad.as_ptr());
        // SAFETY: the lengths are those that are asked for.
        unsafe { self.crelu_gradient(rows, columns, x, grad, dx.as_mut_ptr()) };
        Ok(())
    }

    fn prelu_into(&self, f: &Prelu, x: &[f32], slopes: &[f32], y: &mut [f32]) -> Result<()> {
        f.rows(x.len(), slopes.len())?;
        as_long("the result", y.len(), "x", x.len())?;
        self.prelu_forward(f, x, slopes, y);
        Ok(())
    }

    fn prelu_backward_into(
        &self,
        f: &Prelu,
        x: &[f32],
        slopes: &[f32],
        grad: &[f32],
        dx: &mut [f32],
        dslopes: &mut [f32],
    ) -> Result<()> {
        f.rows(x.len(), slopes.len())?;
        as_long("grad", grad.len(), "x", x.len())?;
        as_long("the result", dx.len(), "x", x.len())?;
        as_long(
            "the gradient of the slopes",
            dslopes.len(),
            "the slopes",
            slopes.len(),
        )?;
        self.prelu_gradients(f, x, slopes, grad, dx, dslopes);
        Ok(())
    }

    fn rrelu_into(&self, f: &Rrelu, x: &[f32], y: &mut [f32]) -> Result<()> {
        f.check()?;
        as_long("the result", y.len(), "x", x.len())?;
        self.rrelu_forward(f, x, y);
        Ok(())
    }

    fn rrelu_backward_into(
        &self,
        f: &Rrelu,
        x: &[f32],
        grad: &[f32],
        dx: &mut [f32],
    ) -> Result<()> {
        f.check()?;
        as_long("grad", grad.len(), "x", x.len())?;
        as_long("the result", dx.len(), "x", x.len())?;
        self.rrelu_gradient(f, x, grad, dx);
        Ok(())
    }
}
