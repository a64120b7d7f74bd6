//! softsign, a sigmoid with polynomial tails.

use super::elementwise::{Constants, Elementwise};
use super::metadata::{Family, Metadata};
use crate::cpu::Lanes;

pub(super) struct Function;

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "softsign",
        family: Family::Saturating,
        formula: "x / (1 + |x|)",
        derivative_formula: "1 / (1 + |x|)²",
        derivative_from_output_formula: Some("(1 - |y|)²"),
        source: "Bergstra, Desjardins, Lamblin and Bengio 2009, Quadratic Polynomials Learn Better Image Features",
        range: "(-1, 1)",
        saturating: true,
        zero_centred: true,
        used_for: "as tanh, with gradients that vanish slowly",
        risk: "saturates, if slowly",
        forward_error: Metadata::error(1, 4.214685e-8),
        derivative_error: Metadata::error(3, 3.0003464),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/softsign.wgsl");

    fn reference(x: f64, _p: &[f64]) -> f64 {
        if x.is_infinite() { x.signum() } else { x / (1.0 + x.abs()) }
    }

    fn reference_derivative(x: f64, _p: &[f64]) -> f64 {
        1.0 / ((1.0 + x.abs()) * (1.0 + x.abs()))
    }

    fn reference_derivative_from_output(y: f64, _p: &[f64]) -> f64 {
        (1.0 - y.abs()) * (1.0 - y.abs())
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, _c: &Constants) -> L {
        // From 1e30 on the quotient is 1; infinity over infinity would be NaN.
        let a = x.abs().min(L::splat(1e30));
        (a / (L::splat(1.0) + a)).copysign(x).nan_of(x)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, _c: &Constants) -> L {
        // 1 / (1 + a·(a + 2)), all of it times 2^-64, so that the square does not overflow.
        let scale = L::splat(1.0 / (1u128 << 64) as f32);
        let a = x.abs();
        (scale / (a * scale).mul_add(a + L::splat(2.0), scale)).nan_of(x)
    }

    #[inline(always)]
    fn derivative_from_output<L: Lanes>(y: L, _c: &Constants) -> L {
        let r = L::splat(1.0) - y.abs();
        (r * r).nan_of(y)
    }
}
