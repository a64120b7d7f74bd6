//! [`Pair`]: vectors that are computed side by side.

use super::lanes::Lanes;
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

/// Two vectors as one, or four as a pair of pairs. A function is a chain of dozens of operations, each of which waits for the one
/// before it, and a processor looks ahead no further than about a hundred: written one vector after the other, two or three chains
/// are all that it finds to do at once. Here each operation is written for all vectors before the next one. The compiler does not keep to that by
/// itself: it takes one vector after the other to need fewer registers, unless it is held ([`Lanes::in_order`]).
///
/// Fields, not an array: what `std::array` offers is not always inlined, and a function of its own does not have the instruction
/// set of the loop.
#[derive(Clone, Copy)]
pub(crate) struct Pair<L>(L, L);

macro_rules! operators {
    ($($bound:ident: $trait:ident $method:ident,)*) => {$(
        impl<L: $bound + $trait<Output = L>> $trait for Pair<L> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self(self.0.$method(other.0), self.1.$method(other.1))
            }
        }
    )*};
}
operators! { Copy: Add add, Copy: Sub sub, Copy: Mul mul, Copy: Div div, Copy: BitAnd bitand, Copy: BitOr bitor, }

macro_rules! unary {
    ($($trait:ident $method:ident,)*) => {$(
        impl<L: $trait<Output = L>> $trait for Pair<L> {
            type Output = Self;
            #[inline(always)]
            fn $method(self) -> Self {
                Self(self.0.$method(), self.1.$method())
            }
        }
    )*};
}
unary! { Neg neg, Not not, }

macro_rules! on_both {
    ($($method:ident($($arg:ident),*);)*) => {$(
        #[inline(always)]
        fn $method(self $(, $arg: Self)*) -> Self {
            Self(self.0.$method($($arg.0),*), self.1.$method($($arg.1),*))
        }
    )*};
}

macro_rules! compare {
    ($($method:ident)*) => {$(
        #[inline(always)]
        fn $method(self, other: Self) -> Self::Mask {
            Pair(self.0.$method(other.0), self.1.$method(other.1))
        }
    )*};
}

macro_rules! on_integers {
    ($($method:ident)*) => {$(
        #[inline(always)]
        fn $method(a: Self::Int, b: Self::Int) -> Self::Int {
            Pair(L::$method(a.0, b.0), L::$method(a.1, b.1))
        }
    )*};
}

impl<L: Lanes> Lanes for Pair<L> {
    const WIDTH: usize = 2 * L::WIDTH;
    const FUSED: bool = L::FUSED;
    const TABLES: bool = L::TABLES;
    const EIGHT_PIECES: bool = L::EIGHT_PIECES;
    const BRANCHES: bool = L::BRANCHES;
    type Mask = Pair<L::Mask>;
    type Int = Pair<L::Int>;

    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self(L::splat(value), L::splat(value))
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller promises 2·WIDTH readable values.
        unsafe { Self(L::load(from), L::load(from.add(L::WIDTH))) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller promises 2·WIDTH writable values.
        unsafe {
            self.0.store(to);
            self.1.store(to.add(L::WIDTH));
        }
    }

    #[inline(always)]
    unsafe fn stream(self, to: *mut f32) {
        // SAFETY: the caller promises 2·WIDTH writable values, of which the second vector is aligned as the first.
        unsafe {
            self.0.stream(to);
            self.1.stream(to.add(L::WIDTH));
        }
    }

    #[inline(always)]
    fn streamed() {
        L::streamed();
    }

    on_both! {
        mul_add(b, c);
        neg_mul_add(b, c);
        min(other);
        max(other);
        sqrt();
        round();
        round_product(factor);
        quotient(b);
        copysign(sign);
        signed_as(sign);
        where_negative(negative, positive);
        times_pow2(k);
        pow2_of_bits();
    }
    compare! { lt le eq either_nan }
    on_integers! { int_add int_sub int_and int_max_unsigned }

    #[inline(always)]
    fn keep_bits(self, mask: u32) -> Self {
        Self(self.0.keep_bits(mask), self.1.keep_bits(mask))
    }

    #[inline(always)]
    fn is_nan(self) -> Self::Mask {
        Pair(self.0.is_nan(), self.1.is_nan())
    }

    #[inline(always)]
    fn any(mask: Self::Mask) -> bool {
        L::any(mask.0 | mask.1)
    }

    #[inline(always)]
    fn select(mask: Self::Mask, if_true: Self, if_false: Self) -> Self {
        Self(
            L::select(mask.0, if_true.0, if_false.0),
            L::select(mask.1, if_true.1, if_false.1),
        )
    }

    #[inline(always)]
    fn to_bits(self) -> Self::Int {
        Pair(self.0.to_bits(), self.1.to_bits())
    }

    #[inline(always)]
    fn from_bits(bits: Self::Int) -> Self {
        Self(L::from_bits(bits.0), L::from_bits(bits.1))
    }

    #[inline(always)]
    fn int(value: i32) -> Self::Int {
        Pair(L::int(value), L::int(value))
    }

    #[inline(always)]
    fn int_shr<const N: i32>(a: Self::Int) -> Self::Int {
        Pair(L::int_shr::<N>(a.0), L::int_shr::<N>(a.1))
    }

    #[inline(always)]
    fn int_to_float(a: Self::Int) -> Self {
        Self(L::int_to_float(a.0), L::int_to_float(a.1))
    }

    #[inline(always)]
    fn lookup(self, table: &[f32; 32]) -> Self {
        Self(self.0.lookup(table), self.1.lookup(table))
    }

    #[inline(always)]
    fn lookup_in_eight(self, table: &[f32; 8]) -> Self {
        Self(self.0.lookup_in_eight(table), self.1.lookup_in_eight(table))
    }

    #[inline(always)]
    fn times_pow2_of_bits(self, c: f32) -> Self {
        Self(self.0.times_pow2_of_bits(c), self.1.times_pow2_of_bits(c))
    }

    #[inline(always)]
    fn reaches(self, limit: f32) -> Self::Mask {
        Pair(self.0.reaches(limit), self.1.reaches(limit))
    }

    #[inline(always)]
    fn sum_reaches(self, limit: f32) -> bool {
        (self.0 + self.1).sum_reaches(limit)
    }

    #[inline(always)]
    fn any_reaches_down(self, limit: f32) -> bool {
        // Of two lanes the one that is more to the left has the larger bits.
        L::from_bits(L::int_max_unsigned(self.0.to_bits(), self.1.to_bits()))
            .any_reaches_down(limit)
    }

    #[inline(always)]
    fn in_order(self) -> Self {
        Self(self.0.in_order(), self.1.in_order())
    }

    #[inline(always)]
    fn any_is_nan(self) -> bool {
        L::any(self.0.either_nan(self.1))
    }

    #[inline(always)]
    fn sum_is_nan(self) -> bool {
        (self.0 + self.1).sum_is_nan()
    }

    #[inline(always)]
    fn pow2(k: Self) -> Self {
        Self(L::pow2(k.0), L::pow2(k.1))
    }
}
