//! mish, x times the tanh of its softplus.

use super::elementwise::{Constants, Elementwise};
use super::metadata::{Family, Metadata};
use crate::cpu::Lanes;
use crate::math::{exp_of, polynomial};
use crate::reference::{gated, sech_squared, sigmoid, softplus};

pub(super) struct Function;

/// The root of the derivative as a sum of two f32.
const ROOT: [f32; 2] = [f32::from_bits(0xbf98_a196), f32::from_bits(0xb151_2d84)];
/// Of the derivative divided by `x - root` for `-1.92 <= x <= 0`, by powers of `x + 1.109375`. Error 2^-26.2.
const NEAR_ROOT: [f32; 12] = [
    f32::from_bits(0x3e91_8671),
    f32::from_bits(0x3e58_4e45),
    f32::from_bits(0x3d14_3520),
    f32::from_bits(0xbcd2_e602),
    f32::from_bits(0xbc8b_f128),
    f32::from_bits(0xbb2f_3ac2),
    f32::from_bits(0x3ae0_96e2),
    f32::from_bits(0x3a99_94f6),
    f32::from_bits(0x3954_758f),
    f32::from_bits(0xb90d_b251),
    f32::from_bits(0xb886_af67),
    f32::from_bits(0x3732_4a93),
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
        forward_error: Metadata::error(3, -0.000012669504),
        derivative_error: Metadata::error(3, -1.9688462),
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
        let (one, four) = (L::splat(1.0), L::splat(4.0));
        let limit = L::splat(115.0);
        let e = exp_of(-x.abs().at_most(limit));
        let value = e.value();
        let positive = x.ge(L::splat(0.0));
        // n/d = 1 - q, whose q is at most 2/5: 2e²/d on the right; on the left, without the factor e in n, (2e + 2e²) / 2d.
        let twice = value + value;
        let square = twice * value;
        let n = L::select(positive, square, square + twice);
        let d = twice.mul_add(value, L::select(positive, one + twice, value.mul_add(four, four)));
        let x = x.max(-limit);
        let factor = L::select(positive, x, e.mantissa_times(x));
        // Infinity times a q of 0 would be NaN.
        let result = (n / d).neg_mul_add(factor.at_most(limit), factor);
        L::select(positive, result, e.scaled(result))
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, _c: &Constants) -> L {
        let one = L::splat(1.0);
        let s = -x.abs().at_most(L::splat(115.0));
        let e = exp_of(s);
        let value = e.value();
        let positive = x.ge(L::splat(0.0));
        // Right: 1 - e·(2e·(d - 2x·(1 + e)) / d²).
        let twice = value + value;
        let one_plus = one + value;
        let right_d = twice.mul_add(one_plus, one);
        let right_n = twice * (s + s).mul_add(one_plus, right_d);
        // Far left: e·n / (1 + excess) with n = (e + 2)·d/4 + x·(1 + e) and 1 + excess = d²/4, as e·(n - n·q); 1 + s is exact.
        let excess = value * polynomial(value, [2.0, 2.0, 1.0, 0.25]);
        let n = value.mul_add(polynomial(value, [1.5, 1.0, 0.25]) + s, one + s);
        let q = L::select(positive, right_n, excess) / L::select(positive, right_d * right_d, one + excess);
        let far = e.times(q.neg_mul_add(n, n));
        // (x - root)·w, the difference by a pair; fused it has one rounding.
        let w = polynomial(s + L::splat(1.109_375), NEAR_ROOT);
        let middle = (s - L::splat(ROOT[0])).mul_add(w, L::splat(-ROOT[1]) * w);
        let left = L::select(L::splat(-1.9).lt(s), middle, far);
        L::select(positive, value.neg_mul_add(q, one), left)
    }
}
