//! neg, the opposite.

use super::elementwise::{Constants, Elementwise};
use super::metadata::{Family, Metadata};
use crate::cpu::Lanes;

pub(super) struct Function;

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "neg",
        family: Family::Maths,
        formula: "-x",
        derivative_formula: "-1",
        derivative_from_output_formula: Some("-1"),
        source: "elementary mathematics",
        range: "(-∞, ∞)",
        monotonic: false,
        zero_centred: true,
        used_for: "turning a score into a loss",
        risk: "none",
        forward_error: Metadata::error(0, 0.0),
        derivative_error: Metadata::error(0, 0.0),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/neg.wgsl");

    fn reference(x: f64, _p: &[f64]) -> f64 {
        -x
    }

    fn reference_derivative(_x: f64, _p: &[f64]) -> f64 {
        -1.0
    }

    fn reference_derivative_from_output(_y: f64, _p: &[f64]) -> f64 {
        -1.0
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, _c: &Constants) -> L {
        (-x).nan_of(x)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, _c: &Constants) -> L {
        L::splat(-1.0).nan_of(x)
    }

    #[inline(always)]
    fn derivative_from_output<L: Lanes>(y: L, _c: &Constants) -> L {
        L::splat(-1.0).nan_of(y)
    }
}
