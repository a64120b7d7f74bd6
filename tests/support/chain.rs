//! How a chain is judged.
//!
//! A chain has no bound of its own: `f(x) - f(x)` has no right digit left however well `f` is computed. What each step promises is known,
//! and from that follows, for each element, a range that the result has to lie in. The ranges are computed in f64, beginning with the input,
//! which is exact:
//!
//! - **An activation or its derivative**, where its input lies in a range: the hull of the reference's values over the range, and on either
//!   side the bound that the catalogue states, and one ULP for the rounding, in ULP of the largest value (or of the largest term that
//!   cancels, where the catalogue counts so). The hull is taken of nine points and of both sides of every kink and jump in the range, and
//!   an eighth is added for what lies between the points. No point between is missed by that as long as the range is narrow: a range
//!   wider than a 64th of its largest number (and than 1e-6) has no conclusion.
//! - **Arithmetic**: the range of the exact results, and one ULP (a division three). A product and a sum in one operation only lack an error.
//!   Where numbers without an error have a result that is an f32, there is no error.
//! - **The larger and the smaller one**: no error. Their gradient's share is 0, 1, the half at a tie of two exact numbers, and anything from
//!   0 to 1 where the range reaches to the other side.
//! - **Subnormal numbers** may be taken for zero, so a range that reaches below 2^-126 includes zero. A subnormal product may be twice as
//!   large: Mesa's OpenGL driver multiplies in another order, `-6 · (7e-45 · 0.25)` for `(-6 · 0.25) · 7e-45`.
//! - **A sum over `n` elements**: the sum of the ranges, and `n · 2^-24` of the sum of the largest magnitudes.
//! - **Where a value may leave the range of f32**, or an infinity or a pole lies in the range of an input, nothing is claimed of what depends
//!   on it; other tests look at special values. Where a whole range has no value (the logarithm of negative numbers), the result is NaN.
//!
//! Both the chain in one kernel and its steps one by one have to lie in the range, and so CPU and GPU agree as far as the chain's condition
//! lets them.

use crate::known::Known::{self, Between, Nan, Nothing};
use crate::known::{Function, sum};
use nonlin::{Broadcast, Chain, Direction, Operand, Operation, Step, Values};

/// One step at one element.
#[derive(Clone)]
enum At<'c> {
    Activation(&'c Function),
    /// The operand's value, and its place where it is in memory.
    Combine(Operation, f32, Option<usize>),
    Residual,
}

/// What a chain's results have to be.
pub struct Expected {
    pub forward: Vec<Known>,
    pub derivative: Vec<Known>,
    pub input: Vec<Known>,
    /// For each operand in memory.
    pub operands: Vec<Vec<Known>>,
}

/// A chain over an input of known shape.
pub struct Judge<'c> {
    chain: &'c Chain<'c>,
    columns: usize,
    functions: Vec<Option<Function>>,
}

impl<'c> Judge<'c> {
    pub fn new(chain: &'c Chain<'c>, columns: usize) -> Self {
        let function = |step: &Step<'_>| match step {
            Step::Activation(f) => Some(Function::new(f)),
            _ => None,
        };
        Self {
            chain,
            columns,
            functions: chain.steps().iter().map(function).collect(),
        }
    }

    /// The place within an operand of its value at element `i`.
    pub fn place(&self, broadcast: Broadcast, i: usize) -> usize {
        match broadcast {
            Broadcast::Scalar => 0,
            Broadcast::Row => i % self.columns,
            Broadcast::Column => i / self.columns,
            Broadcast::Full => i,
        }
    }

    fn steps_at(&self, i: usize) -> Vec<At<'_>> {
        let mut operand = 0;
        let steps = self.chain.steps().iter().zip(&self.functions);
        steps
            .map(|(step, function)| match (step, function) {
                (Step::Residual, _) => At::Residual,
                (Step::Combine(operation, Operand::Number(number)), _) => {
                    At::Combine(*operation, *number, None)
                }
                (Step::Combine(operation, Operand::Memory(broadcast, Values::Host(values))), _) => {
                    operand += 1;
                    At::Combine(
                        *operation,
                        values[self.place(*broadcast, i)],
                        Some(operand - 1),
                    )
                }
                (_, Some(function)) => At::Activation(function),
                _ => unreachable!("these chains have host memory only"),
            })
            .collect()
    }

    /// What is known of every result for these inputs and gradients.
    pub fn expect(&self, x: &[f32], grad: &[f32]) -> Expected {
        let operands: Vec<(Broadcast, usize)> = self
            .chain
            .operands()
            .map(|(b, values)| (b, values.len()))
            .collect();
        let mut terms: Vec<Vec<Vec<Known>>> = operands
            .iter()
            .map(|&(_, len)| vec![Vec::new(); len])
            .collect();
        let mut expected = Expected {
            forward: Vec::new(),
            derivative: Vec::new(),
            input: Vec::new(),
            operands: Vec::new(),
        };
        for (i, (&x, &grad)) in x.iter().zip(grad).enumerate() {
            let steps = self.steps_at(i);
            let values = forward(&steps, Known::given(x));
            expected.forward.push(values[steps.len()]);
            expected
                .derivative
                .push(backward(&steps, &values, Known::given(1.0), |_, _| {}));
            expected.input.push(backward(
                &steps,
                &values,
                Known::given(grad),
                |operand, term| {
                    terms[operand][self.place(operands[operand].0, i)].push(term);
                },
            ));
        }
        let sums = terms.iter().zip(&operands).map(|(terms, (broadcast, _))| {
            let of = |terms: &Vec<Known>| match broadcast {
                Broadcast::Full => terms[0],
                _ => sum(terms),
            };
            terms.iter().map(of).collect()
        });
        expected.operands = sums.collect();
        expected
    }

    /// The chain at element `i` and its derivatives with respect to the input and the operands in memory, in f64.
    pub fn exact(&self, i: usize, x: f64) -> (f64, f64, Vec<f64>) {
        let steps = self.steps_at(i);
        let values = exact_values(&steps, x, None);
        let mut operands = vec![0.0; self.chain.operands().count()];
        let (mut g, mut residual) = (1.0, 0.0);
        for (step, &v) in steps.iter().zip(&values).rev() {
            match step {
                At::Activation(f) => g *= f.referee.value(Direction::Derivative, v),
                At::Residual => residual += g,
                At::Combine(operation, o, operand) => {
                    let o = f64::from(*o);
                    let share = |wins| {
                        if v == o {
                            0.5
                        } else {
                            f64::from(u8::from(wins))
                        }
                    };
                    let (to_value, to_operand) = match operation {
                        Operation::Add => (1.0, 1.0),
                        Operation::Sub => (1.0, -1.0),
                        Operation::Mul => (o, v),
                        Operation::Div => (1.0 / o, -v / (o * o)),
                        Operation::Max => (share(v > o), share(v < o)),
                        Operation::Min => (share(v < o), share(v > o)),
                    };
                    if let Some(operand) = operand {
                        operands[*operand] = g * to_operand;
                    }
                    g *= to_value;
                }
            }
        }
        (values[steps.len()], g + residual, operands)
    }

    /// Whether a value lies just where a function or its derivative jumps: what the derivative is there is a convention.
    pub fn at_a_jump(&self, i: usize, x: f64) -> bool {
        let steps = self.steps_at(i);
        let values = exact_values(&steps, x, None);
        let jumps = |(step, &v): (&At<'_>, &f64)| match step {
            At::Activation(f) => f.jumps.contains(&(v as f32)),
            _ => false,
        };
        steps.iter().zip(&values).any(jumps)
    }

    /// The chain at element `i` in f64; `moved` adds to the value of an operand.
    pub fn exact_forward(&self, i: usize, x: f64, moved: Option<(usize, f64)>) -> f64 {
        *exact_values(&self.steps_at(i), x, moved)
            .last()
            .unwrap_or(&x)
    }
}

