//! mish, x times the tanh of its softplus.

use super::elementwise::{Constants, Elementwise};
use super::metadata::{Family, Metadata};
use crate::cpu::Lanes;
use crate::math::{exp_about, exp_scaled, polynomial};
use crate::reference::{gated, sech_squared, sigmoid, softplus};

pub(super) struct Function;

/// The root of the derivative as a sum of two f32, and its exponential in the same way.
const ROOT: [f32; 2] = [f32::from_bits(0xbf98_a196), f32::from_bits(0xb151_2d84)];
const EXP_ROOT: [f32; 2] = [f32::from_bits(0x3e9b_6210), f32::from_bits(0x313f_0fb3)];
/// `e² + e·exp(root) + exp(root)² + 4·(e + exp(root)) + 6 + 4·root` by powers of e.
const SLOPE: [f32; 3] = [f32::from_bits(0x4022_52da), f32::from_bits(0x4089_b621), 1.0];

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
        let e = exp_scaled(-x.abs().min(limit));
        let value = e.value();
        let positive = x.ge(L::splat(0.0));
        // n and d of the right side, and of the left side without the factor e in n.
        let right = value.mul_add(two, one);
        let left = value + two;
        let d = L::select(positive, (value * value).mul_add(two, right), value.mul_add(left, two));
        let n = L::select(positive, right, e.mantissa * left);
        (x.max(-limit) * n / d).times_pow2(L::pow2_or_one(!positive, e.pow2)).nan_of(x)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, _c: &Constants) -> L {
        let (one, two, four) = (L::splat(1.0), L::splat(2.0), L::splat(4.0));
        let s = -x.abs().min(L::splat(115.0));
        let from_root = (s - L::splat(ROOT[0])) - L::splat(ROOT[1]);
        let e = exp_about(s, L::splat(0.0), from_root, EXP_ROOT);
        let value = e.value;
        let left_d = value.mul_add(value + two, two);
        // (e + 2)·d + 4x·(1 + e) is zero at the root; the differences of its parts have one sign.
        let slope = polynomial(value, SLOPE);
        let near_numerator = (four * (one + value)).mul_add(from_root, e.difference * slope);
        let scaled = four * s;
        let far_numerator = scaled.mul_add(value, polynomial(value, [4.0, 6.0, 4.0, 1.0]) + scaled);
        let numerator = L::select(e.far, far_numerator, near_numerator);
        // d² for d = e² + 2e + 2, with one rounding that counts.
        let square = polynomial(value, [4.0, 8.0, 8.0, 4.0, 1.0]);
        let left = e.times(numerator / square);
        // n/d + x·q on the right and, where the sum does not cancel yet, on the left: fewer roundings.
        let positive = x.ge(L::splat(0.0));
        let right_n = value.mul_add(two, one);
        let n = L::select(positive, right_n, value * (value + two));
        let d = L::select(positive, (value * value).mul_add(two, right_n), left_d);
        let q = four * value * L::select(positive, value, one) * (one + value) / L::select(positive, d * d, square);
        let near = s.copysign(x).mul_add(q, n / d);
        L::select(x.gt(L::splat(-0.45)), near, left).nan_of(x)
    }
}
