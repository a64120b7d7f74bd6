//! Picks the instruction set and runs an activation over memory with it.

use super::lanes::Lanes;
use super::pair::Pair;
use super::scalar::Scalar;
use crate::Direction;
use crate::activation::{Constants, Elementwise};

/// An instruction set that the loops are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// Sixteen lanes, x86-64 with AVX-512 F, DQ, BW and VL.
    Avx512,
    /// Eight lanes, x86-64 with AVX2 and FMA.
    Avx2,
    /// What the target always has (SSE2 on x86-64, NEON with fused multiply-add on aarch64).
    Portable,
}

impl Isa {
    /// The widest one that this machine can run.
    pub fn detect() -> Self {
        Self::available()[0]
    }

    /// Those that this machine can run, widest first.
    pub fn available() -> &'static [Self] {
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            #[cfg(nonlin_avx512)]
            if avx2
                && is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vl")
            {
                return &[Self::Avx512, Self::Avx2, Self::Portable];
            }
            if avx2 {
                return &[Self::Avx2, Self::Portable];
            }
        }
        &[Self::Portable]
    }

    /// The name to show.
    pub fn name(self) -> &'static str {
        match self {
            Self::Avx512 => "AVX-512",
            Self::Avx2 => "AVX2+FMA",
            Self::Portable if cfg!(target_arch = "aarch64") => "NEON",
            Self::Portable => "portable",
        }
    }
}

/// Where results are written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Results {
    /// Into the caches, where whoever reads them next finds them.
    Cached,
    /// Past the caches, which would not keep them. They must not lie in the place of an operand.
    Streamed,
}

/// Computes `count` elements: `x`, then `grad` (read by the backward directions only), then the result. The result may be
/// exactly `x` or exactly `grad`, but must not overlap either in another way.
///
/// # Safety
/// The pointers must be valid for `count` elements, and the machine must have the instruction set that the loop was made for.
pub(crate) type Loop = unsafe fn(*const f32, *const f32, *mut f32, usize, &Constants, Results);

/// The type of portable lane: fused where the target always has the instruction.
pub(super) type Portable = Scalar<{ cfg!(target_arch = "aarch64") }>;

/// What one element's result is, or what the gradient is multiplied with.
trait Rule {
    const TAKES_GRAD: bool;
    /// Whether the gradient is read before the factor is computed. Where much is computed it is better read when it is needed, so that no register holds it
    /// meanwhile (silu backward 7 % faster), where little is, at once (relu 4 %).
    const GRAD_FIRST: bool;
    /// The second is whether no lane is 0, infinite or NaN; false where that is not known.
    fn apply<A: Elementwise, L: Lanes>(x: L, c: &Constants) -> (L, bool);
}

macro_rules! rule {
    ($name:ident, $takes_grad:literal, $grad_first:literal, |$x:ident, $c:ident| $body:expr) => {
        struct $name;
        impl Rule for $name {
            const TAKES_GRAD: bool = $takes_grad;
            const GRAD_FIRST: bool = $grad_first;
            #[inline(always)]
            fn apply<A: Elementwise, L: Lanes>($x: L, $c: &Constants) -> (L, bool) {
                $body
            }
        }
    };
}
rule!(Forward, false, false, |x, c| (A::forward(x, c), false));
rule!(Derivative, false, false, |x, c| (
    A::derivative(x, c),
    false
));
rule!(Backward, true, false, |x, c| A::derivative_and_size(x, c));
rule!(DerivativeFromOutput, false, false, |y, c| (
    A::derivative_from_output(y, c),
    false
));
rule!(BackwardFromOutput, true, true, |y, c| (
    A::derivative_from_output(y, c),
    false
));

/// `grad * derivative`, where a zero wins over an infinity and NaN over everything.
#[inline(always)]
pub(super) fn chain_rule<L: Lanes>(grad: L, derivative: L) -> L {
    // An infinity times zero is the only way to a NaN that neither factor holds.
    zero_where_lost(grad * derivative, grad, derivative)
}

