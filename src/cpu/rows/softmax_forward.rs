//! The values of softmax and its relatives.
//!
//! The exponentials of a row are first tried without subtracting the maximum: where no element is far from 0, which is seen on the way,
//! they lose nothing by it, and cost half. Else the row is read again for its maximum and for the exponentials below it. Which way is
//! taken depends on the row alone. A row of a few thousand elements stays in the nearest cache meanwhile.

use super::softmax_vectors::{
    ADDED, STRETCH, across, for_each_of_four, in_lanes, load_rest, store_rest,
};
use crate::cpu::lanes::Lanes;
use crate::math::{exp_of, exp_pair, product_pair};
use crate::rows::Constants;

/// Up to this magnitude exponentials are taken as they are: their quotients stay right down to the smallest number.
pub(super) const NEAR: f32 = 42.0;

/// One row. `near` says whether it is likely that no element is far from 0; gives whether it was so.
#[inline(always)]
pub(super) unsafe fn forward_row<L: Lanes, const LOG: bool, const UNIT: bool>(
    x: *const f32,
    y: *mut f32,
    columns: usize,
    near: bool,
    c: &Constants,
) -> bool {
    // SAFETY: stretches end at or before `columns`.
    unsafe {
        if near || is_near::<L, UNIT>(x, columns, c) {
            let (mut sum, mut largest, mut at) = (0.0, 0.0_f32, 0);
            while at < columns {
                let count = STRETCH.min(columns - at);
                let (more, magnitude) = direct::<L, LOG, UNIT>(x.add(at), y.add(at), count, c);
                sum += more;
                largest = largest.max(magnitude);
                at += count;
            }
            if largest <= NEAR {
                results::<L, LOG, UNIT>(x, y, columns, Reference::zero(), sum, c);
                return true;
            }
        }
        let top = top_of::<L, UNIT>(x, columns, c);
        let reference = Reference::new(top, c);
        if reference.masked {
            masked_row(x, y, columns, c);
            return false;
        }
        let (mut sum, mut at) = (0.0, 0);
        while at < columns {
            let count = STRETCH.min(columns - at);
            sum += exponentials::<L, LOG, UNIT>(x.add(at), y.add(at), count, reference, c);
            at += count;
        }
        results::<L, LOG, UNIT>(x, y, columns, reference, sum, c);
        false
    }
}

/// A row without anything above minus infinity: NaN, or zeros where that is asked for and there is no NaN in it.
///
/// # Safety
/// Both must be valid for `columns` elements.
pub(super) unsafe fn masked_row(x: *const f32, y: *mut f32, columns: usize, c: &Constants) {
    // SAFETY: the caller promises that the elements are there.
    unsafe {
        let zeros = c.zeros && !(0..columns).any(|i| x.add(i).read().is_nan());
        let value = if zeros { 0.0 } else { f32::NAN };
        for i in 0..columns {
            y.add(i).write(value);
        }
    }
}

/// What is subtracted from all elements of a row.
#[derive(Clone, Copy)]
pub(super) struct Reference {
    value: f32,
    /// Whether nothing in the row is above minus infinity.
    pub(super) masked: bool,
}

impl Reference {
    /// Nothing is subtracted.
    #[inline(always)]
    pub(super) fn zero() -> Self {
        Self {
            value: 0.0,
            masked: false,
        }
    }

    /// For a row with this maximum.
    #[inline(always)]
    pub(super) fn new(top: f32, c: &Constants) -> Self {
        Self {
            value: if c.one && top < 0.0 { 0.0 } else { top },
            masked: !c.one && top == f32::NEG_INFINITY,
        }
    }
}

/// `x` or `−x`.
#[inline(always)]
fn signed<L: Lanes, const UNIT: bool>(x: L, c: &Constants) -> L {
    if UNIT {
        x
    } else {
        x * L::splat(if c.negative { -1.0 } else { 1.0 })
    }
}

/// What counts for nothing in a row of `x`.
#[inline(always)]
fn no_element(c: &Constants) -> f32 {
    if c.negative {
        f32::INFINITY
    } else {
        f32::NEG_INFINITY
    }
}

#[inline(always)]
pub(super) unsafe fn top_of<L: Lanes, const UNIT: bool>(
    x: *const f32,
    count: usize,
    c: &Constants,
) -> f32 {
    let mut tops = [L::splat(f32::NEG_INFINITY); 4];
    let (width, mut at) = (L::WIDTH, 0);
    // SAFETY: all vectors end at or before `count`.
    unsafe {
        while at + 4 * width <= count {
            tops[0] = signed::<L, UNIT>(L::load(x.add(at)), c).max(tops[0]);
            tops[1] = signed::<L, UNIT>(L::load(x.add(at + width)), c).max(tops[1]);
            tops[2] = signed::<L, UNIT>(L::load(x.add(at + 2 * width)), c).max(tops[2]);
            tops[3] = signed::<L, UNIT>(L::load(x.add(at + 3 * width)), c).max(tops[3]);
            at += 4 * width;
        }
        while at + width <= count {
            tops[0] = signed::<L, UNIT>(L::load(x.add(at)), c).max(tops[0]);
            at += width;
        }
        if at < count {
            let rest: L = load_rest(x.add(at), count - at, no_element(c));
            tops[0] = signed::<L, UNIT>(rest, c).max(tops[0]);
        }
    }
    let room = in_lanes(tops[0].max(tops[1]).max(tops[2].max(tops[3])));
    let mut top = room[0];
    for &lane in &room[1..L::WIDTH] {
        top = if lane > top { lane } else { top };
    }
    top
}

