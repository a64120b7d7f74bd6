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

/// `x·coth(x) - 1` for `|x| <= 1.5`, given `z = x²`: `tanh(x) = x / (1 + it)` and `x - tanh(x) = x·it / (1 + it)`. Error 2^-25.
#[inline(always)]
pub(crate) fn coth_rest<L: Lanes>(z: L) -> L {
    z * polynomial(
        z,
        [
            f32::from_bits(0x3eaa_aaab),
            f32::from_bits(0xbcb6_0b99),
            f32::from_bits(0x3b0a_b837),
            f32::from_bits(0xb95e_340e),
            f32::from_bits(0x37b3_3d6e),
            f32::from_bits(0xb606_7d60),
            f32::from_bits(0x3404_8d5d),
        ],
    )
}
