//! [`Lanes`] on x86-64: eight f32 with AVX2 and FMA, sixteen with AVX-512.

use super::lanes::{Lanes, ROUNDING};
use std::arch::x86_64::*;
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

/// Runs intrinsics. Every use has the same safety reason, stated once here: the methods of a [`Lanes`] type are called only
/// by `cpu::dispatch`, below a function that carries the type's `#[target_feature]`s and after the features were detected.
macro_rules! on {
    ($call:expr) => {{
        // SAFETY: see the macro's documentation; the intrinsics used here touch no memory.
        #[allow(unused_unsafe)]
        unsafe {
            $call
        }
    }};
}

macro_rules! operators {
    ($lanes:ident, $add:ident, $sub:ident, $mul:ident, $div:ident) => {
        operators!(@one $lanes, Add, add, $add);
        operators!(@one $lanes, Sub, sub, $sub);
        operators!(@one $lanes, Mul, mul, $mul);
        operators!(@one $lanes, Div, div, $div);
        impl Neg for $lanes {
            type Output = Self;
            #[inline(always)]
            fn neg(self) -> Self {
                Self::from_bits(Self::int_xor(self.to_bits(), Self::int(i32::MIN)))
            }
        }
    };
    (@one $lanes:ident, $trait:ident, $method:ident, $intrinsic:ident) => {
        impl $trait for $lanes {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self(on!($intrinsic(self.0, other.0)))
            }
        }
    };
}

/// Eight f32 in an AVX register.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(__m256);

/// A truth value a lane: the sign.
#[derive(Clone, Copy)]
pub(crate) struct Mask256(__m256);

operators!(
    Avx2,
    _mm256_add_ps,
    _mm256_sub_ps,
    _mm256_mul_ps,
    _mm256_div_ps
);

impl Avx2 {
    #[inline(always)]
    fn int_xor(a: __m256i, b: __m256i) -> __m256i {
        on!(_mm256_xor_si256(a, b))
    }

    #[inline(always)]
    fn power(k: __m256i) -> Self {
        Self(on!(_mm256_castsi256_ps(_mm256_slli_epi32::<23>(
            _mm256_add_epi32(k, _mm256_set1_epi32(127))
        ))))
    }
}

impl BitAnd for Mask256 {
    type Output = Self;
    #[inline(always)]
    fn bitand(self, other: Self) -> Self {
        Self(on!(_mm256_and_ps(self.0, other.0)))
    }
}

impl BitOr for Mask256 {
    type Output = Self;
    #[inline(always)]
    fn bitor(self, other: Self) -> Self {
        Self(on!(_mm256_or_ps(self.0, other.0)))
    }
}

impl Not for Mask256 {
    type Output = Self;
    #[inline(always)]
    fn not(self) -> Self {
        Self(on!(_mm256_xor_ps(
            self.0,
            _mm256_castsi256_ps(_mm256_set1_epi32(-1))
        )))
    }
}

impl Lanes for Avx2 {
    const WIDTH: usize = 8;
    const FUSED: bool = true;
    const TABLES: bool = false;
    const EIGHT_PIECES: bool = true;
    const BRANCHES: bool = true;
    type Mask = Mask256;
    type Int = __m256i;

    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self(on!(_mm256_set1_ps(value)))
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller promises eight readable values; the features are there (see `on!`).
        Self(unsafe { _mm256_loadu_ps(from) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller promises eight writable values; the features are there (see `on!`).
        unsafe { _mm256_storeu_ps(to, self.0) }
    }

    #[inline(always)]
    unsafe fn stream(self, to: *mut f32) {
        // SAFETY: the caller promises writable, aligned values; the features are there (see `on!`).
        unsafe { _mm256_stream_ps(to, self.0) }
    }

    #[inline(always)]
    fn streamed() {
        // What others do after this thread's next release is ordered by ordinary stores only.
        on!(_mm_sfence())
    }

    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        Self(on!(_mm256_fmadd_ps(self.0, b.0, c.0)))
    }

