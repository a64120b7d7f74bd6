//! sigmoid, the logistic function.

use super::elementwise::{Constants, Elementwise};
use super::metadata::{Family, Metadata};
use crate::cpu::Lanes;
use crate::math::{LOGISTIC_TAIL, logistic, moderate_or_general, raised_exp, times_sigmoid_derivative};
use crate::reference;

pub(super) struct Function;

/// For every x.
#[inline(always)]
fn forward<L: Lanes>(x: L) -> L {
    logistic(x.at_least(L::splat(-105.0)).at_most(L::splat(26.0)), None)
}

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "sigmoid",
        aliases: &["logistic"],
        family: Family::Saturating,
        formula: "1 / (1 + e⁻ˣ)",
        derivative_formula: "σ(x)·σ(-x)",
        derivative_from_output_formula: Some("y·(1 - y)"),
        source: "Verhulst 1845; Rumelhart, Hinton and Williams 1986, Learning Representations by Back-Propagating Errors",
        range: "(0, 1)",
        saturating: true,
        used_for: "probabilities at the output; gates",
        risk: "vanishing gradient: the derivative is at most 1/4 and falls exponentially on both sides",
        forward_error: Metadata::error(2, -1.0987862),
        derivative_error: Metadata::error(2, 0.0049193003),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/sigmoid.wgsl");

    fn reference(x: f64, _p: &[f64]) -> f64 {
        reference::sigmoid(x)
    }

    fn reference_derivative(x: f64, _p: &[f64]) -> f64 {
        reference::sigmoid(x) * reference::sigmoid(-x)
    }

    fn reference_derivative_from_output(y: f64, _p: &[f64]) -> f64 {
        y * (1.0 - y)
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, _c: &Constants) -> L {
        if L::TABLES {
            let t = x.abs();
            let tail = LOGISTIC_TAIL.at(t);
            let quick = x.where_negative(tail, L::splat(1.0) - tail);
            return moderate_or_general!(L, LOGISTIC_TAIL.lacks(t), quick, forward(x)).0;
        }
        forward(x)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, _c: &Constants) -> L {
        let e = raised_exp(-x.abs().at_most(L::splat(110.0)));
        times_sigmoid_derivative(L::splat(1.0), e)
    }

    #[inline(always)]
    fn derivative_from_output<L: Lanes>(y: L, _c: &Constants) -> L {
        y * (L::splat(1.0) - y)
    }
}
