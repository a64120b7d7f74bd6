//! Functions as several polynomials, for instruction sets that look a number up in one instruction: among 32 ([`Lanes::TABLES`]) or among eight
//! ([`Lanes::EIGHT_PIECES`]). No table holds all inputs; where one does not, the form that holds everywhere takes its place.

use crate::cpu::{Lanes, ROUNDING};

/// Polynomials of `N` terms, one around each multiple of `step`, which has few bits, from 0 to 31 of them.
pub(crate) struct Table<const N: usize> {
    pub(super) step: f32,
    pub(super) coefficients: [Row; N],
}

/// One coefficient of all polynomials; no two cache lines for half of it.
#[repr(align(64))]
pub(super) struct Row(pub [f32; 32]);

/// Eight polynomials of `N` terms in the distance from their pieces' ends, where the function is smallest: its terms have one sign then. At t it is the
/// piece whose place is `(slope·t + offset)²` as an integer, modulo 8.
pub(crate) struct EightPieces<const N: usize> {
    pub(crate) limit: f32,
    pub(super) slope: f32,
    pub(super) offset: f32,
    pub(super) ends: Eight,
    pub(super) coefficients: [Eight; N],
}

/// One number of each piece, a vector.
#[repr(align(32))]
pub(super) struct Eight(pub [f32; 8]);

impl<const N: usize> Table<N> {
    /// Where the table does not hold `t`, which is not negative.
    #[inline(always)]
    pub(crate) fn lacks<L: Lanes>(&self, t: L) -> L::Mask {
        !t.lt(L::splat(31.5 * self.step))
    }

    /// A number whose lowest five bits tell the polynomial for `t`, and where `t` lies from its middle.
    #[inline(always)]
    fn place<L: Lanes>(&self, t: L) -> (L, L) {
        let shift = L::splat(ROUNDING);
        let shifted = t.mul_add(L::splat(1.0 / self.step), shift);
        (
            shifted,
            (shifted - shift).neg_mul_add(L::splat(self.step), t),
        )
    }
}

/// A polynomial in `$s` whose coefficients are looked up at `$place`. A loop over many terms, each of several vectors, is one that the compiler leaves
/// a loop.
macro_rules! horner {
    ($s:ident, $place:ident.$lookup:ident($rows:expr), $last:literal $($others:literal)*) => {{
        let sum = $place.$lookup(&$rows[$last].0);
        $(let sum = sum.mul_add($s, $place.$lookup(&$rows[$others].0)).in_order();)*
        sum
    }};
}

macro_rules! at_32 {
    ($($terms:literal: $($numbers:literal)*;)*) => {$(
        impl Table<$terms> {
            /// The function at `t`, which is not negative, with one rounding of its own; any number where the table does not hold `t`.
            #[inline(always)]
            pub(crate) fn at<L: Lanes>(&self, t: L) -> L {
                let (place, s) = self.place(t);
                horner!(s, place.lookup(self.coefficients), $($numbers)*)
            }
        }
    )*};
}
at_32! {
    6: 5 4 3 2 1 0;
    7: 6 5 4 3 2 1 0;
    8: 7 6 5 4 3 2 1 0;
}

impl Table<7> {
    /// As [`at`](Self::at) for `t = hi + lo`, `|lo|` below about `|hi|·2^-10`.
    #[inline(always)]
    pub(crate) fn at_pair<L: Lanes>(&self, hi: L, lo: L) -> L {
        let (place, s) = self.place(hi);
        let s = s + lo;
        horner!(s, place.lookup(self.coefficients), 6 5 4 3 2 1 0)
    }
}

macro_rules! at_eight {
    ($($terms:literal: $($numbers:literal)*;)*) => {$(
        impl EightPieces<$terms> {
            /// The function at `t`, which is not negative; any number where the pieces do not hold `t`.
            #[inline(always)]
            pub(crate) fn at<L: Lanes>(&self, t: L) -> L {
                let place = self.place(t);
                let s = place.lookup_in_eight(&self.ends.0) - t;
                horner!(s, place.lookup_in_eight(self.coefficients), $($numbers)*)
            }
        }
    )*};
}
at_eight! {
    9: 8 7 6 5 4 3 2 1 0;
    10: 9 8 7 6 5 4 3 2 1 0;
}

impl EightPieces<9> {
    /// As [`at`](Self::at) for `t = hi + lo`, `|lo|` below about `|hi|·2^-10`.
    #[inline(always)]
    pub(crate) fn at_pair<L: Lanes>(&self, hi: L, lo: L) -> L {
        let place = self.place(hi);
        let s = (place.lookup_in_eight(&self.ends.0) - hi) - lo;
        horner!(s, place.lookup_in_eight(self.coefficients), 8 7 6 5 4 3 2 1 0)
    }
}

