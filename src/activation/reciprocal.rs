//! reciprocal.

use super::elementwise::{Constants, Elementwise};
use super::metadata::{Family, Metadata};
use crate::cpu::Lanes;

pub(super) struct Function;

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "reciprocal",
        family: Family::Maths,
        formula: "1 / x",
        derivative_formula: "-1 / x²",
        derivative_from_output_formula: Some("-y²"),
        source: "elementary mathematics",
        range: "(-∞, ∞)",
        saturating: true,
        smooth: false,
        monotonic: false,
        zero_centred: true,
        used_for: "normalization",
        risk: "infinite at 0",
        forward_error: Metadata::error(0, 0.0),
        derivative_error: Metadata::error(2, 7.666471e-20),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/reciprocal.wgsl");

    fn reference(x: f64, _p: &[f64]) -> f64 {
        1.0 / x
    }

    fn reference_derivative(x: f64, _p: &[f64]) -> f64 {
        -1.0 / (x * x)
    }

    fn reference_derivative_from_output(y: f64, _p: &[f64]) -> f64 {
        -y * y
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, _c: &Constants) -> L {
        (L::splat(1.0) / x).nan_of(x)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, _c: &Constants) -> L {
        let r = L::splat(1.0) / x;
        (-(r * r)).nan_of(x)
    }

    #[inline(always)]
    fn derivative_from_output<L: Lanes>(y: L, _c: &Constants) -> L {
        (-(y * y)).nan_of(y)
    }
}
