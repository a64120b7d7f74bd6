//! The logistic function from the exponential that it is made of.

use super::exp::{Exp, ExpAbout};
use crate::cpu::Lanes;

/// `x·σ(s)`, given whether `s >= 0` and `e = exp(-|s|)`: `x / (1 + e)` or `x·e / (1 + e)`. `x` must be finite where `s < 0`.
#[inline(always)]
pub(crate) fn times_sigmoid<L: Lanes>(x: L, positive: L::Mask, e: Exp<L>) -> L {
    let one = L::splat(1.0);
    let numerator = x * L::select(positive, one, e.mantissa);
    (numerator / (one + e.value())).times_pow2(L::pow2_or_one(!positive, e.pow2))
}

/// `(1 + e)²` with one rounding that counts.
#[inline(always)]
pub(crate) fn square_of_one_plus<L: Lanes>(e: L) -> L {
    e.mul_add(e + L::splat(2.0), L::splat(1.0))
}

/// `factor·σ'(s) = factor·e / (1 + e)²`, given `e = exp(-|s|)`.
#[inline(always)]
pub(crate) fn times_sigmoid_derivative<L: Lanes>(factor: L, e: Exp<L>) -> L {
    (factor * e.mantissa / square_of_one_plus(e.value())).times_pow2(e.pow2)
}

/// The derivative of `x·σ(s(x))`: `σ(s)·(1 + x·s'(x)·σ(-s))`.
///
/// - `positive`: whether `s >= 0`; `e`: `exp(-|s|)`
/// - `product`: `x·s'(x)`, finite
/// - `from_root`: where `s < 0`, `1 + e + product`, free of cancellation at its root
#[inline(always)]
pub(crate) fn gate_derivative<L: Lanes>(
    positive: L::Mask,
    e: ExpAbout<L>,
    product: L,
    from_root: L,
) -> L {
    let one = L::splat(1.0);
    let value = e.value;
    let sum = one + value;
    let gate = L::select(positive, one, value) / sum;
    let rest = L::select(positive, value, one) / sum;
    let near = gate * product.mul_add(rest, one);
    let factor = from_root / square_of_one_plus(value);
    // The first form has fewer roundings, until its sum begins to cancel.
    L::select(L::splat(-0.7).lt(product), near, e.times(factor))
}
