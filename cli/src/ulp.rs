//! Results against the reference, in ULP.

use crate::check::rule::judge;
use crate::failure::Failure;
use crate::reference::{ALLOWED_ULP, Reference};
use nonlin::{Chain, Direction, Function, Referee};
use std::cmp::Ordering;

/// What the contract allows for `grad * derivative`: the product of an error of 4 ULP can be 8 ULP of a result that lies at the lower
/// end of its power of two, and rounding the product adds a half.
const ALLOWED_ULP_BACKWARD: f64 = 8.5;

/// The worst error of a result: the one that comes nearest to what is allowed.
#[derive(Clone, Copy, Debug)]
pub struct Worst {
    /// The error in parts of what is allowed at that operand.
    pub share: f64,
    /// Error in ULP; infinite where a NaN is missing or too many.
    pub ulp: f64,
    /// The operand where it is reached.
    pub x: f32,
    /// The result there.
    pub got: f32,
    /// The exact result there, rounded to f32.
    pub want: f32,
}

impl Worst {
    /// By how near they come to what is allowed.
    pub fn compare(&self, other: &Self) -> Ordering {
        let shares = self.share.total_cmp(&other.share);
        shares.then(self.ulp.total_cmp(&other.ulp))
    }
}

/// What results are compared with.
pub enum Exact {
    /// An activation, whose error has one bound.
    Activation(Referee),
    /// A chain, whose bound depends on the input.
    Chain(Reference),
}

/// The operands of a result.
#[derive(Clone, Copy, Debug)]
pub struct Operands<'a> {
    /// The function.
    pub f: &'a Chain<'a>,
    /// What was computed of it.
    pub direction: Direction,
    /// Its inputs, or its outputs for the directions from the output.
    pub x: &'a [f32],
    /// The incoming gradient, for the backward directions.
    pub grad: Option<&'a [f32]>,
}

impl Operands<'_> {
    /// Compares results with the reference, element by element, on all cores: the reference is computed once for all of
    /// them. Every result has to be as long as the operands.
    pub fn worst(&self, results: &[&[f32]]) -> Result<Vec<Worst>, Failure> {
        let exact = match self.f.activation() {
            Some(f) => Exact::Activation(f.referee()),
            None => Exact::Chain(Reference::new(self.f)?),
        };
        Ok(self.worst_against(&exact, results))
    }

    /// As [`worst`](Self::worst), against a reference that is made already.
    pub fn worst_against(&self, exact: &Exact, results: &[&[f32]]) -> Vec<Worst> {
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
        let share = self.x.len().div_ceil(threads).max(1);
        let parts: Vec<Vec<Worst>> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..self.x.len())
                .step_by(share)
                .map(|start| {
                    let range = start..self.x.len().min(start + share);
                    scope.spawn(move || self.worst_within(exact, range, results))
                })
                .collect();
            let joined = workers.into_iter().map(|worker| worker.join());
            joined
                .map(|part| part.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect()
        });
        let worst = (0..results.len()).map(|i| {
            let ends = parts.iter().map(|part| part[i]);
            ends.fold(NONE, |a, b| if b.compare(&a).is_gt() { b } else { a })
        });
        worst.collect()
    }

    fn worst_within(
        &self,
        exact: &Exact,
        range: std::ops::Range<usize>,
        results: &[&[f32]],
    ) -> Vec<Worst> {
        let mut worst = vec![NONE; results.len()];
        let allowed = if self.direction.takes_grad() {
            ALLOWED_ULP_BACKWARD
        } else {
            ALLOWED_ULP
        };
        for at in range {
            let x = self.x[at];
            let grad = self.grad.map(|grad| f64::from(grad[at]));
            let mut note = |want: f64, error: &dyn Fn(f32) -> (f64, f64)| {
                for (worst, result) in worst.iter_mut().zip(results) {
                    let got = result[at];
                    let (ulp, share) = error(got);
                    let want = want as f32;
                    let this = Worst {
                        share,
                        ulp,
                        x,
                        got,
                        want,
                    };
                    if this.compare(worst).is_gt() {
                        *worst = this;
                    }
                }
            };
            match exact {
                Exact::Activation(referee) => {
                    let factor = referee.value(self.direction, f64::from(x));
                    let want = grad.map_or(factor, |grad| product(grad, factor));
                    let magnitude = || {
                        let magnitude = referee.magnitude(self.direction, f64::from(x));
                        grad.map_or(magnitude, |grad| (grad * magnitude).abs())
                    };
                    note(want, &|got| {
                        let ulp = judge(got, want, magnitude).error();
                        (ulp, ulp / allowed)
                    });
                }
                Exact::Chain(reference) => {
                    let grad = grad.unwrap_or(1.0);
                    let bounded = reference.bounded(self.direction, f64::from(x), grad);
                    let want = bounded.value;
                    note(want, &|got| {
                        let ulp = judge(got, want, || 0.0).error();
                        // A subnormal for which there is zero, say, is no error whatever its distance.
                        let share = match (f64::from(got) - want).abs() / bounded.slack {
                            _ if ulp == 0.0
                                || (want.is_finite() && bounded.slack.is_infinite()) =>
                            {
                                0.0
                            }
                            _ if ulp.is_infinite() => f64::INFINITY,
                            share => share,
                        };
                        (if share == 0.0 { 0.0 } else { ulp }, share)
                    });
                }
            }
        }
        worst
    }
}

