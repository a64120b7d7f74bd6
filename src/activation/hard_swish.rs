//! hard_swish, x times a hard sigmoid.

use super::elementwise::{Constants, Elementwise, constants, pair};
use super::metadata::{Family, Metadata, Parameter};
use crate::cpu::Lanes;
use super::ramp::Ramp;

pub(super) struct Function;

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "hard_swish",
        aliases: &["hardswish"],
        family: Family::Hard,
        formula: "x·min(max(alpha·x + beta, 0), 1)",
        derivative_formula: "0 below the ramp, 2·alpha·x + beta on it, 1 above",
        source: "Howard et al. 2019, Searching for MobileNetV3",
        range: "[-0.375, ∞)",
        smooth: false,
        monotonic: false,
        used_for: "mobile networks in place of silu",
        risk: "not monotonic; its derivative jumps at both ends of the ramp",
        parameters: &[Parameter::exact("alpha", 1.0 / 6.0, 1e-6, 1e6), Parameter::new("beta", 0.5, -1e6, 1e6)],
        forward_error: Metadata::error_with("hard_swish(alpha=1.75, beta=0.5)", 3, 1.3421893e-11),
        derivative_error: Metadata::error_with("hard_swish(alpha=0.01, beta=0.5)", 2, 2.9808422e-7),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/hard_swish.wgsl");

    fn constants(p: &[f64]) -> Constants {
        let ramp = Ramp::new(p[0], p[1]);
        let [start_hi, start_lo] = pair(ramp.start);
        let [root_hi, root_lo] = pair(-p[1] / (2.0 * p[0]));
        constants([p[0] as f32, start_hi, start_lo, ramp.below, ramp.above, root_hi, root_lo])
    }

    fn reference(x: f64, p: &[f64]) -> f64 {
        let ramp = Ramp::new(p[0], p[1]);
        if x <= ramp.start { 0.0 } else if x >= ramp.end { x } else { x * (p[0] * (x - ramp.start)) }
    }

    fn reference_derivative(x: f64, p: &[f64]) -> f64 {
        let ramp = Ramp::new(p[0], p[1]);
        let root = -p[1] / (2.0 * p[0]);
        if x <= ramp.start { 0.0 } else if x >= ramp.end { 1.0 } else { 2.0 * p[0] * (x - root) }
    }

    fn kinks(p: &[f64]) -> Vec<f64> {
        let ramp = Ramp::new(p[0], p[1]);
        vec![ramp.start, ramp.end]
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, c: &Constants) -> L {
        // alpha·(x - start) in place of alpha·x + beta, which cancels at the start.
        let gate = L::splat(c[0]) * ((x - L::splat(c[1])) - L::splat(c[2]));
        L::select(x.le(L::splat(c[3])), L::splat(0.0), x * gate.at_most(L::splat(1.0)))
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, c: &Constants) -> L {
        let slope = L::splat(c[0] + c[0]) * ((x - L::splat(c[5])) - L::splat(c[6]));
        let ramp = L::select(x.le(L::splat(c[3])), L::splat(0.0), slope);
        L::select(x.ge(L::splat(c[4])), L::splat(1.0), ramp)
    }
}