/// `result`, but zero where it is NaN though neither operand is.
#[inline(always)]
pub(super) fn zero_where_lost<L: Lanes>(result: L, a: L, b: L) -> L {
    if L::BRANCHES && !result.any_is_nan() {
        return result;
    }
    let lost = result.is_nan() & !a.either_nan(b);
    L::select(lost, L::splat(0.0), result)
}

/// [`chain_rule`] in the loop of one activation.
#[inline(always)]
fn gradient<A: Elementwise, L: Lanes>(grad: L, derivative: L) -> L {
    if A::NAN_BY_SUM && L::BRANCHES {
        let result = grad * derivative;
        if !result.sum_is_nan() {
            return result;
        }
    }
    chain_rule(grad, derivative)
}

/// The result of one vector.
///
/// # Safety
/// `x` must be valid for `WIDTH` elements, and `grad` where the rule takes one.
#[inline(always)]
unsafe fn result<A: Elementwise, R: Rule, L: Lanes>(
    x: *const f32,
    grad: *const f32,
    c: &Constants,
) -> L {
    // SAFETY: the caller's promise.
    unsafe {
        let value = L::load(x);
        if !R::TAKES_GRAD {
            return R::apply::<A, L>(value, c).0;
        }
        if R::GRAD_FIRST {
            let grad = L::load(grad);
            return gradient::<A, L>(grad, R::apply::<A, L>(value, c).0);
        }
        let (factor, of_some_size) = R::apply::<A, L>(value, c);
        let grad = L::load(grad);
        if of_some_size {
            return grad * factor;
        }
        gradient::<A, L>(grad, factor)
    }
}

/// One vector. A function, not a closure of [`run`]: a closure cannot be told to be inlined, and left alone it does not have the
/// instruction set, so that every operation in it becomes a call.
///
/// # Safety
/// As [`Loop`] for the elements from `at` to `at + WIDTH`, and `out + at` a multiple of a vector's bytes for results that are streamed.
#[inline(always)]
unsafe fn step<A: Elementwise, R: Rule, L: Lanes>(
    x: *const f32,
    grad: *const f32,
    out: *mut f32,
    at: usize,
    c: &Constants,
    results: Results,
) {
    // SAFETY: the caller promises that the elements are there.
    unsafe {
        let result = result::<A, R, L>(x.add(at), grad.wrapping_add(at), c);
        match results {
            Results::Cached => result.store(out.add(at)),
            Results::Streamed => result.stream(out.add(at)),
        }
    }
}

/// The loop over all elements, by a `W` of several vectors and in the end by single ones. Always inlined, so that it takes on the
/// instruction set of the function around it.
#[inline(always)]
unsafe fn run<A: Elementwise, R: Rule, L: Lanes, W: Lanes>(
    x: *const f32,
    grad: *const f32,
    out: *mut f32,
    count: usize,
    c: &Constants,
    results: Results,
) {
    let mut at = 0;
    let mut wide_results = Results::Cached;
    if count >= ALIGNED_FROM {
        // Results that lie across two cache lines take twice as long to store.
        at = out
            .align_offset(L::WIDTH * size_of::<f32>())
            .min(L::WIDTH - 1);
        // SAFETY: fewer than WIDTH elements, which are there.
        unsafe { part::<A, R, L>(x, grad, out, at, c) };
        if out
            .wrapping_add(at)
            .addr()
            .is_multiple_of(L::WIDTH * size_of::<f32>())
        {
            wide_results = results;
        }
    }
    while at + W::WIDTH <= count {
        // SAFETY: the vectors end at or before `count`, and the caller promises that many elements.
        unsafe { step::<A, R, W>(x, grad, out, at, c, wide_results) };
        at += W::WIDTH;
    }
    if wide_results == Results::Streamed {
        W::streamed();
    }
    while at + L::WIDTH <= count {
        // SAFETY: as above.
        unsafe { step::<A, R, L>(x, grad, out, at, c, Results::Cached) };
        at += L::WIDTH;
    }
    // SAFETY: `count - at < WIDTH` elements are left.
    unsafe { part::<A, R, L>(x.add(at), grad.wrapping_add(at), out.add(at), count - at, c) };
}

