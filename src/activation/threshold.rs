//! threshold, the identity above a threshold and a constant below.

use super::elementwise::{Constants, Elementwise, constants};
use super::metadata::{Family, Metadata, Parameter};
use crate::cpu::Lanes;

pub(super) struct Function;

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "threshold",
        family: Family::Rectifier,
        formula: "x for x > threshold, else value",
        derivative_formula: "1 for x > threshold, else 0",
        source: "PyTorch, torch.nn.Threshold",
        range: "{value} ∪ (threshold, ∞)",
        smooth: false,
        used_for: "replacing small inputs",
        risk: "it jumps at the threshold; no gradient below",
        parameters: &[Parameter::required("threshold", f32::MIN, f32::MAX), Parameter::required("value", f32::MIN, f32::MAX)],
        forward_error: Metadata::error(0, 0.0),
        derivative_error: Metadata::error(0, 0.0),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/threshold.wgsl");

    fn constants(p: &[f64]) -> Constants {
        constants([p[0] as f32, p[1] as f32])
    }

    fn reference(x: f64, p: &[f64]) -> f64 {
        if x > p[0] { x } else { p[1] }
    }

    fn reference_derivative(x: f64, p: &[f64]) -> f64 {
        if x > p[0] { 1.0 } else { 0.0 }
    }

    fn kinks(p: &[f64]) -> Vec<f64> {
        vec![p[0]]
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, c: &Constants) -> L {
        L::select(x.gt(L::splat(c[0])), x, L::splat(c[1])).nan_of(x)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, c: &Constants) -> L {
        L::select(x.gt(L::splat(c[0])), L::splat(1.0), L::splat(0.0)).nan_of(x)
    }
}
