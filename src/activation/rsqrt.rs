//! rsqrt, the reciprocal of the square root.

use super::elementwise::{Constants, Elementwise};
use super::metadata::{Family, Metadata};
use crate::cpu::Lanes;

pub(super) struct Function;

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "rsqrt",
        family: Family::Maths,
        formula: "1 / √x",
        derivative_formula: "-1 / (2·x·√x)",
        derivative_from_output_formula: Some("-y³ / 2"),
        source: "elementary mathematics",
        range: "(0, ∞]",
        smooth: false,
        monotonic: false,
        used_for: "normalization",
        risk: "infinite at 0; NaN below",
        forward_error: Metadata::error(1, 4e-45),
        derivative_error: Metadata::error(2, 1.2929521e-26),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/rsqrt.wgsl");

    fn reference(x: f64, _p: &[f64]) -> f64 {
        1.0 / x.sqrt()
    }

    fn reference_derivative(x: f64, _p: &[f64]) -> f64 {
        if x == 0.0 { f64::NEG_INFINITY } else { -0.5 / (x * x.sqrt()) }
    }

    fn reference_derivative_from_output(y: f64, _p: &[f64]) -> f64 {
        -0.5 * y.abs() * y * y
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, _c: &Constants) -> L {
        (L::splat(1.0) / x.sqrt()).nan_of(x)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, _c: &Constants) -> L {
        // One after the other: x·√x would overflow where the result is not zero yet. At ±0 the limit from the right.
        (L::splat(-0.5) / x.sqrt() / x).nan_of(x)
    }

    #[inline(always)]
    fn derivative_from_output<L: Lanes>(y: L, _c: &Constants) -> L {
        (L::splat(-0.5) * y.abs() * (y * y)).nan_of(y)
    }
}
