//! tanh, the hyperbolic tangent.

use super::elementwise::{Constants, Elementwise};
use super::metadata::{Family, Metadata};
use crate::cpu::Lanes;
use crate::math::{TANH_RATIO, moderate_or_general, raised_exp, tanh, times_sigmoid_derivative};
use crate::reference::{sech_squared};

pub(super) struct Function;

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "tanh",
        family: Family::Saturating,
        formula: "(eˣ - e⁻ˣ) / (eˣ + e⁻ˣ)",
        derivative_formula: "1 - tanh²x = 4e^(-2|x|) / (1 + e^(-2|x|))²",
        derivative_from_output_formula: Some("(1 - y)·(1 + y)"),
        source: "LeCun, Bottou, Orr and Müller 1998, Efficient BackProp",
        range: "(-1, 1)",
        saturating: true,
        zero_centred: true,
        used_for: "hidden layers of recurrent networks; outputs with either sign",
        risk: "vanishing gradient on both sides",
        forward_error: Metadata::error(3, 0.00092147436),
        derivative_error: Metadata::error(2, 0.0024596502),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/tanh.wgsl");

    fn reference(x: f64, _p: &[f64]) -> f64 {
        x.tanh()
    }

    fn reference_derivative(x: f64, _p: &[f64]) -> f64 {
        sech_squared(x)
    }

    fn reference_derivative_from_output(y: f64, _p: &[f64]) -> f64 {
        (1.0 - y) * (1.0 + y)
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, _c: &Constants) -> L {
        if L::TABLES {
            let a = x.abs();
            let quick = x * TANH_RATIO.at(a);
            return moderate_or_general!(L, TANH_RATIO.lacks(a), quick, tanh(x)).0;
        }
        tanh(x)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, _c: &Constants) -> L {
        let e = raised_exp(x.abs().at_most(L::splat(55.0)) * L::splat(-2.0));
        times_sigmoid_derivative(L::splat(4.0), e)
    }

    #[inline(always)]
    fn derivative_from_output<L: Lanes>(y: L, _c: &Constants) -> L {
        (L::splat(1.0) - y) * (L::splat(1.0) + y)
    }
}
