//! hard_shrink, the identity outside a dead zone.

use super::elementwise::{Constants, Elementwise, constants};
use super::metadata::{Family, Metadata, Parameter};
use crate::cpu::Lanes;

pub(super) struct Function;

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "hard_shrink",
        aliases: &["hardshrink"],
        family: Family::Shrink,
        formula: "x for |x| > lambda, else 0",
        derivative_formula: "1 for |x| > lambda, else 0",
        derivative_from_output_formula: Some("1 for y ≠ 0, else 0"),
        source: "Donoho and Johnstone 1994, Ideal Spatial Adaptation by Wavelet Shrinkage",
        range: "(-∞, -lambda) ∪ {0} ∪ (lambda, ∞)",
        smooth: false,
        zero_centred: true,
        used_for: "denoising; sparse codes",
        risk: "it jumps at both ends of the dead zone",
        parameters: &[Parameter::new("lambda", 0.5, 0.0, f32::MAX)],
        forward_error: Metadata::error(0, 0.0),
        derivative_error: Metadata::error(0, 0.0),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/hard_shrink.wgsl");

    fn constants(p: &[f64]) -> Constants {
        constants([p[0] as f32])
    }

    fn reference(x: f64, p: &[f64]) -> f64 {
        if x.abs() > p[0] { x } else { 0.0 }
    }

    fn reference_derivative(x: f64, p: &[f64]) -> f64 {
        if x.abs() > p[0] { 1.0 } else { 0.0 }
    }

    fn reference_derivative_from_output(y: f64, _p: &[f64]) -> f64 {
        if y == 0.0 { 0.0 } else { 1.0 }
    }

    fn kinks(p: &[f64]) -> Vec<f64> {
        if p[0] == 0.0 { vec![0.0] } else { vec![-p[0], p[0]] }
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, c: &Constants) -> L {
        L::select(x.abs().gt(L::splat(c[0])), x, L::splat(0.0).copysign(x)).nan_of(x)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, c: &Constants) -> L {
        L::select(x.abs().gt(L::splat(c[0])), L::splat(1.0), L::splat(0.0)).nan_of(x)
    }

    #[inline(always)]
    fn derivative_from_output<L: Lanes>(y: L, _c: &Constants) -> L {
        L::select(y.eq(L::splat(0.0)), L::splat(0.0), L::splat(1.0)).nan_of(y)
    }
}
