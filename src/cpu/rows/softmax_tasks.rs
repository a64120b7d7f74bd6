//! What the CPU is asked to do for softmax and its relatives, with an instruction set.

use super::softmax_backward::{backward_row, gradient, products};
use super::softmax_forward::{Reference, direct, exponentials, forward_row, results, top_of};
use crate::cpu::dispatch::{Isa, Portable};
use crate::cpu::lanes::Lanes;
use crate::rows::Constants;

/// What a loop does. Pointers are to `count` elements, or to `rows × columns`.
pub(super) trait Task: Copy {
    /// Gives the numbers that the task is about, if any. Always inlined, as everything below, so that it takes on the instruction set of
    /// the function around it.
    ///
    /// # Safety
    /// The task's pointers must be valid for so many elements, and the machine must have the instruction set.
    unsafe fn run<L: Lanes, const LOG: bool, const UNIT: bool>(self, c: &Constants) -> (f64, f32);
}

/// What a task gives that is about no number.
const NOTHING: (f64, f32) = (0.0, 0.0);

/// Whole rows.
#[derive(Clone, Copy)]
pub(super) struct Rows {
    pub x: *const f32,
    pub y: *mut f32,
    pub columns: usize,
    pub rows: usize,
}

/// Whole rows of the gradient.
#[derive(Clone, Copy)]
pub(super) struct BackwardRows {
    pub y: *const f32,
    pub grad: *const f32,
    pub dx: *mut f32,
    pub columns: usize,
    pub rows: usize,
}

/// The exponentials without anything subtracted, written where the results are made of them: their sum, and the largest magnitude.
#[derive(Clone, Copy)]
pub(super) struct Direct {
    pub x: *const f32,
    pub y: *mut f32,
    pub count: usize,
}

/// The maximum of what is not NaN.
#[derive(Clone, Copy)]
pub(super) struct Top {
    pub x: *const f32,
    pub count: usize,
}

/// The exponentials below the reference, written where the results are made of them, and their sum.
#[derive(Clone, Copy)]
pub(super) struct Exponentials {
    pub x: *const f32,
    pub y: *mut f32,
    pub count: usize,
    pub reference: Reference,
}

/// The results, given the sum over the row.
#[derive(Clone, Copy)]
pub(super) struct Results {
    pub x: *const f32,
    pub y: *mut f32,
    pub count: usize,
    pub reference: Reference,
    pub sum: f64,
}

/// The sum that the gradient needs.
#[derive(Clone, Copy)]
pub(super) struct Products {
    pub y: *const f32,
    pub grad: *const f32,
    pub count: usize,
}

/// The gradient, given that sum.
#[derive(Clone, Copy)]
pub(super) struct Gradient {
    pub y: *const f32,
    pub grad: *const f32,
    pub dx: *mut f32,
    pub count: usize,
    pub sum: f64,
}

macro_rules! compiled_for {
    ($name:ident, $lanes:ty, $(#[$attribute:meta])*) => {
        $(#[$attribute])*
        unsafe fn $name<T: Task, const LOG: bool, const UNIT: bool>(task: T, c: &Constants) -> (f64, f32) {
            // SAFETY: the caller keeps the contract of `Task`.
            unsafe { task.run::<$lanes, LOG, UNIT>(c) }
        }
    };
}
compiled_for!(portable, Portable,);
#[cfg(target_arch = "x86_64")]
compiled_for!(avx2, crate::cpu::x86::Avx2, #[target_feature(enable = "avx2,fma")]);
#[cfg(all(target_arch = "x86_64", nonlin_avx512))]
compiled_for!(avx512, crate::cpu::x86::Avx512, #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")]);

/// Runs a task with an instruction set.
///
/// # Safety
/// As [`Task::run`].
pub(super) unsafe fn run<T: Task>(isa: Isa, task: T, c: &Constants) -> (f64, f32) {
    // Softmin goes with the functions that multiply their input.
    let unit = c.inverse == 1.0 && !c.negative;
    // SAFETY: the caller's promise is the same.
    unsafe {
        match (c.log, unit) {
            (false, false) => run_with::<T, false, false>(isa, task, c),
            (false, true) => run_with::<T, false, true>(isa, task, c),
            (true, false) => run_with::<T, true, false>(isa, task, c),
            (true, true) => run_with::<T, true, true>(isa, task, c),
        }
    }
}

/// # Safety
/// As [`run`].
unsafe fn run_with<T: Task, const LOG: bool, const UNIT: bool>(
    isa: Isa,
    task: T,
    c: &Constants,
) -> (f64, f32) {
    // SAFETY: the caller's promise is the same.
    unsafe {
        match isa {
            #[cfg(all(target_arch = "x86_64", nonlin_avx512))]
            Isa::Avx512 => avx512::<T, LOG, UNIT>(task, c),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => avx2::<T, LOG, UNIT>(task, c),
            _ => portable::<T, LOG, UNIT>(task, c),
        }
    }
}

/// Implements a task by an expression.
macro_rules! task {
    ($task:ident { $($field:ident),* }, |$c:ident| $body:expr) => {
        impl Task for $task {
            #[inline(always)]
            unsafe fn run<L: Lanes, const LOG: bool, const UNIT: bool>(self, $c: &Constants) -> (f64, f32) {
                let Self { $($field),* } = self;
                // SAFETY: the caller keeps the contract of `Task`; rows follow one another.
                unsafe { $body }
            }
        }
    };
}
task!(
    Rows {
        x,
        y,
        columns,
        rows
    },
    |c| {
        // Rows of one tensor are mostly alike.
        let mut near = true;
        for row in 0..rows {
            let at = row * columns;
            near = forward_row::<L, LOG, UNIT>(x.add(at), y.add(at), columns, near, c);
        }
        NOTHING
    }
);
task!(
    BackwardRows {
        y,
        grad,
        dx,
        columns,
        rows
    },
    |c| {
        for row in 0..rows {
            let at = row * columns;
            backward_row::<L, LOG>(y.add(at), grad.add(at), dx.add(at), columns, c);
        }
        NOTHING
    }
);
task!(Direct { x, y, count }, |c| direct::<L, LOG, UNIT>(
    x, y, count, c
));
task!(Top { x, count }, |c| (0.0, top_of::<L, UNIT>(x, count, c)));
task!(
    Exponentials {
        x,
        y,
        count,
        reference
    },
    |c| (exponentials::<L, LOG, UNIT>(x, y, count, reference, c), 0.0)
);
task!(
    Results {
        x,
        y,
        count,
        reference,
        sum
    },
    |c| {
        results::<L, LOG, UNIT>(x, y, count, reference, sum, c);
        NOTHING
    }
);
task!(Products { y, grad, count }, |_c| (
    products::<L, LOG>(y, grad, count),
    0.0
));
task!(
    Gradient {
        y,
        grad,
        dx,
        count,
        sum
    },
    |c| {
        gradient::<L, LOG>(y, grad, dx, count, sum, c);
        NOTHING
    }
);
