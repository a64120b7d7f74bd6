//! tanh through expm1.

use super::exp::one_minus_exp_of_twice;
use crate::cpu::Lanes;

/// `tanh(a)` for `a >= 0`: `m / (2 - m)` with `m = 1 - exp(-2a)`.
#[inline(always)]
pub(crate) fn tanh_nonnegative<L: Lanes>(a: L) -> L {
    let m = one_minus_exp_of_twice(a.at_most(L::splat(20.0)));
    m.quotient(L::splat(2.0) - m)
}

/// `tanh(x)` for every x, odd bit for bit.
#[inline(always)]
pub(crate) fn tanh<L: Lanes>(x: L) -> L {
    tanh_nonnegative(x.abs()).signed_as(x)
}