impl<const N: usize> EightPieces<N> {
    /// A number whose lowest three bits tell the piece that `t` is in.
    #[inline(always)]
    fn place<L: Lanes>(&self, t: L) -> L {
        let root = t
            .mul_add(L::splat(self.slope), L::splat(self.offset))
            .in_order();
        root.mul_add(root, L::splat(ROUNDING)).in_order()
    }

    /// Where the pieces do not hold `t`, which is not negative.
    #[inline(always)]
    pub(crate) fn lacks<L: Lanes>(&self, t: L) -> L::Mask {
        t.reaches(self.limit)
    }

    /// `|x|`, or the limit where that is smaller: for functions that have reached by then what they tend to on the right.
    #[inline(always)]
    pub(crate) fn within<L: Lanes>(&self, x: L) -> L {
        x.abs().at_most(L::splat(self.limit))
    }

    /// Where an x on the left is beyond what the pieces hold; a NaN counts too.
    #[inline(always)]
    pub(crate) fn lacks_on_left<L: Lanes>(&self, x: L) -> L::Mask {
        !L::splat(-self.limit).lt(x)
    }

    /// Whether any x on the left is beyond what the pieces hold. A NaN without a sign does not count: it goes through the polynomials.
    #[inline(always)]
    pub(crate) fn lacks_any_on_left<L: Lanes>(&self, x: L) -> bool {
        x.any_reaches_down(-self.limit)
    }
}

/// `$moderate`, and `$general` in its place where `$beyond`, with whether all is moderate; `$beyond` is looked at, and `$general` computed, only where
/// `$may_be`. A macro, because a function that is handed to a function is not always inlined, and then it does not have the instruction set; so
/// `$moderate` is also there twice, unless it is a variable, which with few registers is faster.
macro_rules! moderate_or_general {
    ($lanes:ident, $may_be:expr, $beyond:expr, $moderate:expr, $general:expr) => {
        if $may_be {
            ($lanes::select($beyond, $general, $moderate), false)
        } else {
            ($moderate, true)
        }
    };
    ($lanes:ident, $beyond:expr, $moderate:expr, $general:expr) => {{
        let beyond = $beyond;
        moderate_or_general!($lanes, $lanes::any(beyond), beyond, $moderate, $general)
    }};
}
pub(crate) use moderate_or_general;

/// `x` times one less its tail on the right, times the tail on the left, given `t = |x|`, or less on the right where that changes nothing, and the
/// tail at t.
#[inline(always)]
pub(crate) fn gate_by_tail<L: Lanes>(x: L, t: L, tail: L) -> L {
    t.neg_mul_add(tail, x.at_least(L::splat(0.0)))
}

/// The derivative of a gate, and whether all is moderate: by the pieces that the instruction set has, which hold what remains of its left side at `-|x|`
/// when that is divided by the distance from `$root`; by `$general` where they do not hold x, and where there are none.
macro_rules! gate_derivative_by_pieces {
    ($lanes:ident, $x:ident, $root:expr, $table:ident, $eight:ident, $general:expr) => {{
        let t = $x.abs();
        if $lanes::TABLES {
            let quick = crate::math::gate_derivative_beyond($x, $table.at(t), $root);
            crate::math::moderate_or_general!($lanes, $table.lacks(t), quick, $general)
        } else if $lanes::EIGHT_PIECES {
            crate::math::moderate_or_general!(
                $lanes,
                $eight.lacks(t),
                crate::math::gate_derivative_beyond($x, $eight.at(t), $root),
                $general
            )
        } else {
            ($general, false)
        }
    }};
}
pub(crate) use gate_derivative_by_pieces;

/// The derivative of a gate, given what remains of its left side at `-|x|` when that is divided by the distance from `root`.
#[inline(always)]
pub(crate) fn gate_derivative_beyond<L: Lanes>(x: L, ratio: L, root: [f32; 2]) -> L {
    let beyond = (x.abs() + L::splat(root[0])) + L::splat(root[1]);
    gate_derivative_by_left(x, beyond * ratio)
}

/// The derivative of a gate, given it at `-|x|`.
#[inline(always)]
pub(crate) fn gate_derivative_by_left<L: Lanes>(x: L, left: L) -> L {
    x.where_negative(left, L::splat(1.0) - left)
}
