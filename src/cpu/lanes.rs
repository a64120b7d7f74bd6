//! [`Lanes`]: the operations that the numeric code is written in, so that one text serves every instruction set.
//!
//! Implementations: [`Scalar`](super::scalar::Scalar) (portable; the compiler vectorises its loop with what the target
//! always has, NEON on aarch64), [`Avx2`](super::x86::Avx2) and [`Avx512`](super::x86::Avx512), chosen at run time.

use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

/// A sum with 1.5·2^23 is rounded to an integer, which it has in its lowest bits.
pub(crate) const ROUNDING: f32 = 12_582_912.0;

/// `WIDTH` f32 values that one operation works on.
///
/// No method may be called on a machine without the implementation's instruction set; `cpu::dispatch` alone picks it.
pub(crate) trait Lanes:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// Number of f32 values.
    const WIDTH: usize;
    /// Whether [`mul_add`](Self::mul_add) rounds once.
    const FUSED: bool;
    /// Whether [`lookup`](Self::lookup) is one instruction.
    const TABLES: bool;
    /// Whether [`lookup_in_eight`](Self::lookup_in_eight) is one instruction, and [`lookup`](Self::lookup) is not.
    const EIGHT_PIECES: bool = false;
    /// Whether a branch on [`any`](Self::any) is cheap. Where the compiler is to vectorise the loop it is not.
    const BRANCHES: bool;
    /// Whether the forms of `math::moderate` are faster here than those that hold everywhere.
    const MODERATE: bool = Self::FUSED && Self::BRANCHES;
    /// One truth value a lane.
    type Mask: Copy
        + BitAnd<Output = Self::Mask>
        + BitOr<Output = Self::Mask>
        + Not<Output = Self::Mask>;
    /// One 32-bit integer a lane.
    type Int: Copy;

    /// All lanes hold `value`.
    fn splat(value: f32) -> Self;
    /// Reads `WIDTH` values.
    ///
    /// # Safety
    /// `from` must be valid for reading `WIDTH` values; no alignment is needed.
    unsafe fn load(from: *const f32) -> Self;
    /// Writes `WIDTH` values.
    ///
    /// # Safety
    /// `to` must be valid for writing `WIDTH` values; no alignment is needed.
    unsafe fn store(self, to: *mut f32);

    /// As [`store`](Self::store), past the caches where the instruction set can. The results are there for others after
    /// [`streamed`](Self::streamed).
    ///
    /// # Safety
    /// As [`store`](Self::store), and `to` must be a multiple of the vector's bytes.
    #[inline(always)]
    unsafe fn stream(self, to: *mut f32) {
        // SAFETY: the caller's promise is more than `store` asks for.
        unsafe { self.store(to) }
    }
    /// Ends a run of [`stream`](Self::stream).
    #[inline(always)]
    fn streamed() {}

    /// `self * b + c`, rounded once where the instruction set has a fused form, else twice.
    fn mul_add(self, b: Self, c: Self) -> Self;
    /// `c - self * b`, rounded as [`mul_add`](Self::mul_add).
    fn neg_mul_add(self, b: Self, c: Self) -> Self;
    /// The smaller one; `other` where either is NaN.
    fn min(self, other: Self) -> Self;
    /// The larger one; `other` where either is NaN.
    fn max(self, other: Self) -> Self;
    /// Correctly rounded square root.
    fn sqrt(self) -> Self;
    /// Nearest integer, ties to even; `|self|` must be below 2^22.
    fn round(self) -> Self;
    /// `self * factor` to the nearest integer, or next to it where the product is near a half; its magnitude must be below 2^22.
    #[inline(always)]
    fn round_product(self, factor: Self) -> Self {
        (self * factor).round()
    }
    /// `self / b`, at most 0.57 ULP off, for a finite `self` or NaN, and `2^-60 <= b <= 2^101` or NaN.
    #[inline(always)]
    fn quotient(self, b: Self) -> Self {
        self / b
    }
    /// Keeps the bits that are set in `mask`.
    fn keep_bits(self, mask: u32) -> Self;
    /// Magnitude of `self`, sign of `sign`.
    fn copysign(self, sign: Self) -> Self;
    /// As [`copysign`](Self::copysign), for a `self` without a sign.
    #[inline(always)]
    fn signed_as(self, sign: Self) -> Self {
        self.copysign(sign)
    }

    /// `self < other`, false where either is NaN.
    fn lt(self, other: Self) -> Self::Mask;
    /// `self <= other`, false where either is NaN.
    fn le(self, other: Self) -> Self::Mask;
    /// `self == other`, false where either is NaN.
    fn eq(self, other: Self) -> Self::Mask;
    /// True for NaN.
    fn is_nan(self) -> Self::Mask;
    /// True where either is NaN.
    fn either_nan(self, other: Self) -> Self::Mask;
    /// Whether any lane is true.
    fn any(mask: Self::Mask) -> bool;
    /// `if_true` where `mask`, else `if_false`.
    fn select(mask: Self::Mask, if_true: Self, if_false: Self) -> Self;

    /// `negative` where the sign of `self` is set, else `positive`; either one for NaN.
    #[inline(always)]
    fn where_negative(self, negative: Self, positive: Self) -> Self {
        Self::select(self.lt(Self::splat(0.0)), negative, positive)
    }
    /// True where the magnitude is not below `limit`, and for NaN.
    #[inline(always)]
    fn reaches(self, limit: f32) -> Self::Mask {
        !self.abs().lt(Self::splat(limit))
    }
    /// Whether the sum of several lanes, of which none is negative, is not below `limit`; so it is where one of them is not, or NaN.
    #[inline(always)]
    fn sum_reaches(self, limit: f32) -> bool {
        Self::any(self.reaches(limit))
    }
    /// Whether any lane is at most `limit`, which is negative. A NaN with a sign counts; one without need not.
    #[inline(always)]
    fn any_reaches_down(self, limit: f32) -> bool {
        Self::any(!Self::splat(limit).lt(self))
    }
    /// Whether any lane is NaN.
    #[inline(always)]
    fn any_is_nan(self) -> bool {
        Self::any(self.is_nan())
    }

    /// Whether the sum of several lanes is NaN; so it is where one of them is. More operations than [`any_is_nan`](Self::any_is_nan).
    #[inline(always)]
    fn sum_is_nan(self) -> bool {
        self.any_is_nan()
    }

    /// `self`, at its place among the others that are made so: the compiler does not compute one vector to its end before it begins with the one
    /// beside it ([`Pair`](super::pair::Pair)). For long chains of operations that wait for each other; nothing where that has not been measured.
    #[inline(always)]
    fn in_order(self) -> Self {
        self
    }

    /// The bits of `self`.
    fn to_bits(self) -> Self::Int;
    /// The values with these bits.
    fn from_bits(bits: Self::Int) -> Self;
    /// All lanes hold `value`.
    fn int(value: i32) -> Self::Int;
    /// Wrapping sum.
    fn int_add(a: Self::Int, b: Self::Int) -> Self::Int;
    /// Wrapping difference.
    fn int_sub(a: Self::Int, b: Self::Int) -> Self::Int;
    /// The larger one of two numbers without a sign.
    fn int_max_unsigned(a: Self::Int, b: Self::Int) -> Self::Int;
    /// Bitwise and.
    fn int_and(a: Self::Int, b: Self::Int) -> Self::Int;
    /// Arithmetic shift to the right.
    fn int_shr<const N: i32>(a: Self::Int) -> Self::Int;
    /// The integers as f32.
    fn int_to_float(a: Self::Int) -> Self;

    /// `self * 2^k` for a normal `self` and integral `-250 <= k <= 250`, rounded once.
    fn times_pow2(self, k: Self) -> Self;
    /// `2^k` for integral `-126 <= k <= 127`.
    fn pow2(k: Self) -> Self;
    /// `2^(n - 127)` for the integer n in the lowest bits of `self`, `1 <= n <= 254`; the bits above the lowest nine do not count.
    fn pow2_of_bits(self) -> Self;

    /// `c·2^n` for the integer n in the lowest bits of `self`, where that is a normal number; the bits above the lowest nine do not count.
    fn times_pow2_of_bits(self, c: f32) -> Self;

    /// The table's numbers at the places that the lowest five bits of each lane tell.
    fn lookup(self, table: &[f32; 32]) -> Self;

    /// The table's numbers at the places that the lowest three bits of each lane tell.
    fn lookup_in_eight(self, table: &[f32; 8]) -> Self;

    /// Magnitude.
    #[inline(always)]
    fn abs(self) -> Self {
        self.keep_bits(0x7fff_ffff)
    }

    /// `self`, but `limit` where it is larger; NaN stays.
    #[inline(always)]
    fn at_most(self, limit: Self) -> Self {
        limit.min(self)
    }

    /// `self`, but `limit` where it is smaller; NaN stays.
    #[inline(always)]
    fn at_least(self, limit: Self) -> Self {
        limit.max(self)
    }

    /// `self > other`, false where either is NaN.
    #[inline(always)]
    fn gt(self, other: Self) -> Self::Mask {
        other.lt(self)
    }

    /// `self >= other`, false where either is NaN.
    #[inline(always)]
    fn ge(self, other: Self) -> Self::Mask {
        other.le(self)
    }

    /// `self`, but `x` where `x` is NaN.
    #[inline(always)]
    fn nan_of(self, x: Self) -> Self {
        Self::select(x.is_nan(), x, self)
    }
}