/// `u / T` as a sum of two.
#[inline(always)]
fn divided<L: Lanes, const UNIT: bool>(u: L, c: &Constants) -> (L, L) {
    if UNIT {
        (u, L::splat(0.0))
    } else {
        product_pair(L::splat(c.inverse_hi), L::splat(c.inverse_lo), u)
    }
}

/// Whether no element is far from 0.
#[inline(always)]
unsafe fn is_near<L: Lanes, const UNIT: bool>(x: *const f32, count: usize, c: &Constants) -> bool {
    let (width, mut at) = (L::WIDTH, 0);
    let mut largest = L::splat(0.0);
    // SAFETY: all vectors end at or before `count`, or are shortened.
    unsafe {
        while at < count {
            let x = if count - at >= width {
                L::load(x.add(at))
            } else {
                load_rest(x.add(at), count - at, 0.0)
            };
            largest = divided::<L, UNIT>(x, c).0.abs().max(largest);
            at += width;
        }
    }
    let room = in_lanes(largest);
    room[..L::WIDTH].iter().all(|&lane| lane <= NEAR)
}

/// The exponentials of a stretch without anything subtracted: their sum, and the largest magnitude of an exponent. Exponents beyond
/// [`NEAR`] may give anything.
#[inline(always)]
pub(super) unsafe fn direct<L: Lanes, const LOG: bool, const UNIT: bool>(
    x: *const f32,
    y: *mut f32,
    count: usize,
    c: &Constants,
) -> (f64, f32) {
    let (width, mut at, mut total) = (L::WIDTH, 0, 0.0);
    let mut largest = [L::splat(0.0); 4];
    while at < count {
        let end = count.min(at + ADDED * width);
        let mut sums = [L::splat(0.0); 4];
        // SAFETY: all vectors end at or before `end`, or are shortened.
        unsafe {
            while at + 4 * width <= end {
                for_each_of_four!(k => {
                    let place = at + k * width;
                    let (e, hi) = direct_step::<L, LOG, UNIT>(x.add(place), y.add(place), c);
                    sums[k] = sums[k] + e;
                    largest[k] = hi.abs().max(largest[k]);
                });
                at += 4 * width;
            }
            while at + width <= end {
                let (e, hi) = direct_step::<L, LOG, UNIT>(x.add(at), y.add(at), c);
                sums[0] = sums[0] + e;
                largest[0] = hi.abs().max(largest[0]);
                at += width;
            }
            if at < end {
                let (hi, lo) = divided::<L, UNIT>(
                    signed::<L, UNIT>(load_rest(x.add(at), end - at, 0.0), c),
                    c,
                );
                let mut e = in_lanes(exp_direct::<L, UNIT>(hi, lo));
                e[end - at..].fill(0.0);
                if !LOG {
                    std::ptr::copy_nonoverlapping(e.as_ptr(), y.add(at), end - at);
                }
                sums[0] = sums[0] + L::load(e.as_ptr());
                largest[0] = hi.abs().max(largest[0]);
                at = end;
            }
        }
        total += across(sums);
    }
    let [a, b, c, d] = largest;
    let room = in_lanes(a.max(b).max(c.max(d)));
    let largest = room[..L::WIDTH].iter().copied().fold(0.0, f32::max);
    (total, largest)
}

/// The exponentials of a vector, and the exponents.
#[inline(always)]
unsafe fn direct_step<L: Lanes, const LOG: bool, const UNIT: bool>(
    x: *const f32,
    y: *mut f32,
    c: &Constants,
) -> (L, L) {
    // SAFETY: the caller promises a whole vector.
    unsafe {
        let (hi, lo) = divided::<L, UNIT>(signed::<L, UNIT>(L::load(x), c), c);
        let e = exp_direct::<L, UNIT>(hi, lo);
        if !LOG {
            e.store(y);
        }
        (e, hi)
    }
}

#[inline(always)]
fn exp_direct<L: Lanes, const UNIT: bool>(hi: L, lo: L) -> L {
    if UNIT {
        exp_of(hi).value()
    } else {
        exp_pair(hi, lo).value()
    }
}

/// `(u − m) / T` for `u <= m` as a sum of two; below −115 roughly. The difference keeps what its rounding loses: at
/// −87 that would be 64 ULP of the exponential.
#[inline(always)]
fn below<L: Lanes, const UNIT: bool>(u: L, m: L, c: &Constants) -> (L, L) {
    let d = u - m;
    let subtracted = d - u;
    let rest = (u - (d - subtracted)) - (m + subtracted);
    let (hi, lo) = if UNIT {
        (d, rest)
    } else {
        let inverse_hi = L::splat(c.inverse_hi);
        let (hi, lo) = product_pair(inverse_hi, L::splat(c.inverse_lo), d);
        (hi, rest.mul_add(inverse_hi, lo))
    };
    let far = hi.lt(L::splat(-115.0));
    (hi, L::select(far, L::splat(0.0), lo))
}

