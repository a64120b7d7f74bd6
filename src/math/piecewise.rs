//! Functions as 32 polynomials, for instruction sets that look a number up in one instruction.

use crate::cpu::Lanes;

/// Polynomials of `N` terms, one around each multiple of `step`, which has few bits, from 0 to 31 of them.
pub(crate) struct Table<const N: usize> {
    pub(super) step: f32,
    pub(super) coefficients: [Row; N],
}

/// One coefficient of all polynomials; no two cache lines for half of it.
#[repr(align(64))]
pub(super) struct Row(pub [f32; 32]);

impl<const N: usize> Table<N> {
    /// Whether the table has these `t`, which are not negative.
    #[inline(always)]
    pub(crate) fn holds<L: Lanes>(&self, t: L) -> L::Mask {
        t.lt(L::splat(31.5 * self.step))
    }
}

/// `$quick` where the table holds the element, else `$careful`, which is computed only where a vector has such an element. A macro,
/// because a function that is handed to a function is not always inlined, and then it does not have the instruction set.
macro_rules! where_held {
    ($lanes:ident, $held:expr, $quick:expr, $careful:expr) => {{
        let (held, quick) = ($held, $quick);
        if $lanes::any(!held) {
            $lanes::select(held, quick, $careful)
        } else {
            quick
        }
    }};
}
pub(crate) use where_held;

/// A loop over many terms, each of several vectors, is one that the compiler leaves a loop.
macro_rules! at {
    ($($terms:literal: $last:literal $($others:literal)*;)*) => {$(
        impl Table<$terms> {
            /// The function at `t`, with one rounding of its own; any number where the table does not hold `t`.
            #[inline(always)]
            pub(crate) fn at<L: Lanes>(&self, t: L) -> L {
                // Adding 1.5·2^23 leaves an integer, in the lowest bits.
                let shift = L::splat(12_582_912.0);
                let shifted = t.mul_add(L::splat(1.0 / self.step), shift);
                let s = (shifted - shift).neg_mul_add(L::splat(self.step), t);
                let sum = shifted.lookup(&self.coefficients[$last].0);
                $(let sum = sum.mul_add(s, shifted.lookup(&self.coefficients[$others].0));)*
                sum
            }

            /// `x` times one less what the table holds of `|x|` on the right, times that on the left: a gate by its tail.
            #[inline(always)]
            pub(crate) fn gated<L: Lanes>(&self, x: L) -> L {
                let t = x.abs();
                t.neg_mul_add(self.at(t), x.at_least(L::splat(0.0)))
            }
        }
    )*};
}
at! {
    6: 5 4 3 2 1 0;
    7: 6 5 4 3 2 1 0;
    8: 7 6 5 4 3 2 1 0;
}

/// The derivative of a gate, given what remains of its left side at `-|x|` when that is divided by the distance from `root`.
#[inline(always)]
pub(crate) fn gate_derivative_beyond<L: Lanes>(x: L, ratio: L, root: [f32; 2]) -> L {
    let beyond = (x.abs() + L::splat(root[0])) + L::splat(root[1]);
    let left = beyond * ratio;
    L::select(x.ge(L::splat(0.0)), L::splat(1.0) - left, left)
}
