//! hard_tanh, the identity between two bounds.

use super::elementwise::{Constants, Elementwise, constants};
use super::metadata::{Family, Metadata, Parameter};
use crate::cpu::Lanes;

pub(super) struct Function;

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "hard_tanh",
        aliases: &["hardtanh", "clip", "clamp"],
        family: Family::Hard,
        formula: "min(max(x, min), max)",
        derivative_formula: "1 for min < x < max, else 0",
        derivative_from_output_formula: Some("1 for min < y < max, else 0"),
        source: "Collobert 2004, Large Scale Machine Learning",
        range: "[-1, 1]",
        saturating: true,
        smooth: false,
        zero_centred: true,
        used_for: "a cheap tanh; clipping",
        risk: "no gradient outside the bounds",
        parameters: &[Parameter::new("min", -1.0, f32::MIN, f32::MAX), Parameter::new("max", 1.0, f32::MIN, f32::MAX)],
        forward_error: Metadata::error(0, 0.0),
        derivative_error: Metadata::error(0, 0.0),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/hard_tanh.wgsl");

    fn constants(p: &[f64]) -> Constants {
        constants([p[0] as f32, p[1] as f32])
    }

    fn reference(x: f64, p: &[f64]) -> f64 {
        x.max(p[0]).min(p[1])
    }

    fn reference_derivative(x: f64, p: &[f64]) -> f64 {
        if x > p[0] && x < p[1] { 1.0 } else { 0.0 }
    }

    fn reference_derivative_from_output(y: f64, p: &[f64]) -> f64 {
        Self::reference_derivative(y, p)
    }

    fn kinks(p: &[f64]) -> Vec<f64> {
        if p[0] < p[1] { vec![p[0], p[1]] } else { vec![] }
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, c: &Constants) -> L {
        x.max(L::splat(c[0])).min(L::splat(c[1])).nan_of(x)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, c: &Constants) -> L {
        L::select(x.gt(L::splat(c[0])) & x.lt(L::splat(c[1])), L::splat(1.0), L::splat(0.0)).nan_of(x)
    }

    #[inline(always)]
    fn derivative_from_output<L: Lanes>(y: L, c: &Constants) -> L {
        Self::derivative(y, c)
    }
}
