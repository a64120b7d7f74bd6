//! What is known of a number that an engine computes: the ranges by which a chain is judged.

use crate::support::compare::ulp;
use nonlin::{Activation, Direction, Referee};

/// Points of a range at which a function is looked at.
const POINTS: usize = 9;

/// What is known of a number that an engine computes.
#[derive(Clone, Copy, Debug)]
pub enum Known {
    /// It lies between these, or is one of them.
    Between(f64, f64),
    Nan,
    /// Nothing.
    Nothing,
}

use Known::{Between, Nan, Nothing};

impl Known {
    /// A number that an engine is given.
    pub fn given(x: f32) -> Self {
        Between(f64::from(x), f64::from(x)).flushed()
    }

    fn flushed(self) -> Self {
        let edge = f64::from(f32::MIN_POSITIVE);
        match self {
            Between(low, high) if low != high || (low as f32).is_subnormal() => {
                if low < edge && high > -edge {
                    Between(low.min(0.0), high.max(0.0))
                } else {
                    self
                }
            }
            other => other,
        }
    }

    /// The result of an operation whose exact result is this, off by so many ULP at most.
    fn computed(self, ulps: f64) -> Self {
        match self {
            Between(low, high) if low == high && f64::from(low as f32) == low => self.flushed(),
            _ => self.widened(ulps, 0.0),
        }
    }

    fn widened(self, ulps: f64, magnitude: f64) -> Self {
        let Between(low, high) = self else {
            return self;
        };
        let magnitude = low.abs().max(high.abs()).max(magnitude);
        let error = ulps * ulp(magnitude);
        if magnitude.is_nan() || magnitude + error >= f64::from(f32::MAX) {
            return Nothing;
        }
        Between(low - error, high + error).flushed()
    }

    /// The exact results of an operation whose extremes are at the ends of the ranges.
    pub fn both(self, other: Self, of: impl Fn(f64, f64) -> f64) -> Self {
        match (self, other) {
            (Nan, _) | (_, Nan) => Nan,
            (Between(a, b), Between(c, d)) => {
                let all = [of(a, c), of(a, d), of(b, c), of(b, d)];
                if all.iter().any(|v| !v.is_finite()) {
                    return Nothing;
                }
                Between(
                    all.iter().copied().fold(f64::INFINITY, f64::min),
                    all.iter().copied().fold(f64::NEG_INFINITY, f64::max),
                )
            }
            _ => Nothing,
        }
    }

    /// The sum.
    pub fn plus(self, other: Self) -> Self {
        self.both(other, |a, b| a + b).computed(1.0)
    }

    /// The difference.
    pub fn minus(self, other: Self) -> Self {
        self.both(other, |a, b| a - b).computed(1.0)
    }

    /// The product. Drivers multiply three numbers in any order, and a product that is subnormal on the way may be off by as much as itself.
    pub fn times(self, other: Self) -> Self {
        let edge = f64::from(f32::MIN_POSITIVE);
        match self.both(other, |a, b| a * b).computed(1.0) {
            Between(low, high) if low != high && low > -edge && high < edge => {
                Between(2.0 * low, 2.0 * high)
            }
            other => other,
        }
    }

    /// The quotient.
    pub fn over(self, other: Self) -> Self {
        match other {
            Between(low, high) if low <= 0.0 && high >= 0.0 && !matches!(self, Nan) => Nothing,
            _ => self.both(other, |a, b| a / b).widened(3.0, 0.0),
        }
    }

    /// Whether a result fits.
    pub fn allows(self, got: f32) -> bool {
        match self {
            Nothing => true,
            Nan => got.is_nan(),
            Between(low, high) => low <= f64::from(got) && f64::from(got) <= high,
        }
    }

    /// Whether little is left open: at most 2^-12 of the number.
    pub fn is_narrow(self) -> bool {
        match self {
            Between(low, high) => high - low <= low.abs().max(high.abs()) / 4096.0,
            Nan => true,
            Nothing => false,
        }
    }

    /// Whether anything is claimed.
    pub fn claims(self) -> bool {
        !matches!(self, Nothing)
    }
}

/// The sum of terms in any order.
pub fn sum(terms: &[Known]) -> Known {
    if terms.iter().any(|term| matches!(term, Nan)) {
        return Nan;
    }
    let (mut low, mut high, mut magnitude) = (0.0, 0.0, 0.0);
    for term in terms {
        let Between(a, b) = term else { return Nothing };
        low += a;
        high += b;
        magnitude += a.abs().max(b.abs());
    }
    let error = terms.len() as f64 * (magnitude * 2f64.powi(-24) + f64::from(f32::MIN_POSITIVE));
    Between(low - error, high + error).widened(1.0, 0.0)
}

/// A function with what is known about it.
pub struct Function {
    pub referee: Referee,
    /// Where the function or its derivative jumps.
    pub jumps: Vec<f32>,
    bound: f64,
    bound_derivative: f64,
}

impl Function {
    pub fn new(f: &Activation) -> Self {
        let mut jumps: Vec<f32> = f.kinks().iter().map(|&(at, _)| at).collect();
        match f.id() {
            "step" | "sign" => jumps.push(0.0),
            // Poles.
            "reciprocal" | "log" | "sqrt" | "rsqrt" => jumps.push(0.0),
            "log1p" => jumps.push(-1.0),
            // Between eps and 0 it is a line that misses f(0) by about eps².
            "xielu" => jumps.extend([f.parameters()[3], 0.0]),
            _ => {}
        }
        Self {
            referee: f.referee(),
            jumps,
            bound: f64::from(nonlin::ErrorBound::CONTRACT),
            bound_derivative: f64::from(nonlin::ErrorBound::CONTRACT),
        }
    }

    /// Its value, or its derivative's, for an input of which this is known.
    pub fn at(&self, direction: Direction, x: Known) -> Known {
        let Between(low, high) = x else { return x };
        let width = high - low;
        if width > (low.abs().max(high.abs()) / 64.0).max(1e-6) {
            return Nothing;
        }
        let mut points = vec![low];
        if width > 0.0 {
            points.extend((1..POINTS).map(|i| low + width * i as f64 / (POINTS - 1) as f64));
            for &jump in &self.jumps {
                let sides = [jump.next_down(), jump, jump.next_up()].map(f64::from);
                if low <= sides[2] && sides[0] <= high {
                    points.extend(sides);
                }
            }
        }
        let values: Vec<f64> = points
            .iter()
            .map(|&x| self.referee.value(direction, x))
            .collect();
        if values.iter().all(|v| v.is_nan()) {
            return Nan;
        }
        if values.iter().any(|v| !v.is_finite()) {
            return Nothing;
        }
        let bottom = values.iter().copied().fold(f64::INFINITY, f64::min);
        let top = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let between = (top - bottom) / 8.0;
        let hull = Between(bottom - between, top + between);
        let bound = match direction {
            Direction::Forward => self.bound,
            _ => self.bound_derivative,
        };
        if bound == 0.0 {
            return hull.computed(1.0);
        }
        let magnitudes = points
            .iter()
            .map(|&x| self.referee.magnitude(direction, x).abs());
        hull.widened(bound + 1.0, magnitudes.fold(0.0, f64::max))
    }
}
