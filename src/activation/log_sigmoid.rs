//! log_sigmoid, the logarithm of the logistic function.

use super::elementwise::{Constants, Elementwise};
use super::metadata::{Family, Metadata};
use crate::cpu::Lanes;
use crate::math::{exp_of, expm1_nonpositive, log1p_unit, logistic};
use crate::reference;

pub(super) struct Function;

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "log_sigmoid",
        aliases: &["logsigmoid"],
        family: Family::SmoothRectifier,
        formula: "-ln(1 + e⁻ˣ)",
        derivative_formula: "σ(-x)",
        derivative_from_output_formula: Some("1 - eʸ"),
        source: "PyTorch, torch.nn.LogSigmoid",
        range: "(-∞, 0]",
        used_for: "log-likelihoods of binary decisions",
        risk: "unbounded below: one confident wrong answer dominates a loss",
        forward_error: Metadata::error(2, 0.43275565),
        derivative_error: Metadata::error(2, 1.0987862),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/log_sigmoid.wgsl");

    fn reference(x: f64, _p: &[f64]) -> f64 {
        -reference::softplus(-x)
    }

    fn reference_derivative(x: f64, _p: &[f64]) -> f64 {
        reference::sigmoid(-x)
    }

    fn reference_derivative_from_output(y: f64, _p: &[f64]) -> f64 {
        -y.exp_m1()
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, _c: &Constants) -> L {
        let e = exp_of(-x.abs().at_most(L::splat(110.0))).value();
        x.min(L::splat(0.0)) - log1p_unit(e)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, _c: &Constants) -> L {
        logistic(-x.at_least(L::splat(-26.0)).at_most(L::splat(105.0)), None)
    }

    #[inline(always)]
    fn derivative_from_output<L: Lanes>(y: L, _c: &Constants) -> L {
        -expm1_nonpositive(y.at_most(L::splat(0.0)))
    }
}
