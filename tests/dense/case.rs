//! Layers with numbers for them, and what they should give.
//!
//! What a sum of n products x·w may be off by: n + 2 roundings, with the bias, of the sum of their magnitudes, which is
//! (n + 2)·2⁻²⁴·(Σ|x·w| + |b|), and 2⁻¹²⁶ for each number that may be taken for zero. What the function makes of that is its largest
//! slope times it, and its own 4 ULP; the gradient of z takes the largest slope of the derivative. Gradients are sums of that.

use libtest_mimic::Failed;
use nonlin::dense::{Dense, DenseEngine, DenseGradients, Wanted};
use nonlin::{Activation, Chain, Direction};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// 2⁻²⁴, the relative error of a rounding.
pub const ROUNDING: f64 = 0.5 * f32::EPSILON as f64;
pub const SUBNORMAL: f64 = f32::MIN_POSITIVE as f64;

/// Cases, inputs, outputs.
pub const SHAPES: [(usize, usize, usize); 9] = [
    (1, 1, 1),
    (3, 5, 7),
    (4, 4, 4),
    (5, 1, 9),
    (64, 64, 64),
    (100, 257, 33),
    (1, 1000, 10),
    (9, 2, 1),
    (1030, 3, 5),
];

/// A layer with numbers for it.
pub struct Case {
    pub layer: Dense<'static>,
    pub x: Vec<f32>,
    pub weights: Vec<f32>,
    pub bias: Option<Vec<f32>>,
    pub grad: Vec<f32>,
}

/// A function with its largest slope, and the largest slope of its derivative where that has one everywhere.
pub fn functions() -> Vec<(Chain<'static>, f64, Option<f64>)> {
    vec![
        (Chain::new(), 1.0, Some(0.0)),
        (Activation::relu().into(), 1.0, None),
        (Activation::tanh().into(), 1.0, Some(0.77)),
        (Activation::gelu().into(), 1.13, Some(0.8)),
        (Activation::sigmoid().into(), 0.25, Some(0.1)),
    ]
}

pub fn exact(f: &Chain<'_>, direction: Direction, z: f64) -> f64 {
    match (f.steps(), direction) {
        ([nonlin::Step::Activation(f)], _) => f.reference(direction, z),
        ([], Direction::Forward) => z,
        ([], _) => 1.0,
        (steps, _) => panic!("no reference for {steps:?}"),
    }
}

impl Case {
    pub fn new(
        (batch, inputs, outputs): (usize, usize, usize),
        f: &Chain<'static>,
        bias: bool,
    ) -> Self {
        let mut rng = StdRng::seed_from_u64((batch * 31 + inputs * 7 + outputs) as u64);
        let mut numbers =
            |len: usize| -> Vec<f32> { (0..len).map(|_| rng.random_range(-1.0..1.0)).collect() };
        Self {
            layer: Dense::new(inputs, outputs).then(f),
            x: numbers(batch * inputs),
            weights: numbers(inputs * outputs),
            bias: bias.then(|| numbers(outputs)),
            grad: numbers(batch * outputs),
        }
    }

    pub fn forward(&self, engine: &dyn DenseEngine) -> nonlin::Result<Vec<f32>> {
        // A value that no layer gives by accident, so that an element left out shows.
        let mut y = vec![f32::from_bits(0x7e57_7e57); self.grad.len()];
        engine.dense_into(&self.layer, &self.x, &self.weights, self.bias(), &mut y)?;
        Ok(y)
    }

    pub fn backward(
        &self,
        engine: &dyn DenseEngine,
        wanted: Wanted,
    ) -> nonlin::Result<DenseGradients<Vec<f32>>> {
        engine.dense_backward(
            &self.layer,
            &self.x,
            &self.weights,
            self.bias(),
            &self.grad,
            wanted,
        )
    }

    pub fn bias(&self) -> Option<&[f32]> {
        self.bias.as_deref()
    }

    pub fn x(&self, case: usize, input: usize) -> f64 {
        self.x[case * self.layer.inputs() + input].into()
    }

    pub fn weight(&self, output: usize, input: usize) -> f64 {
        self.weights[output * self.layer.inputs() + input].into()
    }

    /// z, and what it may be off by.
    pub fn z(&self, case: usize, output: usize) -> (f64, f64) {
        let bias = self.bias().map_or(0.0, |bias| bias[output].into());
        let terms = (0..self.layer.inputs()).map(|i| self.x(case, i) * self.weight(output, i));
        sum(terms.chain([bias]))
    }

    /// The gradient of z, and what it may be off by.
    pub fn dz(&self, case: usize, output: usize, slope: f64) -> (f64, f64) {
        let (z, off) = self.z(case, output);
        let grad = f64::from(self.grad[case * self.layer.outputs() + output]);
        let dz = grad * exact(self.layer.function(), Direction::Derivative, z);
        (
            dz,
            grad.abs() * slope * off + 10.0 * ROUNDING * dz.abs() + SUBNORMAL,
        )
    }
}

/// A sum, and what it may be off by.
pub fn sum(terms: impl Iterator<Item = f64>) -> (f64, f64) {
    let (mut sum, mut magnitude, mut count) = (0.0, 0.0, 0.0);
    for term in terms {
        sum += term;
        magnitude += term.abs();
        count += 1.0;
    }
    // A hundredth for the terms of the second order.
    let roundings = 1.01 * (count + 1.0) * ROUNDING;
    (sum, roundings * magnitude + count * SUBNORMAL)
}

pub fn expect(holds: bool, text: impl FnOnce() -> String) -> Result<(), Failed> {
    if holds { Ok(()) } else { Err(text().into()) }
}

pub fn check(what: &str, i: usize, got: f32, (want, off): (f64, f64)) -> Result<(), Failed> {
    expect((f64::from(got) - want).abs() <= off, || {
        format!("{what}: element {i} is {got:e}, want {want:e}, off by at most {off:e}")
    })
}

/// Small integers of both signs: every sum of theirs is exact.
pub fn integers(len: usize, seed: usize) -> Vec<f32> {
    (0..len)
        .map(|i| (((i + seed) * 7919) % 13) as f32 - 6.0)
        .collect()
}
