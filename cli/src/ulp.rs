//! Results against the reference, in ULP.

use crate::check::rule::judge;
use nonlin::{Activation, Direction, Referee};

/// The worst error of a result.
#[derive(Clone, Copy, Debug)]
pub struct Worst {
    /// Error in ULP; infinite where a NaN is missing or too many.
    pub ulp: f64,
    /// The operand where it is reached.
    pub x: f32,
    /// The result there.
    pub got: f32,
    /// The exact result there, rounded to f32.
    pub want: f32,
}

/// The operands of a result.
#[derive(Clone, Copy, Debug)]
pub struct Operands<'a> {
    /// The function.
    pub f: &'a Activation,
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
    pub fn worst(&self, results: &[&[f32]]) -> Vec<Worst> {
        let referee = self.f.referee();
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
        let share = self.x.len().div_ceil(threads).max(1);
        let parts: Vec<Vec<Worst>> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..self.x.len())
                .step_by(share)
                .map(|start| {
                    let range = start..self.x.len().min(start + share);
                    let referee = &referee;
                    scope.spawn(move || self.worst_within(referee, range, results))
                })
                .collect();
            let joined = workers.into_iter().map(|worker| worker.join());
            joined
                .map(|part| part.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect()
        });
        (0..results.len())
            .map(|i| {
                let ends = parts.iter().map(|part| part[i]);
                ends.fold(NONE, |a, b| if b.ulp > a.ulp { b } else { a })
            })
            .collect()
    }

    fn worst_within(
        &self,
        referee: &Referee,
        range: std::ops::Range<usize>,
        results: &[&[f32]],
    ) -> Vec<Worst> {
        let mut worst = vec![NONE; results.len()];
        for at in range {
            let x = self.x[at];
            let factor = referee.value(self.direction, f64::from(x));
            let grad = self.grad.map(|grad| f64::from(grad[at]));
            let want = grad.map_or(factor, |grad| product(grad, factor));
            let magnitude = || {
                let magnitude = referee.magnitude(self.direction, f64::from(x));
                grad.map_or(magnitude, |grad| (grad * magnitude).abs())
            };
            for (worst, result) in worst.iter_mut().zip(results) {
                let got = result[at];
                let ulp = judge(got, want, magnitude).error();
                if ulp > worst.ulp {
                    let want = want as f32;
                    *worst = Worst { ulp, x, got, want };
                }
            }
        }
        worst
    }
}

const NONE: Worst = Worst {
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
        let f = Activation::relu();
        let x: Vec<f32> = (0..1000).map(|i| i as f32).collect();
        let mut wrong = x.clone();
        wrong[777] = 778.0;
        let operands = Operands {
            f: &f,
            direction: Direction::Forward,
            x: &x,
            grad: None,
        };
        let worst = operands.worst(&[&x, &wrong]);
        assert_eq!(worst[0].ulp, 0.0);
        assert_eq!(
            (worst[1].x, worst[1].got, worst[1].want),
            (777.0, 778.0, 777.0)
        );
        assert_eq!(worst[1].ulp, 16384.0);
    }

    #[test]
    fn backward_is_compared_with_the_exact_product() {
        let f = Activation::relu();
        let operands = Operands {
            f: &f,
            direction: Direction::Backward,
            x: &[1.0, -1.0],
            grad: Some(&[3.0, f32::INFINITY]),
        };
        assert_eq!(operands.worst(&[&[3.0, 0.0]])[0].ulp, 0.0);
    }
}
