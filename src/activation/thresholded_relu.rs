//! thresholded_relu, a rectifier that starts at a threshold.

use super::elementwise::{Constants, Elementwise, constants};
use super::metadata::{Family, Metadata, Parameter};
use crate::cpu::Lanes;

pub(super) struct Function;

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "thresholded_relu",
        family: Family::Rectifier,
        formula: "x for x > alpha, else 0",
        derivative_formula: "1 for x > alpha, else 0",
        derivative_from_output_formula: Some("1 for y > alpha, else 0"),
        source: "Konda, Memisevic and Krueger 2014, Zero-Bias Autoencoders",
        range: "{0} ∪ (alpha, ∞)",
        smooth: false,
        used_for: "sparse codes",
        risk: "dying units; it jumps at alpha",
        parameters: &[Parameter::new("alpha", 1.0, 0.0, f32::MAX)],
        forward_error: Metadata::error(0, 0.0),
        derivative_error: Metadata::error(0, 0.0),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/thresholded_relu.wgsl");

    fn constants(p: &[f64]) -> Constants {
        constants([p[0] as f32])
    }

    fn reference(x: f64, p: &[f64]) -> f64 {
        if x > p[0] { x } else { 0.0 }
    }

    fn reference_derivative(x: f64, p: &[f64]) -> f64 {
        if x > p[0] { 1.0 } else { 0.0 }
    }

    fn reference_derivative_from_output(y: f64, p: &[f64]) -> f64 {
        Self::reference_derivative(y, p)
    }

    fn kinks(p: &[f64]) -> Vec<f64> {
        vec![p[0]]
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, c: &Constants) -> L {
        L::select(x.gt(L::splat(c[0])), x, L::splat(0.0)).nan_of(x)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, c: &Constants) -> L {
        L::select(x.gt(L::splat(c[0])), L::splat(1.0), L::splat(0.0)).nan_of(x)
    }

    #[inline(always)]
    fn derivative_from_output<L: Lanes>(y: L, c: &Constants) -> L {
        Self::derivative(y, c)
    }
}
