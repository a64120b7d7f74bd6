//! sign, -1, 0 or 1.

use super::elementwise::{Constants, Elementwise};
use super::metadata::{Family, Metadata};
use crate::cpu::Lanes;

pub(super) struct Function;

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "sign",
        family: Family::Maths,
        formula: "-1, 0 or 1",
        derivative_formula: "0",
        derivative_from_output_formula: Some("0"),
        source: "elementary mathematics",
        range: "{-1, 0, 1}",
        saturating: true,
        smooth: false,
        zero_centred: true,
        used_for: "binarized networks",
        risk: "no gradient anywhere",
        forward_error: Metadata::error(0, 0.0),
        derivative_error: Metadata::error(0, 0.0),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/sign.wgsl");

    fn reference(x: f64, _p: &[f64]) -> f64 {
        if x == 0.0 { x } else { x.signum() }
    }

    fn reference_derivative(_x: f64, _p: &[f64]) -> f64 {
        0.0
    }

    fn reference_derivative_from_output(_y: f64, _p: &[f64]) -> f64 {
        0.0
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, _c: &Constants) -> L {
        L::select(x.eq(L::splat(0.0)), L::splat(0.0), L::splat(1.0)).copysign(x).nan_of(x)
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
