//! [`Fingerprint`]: what the results of a row depend on, so that a row is measured again when any of it has changed, and only then.

use super::Job;
use super::oracle;
use super::subject::Subject;
use crate::failure::Failure;
use nonlin::gpu::kernel_source;
use serde::{Deserialize, Serialize};

/// 2 to this power inputs, over all bit patterns.
const SAMPLE_BITS: u32 = 20;
/// The referee answers for every input whose place is a multiple of this.
const REFEREE_STEP: usize = 16;

/// Hashes of what a row depends on.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Fingerprint {
    /// The function's WGSL with everything that it uses.
    kernel: String,
    /// What the engines make of a sample: the CPU's code, and what drivers make of the kernel.
    results: String,
    /// What the referee makes of a part of it.
    reference: String,
    /// The WGSL of the textbook formula; empty where it is not measured.
    naive: String,
}

impl Fingerprint {
    /// That of a row; `naive` is the text of the textbook formula's kernel.
    pub fn of(job: &Job, subjects: &[Subject], naive: Option<&str>) -> Result<Self, Failure> {
        let (f, direction) = (&job.f, job.direction);
        let x = sample();
        let mut results = Hash::new();
        let mut got = vec![0.0; x.len()];
        for subject in subjects {
            subject.engine().compute(f, direction, &x, None, &mut got)?;
            results.numbers(got.iter().map(|value| u64::from(bits(*value))));
        }
        let few: Vec<f32> = x.iter().copied().step_by(REFEREE_STEP).collect();
        let mut reference = Hash::new();
        let exact = oracle::exact(f, direction, &few);
        reference.numbers(exact.iter().map(|value| {
            // Its NaN may have any payload.
            let value = if value.is_nan() { f64::NAN } else { *value };
            value.to_bits()
        }));
        Ok(Self {
            kernel: text(&kernel_source(f, direction)),
            results: results.finish(),
            reference: reference.finish(),
            naive: naive.map(text).unwrap_or_default(),
        })
    }

    /// What is different in another one, in words.
    pub fn differences(&self, other: &Self) -> Vec<&'static str> {
        let parts = [
            ("the kernel", &self.kernel, &other.kernel),
            ("an engine's results", &self.results, &other.results),
            ("the reference", &self.reference, &other.reference),
            ("the textbook formula", &self.naive, &other.naive),
        ];
        let different = parts.into_iter().filter(|(_, one, other)| one != other);
        different.map(|(name, ..)| name).collect()
    }
}

/// As many inputs from every power of two, of either sign, with last bits of every kind.
fn sample() -> Vec<f32> {
    let low = 32 - SAMPLE_BITS;
    (0..1_u32 << SAMPLE_BITS)
        .map(|i| f32::from_bits((i << low) | (i.wrapping_mul(0x9e5) & ((1 << low) - 1))))
        .collect()
}

fn bits(value: f32) -> u32 {
    if value.is_nan() {
        f32::NAN.to_bits()
    } else {
        value.to_bits()
    }
}

fn text(text: &str) -> String {
    let mut hash = Hash::new();
    hash.numbers(text.bytes().map(u64::from));
    hash.finish()
}

/// FNV-1a over 64-bit words. The standard library's hash may be another one in the next version of Rust.
struct Hash(u64);

impl Hash {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn numbers(&mut self, numbers: impl Iterator<Item = u64>) {
        for number in numbers {
            // The product carries upwards only; the shift brings the upper half down.
            let product = (self.0 ^ number).wrapping_mul(0x0100_0000_01b3);
            self.0 = product ^ (product >> 32);
        }
    }

    fn finish(&self) -> String {
        format!("{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nonlin::{Activation, Direction};

    fn of(f: Activation, direction: Direction, naive: Option<&str>) -> Fingerprint {
        let job = Job {
            f,
            direction,
            bound: 4.0,
        };
        let cpus = Subject::cpus(None).expect("the widest");
        Fingerprint::of(&job, &cpus, naive).expect("the CPU computes")
    }

    #[test]
    fn the_sample_covers_all_bit_patterns() {
        let x = sample();
        for exponent in 0..=255 {
            for sign in [0, 1] {
                let head = sign << 8 | exponent;
                let count = x.iter().filter(|x| x.to_bits() >> 23 == head).count();
                assert_eq!(count, x.len() / 512);
            }
        }
        for bit in 0..12 {
            let set = x.iter().filter(|x| x.to_bits() >> bit & 1 == 1).count();
            assert!(set.abs_diff(x.len() / 2) < x.len() / 64, "bit {bit}: {set}");
        }
    }

    #[test]
    fn what_changes_is_named() {
        let silu = of(Activation::silu(), Direction::Forward, Some("a formula"));
        let again = of(Activation::silu(), Direction::Forward, Some("a formula"));
        assert_eq!(silu, again);
        assert!(silu.differences(&again).is_empty());
        let without = of(Activation::silu(), Direction::Forward, None);
        assert_eq!(silu.differences(&without), ["the textbook formula"]);
        let steeper = of(Activation::Swish { beta: 1.0001 }, Direction::Forward, None);
        assert_eq!(
            without.differences(&steeper),
            ["the kernel", "an engine's results", "the reference"]
        );
        // exp and its derivative are one function with two names.
        let exp = of(Activation::exp(), Direction::Forward, None);
        let derivative = of(Activation::exp(), Direction::Derivative, None);
        assert_eq!(exp.differences(&derivative), ["the kernel"]);
    }
}
