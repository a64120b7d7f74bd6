//! erf, the error function.

use super::elementwise::{Constants, Elementwise};
use super::metadata::{Family, Metadata};
use crate::cpu::Lanes;
use crate::math::{LOWER, erf, exp_of_square};
use crate::reference::{erf as reference_erf};

pub(super) struct Function;

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "erf",
        family: Family::Saturating,
        formula: "2/√π · ∫₀ˣ exp(-t²) dt",
        derivative_formula: "2/√π · exp(-x²)",
        source: "Abramowitz and Stegun 1964, chapter 7",
        range: "(-1, 1)",
        saturating: true,
        zero_centred: true,
        used_for: "the normal distribution function; gelu is made of it",
        risk: "vanishing gradient, faster than tanh's",
        forward_error: Metadata::error(2, 0.0003980836),
        derivative_error: Metadata::error(2, 0.3477005),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/erf.wgsl");

    fn reference(x: f64, _p: &[f64]) -> f64 {
        if x.abs() > 6.0 { x.signum() } else { reference_erf(x) }
    }

    fn reference_derivative(x: f64, _p: &[f64]) -> f64 {
        std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp()
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, _c: &Constants) -> L {
        erf(x).nan_of(x)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, _c: &Constants) -> L {
        (exp_of_square(x.abs().min(L::splat(11.0)), -1.0).times(L::splat(std::f32::consts::FRAC_2_SQRT_PI)) * L::splat(LOWER)).nan_of(x)
    }
}
