//! Arithmetic of a stream of values with an operand, and its gradients, compiled for every instruction set.

use crate::cpu::dispatch::{Isa, Portable, chain, zero_where_lost};
use crate::cpu::lanes::Lanes;

/// What one loop works on. `out` may be exactly one of the others.
#[derive(Clone, Copy)]
pub(super) struct Streams {
    /// `count` values: the stream, or the gradient that is passed back.
    pub a: *const f32,
    /// `count` values, read by the gradients that depend on the stream.
    pub b: *const f32,
    /// The operand: `count` values, or one for all.
    pub o: *const f32,
    /// The factor of [`Rule::MulAdd`].
    pub factor: f32,
    pub out: *mut f32,
    pub count: usize,
}

/// A loop over streams.
///
/// # Safety
/// The pointers that the rule reads must be valid for as many values as [`Streams`] says, and the machine must have the instruction
/// set that the loop was made for.
pub(super) type Loop = unsafe fn(&Streams);

trait Apply {
    const READS_B: bool;
    const READS_O: bool;
    fn apply<L: Lanes>(a: L, b: L, o: L, factor: L) -> L;
}

macro_rules! rules {
    ($($doc:literal $name:ident($($b:ident)?; $($o:ident)?) |$av:ident, $bv:ident, $ov:ident, $factor:ident| $body:expr;)*) => {
        /// What is computed of every element.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Rule {
            $(#[doc = $doc] $name,)*
        }

        $(
            struct $name;
            impl Apply for $name {
                const READS_B: bool = rules!(@reads $($b)?);
                const READS_O: bool = rules!(@reads $($o)?);
                #[inline(always)]
                fn apply<L: Lanes>($av: L, $bv: L, $ov: L, $factor: L) -> L {
                    $body
                }
            }
        )*

        impl Rule {
            /// The loop of this rule; `each` says whether the operand has a value for each element.
            pub(super) fn compiled(self, each: bool, isa: Isa) -> Loop {
                match (self, each) {
                    $(
                        (Self::$name, true) => loop_of::<$name, true>(isa),
                        (Self::$name, false) => loop_of::<$name, false>(isa),
                    )*
                }
            }
        }
    };
    (@reads) => { false };
    (@reads $name:ident) => { true };
}

rules! {
    "`a + o`." Add(; o) |a, _b, o, _f| a + o;
    "`a - o`." Sub(; o) |a, _b, o, _f| a - o;
    "`a · o`." Mul(; o) |a, _b, o, _f| a * o;
    "`a / o`." Div(; o) |a, _b, o, _f| a / o;
    "The larger one, NaN where either is." Max(; o) |a, _b, o, _f| L::select(a.is_nan(), a, a.max(o));
    "The smaller one, NaN where either is." Min(; o) |a, _b, o, _f| L::select(a.is_nan(), a, a.min(o));
    "`a · factor + o`." MulAdd(; o) |a, _b, o, f| a.mul_add(f, o);
    "The gradient of the factor that is not `o`." BackMul(; o) |g, _b, o, _f| chain(g, o);
    "The gradient of the dividend." BackDiv(; o) |g, _b, o, _f| zero_where_lost(g / o, g, o);
    "The gradient of `b` in the larger of `b` and `o`." BackMax(b; o) |g, v, o, _f| chain(g, share(o, v));
    "The gradient of `b` in the smaller of `b` and `o`." BackMin(b; o) |g, v, o, _f| chain(g, share(v, o));
    "The gradient of a subtrahend." OperandSub(; ) |g, _b, _o, _f| -g;
    "The gradient of the factor that is not `b`." OperandMul(b; ) |g, v, _o, _f| chain(g, v);
    "The gradient of the divisor." OperandDiv(b; o) |g, v, o, _f| operand_div(g, v, o);
    "The gradient of `o` in the larger of `b` and `o`." OperandMax(b; o) |g, v, o, _f| chain(g, share(v, o));
    "The gradient of `o` in the smaller of `b` and `o`." OperandMin(b; o) |g, v, o, _f| chain(g, share(o, v));
}

