//! telu, x times the tanh of its exponential.

use super::elementwise::{Constants, Elementwise};
use super::metadata::{Family, Metadata};
use crate::cpu::Lanes;
use crate::math::{exp_about, exp_and_expm1, exp_scaled, polynomial, square_of_one_plus, tanh_nonnegative, times_exp};
use crate::reference::{gated, sech_squared};

pub(super) struct Function;

/// The root of the derivative, and the exponential of twice that, each as a sum of two f32.
const ROOT: [f32; 2] = [f32::from_bits(0xbf8a_1816), f32::from_bits(0xb270_43cc)];
const EXP_TWICE_ROOT: [f32; 2] = [f32::from_bits(0x3dec_b996), f32::from_bits(0xb163_1a8a)];
/// The derivative for -0.77 <= x <= 0 by powers of x + 0.375 (scripts/coefficients.sollya).
const MIDDLE: [f32; 10] = [f32::from_bits(0x3edc_39ca), f32::from_bits(0x3f5b_1f4f), f32::from_bits(0x3e71_7a2d), f32::from_bits(0xbea9_befb), f32::from_bits(0xbe91_67ed), f32::from_bits(0x383f_3804), f32::from_bits(0x3e03_6438), f32::from_bits(0x3d95_fae0), f32::from_bits(0xbc6f_5526), f32::from_bits(0xbcf6_3397)];
/// `(S(q) - S(q0)) / (q - q0)` as a polynomial in `q = w²`, `S = sinh(2w) / (2w) = Σ 4ʲqʲ / (2j + 1)!`, q0 at the root.
const DIVIDED_DIFFERENCE: [f32; 7] = divided_difference(0.115_588_348_779_366_64);

const fn divided_difference(q0: f64) -> [f32; 7] {
    let mut result = [0.0; 7];
    let mut i = 0;
    while i < 7 {
        // The coefficient of qⁱ: Σ over j > i of 4ʲ / (2j + 1)! · q0^(j - 1 - i).
        let (mut term, mut power, mut sum, mut j) = (1.0, 1.0, 0.0, 1);
        while j <= 12 {
            term *= 4.0 / ((2 * j) as f64 * (2 * j + 1) as f64);
            if j > i {
                sum += term * power;
                power *= q0;
            }
            j += 1;
        }
        result[i] = sum as f32;
        i += 1;
    }
    result
}

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "telu",
        family: Family::SmoothRectifier,
        formula: "x·tanh(eˣ)",
        derivative_formula: "tanh(eˣ) + x·eˣ·sech²(eˣ)",
        source: "Fernandez and Mali 2024, TeLU Activation Function for Fast and Stable Deep Learning",
        range: "[-0.353, ∞)",
        monotonic: false,
        used_for: "as gelu and mish, with a derivative that comes to 1 faster",
        risk: "two nested exponentials in naive form",
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/telu.wgsl");

    fn reference(x: f64, _p: &[f64]) -> f64 {
        gated(x, x.min(4.0).exp().tanh())
    }

    fn reference_derivative(x: f64, _p: &[f64]) -> f64 {
        let w = x.min(4.0).exp();
        if x > 4.0 { 1.0 } else { w.tanh() + gated(x, w * sech_squared(w)) }
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, _c: &Constants) -> L {
        let parts = exp_scaled(x.max(L::splat(-120.0)).min(L::splat(3.0)));
        let w = parts.value();
        // Where tanh is a straight line, x·w may be a normal number though w is not.
        let tiny = w.lt(L::splat(1e-4));
        let gate = L::select(tiny, parts.mantissa, tanh_nonnegative(w));
        (x.max(L::splat(-120.0)) * gate).times_pow2(L::pow2_or_one(tiny, parts.pow2)).nan_of(x)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, _c: &Constants) -> L {
        let (one, two, four) = (L::splat(1.0), L::splat(2.0), L::splat(4.0));
        let near = x.max(L::splat(-120.0)).min(L::splat(3.0));
        let w = exp_scaled(near).value();
        let (e, t) = exp_and_expm1(w * L::splat(-2.0));
        let sum = two + t;
        let sech_squared = four * e / square_of_one_plus(e);
        // Left of 0: w·sech²w·(S(w²) + x), zero at the root; the differences of its parts have one sign.
        let left_x = near.min(L::splat(0.0));
        let d = (left_x - L::splat(ROOT[0])) - L::splat(ROOT[1]);
        let twice = left_x.max(L::splat(-60.0)) * two;
        let square = exp_about(twice, L::splat(0.0), d.max(L::splat(-59.0)) * two, EXP_TWICE_ROOT);
        let numerator = square.difference.mul_add(polynomial(square.value, DIVIDED_DIFFERENCE), d);
        let left = times_exp(sech_squared * numerator, near).value();
        let right = near * w * sech_squared - t / sum;
        let right = L::select(x.gt(L::splat(3.0)), one, right);
        // Left of 0 the polynomial has the fewest roundings.
        let middle = polynomial(near + L::splat(0.375), MIDDLE);
        let left = L::select(x.gt(L::splat(-0.75)), middle, left);
        L::select(x.ge(L::splat(0.0)), right, left).nan_of(x)
    }
}