#[inline(always)]
fn exp_below<L: Lanes, const UNIT: bool>(u: L, m: L, c: &Constants) -> L {
    let (hi, lo) = below::<L, UNIT>(u, m, c);
    exp_pair(hi.at_least(L::splat(-120.0)), lo).value()
}

/// The exponentials of a vector.
#[inline(always)]
unsafe fn step_below<L: Lanes, const LOG: bool, const UNIT: bool>(
    x: *const f32,
    y: *mut f32,
    m: L,
    c: &Constants,
) -> L {
    // SAFETY: the caller promises a whole vector.
    unsafe {
        let e = exp_below::<L, UNIT>(signed::<L, UNIT>(L::load(x), c), m, c);
        if !LOG {
            e.store(y);
        }
        e
    }
}

/// The exponentials of a stretch, and their sum.
#[inline(always)]
pub(super) unsafe fn exponentials<L: Lanes, const LOG: bool, const UNIT: bool>(
    x: *const f32,
    y: *mut f32,
    count: usize,
    reference: Reference,
    c: &Constants,
) -> f64 {
    let m = L::splat(reference.value);
    let (width, mut at, mut total) = (L::WIDTH, 0, 0.0);
    while at < count {
        let end = count.min(at + ADDED * width);
        let mut sums = [L::splat(0.0); 4];
        // SAFETY: all vectors end at or before `end`, or are shortened.
        unsafe {
            while at + 4 * width <= end {
                for_each_of_four!(k => {
                    let place = at + k * width;
                    let e = step_below::<L, LOG, UNIT>(x.add(place), y.add(place), m, c);
                    sums[k] = sums[k] + e;
                });
                at += 4 * width;
            }
            while at + width <= end {
                sums[0] = sums[0] + step_below::<L, LOG, UNIT>(x.add(at), y.add(at), m, c);
                at += width;
            }
            if at < end {
                let rest: L = load_rest(x.add(at), end - at, no_element(c));
                let e = exp_below::<L, UNIT>(signed::<L, UNIT>(rest, c), m, c);
                if !LOG {
                    store_rest(e, y.add(at), end - at);
                }
                sums[0] = sums[0] + e;
                at = end;
            }
        }
        total += across(sums);
    }
    total
}

/// The results: the exponentials in `y` over their sum, or from `x` and the logarithm of the sum.
#[inline(always)]
pub(super) unsafe fn results<L: Lanes, const LOG: bool, const UNIT: bool>(
    x: *const f32,
    y: *mut f32,
    count: usize,
    reference: Reference,
    sum: f64,
    c: &Constants,
) {
    let m = L::splat(reference.value);
    let one = if c.one {
        f64::from(in_lanes(exp_below::<L, UNIT>(L::splat(0.0), m, c))[0])
    } else {
        0.0
    };
    let sum = sum + one;
    let log = if LOG { sum.ln() } else { 0.0 };
    let log_hi = log as f32;
    let factor = L::splat((1.0 / sum) as f32);
    let (log_hi, log_lo) = (L::splat(log_hi), L::splat((log - f64::from(log_hi)) as f32));
    let (width, mut at) = (L::WIDTH, 0);
    // SAFETY: all vectors end at or before `count`, or are shortened.
    unsafe {
        // What the results are made of.
        let from = if LOG { x } else { y.cast_const() };
        while at + 4 * width <= count {
            for_each_of_four!(k => {
                let place = at + k * width;
                let value = L::load(from.add(place));
                result::<L, LOG, UNIT>(value, m, [factor, log_hi, log_lo], c).store(y.add(place));
            });
            at += 4 * width;
        }
        while at + width <= count {
            let value = L::load(from.add(at));
            result::<L, LOG, UNIT>(value, m, [factor, log_hi, log_lo], c).store(y.add(at));
            at += width;
        }
        if at < count {
            let rest = count - at;
            let value = load_rest(from.add(at), rest, 0.0);
            let value = result::<L, LOG, UNIT>(value, m, [factor, log_hi, log_lo], c);
            store_rest(value, y.add(at), rest);
        }
    }
}

/// A result from an exponential, or for log_softmax from an element of `x`.
#[inline(always)]
fn result<L: Lanes, const LOG: bool, const UNIT: bool>(
    value: L,
    m: L,
    [factor, log_hi, log_lo]: [L; 3],
    c: &Constants,
) -> L {
    if !LOG {
        return value * factor;
    }
    let u = signed::<L, UNIT>(value, c);
    let (hi, lo) = below::<L, UNIT>(u, m, c);
    let near = (hi - log_hi) + (lo - log_lo);
    if UNIT {
        return near;
    }
    // By halves: u − m may leave the range where (u − m) / T does not.
    let half = L::splat(0.5);
    let half = (u * half - m * half) * L::splat(c.inverse);
    L::select(hi.lt(L::splat(-115.0)), (half + half) - log_hi, near)
}
