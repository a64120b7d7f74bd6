//! tanh through expm1, and the part of it that is left when x is taken away.

use super::exp::expm1_nonpositive;
use super::polynomial;
use crate::cpu::Lanes;

/// `tanh(a)` for `a >= 0`: `-t / (2 + t)` with `t = exp(-2a) - 1`.
#[inline(always)]
pub(crate) fn tanh_nonnegative<L: Lanes>(a: L) -> L {
    let t = expm1_nonpositive(a * L::splat(-2.0));
    -t / (L::splat(2.0) + t)
}

/// `tanh(x)` for every x, odd bit for bit.
#[inline(always)]
pub(crate) fn tanh<L: Lanes>(x: L) -> L {
    tanh_nonnegative(x.abs()).copysign(x)
}

/// `x·coth(x) - 1` for `|x| <= 1.5`, given `z = x²`: `tanh(x) = x / (1 + it)` and `x - tanh(x) = x·it / (1 + it)`. Error 2^-29.5.
#[inline(always)]
pub(crate) fn coth_rest<L: Lanes>(z: L) -> L {
    // The constant term, near 1/3, is a sum of two f32: its error would be the largest.
    let low = polynomial(
        z,
        [
            f32::from_bits(0xb231_b586),
            f32::from_bits(0xbcb6_0b57),
            f32::from_bits(0x3b0a_b12b),
            f32::from_bits(0xb95d_8e64),
            f32::from_bits(0x37af_88c0),
            f32::from_bits(0xb5f8_937c),
            f32::from_bits(0x33dd_d999),
        ],
    );
    z * (L::splat(f32::from_bits(0x3eaa_aaab)) + low)
}
