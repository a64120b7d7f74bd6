//! The logistic function from the exponential that it is made of, and the derivatives of gates.

use super::exp::{Exp, exp_pair};
use super::polynomial;
use crate::cpu::Lanes;

/// `x·σ(s)`, given whether `s >= 0` and `e = exp(-|s|)`: `x / (1 + e)` or `x·e / (1 + e)`. `x` must be finite where `s < 0`.
#[inline(always)]
pub(crate) fn times_sigmoid<L: Lanes>(x: L, positive: L::Mask, e: Exp<L>) -> L {
    let quotient = x / (L::splat(1.0) + e.value());
    L::select(positive, quotient, e.times(quotient))
}

/// `(1 + e)²` with one rounding that counts.
#[inline(always)]
pub(crate) fn square_of_one_plus<L: Lanes>(e: L) -> L {
    e.mul_add(e + L::splat(2.0), L::splat(1.0))
}

/// `factor·σ'(s) = factor·e / (1 + e)²`, given `e = exp(-|s|)`; never more than its value at 0, for a positive factor.
#[inline(always)]
pub(crate) fn times_sigmoid_derivative<L: Lanes>(factor: L, e: Exp<L>) -> L {
    e.times(factor / square_of_one_plus(e.value()))
        .at_most(factor * L::splat(0.25))
}

/// The derivative of a gate `x·σ(s(x))`: `σ(s)·(1 + product·σ(-s))`.
///
/// - `positive`: whether `s >= 0`; `e`: `exp(-|s|)`
/// - `product`: `x·s'(x)`, finite
/// - `near_root`, `middle`: around its root, where the sum cancels, another form of the derivative takes its place
#[inline(always)]
pub(crate) fn gate_derivative<L: Lanes>(
    positive: L::Mask,
    e: Exp<L>,
    product: L,
    near_root: L::Mask,
    middle: L,
) -> L {
    let one = L::splat(1.0);
    let value = e.value();
    let sum = one + value;
    let gate = L::select(positive, one, value) / sum;
    let rest = L::select(positive, value, one) / sum;
    let right = gate * product.mul_add(rest, one);
    // The same with e taken out, where it may be too small for f32: e·n / (1 + e)². The quotient is near n there, and as
    // n - n·q it has fewer roundings.
    let n = product + sum;
    let excess = value * (value + L::splat(2.0));
    let q = excess / (one + excess);
    let left = e.times(q.neg_mul_add(n, n));
    let plain = L::select(L::splat(-1.0).lt(product), right, left);
    L::select(near_root, middle, plain)
}

/// `σ(s)·(1 + s·σ(-s))`, the derivative of silu, for a `|s| <= 115` given as `-|s| = hi + lo`. `d = -|s| - root` has to be accurate
/// where it is small.
#[inline(always)]
pub(crate) fn silu_derivative<L: Lanes>(positive: L::Mask, hi: L, lo: L, d: L) -> L {
    /// Of `silu'(s) / (s - root)` for `-2.1 <= s <= -0.55`, by powers of `s + 1.125`. Error 2^-25.5.
    const NEAR_ROOT: [f32; 10] = [
        f32::from_bits(0x3e76_7ad6),
        f32::from_bits(0x3e1a_e6fb),
        f32::from_bits(0x3c33_505b),
        f32::from_bits(0xbc9d_2e73),
        f32::from_bits(0xbbcb_5aa6),
        f32::from_bits(0x3a77_3789),
        f32::from_bits(0x3a7b_b437),
        f32::from_bits(0x38e3_a216),
        f32::from_bits(0xb8a4_88ad),
        f32::from_bits(0xb7d4_2466),
    ];
    let s = hi + lo;
    let near_root = s.lt(L::splat(-0.6)) & L::splat(-2.0).lt(s) & !positive;
    let middle = d * polynomial(s + L::splat(1.125), NEAR_ROOT);
    let product = L::select(positive, -s, s);
    gate_derivative(positive, exp_pair(hi, lo), product, near_root, middle)
}

/// The root of the derivative of silu, as a sum of two f32.
pub(crate) const SILU_ROOT: [f32; 2] = [f32::from_bits(0xbfa3_a4ba), f32::from_bits(0x325e_fb7d)];