fn exact_values(steps: &[At<'_>], x: f64, moved: Option<(usize, f64)>) -> Vec<f64> {
    let mut values = vec![x];
    for step in steps {
        let v = values[values.len() - 1];
        values.push(match step {
            At::Activation(f) => f.referee.value(Direction::Forward, v),
            At::Residual => v + x,
            At::Combine(operation, o, operand) => {
                let by = moved
                    .filter(|(place, _)| Some(*place) == *operand)
                    .map_or(0.0, |(_, by)| by);
                let o = f64::from(*o) + by;
                match operation {
                    Operation::Add => v + o,
                    Operation::Sub => v - o,
                    Operation::Mul => v * o,
                    Operation::Div => v / o,
                    _ if v.is_nan() => v,
                    Operation::Max => v.max(o),
                    Operation::Min => v.min(o),
                }
            }
        });
    }
    values
}

fn forward(steps: &[At<'_>], x: Known) -> Vec<Known> {
    let mut values = vec![x];
    for step in steps {
        let v = values[values.len() - 1];
        values.push(match step {
            At::Activation(f) => f.at(Direction::Forward, v),
            At::Residual => v.plus(x),
            At::Combine(operation, o, _) => {
                let o = Known::given(*o);
                match operation {
                    Operation::Add => v.plus(o),
                    Operation::Sub => v.minus(o),
                    Operation::Mul => v.times(o),
                    Operation::Div => v.over(o),
                    Operation::Max => v.both(o, f64::max),
                    Operation::Min => v.both(o, f64::min),
                }
            }
        });
    }
    values
}

/// The share of the gradient that the larger one of the two gets if it is `larger`.
fn share(smaller: Known, larger: Known) -> Known {
    match (smaller, larger) {
        (Nan, _) | (_, Nan) => Nan,
        (Between(_, a), Between(b, _)) if a < b => Between(1.0, 1.0),
        (Between(a, _), Between(_, b)) if a > b => Between(0.0, 0.0),
        (Between(a, b), Between(c, d)) if a == b && c == d => Between(0.5, 0.5),
        // The comparison has a result whatever the values are, unless one is NaN, and that is not known.
        (Between(..), Between(..)) => Between(0.0, 1.0),
        _ => Nothing,
    }
}

fn backward(
    steps: &[At<'_>],
    values: &[Known],
    grad: Known,
    mut found: impl FnMut(usize, Known),
) -> Known {
    let (mut g, mut residual) = (grad, None);
    for (step, &v) in steps.iter().zip(values).rev() {
        match step {
            At::Activation(f) => g = g.times(f.at(Direction::Derivative, v)),
            At::Residual => residual = Some(residual.map_or(g, |r: Known| r.plus(g))),
            At::Combine(operation, o, operand) => {
                let o = Known::given(*o);
                let term = match operation {
                    Operation::Add => g,
                    Operation::Sub => Known::given(0.0).both(g, |zero, g| zero - g),
                    Operation::Mul => g.times(v),
                    Operation::Div => Known::given(-1.0).times(g.over(o)).times(v.over(o)),
                    Operation::Max => g.times(share(v, o)),
                    Operation::Min => g.times(share(o, v)),
                };
                if let Some(operand) = operand {
                    found(*operand, term);
                }
                g = match operation {
                    Operation::Add | Operation::Sub => g,
                    Operation::Mul => g.times(o),
                    Operation::Div => g.over(o),
                    Operation::Max => g.times(share(o, v)),
                    Operation::Min => g.times(share(v, o)),
                };
            }
        }
    }
    residual.map_or(g, |residual| g.plus(residual))
}
