//! Inputs, the same on every run and every adapter.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// A sequence of random numbers.
pub struct Random(StdRng);

impl Random {
    /// The sequence with this seed.
    pub fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// Uniform in `[low, high)`.
    pub fn uniform(&mut self, low: f64, high: f64) -> f32 {
        (low + (high - low) * self.0.random::<f64>()) as f32
    }

    /// Of either sign, with the logarithm of the magnitude uniform between those of `low` and `high`.
    pub fn log_uniform(&mut self, low: f64, high: f64) -> f32 {
        let magnitude = (low.ln() + (high / low).ln() * self.0.random::<f64>()).exp() as f32;
        if self.0.random() {
            magnitude
        } else {
            -magnitude
        }
    }
}

/// Zeros and infinities.
pub const SPECIALS: [f32; 4] = [0.0, -0.0, f32::INFINITY, f32::NEG_INFINITY];

/// `count` inputs spread over all magnitudes, as many where most functions bend, as many up to where exp leaves the range, and
/// zeros and infinities. No subnormal number: an adapter may take one for zero.
pub fn everywhere(count: usize) -> Vec<f32> {
    let mut random = Random::new(1);
    let mut x = SPECIALS.to_vec();
    x.extend((0..count).map(|_| random.log_uniform(1.2e-38, 3.4e38)));
    x.extend((0..count).map(|_| random.uniform(-8.0, 8.0)));
    x.extend((0..count).map(|_| random.uniform(-110.0, 110.0)));
    x
}

/// NaN, quiet and signalling, of either sign.
pub fn nans() -> Vec<f32> {
    [
        0x7fc0_0000,
        0xffc0_0000,
        0x7f80_0001,
        0xff80_0001,
        0x7fff_ffff,
        0xffd1_2345_u32,
    ]
    .map(f32::from_bits)
    .to_vec()
}