/// Elements from which on the first results are computed alone, so that the others are aligned: more than chains ask for at a time.
const ALIGNED_FROM: usize = 2048;

/// Fewer elements than a vector has.
///
/// # Safety
/// As [`Loop`], for `count < WIDTH`.
#[inline(always)]
unsafe fn part<A: Elementwise, R: Rule, L: Lanes>(
    x: *const f32,
    grad: *const f32,
    out: *mut f32,
    count: usize,
    c: &Constants,
) {
    if count == 0 {
        return;
    }
    let (mut x_part, mut grad_part, mut out_part) = ([0.0; 16], [0.0; 16], [0.0; 16]);
    // SAFETY: `count < WIDTH <= 16` elements are there behind each pointer that is used, and the arrays hold 16.
    unsafe {
        std::ptr::copy_nonoverlapping(x, x_part.as_mut_ptr(), count);
        if R::TAKES_GRAD {
            std::ptr::copy_nonoverlapping(grad, grad_part.as_mut_ptr(), count);
        }
        result::<A, R, L>(x_part.as_ptr(), grad_part.as_ptr(), c).store(out_part.as_mut_ptr());
        std::ptr::copy_nonoverlapping(out_part.as_ptr(), out, count);
    }
}

macro_rules! compiled_for {
    ($name:ident, $lanes:ty, $wide:ty, $(#[$attribute:meta])*) => {
        $(#[$attribute])*
        unsafe fn $name<A: Elementwise, R: Rule>(
            x: *const f32,
            grad: *const f32,
            out: *mut f32,
            count: usize,
            c: &Constants,
            results: Results,
        ) {
            // SAFETY: the caller keeps the contract of `Loop`.
            unsafe { run::<A, R, $lanes, $wide>(x, grad, out, count, c, results) }
        }
    };
}
compiled_for!(portable, Portable, Pair<Portable>,);
#[cfg(target_arch = "x86_64")]
compiled_for!(avx2, super::x86::Avx2, Pair<Pair<super::x86::Avx2>>, #[target_feature(enable = "avx2,fma")]);
#[cfg(all(target_arch = "x86_64", nonlin_avx512))]
compiled_for!(avx512, super::x86::Avx512, Pair<Pair<super::x86::Avx512>>, #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")]);

fn loop_of<A: Elementwise, R: Rule>(isa: Isa) -> Loop {
    match isa {
        #[cfg(all(target_arch = "x86_64", nonlin_avx512))]
        Isa::Avx512 => avx512::<A, R>,
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => avx2::<A, R>,
        _ => portable::<A, R>,
    }
}

/// The loop for one activation.
pub(crate) fn loop_for<A: Elementwise>(direction: Direction, isa: Isa) -> Loop {
    match direction {
        Direction::Forward => loop_of::<A, Forward>(isa),
        Direction::Derivative => loop_of::<A, Derivative>(isa),
        Direction::Backward => loop_of::<A, Backward>(isa),
        Direction::DerivativeFromOutput => loop_of::<A, DerivativeFromOutput>(isa),
        Direction::BackwardFromOutput => loop_of::<A, BackwardFromOutput>(isa),
    }
}

/// The portable loop with and without fused multiply-add, to bracket what the compilers of GPUs may do.
#[cfg(test)]
pub(crate) fn scalar_loop_for<A: Elementwise>(direction: Direction, fused: bool) -> Loop {
    fn of<A: Elementwise, R: Rule>(fused: bool) -> Loop {
        compiled_for!(with_fma, Scalar<true>, Scalar<true>, #[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2,fma"))]);
        compiled_for!(without_fma, Scalar<false>, Scalar<false>,);
        if fused {
            with_fma::<A, R>
        } else {
            without_fma::<A, R>
        }
    }
    match direction {
        Direction::Forward => of::<A, Forward>(fused),
        Direction::Derivative => of::<A, Derivative>(fused),
        _ => of::<A, DerivativeFromOutput>(fused),
    }
}
