//! gelu, x times the normal distribution function.

use super::elementwise::{Constants, Elementwise};
use super::metadata::{Family, Metadata};
use crate::cpu::Lanes;
use crate::math::{
    GELU_LEFT, GELU_LEFT_OF_EIGHT, LOWER, NORMAL_TAIL, NORMAL_TAIL_OF_EIGHT, exp_of_square, gate_by_tail, gate_derivative_by_pieces, moderate_or_general, polynomial, tail_centred, tail_ratio, tail_variable,
};
use crate::reference::{gated, normal_cdf, normal_pdf};

pub(super) struct Function;

/// For every x.
#[inline(always)]
fn forward<L: Lanes>(x: L) -> L {
    let t = x.abs().at_most(L::splat(15.0));
    let v = tail_variable(t);
    // t·(1 - Φ(t))·exp(t²/2) = ratio·t·(1 - v), and t·(1 - v) = 4·v, which far out hardly feels an error of v.
    let tail = v * exp_of_square(t, -0.5).times(tail_ratio(v));
    tail.neg_mul_add(L::splat(4.0 * LOWER), x.at_least(L::splat(0.0)))
}

/// The root of the derivative, as a sum of two f32.
const ROOT: [f32; 2] = [f32::from_bits(0xbf40_7569), f32::from_bits(0x3250_1fea)];

/// The derivative, for every x.
#[inline(always)]
fn derivative<L: Lanes>(x: L) -> L {
    let t = x.abs().at_most(L::splat(15.0));
    let w = polynomial(
        tail_centred(tail_variable(t)),
        [
            f32::from_bits(0xbef3_c7d4),
            f32::from_bits(0xbe75_80bb),
            f32::from_bits(0xbe93_4a7e),
            f32::from_bits(0xbe87_9c0a),
            f32::from_bits(0xbe2d_3fb5),
            f32::from_bits(0xbd52_d2b2),
            f32::from_bits(0x3ca9_f58b),
            f32::from_bits(0x3cc4_a1b2),
            f32::from_bits(0xbaed_29e9),
            f32::from_bits(0xbbec_50f4),
        ],
    );
    // (t - t0)·w, the difference by a pair; fused it has one rounding.
    let product = (t + L::splat(ROOT[0])).mul_add(w, L::splat(ROOT[1]) * w);
    let left = exp_of_square(t, -0.5).times(product) * L::splat(LOWER);
    L::select(x.ge(L::splat(0.0)), L::splat(1.0) - left, left)
}

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "gelu",
        aliases: &["gelu_erf"],
        family: Family::SmoothRectifier,
        formula: "x·Φ(x) = x·½·erfc(-x/√2)",
        derivative_formula: "Φ(x) + x·φ(x)",
        source: "Hendrycks and Gimpel 2016, Gaussian Error Linear Units",
        range: "[-0.17, ∞)",
        monotonic: false,
        used_for: "transformers: the default of BERT, GPT and their relatives",
        risk: "dearer than relu; its faster forms (gelu_tanh, gelu_quick) are other functions, with other gradients",
        forward_error: Metadata::error(4, -0.33064342),
        derivative_error: Metadata::error(4, -0.7349229),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/gelu.wgsl");

    fn reference(x: f64, _p: &[f64]) -> f64 {
        gated(x, normal_cdf(x))
    }

    fn reference_derivative(x: f64, _p: &[f64]) -> f64 {
        normal_cdf(x) + gated(x, normal_pdf(x))
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, _c: &Constants) -> L {
        if L::TABLES {
            let t = x.abs();
            let quick = gate_by_tail(x, t, NORMAL_TAIL.at(t));
            return moderate_or_general!(L, NORMAL_TAIL.lacks(t), quick, forward(x)).0;
        }
        if L::EIGHT_PIECES {
            let pieces = &NORMAL_TAIL_OF_EIGHT;
            let t = pieces.within(x);
            return moderate_or_general!(L, pieces.lacks_any_on_left(x), pieces.lacks_on_left(x), gate_by_tail(x, t, pieces.at(t)), forward(x)).0;
        }
        forward(x)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, c: &Constants) -> L {
        Self::derivative_and_size(x, c).0
    }

    #[inline(always)]
    fn derivative_and_size<L: Lanes>(x: L, _c: &Constants) -> (L, bool) {
        gate_derivative_by_pieces!(L, x, ROOT, GELU_LEFT, GELU_LEFT_OF_EIGHT, derivative(x))
    }
}
