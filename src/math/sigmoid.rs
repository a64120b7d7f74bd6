//! The logistic function from the exponential that it is made of, and the derivatives of gates.

use super::exp::{Exp, LOWER, Raised, exp_pair, expm1_reduced, raised_power};
use super::polynomial;
use crate::cpu::Lanes;

/// `σ(s)·2^64`, given `exp(s)` of an `s` between -131 and 43.
#[inline(always)]
fn raised_sigmoid<L: Lanes>(e: Raised<L>) -> L {
    let value = e.value();
    value.quotient(value.mul_add(L::splat(LOWER), L::splat(1.0)))
}

/// `σ(s)`, given `exp(s)` of an `s` between -131 and 43.
#[inline(always)]
pub(crate) fn logistic<L: Lanes>(e: Raised<L>) -> L {
    raised_sigmoid(e) * L::splat(LOWER)
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
/// `e·n / (1 + e)²` where `n = 1 + e + g`, and 1 minus that on the right.
///
/// Where n nears its root in t it is `c·(exp(t - root) - 1)` and what g has grown by since the root, for `c = exp(root)`, here a sum of two f32: both have
/// one sign, so that nothing cancels however near the root is.
///
/// - `positive`: whether `s >= 0`
/// - `hi + lo`: t, between -131 and 0
/// - `distance`: `t - root`, accurate where it is small
/// - `grown`: g less its value at the root, accurate where it is small
/// - `one_plus_g`: `1 + g`, as a sum
#[inline(always)]
pub(crate) fn gate_derivative<L: Lanes>(
    positive: L::Mask,
    (hi, lo): (L, L),
    distance: L,
    grown: L,
    one_plus_g: (L, L),
    [c, c_rest]: [f32; 2],
) -> L {
    let (lower, zero) = (L::splat(LOWER), L::splat(0.0));
    let near = distance.abs().lt(L::splat(0.34));
    let (power, r) = raised_power(1.0, hi, lo);
    // e = power·(1 + p), where power is 2^k or near the root c.
    let p = expm1_reduced(L::select(near, distance, r));
    let power = L::select(near, L::splat(c / LOWER), power);
    let e = power.mul_add(p, power) * lower;
    let near_root = L::splat(c).mul_add(p, grown);
    let n = L::select(near, near_root, one_plus_g.0 + (one_plus_g.1 + e));
    let quotient = n.quotient(square_of_one_plus(e));
    let left = quotient.mul_add(p, quotient);
    let rest = left * L::select(near, L::splat(c_rest / LOWER), zero);
    let left = left.mul_add(power, rest) * lower;
    L::select(positive, L::splat(1.0) - left, left)
}

/// Where the derivative of silu is zero, and `exp` of that, as sums of two f32.
pub(crate) const SILU_ROOT: [f32; 2] = [f32::from_bits(0xbfa3_a4ba), f32::from_bits(0x325e_fb7d)];
const SILU_ROOT_EXP: [f32; 2] = [f32::from_bits(0x3e8e_92e8), f32::from_bits(0xb25e_fb7d)];

/// As [`gate_derivative`] where products are rounded, in the form of the shaders: `middle` is the left side where n begins to cancel,
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
pub(crate) fn silu_derivative<L: Lanes>(positive: L::Mask, hi: L, lo: L, distance: L) -> L {
    let one_plus = L::splat(1.0) + hi;
    if L::FUSED {
        return gate_derivative(
            positive,
            (hi, lo),
            distance,
            distance,
            (one_plus, lo),
            SILU_ROOT_EXP,
        );
    }
    let s = hi + lo;
    let e = exp_pair(hi, lo);
    let middle = distance * silu_derivative_near_root(s);
    let n = one_plus + (e.value() + lo);
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