const NONE: Worst = Worst {
    share: 0.0,
    ulp: 0.0,
    x: f32::NAN,
    got: f32::NAN,
    want: f32::NAN,
};

/// `grad * derivative`, where a zero wins over an infinity.
fn product(grad: f64, derivative: f64) -> f64 {
    let product = grad * derivative;
    if product.is_nan() && !grad.is_nan() && !derivative.is_nan() {
        return 0.0;
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;
    use nonlin::Activation;

    #[test]
    fn errors_are_counted_as_the_contract_says() {
        let error = |got, want, magnitude| judge(got, want, || magnitude).error();
        let next = f32::from_bits(1.0_f32.to_bits() + 3);
        assert_eq!(error(next, 1.0, 1.0), 3.0);
        assert_eq!(error(next, 1.0, 2.0), 1.5);
        assert_eq!(error(f32::NAN, f64::NAN, 0.0), 0.0);
        assert_eq!(error(f32::NAN, 1.0, 1.0), f64::INFINITY);
        assert_eq!(error(1.0, f64::NAN, 1.0), f64::INFINITY);
        assert_eq!(error(0.0, 1e-40, 1e-40), 0.0);
        assert!(error(0.0, 1e-37, 1e-37) > 1e6);
        assert_eq!(error(f32::MAX, f64::INFINITY, f64::INFINITY), f64::INFINITY);
        assert_eq!(error(f32::INFINITY, f64::from(f32::MAX), 0.0), 0.0);
        assert_eq!(error(-0.0, 0.0, 0.0), 0.0);
    }

    #[test]
    fn the_worst_element_is_found_in_every_result() {
        let f = Activation::relu().into();
        let x: Vec<f32> = (0..1000).map(|i| i as f32).collect();
        let mut wrong = x.clone();
        wrong[777] = 778.0;
        let operands = Operands {
            f: &f,
            direction: Direction::Forward,
            x: &x,
            grad: None,
        };
        let worst = operands.worst(&[&x, &wrong]).expect("numbers");
        assert_eq!(worst[0].ulp, 0.0);
        assert_eq!(
            (worst[1].x, worst[1].got, worst[1].want),
            (777.0, 778.0, 777.0)
        );
        assert_eq!(worst[1].ulp, 16384.0);
    }

    #[test]
    fn chains_are_held_to_what_their_steps_allow() {
        let f: Chain<'_> = "offset(1000) | offset(-1000)".parse().expect("a chain");
        let operands = Operands {
            f: &f,
            direction: Direction::Forward,
            x: &[0.3],
            grad: None,
        };
        let near = (0.3_f32 + 1000.0) - 1000.0;
        let shares = |got: f32| operands.worst(&[&[got]]).expect("numbers")[0];
        assert!(shares(near).ulp > 100.0 && shares(near).share < 1.0);
        assert!(shares(0.301).share > 1.0);
        assert!(shares(f32::NAN).share.is_infinite());
    }

    #[test]
    fn backward_is_compared_with_the_exact_product() {
        let f = Activation::relu().into();
        let operands = Operands {
            f: &f,
            direction: Direction::Backward,
            x: &[1.0, -1.0],
            grad: Some(&[3.0, f32::INFINITY]),
        };
        assert_eq!(operands.worst(&[&[3.0, 0.0]]).expect("numbers")[0].ulp, 0.0);
    }
}
