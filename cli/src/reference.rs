//! What a chain's results are compared with: its steps' references one after another in f64, and how far off the bounds of the steps allow
//! the result to be.

use crate::check::rule::ulp;
use crate::failure::Failure;
use nonlin::{Chain, Direction, Operand, Operation, Referee, Step};

/// Errors that the contract allows an activation or its derivative, in ULP.
pub const ALLOWED_ULP: f64 = 4.0;

/// A chain of numbers and activations in f64.
pub struct Reference {
    steps: Vec<Exact>,
}

enum Exact {
    Activation(Referee),
    Combine(Operation, f64),
    Residual,
}

/// A number in f64 with the largest distance that an f32 result may have from it; infinite where nothing is claimed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounded {
    /// The exact number.
    pub value: f64,
    /// The distance.
    pub slack: f64,
}

impl Bounded {
    fn exact(value: f64) -> Self {
        Self { value, slack: 0.0 }
    }

    /// The result of a step: what its own errors, in ULP, add to those of its input.
    fn new(value: f64, slack: f64, ulps: f64) -> Self {
        let largest = value.abs() + slack;
        let mut slack = slack + ulps * ulp(largest);
        if value.abs() - slack < f64::from(f32::MIN_POSITIVE) {
            // A subnormal number may be taken for zero.
            slack += f64::from(f32::MIN_POSITIVE);
        }
        if slack.is_nan() || largest > f64::from(f32::MAX) {
            // What left the range of f32 within the chain may come back as anything. NaN stays NaN.
            slack = f64::INFINITY;
        }
        Self { value, slack }
    }

    fn times(self, other: Self, ulps: f64) -> Self {
        let slack = if self.slack == 0.0 && other.slack == 0.0 {
            0.0
        } else {
            self.value.abs() * other.slack
                + other.value.abs() * self.slack
                + self.slack * other.slack
        };
        Self::new(self.value * other.value, slack, ulps)
    }

    fn plus(self, other: Self) -> Self {
        // Products before a sum may be fused with it, which takes an error away.
        Self::new(self.value + other.value, self.slack + other.slack, 1.0)
    }
}

impl Reference {
    /// A chain whose operands are numbers, as those that are read from text are.
    pub fn new(chain: &Chain<'_>) -> Result<Self, Failure> {
        let step = |step: &Step<'_>| match step {
            Step::Activation(f) => Ok(Exact::Activation(f.referee())),
            Step::Combine(operation, Operand::Number(number)) => {
                Ok(Exact::Combine(*operation, f64::from(*number)))
            }
            Step::Residual => Ok(Exact::Residual),
            other => Err(Failure::Failed(format!(
                "{other} has no reference: its operand is no number"
            ))),
        };
        let steps = chain.steps().iter().map(step).collect::<Result<_, _>>()?;
        Ok(Self { steps })
    }

    /// The exact result. The directions from the output exist for one activation only.
    pub fn value(&self, direction: Direction, x: f64) -> f64 {
        if let ([Exact::Activation(f)], true) = (&self.steps[..], direction.from_output()) {
            return f.value(direction, x);
        }
        self.bounded(direction, x, 1.0).value
    }

    /// The exact result with what the steps' bounds allow; `grad` goes into the backward direction only.
    pub fn bounded(&self, direction: Direction, x: f64, grad: f64) -> Bounded {
        let values = self.values(Bounded::exact(x));
        match direction {
            Direction::Forward => values[self.steps.len()],
            Direction::Derivative => self.backward(&values, Bounded::exact(1.0)),
            _ => self.backward(&values, Bounded::exact(grad)),
        }
    }

    /// The input, and the value behind each step.
    fn values(&self, x: Bounded) -> Vec<Bounded> {
        let mut values = vec![x];
        for step in &self.steps {
            let v = values[values.len() - 1];
            values.push(match step {
                Exact::Activation(f) => through(f, Direction::Forward, v),
                Exact::Residual => v.plus(x),
                Exact::Combine(operation, o) => {
                    let number = Bounded::exact(*o);
                    match operation {
                        Operation::Add => v.plus(number),
                        Operation::Sub => v.plus(Bounded::exact(-o)),
                        Operation::Mul => v.times(number, 1.0),
                        Operation::Div => v.times(Bounded::exact(1.0 / o), 3.5),
                        _ if v.value.is_nan() || o.is_nan() => Bounded::exact(f64::NAN),
                        Operation::Max => Bounded {
                            value: v.value.max(*o),
                            ..v
                        },
                        Operation::Min => Bounded {
                            value: v.value.min(*o),
                            ..v
                        },
                    }
                }
            });
        }
        values
    }

    fn backward(&self, values: &[Bounded], grad: Bounded) -> Bounded {
        let (mut g, mut residual) = (grad, None);
        for (step, &v) in self.steps.iter().zip(values).rev() {
            match step {
                Exact::Activation(f) => g = chained(g, through(f, Direction::Derivative, v)),
                Exact::Residual => residual = Some(residual.map_or(g, |r: Bounded| r.plus(g))),
                Exact::Combine(operation, o) => {
                    g = match operation {
                        Operation::Add | Operation::Sub => g,
                        Operation::Mul => chained(g, Bounded::exact(*o)),
                        Operation::Div => g.times(Bounded::exact(1.0 / o), 3.5),
                        Operation::Max => chained(g, share(v, v.value - o)),
                        Operation::Min => chained(g, share(v, o - v.value)),
                    }
                }
            }
        }
        residual.map_or(g, |residual| g.plus(residual))
    }
}

