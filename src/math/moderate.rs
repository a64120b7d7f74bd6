//! Gates where inputs are of moderate size: no clamp, no detour by 2^64 for results that are subnormal, no NaN. They have two thirds of the operations of
//! the forms that hold everywhere; for instruction sets with a fused multiply-add and cheap branches ([`Lanes::MODERATE`]).

use super::exp::{
    BIAS, LN2_HI, LN2_LO, LOG2_E, exp2m1_reduced, expm1_reduced_minus, integer_in_bits,
};
use crate::cpu::{Lanes, ROUNDING};

/// The form of silu holds for `|x|` below this.
pub(crate) const MODERATE: f32 = 64.0;

/// `numerator / (1 + scale·(1 + p))`.
#[inline(always)]
fn over_one_plus<L: Lanes>(numerator: L, scale: L, p: L) -> L {
    numerator.quotient(scale.mul_add(p, scale + L::splat(1.0)))
}

/// `x·σ(x)` for `|x| < 64`.
#[inline(always)]
pub(crate) fn silu_moderate<L: Lanes>(x: L) -> L {
    let (bits, k) = integer_in_bits(x, L::splat(-LOG2_E), BIAS);
    let minus_r = k.mul_add(L::splat(LN2_LO), k.mul_add(L::splat(LN2_HI), x));
    over_one_plus(x, bits.pow2_of_bits(), expm1_reduced_minus(minus_r))
}

/// `x·σ(s)` for `s·log2(e) = x·(hi + lo)`, of which the magnitude is below 90.
#[inline(always)]
pub(crate) fn gate_of_product<L: Lanes>(x: L, hi: L, lo: L) -> L {
    let shift = L::splat(ROUNDING + BIAS as f32);
    let bits = x.neg_mul_add(hi, shift);
    // The product is exact until the integer is taken off.
    let f = x.neg_mul_add(lo, x.neg_mul_add(hi, shift - bits));
    over_one_plus(x, bits.pow2_of_bits(), exp2m1_reduced(f))
}