/// The share of the gradient that `larger` gets where the larger one of the two is passed on: 1, 0, a half of it where they are equal.
#[inline(always)]
fn share<L: Lanes>(smaller: L, larger: L) -> L {
    let (zero, one) = (L::splat(0.0), L::splat(1.0));
    let unequal = L::select(smaller.lt(larger), one, zero);
    let share = L::select(smaller.eq(larger), L::splat(0.5), unequal);
    share.nan_of(smaller).nan_of(larger)
}

/// `-(g / o) · (v / o)`, in this order: `o²` would leave the range where the result need not.
#[inline(always)]
fn operand_div<L: Lanes>(g: L, v: L, o: L) -> L {
    let (g, v) = (zero_where_lost(g / o, g, o), zero_where_lost(v / o, v, o));
    -chain(g, v)
}

/// One vector. A function and not a closure, as in `cpu::dispatch`: it has to take on the instruction set of its caller.
///
/// # Safety
/// As [`Loop`] for the elements from `at` to `at + WIDTH`.
#[inline(always)]
unsafe fn step<R: Apply, L: Lanes, const EACH: bool>(s: &Streams, at: usize, o: L, factor: L) {
    // SAFETY: the caller promises that the elements are there.
    unsafe {
        let a = L::load(s.a.add(at));
        let b = if R::READS_B { L::load(s.b.add(at)) } else { a };
        let o = if R::READS_O && EACH {
            L::load(s.o.add(at))
        } else {
            o
        };
        R::apply(a, b, o, factor).store(s.out.add(at));
    }
}

/// The loop over all elements. Always inlined, so that it takes on the instruction set of the function around it.
#[inline(always)]
unsafe fn run<R: Apply, L: Lanes, const EACH: bool>(s: &Streams) {
    let factor = L::splat(s.factor);
    let o = if R::READS_O && !EACH {
        // SAFETY: an operand for all elements has one value.
        L::splat(unsafe { s.o.read() })
    } else {
        factor
    };
    let mut at = 0;
    while at + L::WIDTH <= s.count {
        // SAFETY: the vector ends at or before `count`, and the caller promises that many elements.
        unsafe { step::<R, L, EACH>(s, at, o, factor) };
        at += L::WIDTH;
    }
    let rest = s.count - at;
    if rest > 0 {
        let mut tails = [[0.0_f32; 16]; 4];
        let [a, b, each, out] = &mut tails;
        // SAFETY: `rest < WIDTH <= 16` elements are left behind each pointer that is used, and the arrays hold 16.
        unsafe {
            std::ptr::copy_nonoverlapping(s.a.add(at), a.as_mut_ptr(), rest);
            if R::READS_B {
                std::ptr::copy_nonoverlapping(s.b.add(at), b.as_mut_ptr(), rest);
            }
            if R::READS_O && EACH {
                std::ptr::copy_nonoverlapping(s.o.add(at), each.as_mut_ptr(), rest);
            }
            let tail = Streams {
                a: a.as_ptr(),
                b: b.as_ptr(),
                o: each.as_ptr(),
                out: out.as_mut_ptr(),
                ..*s
            };
            step::<R, L, EACH>(&tail, 0, o, factor);
            std::ptr::copy_nonoverlapping(out.as_ptr(), s.out.add(at), rest);
        }
    }
}

macro_rules! compiled_for {
    ($name:ident, $lanes:ty, $(#[$attribute:meta])*) => {
        $(#[$attribute])*
        unsafe fn $name<R: Apply, const EACH: bool>(s: &Streams) {
            // SAFETY: the caller keeps the contract of `Loop`.
            unsafe { run::<R, $lanes, EACH>(s) }
        }
    };
}
compiled_for!(portable, Portable,);
#[cfg(target_arch = "x86_64")]
compiled_for!(avx2, crate::cpu::x86::Avx2, #[target_feature(enable = "avx2,fma")]);
#[cfg(all(target_arch = "x86_64", nonlin_avx512))]
compiled_for!(avx512, crate::cpu::x86::Avx512, #[allow(clippy::incompatible_msrv, reason = "build.rs leaves it out where the compiler is older")] #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")]);

fn loop_of<R: Apply, const EACH: bool>(isa: Isa) -> Loop {
    match isa {
        #[cfg(all(target_arch = "x86_64", nonlin_avx512))]
        Isa::Avx512 => avx512::<R, EACH>,
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => avx2::<R, EACH>,
        _ => portable::<R, EACH>,
    }
}
