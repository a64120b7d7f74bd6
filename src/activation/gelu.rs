//! gelu, x times the normal distribution function.

use super::elementwise::{Constants, Elementwise};
use super::metadata::{Family, Metadata};
use crate::cpu::Lanes;
use crate::math::{normal_tail, normal_tail_exp, polynomial};
use crate::reference::{gated, normal_cdf, normal_pdf};

pub(super) struct Function;

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
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/gelu.wgsl");

    fn reference(x: f64, _p: &[f64]) -> f64 {
        gated(x, normal_cdf(x))
    }

    fn reference_derivative(x: f64, _p: &[f64]) -> f64 {
        normal_cdf(x) + gated(x, normal_pdf(x))
    }

    fn forward<L: Lanes>(x: L, _c: &Constants) -> L {
        let t = x.abs().min(L::splat(15.0));
        let h = normal_tail(t);
        let left = (-t * h.mantissa).times_pow2(h.pow2);
        let right = h.value().neg_mul_add(x, x);
        L::select(x.ge(L::splat(0.0)), right, left).nan_of(x)
    }

    fn derivative<L: Lanes>(x: L, _c: &Constants) -> L {
        let t = x.abs().min(L::splat(15.0));
        let (e, u) = normal_tail_exp(t);
        let w = polynomial(
            u - L::splat(0.59375),
            [
                f32::from_bits(0xbeff_2def),
                f32::from_bits(0xbe8e_a064),
                f32::from_bits(0xbe87_448f),
                f32::from_bits(0xbe17_e645),
                f32::from_bits(0xbc6c_f338),
                f32::from_bits(0x3d19_856f),
                f32::from_bits(0x3c1a_fcb3),
                f32::from_bits(0xbc78_da98),
                f32::from_bits(0xbb3a_d026),
                f32::from_bits(0x3be0_b0ea),
            ],
        );
        // The root of the derivative is at x = -(T0_HI + T0_LO).
        const T0_HI: f32 = f32::from_bits(0x3f40_7569);
        const T0_LO: f32 = f32::from_bits(0xb250_1fea);
        let d = (t - L::splat(T0_HI)) - L::splat(T0_LO);
        let left = (e.mantissa * (d * w)).times_pow2(e.pow2);
        L::select(x.ge(L::splat(0.0)), L::splat(1.0) - left, left).nan_of(x)
    }
}
