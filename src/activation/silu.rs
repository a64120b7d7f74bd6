//! silu, x times its own logistic function.

use super::elementwise::{Constants, Elementwise};
use super::metadata::{Family, Metadata};
use crate::cpu::Lanes;
use crate::math::{exp_about, exp_scaled, gate_derivative, times_sigmoid};
use crate::reference::{gated, sigmoid};

pub(super) struct Function;

/// The root of the derivative as a sum of two f32, and its exponential in the same way.
const ROOT: [f32; 2] = [f32::from_bits(0xbfa3_a4ba), f32::from_bits(0x325e_fb7d)];
const EXP_ROOT: [f32; 2] = [f32::from_bits(0x3e8e_92e8), f32::from_bits(0xb25e_fb7d)];

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "silu",
        family: Family::SmoothRectifier,
        formula: "x·σ(x)",
        derivative_formula: "σ(x)·(1 + x·σ(-x))",
        source: "Elfwing, Uchibe and Doya 2017, Sigmoid-Weighted Linear Units; Hendrycks and Gimpel 2016",
        range: "[-0.278, ∞)",
        monotonic: false,
        used_for: "vision networks and the gates of language models (SwiGLU)",
        risk: "dearer than relu; not monotonic",
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/silu.wgsl");

    fn reference(x: f64, _p: &[f64]) -> f64 {
        gated(x, sigmoid(x))
    }

    fn reference_derivative(x: f64, _p: &[f64]) -> f64 {
        sigmoid(x) + gated(x, sigmoid(x) * sigmoid(-x))
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, _c: &Constants) -> L {
        let limit = L::splat(115.0);
        let e = exp_scaled(-x.abs().min(limit));
        times_sigmoid(x.max(-limit), x.ge(L::splat(0.0)), e).nan_of(x)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, _c: &Constants) -> L {
        let s = -x.abs().min(L::splat(115.0));
        let d = (s - L::splat(ROOT[0])) - L::splat(ROOT[1]);
        let e = exp_about(s, L::splat(0.0), d, EXP_ROOT);
        // 1 + e + x is zero at the root, so it is d + (e - exp(root)): two terms of one sign.
        let from_root = L::select(e.far, s + (L::splat(1.0) + e.value), d + e.difference);
        gate_derivative(x.ge(L::splat(0.0)), e, s.copysign(x), from_root).nan_of(x)
    }
}
