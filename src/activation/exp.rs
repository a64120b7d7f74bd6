//! exp, the exponential function.

use super::elementwise::{Constants, Elementwise};
use super::metadata::{Family, Metadata};
use crate::cpu::Lanes;
use crate::math::{exp};

pub(super) struct Function;

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "exp",
        family: Family::Maths,
        formula: "eˣ",
        derivative_formula: "eˣ",
        derivative_from_output_formula: Some("y"),
        source: "elementary mathematics",
        range: "(0, ∞)",
        used_for: "odds, attention scores",
        risk: "overflows above 88.7",
        forward_error: Metadata::error(1, 5.9604645e-8),
        derivative_error: Metadata::error(1, 5.9604645e-8),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/exp.wgsl");

    fn reference(x: f64, _p: &[f64]) -> f64 {
        x.exp()
    }

    fn reference_derivative(x: f64, _p: &[f64]) -> f64 {
        x.exp()
    }

    fn reference_derivative_from_output(y: f64, _p: &[f64]) -> f64 {
        y
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, _c: &Constants) -> L {
        exp(x).nan_of(x)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, _c: &Constants) -> L {
        exp(x).nan_of(x)
    }

    #[inline(always)]
    fn derivative_from_output<L: Lanes>(y: L, _c: &Constants) -> L {
        y
    }
}
