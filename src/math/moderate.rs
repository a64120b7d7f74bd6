//! Gates and their derivatives where inputs are of moderate size: no clamp, no detour by 2^64 for results that are subnormal, no NaN, and no derivative that
//! is 0. They have two thirds of the operations of the forms that hold everywhere; for instruction sets with a fused multiply-add and cheap branches
//! ([`Lanes::MODERATE`]). scripts/moderate.py prints the constants.

use super::exp::{
    BIAS, LN2_HI, LN2_LO, LOG2_E, ROUNDING, exp2m1_reduced, expm1_reduced_minus, integer_in_bits,
};
use super::polynomial;
use crate::cpu::Lanes;

/// The forms of silu hold for `|x|` below this.
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

/// `$moderate`, and `$general` in its place where `$beyond`, with whether all is moderate; `$beyond` is looked at, and `$general` computed, only where `$may_be`. A macro, because a
/// function that is handed to a function is not always inlined, and then it does not have the instruction set.
macro_rules! moderate_or_general {
    ($lanes:ident, $may_be:expr, $beyond:expr, $moderate:expr, $general:expr) => {
        if $may_be {
            ($lanes::select($beyond, $general, $moderate), false)
        } else {
            ($moderate, true)
        }
    };
}
pub(crate) use moderate_or_general;

/// The derivative at x of a gate `x·σ(s(x))` for an odd s: with `a = |x|` and `e = exp(-s(a))` it is `e·n / (1 + e)²` on the left, where
/// `n = 1 + e - a·s'(a)`, and 1 less that on the right. e and n are computed times a factor, the best of which was searched for: it decides which of their
/// roundings count more.
///
/// - `scale·(1 + p)` is the factor times e
/// - `others` is the factor times `1 - a·s'(a)`, plus `scale`
#[inline(always)]
fn gate_derivative<L: Lanes>(x: L, factor: f32, scale: L, p: L, others: L) -> L {
    let n = scale.mul_add(p, others);
    let e = scale.mul_add(p, scale);
    let square = e.mul_add(e + L::splat(2.0 * factor), L::splat(factor * factor));
    let left = n.quotient(square) * e;
    x.where_negative(left, L::splat(1.0) - left)
}

/// exp of the root of silu's derivative, as an f32.
const SILU_E: f32 = f32::from_bits(0x3e8e_92e8);

/// The derivative of silu for `|x| < 64`.
#[inline(always)]
pub(crate) fn silu_derivative_moderate<L: Lanes>(x: L) -> L {
    // From the root on, so that p is small where n is, and what are left of its terms cancel without an error.
    const ROOT: f32 = 1.0 + SILU_E;
    // What ROOT exceeds the root by, and the logarithm of SILU_E that of what it stands for.
    const EXCESS: f32 = f32::from_bits(0x337f_ef4e);
    let a = x.abs();
    let distance = a - L::splat(ROOT);
    // What the difference has lost, which is nothing next to the root.
    let lost = (a - distance) - L::splat(ROOT);
    let (bits, k) = integer_in_bits(distance, L::splat(-LOG2_E), 0);
    let minus_r = k.mul_add(L::splat(LN2_HI), distance)
        + k.mul_add(L::splat(LN2_LO), lost + L::splat(EXCESS));
    let scale = bits.times_pow2_of_bits(SILU_E);
    let others = scale - (a - L::splat(1.0));
    gate_derivative(x, 1.0, scale, expm1_reduced_minus(minus_r), others)
}

/// A place next to the root of a gate's derivative. The constants are those of scripts/moderate.py.
pub(crate) struct NextToRoot {
    /// Of so few bits that differences to it are exact.
    pub place: f32,
    /// The factor of [`gate_derivative`].
    pub factor: f32,
    /// The factor times `a·s'(a) - 1`, which is nearly an f32 there, and as good as the factor times exp(-s).
    pub e: f32,
    /// -log2 of that without the factor, as a sum of two f32, the first with at most 17 bits behind the point: next to the root exponents are off by 2^-43.
    pub log2: [f32; 2],
}

impl NextToRoot {
    /// Where the form does not hold: from `limit` on, and closer to the root than exponents are good for.
    #[inline(always)]
    pub(crate) fn beyond<L: Lanes>(&self, x: L, limit: f32) -> L::Mask {
        x.reaches(limit) | !self.distance(x).reaches(1.0 / 4096.0)
    }

    /// Of `|x|` from the place.
    #[inline(always)]
    fn distance<L: Lanes>(&self, x: L) -> L {
        x.abs() - L::splat(self.place)
    }

    /// The derivative of `x·σ(s(x))` for `s·log2(e) = x·(hi + lo)`, of which the magnitude is below 90. What the factor times `a·s'(a)` has more than at
    /// the place is the distance times a polynomial in it with the coefficients `slope`.
    #[inline(always)]
    pub(crate) fn derivative<L: Lanes, const N: usize>(
        &self,
        x: L,
        hi: L,
        lo: L,
        slope: [f32; N],
    ) -> L {
        let a = x.abs();
        let first = L::splat(self.log2[0]);
        let shift = L::splat(ROUNDING);
        let bits = a.neg_mul_add(hi, first) + shift;
        let k = bits - shift;
        let f = a.neg_mul_add(hi, first - k) + a.neg_mul_add(lo, L::splat(self.log2[1]));
        let p = exp2m1_reduced(f);
        let scale = bits.times_pow2_of_bits(self.e);
        let distance = self.distance(x);
        let slope = polynomial(distance, slope);
        let others = distance.neg_mul_add(slope, scale - L::splat(self.e));
        gate_derivative(x, self.factor, scale, p, others)
    }
}
