//! scaled_tanh, tanh with a height and a steepness.

use super::elementwise::{Constants, Elementwise, constants, split};
use super::metadata::{Family, Metadata, Parameter};
use crate::cpu::Lanes;
use crate::math::{exp_of, polynomial, product_pair, raised_exp_pair, times_sigmoid_derivative};
use crate::reference::{sech_squared};

pub(super) struct Function;

/// Of `(tanh(s)/s - 1) / s²` for `0 <= s <= 0.6`, by powers of s². Error 2^-28.4 of `tanh(s)/s`.
const TANH_REST: [f32; 5] = [
    f32::from_bits(0xbeaa_aa9f),
    f32::from_bits(0x3e08_84df),
    f32::from_bits(0xbd5c_4d5d),
    f32::from_bits(0x3caa_61e1),
    f32::from_bits(0xbbc1_43bb),
];

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "scaled_tanh",
        aliases: &["stanh"],
        family: Family::Saturating,
        formula: "a·tanh(b·x)",
        derivative_formula: "a·b·(1 - tanh²(b·x))",
        derivative_from_output_formula: Some("(b/a)·(a - y)·(a + y)"),
        source: "LeCun, Bottou, Orr and Müller 1998, Efficient BackProp",
        range: "(-1.7159, 1.7159)",
        saturating: true,
        zero_centred: true,
        used_for: "hidden layers as in Efficient BackProp: the defaults give f(±1) = ±1",
        risk: "vanishing gradient on both sides",
        parameters: &[Parameter::new("a", 1.7159, 1e-6, 1e6), Parameter::exact("b", 2.0 / 3.0, 1e-6, 1e6)],
        forward_error: Metadata::error(3, 0.90003395),
        derivative_error: Metadata::error(3, 0.5593297),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/scaled_tanh.wgsl");

    fn constants(p: &[f64]) -> Constants {
        let [twice_b_hi, twice_b_lo] = split(2.0 * p[1]);
        constants([p[0] as f32, p[1] as f32, (p[0] * p[1]) as f32, twice_b_hi, twice_b_lo, (65.0 / p[1]) as f32, (p[1] / p[0]) as f32])
    }

    fn reference(x: f64, p: &[f64]) -> f64 {
        p[0] * (p[1] * x).tanh()
    }

    fn reference_derivative(x: f64, p: &[f64]) -> f64 {
        p[0] * p[1] * sech_squared(p[1] * x)
    }

    fn reference_derivative_from_output(y: f64, p: &[f64]) -> f64 {
        p[1] / p[0] * (p[0] - y) * (p[0] + y)
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, c: &Constants) -> L {
        let a = x.abs();
        let scaled = a * L::splat(c[1]);
        // Near 0 a·b·x·(1 + h), where b·x may be too small for f32; else a - 2a·e / (1 + e).
        let line = a * L::splat(c[2]);
        let z = scaled * scaled;
        let near = line.mul_add(z * polynomial(z, TANH_REST), line);
        let e = exp_of(scaled.at_most(L::splat(40.0)) * L::splat(-2.0)).value();
        let far = (e / (L::splat(1.0) + e)).neg_mul_add(L::splat(2.0 * c[0]), L::splat(c[0]));
        L::select(scaled.lt(L::splat(0.6)), near, far).copysign(x).nan_of(x)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, c: &Constants) -> L {
        let (hi, lo) = product_pair(L::splat(c[3]), L::splat(c[4]), x.abs().min(L::splat(c[5])));
        times_sigmoid_derivative(L::splat(4.0 * c[2]), raised_exp_pair(-hi, -lo)).nan_of(x)
    }

    #[inline(always)]
    fn derivative_from_output<L: Lanes>(y: L, c: &Constants) -> L {
        (L::splat(c[6]) * (L::splat(c[0]) - y) * (L::splat(c[0]) + y)).nan_of(y)
    }
}
