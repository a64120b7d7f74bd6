//! [`GateEngine`] for the CPU: checks, then the loops.

use super::glu::{Backward, Forward};
use super::{Read, Write};
use crate::Result;
use crate::cpu::Cpu;
use crate::rows::places::{Access, as_long};
use crate::rows::{GateEngine, Glu};

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
}
