//! gelu_tanh, the tanh approximation of gelu.

use super::elementwise::{Constants, Elementwise};
use super::metadata::{Family, Metadata};
use crate::cpu::Lanes;
use crate::math::{
    GELU_TANH_LEFT, GELU_TANH_LEFT_OF_EIGHT, GELU_TANH_TAIL, GateDerivative, exp_pair, gate, gate_by_tail, gate_derivative_by_pieces, gate_derivative_unfused, gate_of_product, moderate_or_general,
    polynomial, product_pair, raised_exp_pair,
};
use crate::reference::{gated, sigmoid};

pub(super) struct Function;

const CUBIC: f64 = 0.044_715;
/// 2·√(2/π), and the factor of the cube in 2u, each as a sum of two f32, the first of 12 bits.
const LINEAR_HI: f32 = f32::from_bits(0x3fcc_4000);
const LINEAR_LO: f32 = f32::from_bits(0x388a_67a8);
const LINEAR: f32 = f32::from_bits(0x3fcc_422a);
const CUBE_HI: f32 = f32::from_bits(0x3d92_2000);
const CUBE_LO: f32 = f32::from_bits(0x369e_549b);
const CUBE: f32 = f32::from_bits(0x3d92_2279);
/// CUBE less what it stands for.
const CUBE_REST: f32 = f32::from_bits(0x3124_d8b5);
/// The root of the derivative, as a sum of two f32.
const ROOT: [f32; 2] = [f32::from_bits(0xbf40_a150), f32::from_bits(0x3242_d036)];
/// Of the derivative divided by `x - root` for `-1.73 <= x <= 0`, by powers of `x + 1.24609375`. Error 2^-27.6.
const NEAR_ROOT: [f32; 12] = [
    f32::from_bits(0x3e7d_6f34),
    f32::from_bits(0x3eaa_41b9),
    f32::from_bits(0x3de2_cb7b),
    f32::from_bits(0xbd49_431b),
    f32::from_bits(0xbd24_8acc),
    f32::from_bits(0xba93_9cb2),
    f32::from_bits(0x3bd2_0ccf),
    f32::from_bits(0x3acb_36b2),
    f32::from_bits(0xba29_4389),
    f32::from_bits(0xb9b8_8242),
    f32::from_bits(0x38f7_7622),
    f32::from_bits(0xb55d_70fa),
];
/// `1 + exp(2u) + x·2u'` divided by the distance from the root, as its series there.
const NEAR_ROOT_OF_N: [f32; 4] = [
    f32::from_bits(0x401d_7b67),
    f32::from_bits(0xbdcc_9e6a),
    f32::from_bits(0x3ecd_077b),
    f32::from_bits(0x3d9b_9063),
];

fn argument(x: f64) -> f64 {
    (8.0 / std::f64::consts::PI).sqrt() * x * (1.0 + CUBIC * x * x)
}

/// `2u / x = LINEAR + CUBE·x²` for `|x| <= 11` as a sum of two f32, the first of 12 bits, that is good to 2^-34.
#[inline(always)]
fn argument_factor<L: Lanes>(x: L) -> (L, L) {
    let square = x * x;
    let hi = L::splat(CUBE).mul_add(square, L::splat(LINEAR)).keep_bits(0xffff_f000);
    // The differences are exact, and in the second form the product is: all three have few bits.
    let difference = L::splat(LINEAR_HI) - hi;
    if L::FUSED {
        let rest = L::splat(CUBE).mul_add(square, difference);
        let square_lo = x.mul_add(x, -square);
        let low = L::splat(CUBE).mul_add(square_lo, L::splat(CUBE_REST).mul_add(square, L::splat(LINEAR_LO)));
        return (hi, rest + low);
    }
    let x_hi = x.keep_bits(0xffff_f000);
    let square_hi = square.keep_bits(0xffff_f000);
    let square_lo = x_hi.mul_add(x_hi, -square_hi) + (x - x_hi) * (x + x_hi);
    let low = L::splat(LINEAR_LO) + L::splat(CUBE_HI).mul_add(square_lo, L::splat(CUBE_LO) * square);
    (hi, (difference + L::splat(CUBE_HI) * square_hi) + low)
}

/// For every x.
#[inline(always)]
fn forward<L: Lanes>(x: L) -> L {
    let a = -x.abs().at_most(L::splat(11.0));
    let factor = argument_factor(a);
    let (hi, lo) = product_pair(factor.0, factor.1, a);
    gate(x, a, raised_exp_pair(hi, lo))
}

