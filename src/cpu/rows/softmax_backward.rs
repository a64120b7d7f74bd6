//! The gradients of softmax and its relatives, from the output.

use super::softmax_vectors::{ADDED, STRETCH, across, for_each_of_four, load_rest, store_rest};
use crate::cpu::lanes::Lanes;
use crate::math::exp;
use crate::rows::Constants;

#[inline(always)]
pub(super) unsafe fn backward_row<L: Lanes, const LOG: bool>(
    y: *const f32,
    grad: *const f32,
    dx: *mut f32,
    columns: usize,
    c: &Constants,
) {
    // SAFETY: stretches end at or before `columns`.
    unsafe {
        if c.zeros && is_zero_row(y, grad, columns) {
            for i in 0..columns {
                dx.add(i).write(0.0);
            }
            return;
        }
        let (mut sum, mut at) = (0.0, 0);
        while at < columns {
            let count = STRETCH.min(columns - at);
            sum += products::<L, LOG>(y.add(at), grad.add(at), count);
            at += count;
        }
        gradient::<L, LOG>(y, grad, dx, columns, sum, c);
    }
}

/// Whether a row of outputs is that of a masked row, and its gradient has no NaN.
///
/// # Safety
/// Both must be valid for `columns` elements.
pub(super) unsafe fn is_zero_row(y: *const f32, grad: *const f32, columns: usize) -> bool {
    // SAFETY: the caller promises that the elements are there.
    unsafe {
        (0..columns).all(|i| y.add(i).read() == 0.0)
            && !(0..columns).any(|i| grad.add(i).read().is_nan())
    }
}

/// The sum over a stretch that the gradient needs: of `grad·y`, for log_softmax of `grad`.
#[inline(always)]
pub(super) unsafe fn products<L: Lanes, const LOG: bool>(
    y: *const f32,
    grad: *const f32,
    count: usize,
) -> f64 {
    let (width, mut at, mut total) = (L::WIDTH, 0, 0.0);
    while at < count {
        let end = count.min(at + ADDED * width);
        let mut sums = [L::splat(0.0); 4];
        // SAFETY: all vectors end at or before `end`, or are shortened.
        unsafe {
            while at + 4 * width <= end {
                for_each_of_four!(k => {
                    let place = at + k * width;
                    let g = L::load(grad.add(place));
                    sums[k] = if LOG {
                        sums[k] + g
                    } else {
                        g.mul_add(L::load(y.add(place)), sums[k])
                    };
                });
                at += 4 * width;
            }
            while at < end {
                let rest = (end - at).min(width);
                let (g, value) = if rest == width {
                    (L::load(grad.add(at)), L::load(y.add(at)))
                } else {
                    (
                        load_rest(grad.add(at), rest, 0.0),
                        load_rest(y.add(at), rest, 0.0),
                    )
                };
                sums[0] = if LOG {
                    sums[0] + g
                } else {
                    g.mul_add(value, sums[0])
                };
                at += rest;
            }
        }
        total += across(sums);
    }
    total
}

#[inline(always)]
pub(super) unsafe fn gradient<L: Lanes, const LOG: bool>(
    y: *const f32,
    grad: *const f32,
    dx: *mut f32,
    count: usize,
    sum: f64,
    c: &Constants,
) {
    let sum = L::splat(sum as f32);
    // The factors of 1 / T stand where no product leaves the range of f32 on the way to a result in it.
    let large = L::splat(c.inverse.max(1.0));
    let small = c.inverse.min(1.0);
    let small = L::splat(if c.negative { -small } else { small });
    let (width, mut at) = (L::WIDTH, 0);
    // SAFETY: all vectors end at or before `count`, or are shortened.
    unsafe {
        while at + 4 * width <= count {
            for_each_of_four!(k => {
                let place = at + k * width;
                let (value, g) = (L::load(y.add(place)), L::load(grad.add(place)));
                gradient_of::<L, LOG>(value, g, sum, large, small).store(dx.add(place));
            });
            at += 4 * width;
        }
        while at < count {
            let rest = count - at;
            if rest >= width {
                let (value, g) = (L::load(y.add(at)), L::load(grad.add(at)));
                gradient_of::<L, LOG>(value, g, sum, large, small).store(dx.add(at));
            } else {
                let value = load_rest(y.add(at), rest, 0.0);
                let g = load_rest(grad.add(at), rest, 0.0);
                let value = gradient_of::<L, LOG>(value, g, sum, large, small);
                store_rest(value, dx.add(at), rest);
            }
            at += width;
        }
    }
}

#[inline(always)]
fn gradient_of<L: Lanes, const LOG: bool>(y: L, grad: L, sum: L, large: L, small: L) -> L {
    if LOG {
        (exp(y) * large).neg_mul_add(sum, grad * large) * small
    } else {
        (y * large) * ((grad - sum) * small)
    }
}
