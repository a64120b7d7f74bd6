//! The tail of the normal distribution and the error function.

use super::exp::{LOWER, Raised, raised_exp_of_multiple};
use super::polynomial;
use crate::cpu::Lanes;

/// `exp(scale·t²)·2^64` where that is at least 2^-125, for a scale of -1 or -1/2: t is cut after 12 bits, so that its square is exact.
#[inline(always)]
pub(crate) fn exp_of_square<L: Lanes>(t: L, scale: f32) -> Raised<L> {
    if L::FUSED {
        let square = t * t;
        return raised_exp_of_multiple(scale, square, t.mul_add(t, -square));
    }
    let t_hi = t.keep_bits(0xffff_f000);
    raised_exp_of_multiple(scale, t_hi * t_hi, (t - t_hi) * (t + t_hi))
}

/// `v = t / (t + 4)`, from 0 at t = 0 to 0.78 at 14.6.
#[inline(always)]
pub(crate) fn tail_variable<L: Lanes>(t: L) -> L {
    t.quotient(t + L::splat(4.0))
}

/// The variable that the polynomials in `v` are written in.
#[inline(always)]
pub(crate) fn tail_centred<L: Lanes>(v: L) -> L {
    L::splat(0.4375) - v
}

/// `(1 - Φ(t))·exp(t²/2) / (1 - v)`, given `v` of `t`. Error 2^-26.3.
#[inline(always)]
pub(crate) fn tail_ratio<L: Lanes>(v: L) -> L {
    polynomial(
        tail_centred(v),
        [
            f32::from_bits(0x3e56_738a),
            f32::from_bits(0x3eb6_c272),
            f32::from_bits(0x3eec_fe82),
            f32::from_bits(0x3ede_fa1e),
            f32::from_bits(0x3e83_70ad),
            f32::from_bits(0x3d10_2627),
            f32::from_bits(0xbd9c_cd26),
            f32::from_bits(0xbd2c_7ff4),
            f32::from_bits(0x3cab_71a3),
            f32::from_bits(0x3c8a_8bb3),
        ],
    )
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
    let t = a.at_most(L::splat(6.0)) * L::splat(std::f32::consts::SQRT_2);
    let v = tail_variable(t);
    let tail = exp_of_square(t, -0.5).times((L::splat(1.0) - v) * tail_ratio(v));
    let large = tail.neg_mul_add(L::splat(2.0 * LOWER), L::splat(1.0));
    L::select(a.lt(L::splat(1.0)), small, large).copysign(x)
}
