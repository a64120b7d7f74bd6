//! What experiments have in common: an engine, random numbers, networks of dense layers.

use nonlin::dense::{Dense, DenseEngine, DenseGradients, Wanted};
use nonlin::{Chain, Error};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Where experiments are made.
pub struct Lab {
    pub engine: Box<dyn DenseEngine>,
    pub seed: u64,
}

impl Lab {
    /// Random numbers: the same ones for each experiment, whichever came before.
    pub fn numbers(&self) -> Numbers {
        Numbers(StdRng::seed_from_u64(self.seed))
    }
}

/// Random numbers.
pub struct Numbers(StdRng);

impl Numbers {
    /// Even over a range.
    pub fn uniform(&mut self, len: usize, from: f32, to: f32) -> Vec<f32> {
        (0..len).map(|_| self.0.random_range(from..to)).collect()
    }

    /// Normal with mean 0, by Box and Muller.
    pub fn normal(&mut self, len: usize, deviation: f64) -> Vec<f32> {
        let mut one = || {
            let radius = (-2.0 * (1.0 - self.0.random::<f64>()).ln()).sqrt();
            let angle = std::f64::consts::TAU * self.0.random::<f64>();
            (deviation * radius * angle.cos()) as f32
        };
        (0..len).map(|_| one()).collect()
    }

    /// Layers of these widths with weights of the given variance times 1 / inputs and no bias; each with a function.
    pub fn network(
        &mut self,
        widths: &[usize],
        functions: &[Chain<'static>],
        variance: f64,
    ) -> Network {
        let layer = |(widths, function): (&[usize], &Chain<'static>)| {
            let (inputs, outputs) = (widths[0], widths[1]);
            Layer {
                dense: Dense::new(inputs, outputs).then(function),
                weights: self.normal(inputs * outputs, (variance / inputs as f64).sqrt()),
                bias: None,
            }
        };
        Network {
            layers: widths.windows(2).zip(functions).map(layer).collect(),
        }
    }
}

/// A dense layer with its numbers.
pub struct Layer {
    pub dense: Dense<'static>,
    pub weights: Vec<f32>,
    pub bias: Option<Vec<f32>>,
}

impl Layer {
    pub fn forward(&self, lab: &Lab, x: &[f32]) -> Result<Vec<f32>, Error> {
        let bias = self.bias.as_deref();
        lab.engine.dense(&self.dense, x, &self.weights, bias)
    }

    pub fn backward(
        &self,
        lab: &Lab,
        x: &[f32],
        grad: &[f32],
        wanted: Wanted,
    ) -> Result<DenseGradients<Vec<f32>>, Error> {
        let bias = self.bias.as_deref();
        lab.engine
            .dense_backward(&self.dense, x, &self.weights, bias, grad, wanted)
    }

    /// The same numbers with another function.
    pub fn with(&self, function: impl Into<Chain<'static>>) -> Self {
        Self {
            dense: Dense::new(self.dense.inputs(), self.dense.outputs()).then(function),
            weights: self.weights.clone(),
            bias: self.bias.clone(),
        }
    }
}

/// Layers one after another.
pub struct Network {
    pub layers: Vec<Layer>,
}

impl Network {
    /// The input and the results of all layers.
    pub fn values(&self, lab: &Lab, x: &[f32]) -> Result<Vec<Vec<f32>>, Error> {
        let mut values = vec![x.to_vec()];
        for layer in &self.layers {
            let next = layer.forward(lab, &values[values.len() - 1])?;
            values.push(next);
        }
        Ok(values)
    }

    /// The result of the last layer.
    pub fn forward(&self, lab: &Lab, x: &[f32]) -> Result<Vec<f32>, Error> {
        let mut value = x.to_vec();
        for layer in &self.layers {
            value = layer.forward(lab, &value)?;
        }
        Ok(value)
    }

    /// Backpropagation: the gradients of each layer, the first one first. `values` is what [`values`](Self::values) gave, `grad` the
    /// gradient of the last of them.
    pub fn backward(
        &self,
        lab: &Lab,
        values: &[Vec<f32>],
        grad: &[f32],
    ) -> Result<Vec<DenseGradients<Vec<f32>>>, Error> {
        let mut found: Vec<DenseGradients<Vec<f32>>> = Vec::new();
        let mut grad = grad.to_vec();
        for (layer, x) in self.layers.iter().zip(values).rev() {
            let gradients = layer.backward(lab, x, &grad, Wanted::ALL)?;
            grad = gradients.x.clone().unwrap_or_default();
            found.push(gradients);
        }
        found.reverse();
        Ok(found)
    }

    /// The same numbers with these functions.
    pub fn with(&self, functions: &[Chain<'static>]) -> Self {
        let layers = self.layers.iter().zip(functions);
        Self {
            layers: layers.map(|(layer, f)| layer.with(f)).collect(),
        }
    }
}

/// Mean and variance.
pub fn moments(values: &[f32]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / count;
    let squares = values.iter().map(|&v| (f64::from(v) - mean).powi(2));
    (mean, squares.sum::<f64>() / count)
}

/// The largest |a - b|.
pub fn largest_difference(a: &[f32], b: &[f32]) -> f64 {
    let pairs = a.iter().zip(b);
    largest_of(pairs.map(|(&a, &b)| (f64::from(a) - f64::from(b)).abs()))
}

/// The largest |a|.
pub fn largest(values: &[f32]) -> f64 {
    largest_of(values.iter().map(|&value| f64::from(value).abs()))
}

/// The largest of numbers that are not negative; NaN where one is NaN, so that no claim about it holds.
pub fn largest_of(numbers: impl IntoIterator<Item = f64>) -> f64 {
    let larger = |largest: f64, number: f64| {
        if number > largest || number.is_nan() {
            number
        } else {
            largest
        }
    };
    numbers.into_iter().fold(0.0, larger)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_larger_than_nan() {
        assert_eq!(largest(&[1.0, -3.0, 2.0]), 3.0);
        assert!(largest(&[1.0, f32::NAN, 2.0]).is_nan());
        assert!(largest_difference(&[f32::NAN, 9.0], &[0.0, 0.0]).is_nan());
    }

    #[test]
    fn normal_numbers_have_their_moments() {
        let lab = Lab {
            engine: Box::new(nonlin::cpu::Cpu::new()),
            seed: 7,
        };
        let numbers = lab.numbers().normal(100_000, 2.0);
        let (mean, variance) = moments(&numbers);
        assert!(
            mean.abs() < 0.03 && (variance - 4.0).abs() < 0.1,
            "{mean}, {variance}"
        );
    }
}
