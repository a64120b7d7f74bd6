//! swish, silu with a steepness.

use super::elementwise::{Constants, Elementwise, constants, pair, split};
use super::metadata::{Family, Metadata, Parameter};
use crate::cpu::Lanes;
use crate::math::{
    MODERATE, SILU_LEFT, SILU_LEFT_OF_EIGHT, SILU_ROOT, gate_derivative_by_left, gate_of_product, moderate_or_general, product_pair, raised_exp_pair, silu_derivative, times_sigmoid,
};
use crate::reference::{gated, sigmoid};

pub(super) struct Function;

/// The root of the derivative in beta·x.
const ROOT: f64 = -1.278_464_542_761_073_8;

/// beta times the second part of the root. A beta of 0 is nowhere near the root, which is infinitely far away.
#[inline(always)]
fn beta_times_rest(c: &Constants) -> f32 {
    if c[0] == 0.0 { SILU_ROOT[0] } else { c[0] * c[6] }
}

/// For every x.
#[inline(always)]
fn forward<L: Lanes>(x: L, c: &Constants) -> L {
    let limit = L::splat(c[4]);
    let finite = x.at_least(-limit).at_most(limit);
    let (hi, lo) = product_pair(L::splat(c[1]), L::splat(c[2]), finite);
    let factor = L::select(hi.lt(L::splat(0.0)), finite, x);
    times_sigmoid(factor, raised_exp_pair(hi.at_most(L::splat(26.0)), lo))
}

/// The derivative, for every x.
#[inline(always)]
fn derivative<L: Lanes>(x: L, c: &Constants) -> L {
    let zero = L::splat(0.0);
    let positive = !(x * L::splat(c[0])).lt(zero);
    let (hi, lo) = product_pair(L::splat(c[1]), L::splat(c[2]), x.abs().at_most(L::splat(c[4])));
    let negative = L::splat(c[1]).lt(zero);
    let (hi, lo) = (L::select(negative, hi, -hi), L::select(negative, lo, -lo));
    // The point on the side where beta·x is negative.
    let a = x.abs().at_most(L::splat(c[4]));
    let on_left = L::select(negative, a, -a);
    let distance = (on_left - L::splat(c[5])).mul_add(L::splat(c[0]), L::splat(-beta_times_rest(c)));
    silu_derivative(positive, hi, Some(lo), distance)
}

/// The derivative, which is silu's at beta·x, where the pieces hold `|beta·x|`.
#[inline(always)]
fn derivative_by_pieces<L: Lanes>(x: L, c: &Constants) -> L {
    // Of the sign of beta times x.
    let x = x * L::splat(c[11]);
    let (hi, lo) = product_pair(L::splat(c[1] * c[11]), L::splat(c[2] * c[11]), x.abs());
    let beyond = (x.abs() + L::splat(c[5] * c[11])).mul_add(L::splat(c[0] * c[11]), L::splat(beta_times_rest(c)));
    let ratio = if L::TABLES { SILU_LEFT.at_pair(hi, lo) } else { SILU_LEFT_OF_EIGHT.at_pair(hi, lo) };
    gate_derivative_by_left(x, beyond * ratio)
}

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "swish",
        family: Family::SmoothRectifier,
        formula: "x·σ(beta·x)",
        derivative_formula: "σ(beta·x)·(1 + beta·x·σ(-beta·x))",
        source: "Ramachandran, Zoph and Le 2017, Searching for Activation Functions",
        range: "[-0.278/beta, ∞)",
        monotonic: false,
        used_for: "as silu, where the steepness is tuned or learned",
        risk: "at beta = 0 it is x/2, a straight line",
        parameters: &[Parameter::new("beta", 1.0, -1e6, 1e6)],
        forward_error: Metadata::error(3, -3.2042105),
        derivative_error: Metadata::error_with("swish(beta=-0.3)", 4, 0.0041626696),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/swish.wgsl");

    fn constants(p: &[f64]) -> Constants {
        let beta = p[0];
        let [beta_hi, beta_lo] = split(beta);
        // The exponential is taken of a beta·x that is limited; x itself has no limit where beta·x stays small.
        let limit = (130.0 / beta.abs()) as f32;
        let [root_hi, root_lo] = if beta == 0.0 { [0.0; 2] } else { pair(ROOT / beta) };
        // For the CPU: beta·log2(e), up to where the moderate form holds, and up to where the pieces do.
        let [base_2_hi, base_2_lo] = pair(beta * std::f64::consts::LOG2_E);
        let up_to = |limit: f32| (f64::from(limit) * (1.0 - 1e-6) / beta.abs()).min(f64::from(f32::MAX)) as f32;
        let moderate = up_to(MODERATE - 2.0);
        // Eight pieces hold less than the table. None hold a beta so small that the root is no f32.
        let held = if root_hi.is_finite() { up_to(SILU_LEFT_OF_EIGHT.limit) } else { 0.0 };
        let sign = if beta < 0.0 { -1.0 } else { 1.0 };
        constants([
            beta as f32, beta_hi, beta_lo, limit, limit.min(f32::MAX), root_hi, root_lo, base_2_hi, base_2_lo, moderate, held, sign,
        ])
    }

    fn reference(x: f64, p: &[f64]) -> f64 {
        if p[0] == 0.0 { 0.5 * x } else { gated(x, sigmoid(p[0] * x)) }
    }

    fn reference_derivative(x: f64, p: &[f64]) -> f64 {
        if p[0] == 0.0 {
            return 0.5;
        }
        let s = p[0] * x;
        sigmoid(s) + gated(s, sigmoid(s) * sigmoid(-s))
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, c: &Constants) -> L {
        if L::MODERATE {
            return moderate_or_general!(L, x.reaches(c[9]), gate_of_product(x, L::splat(c[7]), L::splat(c[8])), forward(x, c)).0;
        }
        forward(x, c)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, c: &Constants) -> L {
        if L::TABLES || L::EIGHT_PIECES {
            return moderate_or_general!(L, x.reaches(c[10]), derivative_by_pieces(x, c), derivative(x, c)).0;
        }
        derivative(x, c)
    }
}
