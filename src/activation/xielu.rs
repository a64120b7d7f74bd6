//! xielu, an integral of elu with trained curvatures.

use super::elementwise::{Constants, Elementwise, constants};
use super::metadata::{Family, Metadata, Parameter};
use crate::cpu::Lanes;
use crate::math::{expm1_nonpositive, expm1_rest};
use crate::reference::expm1_minus_x;

pub(super) struct Function;

/// The terms left of zero: `alpha_n·(expm1(m) - m)`, `alpha_n·(m - x)` and `beta·x`, with `m = min(x, eps)`; left of -1
/// `alpha_n·expm1(x)` and `(beta - alpha_n)·x`.
fn left_terms(x: f64, p: &[f64]) -> [f64; 3] {
    let [alpha_n, beta, eps] = [p[1], p[2], p[3]];
    if x < -1.0 {
        let line = if beta == alpha_n { 0.0 } else { (beta - alpha_n) * x };
        return [alpha_n * x.exp_m1(), line, 0.0];
    }
    let m = x.min(eps);
    [alpha_n * expm1_minus_x(m), alpha_n * (m - x), beta * x]
}

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "xielu",
        family: Family::SmoothRectifier,
        formula: "alpha_p·x² + beta·x for x > 0, else alpha_n·(expm1(min(x, eps)) - x) + beta·x",
        derivative_formula: "2·alpha_p·x + beta for x > 0, else alpha_n·expm1(x) + beta",
        source: "Huang and Schlag 2024, Deriving Activation Functions Using Integration",
        range: "[-0.21, ∞)",
        monotonic: false,
        used_for: "feed-forward blocks of language models (Apertus)",
        risk: "grows like x²; alpha_p and alpha_n have to stay positive",
        parameters: &[Parameter::new("alpha_p", 0.8, 0.0, 1e6), Parameter::new("alpha_n", 0.8, 0.0, 1e6), Parameter::new("beta", 0.5, 0.0, 1e6), Parameter::new("eps", -1e-6, -1.0, 0.0)],
        forward_error: Metadata::error_with("xielu(alpha_p=0.8, alpha_n=6.5, beta=0.5, eps=-1e-6)", 3, -0.009602694),
        derivative_error: Metadata::error(2, -0.99422026),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/xielu.wgsl");

    fn constants(p: &[f64]) -> Constants {
        constants([p[0] as f32, p[1] as f32, p[2] as f32, p[3] as f32, (p[2] - p[1]) as f32])
    }

    fn reference(x: f64, p: &[f64]) -> f64 {
        if x > 0.0 {
            if p[0] == 0.0 && p[2] == 0.0 { 0.0 } else { x * (p[0] * x.min(f64::MAX) + p[2]) }
        } else {
            left_terms(x, p).into_iter().sum()
        }
    }

    fn reference_derivative(x: f64, p: &[f64]) -> f64 {
        if x > 0.0 {
            if p[0] == 0.0 { p[2] } else { 2.0 * p[0] * x + p[2] }
        } else {
            p[1] * x.exp_m1() + p[2]
        }
    }

    fn magnitude(x: f64, p: &[f64]) -> f64 {
        if x > 0.0 { Self::reference(x, p).abs() } else { left_terms(x, p).into_iter().fold(0.0, |most, term| term.abs().max(most)) }
    }

    fn derivative_magnitude(x: f64, p: &[f64]) -> f64 {
        if x > 0.0 { Self::reference_derivative(x, p).abs() } else { p[2].max(p[1] * -x.exp_m1()) }
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, c: &Constants) -> L {
        let zero = L::splat(0.0);
        let [alpha_p, alpha_n, beta, eps] = [c[0], c[1], c[2], c[3]];
        let right = x * L::splat(alpha_p).mul_add(x.min(L::splat(f32::MAX)), L::splat(beta));
        let right = if alpha_p == 0.0 && beta == 0.0 { zero } else { right };
        let m = x.max(L::splat(-1.0)).min(L::splat(eps));
        // alpha_n·m first: m² alone may be too small for f32.
        let bend = (L::splat(alpha_n) * m) * (m * expm1_rest(m));
        let near = L::splat(alpha_n).mul_add(m - x, L::splat(beta) * x) + bend;
        // Further left the two lines are one: each alone might overflow.
        let line = L::splat(c[4]) * x;
        let line = if c[4] == 0.0 { zero } else { line };
        let far = L::splat(alpha_n).mul_add(expm1_nonpositive(x.min(zero)), line);
        let left = L::select(x.lt(L::splat(-1.0)), far, near);
        L::select(x.gt(zero), right, left).nan_of(x)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, c: &Constants) -> L {
        let zero = L::splat(0.0);
        let right = L::splat(2.0 * c[0]).mul_add(x.max(zero).min(L::splat(f32::MAX)), L::splat(c[2]));
        let right = L::select(x.eq(L::splat(f32::INFINITY)) & zero.lt(L::splat(c[0])), x, right);
        let left = L::splat(c[1]).mul_add(expm1_nonpositive(x.min(zero)), L::splat(c[2]));
        L::select(x.gt(zero), right, left).nan_of(x)
    }
}
