//! tanh through expm1, or as a quotient of polynomials.

use super::exp::one_minus_exp_of_twice;
use super::polynomial;
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
    if L::FUSED && !L::TABLES {
        return tanh_of_half(x);
    }
    tanh_nonnegative(x.abs()).signed_as(x)
}

/// `tanh(x)` for every x, odd bit for bit: `2nd / (d² + n²)` for `tanh(x/2) = n / d` with polynomials of degree 5 and 6 (scripts/moderate.py). On
/// either side, where these have the largest errors, the result hardly feels them.
#[inline(always)]
fn tanh_of_half<L: Lanes>(x: L) -> L {
    // Both polynomials have a factor of 1.86 in common. It keeps them, up to `x²` of 0.6, just below a power of two, where roundings count least. The
    // last bits of the coefficients were searched for; without that it is 3.1 ULP.
    const N: [f32; 3] = [
        f32::from_bits(0x3f6e_4f37),
        f32::from_bits(0x3ce3_146e),
        f32::from_bits(0x38df_3507),
    ];
    const D: [f32; 4] = [
        f32::from_bits(0x3fee_4f37),
        f32::from_bits(0x3e57_a492),
        f32::from_bits(0x3b13_4357),
        f32::from_bits(0x3619_c648),
    ];
    // From here on the result is 1.
    const LIMIT: f32 = 9.02;
    let x = x.at_least(L::splat(-LIMIT)).at_most(L::splat(LIMIT));
    let square = x * x;
    let n = x * polynomial(square, N);
    let d = polynomial(square, D);
    (n * (d + d)) / d.mul_add(d, n * n)
}
