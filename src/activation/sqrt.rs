//! sqrt, the square root.

use super::elementwise::{Constants, Elementwise};
use super::metadata::{Family, Metadata};
use crate::cpu::Lanes;

pub(super) struct Function;

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "sqrt",
        family: Family::Maths,
        formula: "√x",
        derivative_formula: "1 / (2·√x)",
        derivative_from_output_formula: Some("1 / (2·y)"),
        source: "elementary mathematics",
        range: "[0, ∞)",
        smooth: false,
        used_for: "standard deviations",
        risk: "the gradient is infinite at 0; NaN below",
        forward_error: Metadata::error(0, 0.0),
        derivative_error: Metadata::error(1, 4e-45),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/sqrt.wgsl");

    fn reference(x: f64, _p: &[f64]) -> f64 {
        x.sqrt()
    }

    fn reference_derivative(x: f64, _p: &[f64]) -> f64 {
        if x == 0.0 { f64::INFINITY } else { 0.5 / x.sqrt() }
    }

    fn reference_derivative_from_output(y: f64, _p: &[f64]) -> f64 {
        0.5 / y.abs()
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, _c: &Constants) -> L {
        x.sqrt().nan_of(x)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, _c: &Constants) -> L {
        (L::splat(0.5) / x.sqrt().abs()).nan_of(x)
    }

    #[inline(always)]
    fn derivative_from_output<L: Lanes>(y: L, _c: &Constants) -> L {
        (L::splat(0.5) / y.abs()).nan_of(y)
    }
}
