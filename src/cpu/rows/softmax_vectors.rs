//! What the loops of softmax and its gradient share.

use crate::cpu::lanes::Lanes;

/// Columns whose sum is taken at once: the sums of a longer row are added in order, so that they are the same however many threads there
/// are.
pub(super) const STRETCH: usize = 16 * 1024;

/// Vectors that are added up in f32 before their sum goes on in f64.
pub(super) const ADDED: usize = 64;

/// The same four times in a row, with a constant in the place of `k`: accumulators stay in registers.
macro_rules! for_each_of_four {
    ($k:ident => $body:block) => {
        for_each_of_four!(@one $k 0 $body);
        for_each_of_four!(@one $k 1 $body);
        for_each_of_four!(@one $k 2 $body);
        for_each_of_four!(@one $k 3 $body);
    };
    (@one $k:ident $n:literal $body:block) => {{
        let $k: usize = $n;
        $body
    }};
}
pub(super) use for_each_of_four;

/// Loads what is left of a row after its last whole vector, `fill` beyond.
#[inline(always)]
pub(super) unsafe fn load_rest<L: Lanes>(from: *const f32, rest: usize, fill: f32) -> L {
    let mut room = [fill; 16];
    // SAFETY: the caller promises `rest < WIDTH <= 16` elements.
    unsafe {
        std::ptr::copy_nonoverlapping(from, room.as_mut_ptr(), rest);
        L::load(room.as_ptr())
    }
}

#[inline(always)]
pub(super) unsafe fn store_rest<L: Lanes>(value: L, to: *mut f32, rest: usize) {
    let mut room = [0.0; 16];
    // SAFETY: the caller promises `rest < WIDTH <= 16` elements.
    unsafe {
        value.store(room.as_mut_ptr());
        std::ptr::copy_nonoverlapping(room.as_ptr(), to, rest);
    }
}

#[inline(always)]
pub(super) fn in_lanes<L: Lanes>(value: L) -> [f32; 16] {
    let mut room = [0.0; 16];
    // SAFETY: there is room for the widest vector.
    unsafe { value.store(room.as_mut_ptr()) };
    room
}

/// The sum of all lanes.
#[inline(always)]
pub(super) fn across<L: Lanes>(sums: [L; 4]) -> f64 {
    let sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    let room = in_lanes(sum);
    let mut total = 0.0;
    let mut lane = 0;
    while lane < L::WIDTH {
        total += f64::from(room[lane]);
        lane += 1;
    }
    total
}
