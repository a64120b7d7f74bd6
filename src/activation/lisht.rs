//! lisht, x times its tanh.

use super::elementwise::{Constants, Elementwise};
use super::metadata::{Family, Metadata};
use crate::cpu::Lanes;
use crate::math::{exp_and_expm1, tanh_nonnegative};
use crate::reference::{sech_squared};

pub(super) struct Function;

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "lisht",
        family: Family::SmoothRectifier,
        formula: "x·tanh x",
        derivative_formula: "tanh x + x·sech²x",
        source: "Roy, Manna, Dubey and Chaudhuri 2019, LiSHT: Non-Parametric Linearly Scaled Hyperbolic Tangent",
        range: "[0, ∞)",
        monotonic: false,
        used_for: "where both signs should count alike",
        risk: "even: it cannot tell a feature from its opposite",
        forward_error: Metadata::error(3, 0.08285347),
        derivative_error: Metadata::error(2, 0.061366674),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/lisht.wgsl");

    fn reference(x: f64, _p: &[f64]) -> f64 {
        x * x.tanh()
    }

    fn reference_derivative(x: f64, _p: &[f64]) -> f64 {
        x.tanh() + if x.is_infinite() { 0.0 } else { x * sech_squared(x) }
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, _c: &Constants) -> L {
        (x.abs() * tanh_nonnegative(x.abs())).nan_of(x)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, _c: &Constants) -> L {
        let a = x.abs().min(L::splat(40.0));
        let (e, t) = exp_and_expm1(a * L::splat(-2.0));
        let (one, two) = (L::splat(1.0), L::splat(2.0));
        // One quotient serves as T = tanh(a) near 0, where T·(1 - a·T) + a hardly feels its error, and as r = 1 - T further out:
        // a·r·(2 - r) + (1 - r).
        let near = a.lt(one);
        let quotient = L::select(near, -t, e + e) / (two + t);
        let inner = quotient.mul_add(quotient.neg_mul_add(a, one), a);
        let outer = (a * quotient).mul_add(two - quotient, one - quotient);
        L::select(near, inner, outer).copysign(x).nan_of(x)
    }
}
