//! [`Polynomial`]: values over a run of evenly spaced places, from a few of them.

/// Degree of the polynomials.
const DEGREE: usize = 8;

#[derive(Debug)]
/// The polynomial of one run.
pub struct Polynomial {
    /// Of `t` in [-1, 1], from the constant term on.
    coefficients: [f64; DEGREE + 1],
    /// `t` is `scale·k - 1` for the element `k`.
    scale: f64,
}

impl Polynomial {
    /// Through the values at [`nodes`], for a run of `count` elements.
    pub fn new(values: &[f64; DEGREE + 1], count: u32) -> Self {
        Self {
            coefficients: interpolate(values),
            scale: 2.0 / f64::from(count - 1),
        }
    }

    /// At a place in [-1, 1].
    pub fn value(&self, t: f64) -> f64 {
        let c = &self.coefficients;
        // No fused multiply-add: without the instruction it is a call.
        c.iter().rev().fold(0.0, |sum, c| sum * t + c)
    }

    /// At the elements of the run from `start` on.
    pub fn evaluate(&self, start: u32, out: &mut [f64]) {
        for (k, out) in (start as i32..).zip(out) {
            *out = self.value(f64::from(k) * self.scale - 1.0);
        }
    }
}

/// Zeros of the Chebyshev polynomial of degree `DEGREE + 1`.
pub fn nodes() -> [f64; DEGREE + 1] {
    std::array::from_fn(|j| (std::f64::consts::PI * (j as f64 + 0.5) / (DEGREE as f64 + 1.0)).cos())
}

/// The ends and the extrema between the nodes, where the error of an interpolation is largest, and a few odd places.
pub fn tests() -> [f64; DEGREE + 5] {
    std::array::from_fn(|j| match j {
        0 => -1.0,
        1 => 1.0,
        2 => -0.931,
        3 => 0.387,
        4 => 0.999,
        _ => (std::f64::consts::PI * (j - 4) as f64 / (DEGREE as f64 + 1.0)).cos(),
    })
}

/// The polynomial through values at the nodes, by powers.
fn interpolate(values: &[f64; DEGREE + 1]) -> [f64; DEGREE + 1] {
    let n = DEGREE as f64 + 1.0;
    let mut coefficients = [0.0; DEGREE + 1];
    // The Chebyshev polynomials of degree m - 1 and m by powers.
    let (mut before, mut now) = ([0.0; DEGREE + 1], [0.0; DEGREE + 1]);
    now[0] = 1.0;
    for m in 0..=DEGREE {
        let angle = std::f64::consts::PI * m as f64 / n;
        let sum: f64 = (0..)
            .zip(values)
            .map(|(j, value)| value * (angle * (f64::from(j) + 0.5)).cos())
            .sum();
        let weight = sum * if m == 0 { 1.0 } else { 2.0 } / n;
        for (c, power) in coefficients.iter_mut().zip(now) {
            *c += weight * power;
        }
        let mut next = before.map(|c| -c);
        let factor = if m == 0 { 1.0 } else { 2.0 };
        for i in 0..DEGREE {
            next[i + 1] += factor * now[i];
        }
        if m == 0 {
            next[0] = 0.0;
        }
        (before, now) = (now, next);
    }
    coefficients
}
