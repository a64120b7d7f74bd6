//! Whether a result is what was to be computed. The tests tell how exact it is; here a kernel that computes something else, or a part
//! only, has to be noticed before it is timed.

use nonlin::{Activation, Direction};

/// Of an error relative to the largest term.
const TOLERANCE: f64 = 16.0 * f32::EPSILON as f64;

/// Elements that are looked at.
const LOOKED_AT: usize = 1 << 14;

/// The elements to look at: all of a short slice, else the first, the last, and between them every so many, an odd number, so that each
/// lane of a vector gets its turn.
pub fn places(len: usize) -> impl Iterator<Item = usize> {
    let step = (len / LOOKED_AT) | 1;
    (0..len)
        .step_by(step)
        .chain(len.saturating_sub(64).max(1)..len)
}

/// Compares with the reference in f64.
pub fn elements(f: &Activation, direction: Direction, x: &[f32], grad: &[f32], got: &[f32]) {
    assert_eq!(got.len(), x.len(), "{f} {direction}: length");
    let referee = f.referee();
    for i in places(x.len()) {
        let factor = match direction.takes_grad() {
            true => f64::from(grad[i]),
            false => 1.0,
        };
        let (x, got) = (f64::from(x[i]), f64::from(got[i]));
        let want = factor * referee.value(direction, x);
        let largest = want.abs().max(factor.abs());
        let room = TOLERANCE * largest + f64::from(f32::MIN_POSITIVE);
        let right = got == want || (got.is_nan() && want.is_nan()) || (got - want).abs() <= room;
        assert!(
            right,
            "{f} {direction}, element {i} at {x}: got {got}, want {want}"
        );
    }
}

/// Compares what has to arrive as it was sent.
pub fn same(got: &[f32], sent: &[f32]) {
    assert_eq!(got.len(), sent.len(), "length");
    if let Some(i) = got.iter().zip(sent).position(|(got, sent)| got != sent) {
        panic!("element {i}: got {}, sent {}", got[i], sent[i]);
    }
}

/// Compares two engines' results of a function that brings errors no further apart.
pub fn near(got: &[f32], want: &[f32]) {
    assert_eq!(got.len(), want.len(), "length");
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        assert!(
            (got - want).abs() <= 1e-5 * want.abs(),
            "element {i}: got {got}, want {want}"
        );
    }
}
