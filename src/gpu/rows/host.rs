//! [`GateEngine`] for the GPU: slices in host memory, uploaded, computed and downloaded.

use crate::Result;
use crate::gpu::Gpu;
use crate::rows::places::as_long;
use crate::rows::{GateEngine, Glu};

impl GateEngine for Gpu {
    fn glu_into(&self, f: &Glu, x: &[f32], columns: usize, y: &mut [f32]) -> Result<()> {
        let (rows, half) = f.shape(x.len(), columns)?;
        as_long("the result", y.len(), "half of x", rows * half)?;
        Gpu::glu(self, f, &self.upload(x)?, columns)?.download_into(y)
    }

    fn glu_backward_into(
        &self,
        f: &Glu,
        x: &[f32],
        columns: usize,
        grad: &[f32],
        dx: &mut [f32],
    ) -> Result<()> {
        as_long("the result", dx.len(), "x", x.len())?;
        let (x, grad) = (self.upload(x)?, self.upload(grad)?);
        Gpu::glu_backward(self, f, &x, columns, &grad)?.download_into(dx)
    }

    fn glu_split_into(&self, f: &Glu, a: &[f32], b: &[f32], y: &mut [f32]) -> Result<()> {
        as_long("the result", y.len(), "a", a.len())?;
        Gpu::glu_split(self, f, &self.upload(a)?, &self.upload(b)?)?.download_into(y)
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
        as_long("the gradient of a", da.len(), "a", a.len())?;
        as_long("the gradient of b", db.len(), "b", b.len())?;
        let (a, b, grad) = (self.upload(a)?, self.upload(b)?, self.upload(grad)?);
        let [first, second] = Gpu::glu_split_backward(self, f, &a, &b, &grad)?;
        first.download_into(da)?;
        second.download_into(db)
    }
}
