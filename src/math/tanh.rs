//! tanh through expm1.

use super::exp::expm1_nonpositive;
use crate::cpu::Lanes;

/// `tanh(a)` for `a >= 0`: `-t / (2 + t)` with `t = exp(-2a) - 1`.
#[inline(always)]
pub(crate) fn tanh_nonnegative<L: Lanes>(a: L) -> L {
    let t = expm1_nonpositive(a * L::splat(-2.0));
    (-t).quotient(L::splat(2.0) + t)
}

/// `tanh(x)` for every x, odd bit for bit.
#[inline(always)]
pub(crate) fn tanh<L: Lanes>(x: L) -> L {
    tanh_nonnegative(x.abs()).copysign(x)
}
