//! The portable implementation of [`Lanes`]: one f32. The compiler vectorises the loop around it for the target's baseline.

use super::lanes::{Lanes, ROUNDING};
use std::ops::{Add, Div, Mul, Neg, Sub};

/// One f32; `FUSED` says whether [`mul_add`](Lanes::mul_add) rounds once. Fused is fast only where the target always has
/// the instruction (aarch64); tests use both, to bracket what a GPU may do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scalar<const FUSED: bool>(pub f32);

macro_rules! operator {
    ($trait:ident, $method:ident, $op:tt) => {
        impl<const FUSED: bool> $trait for Scalar<FUSED> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self(self.0 $op other.0)
            }
        }
    };
}
operator!(Add, add, +);
operator!(Sub, sub, -);
operator!(Mul, mul, *);
operator!(Div, div, /);

impl<const FUSED: bool> Neg for Scalar<FUSED> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl<const FUSED: bool> Lanes for Scalar<FUSED> {
    const WIDTH: usize = 1;
    const FUSED: bool = FUSED;
    const TABLES: bool = false;
    const BRANCHES: bool = false;
    type Mask = bool;
    type Int = i32;

    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self(value)
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller promises that one value can be read.
        Self(unsafe { from.read() })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller promises that one value can be written.
        unsafe { to.write(self.0) }
    }

    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        Self(if FUSED {
            self.0.mul_add(b.0, c.0)
        } else {
            self.0 * b.0 + c.0
        })
    }

    #[inline(always)]
    fn neg_mul_add(self, b: Self, c: Self) -> Self {
        Self(if FUSED {
            (-self.0).mul_add(b.0, c.0)
        } else {
            c.0 - self.0 * b.0
        })
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Self(if self.0 < other.0 { self.0 } else { other.0 })
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self(if self.0 > other.0 { self.0 } else { other.0 })
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(self.0.sqrt())
    }

    #[inline(always)]
    fn round(self) -> Self {
        // `round_ties_even` would be a library call on baseline x86-64.
        Self((self.0 + ROUNDING) - ROUNDING)
    }

    #[inline(always)]
    fn keep_bits(self, mask: u32) -> Self {
        Self(f32::from_bits(self.0.to_bits() & mask))
    }

    #[inline(always)]
    fn copysign(self, sign: Self) -> Self {
        Self(self.0.copysign(sign.0))
    }

    #[inline(always)]
    fn lt(self, other: Self) -> bool {
        self.0 < other.0
    }

    #[inline(always)]
    fn le(self, other: Self) -> bool {
        self.0 <= other.0
    }

    #[inline(always)]
    fn eq(self, other: Self) -> bool {
        self.0 == other.0
    }

    #[inline(always)]
    fn is_nan(self) -> bool {
        self.0.is_nan()
    }

    #[inline(always)]
    fn either_nan(self, other: Self) -> bool {
        self.0.is_nan() | other.0.is_nan()
    }

    #[inline(always)]
    fn any(mask: bool) -> bool {
        mask
    }

    #[inline(always)]
    fn select(mask: bool, if_true: Self, if_false: Self) -> Self {
        if mask { if_true } else { if_false }
    }

    #[inline(always)]
    fn to_bits(self) -> i32 {
        self.0.to_bits() as i32
    }

    #[inline(always)]
    fn from_bits(bits: i32) -> Self {
        Self(f32::from_bits(bits as u32))
    }

    #[inline(always)]
    fn int(value: i32) -> i32 {
        value
    }

    #[inline(always)]
    fn int_add(a: i32, b: i32) -> i32 {
        a.wrapping_add(b)
    }

    #[inline(always)]
    fn int_sub(a: i32, b: i32) -> i32 {
        a.wrapping_sub(b)
    }

    #[inline(always)]
    fn int_max_unsigned(a: i32, b: i32) -> i32 {
        (a as u32).max(b as u32) as i32
    }

    #[inline(always)]
    fn int_and(a: i32, b: i32) -> i32 {
        a & b
    }

    #[inline(always)]
    fn int_shr<const N: i32>(a: i32) -> i32 {
        a >> N
    }

    #[inline(always)]
    fn int_to_float(a: i32) -> Self {
        Self(a as f32)
    }

    #[inline(always)]
    fn times_pow2(self, k: Self) -> Self {
        // In two normal factors, since 2^k may leave the range.
        let k = k.0 as i32;
        let half = k >> 1;
        Self(self.0 * power(half) * power(k - half))
    }

    #[inline(always)]
    fn lookup(self, table: &[f32; 32]) -> Self {
        Self(table[(self.0.to_bits() & 31) as usize])
    }

    #[inline(always)]
    fn lookup_in_eight(self, table: &[f32; 8]) -> Self {
        Self(table[(self.0.to_bits() & 7) as usize])
    }

    #[inline(always)]
    fn pow2_of_bits(self) -> Self {
        Self(f32::from_bits(self.0.to_bits() << 23))
    }

    #[inline(always)]
    fn times_pow2_of_bits(self, c: f32) -> Self {
        Self(f32::from_bits(
            (self.0.to_bits() << 23).wrapping_add(c.to_bits()),
        ))
    }

    #[inline(always)]
    fn pow2(k: Self) -> Self {
        Self(power(k.0 as i32))
    }
}

#[inline(always)]
fn power(k: i32) -> f32 {
    f32::from_bits((k.wrapping_add(127) as u32) << 23)
}
