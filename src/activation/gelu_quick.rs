//! gelu_quick, swish with a steepness of 1.702.

use super::elementwise::{Constants, Elementwise};
use super::metadata::{Family, Metadata};
use crate::cpu::Lanes;
use crate::math::{GELU_QUICK_LEFT, GELU_QUICK_LEFT_OF_EIGHT, gate, gate_derivative_by_pieces, gate_of_product, moderate_or_general, product_pair, raised_exp_pair, silu_derivative};
use crate::reference::{gated, sigmoid};

pub(super) struct Function;

const BETA: f64 = 1.702;
/// BETA as a sum of two f32, the first of 12 bits.
const BETA_HI: f32 = f32::from_bits(0x3fd9_d000);
const BETA_LO: f32 = f32::from_bits(0x39b2_2d0e);
/// The root of the derivative as a sum of two f32; BETA times it is that of silu's.
const ROOT: [f32; 2] = [f32::from_bits(0xbf40_4ba5), f32::from_bits(0xb245_7c7c)];
/// BETA·log2(e) as a sum of two f32.
const BASE_2: [f32; 2] = [f32::from_bits(0x401d_265f), f32::from_bits(0xb2e0_4765)];
/// The moderate form holds below this.
const MODERATE: f32 = 32.0;

#[inline(always)]
fn forward<L: Lanes>(x: L) -> L {
    let a = -x.abs().at_most(L::splat(66.0));
    let (hi, lo) = product_pair(L::splat(BETA_HI), L::splat(BETA_LO), a);
    gate(x, a, raised_exp_pair(hi, lo))
}

#[inline(always)]
fn derivative<L: Lanes>(x: L) -> L {
    let a = -x.abs().at_most(L::splat(66.0));
    let (hi, lo) = product_pair(L::splat(BETA_HI), L::splat(BETA_LO), a);
    let distance = (a - L::splat(ROOT[0])).mul_add(L::splat(BETA as f32), L::splat(-BETA as f32 * ROOT[1]));
    silu_derivative(x.ge(L::splat(0.0)), hi, Some(lo), distance)
}

#[inline(always)]
fn forward_moderate<L: Lanes>(x: L) -> L {
    gate_of_product(x, L::splat(BASE_2[0]), L::splat(BASE_2[1]))
}

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "gelu_quick",
        aliases: &["quick_gelu"],
        family: Family::SmoothRectifier,
        formula: "x·σ(1.702·x)",
        derivative_formula: "σ(1.702·x)·(1 + 1.702·x·σ(-1.702·x))",
        source: "Hendrycks and Gimpel 2016, Gaussian Error Linear Units, section 2",
        range: "[-0.164, ∞)",
        monotonic: false,
        used_for: "models trained with it (CLIP, early GPT ports); the course chapter's gelu",
        risk: "up to 0.02 away from gelu: not a drop-in for a model trained with the other",
        forward_error: Metadata::error(3, -1.376787),
        derivative_error: Metadata::error(4, -0.30771226),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/gelu_quick.wgsl");

    fn reference(x: f64, _p: &[f64]) -> f64 {
        gated(x, sigmoid(BETA * x))
    }

    fn reference_derivative(x: f64, _p: &[f64]) -> f64 {
        let s = BETA * x;
        sigmoid(s) + gated(s, sigmoid(s) * sigmoid(-s))
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, _c: &Constants) -> L {
        if L::MODERATE {
            return moderate_or_general!(L, x.abs().sum_reaches(MODERATE), x.reaches(MODERATE), forward_moderate(x), forward(x)).0;
        }
        forward(x)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, c: &Constants) -> L {
        Self::derivative_and_size(x, c).0
    }

    #[inline(always)]
    fn derivative_and_size<L: Lanes>(x: L, _c: &Constants) -> (L, bool) {
        gate_derivative_by_pieces!(L, x, ROOT, GELU_QUICK_LEFT, GELU_QUICK_LEFT_OF_EIGHT, derivative(x))
    }
}
