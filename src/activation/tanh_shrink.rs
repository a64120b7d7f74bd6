//! tanh_shrink, x without its tanh.

use super::elementwise::{Constants, Elementwise};
use super::metadata::{Family, Metadata};
use crate::cpu::Lanes;
use crate::math::{coth_rest, exp_of, tanh_nonnegative, times_sigmoid_derivative};

pub(super) struct Function;

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "tanh_shrink",
        aliases: &["tanhshrink"],
        family: Family::Shrink,
        formula: "x - tanh x",
        derivative_formula: "tanh²x",
        source: "PyTorch, torch.nn.Tanhshrink",
        range: "(-∞, ∞)",
        zero_centred: true,
        used_for: "sparse codes",
        risk: "its derivative vanishes at 0, where most inputs are",
        forward_error: Metadata::error(4, 0.0017606271),
        derivative_error: Metadata::error(4, 0.0054646125),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/tanh_shrink.wgsl");

    fn reference(x: f64, _p: &[f64]) -> f64 {
        // The series' terms alternate but fall fast; the difference would lose everything near 0.
        if x.abs() < 0.1 {
            let z = x * x;
            x * z * (1.0 / 3.0 - z * (2.0 / 15.0 - z * (17.0 / 315.0 - z * (62.0 / 2835.0 - z * (1382.0 / 155_925.0 - z * (21_844.0 / 6_081_075.0 - z * (929_569.0 / 638_512_875.0)))))))
        } else {
            x - x.tanh()
        }
    }

    fn reference_derivative(x: f64, _p: &[f64]) -> f64 {
        x.tanh() * x.tanh()
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, _c: &Constants) -> L {
        let a = x.abs();
        let rest = coth_rest(a * a);
        let near = a * rest / (L::splat(1.0) + rest);
        let far = a - tanh_nonnegative(a);
        L::select(a.lt(L::splat(1.5)), near, far).copysign(x).nan_of(x)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, _c: &Constants) -> L {
        let a = x.abs();
        let one = L::splat(1.0);
        let near = a / (one + coth_rest(a * a));
        let far = one - times_sigmoid_derivative(L::splat(4.0), exp_of(a.min(L::splat(40.0)) * L::splat(-2.0)));
        L::select(a.lt(L::splat(1.5)), near * near, far).nan_of(x)
    }
}
