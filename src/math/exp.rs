//! exp and expm1: Cody–Waite reduction to `2^k·exp(r)`, `|r| <= ln2/2`, and a polynomial of degree 6.

use super::polynomial;
use crate::cpu::Lanes;

const LOG2_E: f32 = f32::from_bits(0x3fb8_aa3b);
/// ln 2 in 15 bits, so that its product with any `k` here is exact, and the rest.
pub(crate) const LN2_HI: f32 = f32::from_bits(0x3f31_7200);
pub(crate) const LN2_LO: f32 = f32::from_bits(0x35bf_be8e);

/// `exp(x)` as `value()`, or in two parts for results such as `x·exp(x)` that are normal numbers where `exp(x)` is not.
#[derive(Clone, Copy)]
pub(crate) struct Exp<L: Lanes> {
    /// A normal number.
    pub mantissa: L,
    /// The power of two that is still to be multiplied in.
    pub pow2: L::Pow2,
}

impl<L: Lanes> Exp<L> {
    #[inline(always)]
    pub fn value(self) -> L {
        self.mantissa.times_pow2(self.pow2)
    }
}

/// `exp(r) - 1` for `|r| <= 0.348`. Error 2^-28.2 of `exp(r)` (scripts/coefficients.sollya).
#[inline(always)]
fn expm1_reduced<L: Lanes>(r: L) -> L {
    let q = polynomial(
        r,
        [
            f32::from_bits(0x3eff_fffe),
            f32::from_bits(0x3e2a_aa47),
            f32::from_bits(0x3d2a_ac50),
            f32::from_bits(0x3c09_1e2f),
            f32::from_bits(0x3ab5_318b),
        ],
    );
    (r * r).mul_add(q, r)
}

/// `exp(hi + lo)` for `-120 <= hi + lo <= 90`, `|lo|` below about `|hi|·2^-10`. Exact but for `lo` needs `hi` of 24 bits only.
#[inline(always)]
pub(crate) fn exp_pair<L: Lanes>(hi: L, lo: L) -> Exp<L> {
    let k = ((hi + lo) * L::splat(LOG2_E)).round();
    let r = k.neg_mul_add(L::splat(LN2_HI), hi) + k.neg_mul_add(L::splat(LN2_LO), lo);
    let (mantissa, pow2) = L::scaled(expm1_reduced(r) + L::splat(1.0), k);
    Exp { mantissa, pow2 }
}

/// `exp(x)` for `-120 <= x <= 90`.
#[inline(always)]
pub(crate) fn exp_scaled<L: Lanes>(x: L) -> Exp<L> {
    let k = (x * L::splat(LOG2_E)).round();
    let r = k.neg_mul_add(L::splat(LN2_LO), k.neg_mul_add(L::splat(LN2_HI), x));
    let (mantissa, pow2) = L::scaled(expm1_reduced(r) + L::splat(1.0), k);
    Exp { mantissa, pow2 }
}

/// `exp(x)` for every x: 0 and infinity where it leaves the range.
#[inline(always)]
pub(crate) fn exp<L: Lanes>(x: L) -> L {
    exp_scaled(x.max(L::splat(-120.0)).min(L::splat(90.0))).value()
}

/// `exp(x) - 1` for every x.
#[inline(always)]
pub(crate) fn expm1<L: Lanes>(x: L) -> L {
    let x = x.max(L::splat(-40.0)).min(L::splat(90.0));
    let (p, k) = expm1_parts(x);
    // Half the power of two: 2^128 is no f32.
    let half = L::pow2(k - L::splat(1.0));
    let sum = half.mul_add(p, half - L::splat(0.5));
    sum + sum
}

/// `exp(x) - 1` for `x <= 0`.
#[inline(always)]
pub(crate) fn expm1_nonpositive<L: Lanes>(x: L) -> L {
    let (p, k) = expm1_parts(x.max(L::splat(-40.0)));
    let power = L::pow2(k);
    power.mul_add(p, power - L::splat(1.0))
}

/// `(p, k)` with `exp(x) = 2^k·(1 + p)`.
#[inline(always)]
fn expm1_parts<L: Lanes>(x: L) -> (L, L) {
    let k = (x * L::splat(LOG2_E)).round();
    let r = k.neg_mul_add(L::splat(LN2_LO), k.neg_mul_add(L::splat(LN2_HI), x));
    (expm1_reduced(r), k)
}

/// `exp(s)` and `exp(s) - exp(s0)` without cancellation, for `-120 <= s <= 0` given as `s_hi + s_lo`, and `d = s - s0` accurate
/// where it is small. `s0 = s0_hi + s0_lo`, `exp_s0 = exp(s0)`, for s0 between -2 and -1/2.
#[inline(always)]
pub(crate) fn exp_about<L: Lanes>(
    s_hi: L,
    s_lo: L,
    d: L,
    s0: [f32; 2],
    exp_s0: f32,
) -> (Exp<L>, L) {
    let [s0_hi, s0_lo] = s0;
    let k = (d * L::splat(LOG2_E)).round();
    let far = (k.neg_mul_add(L::splat(LN2_HI), s_hi) - L::splat(s0_hi))
        + (k.neg_mul_add(L::splat(LN2_LO), s_lo) - L::splat(s0_lo));
    let r = L::select(k.eq(L::splat(0.0)), d, far);
    let p = expm1_reduced(r);
    let (mantissa, pow2) = L::scaled(L::splat(exp_s0).mul_add(p, L::splat(exp_s0)), k);
    let power = L::pow2(k.max(L::splat(-100.0)));
    let difference = power.mul_add(p, power - L::splat(1.0)) * L::splat(exp_s0);
    (Exp { mantissa, pow2 }, difference)
}

/// `b·x` as a sum `hi + lo` that is good to 2^-35, for `b = b_hi + b_lo` with `b_hi` of 12 bits.
#[inline(always)]
pub(crate) fn product_pair<L: Lanes>(b_hi: L, b_lo: L, x: L) -> (L, L) {
    let x_hi = x.keep_bits(0xffff_f000);
    let hi = b_hi * x_hi;
    let lo = b_hi.mul_add(x - x_hi, b_lo * x);
    (hi, lo)
}
