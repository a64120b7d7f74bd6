//! exp and expm1: Cody–Waite reduction to `2^k·exp(r)`, `|r| <= ln2/2`, and a polynomial of degree 6.

use super::polynomial;
use crate::cpu::{Lanes, ROUNDING};

pub(super) const LOG2_E: f32 = f32::from_bits(0x3fb8_aa3b);
/// ln 2 in 15 bits, so that its product with any `k` here is exact, and the rest.
pub(crate) const LN2_HI: f32 = f32::from_bits(0x3f31_7200);
pub(super) const LN2_LO: f32 = f32::from_bits(0x35bf_be8e);

/// `exp(x) = 2^k·(1 + p)`.
#[derive(Clone, Copy)]
pub(crate) struct Exp<L: Lanes> {
    p: L,
    k: L,
}

impl<L: Lanes> Exp<L> {
    /// `exp(x)`.
    #[inline(always)]
    pub fn value(self) -> L {
        self.scaled(self.mantissa())
    }

    /// `1 + p`.
    #[inline(always)]
    pub fn mantissa(self) -> L {
        self.p + L::splat(1.0)
    }

    /// `factor·(1 + p)`, rounded once.
    #[inline(always)]
    pub fn mantissa_times(self, factor: L) -> L {
        factor.mul_add(self.p, factor)
    }

    /// `x·2^k`. Last, it is exact where the result is a normal number, though `exp(x)` may not be one.
    #[inline(always)]
    pub fn scaled(self, x: L) -> L {
        x.times_pow2(self.k)
    }

    /// `factor·exp(x)` for a normal factor: one rounding less than the product, and right where it is a normal number though
    /// `exp(x)` is not.
    #[inline(always)]
    pub fn times(self, factor: L) -> L {
        self.scaled(self.mantissa_times(factor))
    }
}

/// `exp(x)·2^64` as `scale·(1 + p)`: its power of two is one shift, and it is no subnormal number where `exp(x)` is one.
#[derive(Clone, Copy)]
pub(crate) struct Raised<L: Lanes> {
    p: L,
    scale: L,
}

impl<L: Lanes> Raised<L> {
    /// `exp(x)·2^64`.
    #[inline(always)]
    pub fn value(self) -> L {
        self.scale.mul_add(self.p, self.scale)
    }

    /// `factor·exp(x)·2^64`, which has to be an f32.
    #[inline(always)]
    pub fn times(self, factor: L) -> L {
        // The scale is a power of two: one rounding less.
        factor.mul_add(self.p, factor) * self.scale
    }
}

/// What is raised, times this, is what was meant.
pub(crate) const LOWER: f32 = power_of_two(-RAISED_BY);
const RAISED_BY: i32 = 64;

/// What the exponent of an f32 has been increased by.
pub(super) const BIAS: i32 = 127;

/// `2^n`, a normal number.
pub(super) const fn power_of_two(n: i32) -> f32 {
    f32::from_bits(((BIAS + n) as u32) << 23)
}

/// `exp(hi + lo)·2^64` for `-131 <= hi + lo <= 43`, `|lo|` below about `|hi|·2^-10`.
#[inline(always)]
pub(crate) fn raised_exp_pair<L: Lanes>(hi: L, lo: L) -> Raised<L> {
    raised_exp_of_multiple(1.0, hi, lo)
}

/// As [`raised_exp_pair`] of `multiple·(hi + lo)`, for a multiple that is a power of two, with or without a sign.
#[inline(always)]
pub(crate) fn raised_exp_of_multiple<L: Lanes>(multiple: f32, hi: L, lo: L) -> Raised<L> {
    let (scale, r) = raised_power(multiple, hi, lo);
    let p = expm1_reduced(r);
    Raised { p, scale }
}

/// `2^(64 + k)` and r with `multiple·(hi + lo) = k·ln 2 + r`.
#[inline(always)]
pub(super) fn raised_power<L: Lanes>(multiple: f32, hi: L, lo: L) -> (L, L) {
    // Where products are rounded lo is large enough to take r out of the polynomial's range, were k the integer nearest to hi.
    let sum = if L::FUSED { hi } else { hi + lo };
    let (bits, k) = integer_in_bits(sum, L::splat(multiple * LOG2_E), BIAS + RAISED_BY);
    let remains = k.neg_mul_add(L::splat(LN2_HI / multiple), hi)
        + k.neg_mul_add(L::splat(LN2_LO / multiple), lo);
    (bits.pow2_of_bits(), L::splat(multiple) * remains)
}

