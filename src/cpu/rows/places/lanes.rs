//! Loops over several streams, compiled for every instruction set.

use crate::cpu::dispatch::{Isa, Portable};
use crate::cpu::lanes::Lanes;

/// Constants of a rule.
pub(super) type Numbers = [f32; 2];

/// What is computed of one vector of each stream.
pub(super) trait Rule<const IN: usize, const OUT: usize> {
    fn apply<L: Lanes>(x: [L; IN], c: Numbers) -> [L; OUT];
}

/// A loop over streams of `count` elements. A result may lie exactly over an input.
///
/// # Safety
/// The pointers must be valid for `count` elements, and the machine must have the instruction set that the loop was made for.
pub(super) type Loop<const IN: usize, const OUT: usize> =
    unsafe fn([*const f32; IN], [*mut f32; OUT], usize, Numbers);

/// One vector. A function and not a closure, as in `cpu::dispatch`: it has to take on the instruction set of its caller.
///
/// # Safety
/// The pointers must be valid for a vector.
#[inline(always)]
unsafe fn step<R: Rule<IN, OUT>, L: Lanes, const IN: usize, const OUT: usize>(
    from: &[*const f32; IN],
    to: &[*mut f32; OUT],
    at: usize,
    c: Numbers,
) {
    let mut x = [L::splat(0.0); IN];
    let mut i = 0;
    while i < IN {
        // SAFETY: the caller promises that the elements are there.
        x[i] = unsafe { L::load(from[i].add(at)) };
        i += 1;
    }
    let y = R::apply::<L>(x, c);
    let mut i = 0;
    while i < OUT {
        // SAFETY: as above.
        unsafe { y[i].store(to[i].add(at)) };
        i += 1;
    }
}

/// The loop over all elements. Always inlined, so that it takes on the instruction set of the function around it.
#[inline(always)]
unsafe fn run<R: Rule<IN, OUT>, L: Lanes, const IN: usize, const OUT: usize>(
    from: &[*const f32; IN],
    to: &[*mut f32; OUT],
    count: usize,
    c: Numbers,
) {
    let mut at = 0;
    while at + L::WIDTH <= count {
        // SAFETY: the vector ends at or before `count`, and the caller promises that many elements.
        unsafe { step::<R, L, IN, OUT>(from, to, at, c) };
        at += L::WIDTH;
    }
    let rest = count - at;
    if rest > 0 {
        let (mut ends, mut results) = ([[0.0_f32; 16]; IN], [[0.0_f32; 16]; OUT]);
        let (mut end, mut result) = ([std::ptr::null(); IN], [std::ptr::null_mut(); OUT]);
        let mut i = 0;
        while i < IN {
            // SAFETY: `rest < WIDTH <= 16` elements are left behind each pointer, and the arrays hold 16.
            unsafe { std::ptr::copy_nonoverlapping(from[i].add(at), ends[i].as_mut_ptr(), rest) };
            end[i] = ends[i].as_ptr();
            i += 1;
        }
        let mut i = 0;
        while i < OUT {
            result[i] = results[i].as_mut_ptr();
            i += 1;
        }
        // SAFETY: the arrays hold a vector.
        unsafe { step::<R, L, IN, OUT>(&end, &result, 0, c) };
        let mut i = 0;
        while i < OUT {
            // SAFETY: as above.
            unsafe { std::ptr::copy_nonoverlapping(result[i], to[i].add(at), rest) };
            i += 1;
        }
    }
}

macro_rules! compiled_for {
    ($name:ident, $lanes:ty, $(#[$attribute:meta])*) => {
        $(#[$attribute])*
        unsafe fn $name<R: Rule<IN, OUT>, const IN: usize, const OUT: usize>(
            from: [*const f32; IN],
            to: [*mut f32; OUT],
            count: usize,
            c: Numbers,
        ) {
            // SAFETY: the caller keeps the contract of `Loop`.
            unsafe { run::<R, $lanes, IN, OUT>(&from, &to, count, c) }
        }
    };
}
compiled_for!(portable, Portable,);
#[cfg(target_arch = "x86_64")]
compiled_for!(avx2, crate::cpu::x86::Avx2, #[target_feature(enable = "avx2,fma")]);
#[cfg(all(target_arch = "x86_64", nonlin_avx512))]
compiled_for!(avx512, crate::cpu::x86::Avx512, #[allow(clippy::incompatible_msrv, reason = "build.rs leaves it out where the compiler is older")] #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")]);

/// The loop of a rule.
pub(super) fn loop_of<R: Rule<IN, OUT>, const IN: usize, const OUT: usize>(
    isa: Isa,
) -> Loop<IN, OUT> {
    match isa {
        #[cfg(all(target_arch = "x86_64", nonlin_avx512))]
        Isa::Avx512 => avx512::<R, IN, OUT>,
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => avx2::<R, IN, OUT>,
        _ => portable::<R, IN, OUT>,
    }
}
