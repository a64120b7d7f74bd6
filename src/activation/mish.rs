//! mish, x times the tanh of its softplus.

use super::elementwise::{Constants, Elementwise};
use super::metadata::{Family, Metadata};
use crate::cpu::Lanes;
use crate::math::{exp_of, polynomial};
use crate::reference::{gated, sech_squared, sigmoid, softplus};

pub(super) struct Function;

/// The root of the derivative as a sum of two f32.
const ROOT: [f32; 2] = [f32::from_bits(0xbf98_a196), f32::from_bits(0xb151_2d84)];
/// Of the derivative divided by `x - root` for `-2.25 <= x <= -0.45`, by powers of `x + 1.4375`. Error 2^-25.7.
const NEAR_ROOT: [f32; 11] = [
    f32::from_bits(0x3e60_ce10),
    f32::from_bits(0x3e39_c21f),
    f32::from_bits(0x3d53_8c3b),
    f32::from_bits(0xbbe5_0c3a),
    f32::from_bits(0xbc36_d8ee),
    f32::from_bits(0xbb81_2cbb),
    f32::from_bits(0xb933_a65c),
    f32::from_bits(0x3a02_051b),
    f32::from_bits(0x3985_adfa),
    f32::from_bits(0x3794_18a3),
    f32::from_bits(0xb7ea_5153),
];

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "mish",
        family: Family::SmoothRectifier,
        formula: "x·tanh(ln(1 + eˣ))",
        derivative_formula: "n/d + x·q; with e = exp(-|x|), x >= 0: n = 1 + 2e, d = n + 2e², q = 4e²(1 + e)/d²; x < 0: n = e² + 2e, d = n + 2, q = 4e(1 + e)/d²",
        source: "Misra 2019, Mish: A Self Regularized Non-Monotonic Activation Function",
        range: "[-0.309, ∞)",
        monotonic: false,
        used_for: "object detectors (YOLOv4)",
        risk: "the dearest of the common smooth rectifiers in naive form",
        forward_error: Metadata::error(4, -2.1567762),
        derivative_error: Metadata::error(4, -0.16022147),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/mish.wgsl");

    fn reference(x: f64, _p: &[f64]) -> f64 {
        // tanh(softplus(x)) = w(w + 2) / (w(w + 2) + 2), w = exp(x), keeps its accuracy on the left; from 30 on it is 1.
        let w = x.min(30.0).exp();
        gated(x, w * (w + 2.0) / (w * (w + 2.0) + 2.0))
    }

    fn reference_derivative(x: f64, _p: &[f64]) -> f64 {
        let w = x.min(30.0).exp();
        gated(1.0, w * (w + 2.0) / (w * (w + 2.0) + 2.0)) + gated(x, sech_squared(softplus(x)) * sigmoid(x))
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, _c: &Constants) -> L {
        let (one, two) = (L::splat(1.0), L::splat(2.0));
        let limit = L::splat(115.0);
        let e = exp_of(-x.abs().at_most(limit));
        let value = e.value();
        let positive = x.ge(L::splat(0.0));
        // n and d of the right side, and of the left side without the factor e in n.
        let right = value.mul_add(two, one);
        let left = value + two;
        let d = L::select(positive, (value * value).mul_add(two, right), value.mul_add(left, two));
        let n = L::select(positive, right, left);
        let quotient = x.max(-limit) * n / d;
        L::select(positive, quotient, e.times(quotient))
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, _c: &Constants) -> L {
        let (one, two, four) = (L::splat(1.0), L::splat(2.0), L::splat(4.0));
        let s = -x.abs().at_most(L::splat(115.0));
        let e = exp_of(s);
        let value = e.value();
        let positive = x.ge(L::splat(0.0));
        // n/d + x·q on the right, and on the left until the sum begins to cancel.
        let right_n = value.mul_add(two, one);
        let n = L::select(positive, right_n, value * (value + two));
        let right_d = (value * value).mul_add(two, right_n);
        // d² of the left side, d = e² + 2e + 2, with one rounding that counts.
        let square = polynomial(value, [4.0, 8.0, 8.0, 4.0, 1.0]);
        let d = L::select(positive, right_d, value.mul_add(value + two, two));
        let q = four * value * L::select(positive, value, one) * (one + value) / L::select(positive, right_d * right_d, square);
        let near = s.copysign(x).mul_add(q, n / d);
        let middle = ((s - L::splat(ROOT[0])) - L::splat(ROOT[1])) * polynomial(s + L::splat(1.4375), NEAR_ROOT);
        // The sum with e taken out, where it may be too small for f32: ((e + 2)·d + 4x·(1 + e)) / d².
        let scaled = four * s;
        let far = e.times(scaled.mul_add(value, polynomial(value, [4.0, 6.0, 4.0, 1.0]) + scaled) / square);
        let left = L::select(x.gt(L::splat(-2.2)), middle, far);
        L::select(x.gt(L::splat(-0.5)), near, left)
    }
}
