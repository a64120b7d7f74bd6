//! log1p, the logarithm of 1 + x without cancellation.

use super::elementwise::{Constants, Elementwise};
use super::metadata::{Family, Metadata};
use crate::cpu::Lanes;
use crate::math::{exp, log1p};

pub(super) struct Function;

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "log1p",
        family: Family::Maths,
        formula: "ln(1 + x)",
        derivative_formula: "1 / (1 + x)",
        derivative_from_output_formula: Some("e^(-y)"),
        source: "elementary mathematics",
        range: "(-∞, ∞)",
        smooth: false,
        used_for: "compressing counts",
        risk: "-∞ at -1; NaN below",
        forward_error: Metadata::error(1, 7.450581e-8),
        derivative_error: Metadata::error(1, 2.9802326e-8),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/log1p.wgsl");

    fn reference(x: f64, _p: &[f64]) -> f64 {
        if x == -1.0 { f64::NEG_INFINITY } else { x.ln_1p() }
    }

    fn reference_derivative(x: f64, _p: &[f64]) -> f64 {
        if x < -1.0 { f64::NAN } else { 1.0 / (1.0 + x) }
    }

    fn reference_derivative_from_output(y: f64, _p: &[f64]) -> f64 {
        (-y).exp()
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, _c: &Constants) -> L {
        log1p(x).nan_of(x)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, _c: &Constants) -> L {
        let u = L::splat(1.0) + x;
        let result = L::splat(1.0) / u;
        L::select(u.lt(L::splat(0.0)), L::splat(f32::NAN), result).nan_of(x)
    }

    #[inline(always)]
    fn derivative_from_output<L: Lanes>(y: L, _c: &Constants) -> L {
        exp(-y).nan_of(y)
    }
}
