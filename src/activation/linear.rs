//! linear, a straight line.

use super::elementwise::{Constants, Elementwise, constants};
use super::metadata::{Family, Metadata, Parameter};
use crate::cpu::Lanes;

pub(super) struct Function;

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "linear",
        aliases: &["identity"],
        family: Family::Linear,
        formula: "slope·x + offset",
        derivative_formula: "slope",
        derivative_from_output_formula: Some("slope"),
        source: "PyTorch, torch.nn.Identity for the defaults",
        range: "(-∞, ∞)",
        zero_centred: true,
        used_for: "outputs of regression; the reference that other functions are compared with",
        risk: "any number of linear layers in a row is one linear layer",
        parameters: &[Parameter::new("slope", 1.0, -1e6, 1e6), Parameter::new("offset", 0.0, -1e30, 1e30)],
        forward_error: Metadata::error_with("linear(slope=-0.3, offset=0.01)", 1, 3.4150895e-9),
        derivative_error: Metadata::error(0, 0.0),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/linear.wgsl");

    fn constants(p: &[f64]) -> Constants {
        constants([p[0] as f32, p[1] as f32])
    }

    fn reference(x: f64, p: &[f64]) -> f64 {
        if p[0] == 0.0 { p[1] } else { p[0] * x + p[1] }
    }

    fn reference_derivative(_x: f64, p: &[f64]) -> f64 {
        p[0]
    }

    fn reference_derivative_from_output(_y: f64, p: &[f64]) -> f64 {
        p[0]
    }

    fn magnitude(x: f64, p: &[f64]) -> f64 {
        if p[0] == 0.0 { p[1].abs() } else { (p[0] * x).abs().max(p[1].abs()) }
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, c: &Constants) -> L {
        let (zero, slope) = (L::splat(0.0), L::splat(c[0]));
        // A flat line stays flat at infinity, where the product would be NaN.
        let rise = L::select(slope.eq(zero), zero, slope * x);
        (rise + L::splat(c[1])).nan_of(x)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, c: &Constants) -> L {
        L::splat(c[0]).nan_of(x)
    }

    #[inline(always)]
    fn derivative_from_output<L: Lanes>(y: L, c: &Constants) -> L {
        L::splat(c[0]).nan_of(y)
    }
}
