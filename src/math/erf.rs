//! The tail of the normal distribution and the error function.

use super::exp::{Exp, exp_pair};
use super::polynomial;
use crate::cpu::Lanes;

/// `exp(-t²/2)` for `0 <= t <= 15`: t is cut after 12 bits, so that its square is exact.
#[inline(always)]
fn exp_half_square<L: Lanes>(t: L) -> Exp<L> {
    let t_hi = t.keep_bits(0xffff_f000);
    let half = L::splat(-0.5);
    exp_pair(t_hi * t_hi * half, (t - t_hi) * (t + t_hi) * half)
}

/// `1 - Φ(t) = ½·erfc(t/√2)` for `0 <= t <= 15`: `exp(-t²/2)·u·r(u)`, `u = 1 / (1 + 0.3125·t)`. Error 2^-25.2.
#[inline(always)]
pub(crate) fn normal_tail<L: Lanes>(t: L) -> Exp<L> {
    let e = exp_half_square(t);
    let u = tail_variable(t);
    let r = polynomial(
        u - L::splat(0.59375),
        [
            f32::from_bits(0x3e87_5439),
            f32::from_bits(0x3ecd_2fc5),
            f32::from_bits(0x3ec4_3761),
            f32::from_bits(0x3e32_d760),
            f32::from_bits(0xbd42_79c5),
            f32::from_bits(0xbda9_1375),
            f32::from_bits(0x3c6a_2a85),
            f32::from_bits(0x3d29_fbe4),
            f32::from_bits(0xbc24_96a0),
            f32::from_bits(0xbc96_37f9),
        ],
    );
    Exp {
        mantissa: e.mantissa * (u * r),
        pow2: e.pow2,
    }
}

/// `exp(-t²/2)` and `u` for polynomials in the variable of [`normal_tail`].
#[inline(always)]
pub(crate) fn normal_tail_exp<L: Lanes>(t: L) -> (Exp<L>, L) {
    (exp_half_square(t), tail_variable(t))
}

#[inline(always)]
fn tail_variable<L: Lanes>(t: L) -> L {
    L::splat(1.0) / t.mul_add(L::splat(0.3125), L::splat(1.0))
}

/// `erf(x)` for every x, odd bit for bit.
#[inline(always)]
pub(crate) fn erf<L: Lanes>(x: L) -> L {
    let a = x.abs();
    let z = a * a;
    let small = a * polynomial(
        z,
        [
            f32::from_bits(0x3f90_6eba),
            f32::from_bits(0xbec0_9369),
            f32::from_bits(0x3de7_0fe7),
            f32::from_bits(0xbcdb_a407),
            f32::from_bits(0x3ba7_be1e),
            f32::from_bits(0xba43_a6d8),
            f32::from_bits(0x3881_d029),
        ],
    );
    let t = a.min(L::splat(6.0)) * L::splat(std::f32::consts::SQRT_2);
    let tail = normal_tail(t).value();
    let large = L::splat(1.0) - (tail + tail);
    L::select(a.lt(L::splat(1.0)), small, large).copysign(x)
}
