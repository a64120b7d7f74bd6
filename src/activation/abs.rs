//! abs, the magnitude.

use super::elementwise::{Constants, Elementwise};
use super::metadata::{Family, Metadata};
use crate::cpu::Lanes;

pub(super) struct Function;

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "abs",
        family: Family::Maths,
        formula: "|x|",
        derivative_formula: "sgn x, 0 at 0",
        source: "elementary mathematics",
        range: "[0, ∞)",
        smooth: false,
        monotonic: false,
        used_for: "distances; l1 penalties",
        risk: "the derivative jumps at 0",
        forward_error: Metadata::error(0, 0.0),
        derivative_error: Metadata::error(0, 0.0),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/abs.wgsl");

    fn reference(x: f64, _p: &[f64]) -> f64 {
        x.abs()
    }

    fn reference_derivative(x: f64, _p: &[f64]) -> f64 {
        if x == 0.0 { 0.0 } else { x.signum() }
    }

    fn kinks(_p: &[f64]) -> Vec<f64> {
        vec![0.0]
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, _c: &Constants) -> L {
        x.abs().nan_of(x)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, _c: &Constants) -> L {
        let sign = L::splat(1.0).copysign(x);
        L::select(x.eq(L::splat(0.0)), L::splat(0.0), sign).nan_of(x)
    }
}
