//! selu, the self-normalizing elu.

use super::elementwise::{Constants, Elementwise};
use super::metadata::{Family, Metadata};
use crate::cpu::Lanes;
use crate::math::{exp_of, expm1_nonpositive};

pub(super) struct Function;

const SCALE: f64 = 1.050_700_987_355_480_5;
/// γ·α, in f64 and as a sum of two f32.
const SCALE_ALPHA: f64 = 1.758_099_340_847_376_6;
const SCALE_ALPHA_HI: f32 = SCALE_ALPHA as f32;
const SCALE_ALPHA_LO: f32 = (SCALE_ALPHA - SCALE_ALPHA_HI as f64) as f32;

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "selu",
        family: Family::SmoothRectifier,
        formula: "γ·x for x > 0, else γ·α·(eˣ - 1), γ = 1.0507…, α = 1.6733…",
        derivative_formula: "γ for x > 0, else γ·α·eˣ",
        derivative_from_output_formula: Some("γ for y > 0, else y + γ·α"),
        source: "Klambauer, Unterthiner, Mayr and Hochreiter 2017, Self-Normalizing Neural Networks",
        range: "[-1.758, ∞)",
        smooth: false,
        used_for: "deep dense networks without normalization: mean 0 and variance 1 pass through",
        risk: "needs LeCun-normal weights and alpha dropout; other layers break the effect",
        forward_error: Metadata::error(2, -1.1920963e-7),
        derivative_error: Metadata::error(1, -3.390289e-8),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/selu.wgsl");

    fn reference(x: f64, _p: &[f64]) -> f64 {
        if x > 0.0 { SCALE * x } else { SCALE_ALPHA * x.exp_m1() }
    }

    fn reference_derivative(x: f64, _p: &[f64]) -> f64 {
        if x > 0.0 { SCALE } else { SCALE_ALPHA * x.exp() }
    }

    fn reference_derivative_from_output(y: f64, _p: &[f64]) -> f64 {
        if y > 0.0 { SCALE } else { y + SCALE_ALPHA }
    }

    fn kinks(_p: &[f64]) -> Vec<f64> {
        vec![0.0]
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, _c: &Constants) -> L {
        let zero = L::splat(0.0);
        let left = L::splat(SCALE_ALPHA_HI) * expm1_nonpositive(x.at_most(zero));
        L::select(x.gt(zero), x * L::splat(SCALE as f32), left)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, _c: &Constants) -> L {
        let zero = L::splat(0.0);
        let e = exp_of(x.at_most(zero).at_least(L::splat(-120.0)));
        let left = e.times(L::splat(SCALE_ALPHA_HI));
        L::select(x.gt(zero), L::splat(SCALE as f32), left)
    }

    #[inline(always)]
    fn derivative_from_output<L: Lanes>(y: L, _c: &Constants) -> L {
        let left = (y + L::splat(SCALE_ALPHA_HI)) + L::splat(SCALE_ALPHA_LO);
        L::select(y.gt(L::splat(0.0)), L::splat(SCALE as f32), left)
    }
}
