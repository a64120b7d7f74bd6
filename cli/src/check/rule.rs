//! How a result is judged: the crate's contract on errors, in one place. The library's tests include this file.

use nonlin::{Activation, Direction, Referee};

/// Spacing of f32 at a number of this magnitude, never below the spacing of subnormals.
pub fn ulp(magnitude: f64) -> f64 {
    let rounded = (magnitude.abs() as f32).clamp(f32::MIN_POSITIVE, f32::MAX);
    let exponent = (rounded.to_bits() >> 23) as i32 - 127;
    f64::from_bits(((exponent - 23 + 1023) as u64) << 52)
}

/// What is to be said about one result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// An error in ULP; 0 where the result is right.
    Ulp(f64),
    /// Zero in the place of a subnormal, or the result for zero in the place of that for a subnormal input: right as well.
    Flushed,
    /// NaN where there should be a number, or the other way round.
    Nan,
    /// An infinity where there should be a number, or the other way round.
    Infinity,
}

impl Verdict {
    /// In ULP; infinite for a NaN or an infinity that is wrong.
    pub fn error(self) -> f64 {
        match self {
            Self::Ulp(error) => error,
            Self::Flushed => 0.0,
            Self::Nan | Self::Infinity => f64::INFINITY,
        }
    }
}

/// Judges results of one function and direction.
#[derive(Clone, Debug)]
pub struct Rule {
    direction: Direction,
    /// Whether a subnormal input may be taken for zero.
    flushes: bool,
    /// Whether the magnitude may be more than the result.
    scaled: bool,
    referee: Referee,
    /// Results for an input of -0 and 0.
    at_zero: [f64; 2],
}

impl Rule {
    /// `flushes` says whether a subnormal input may be taken for zero, as adapters do.
    pub fn new(f: &Activation, direction: Direction, flushes: bool) -> Self {
        let referee = f.referee();
        let at_zero = [-0.0, 0.0].map(|zero| referee.value(direction, zero));
        Self {
            direction,
            flushes,
            scaled: true,
            referee,
            at_zero,
        }
    }

    /// Finds out from inputs of every size whether the magnitude is ever more than the result. Few functions need it, and it is
    /// as dear as the result itself.
    pub fn probed(mut self) -> Self {
        let inputs = (0..=u32::MAX >> 20).map(|i| f32::from_bits((i << 20) + 0x5_5555));
        self.scaled = inputs
            .filter(|x| x.is_finite())
            .any(|x| self.magnitude(x) > self.exact(x).abs());
        self
    }

    /// The exact result.
    pub fn exact(&self, x: f32) -> f64 {
        self.referee.value(self.direction, f64::from(x))
    }

    /// What an error is counted in ULP of, where that is more than the result.
    pub fn magnitude(&self, x: f32) -> f64 {
        self.referee.magnitude(self.direction, f64::from(x)).abs()
    }

    /// Judges a result for `x` that is exactly `want`.
    pub fn verdict(&self, x: f32, got: f32, want: f64) -> Verdict {
        let verdict = self.plain_verdict(x, got, want);
        if verdict.error() == 0.0 || !self.flushes || !x.is_subnormal() {
            return verdict;
        }
        let zero = self
            .at_zero
            .map(|want| self.plain_verdict(0.0, got, want).error());
        let least = zero[0].min(zero[1]);
        if least == 0.0 {
            Verdict::Flushed
        } else if least < verdict.error() {
            Verdict::Ulp(least)
        } else {
            verdict
        }
    }

    fn plain_verdict(&self, x: f32, got: f32, want: f64) -> Verdict {
        judge(
            got,
            want,
            || if self.scaled { self.magnitude(x) } else { 0.0 },
        )
    }
}

/// Judges a result that is exactly `want`, in ULP of the larger of it and `magnitude`.
pub fn judge(got: f32, want: f64, magnitude: impl FnOnce() -> f64) -> Verdict {
    let rounded = want as f32;
    if rounded.is_nan() || got.is_nan() {
        return if rounded.is_nan() && got.is_nan() {
            Verdict::Ulp(0.0)
        } else {
            Verdict::Nan
        };
    }
    if got == rounded {
        return Verdict::Ulp(0.0);
    }
    // What rounds to an infinity may come out as one, and so may its last four neighbours.
    let near_overflow = want.abs() >= f64::from(f32::MAX) - 4.0 * ulp(f64::MAX);
    if got.is_infinite() && near_overflow && got.is_sign_negative() == want.is_sign_negative() {
        return Verdict::Ulp(0.0);
    }
    if got.is_infinite() || want.is_infinite() {
        return Verdict::Infinity;
    }
    // A result at the edge of the subnormals may be flushed too: computed, it is just below the edge.
    let edge = f64::from(f32::MIN_POSITIVE) + 4.0 * ulp(0.0);
    if got == 0.0 && want.abs() <= edge {
        return Verdict::Flushed;
    }
    let target = if rounded.is_infinite() {
        want
    } else {
        f64::from(rounded)
    };
    let difference = (f64::from(got) - target).abs();
    let error = difference / ulp(target);
    if error <= 0.5 {
        return Verdict::Ulp(error);
    }
    // The magnitude is as dear as the result itself and can only lower the error.
    Verdict::Ulp(difference / ulp(target.abs().max(magnitude())))
}
