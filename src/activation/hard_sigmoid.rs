//! hard_sigmoid, a sigmoid of three lines.

use super::elementwise::{Constants, Elementwise, constants, pair};
use super::metadata::{Family, Metadata, Parameter};
use crate::cpu::Lanes;
use super::ramp::Ramp;

pub(super) struct Function;

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "hard_sigmoid",
        aliases: &["hardsigmoid"],
        family: Family::Hard,
        formula: "min(max(alpha·x + beta, 0), 1)",
        derivative_formula: "alpha where 0 < alpha·x + beta < 1, else 0",
        derivative_from_output_formula: Some("alpha for 0 < y < 1, else 0"),
        source: "Courbariaux, Bengio and David 2015, BinaryConnect; PyTorch's slope of 1/6",
        range: "[0, 1]",
        saturating: true,
        smooth: false,
        used_for: "gates where an exponential is too dear",
        risk: "no gradient outside the ramp",
        parameters: &[Parameter::exact("alpha", 1.0 / 6.0, 1e-6, 1e6), Parameter::new("beta", 0.5, -1e6, 1e6)],
        forward_error: Metadata::error_with("hard_sigmoid(alpha=0.01, beta=0.5)", 2, 5.960811e-7),
        derivative_error: Metadata::error(0, 0.0),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/hard_sigmoid.wgsl");

    fn constants(p: &[f64]) -> Constants {
        let ramp = Ramp::new(p[0], p[1]);
        let [root_hi, root_lo] = pair(ramp.start);
        constants([p[0] as f32, root_hi, root_lo, ramp.below, ramp.above])
    }

    fn reference(x: f64, p: &[f64]) -> f64 {
        let ramp = Ramp::new(p[0], p[1]);
        if x <= ramp.start { 0.0 } else if x >= ramp.end { 1.0 } else { p[0] * (x - ramp.start) }
    }

    fn reference_derivative(x: f64, p: &[f64]) -> f64 {
        let ramp = Ramp::new(p[0], p[1]);
        if x > ramp.start && x < ramp.end { p[0] } else { 0.0 }
    }

    fn reference_derivative_from_output(y: f64, p: &[f64]) -> f64 {
        if y > 0.0 && y < 1.0 { p[0] } else { 0.0 }
    }

    fn kinks(p: &[f64]) -> Vec<f64> {
        let ramp = Ramp::new(p[0], p[1]);
        vec![ramp.start, ramp.end]
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, c: &Constants) -> L {
        let (zero, one) = (L::splat(0.0), L::splat(1.0));
        // alpha·(x - root) in place of alpha·x + beta, which cancels at the root.
        let gate = L::splat(c[0]) * ((x - L::splat(c[1])) - L::splat(c[2]));
        let gate = L::select(x.le(L::splat(c[3])), zero, gate.min(one));
        L::select(x.ge(L::splat(c[4])), one, gate).nan_of(x)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, c: &Constants) -> L {
        L::select(x.gt(L::splat(c[3])) & x.lt(L::splat(c[4])), L::splat(c[0]), L::splat(0.0)).nan_of(x)
    }

    #[inline(always)]
    fn derivative_from_output<L: Lanes>(y: L, c: &Constants) -> L {
        L::select(y.gt(L::splat(0.0)) & y.lt(L::splat(1.0)), L::splat(c[0]), L::splat(0.0)).nan_of(y)
    }
}
