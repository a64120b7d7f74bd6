//! telu, x times the tanh of its exponential.

use super::elementwise::{Constants, Elementwise};
use super::metadata::{Family, Metadata};
use crate::cpu::Lanes;
use crate::math::{exp_of, polynomial};
use crate::reference::{gated, sech_squared};

pub(super) struct Function;

/// The root of the derivative as a sum of two f32.
const ROOT: [f32; 2] = [f32::from_bits(0xbf8a_1816), f32::from_bits(0xb270_43cc)];
/// Of the derivative divided by `x - root` for `-2.05 <= x <= -0.6`, by powers of `x + 1.4375`. Error 2^-25.9.
const NEAR_ROOT: [f32; 11] = [
    f32::from_bits(0x3e80_1703),
    f32::from_bits(0x3e7b_775c),
    f32::from_bits(0x3ddc_0090),
    f32::from_bits(0x3c81_1025),
    f32::from_bits(0xbc4b_8052),
    f32::from_bits(0xbc40_73bd),
    f32::from_bits(0xbbb3_cbcd),
    f32::from_bits(0xbab6_f341),
    f32::from_bits(0x3929_f1fd),
    f32::from_bits(0x39ff_c641),
    f32::from_bits(0x398c_c809),
];
/// Of `(tanh(w)/w - 1) / w²` for `0 <= w <= 1/2`, by powers of w². Error 2^-26 of `tanh(w)/w`.
const TANH_REST: [f32; 4] = [
    f32::from_bits(0xbeaa_aa6b),
    f32::from_bits(0x3e08_74fa),
    f32::from_bits(0xbd59_45dc),
    f32::from_bits(0x3c8d_3ca0),
];
/// The same for `w <= 0.145`, and `(sech²w - 1) / w²`. Error 2^-31.
const TANH_REST_FAR: [f32; 3] = [
    f32::from_bits(0xbeaa_aaa9),
    f32::from_bits(0x3e08_854b),
    f32::from_bits(0xbd59_3ff4),
];
const SECH_SQUARED_REST: [f32; 3] = [
    f32::from_bits(0xbf7f_fffa),
    f32::from_bits(0x3f2a_a42e),
    f32::from_bits(0xbebd_58a8),
];
/// The derivative for -0.77 <= x <= 0 by powers of x + 0.375 (scripts/coefficients.sollya).
const MIDDLE: [f32; 10] = [f32::from_bits(0x3edc_39ca), f32::from_bits(0x3f5b_1f4f), f32::from_bits(0x3e71_7a2d), f32::from_bits(0xbea9_befb), f32::from_bits(0xbe91_67ed), f32::from_bits(0x383f_3804), f32::from_bits(0x3e03_6438), f32::from_bits(0x3d95_fae0), f32::from_bits(0xbc6f_5526), f32::from_bits(0xbcf6_3397)];

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
        forward_error: Metadata::error(3, -0.40825754),
        derivative_error: Metadata::error(3, -0.80131567),
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
        let limited = x.max(L::splat(-120.0)).min(L::splat(3.0));
        let parts = exp_of(limited);
        let w = parts.value();
        // x·tanh(w): w·(x + x·h(w²)) while w is small, where x·w may be a normal number though w is not; else x - x·2e/(1 + e) with
        // e = exp(-2w).
        let z = w * w;
        let near = parts.times(limited.mul_add(z * polynomial(z, TANH_REST), limited));
        let e = exp_of(w * L::splat(-2.0)).value();
        let far = ((e + e) / (L::splat(1.0) + e)).neg_mul_add(limited, x);
        L::select(w.lt(L::splat(0.5)), near, far).nan_of(x)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, _c: &Constants) -> L {
        let (one, two) = (L::splat(1.0), L::splat(2.0));
        let near = x.max(L::splat(-120.0)).min(L::splat(3.0));
        let parts = exp_of(near);
        let w = parts.value();
        // 1 - tanh(w); sech² is (1 - tanh)·(1 + tanh).
        let e = exp_of(w * L::splat(-2.0)).value();
        let rest = (e + e) / (one + e);
        let right = (near * w).mul_add(rest * (two - rest), one - rest);
        let right = L::select(x.gt(L::splat(3.0)), one, right);
        let left_of_0 = polynomial(near + L::splat(0.375), MIDDLE);
        // (x - root)·p, the difference by a pair; fused it has one rounding.
        let p = polynomial(near + L::splat(1.4375), NEAR_ROOT);
        let near_root = (near - L::splat(ROOT[0])).mul_add(p, L::splat(-ROOT[1]) * p);
        // w·(tanh(w)/w + x·sech²w) with the series of both, their ones apart: 1 + x is exact.
        let z = w * w;
        let series = near.mul_add(polynomial(z, SECH_SQUARED_REST), polynomial(z, TANH_REST_FAR));
        let far = parts.times(z.mul_add(series, one + near));
        let left = L::select(x.gt(L::splat(-2.0)), near_root, far);
        let left = L::select(x.gt(L::splat(-0.7)), left_of_0, left);
        L::select(x.ge(L::splat(0.0)), right, left).nan_of(x)
    }
}
