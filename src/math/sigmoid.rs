//! The logistic function from the exponential that it is made of, and the derivatives of gates.

use super::exp::{
    Exp, LN2_HI, LN2_LO, LOG2_E, LOWER, Raised, exp_pair, expm1_reduced, expm1_reduced_minus,
    integer_in_bits, power_of_two, raised_power,
};
use super::polynomial;
use crate::cpu::Lanes;

/// `σ(s)·2^64`, given `exp(s)` of an `s` between -131 and 43.
#[inline(always)]
fn raised_sigmoid<L: Lanes>(e: Raised<L>) -> L {
    let value = e.value();
    value.quotient(value.mul_add(L::splat(LOWER), L::splat(1.0)))
}

/// `σ(hi + lo)` for `-106 <= hi + lo <= 50`, `|lo|` below about `|hi|·2^-10`; what is smaller than that is no f32 but 0.
#[inline(always)]
pub(crate) fn logistic<L: Lanes>(hi: L, lo: Option<L>) -> L {
    // 1 / (1 + exp(-s)), above and below times 2^-52, with which exp(-s) is an f32, and times 1.75: where the result is just below a power of two,
    // and its last digit counts most, the divisor is so too, and its roundings count least.
    const ONE: f32 = 1.75 * power_of_two(-52);
    let (bits, k) = integer_in_bits(hi, L::splat(-LOG2_E), 0);
    let minus_r = match lo {
        Some(lo) => k.mul_add(L::splat(LN2_HI), hi) + k.mul_add(L::splat(LN2_LO), lo),
        None => k.mul_add(L::splat(LN2_LO), k.mul_add(L::splat(LN2_HI), hi)),
    };
    let scale = bits.times_pow2_of_bits(ONE);
    let one = L::splat(ONE);
    one.quotient(scale.mul_add(expm1_reduced_minus(minus_r), scale + one))
}

/// `x·σ(s)` for a finite `x`, given `exp(s)` of an `s` between -131 and 43. Right where that is a normal number though `σ(s)` is not.
#[inline(always)]
pub(crate) fn times_sigmoid<L: Lanes>(x: L, e: Raised<L>) -> L {
    // Large numbers are lowered before the product, small ones after it.
    let (one, lower) = (L::splat(1.0), L::splat(LOWER));
    let large = one.lt(x.abs());
    let first = L::select(large, lower, one);
    let last = L::select(large, one, lower);
    ((x * first) * raised_sigmoid(e)) * last
}

/// `x·σ(s)` for every `x`, where `s` has the sign of `x`, given `a = -|x|`, at least the point from which on the result is -0, and `exp(-|s|)`.
#[inline(always)]
pub(crate) fn gate<L: Lanes>(x: L, a: L, e: Raised<L>) -> L {
    // On the right it is x less what would be the result on the left.
    (a * raised_sigmoid(e)).mul_add(L::splat(LOWER), x.at_least(L::splat(0.0)))
}

/// `(1 + e)²` with one rounding that counts.
#[inline(always)]
fn square_of_one_plus<L: Lanes>(e: L) -> L {
    e.mul_add(e + L::splat(2.0), L::splat(1.0))
}

/// `factor·σ'(s) = factor·e / (1 + e)²`, given `e = exp(-|s|)` of an `|s| <= 131`; never more than its value at 0, for a positive factor.
#[inline(always)]
pub(crate) fn times_sigmoid_derivative<L: Lanes>(factor: L, e: Raised<L>) -> L {
    let lower = L::splat(LOWER);
    let value = e.value();
    let quotient = value.quotient(square_of_one_plus(value * lower));
    ((factor * quotient) * lower).at_most(factor * L::splat(0.25))
}

/// By fused multiply-add, the derivative of a gate `x·σ(s(x))` for an odd s, with `t = -|s|`, `e = exp(t)` and `g = |x|·dt/d|x|`: on the left
/// `e·n / (1 + e)²` where `n = 1 + e + g`, and 1 minus that on the right. `e = power·(1 + p)` for a power of two.
#[derive(Clone, Copy)]
pub(crate) struct GateDerivative<L: Lanes> {
    p: L,
    power: L,
    raised_power: L,
}