/// `exp(x)·2^64` for `-131 <= x <= 43`.
#[inline(always)]
pub(crate) fn raised_exp<L: Lanes>(x: L) -> Raised<L> {
    let (bits, k) = integer_in_bits(x, L::splat(LOG2_E), BIAS + RAISED_BY);
    Raised {
        p: expm1_reduced(remainder(x, k)),
        scale: bits.pow2_of_bits(),
    }
}

/// `k`, `factor·x` rounded, and before it a number that has `k + offset` in its lowest bits. Both are below 2^22.
#[inline(always)]
pub(super) fn integer_in_bits<L: Lanes>(x: L, factor: L, offset: i32) -> (L, L) {
    let shift = L::splat(ROUNDING + offset as f32);
    let bits = x.mul_add(factor, shift);
    (bits, bits - shift)
}

/// `exp(r) - 1` for `|r| <= 0.348`. Error 2^-28.2 of `exp(r)` (scripts/coefficients.sollya).
#[inline(always)]
pub(super) fn expm1_reduced<L: Lanes>(r: L) -> L {
    expm1_by(EXPM1, r, r)
}

/// `exp(-r) - 1`, as [`expm1_reduced`].
#[inline(always)]
pub(super) fn expm1_reduced_minus<L: Lanes>(r: L) -> L {
    const C: [f32; 5] = [EXPM1[0], -EXPM1[1], EXPM1[2], -EXPM1[3], EXPM1[4]];
    // What is added with the other sign costs nothing; a sign of its own would.
    expm1_by(C, r, -r)
}

const EXPM1: [f32; 5] = [
    f32::from_bits(0x3eff_fffe),
    f32::from_bits(0x3e2a_aa47),
    f32::from_bits(0x3d2a_ac50),
    f32::from_bits(0x3c09_1e2f),
    f32::from_bits(0x3ab5_318b),
];

/// `first + r²·(c[0] + c[1]·r + …)`.
#[inline(always)]
fn expm1_by<L: Lanes>(c: [f32; 5], r: L, first: L) -> L {
    // The higher powers two by two, for a shorter chain.
    let square = r * r;
    let high = r.mul_add(L::splat(c[3]), L::splat(c[2]));
    let high = square.mul_add(L::splat(c[4]), high);
    let low = r.mul_add(L::splat(c[1]), L::splat(c[0]));
    square.mul_add(square.mul_add(high, low), first)
}

/// `2^f - 1` for `|f| <= 0.502`. Error 2^-27.8 of `2^f` (scripts/coefficients.sollya).
#[inline(always)]
pub(super) fn exp2m1_reduced<L: Lanes>(f: L) -> L {
    const C: [f32; 6] = [
        f32::from_bits(0x3f31_7218),
        f32::from_bits(0x3e75_fdf0),
        f32::from_bits(0x3d63_57b7),
        f32::from_bits(0x3c1d_9521),
        f32::from_bits(0x3aaf_8857),
        f32::from_bits(0x3922_15d9),
    ];
    let square = f * f;
    let high = f.mul_add(L::splat(C[5]), L::splat(C[4]));
    let middle = f.mul_add(L::splat(C[3]), L::splat(C[2]));
    let low = f.mul_add(L::splat(C[1]), L::splat(C[0]));
    f * square.mul_add(square.mul_add(high, middle), low)
}

/// `k` and `r` with `x = k·ln 2 + r`.
#[inline(always)]
fn reduce<L: Lanes>(x: L) -> (L, L) {
    let k = x.round_product(L::splat(LOG2_E));
    (k, remainder(x, k))
}

/// `x - k·ln 2`.
#[inline(always)]
fn remainder<L: Lanes>(x: L, k: L) -> L {
    k.neg_mul_add(L::splat(LN2_LO), k.neg_mul_add(L::splat(LN2_HI), x))
}

/// As [`reduce`] for `x = hi + lo`.
#[inline(always)]
fn reduce_pair<L: Lanes>(hi: L, lo: L) -> (L, L) {
    let k = (hi + lo).round_product(L::splat(LOG2_E));
    let r = k.neg_mul_add(L::splat(LN2_HI), hi) + k.neg_mul_add(L::splat(LN2_LO), lo);
    (k, r)
}

