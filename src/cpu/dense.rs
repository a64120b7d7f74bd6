//! Dense layers on the CPU: the products of the crate `matrixmultiply`, the function of this engine.

use super::{Cpu, checked};
use crate::dense::{Dense, DenseEngine, DenseGradients, Lengths};
use crate::{Direction, Engine, Result};

/// A matrix in memory: its numbers, with the distances between two rows and between two columns.
#[derive(Clone, Copy)]
struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    row_step: usize,
    column_step: usize,
}

impl<'a> Matrix<'a> {
    /// Row after row.
    fn new(values: &'a [f32], rows: usize, columns: usize) -> Self {
        assert_eq!(values.len(), rows * columns);
        Self {
            values,
            rows,
            columns,
            row_step: columns,
            column_step: 1,
        }
    }

    fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_step: self.column_step,
            column_step: self.row_step,
            ..self
        }
    }

    /// `self · other`, added to what stands in `sum` where `add` says so.
    fn times(self, other: Self, add: bool, sum: &mut [f32]) {
        assert_eq!(self.columns, other.rows);
        assert_eq!(sum.len(), self.rows * other.columns);
        // SAFETY: the constructor has seen that each matrix has all its elements, and distances of up to isize::MAX elements fit because
        // the slices do; the result has been seen to have room for its rows, and is no part of the factors, which are borrowed.
        unsafe {
            matrixmultiply::sgemm(
                self.rows,
                self.columns,
                other.columns,
                1.0,
                self.values.as_ptr(),
                self.row_step as isize,
                self.column_step as isize,
                other.values.as_ptr(),
                other.row_step as isize,
                other.column_step as isize,
                f32::from(u8::from(add)),
                sum.as_mut_ptr(),
                other.columns as isize,
                1,
            );
        }
    }
}

/// `z = x·Wᵀ + b`.
fn sums(
    layer: &Dense<'_>,
    batch: usize,
    x: &[f32],
    weights: &[f32],
    bias: Option<&[f32]>,
    z: &mut [f32],
) {
    if let Some(bias) = bias {
        for row in z.chunks_exact_mut(layer.outputs()) {
            row.copy_from_slice(bias);
        }
    }
    let x = Matrix::new(x, batch, layer.inputs());
    let weights = Matrix::new(weights, layer.outputs(), layer.inputs());
    x.times(weights.transposed(), bias.is_some(), z);
}

/// The sums of the columns, in f64.
fn column_sums(values: &[f32], sums: &mut [f32]) {
    let mut exact = vec![0.0_f64; sums.len()];
    for row in values.chunks_exact(sums.len()) {
        for (sum, &value) in exact.iter_mut().zip(row) {
            *sum += f64::from(value);
        }
    }
    for (sum, exact) in sums.iter_mut().zip(exact) {
        *sum = exact as f32;
    }
}

impl DenseEngine for Cpu {
    fn dense_into(
        &self,
        layer: &Dense<'_>,
        x: &[f32],
        weights: &[f32],
        bias: Option<&[f32]>,
        y: &mut [f32],
    ) -> Result<()> {
        let none = DenseGradients::default();
        let lengths = Lengths::of_slices(x, weights, bias, ("the result", y), &none);
        let batch = lengths.check(layer, Direction::Forward)?;
        let function = layer.function();
        checked(function, Direction::Forward, y.len(), None, y.len())?;
        sums(layer, batch, x, weights, bias, y);
        if function.steps().is_empty() {
            return Ok(());
        }
        self.compute_in_place(function, Direction::Forward, y)
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
        let batch = lengths.check(layer, Direction::Backward)?;
        let function = layer.function();
        let mut own = Vec::new();
        let dz = if function.steps().is_empty() {
            grad
        } else {
            let mut z = vec![0.0; grad.len()];
            sums(layer, batch, x, weights, bias, &mut z);
            own.resize(grad.len(), 0.0);
            self.backward_into(function, &z, grad, &mut own)?;
            &own
        };
        let dz_rows = Matrix::new(dz, batch, layer.outputs());
        if let Some(dx) = into.x {
            let weights = Matrix::new(weights, layer.outputs(), layer.inputs());
            dz_rows.times(weights, false, dx);
        }
        if let Some(dw) = into.weights {
            let x = Matrix::new(x, batch, layer.inputs());
            dz_rows.transposed().times(x, false, dw);
        }
        if let Some(db) = into.bias {
            column_sums(dz, db);
        }
        Ok(())
    }
}
