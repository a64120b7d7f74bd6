//! Errors in ULP, counted as the crate's contract says.

use nonlin::{Activation, Direction, Referee};

/// Spacing of f32 at a number of this magnitude, never below the spacing of subnormals.
pub fn ulp(magnitude: f64) -> f64 {
    let rounded = (magnitude.abs() as f32).clamp(f32::MIN_POSITIVE, f32::MAX);
    let exponent = (rounded.to_bits() >> 23) as i32 - 127;
    2f64.powi(exponent - 23)
}

/// Judges results of one function and direction.
pub struct Judge<'a> {
    pub f: &'a Activation,
    pub direction: Direction,
    /// Whether a subnormal input may be taken for zero.
    pub flushes: bool,
    referee: Referee,
    /// Results for an input of -0 and 0.
    at_zero: [f64; 2],
}

/// The largest error among many results.
#[derive(Clone, Debug)]
pub struct Worst {
    /// In ULP; infinite for a NaN or an infinity that is wrong.
    pub error: f64,
    pub x: f32,
    pub got: f32,
    pub want: f64,
    /// How many results were above the bound.
    pub failures: usize,
    /// Some of their inputs, smallest and largest first.
    pub others: Vec<f32>,
}

impl<'a> Judge<'a> {
    pub fn new(f: &'a Activation, direction: Direction, flushes: bool) -> Self {
        let referee = f.referee();
        let at_zero = [-0.0, 0.0].map(|zero| referee.value(direction, zero));
        Self {
            f,
            direction,
            flushes,
            referee,
            at_zero,
        }
    }

    /// The error of one result in ULP, infinite for a wrong NaN or infinity.
    pub fn error(&self, x: f32, got: f32, want: f64) -> f64 {
        let error = self.plain_error(x, got, want);
        if error > 0.0 && self.flushes && x.is_subnormal() {
            let zero = self.at_zero.map(|want| self.plain_error(0.0, got, want));
            return error.min(zero[0]).min(zero[1]);
        }
        error
    }

    fn plain_error(&self, x: f32, got: f32, want: f64) -> f64 {
        let rounded = want as f32;
        if rounded.is_nan() || got.is_nan() {
            return if rounded.is_nan() && got.is_nan() {
                0.0
            } else {
                f64::INFINITY
            };
        }
        if got == rounded {
            return 0.0;
        }
        // What rounds to an infinity may come out as one, and so may its last four neighbours.
        let near_overflow = want.abs() >= f64::from(f32::MAX) - 4.0 * ulp(f64::MAX);
        if got.is_infinite() && near_overflow && got.is_sign_negative() == want.is_sign_negative() {
            return 0.0;
        }
        if got.is_infinite() || want.is_infinite() {
            return f64::INFINITY;
        }
        // A result at the edge of the subnormals may be flushed too: computed, it is just below the edge.
        let edge = f64::from(f32::MIN_POSITIVE) + 4.0 * ulp(0.0);
        if got == 0.0 && want.abs() <= edge {
            return 0.0;
        }
        let target = if rounded.is_infinite() {
            want
        } else {
            f64::from(rounded)
        };
        let difference = (f64::from(got) - target).abs();
        // The magnitude is dear and can only lower the error.
        let error = difference / ulp(target);
        if error <= 0.5 {
            return error;
        }
        let magnitude = self.referee.magnitude(self.direction, f64::from(x));
        difference / ulp(target.abs().max(magnitude.abs()))
    }

    /// The largest error, and how many are above `bound`.
    fn worst(&self, x: &[f32], got: &[f32], want: &[f64], bound: f64) -> Worst {
        assert!(
            x.len() == got.len() && x.len() == want.len(),
            "as many results as inputs"
        );
        let mut worst = Worst {
            error: -1.0,
            x: 0.0,
            got: 0.0,
            want: 0.0,
            failures: 0,
            others: Vec::new(),
        };
        let mut failed = Vec::new();
        for ((&x, &got), &want) in x.iter().zip(got).zip(want) {
            let error = self.error(x, got, want);
            if error > bound {
                failed.push(x);
            }
            if error > worst.error {
                worst = Worst {
                    error,
                    x,
                    got,
                    want,
                    ..worst
                };
            }
        }
        failed.sort_by(f32::total_cmp);
        worst.failures = failed.len();
        let shown = failed.len().min(8);
        worst.others = (0..shown)
            .map(|i| failed[i * (failed.len() - 1) / (shown - 1).max(1)])
            .collect();
        worst
    }

    /// As [`worst`](Self::worst), with an error that says all there is to know where the bound is missed.
    pub fn check(&self, x: &[f32], got: &[f32], want: &[f64], bound: f64) -> Result<Worst, String> {
        let worst = self.worst(x, got, want, bound);
        if worst.failures == 0 {
            return Ok(worst);
        }
        let magnitude = self.referee.magnitude(self.direction, f64::from(worst.x));
        Err(format!(
            "{} {}: {} of {} results are off by more than {bound} ULP, some of them at {:?}; the worst: {}",
            self.f,
            self.direction,
            worst.failures,
            x.len(),
            worst.others,
            worst.describe(magnitude)
        ))
    }
}

impl Worst {
    fn describe(&self, magnitude: f64) -> String {
        let Self {
            error,
            x,
            got,
            want,
            ..
        } = self;
        let rounded = *want as f32;
        let ulp = ulp(f64::from(rounded).abs().max(magnitude));
        format!(
            "x = {x:e} ({:#010x}): got {got:e} ({:#010x}), want {rounded:e} ({:#010x}, exactly {want:e}), \
             {error:.2} ULP of {ulp:e} each",
            x.to_bits(),
            got.to_bits(),
            rounded.to_bits(),
        )
    }
}