    #[inline(always)]
    fn neg_mul_add(self, b: Self, c: Self) -> Self {
        Self(on!(_mm256_fnmadd_ps(self.0, b.0, c.0)))
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Self(on!(_mm256_min_ps(self.0, other.0)))
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self(on!(_mm256_max_ps(self.0, other.0)))
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(on!(_mm256_sqrt_ps(self.0)))
    }

    #[inline(always)]
    fn round(self) -> Self {
        Self(on!(_mm256_round_ps::<
            { _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC },
        >(self.0)))
    }

    #[inline(always)]
    fn round_product(self, factor: Self) -> Self {
        // Adding 1.5·2^23 leaves no bits behind the point: an instruction less than a product and its rounding.
        let shift = Self::splat(ROUNDING);
        self.mul_add(factor, shift) - shift
    }

    #[inline(always)]
    fn keep_bits(self, mask: u32) -> Self {
        Self(on!(_mm256_and_ps(
            self.0,
            _mm256_castsi256_ps(_mm256_set1_epi32(mask as i32))
        )))
    }

    #[inline(always)]
    fn copysign(self, sign: Self) -> Self {
        let bit = on!(_mm256_castsi256_ps(_mm256_set1_epi32(i32::MIN)));
        Self(on!(_mm256_or_ps(
            _mm256_andnot_ps(bit, self.0),
            _mm256_and_ps(bit, sign.0)
        )))
    }

    #[inline(always)]
    fn signed_as(self, sign: Self) -> Self {
        let bit = on!(_mm256_castsi256_ps(_mm256_set1_epi32(i32::MIN)));
        Self(on!(_mm256_or_ps(self.0, _mm256_and_ps(bit, sign.0))))
    }

    #[inline(always)]
    fn lt(self, other: Self) -> Mask256 {
        Mask256(on!(_mm256_cmp_ps::<_CMP_LT_OQ>(self.0, other.0)))
    }

    #[inline(always)]
    fn le(self, other: Self) -> Mask256 {
        Mask256(on!(_mm256_cmp_ps::<_CMP_LE_OQ>(self.0, other.0)))
    }

    #[inline(always)]
    fn eq(self, other: Self) -> Mask256 {
        Mask256(on!(_mm256_cmp_ps::<_CMP_EQ_OQ>(self.0, other.0)))
    }

    #[inline(always)]
    fn is_nan(self) -> Mask256 {
        Mask256(on!(_mm256_cmp_ps::<_CMP_UNORD_Q>(self.0, self.0)))
    }

    #[inline(always)]
    fn either_nan(self, other: Self) -> Mask256 {
        Mask256(on!(_mm256_cmp_ps::<_CMP_UNORD_Q>(self.0, other.0)))
    }

    #[inline(always)]
    fn any(mask: Mask256) -> bool {
        on!(_mm256_movemask_ps(mask.0)) != 0
    }

    #[inline(always)]
    fn select(mask: Mask256, if_true: Self, if_false: Self) -> Self {
        Self(on!(_mm256_blendv_ps(if_false.0, if_true.0, mask.0)))
    }

    #[inline(always)]
    fn to_bits(self) -> __m256i {
        on!(_mm256_castps_si256(self.0))
    }

    #[inline(always)]
    fn from_bits(bits: __m256i) -> Self {
        Self(on!(_mm256_castsi256_ps(bits)))
    }

    #[inline(always)]
    fn int(value: i32) -> __m256i {
        on!(_mm256_set1_epi32(value))
    }

    #[inline(always)]
    fn int_add(a: __m256i, b: __m256i) -> __m256i {
        on!(_mm256_add_epi32(a, b))
    }

    #[inline(always)]
    fn int_sub(a: __m256i, b: __m256i) -> __m256i {
        on!(_mm256_sub_epi32(a, b))
    }