/// The derivative, for every x.
#[inline(always)]
fn derivative<L: Lanes>(x: L) -> L {
    let a = -x.abs().at_most(L::splat(11.0));
    let factor = argument_factor(a);
    let (hi, lo) = product_pair(factor.0, factor.1, a);
    // x·2u' = x·(LINEAR + 3·CUBE·x²) = x·(3·factor - 2·LINEAR); the leading difference is exact.
    let three = L::splat(3.0);
    let leading = factor.0.mul_add(three, L::splat(-2.0 * LINEAR_HI));
    let rest = factor.1.mul_add(three, L::splat(-2.0 * LINEAR_LO));
    let positive = x.ge(L::splat(0.0));
    let d = a - L::splat(ROOT[0]);
    if L::FUSED {
        let gate = GateDerivative::new(hi, lo);
        let n = a.mul_add(leading, gate.one_plus_power()) + gate.plus_last(a * rest);
        return gate.finish(positive, n, d - L::splat(ROOT[1]), NEAR_ROOT_OF_N);
    }
    let e = exp_pair(hi, lo);
    let n = a.mul_add(leading, a.mul_add(rest, L::splat(1.0) + e.value()));
    // (x - root)·w, the difference by a pair.
    let w = polynomial(a + L::splat(1.246_093_75), NEAR_ROOT);
    let middle = d.mul_add(w, L::splat(-ROOT[1]) * w);
    gate_derivative_unfused(positive, e, n, L::splat(-1.71).lt(a), middle)
}

/// 2·√(2/π)·log2(e), as a sum of two f32 of which the first has few bits, and as one.
const LINEAR_2: [f32; 2] = [f32::from_bits(0x4013_6000), f32::from_bits(0xba09_ef22)];
const LINEAR_2_NEAREST: f32 = f32::from_bits(0x4013_5761);
/// The factor of the cube in 2u·log2(e), as a sum of two f32.
const CUBE_2: [f32; 2] = [f32::from_bits(0x3dd2_d3e8), f32::from_bits(0xb10a_8d57)];
/// The moderate form holds below this.
const MODERATE: f32 = 8.0;

/// `2u·log2(e) / x` for `|x| < 8` as a sum of two f32.
#[inline(always)]
fn factor_base_2<L: Lanes>(x: L) -> (L, L) {
    let square = x * x;
    let cube = L::splat(CUBE_2[0]);
    let hi = cube.mul_add(square, L::splat(LINEAR_2_NEAREST));
    // The difference is exact.
    let rest = cube.mul_add(square, L::splat(LINEAR_2[0]) - hi);
    let square_lo = x.mul_add(x, -square);
    let low = cube.mul_add(square_lo, square.mul_add(L::splat(CUBE_2[1]), L::splat(LINEAR_2[1])));
    (hi, rest + low)
}

#[inline(always)]
fn forward_moderate<L: Lanes>(x: L) -> L {
    let (hi, lo) = factor_base_2(x);
    gate_of_product(x, hi, lo)
}

impl Elementwise for Function {
    const METADATA: Metadata = Metadata {
        id: "gelu_tanh",
        aliases: &["gelu_new"],
        family: Family::SmoothRectifier,
        formula: "½x·(1 + tanh u), u = √(2/π)·(x + 0.044715·x³)",
        derivative_formula: "s + x·s·(1 - s)·2u', s = σ(2u), u' = √(2/π)·(1 + 0.134145·x²)",
        source: "Hendrycks and Gimpel 2016, Gaussian Error Linear Units, section 2",
        range: "[-0.17, ∞)",
        monotonic: false,
        used_for: "models trained with it (GPT-2, JAX's default gelu)",
        risk: "up to 0.0005 away from gelu",
        forward_error: Metadata::error(3, -1.3525281),
        derivative_error: Metadata::error(4, -1.263315),
        ..Metadata::EMPTY
    };
    const WGSL: &'static str = include_str!("../../shaders/activations/gelu_tanh.wgsl");

    fn reference(x: f64, _p: &[f64]) -> f64 {
        gated(x, sigmoid(argument(x)))
    }

    fn reference_derivative(x: f64, _p: &[f64]) -> f64 {
        let s = argument(x);
        let derivative_of_argument = (8.0 / std::f64::consts::PI).sqrt() * (1.0 + 3.0 * CUBIC * x * x);
        sigmoid(s) + gated(x * derivative_of_argument, sigmoid(s) * sigmoid(-s))
    }

    #[inline(always)]
    fn forward<L: Lanes>(x: L, _c: &Constants) -> L {
        if L::TABLES {
            let t = x.abs();
            let quick = gate_by_tail(x, t, GELU_TANH_TAIL.at(t));
            return moderate_or_general!(L, GELU_TANH_TAIL.lacks(t), quick, forward(x)).0;
        }
        if L::MODERATE {
            return moderate_or_general!(L, x.reaches(MODERATE), forward_moderate(x), forward(x)).0;
        }
        forward(x)
    }

    #[inline(always)]
    fn derivative<L: Lanes>(x: L, c: &Constants) -> L {
        Self::derivative_and_size(x, c).0
    }

    #[inline(always)]
    fn derivative_and_size<L: Lanes>(x: L, _c: &Constants) -> (L, bool) {
        gate_derivative_by_pieces!(L, x, ROOT, GELU_TANH_LEFT, GELU_TANH_LEFT_OF_EIGHT, derivative(x))
    }
}
