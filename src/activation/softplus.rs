//! softplus, the smooth rectifier.

use super::elementwise::{Constants, Elementwise, constants, split};
use super::metadata::{Family, Metadata, Parameter};
use crate::cpu::Lanes;
use crate::math::{exp_pair, expm1_nonpositive, log1p_unit, logistic, product_pair};
use crate::reference;

pub(super) struct Function;

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "softplus",
        family: Family::SmoothRectifier,
        formula: "ln(1 + e^(beta·x)) / beta",
        derivative_formula: "σ(beta·x)",
        derivative_from_output_formula: Some("1 - e^(-beta·y)"),
        source: "Dugas, Bengio, Bélisle, Nadeau and Garcia 2001, Incorporating Second-Order Functional Knowledge",
        range: "(0, ∞)",
        used_for: "positive outputs: variances, rates",
        risk: "never quite zero: activations are not sparse",
        parameters: &[Parameter::new("beta", 1.0, 1e-6, 1e6)],
        forward_error: Metadata::error_with("softplus(beta=1.75)", 3, 0.00081640243),
        derivative_error: Metadata::error(2, -1.0987862),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/softplus.wgsl");

    fn constants(p: &[f64]) -> Constants {
        let [beta_hi, beta_lo] = split(p[0]);
        constants([p[0] as f32, beta_hi, beta_lo, (130.0 / p[0]) as f32, (1.0 / p[0]) as f32])
    }

    fn reference(x: f64, p: &[f64]) -> f64 {
        // Not softplus(beta·x) / beta, which overflows.
        x.max(0.0) + (-(p[0] * x).abs()).exp().ln_1p() / p[0]
    }

    fn reference_derivative(x: f64, p: &[f64]) -> f64 {
        reference::sigmoid(p[0] * x)
    }

    fn reference_derivative_from_output(y: f64, p: &[f64]) -> f64 {
        -(-p[0] * y).exp_m1()
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, c: &Constants) -> L {
        let (hi, lo) = product_pair(L::splat(c[1]), L::splat(c[2]), -x.abs().at_most(L::splat(c[3])));
        let e = exp_pair(hi, lo);
        let value = e.value();
        // Where log1p(e) is e, e / beta may be a normal number though e is not.
        let tiny = value.lt(L::splat(1e-9));
        let inverse = L::splat(c[4]);
        let bend = L::select(tiny, e.times(inverse), log1p_unit(value) * inverse);
        x.max(L::splat(0.0)) + bend
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, c: &Constants) -> L {
        let x = x.at_least(L::splat(-0.81 * c[3])).at_most(L::splat(0.2 * c[3]));
        let (hi, lo) = product_pair(L::splat(c[1]), L::splat(c[2]), x);
        logistic(hi, Some(lo))
    }

    #[inline(always)]
    fn derivative_from_output<L: Lanes>(y: L, c: &Constants) -> L {
        -expm1_nonpositive(-(y.at_least(L::splat(0.0)) * L::splat(c[0])))
    }
}
