//! elu, a rectifier with an exponential negative side.

use super::elementwise::{Constants, Elementwise, constants};
use super::metadata::{Family, Metadata, Parameter};
use crate::cpu::Lanes;
use crate::math::{exp_of, expm1_nonpositive};

pub(super) struct Function;

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "elu",
        family: Family::SmoothRectifier,
        formula: "x for x > 0, else alpha·(eˣ - 1)",
        derivative_formula: "1 for x > 0, else alpha·eˣ",
        derivative_from_output_formula: Some("1 for y > 0, else y + alpha"),
        source: "Clevert, Unterthiner and Hochreiter 2015, Fast and Accurate Deep Network Learning by Exponential Linear Units",
        range: "[-alpha, ∞)",
        used_for: "hidden layers whose mean activation should stay near zero",
        risk: "saturates on the negative side; with alpha other than 1 its derivative jumps at 0",
        parameters: &[Parameter::new("alpha", 1.0, 0.0, 1e6)],
        forward_error: Metadata::error_with("elu(alpha=0.01)", 2, -0.13485378),
        derivative_error: Metadata::error(1, -1.4901163e-7),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/elu.wgsl");

    fn constants(p: &[f64]) -> Constants {
        constants([p[0] as f32])
    }

    fn reference(x: f64, p: &[f64]) -> f64 {
        if x > 0.0 { x } else { p[0] * x.exp_m1() }
    }

    fn reference_derivative(x: f64, p: &[f64]) -> f64 {
        if x > 0.0 { 1.0 } else { p[0] * x.exp() }
    }

    fn reference_derivative_from_output(y: f64, p: &[f64]) -> f64 {
        if y > 0.0 { 1.0 } else { y + p[0] }
    }

    fn kinks(p: &[f64]) -> Vec<f64> {
        if p[0] == 1.0 { vec![] } else { vec![0.0] }
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, c: &Constants) -> L {
        let zero = L::splat(0.0);
        let left = L::splat(c[0]) * expm1_nonpositive(x.at_most(zero));
        L::select(x.gt(zero), x, left)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, c: &Constants) -> L {
        let zero = L::splat(0.0);
        let e = exp_of(x.at_most(zero).at_least(L::splat(-120.0)));
        let left = e.times(L::splat(c[0]));
        L::select(x.gt(zero), L::splat(1.0), left)
    }

    #[inline(always)]
    fn derivative_from_output<L: Lanes>(y: L, c: &Constants) -> L {
        L::select(y.gt(L::splat(0.0)), L::splat(1.0), y + L::splat(c[0]))
    }
}