/// A factor of the chain rule, where a zero wins over an infinity.
fn chained(g: Bounded, factor: Bounded) -> Bounded {
    let product = g.times(factor, 1.0);
    if product.value.is_nan() && !g.value.is_nan() && !factor.value.is_nan() {
        return Bounded {
            value: 0.0,
            ..product
        };
    }
    product
}

/// The share of the gradient that the value gets which is larger by so much.
fn share(v: Bounded, larger_by: f64) -> Bounded {
    let value = match larger_by {
        by if by.is_nan() => f64::NAN,
        0.0 => 0.5,
        by => f64::from(u8::from(by > 0.0)),
    };
    // Which one is the larger is not known.
    let slack = if v.slack > 0.0 && larger_by.abs() <= v.slack {
        1.0
    } else {
        0.0
    };
    Bounded { value, slack }
}

/// A function of a number that is not exact. Its values at the ends of the range, and halfway to them, show how far it may go.
fn through(f: &Referee, direction: Direction, v: Bounded) -> Bounded {
    let value = f.value(direction, v.value);
    let magnitude = f.magnitude(direction, v.value).abs().max(value.abs());
    if v.slack == f64::INFINITY || !magnitude.is_finite() {
        return Bounded {
            value,
            slack: f64::INFINITY,
        };
    }
    let mut spread = 0.0_f64;
    if v.slack > 0.0 {
        for part in [-1.0, -0.5, 0.5, 1.0] {
            let there = f.value(direction, v.value + part * v.slack);
            spread = spread.max((there - value).abs());
            if there.is_nan() && !value.is_nan() {
                spread = f64::INFINITY;
            }
        }
    }
    // An eighth for what lies between; the bound is in ULP of the largest term, not of the result.
    let own = ALLOWED_ULP * (ulp(magnitude + spread) - ulp(value.abs() + 1.125 * spread)).max(0.0);
    Bounded::new(value, 1.125 * spread + own, ALLOWED_ULP)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(text: &str) -> Reference {
        let chain: Chain<'_> = text.parse().expect("a chain");
        Reference::new(&chain).expect("of numbers")
    }

    #[test]
    fn steps_are_composed_and_derivatives_multiplied() {
        let chain = reference("scale(0.5) | tanh | offset(1) | residual");
        let (x, h) = (0.7, 1e-6);
        let value = |x: f64| chain.value(Direction::Forward, x);
        assert!((value(x) - ((0.5 * x).tanh() + 1.0 + x)).abs() < 1e-15);
        let slope = (value(x + h) - value(x - h)) / (2.0 * h);
        assert!((chain.value(Direction::Derivative, x) - slope).abs() < 1e-9);
        assert_eq!(
            chain.bounded(Direction::Backward, x, 3.0).value,
            3.0 * chain.value(Direction::Derivative, x)
        );
    }

    #[test]
    fn cancellation_makes_room() {
        let fine = reference("gelu").bounded(Direction::Forward, 0.3, 1.0);
        assert!(fine.slack <= 5.0 * ulp(fine.value), "{fine:?}");
        let cancelled = reference("offset(1000) | gelu | offset(-1000)");
        let cancelled = cancelled.bounded(Direction::Forward, 0.3, 1.0);
        assert!((cancelled.value - 0.3).abs() < 1e-12);
        assert!(cancelled.slack > 4.0 * ulp(1000.0) && cancelled.slack < 16.0 * ulp(1000.0));
    }

    #[test]
    fn what_leaves_the_range_claims_nothing_and_nan_stays() {
        let over = reference("scale(3e38) | scale(1e-38)");
        assert_eq!(
            over.bounded(Direction::Forward, 100.0, 1.0).slack,
            f64::INFINITY
        );
        assert!(over.value(Direction::Forward, f64::NAN).is_nan());
        let larger = reference("max(1)");
        assert_eq!(larger.value(Direction::Derivative, 1.0), 0.5);
        assert_eq!(larger.value(Direction::Derivative, 2.0), 1.0);
        assert!(larger.value(Direction::Forward, f64::NAN).is_nan());
    }
}
