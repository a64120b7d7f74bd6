//! tanh_shrink, x without its tanh.

use super::elementwise::{Constants, Elementwise};
use super::metadata::{Family, Metadata};
use crate::cpu::Lanes;
use crate::math::{exp_of, polynomial};

pub(super) struct Function;

const THIRD: f32 = 1.0 / 3.0;
/// Of `(x - tanh x) / x³ - THIRD` for `|x| <= 0.92`, by powers of x². Error 2^-29 of the sum; the first is what THIRD lacks.
const REST: [f32; 8] = [
    f32::from_bits(0xb234_2de0),
    f32::from_bits(0xbe08_8883),
    f32::from_bits(0x3d5d_0b9d),
    f32::from_bits(0xbcb2_fc7e),
    f32::from_bits(0x3c0f_91a0),
    f32::from_bits(0xbb59_7393),
    f32::from_bits(0x3a85_66d4),
    f32::from_bits(0xb936_9079),
];
/// Of `(tanh²x - x²) / x⁴` for `|x| <= 0.9`, by powers of x². Error 2^-26.8 of the square.
const SQUARE_REST: [f32; 7] = [
    f32::from_bits(0xbf2a_aa9d),
    f32::from_bits(0x3ec1_68ba),
    f32::from_bits(0xbe49_43b3),
    f32::from_bits(0x3dc4_ae12),
    f32::from_bits(0xbd2d_e6b7),
    f32::from_bits(0x3c6f_c5a4),
    f32::from_bits(0xbb32_fa39),
];

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
        forward_error: Metadata::error(3, 0.9200025),
        derivative_error: Metadata::error(2, 0.044198398),
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
        let one = L::splat(1.0);
        let z = a * a;
        let cube = a * z;
        let near = cube.mul_add(L::splat(THIRD), cube * polynomial(z, REST));
        // tanh(a) as 1 - 2e / (1 + e).
        let e = exp_of(a.at_most(L::splat(40.0)) * L::splat(-2.0)).value();
        let far = (a - one) + (e + e) / (one + e);
        L::select(a.lt(L::splat(0.92)), near, far).copysign(x).nan_of(x)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, _c: &Constants) -> L {
        let a = x.abs();
        let one = L::splat(1.0);
        let z = a * a;
        let near = (z * z).mul_add(polynomial(z, SQUARE_REST), z);
        // 1 - sech²a with sech² = r·(2 - r), r = 1 - tanh(a).
        let e = exp_of(a.at_most(L::splat(40.0)) * L::splat(-2.0)).value();
        let r = (e + e) / (one + e);
        let far = r.neg_mul_add(L::splat(2.0) - r, one);
        L::select(a.lt(L::splat(0.9)), near, far).nan_of(x)
    }
}