    #[inline(always)]
    fn int_max_unsigned(a: __m256i, b: __m256i) -> __m256i {
        on!(_mm256_max_epu32(a, b))
    }

    #[inline(always)]
    fn int_and(a: __m256i, b: __m256i) -> __m256i {
        on!(_mm256_and_si256(a, b))
    }

    #[inline(always)]
    fn int_shr<const N: i32>(a: __m256i) -> __m256i {
        on!(_mm256_srai_epi32::<N>(a))
    }

    #[inline(always)]
    fn int_to_float(a: __m256i) -> Self {
        Self(on!(_mm256_cvtepi32_ps(a)))
    }

    #[inline(always)]
    fn times_pow2(self, k: Self) -> Self {
        // In two normal factors, since 2^k may leave the range.
        let k = on!(_mm256_cvtps_epi32(k.0));
        let half = Self::int_shr::<1>(k);
        self * Self::power(half) * Self::power(Self::int_sub(k, half))
    }

    #[inline(always)]
    fn lookup(self, table: &[f32; 32]) -> Self {
        let places = Self::int_and(self.to_bits(), Self::int(31));
        // SAFETY: the places are those of the table's 32 numbers; the features are there (see `on!`).
        Self(unsafe { _mm256_i32gather_ps::<4>(table.as_ptr(), places) })
    }

    #[inline(always)]
    fn in_order(self) -> Self {
        /// Not `pure`, so that the compiler keeps the order of those that there are.
        #[inline]
        #[target_feature(enable = "avx2,fma")]
        fn held(mut x: __m256) -> __m256 {
            // SAFETY: there is no instruction, only a register that it stands in.
            unsafe {
                std::arch::asm!("/* {0} */", inout(ymm_reg) x, options(nomem, nostack, preserves_flags));
            }
            x
        }
        Self(on!(held(self.0)))
    }

    #[inline(always)]
    fn lookup_in_eight(self, table: &[f32; 8]) -> Self {
        // SAFETY: the table has eight numbers; the features are there (see `on!`).
        let table = unsafe { _mm256_loadu_ps(table.as_ptr()) };
        Self(on!(_mm256_permutevar8x32_ps(table, self.to_bits())))
    }

    #[inline(always)]
    fn pow2_of_bits(self) -> Self {
        Self::from_bits(on!(_mm256_slli_epi32::<23>(self.to_bits())))
    }

    #[inline(always)]
    fn times_pow2_of_bits(self, c: f32) -> Self {
        let power = on!(_mm256_slli_epi32::<23>(self.to_bits()));
        Self::from_bits(Self::int_add(power, Self::int(c.to_bits() as i32)))
    }

    #[inline(always)]
    fn where_negative(self, negative: Self, positive: Self) -> Self {
        Self(on!(_mm256_blendv_ps(positive.0, negative.0, self.0)))
    }

    #[inline(always)]
    fn any_reaches_down(self, limit: f32) -> bool {
        // Of numbers with a sign the bits, as an integer without, are the larger the smaller the number is.
        let limit = Self::int(limit.to_bits() as i32);
        let reaches = on!(_mm256_cmpeq_epi32(
            Self::int_max_unsigned(self.to_bits(), limit),
            self.to_bits()
        ));
        Self::any(Mask256(Self::from_bits(reaches).0))
    }

    #[inline(always)]
    fn reaches(self, limit: f32) -> Mask256 {
        // A sum that has its sign from there on: unlike a comparison it is computed beside multiply-adds.
        let sign_at_limit = i32::MIN.wrapping_sub(limit.to_bits() as i32);
        let sum = Self::int_add(self.abs().to_bits(), Self::int(sign_at_limit));
        Mask256(Self::from_bits(sum).0)
    }

    #[inline(always)]
    fn pow2(k: Self) -> Self {
        Self::power(on!(_mm256_cvtps_epi32(k.0)))
    }
}

/// Sixteen f32 in an AVX-512 register.
#[cfg(nonlin_avx512)]
#[derive(Clone, Copy)]
pub(crate) struct Avx512(__m512);

