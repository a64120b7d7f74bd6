//! log and log1p through `log(1 + f) = 2·atanh(s)`, `s = f / (2 + f)`.

use super::exp::{LN2_HI, LN2_LO};
use super::polynomial;
use crate::cpu::Lanes;

/// `log(1 + t)` for `0 <= t <= 1`. Error of the polynomial 2^-33.
#[inline(always)]
pub(crate) fn log1p_unit<L: Lanes>(t: L) -> L {
    let s = t.quotient(L::splat(2.0) + t);
    let z = s * s;
    let rest = z * polynomial(
        z,
        [
            f32::from_bits(0x3f2a_aaac),
            f32::from_bits(0x3ecc_cb6c),
            f32::from_bits(0x3e92_828d),
            f32::from_bits(0x3e5b_94d9),
            f32::from_bits(0x3e78_4bbd),
        ],
    );
    // 2s = t - s·t: written so that the error of s counts a third.
    s.neg_mul_add(t - rest, t)
}

/// Splits a positive normal number into `2^k·(1 + f)` with `sqrt(1/2) <= 1 + f < sqrt(2)`.
#[inline(always)]
fn split_exponent<L: Lanes>(x: L) -> (L, L) {
    const SQRT_HALF: i32 = 0x3f35_04f3;
    let offset = L::int_sub(x.to_bits(), L::int(SQRT_HALF));
    let k = L::int_to_float(L::int_shr::<23>(offset));
    let mantissa = L::from_bits(L::int_add(
        L::int_and(offset, L::int(0x007f_ffff)),
        L::int(SQRT_HALF),
    ));
    (k, mantissa - L::splat(1.0))
}

/// `k·ln 2 + log(1 + f) + c` for the `f` of [`split_exponent`] and a small `c`. Error of the polynomial 2^-35.
#[inline(always)]
fn log_of_parts<L: Lanes>(k: L, f: L, c: L) -> L {
    let s = f / (L::splat(2.0) + f);
    let z = s * s;
    let rest = z * polynomial(
        z,
        [
            f32::from_bits(0x3f2a_aaaa),
            f32::from_bits(0x3ecc_cde9),
            f32::from_bits(0x3e91_f929),
            f32::from_bits(0x3e76_0027),
        ],
    );
    let low = k.mul_add(L::splat(LN2_LO), c);
    let tail = s.neg_mul_add(f - rest, low);
    k.mul_add(L::splat(LN2_HI), f + tail)
}

/// `log(x)`: -inf at 0, NaN below.
#[inline(always)]
pub(crate) fn log<L: Lanes>(x: L) -> L {
    let zero = L::splat(0.0);
    let subnormal = x.lt(L::splat(f32::MIN_POSITIVE));
    let scaled = L::select(subnormal, x * L::splat(33_554_432.0), x);
    let (k, f) = split_exponent(scaled);
    let k = L::select(subnormal, k - L::splat(25.0), k);
    let result = log_of_parts(k, f, zero);
    let result = L::select(x.eq(L::splat(f32::INFINITY)), x, result);
    let result = L::select(x.eq(zero), L::splat(f32::NEG_INFINITY), result);
    L::select(x.lt(zero), L::splat(f32::NAN), result)
}

/// `log(1 + x)`: -inf at -1, NaN below, -0 at -0.
#[inline(always)]
pub(crate) fn log1p<L: Lanes>(x: L) -> L {
    let one = L::splat(1.0);
    let u = one + x;
    // What the rounding of 1 + x has lost; exact.
    let c = x - (u - one);
    let (k, f) = split_exponent(u);
    let result = log_of_parts(k, f, c / u);
    let large = u.eq(L::splat(f32::INFINITY));
    let result = L::select(x.eq(L::splat(0.0)) | large, x, result);
    let result = L::select(u.eq(L::splat(0.0)), L::splat(f32::NEG_INFINITY), result);
    L::select(u.lt(L::splat(0.0)), L::splat(f32::NAN), result)
}
