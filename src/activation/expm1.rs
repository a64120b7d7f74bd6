//! expm1, the exponential minus 1 without cancellation.

use super::elementwise::{Constants, Elementwise};
use super::metadata::{Family, Metadata};
use crate::cpu::Lanes;
use crate::math::{exp, expm1};

pub(super) struct Function;

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "expm1",
        family: Family::Maths,
        formula: "eˣ - 1",
        derivative_formula: "eˣ",
        derivative_from_output_formula: Some("y + 1"),
        source: "elementary mathematics",
        range: "(-1, ∞)",
        used_for: "elu and its relatives; growth rates near 0",
        risk: "overflows above 88.7",
        forward_error: Metadata::error(2, 0.36386496),
        derivative_error: Metadata::error(1, 5.9604645e-8),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/expm1.wgsl");

    fn reference(x: f64, _p: &[f64]) -> f64 {
        x.exp_m1()
    }

    fn reference_derivative(x: f64, _p: &[f64]) -> f64 {
        x.exp()
    }

    fn reference_derivative_from_output(y: f64, _p: &[f64]) -> f64 {
        y + 1.0
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, _c: &Constants) -> L {
        // Tiny inputs are their own result; the general form would lose them where subnormals are flushed.
        L::select(x.abs().lt(L::splat(1e-8)), x, expm1(x)).nan_of(x)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, _c: &Constants) -> L {
        exp(x).nan_of(x)
    }

    #[inline(always)]
    fn derivative_from_output<L: Lanes>(y: L, _c: &Constants) -> L {
        (y + L::splat(1.0)).nan_of(y)
    }
}
