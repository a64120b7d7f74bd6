//! [`DenseEngine`] for the GPU: everything is uploaded, and the results come back.

use super::Gpu;
use crate::dense::{Dense, DenseEngine, DenseGradients, Lengths};
use crate::{Direction, Result};

impl DenseEngine for Gpu {
    fn dense_into(
        &self,
        layer: &Dense<'_>,
        x: &[f32],
        weights: &[f32],
        bias: Option<&[f32]>,
        y: &mut [f32],
    ) -> Result<()> {
        // Before anything travels.
        let none = DenseGradients::default();
        let lengths = Lengths::of_slices(x, weights, bias, ("the result", y), &none);
        lengths.check(layer, Direction::Forward)?;
        let layer = layer.with_function(self.uploaded(layer.function())?);
        let bias = bias.map(|bias| self.upload(bias)).transpose()?;
        let (x, weights) = (self.upload(x)?, self.upload(weights)?);
        Gpu::dense(self, &layer, &x, &weights, bias.as_ref())?.download_into(y)
    }

    fn dense_backward_into(
        &self,
        layer: &Dense<'_>,
        x: &[f32],
        weights: &[f32],
        bias: Option<&[f32]>,
        grad: &[f32],
        into: DenseGradients<&mut [f32]>,
    ) -> Result<()> {
        let lengths = Lengths::of_slices(x, weights, bias, ("grad", grad), &into);
        lengths.check(layer, Direction::Backward)?;
        let layer = layer.with_function(self.uploaded(layer.function())?);
        let bias = bias.map(|bias| self.upload(bias)).transpose()?;
        let [x, weights, grad] = [x, weights, grad].map(|values| self.upload(values));
        let (x, weights, grad) = (x?, weights?, grad?);
        let wanted = into.wanted();
        let found = Gpu::dense_backward(self, &layer, &x, &weights, bias.as_ref(), &grad, wanted)?;
        let pairs = [
            (found.x, into.x),
            (found.weights, into.weights),
            (found.bias, into.bias),
        ];
        for (found, into) in pairs {
            if let (Some(found), Some(into)) = (found, into) {
                found.download_into(into)?;
            }
        }
        Ok(())
    }
}
