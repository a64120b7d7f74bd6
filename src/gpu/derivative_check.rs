//! Whether a derivative belongs to its function: differences of the function's own values, computed on the device.
//!
//! At each point `x` and for several steps `h`, the differences of order 8, 6 and 4 over `x ± h … x ± 4h` and the two one-sided ones of
//! order 4 estimate the derivative. How far they are apart is what is not known of it, together with the rounding of the function's values,
//! 4 ULP each, divided by the step. The step where this sum `E` is smallest is taken: near a kink, a small one that does not reach it. A
//! derivative that is further than `max(4 E, 0.2 %)` from the difference of order 8 is wrong.
//!
//! No part of `E` depends on the derivative that is judged, so a wrong one cannot excuse itself.

use super::Gpu;
use crate::{Engine, Error, Function, Result};

/// Errors of the function's values that are taken for rounding, in ULP.
const NOISE_ULP: f64 = 4.0;

/// How many times what is not known of the difference a derivative may be off.
const SAFETY: f64 = 4.0;

/// How far a derivative may always be off, relative.
const FLOOR: f64 = 0.002;

/// A point is judged where the tolerance is at most this part of the derivative, or of `f(x)/x` where that is more.
const CONCLUSIVE: f64 = 0.01;

/// Points on each side of `x`.
const REACH: usize = 4;

/// Values that a step needs, beside `f(x)`.
const STENCIL: usize = 2 * REACH;

/// Weights of `f(x + kh) - f(x - kh)` for `k` from 1, in units of `1/h`, of order 8, 6 and 4.
const CENTRAL: [[f64; REACH]; 3] = [
    [4.0 / 5.0, -1.0 / 5.0, 4.0 / 105.0, -1.0 / 280.0],
    [3.0 / 4.0, -3.0 / 20.0, 1.0 / 60.0, 0.0],
    [2.0 / 3.0, -1.0 / 12.0, 0.0, 0.0],
];

/// Weights of `f(x)`, `f(x ± h)`, … of the one-sided difference of order 4, in units of `±1/h`.
const ONE_SIDED: [f64; REACH + 1] = [-25.0 / 12.0, 4.0, -3.0, 4.0 / 3.0, -1.0 / 4.0];

/// What [`Gpu::check_derivative`] found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DerivativeReport {
    /// The function, as text.
    pub function: String,
    /// Points where the difference is sharp enough to judge the derivative.
    pub checked: usize,
    /// Points where the function has a kink or a jump, or bends within less than the smallest step: both sides disagree, so there is no
    /// derivative to compare with.
    pub kinks: Vec<f32>,
    /// Points where the function's rounding hides its derivative, and points where it has no finite values around.
    pub unresolved: usize,
    /// Points where the derivative is wrong.
    pub failures: usize,
    /// Where the derivative is furthest off, in parts of the tolerance.
    pub worst: Option<Disagreement>,
}

/// A derivative beside the difference of its function's values.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Disagreement {
    /// The input.
    pub x: f32,
    /// The derivative there.
    pub derivative: f32,
    /// The derivative that follows from the function's values.
    pub difference: f64,
    /// How far they may be apart.
    pub tolerance: f64,
}

impl Disagreement {
    /// How far they are apart, in parts of the tolerance.
    fn relative(&self) -> f64 {
        let apart = (f64::from(self.derivative) - self.difference).abs() / self.tolerance;
        // An infinity or NaN where the function is finite and smooth.
        if apart.is_nan() { f64::INFINITY } else { apart }
    }
}

impl DerivativeReport {
    /// Whether the derivative is right wherever that can be told, and it could be told somewhere.
    pub fn passed(&self) -> bool {
        self.failures == 0 && self.checked > 0
    }

    /// The report, as an error where the derivative is wrong or nothing could be told.
    ///
    /// # Errors
    /// [`Error::WrongDerivative`].
    pub fn into_result(self) -> Result<Self> {
        if self.passed() {
            return Ok(self);
        }
        Err(Error::WrongDerivative {
            report: Box::new(self),
        })
    }
}

impl std::fmt::Display for DerivativeReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let verdict = match (self.failures, self.checked) {
            (0, 0) => "cannot be judged".to_owned(),
            (0, _) => "agrees with the function".to_owned(),
            (failures, _) => format!("is wrong at {failures} points"),
        };
        write!(
            f,
            "the derivative of {} {verdict}: {} points judged, {} at kinks, {} not resolved",
            self.function,
            self.checked,
            self.kinks.len(),
            self.unresolved
        )?;
        if let Some(Disagreement {
            x,
            derivative,
            difference,
            tolerance,
        }) = self.worst
        {
            write!(
                f,
                "; furthest off at x = {x:?}: {derivative:e}, the function's values give {difference:.6e} ± {tolerance:.1e}"
            )?;
        }
        Ok(())
    }
}

