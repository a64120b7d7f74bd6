//! Seeded standard-normal inputs.

use crate::failure::Failure;
use crate::number::{bytes, grouped};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Operands for every size up to a largest one: a smaller size takes the beginning.
pub struct Inputs {
    x: Vec<f32>,
    grad: Vec<f32>,
}

impl Inputs {
    /// Draws inputs, and incoming gradients where they are wanted.
    pub fn new(largest: usize, seed: u64, with_grad: bool) -> Result<Self, Failure> {
        let grads = if with_grad { largest } else { 0 };
        Ok(Self {
            x: normal(largest, seed)?,
            grad: normal(grads, seed.wrapping_add(1))?,
        })
    }

    /// The first `elements` inputs.
    pub fn x(&self, elements: usize) -> &[f32] {
        &self.x[..elements]
    }

    /// The first `elements` incoming gradients, which have to be there.
    pub fn grad(&self, elements: usize) -> &[f32] {
        &self.grad[..elements]
    }
}

/// Memory for results; an error where there is not enough.
pub fn zeros(elements: usize) -> Result<Vec<f32>, Failure> {
    // Where there is no room, the library's function would end the program.
    Vec::<f32>::new().try_reserve_exact(elements).map_err(|_| {
        let (count, bytes) = (
            grouped(elements),
            bytes((elements as u64).saturating_mul(4)),
        );
        Failure::Failed(format!(
            "no memory for {count} elements: that takes {bytes}"
        ))
    })?;
    Ok(nonlin::zeros(elements))
}

/// Standard-normal numbers by the Box–Muller transform.
fn normal(elements: usize, seed: u64) -> Result<Vec<f32>, Failure> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut numbers = zeros(elements)?;
    for pair in numbers.chunks_mut(2) {
        // 1 - u is never 0, so the logarithm is finite.
        let (u, v): (f64, f64) = (1.0 - rng.random::<f64>(), rng.random());
        let radius = (-2.0 * u.ln()).sqrt();
        let (sine, cosine) = (std::f64::consts::TAU * v).sin_cos();
        pair[0] = (radius * cosine) as f32;
        if let Some(second) = pair.get_mut(1) {
            *second = (radius * sine) as f32;
        }
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_standard_normal_and_repeatable() {
        let numbers = normal(100_001, 42).expect("memory");
        let count = numbers.len() as f64;
        let mean = numbers.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
        let variance = numbers.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / count;
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.03);
        assert_eq!(numbers, normal(100_001, 42).expect("memory"));
        assert_eq!(numbers[..1000], normal(1000, 42).expect("memory"));
        assert_ne!(numbers[..1000], normal(1000, 43).expect("memory"));
    }

    #[test]
    fn more_than_the_memory_is_an_error() {
        assert!(zeros(usize::MAX / 8).is_err());
    }
}