#[cfg(nonlin_avx512)]
operators!(
    Avx512,
    _mm512_add_ps,
    _mm512_sub_ps,
    _mm512_mul_ps,
    _mm512_div_ps
);

#[cfg(nonlin_avx512)]
impl Avx512 {
    #[inline(always)]
    fn int_xor(a: __m512i, b: __m512i) -> __m512i {
        on!(_mm512_xor_si512(a, b))
    }
}

#[cfg(nonlin_avx512)]
impl Lanes for Avx512 {
    const WIDTH: usize = 16;
    const FUSED: bool = true;
    const TABLES: bool = true;
    const BRANCHES: bool = true;
    type Mask = __mmask16;
    type Int = __m512i;

    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self(on!(_mm512_set1_ps(value)))
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller promises sixteen readable values; the features are there (see `on!`).
        Self(unsafe { _mm512_loadu_ps(from) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller promises sixteen writable values; the features are there (see `on!`).
        unsafe { _mm512_storeu_ps(to, self.0) }
    }

    #[inline(always)]
    unsafe fn stream(self, to: *mut f32) {
        // SAFETY: the caller promises writable, aligned values; the features are there (see `on!`).
        unsafe { _mm512_stream_ps(to, self.0) }
    }

    #[inline(always)]
    fn streamed() {
        // What others do after this thread's next release is ordered by ordinary stores only.
        on!(_mm_sfence())
    }

    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        Self(on!(_mm512_fmadd_ps(self.0, b.0, c.0)))
    }

    #[inline(always)]
    fn neg_mul_add(self, b: Self, c: Self) -> Self {
        Self(on!(_mm512_fnmadd_ps(self.0, b.0, c.0)))
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Self(on!(_mm512_min_ps(self.0, other.0)))
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self(on!(_mm512_max_ps(self.0, other.0)))
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(on!(_mm512_sqrt_ps(self.0)))
    }

    #[inline(always)]
    fn round(self) -> Self {
        Self(on!(_mm512_roundscale_ps::<
            { _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC },
        >(self.0)))
    }

    #[inline(always)]
    fn round_product(self, factor: Self) -> Self {
        // Adding 1.5·2^23 leaves no bits behind the point: an instruction less than a product and its rounding.
        let shift = Self::splat(ROUNDING);
        self.mul_add(factor, shift) - shift
    }

    #[inline(always)]
    fn quotient(self, b: Self) -> Self {
        // The divider takes 16 cycles for a vector on Intel's processors; an estimate of 14 bits and one step of Newton's
        // method take 3, and are off by half an ULP and 2^-28.
        let inverse = Self(on!(_mm512_rcp14_ps(b.0)));
        let estimate = self * inverse;
        estimate.neg_mul_add(b, self).mul_add(inverse, estimate)
    }

    #[inline(always)]
    fn keep_bits(self, mask: u32) -> Self {
        Self::from_bits(Self::int_and(self.to_bits(), Self::int(mask as i32)))
    }

    #[inline(always)]
    fn copysign(self, sign: Self) -> Self {
        // Truth table of `bit ? sign : self` for vpternlog: index = 4*bit + 2*self + sign.
        Self::from_bits(on!(_mm512_ternarylogic_epi32::<0b1010_1100>(
            Self::int(i32::MIN),
            self.to_bits(),
            sign.to_bits()
        )))
    }

    #[inline(always)]
    fn lt(self, other: Self) -> __mmask16 {
        on!(_mm512_cmp_ps_mask::<_CMP_LT_OQ>(self.0, other.0))
    }

    #[inline(always)]
    fn le(self, other: Self) -> __mmask16 {
        on!(_mm512_cmp_ps_mask::<_CMP_LE_OQ>(self.0, other.0))
    }

    #[inline(always)]
    fn eq(self, other: Self) -> __mmask16 {
        on!(_mm512_cmp_ps_mask::<_CMP_EQ_OQ>(self.0, other.0))
    }