/// Checks of derivatives.
impl Gpu {
    /// Compares the derivative of `f` with differences of its values, both as this device computes them, at 1217 points from
    /// -224 to 224, close together around 0. Meant for custom functions: a derivative that is off by 1 % anywhere around these points,
    /// where the function's rounding does not hide it, is found. Submits and waits.
    ///
    /// How the tolerance is made, and what counts as a kink, is written at [`DerivativeReport`] and its fields: a derivative may be off by
    /// 0.2 %, or by four times what the differences of several orders and of either side disagree by plus the function's rounding
    /// (4 ULP of its values, divided by the step).
    ///
    /// ```no_run
    /// use nonlin::{Activation, Gpu};
    /// let report = Gpu::new()?.check_derivative(&Activation::gelu())?;
    /// assert!(report.passed(), "{report}");
    /// # Ok::<(), nonlin::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Engine::compute`]. A wrong derivative is no error here: [`DerivativeReport::passed`] tells, and
    /// [`DerivativeReport::into_result`] makes one of it.
    pub fn check_derivative(&self, f: &dyn Function) -> Result<DerivativeReport> {
        self.check_derivative_at(f, &points())
    }

    /// As [`check_derivative`](Self::check_derivative) at points of one's own choice, each rounded to 12 significant bits so that its
    /// neighbours are numbers too.
    ///
    /// # Errors
    /// As [`check_derivative`](Self::check_derivative).
    pub fn check_derivative_at(
        &self,
        f: &dyn Function,
        points: &[f32],
    ) -> Result<DerivativeReport> {
        let points: Vec<f32> = points
            .iter()
            .map(|x| f32::from_bits(x.to_bits() & 0xffff_f000))
            .collect();
        let steps: Vec<Vec<f32>> = points.iter().map(|&x| steps(x)).collect();
        let mut inputs = points.clone();
        for (&x, steps) in points.iter().zip(&steps) {
            for &h in steps {
                inputs.extend(offsets().map(|k| x + k * h));
            }
        }
        let values = Engine::forward(self, f, &inputs)?;
        let derivatives = Engine::derivative(self, f, &points)?;

        let mut report = DerivativeReport {
            function: f.chain().to_string(),
            checked: 0,
            kinks: Vec::new(),
            unresolved: 0,
            failures: 0,
            worst: None,
        };
        let (centres, mut around) = values.split_at(points.len());
        for (((&x, steps), &centre), &derivative) in
            points.iter().zip(&steps).zip(centres).zip(&derivatives)
        {
            let (own, rest) = around.split_at(steps.len() * STENCIL);
            around = rest;
            let best = steps
                .iter()
                .zip(own.chunks_exact(STENCIL))
                .filter_map(|(&h, values)| Estimate::new(centre, values, h))
                .min_by(|a, b| a.uncertain().total_cmp(&b.uncertain()));
            report.judge(x, derivative, best);
        }
        Ok(report)
    }
}

impl DerivativeReport {
    fn judge(&mut self, x: f32, derivative: f32, estimate: Option<Estimate>) {
        let Some(estimate) = estimate else {
            self.unresolved += 1;
            return;
        };
        let own = f64::from(derivative).abs();
        let own = if own.is_finite() { own } else { 0.0 };
        let size = own.max(estimate.derivative.abs());
        let found = Disagreement {
            x,
            derivative,
            difference: estimate.derivative,
            tolerance: (SAFETY * estimate.uncertain()).max(FLOOR * size),
        };
        let slope = estimate.largest / f64::from(x).abs().max(1.0);
        let conclusive = SAFETY * estimate.uncertain() <= CONCLUSIVE * size.max(slope);
        if conclusive {
            self.checked += 1;
        } else if estimate.spread > 16.0 * estimate.noise {
            self.kinks.push(x);
            return;
        } else {
            self.unresolved += 1;
            return;
        }
        if found.relative() > 1.0 {
            self.failures += 1;
        }
        if self
            .worst
            .is_none_or(|worst| found.relative() > worst.relative())
        {
            self.worst = Some(found);
        }
    }
}

/// The derivative at a point from the values around it.
struct Estimate {
    derivative: f64,
    /// How far apart the estimates of several orders and of either side are.
    spread: f64,
    /// What the rounding of the values makes of the estimate.
    noise: f64,
    /// The largest of the values.
    largest: f64,
}

