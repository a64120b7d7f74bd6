//! Errors in ULP, counted as the crate's contract says.

use nonlin::{Activation, Direction};

// The program judges by the same rule.
#[path = "../../cli/src/check/rule.rs"]
mod rule;

use rule::Rule;
pub use rule::ulp;

/// Judges results of one function and direction.
pub struct Judge<'a> {
    f: &'a Activation,
    direction: Direction,
    rule: Rule,
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
    /// `flushes` says whether a subnormal input may be taken for zero.
    pub fn new(f: &'a Activation, direction: Direction, flushes: bool) -> Self {
        Self {
            f,
            direction,
            rule: Rule::new(f, direction, flushes),
        }
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
            let error = self.rule.verdict(x, got, want).error();
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
        let magnitude = self.rule.magnitude(worst.x);
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