/// `exp(hi + lo)` for `-170 <= hi + lo <= 90`, `|lo|` below about `|hi|·2^-10`.
#[inline(always)]
pub(crate) fn exp_pair<L: Lanes>(hi: L, lo: L) -> Exp<L> {
    let (k, r) = reduce_pair(hi, lo);
    Exp {
        p: expm1_reduced(r),
        k,
    }
}

/// `exp(x)` for `-170 <= x <= 90`.
#[inline(always)]
pub(crate) fn exp_of<L: Lanes>(x: L) -> Exp<L> {
    let (k, r) = reduce(x);
    Exp {
        p: expm1_reduced(r),
        k,
    }
}

/// `exp(x)` for every x: 0 and infinity where it leaves the range.
#[inline(always)]
pub(crate) fn exp<L: Lanes>(x: L) -> L {
    exp_of(x.at_least(L::splat(-120.0)).at_most(L::splat(90.0))).value()
}

/// `exp(x) - 1` for every x.
#[inline(always)]
pub(crate) fn expm1<L: Lanes>(x: L) -> L {
    let (k, r) = reduce(x.at_least(L::splat(-40.0)).at_most(L::splat(89.0)));
    // Half the power of two: 2^128 is no f32.
    let half = L::pow2(k - L::splat(1.0));
    let sum = half.mul_add(expm1_reduced(r), half - L::splat(0.5));
    sum + sum
}

/// `1 - exp(-2·a)` for `0 <= a <= 40`.
#[inline(always)]
pub(crate) fn one_minus_exp_of_twice<L: Lanes>(a: L) -> L {
    let (bits, k) = integer_in_bits(a, L::splat(-2.0 * LOG2_E), BIAS);
    // Half of -r, so that a need not be doubled.
    let half = k.mul_add(L::splat(LN2_LO / 2.0), k.mul_add(L::splat(LN2_HI / 2.0), a));
    let p = expm1_reduced_minus(half + half);
    let power = bits.pow2_of_bits();
    power.neg_mul_add(p, L::splat(1.0) - power)
}

/// `exp(x) - 1` for `x <= 0`.
#[inline(always)]
pub(crate) fn expm1_nonpositive<L: Lanes>(x: L) -> L {
    let (k, r) = reduce(x.at_least(L::splat(-40.0)));
    let power = L::pow2(k);
    power.mul_add(expm1_reduced(r), power - L::splat(1.0))
}

/// `exp(hi + lo) - 1` for `-120 <= hi + lo <= 0`, `|lo|` below about `|hi|·2^-10`.
#[inline(always)]
pub(crate) fn expm1_pair<L: Lanes>(hi: L, lo: L) -> L {
    let (k, r) = reduce_pair(hi, lo);
    let power = L::pow2(k.max(L::splat(-100.0)));
    power.mul_add(expm1_reduced(r), power - L::splat(1.0))
}

/// `exp(x)` and `exp(x) - 1`, each accurate, for `-80 <= x <= 0`.
#[inline(always)]
pub(crate) fn exp_and_expm1<L: Lanes>(x: L) -> (L, L) {
    let (k, r) = reduce(x);
    let p = expm1_reduced(r);
    let power = L::pow2(k);
    (
        power.mul_add(p, power),
        power.mul_add(p, power - L::splat(1.0)),
    )
}

/// `(exp(x) - 1 - x) / x²` for `-1 <= x <= 0`: its Taylor series, whose error at -1 is 2^-26.
#[inline(always)]
pub(crate) fn expm1_rest<L: Lanes>(x: L) -> L {
    polynomial(
        x,
        [
            1.0 / 2.0,
            1.0 / 6.0,
            1.0 / 24.0,
            1.0 / 120.0,
            1.0 / 720.0,
            1.0 / 5040.0,
            1.0 / 40_320.0,
            1.0 / 362_880.0,
            1.0 / 3_628_800.0,
            1.0 / 39_916_800.0,
        ],
    )
}

/// `b·x` as a sum `hi + lo` that is good to 2^-35, for `b = b_hi + b_lo` with `b_hi` of 12 bits.
#[inline(always)]
pub(crate) fn product_pair<L: Lanes>(b_hi: L, b_lo: L, x: L) -> (L, L) {
    if L::FUSED {
        let hi = b_hi * x;
        return (hi, b_lo.mul_add(x, b_hi.mul_add(x, -hi)));
    }
    let x_hi = x.keep_bits(0xffff_f000);
    let hi = b_hi * x_hi;
    let lo = b_hi.mul_add(x - x_hi, b_lo * x);
    (hi, lo)
}
