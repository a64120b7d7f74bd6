//! relu, the rectifier.

use super::elementwise::{Constants, Elementwise};
use super::metadata::{Family, Metadata};
use crate::cpu::Lanes;

pub(super) struct Function;

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "relu",
        family: Family::Rectifier,
        formula: "max(x, 0)",
        derivative_formula: "1 for x > 0, else 0",
        derivative_from_output_formula: Some("1 for y > 0, else 0"),
        source: "Nair and Hinton 2010, Rectified Linear Units Improve Restricted Boltzmann Machines",
        range: "[0, ∞)",
        smooth: false,
        used_for: "hidden layers of almost every network: cheap, and its gradient does not shrink with depth",
        risk: "dying units: a unit whose inputs are all negative gets no gradient and never recovers",
        forward_error: Metadata::error(0, 0.0),
        derivative_error: Metadata::error(0, 0.0),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/relu.wgsl");
    const NAN_BY_SUM: bool = true;

    fn reference(x: f64, _p: &[f64]) -> f64 {
        x.max(0.0)
    }

    fn reference_derivative(x: f64, _p: &[f64]) -> f64 {
        if x > 0.0 { 1.0 } else { 0.0 }
    }

    fn reference_derivative_from_output(y: f64, p: &[f64]) -> f64 {
        Self::reference_derivative(y, p)
    }

    fn kinks(_p: &[f64]) -> Vec<f64> {
        vec![0.0]
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, _c: &Constants) -> L {
        x.at_least(L::splat(0.0))
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, _c: &Constants) -> L {
        let zero = L::splat(0.0);
        L::select(x.gt(zero), L::splat(1.0), zero).nan_of(x)
    }

    #[inline(always)]
    fn derivative_from_output<L: Lanes>(y: L, c: &Constants) -> L {
        Self::derivative(y, c)
    }
}
