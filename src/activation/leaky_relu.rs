//! leaky_relu, a rectifier that lets a part of the negative side through.

use super::elementwise::{Constants, Elementwise, constants};
use super::metadata::{Family, Metadata, Parameter};
use crate::cpu::Lanes;

pub(super) struct Function;

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "leaky_relu",
        aliases: &["leakyrelu"],
        family: Family::Rectifier,
        formula: "x for x > 0, else slope·x",
        derivative_formula: "1 for x > 0, else slope",
        derivative_from_output_formula: Some("1 for y > 0, else slope"),
        source: "Maas, Hannun and Ng 2013, Rectifier Nonlinearities Improve Neural Network Acoustic Models",
        range: "(-∞, ∞)",
        smooth: false,
        used_for: "hidden layers where relu's units die",
        risk: "the slope is one more choice; results are not always better than relu's",
        parameters: &[Parameter::new("slope", 0.01, 0.0, f32::MAX)],
        forward_error: Metadata::error(0, 0.0),
        derivative_error: Metadata::error(0, 0.0),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/leaky_relu.wgsl");

    fn constants(p: &[f64]) -> Constants {
        // A slope of 0 times -∞ would be NaN.
        let least = if p[0] == 0.0 { f32::MIN } else { f32::NEG_INFINITY };
        constants([p[0] as f32, least])
    }

    fn reference(x: f64, p: &[f64]) -> f64 {
        // A slope of 0 maps -∞ to 0, its limit.
        if x > 0.0 { x } else if p[0] == 0.0 { 0.0 } else { p[0] * x }
    }

    fn reference_derivative(x: f64, p: &[f64]) -> f64 {
        if x > 0.0 { 1.0 } else { p[0] }
    }

    fn reference_derivative_from_output(y: f64, p: &[f64]) -> f64 {
        Self::reference_derivative(y, p)
    }

    fn kinks(_p: &[f64]) -> Vec<f64> {
        vec![0.0]
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, c: &Constants) -> L {
        let left = x.at_least(L::splat(c[1])) * L::splat(c[0]);
        L::select(x.gt(L::splat(0.0)), x, left)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, c: &Constants) -> L {
        L::select(x.gt(L::splat(0.0)), L::splat(1.0), L::splat(c[0])).nan_of(x)
    }

    #[inline(always)]
    fn derivative_from_output<L: Lanes>(y: L, c: &Constants) -> L {
        Self::derivative(y, c)
    }
}
