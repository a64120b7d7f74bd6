//! log, the natural logarithm.

use super::elementwise::{Constants, Elementwise};
use super::metadata::{Family, Metadata};
use crate::cpu::Lanes;
use crate::math::{exp, log};

pub(super) struct Function;

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "log",
        family: Family::Maths,
        formula: "ln x",
        derivative_formula: "1 / x",
        derivative_from_output_formula: Some("e^(-y)"),
        source: "elementary mathematics",
        range: "(-∞, ∞)",
        smooth: false,
        used_for: "log-likelihoods",
        risk: "-∞ at 0; NaN below",
        forward_error: Metadata::error(1, 9.14e-43),
        derivative_error: Metadata::error(0, 0.0),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/log.wgsl");

    fn reference(x: f64, _p: &[f64]) -> f64 {
        if x == 0.0 { f64::NEG_INFINITY } else { x.ln() }
    }

    fn reference_derivative(x: f64, _p: &[f64]) -> f64 {
        if x < 0.0 { f64::NAN } else { 1.0 / x.abs() }
    }

    fn reference_derivative_from_output(y: f64, _p: &[f64]) -> f64 {
        (-y).exp()
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, _c: &Constants) -> L {
        log(x).nan_of(x)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, _c: &Constants) -> L {
        let result = L::splat(1.0) / x.abs();
        L::select(x.lt(L::splat(0.0)), L::splat(f32::NAN), result).nan_of(x)
    }

    #[inline(always)]
    fn derivative_from_output<L: Lanes>(y: L, _c: &Constants) -> L {
        exp(-y).nan_of(y)
    }
}
