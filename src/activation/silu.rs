//! silu, x times its own logistic function.

use super::elementwise::{Constants, Elementwise};
use super::metadata::{Family, Metadata};
use crate::cpu::Lanes;
use crate::math::{
    LOGISTIC_TAIL, MODERATE, SILU_LEFT, SILU_LEFT_OF_EIGHT, SILU_ROOT, gate, gate_by_tail, gate_derivative_by_pieces, moderate_or_general, raised_exp, silu_derivative, silu_moderate,
};
use crate::reference::{gated, sigmoid};

pub(super) struct Function;

/// For every x.
#[inline(always)]
fn forward<L: Lanes>(x: L) -> L {
    let a = -x.abs().at_most(L::splat(115.0));
    gate(x, a, raised_exp(a))
}

/// The derivative, for every x.
#[inline(always)]
fn derivative<L: Lanes>(x: L) -> L {
    let s = -x.abs().at_most(L::splat(115.0));
    let distance = (s - L::splat(SILU_ROOT[0])) - L::splat(SILU_ROOT[1]);
    silu_derivative(x.ge(L::splat(0.0)), s, None, distance)
}

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
        forward_error: Metadata::error(3, -3.2042105),
        derivative_error: Metadata::error(4, -0.8503051),
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
        if L::TABLES {
            let t = x.abs();
            let quick = gate_by_tail(x, t, LOGISTIC_TAIL.at(t));
            return moderate_or_general!(L, LOGISTIC_TAIL.lacks(t), quick, forward(x)).0;
        }
        if L::MODERATE {
            return moderate_or_general!(L, x.abs().sum_reaches(MODERATE), x.reaches(MODERATE), silu_moderate(x), forward(x)).0;
        }
        forward(x)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, c: &Constants) -> L {
        Self::derivative_and_size(x, c).0
    }

    #[inline(always)]
    fn derivative_and_size<L: Lanes>(x: L, _c: &Constants) -> (L, bool) {
        gate_derivative_by_pieces!(L, x, SILU_ROOT, SILU_LEFT, SILU_LEFT_OF_EIGHT, derivative(x))
    }
}