impl Estimate {
    /// `None` where a value is not finite. `values` are those at [`offsets`].
    fn new(centre: f32, values: &[f32], h: f32) -> Option<Self> {
        let all = || {
            values
                .iter()
                .chain([&centre])
                .map(|&value| f64::from(value))
        };
        if !all().all(f64::is_finite) {
            return None;
        }
        let h = f64::from(h);
        let (left, right) = values.split_at(REACH);
        let at = |side: &[f32], k: usize| f64::from(side[k]);
        let central = CENTRAL.map(|weights| {
            let terms = weights.iter().enumerate();
            terms
                .map(|(k, weight)| weight * (at(right, k) - at(left, k)))
                .sum::<f64>()
                / h
        });
        let one_sided = |side: &[f32]| {
            let terms = (0..REACH).map(|k| ONE_SIDED[k + 1] * at(side, k));
            (ONE_SIDED[0] * f64::from(centre) + terms.sum::<f64>()) / h
        };
        let largest = all().fold(0.0, |most, value| value.abs().max(most));
        let weights: f64 = CENTRAL[0].iter().map(|weight| 2.0 * weight.abs()).sum();
        // A value below the normal numbers may be flushed to zero.
        let error = NOISE_ULP * f64::from(f32::EPSILON) * largest + f64::from(f32::MIN_POSITIVE);
        let (right, left) = (one_sided(right), -one_sided(left));
        // The one-sided ones beside the central one, too: where the curvature jumps, they agree with each other and not with it.
        let pairs = [
            (central[0], central[1]),
            (central[1], central[2]),
            (central[0], left),
            (central[0], right),
            (left, right),
        ];
        let spread = pairs
            .iter()
            .fold(0.0, |most: f64, (a, b)| most.max((a - b).abs()));
        Some(Self {
            derivative: central[0],
            spread,
            noise: weights * error / h,
            largest,
        })
    }

    fn uncertain(&self) -> f64 {
        self.spread + self.noise
    }
}

/// The neighbours of a point in steps: to the left, nearest first, then to the right.
fn offsets() -> impl Iterator<Item = f32> {
    (0..STENCIL).map(|i| {
        let k = (i % REACH + 1) as f32;
        if i < REACH { -k } else { k }
    })
}

/// Steps for a point, powers of two: some of a fixed size, some in proportion to `x`, and only those that lead to numbers.
fn steps(x: f32) -> Vec<f32> {
    // 2^(exponent of x), 0 for 0.
    let size = f32::from_bits(x.to_bits() & 0x7f80_0000);
    let fixed = [-2, -3, -4, -6, -8, -10].map(|exponent| 2.0_f32.powi(exponent));
    let scaled = [-3, -4, -5, -7].map(|exponent| size * 2.0_f32.powi(exponent));
    let exact = |h: f32| {
        h.is_normal()
            && offsets().all(|k| {
                let sum = x + k * h;
                sum.is_finite() && f64::from(sum) == f64::from(x) + f64::from(k) * f64::from(h)
            })
    };
    let all = fixed.into_iter().chain(scaled);
    all.filter(|&h| exact(h)).collect()
}

/// From -16 to 16 in steps of 1/32, and towards 0 and 224 in powers of two.
fn points() -> Vec<f32> {
    let near = (-512..=512).map(|k| k as f32 / 32.0);
    let magnitudes = (-16..8).flat_map(|exponent| {
        [1.0, 1.25, 1.5, 1.75].map(|mantissa| mantissa * 2.0_f32.powi(exponent))
    });
    near.chain(magnitudes.flat_map(|x| [x, -x])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_points_is_the_documented_one() {
        assert_eq!(points().len(), 1217);
        let largest = points().into_iter().fold(0.0, f32::max);
        assert_eq!(largest, 224.0);
    }

    #[test]
    fn differences_are_exact_for_polynomials_and_see_kinks() {
        let at = |f: fn(f32) -> f32, x: f32, h: f32| {
            let values: Vec<f32> = offsets().map(|k| f(x + k * h)).collect();
            Estimate::new(f(x), &values, h).unwrap()
        };
        let cube = at(|x| x * x * x, 1.0, 0.25);
        assert!((cube.derivative - 3.0).abs() < 1e-12 && cube.spread < 1e-12);
        assert_eq!(at(f32::abs, 0.0, 0.25).spread, 2.0);
        assert!(at(f32::abs, 0.5, 0.25).spread > 0.01);
    }

    #[test]
    fn steps_lead_to_numbers() {
        assert_eq!(steps(0.0).len(), 6);
        // 1e6 has 20 bits before the point, so 4 behind it are left.
        assert!(steps(1e6).contains(&0.0625) && !steps(1e6).contains(&0.015625));
        assert!(steps(f32::MAX).is_empty() || steps(f32::MAX).iter().all(|h| h.is_finite()));
    }
}
