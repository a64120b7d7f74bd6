//! squareplus, a smooth rectifier without an exponential.

use super::elementwise::{Constants, Elementwise, constants};
use super::metadata::{Family, Metadata, Parameter};
use crate::cpu::Lanes;

pub(super) struct Function;

/// `√(a² + b)`; where the square would overflow it is `a`.
#[inline(always)]
fn root_of<L: Lanes>(a: L, c: &Constants) -> L {
    L::select(a.gt(L::splat(1e18)), a, a.mul_add(a, L::splat(c[0])).sqrt())
}

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "squareplus",
        family: Family::SmoothRectifier,
        formula: "(x + √(x² + b)) / 2",
        derivative_formula: "(1 + x/√(x² + b)) / 2",
        source: "Barron 2021, Squareplus: A Softplus-Like Algebraic Rectifier",
        range: "(0, ∞)",
        used_for: "as softplus, where an exponential is too dear",
        risk: "its negative tail falls slowly, like 1/|x|",
        parameters: &[Parameter::new("b", 4.0, 1e-6, 1e6)],
        forward_error: Metadata::error(3, -0.0007723273),
        derivative_error: Metadata::error(3, -3.6170318),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/squareplus.wgsl");

    fn constants(p: &[f64]) -> Constants {
        constants([p[0] as f32])
    }

    fn reference(x: f64, p: &[f64]) -> f64 {
        let root = x.hypot(p[0].sqrt());
        if x < 0.0 { p[0] / (2.0 * (root - x)) } else { 0.5 * x + 0.5 * root }
    }

    fn reference_derivative(x: f64, p: &[f64]) -> f64 {
        let root = x.hypot(p[0].sqrt());
        if x == f64::NEG_INFINITY { 0.0 } else if x == f64::INFINITY { 1.0 } else if x < 0.0 { 0.5 * p[0] / root / (root - x) } else { 0.5 * (1.0 + x / root) }
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, c: &Constants) -> L {
        let half = L::splat(0.5);
        let a = x.abs();
        let root = root_of(a, c);
        let b = L::splat(c[0]);
        // Where the sum would overflow the root is a.
        let left = L::select(a.gt(L::splat(1e18)), L::splat(0.25) * b / a, half * b / (root + a));
        L::select(x.ge(L::splat(0.0)), x + left, left).nan_of(x)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, c: &Constants) -> L {
        // b / (2·(r² + a·r)) with r² = a² + b; far out both in powers of two that keep the square within the range.
        let a = x.abs();
        let far = a.gt(L::splat(1e18));
        let scale = 1.0 / (1u64 << 60) as f32;
        let b = L::select(far, L::splat(c[0] * scale * scale), L::splat(c[0]));
        let a = L::select(far, a.at_most(L::splat(1e30)) * L::splat(scale), a);
        let square = a.mul_add(a, b);
        let left = L::splat(0.5) * b / a.mul_add(square.sqrt(), square);
        L::select(x.ge(L::splat(0.0)), L::splat(1.0) - left, left).nan_of(x)
    }
}
