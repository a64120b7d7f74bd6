//! celu, elu with a continuous derivative for every alpha.

use super::elementwise::{Constants, Elementwise, constants, split};
use super::metadata::{Family, Metadata, Parameter};
use crate::cpu::Lanes;
use crate::math::{exp_pair, expm1_pair, product_pair};

pub(super) struct Function;

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "celu",
        family: Family::SmoothRectifier,
        formula: "x for x > 0, else alpha·(e^(x/alpha) - 1)",
        derivative_formula: "1 for x > 0, else e^(x/alpha)",
        derivative_from_output_formula: Some("1 for y > 0, else (y + alpha) / alpha"),
        source: "Barron 2017, Continuously Differentiable Exponential Linear Units",
        range: "[-alpha, ∞)",
        used_for: "as elu, where alpha is varied",
        risk: "saturates on the negative side",
        parameters: &[Parameter::new("alpha", 1.0, 1e-6, 1e6)],
        forward_error: Metadata::error_with("celu(alpha=1e-6)", 2, -8.3285524e-14),
        derivative_error: Metadata::error(1, -1.4901163e-7),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/celu.wgsl");

    fn constants(p: &[f64]) -> Constants {
        let [inverse_hi, inverse_lo] = split(1.0 / p[0]);
        // exp(-110) is 0 in f32.
        constants([p[0] as f32, inverse_hi, inverse_lo, (110.0 * p[0]) as f32])
    }

    fn reference(x: f64, p: &[f64]) -> f64 {
        if x > 0.0 { x } else { p[0] * (x / p[0]).exp_m1() }
    }

    fn reference_derivative(x: f64, p: &[f64]) -> f64 {
        if x > 0.0 { 1.0 } else { (x / p[0]).exp() }
    }

    fn reference_derivative_from_output(y: f64, p: &[f64]) -> f64 {
        if y > 0.0 { 1.0 } else { (y + p[0]) / p[0] }
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, c: &Constants) -> L {
        let zero = L::splat(0.0);
        let left = x.min(zero).max(L::splat(-c[3]));
        let (hi, lo) = product_pair(L::splat(c[1]), L::splat(c[2]), left);
        // Where x / alpha is tiny its exponential is a straight line, and the quotient may be too small for f32.
        let tiny = L::splat(-1e-8).lt(hi);
        let left = L::select(tiny, x, L::splat(c[0]) * expm1_pair(hi, lo));
        L::select(x.gt(zero), x, left).nan_of(x)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, c: &Constants) -> L {
        let zero = L::splat(0.0);
        let left = x.min(zero).max(L::splat(-c[3]));
        let (hi, lo) = product_pair(L::splat(c[1]), L::splat(c[2]), left);
        L::select(x.gt(zero), L::splat(1.0), exp_pair(hi, lo).value()).nan_of(x)
    }

    #[inline(always)]
    fn derivative_from_output<L: Lanes>(y: L, c: &Constants) -> L {
        let alpha = L::splat(c[0]);
        L::select(y.gt(L::splat(0.0)), L::splat(1.0), (y + alpha) / alpha).nan_of(y)
    }
}
