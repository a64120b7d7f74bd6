//! square.

use super::elementwise::{Constants, Elementwise};
use super::metadata::{Family, Metadata};
use crate::cpu::Lanes;

pub(super) struct Function;

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "square",
        family: Family::Maths,
        formula: "x²",
        derivative_formula: "2x",
        source: "elementary mathematics",
        range: "[0, ∞)",
        monotonic: false,
        used_for: "energies; l2 penalties",
        risk: "grows fast",
        forward_error: Metadata::error(0, 0.0),
        derivative_error: Metadata::error(0, 0.0),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/square.wgsl");

    fn reference(x: f64, _p: &[f64]) -> f64 {
        x * x
    }

    fn reference_derivative(x: f64, _p: &[f64]) -> f64 {
        2.0 * x
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, _c: &Constants) -> L {
        (x * x).nan_of(x)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, _c: &Constants) -> L {
        (x + x).nan_of(x)
    }
}
