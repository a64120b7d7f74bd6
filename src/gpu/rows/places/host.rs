//! [`GateEngine`] for the GPU: slices in host memory, uploaded, computed and downloaded.

use crate::Result;
use crate::gpu::Gpu;
use crate::rows::places::as_long;
use crate::rows::{GateEngine, Glu, Maxout, Prelu, Rrelu};

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

    fn maxout_into(&self, f: &Maxout, x: &[f32], columns: usize, y: &mut [f32]) -> Result<()> {
        let (rows, columns_out) = f.shape(x.len(), columns)?;
        as_long("the result", y.len(), "a piece of x", rows * columns_out)?;
        Gpu::maxout(self, f, &self.upload(x)?, columns)?.download_into(y)
    }

    fn maxout_index_into(
        &self,
        f: &Maxout,
        x: &[f32],
        columns: usize,
        index: &mut [u32],
    ) -> Result<()> {
        let (rows, columns_out) = f.shape(x.len(), columns)?;
        as_long("the index", index.len(), "a piece of x", rows * columns_out)?;
        let found = Gpu::maxout_index(self, f, &self.upload(x)?, columns)?.download()?;
        let pairs = index.iter_mut().zip(found);
        pairs.for_each(|(index, number)| *index = number as u32);
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
        as_long("the result", dx.len(), "x", x.len())?;
        let (x, grad) = (self.upload(x)?, self.upload(grad)?);
        Gpu::maxout_backward(self, f, &x, columns, &grad)?.download_into(dx)
    }

    fn crelu_into(&self, x: &[f32], columns: usize, y: &mut [f32]) -> Result<()> {
        as_long("the result", y.len(), "twice x", 2 * x.len())?;
        Gpu::crelu(self, &self.upload(x)?, columns)?.download_into(y)
    }

    fn crelu_backward_into(
        &self,
        x: &[f32],
        columns: usize,
        grad: &[f32],
        dx: &mut [f32],
    ) -> Result<()> {
        as_long("the result", dx.len(), "x", x.len())?;
        let (x, grad) = (self.upload(x)?, self.upload(grad)?);
        Gpu::crelu_backward(self, &x, columns, &grad)?.download_into(dx)
    }

    fn prelu_into(&self, f: &Prelu, x: &[f32], slopes: &[f32], y: &mut [f32]) -> Result<()> {
        as_long("the result", y.len(), "x", x.len())?;
        Gpu::prelu(self, f, &self.upload(x)?, &self.upload(slopes)?)?.download_into(y)
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
        as_long("the result", dx.len(), "x", x.len())?;
        let name = "the gradient of the slopes";
        as_long(name, dslopes.len(), "the slopes", slopes.len())?;
        let (x, slopes, grad) = (self.upload(x)?, self.upload(slopes)?, self.upload(grad)?);
        let [of_x, of_slopes] = Gpu::prelu_backward(self, f, &x, &slopes, &grad)?;
        of_x.download_into(dx)?;
        of_slopes.download_into(dslopes)
    }

    fn rrelu_into(&self, f: &Rrelu, x: &[f32], y: &mut [f32]) -> Result<()> {
        as_long("the result", y.len(), "x", x.len())?;
        Gpu::rrelu(self, f, &self.upload(x)?)?.download_into(y)
    }

    fn rrelu_backward_into(
        &self,
        f: &Rrelu,
        x: &[f32],
        grad: &[f32],
        dx: &mut [f32],
    ) -> Result<()> {
        as_long("the result", dx.len(), "x", x.len())?;
        let (x, grad) = (self.upload(x)?, self.upload(grad)?);
        Gpu::rrelu_backward(self, f, &x, &grad)?.download_into(dx)
    }
}
