//! Arithmetic of a stream of values with an operand, and its gradients, and an activation between two of them, compiled for every instruction set.

use crate::activation::{Constants, Elementwise};
use crate::cpu::dispatch::{Isa, Portable, chain_rule, zero_where_lost};
use crate::cpu::lanes::Lanes;
use crate::cpu::pair::Pair;
use std::marker::PhantomData;

/// What one loop works on. `out` may be exactly one of the others.
#[derive(Clone, Copy)]
pub(crate) struct Streams {
    /// `count` values: the stream, or the gradient that is passed back.
    pub a: *const f32,
    /// `count` values, read by the gradients that depend on the stream.
    pub b: *const f32,
    /// The operand: `count` values, or one for all.
    pub o: *const f32,
    /// `count` values: the gradient that is passed back through an activation.
    pub grad: *const f32,
    /// The factor of [`Rule::MulAdd`], and of an activation's input.
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

/// As [`Loop`], with the constants of an activation.
///
/// # Safety
/// As [`Loop`].
pub(crate) type AroundLoop = unsafe fn(&Streams, &Constants);

trait Apply {
    const READS_B: bool;
    const READS_O: bool;
    const READS_GRAD: bool = false;
    fn apply<L: Lanes>(&self, v: &Vectors<L>) -> L;
}

/// One vector of each stream.
struct Vectors<L> {
    a: L,
    b: L,
    o: L,
    grad: L,
    factor: L,
}

macro_rules! rules {
    ($($doc:literal $name:ident($($b:ident)?; $($o:ident)?) |$av:ident, $bv:ident, $ov:ident, $factor:ident| $body:expr;)*) => {
        /// What is computed of every element.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Rule {
            $(#[doc = $doc] $name,)*
        }

        $(
            #[derive(Default)]
            struct $name;
            impl Apply for $name {
                const READS_B: bool = rules!(@reads $($b)?);
                const READS_O: bool = rules!(@reads $($o)?);
                #[inline(always)]
                fn apply<L: Lanes>(&self, v: &Vectors<L>) -> L {
                    let ($av, $bv, $ov, $factor) = (v.a, v.b, v.o, v.factor);
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
    "The gradient of the factor that is not `o`." BackMul(; o) |g, _b, o, _f| chain_rule(g, o);
    "The gradient of the dividend." BackDiv(; o) |g, _b, o, _f| zero_where_lost(g / o, g, o);
    "The gradient of `b` in the larger of `b` and `o`." BackMax(b; o) |g, v, o, _f| chain_rule(g, share(o, v));
    "The gradient of `b` in the smaller of `b` and `o`." BackMin(b; o) |g, v, o, _f| chain_rule(g, share(v, o));
    "The gradient of a subtrahend." OperandSub(; ) |g, _b, _o, _f| -g;
    "The gradient of the factor that is not `b`." OperandMul(b; ) |g, v, _o, _f| chain_rule(g, v);
    "The gradient of the divisor." OperandDiv(b; o) |g, v, o, _f| operand_div(g, v, o);
    "The gradient of `o` in the larger of `b` and `o`." OperandMax(b; o) |g, v, o, _f| chain_rule(g, share(v, o));
    "The gradient of `o` in the smaller of `b` and `o`." OperandMin(b; o) |g, v, o, _f| chain_rule(g, share(o, v));
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
    -chain_rule(g, v)
}

/// An activation of `a · factor + b`, times `o`.
struct Around<'c, A>(&'c Constants, PhantomData<A>);

impl<A: Elementwise> Apply for Around<'_, A> {
    const READS_B: bool = true;
    const READS_O: bool = true;

    #[inline(always)]
    fn apply<L: Lanes>(&self, v: &Vectors<L>) -> L {
        A::forward(v.a.mul_add(v.factor, v.b), self.0) * v.o
    }
}

/// Its gradient with respect to `a`.
struct AroundBackward<'c, A>(&'c Constants, PhantomData<A>);

impl<A: Elementwise> Apply for AroundBackward<'_, A> {
    const READS_B: bool = true;
    const READS_O: bool = true;
    const READS_GRAD: bool = true;

    #[inline(always)]
    fn apply<L: Lanes>(&self, v: &Vectors<L>) -> L {
        let inner = v.a.mul_add(v.factor, v.b);
        let derivative = A::derivative(inner, self.0);
        if L::BRANCHES {
            // What a zero wins over is NaN until it does, and NaN goes through to the end.
            let result = ((v.grad * v.o) * derivative) * v.factor;
            if !result.any_is_nan() {
                return result;
            }
        }
        chain_rule(chain_rule(chain_rule(v.grad, v.o), derivative), v.factor)
    }
}

/// One vector. A function and not a closure, as in `cpu::dispatch`: it has to take on the instruction set of its caller.
///
/// # Safety
/// As [`Loop`] for the elements from `at` to `at + WIDTH`. `one` is the operand where it is one for all.
#[inline(always)]
unsafe fn step<R: Apply, L: Lanes, const EACH: bool>(rule: &R, s: &Streams, one: f32, at: usize) {
    // SAFETY: the caller promises that the elements are there.
    unsafe {
        let a = L::load(s.a.add(at));
        let factor = L::splat(s.factor);
        let v = Vectors {
            a,
            b: if R::READS_B { L::load(s.b.add(at)) } else { a },
            o: match (R::READS_O, EACH) {
                (true, true) => L::load(s.o.add(at)),
                (true, false) => L::splat(one),
                (false, _) => a,
            },
            grad: if R::READS_GRAD {
                L::load(s.grad.add(at))
            } else {
                a
            },
            factor,
        };
        rule.apply(&v).store(s.out.add(at));
    }
}

/// The loop over all elements, by a `W` of several vectors and in the end by single ones. Always inlined, so that it takes on the instruction set of the
/// function around it.
///
/// # Safety
/// As [`Loop`].
#[inline(always)]
unsafe fn run<R: Apply, L: Lanes, W: Lanes, const EACH: bool>(rule: &R, s: &Streams) {
    // A copy: what is stored might lie in the place of theirs.
    let s = &{ *s };
    let one = if R::READS_O && !EACH {
        // SAFETY: an operand for all elements has one value.
        unsafe { s.o.read() }
    } else {
        0.0
    };
    let mut at = 0;
    while at + W::WIDTH <= s.count {
        // SAFETY: the vectors end at or before `count`, and the caller promises that many elements.
        unsafe { step::<R, W, EACH>(rule, s, one, at) };
        at += W::WIDTH;
    }
    while at + L::WIDTH <= s.count {
        // SAFETY: as above.
        unsafe { step::<R, L, EACH>(rule, s, one, at) };
        at += L::WIDTH;
    }
    let rest = s.count - at;
    if rest > 0 {
        let mut tails = [[0.0_f32; 16]; 5];
        let [a, b, each, grad, out] = &mut tails;
        // SAFETY: `rest < WIDTH <= 16` elements are left behind each pointer that is used, and the arrays hold 16.
        unsafe {
            std::ptr::copy_nonoverlapping(s.a.add(at), a.as_mut_ptr(), rest);
            if R::READS_B {
                std::ptr::copy_nonoverlapping(s.b.add(at), b.as_mut_ptr(), rest);
            }
            if R::READS_O && EACH {
                std::ptr::copy_nonoverlapping(s.o.add(at), each.as_mut_ptr(), rest);
            }
            if R::READS_GRAD {
                std::ptr::copy_nonoverlapping(s.grad.add(at), grad.as_mut_ptr(), rest);
            }
            let tail = Streams {
                a: a.as_ptr(),
                b: b.as_ptr(),
                o: each.as_ptr(),
                grad: grad.as_ptr(),
                out: out.as_mut_ptr(),
                ..*s
            };
            step::<R, L, EACH>(rule, &tail, one, 0);
            std::ptr::copy_nonoverlapping(out.as_ptr(), s.out.add(at), rest);
        }
    }
}

macro_rules! compiled_for {
    ($module:ident, $lanes:ty, $wide:ty, $(#[$attribute:meta])*) => {
        mod $module {
            use super::*;

            $(#[$attribute])*
            pub(super) unsafe fn combine<R: Apply + Default, const EACH: bool>(s: &Streams) {
                // SAFETY: the caller keeps the contract of `Loop`.
                unsafe { run::<R, $lanes, $lanes, EACH>(&R::default(), s) }
            }

            $(#[$attribute])*
            pub(super) unsafe fn around<A: Elementwise>(s: &Streams, c: &Constants) {
                // SAFETY: as above.
                unsafe { run::<_, $lanes, $wide, true>(&Around::<A>(c, PhantomData), s) }
            }

            $(#[$attribute])*
            pub(super) unsafe fn around_backward<A: Elementwise>(s: &Streams, c: &Constants) {
                // SAFETY: as above.
                unsafe { run::<_, $lanes, $wide, true>(&AroundBackward::<A>(c, PhantomData), s) }
            }
        }
    };
}
compiled_for!(portable, Portable, Pair<Portable>,);
#[cfg(target_arch = "x86_64")]
compiled_for!(avx2, crate::cpu::x86::Avx2, Pair<Pair<crate::cpu::x86::Avx2>>, #[target_feature(enable = "avx2,fma")]);
#[cfg(all(target_arch = "x86_64", nonlin_avx512))]
compiled_for!(avx512, crate::cpu::x86::Avx512, Pair<Pair<crate::cpu::x86::Avx512>>, #[allow(clippy::incompatible_msrv, reason = "build.rs leaves it out where the compiler is older")] #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")]);

macro_rules! for_isa {
    ($isa:expr, $($function:tt)*) => {
        match $isa {
            #[cfg(all(target_arch = "x86_64", nonlin_avx512))]
            Isa::Avx512 => avx512::$($function)*,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => avx2::$($function)*,
            _ => portable::$($function)*,
        }
    };
}

fn loop_of<R: Apply + Default, const EACH: bool>(isa: Isa) -> Loop {
    for_isa!(isa, combine::<R, EACH>)
}

/// The loops of an activation between two operands, forward and for the gradient with respect to the stream.
pub(crate) fn around_loops<A: Elementwise>(isa: Isa) -> [AroundLoop; 2] {
    [
        for_isa!(isa, around::<A>),
        for_isa!(isa, around_backward::<A>),
    ]
}
