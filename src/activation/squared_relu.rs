//! squared_relu, the square of the rectifier.

use super::elementwise::{Constants, Elementwise};
use super::metadata::{Family, Metadata};
use crate::cpu::Lanes;

pub(super) struct Function;

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "squared_relu",
        aliases: &["relu2", "relu_squared"],
        family: Family::SmoothRectifier,
        formula: "max(x, 0)²",
        derivative_formula: "2·max(x, 0)",
        derivative_from_output_formula: Some("2·√y"),
        source: "So et al. 2021, Primer: Searching for Efficient Transformers for Language Modeling",
        range: "[0, ∞)",
        used_for: "feed-forward blocks of language models",
        risk: "grows fast; units with negative input die as with relu",
        forward_error: Metadata::error(0, 0.0),
        derivative_error: Metadata::error(0, 0.0),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/squared_relu.wgsl");
    const NAN_BY_SUM: bool = true;

    fn reference(x: f64, _p: &[f64]) -> f64 {
        x.max(0.0) * x.max(0.0)
    }

    fn reference_derivative(x: f64, _p: &[f64]) -> f64 {
        2.0 * x.max(0.0)
    }

    fn reference_derivative_from_output(y: f64, _p: &[f64]) -> f64 {
        2.0 * y.sqrt()
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, _c: &Constants) -> L {
        let r = x.max(L::splat(0.0));
        (r * r).nan_of(x)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, _c: &Constants) -> L {
        let r = x.max(L::splat(0.0));
        (r + r).nan_of(x)
    }

    #[inline(always)]
    fn derivative_from_output<L: Lanes>(y: L, _c: &Constants) -> L {
        let root = y.max(L::splat(0.0)).sqrt();
        (root + root).nan_of(y)
    }
}