    #[inline(always)]
    fn is_nan(self) -> __mmask16 {
        on!(_mm512_cmp_ps_mask::<_CMP_UNORD_Q>(self.0, self.0))
    }

    #[inline(always)]
    fn either_nan(self, other: Self) -> __mmask16 {
        on!(_mm512_cmp_ps_mask::<_CMP_UNORD_Q>(self.0, other.0))
    }

    #[inline(always)]
    fn any(mask: __mmask16) -> bool {
        mask != 0
    }

    #[inline(always)]
    fn select(mask: __mmask16, if_true: Self, if_false: Self) -> Self {
        Self(on!(_mm512_mask_blend_ps(mask, if_false.0, if_true.0)))
    }

    #[inline(always)]
    fn to_bits(self) -> __m512i {
        on!(_mm512_castps_si512(self.0))
    }

    #[inline(always)]
    fn from_bits(bits: __m512i) -> Self {
        Self(on!(_mm512_castsi512_ps(bits)))
    }

    #[inline(always)]
    fn int(value: i32) -> __m512i {
        on!(_mm512_set1_epi32(value))
    }

    #[inline(always)]
    fn int_add(a: __m512i, b: __m512i) -> __m512i {
        on!(_mm512_add_epi32(a, b))
    }

    #[inline(always)]
    fn int_sub(a: __m512i, b: __m512i) -> __m512i {
        on!(_mm512_sub_epi32(a, b))
    }

    #[inline(always)]
    fn int_max_unsigned(a: __m512i, b: __m512i) -> __m512i {
        on!(_mm512_max_epu32(a, b))
    }

    #[inline(always)]
    fn int_and(a: __m512i, b: __m512i) -> __m512i {
        on!(_mm512_and_si512(a, b))
    }

    #[inline(always)]
    fn int_shr<const N: i32>(a: __m512i) -> __m512i {
        // `_mm512_srai_epi32` takes an unsigned constant, which N cannot be turned into on stable; a count vector can.
        on!(_mm512_srav_epi32(a, _mm512_set1_epi32(N)))
    }

    #[inline(always)]
    fn int_to_float(a: __m512i) -> Self {
        Self(on!(_mm512_cvtepi32_ps(a)))
    }

    #[inline(always)]
    fn times_pow2(self, k: Self) -> Self {
        Self(on!(_mm512_scalef_ps(self.0, k.0)))
    }

    #[inline(always)]
    fn lookup(self, table: &[f32; 32]) -> Self {
        // SAFETY: both halves have sixteen numbers; the features are there (see `on!`).
        let (low, high) = unsafe {
            (
                _mm512_loadu_ps(table.as_ptr()),
                _mm512_loadu_ps(table.as_ptr().add(16)),
            )
        };
        Self(on!(_mm512_permutex2var_ps(low, self.to_bits(), high)))
    }

    #[inline(always)]
    fn lookup_in_eight(self, table: &[f32; 8]) -> Self {
        // SAFETY: the table has eight numbers; the features are there (see `on!`).
        let table = unsafe { _mm512_castps256_ps512(_mm256_loadu_ps(table.as_ptr())) };
        let places = Self::int_and(self.to_bits(), Self::int(7));
        Self(on!(_mm512_permutexvar_ps(places, table)))
    }

    #[inline(always)]
    fn pow2_of_bits(self) -> Self {
        Self::from_bits(on!(_mm512_slli_epi32::<23>(self.to_bits())))
    }

    #[inline(always)]
    fn times_pow2_of_bits(self, c: f32) -> Self {
        let power = on!(_mm512_slli_epi32::<23>(self.to_bits()));
        Self::from_bits(Self::int_add(power, Self::int(c.to_bits() as i32)))
    }

    #[inline(always)]
    fn pow2(k: Self) -> Self {
        Self::splat(1.0).times_pow2(k)
    }
}
