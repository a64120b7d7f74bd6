//! relu6, a rectifier with a cap.

use super::elementwise::{Constants, Elementwise, constants};
use super::metadata::{Family, Metadata, Parameter};
use crate::cpu::Lanes;

pub(super) struct Function;

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "relu6",
        aliases: &["relu_6"],
        family: Family::Hard,
        formula: "min(max(x, 0), cap)",
        derivative_formula: "1 for 0 < x < cap, else 0",
        derivative_from_output_formula: Some("1 for 0 < y < cap, else 0"),
        source: "Howard et al. 2017, MobileNets",
        range: "[0, 6]",
        saturating: true,
        smooth: false,
        used_for: "mobile networks with low-precision arithmetic",
        risk: "no gradient on either side",
        parameters: &[Parameter::new("cap", 6.0, 0.0, f32::MAX)],
        forward_error: Metadata::error(0, 0.0),
        derivative_error: Metadata::error(0, 0.0),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/relu6.wgsl");

    fn constants(p: &[f64]) -> Constants {
        constants([p[0] as f32])
    }

    fn reference(x: f64, p: &[f64]) -> f64 {
        x.max(0.0).min(p[0])
    }

    fn reference_derivative(x: f64, p: &[f64]) -> f64 {
        if x > 0.0 && x < p[0] { 1.0 } else { 0.0 }
    }

    fn reference_derivative_from_output(y: f64, p: &[f64]) -> f64 {
        Self::reference_derivative(y, p)
    }

    fn kinks(p: &[f64]) -> Vec<f64> {
        if p[0] == 0.0 { vec![] } else { vec![0.0, p[0]] }
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, c: &Constants) -> L {
        x.max(L::splat(0.0)).min(L::splat(c[0])).nan_of(x)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, c: &Constants) -> L {
        let zero = L::splat(0.0);
        L::select(x.gt(zero) & x.lt(L::splat(c[0])), L::splat(1.0), zero).nan_of(x)
    }

    #[inline(always)]
    fn derivative_from_output<L: Lanes>(y: L, c: &Constants) -> L {
        Self::derivative(y, c)
    }
}