impl<L: Lanes> GateDerivative<L> {
    /// For a `t = hi + lo` between -131 and 0.
    #[inline(always)]
    pub(crate) fn new(hi: L, lo: L) -> Self {
        let (raised_power, r) = raised_power(1.0, hi, lo);
        Self {
            p: expm1_reduced(r),
            power: raised_power * L::splat(LOWER),
            raised_power,
        }
    }

    /// The first two terms of `n = (1 + power) + g + power·p`. Where n nears its root the sum of the first three has hardly an error if it is
    /// taken in this order, and p is small; so only next to the root n has to be found in another way.
    #[inline(always)]
    pub(crate) fn one_plus_power(self) -> L {
        L::splat(1.0) + self.power
    }

    /// The last term of n added to a sum of others.
    #[inline(always)]
    pub(crate) fn plus_last(self, others: L) -> L {
        self.power.mul_add(self.p, others)
    }

    /// The derivative.
    ///
    /// - `positive`: whether `s >= 0`
    /// - `n`: right where it is not next to its root
    /// - `distance`: of the point on the left from n's root, accurate where it is small
    /// - `near_root`: `n / distance` as a series in the distance, good for distances up to 0.03
    #[inline(always)]
    pub(crate) fn finish(self, positive: L::Mask, n: L, distance: L, near_root: [f32; 4]) -> L {
        let Self { p, power, .. } = self;
        let near = distance.abs().lt(L::splat(0.03));
        let n = L::select(near, distance * polynomial(distance, near_root), n);
        let quotient = n.quotient(square_of_one_plus(self.plus_last(power)));
        let left = (quotient.mul_add(p, quotient) * self.raised_power) * L::splat(LOWER);
        L::select(positive, L::splat(1.0) - left, left)
    }
}

/// Where the derivative of silu is zero, as a sum of two f32.
pub(crate) const SILU_ROOT: [f32; 2] = [f32::from_bits(0xbfa3_a4ba), f32::from_bits(0x325e_fb7d)];
/// `(c·(exp(d) - 1) + d) / d` for c, the exp of that root, as a series in d.
const NEAR_SILU_ROOT: [f32; 4] = [
    1.0 + SILU_ROOT_EXP,
    SILU_ROOT_EXP / 2.0,
    SILU_ROOT_EXP / 6.0,
    SILU_ROOT_EXP / 24.0,
];
const SILU_ROOT_EXP: f32 = f32::from_bits(0x3e8e_92e8);

/// As [`GateDerivative`] where products are rounded, in the form of the shaders: `middle` is the left side where n begins to cancel,
/// by a polynomial of its own.
#[inline(always)]
pub(crate) fn gate_derivative_unfused<L: Lanes>(
    positive: L::Mask,
    e: Exp<L>,
    n: L,
    near_root: L::Mask,
    middle: L,
) -> L {
    let one = L::splat(1.0);
    let value = e.value();
    // The quotient is near n, and as n - n·q it has fewer roundings.
    let excess = value * (value + L::splat(2.0));
    let far = e.times((excess / (one + excess)).neg_mul_add(n, n));
    let left = L::select(near_root, middle, far);
    L::select(positive, one - left, left)
}

/// `σ(s)·(1 + s·σ(-s))`, the derivative of silu, for a `|s| <= 131` given as `-|s| = hi + lo`. `distance` is `-|s|` less the root and has
/// to be accurate where it is small.
#[inline(always)]
pub(crate) fn silu_derivative<L: Lanes>(positive: L::Mask, hi: L, lo: Option<L>, distance: L) -> L {
    if L::FUSED {
        let gate = GateDerivative::new(hi, lo.unwrap_or(L::splat(-0.0)));
        let sum = gate.one_plus_power() + hi;
        let n = match lo {
            Some(lo) => sum + gate.plus_last(lo),
            None => gate.plus_last(sum),
        };
        return gate.finish(positive, n, distance, NEAR_SILU_ROOT);
    }
    let lo = lo.unwrap_or(L::splat(-0.0));
    let s = hi + lo;
    let e = exp_pair(hi, lo);
    let middle = distance * silu_derivative_near_root(s);
    let n = (L::splat(1.0) + hi) + (e.value() + lo);
    gate_derivative_unfused(positive, e, n, L::splat(-2.0).lt(s), middle)
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
