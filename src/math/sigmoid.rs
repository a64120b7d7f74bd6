//! The logistic function from the exponential that it is made of, and the derivatives of gates.

use super::exp::{Exp, exp_pair};
use super::polynomial;
use crate::cpu::Lanes;

/// `x·σ(s)` for a finite `x`, given `exp(s)` of an `s` between -170 and 60.
#[inline(always)]
pub(crate) fn times_sigmoid<L: Lanes>(x: L, e: Exp<L>) -> L {
    // 2^k comes last, and cancels exactly where s is large.
    let mantissa = e.mantissa();
    let quotient = mantissa.quotient(L::splat(1.0) + e.scaled(mantissa));
    e.scaled(x * quotient)
}

/// `(1 + e)²` with one rounding that counts.
#[inline(always)]
fn square_of_one_plus<L: Lanes>(e: L) -> L {
    e.mul_add(e + L::splat(2.0), L::splat(1.0))
}

/// `factor·σ'(s) = factor·e / (1 + e)²`, given `e = exp(-|s|)`; never more than its value at 0, for a positive factor.
#[inline(always)]
pub(crate) fn times_sigmoid_derivative<L: Lanes>(factor: L, e: Exp<L>) -> L {
    // The power of two comes last: until then every rounding is one of numbers near the result's own place.
    let mantissa = e.mantissa();
    let quotient = mantissa.quotient(square_of_one_plus(e.scaled(mantissa)));
    e.scaled(factor * quotient).at_most(factor * L::splat(0.25))
}

/// The derivative of a gate `x·σ(s(x))` for an odd s, with `t = -|s|` and `e = exp(t)`: on the left `e·n / (1 + e)²`, and 1 minus that on
/// the right.
///
/// - `positive`: whether `s >= 0`
/// - `value`: `e` as a number
/// - `n`: `1 + e + |x|·dt/d|x|`
/// - `near_root`, `middle`: where n begins to cancel, another form of the left side takes its place
#[inline(always)]
pub(crate) fn gate_derivative<L: Lanes>(
    positive: L::Mask,
    e: Exp<L>,
    value: L,
    n: L,
    near_root: L::Mask,
    middle: L,
) -> L {
    let one = L::splat(1.0);
    // The quotient is near n, and as n - n·q it has fewer roundings.
    let excess = value * (value + L::splat(2.0));
    let far = e.times((excess / (one + excess)).neg_mul_add(n, n));
    let left = L::select(near_root, middle, far);
    L::select(positive, one - left, left)
}

/// `silu'(s) / (s - root)` for `-2.02 <= s <= 0`. Error 2^-28.2.
#[inline(always)]
pub(crate) fn silu_derivative_near_root<L: Lanes>(s: L) -> L {
    polynomial(
        s + L::splat(1.101_562_5),
        [
            f32::from_bits(0x3e7a_1dc3),
            f32::from_bits(0x3e1b_6518),
            f32::from_bits(0x3c1c_e02d),
            f32::from_bits(0xbca1_e769),
            f32::from_bits(0xbbc7_7749),
            f32::from_bits(0x3a8d_9396),
            f32::from_bits(0x3a80_4263),
            f32::from_bits(0x38c1_9b02),
            f32::from_bits(0xb8bd_814b),
            f32::from_bits(0xb7f0_3dab),
            f32::from_bits(0x3687_2a64),
            f32::from_bits(0x3646_5fa0),
        ],
    )
}

/// `σ(s)·(1 + s·σ(-s))`, the derivative of silu, for a `|s| <= 115` given as `-|s| = hi + lo`. `d = -|s| - root` has to be accurate
/// where it is small.
#[inline(always)]
pub(crate) fn silu_derivative<L: Lanes>(positive: L::Mask, hi: L, lo: L, d: L) -> L {
    let s = hi + lo;
    let e = exp_pair(hi, lo);
    let value = e.value();
    let n = (L::splat(1.0) + hi) + (value + lo);
    let middle = d * silu_derivative_near_root(s);
    gate_derivative(positive, e, value, n, L::splat(-2.0).lt(s), middle)
}

/// The root of the derivative of silu, as a sum of two f32.
pub(crate) const SILU_ROOT: [f32; 2] = [f32::from_bits(0xbfa3_a4ba), f32::from_bits(0x325e_fb7d)];
