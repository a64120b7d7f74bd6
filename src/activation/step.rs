//! step, the threshold unit.

use super::elementwise::{Constants, Elementwise, constants};
use super::metadata::{Family, Metadata, Parameter};
use crate::cpu::Lanes;

pub(super) struct Function;

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "step",
        aliases: &["heaviside"],
        family: Family::Linear,
        formula: "0 for x < 0, at_zero at 0, 1 for x > 0",
        derivative_formula: "0",
        derivative_from_output_formula: Some("0"),
        source: "McCulloch and Pitts 1943, A Logical Calculus of the Ideas Immanent in Nervous Activity",
        range: "{0, 1}",
        saturating: true,
        smooth: false,
        used_for: "the first artificial neurons; binary decisions after training",
        risk: "no gradient anywhere: it cannot be trained by gradient descent",
        parameters: &[Parameter::new("at_zero", 0.0, 0.0, 1.0)],
        forward_error: Metadata::error(0, 0.0),
        derivative_error: Metadata::error(0, 0.0),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/step.wgsl");

    fn constants(p: &[f64]) -> Constants {
        constants([p[0] as f32])
    }

    fn reference(x: f64, p: &[f64]) -> f64 {
        if x > 0.0 { 1.0 } else if x < 0.0 { 0.0 } else { p[0] }
    }

    fn reference_derivative(_x: f64, _p: &[f64]) -> f64 {
        0.0
    }

    fn reference_derivative_from_output(_y: f64, _p: &[f64]) -> f64 {
        0.0
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, c: &Constants) -> L {
        let zero = L::splat(0.0);
        let left = L::select(x.lt(zero), zero, L::splat(c[0]));
        L::select(x.gt(zero), L::splat(1.0), left).nan_of(x)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, _c: &Constants) -> L {
        L::splat(0.0).nan_of(x)
    }

    #[inline(always)]
    fn derivative_from_output<L: Lanes>(y: L, _c: &Constants) -> L {
        L::splat(0.0).nan_of(y)
    }
}
