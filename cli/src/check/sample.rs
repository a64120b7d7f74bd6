//! A check of some inputs, in a fraction of a second for each function, and of other parameters.

use super::naive::{Inputs, Naive};
use super::oracle;
use super::rule::Rule;
use super::subject::Subject;
use super::tally::Tally;
use super::{Counts, Job, Others};
use crate::failure::Failure;
use nonlin::{Activation, Direction};

/// Steps between the inputs, in f32. Odd, so that the last bits take every value.
struct Density {
    /// Over all of them.
    wide: usize,
    /// Between 2^-14 and 2^8, where the standard functions bend.
    narrow: usize,
}

/// For the parameters of a job.
const STANDARD: Density = Density {
    wide: 65_537,
    narrow: 1_879,
};
/// Where the function bends depends on the parameters, so that no range is special.
const OTHER: Density = Density {
    wide: 16_381,
    narrow: 16_381,
};

/// Inputs on either side of a kink, or of an input where the exact results change their kind.
const NEIGHBOURS: u32 = 64;
/// At most so many of the latter.
const LANDMARKS: usize = 64;
/// Textbook results at a time.
const NAIVE_BLOCK: usize = 1 << 19;

/// A value that no function gives by accident, so that an element left out shows.
const UNTOUCHED: f32 = f32::from_bits(0x7e57_7e57);

/// Checks samples on every subject.
pub struct Sampler<'a> {
    subjects: &'a [Subject],
    naive: Option<Naive>,
}

impl<'a> Sampler<'a> {
    /// `with_naive`: the textbook formulas are measured too, where there is an adapter.
    pub fn new(subjects: &'a [Subject], with_naive: bool) -> Result<Self, Failure> {
        let first = subjects.iter().find_map(Subject::as_gpu);
        let naive = first
            .filter(|_| with_naive)
            .map(|gpu| Naive::new(gpu, NAIVE_BLOCK, NAIVE_BLOCK));
        Ok(Self {
            subjects,
            naive: naive.transpose()?,
        })
    }

    /// Checks one function and direction.
    pub fn check(&self, job: &Job) -> Result<Counts, Failure> {
        let sample = Sample::new(&job.f, job.direction, &STANDARD);
        Ok(Counts {
            tallies: self.tallies(&job.f, job.direction, &sample)?,
            naive: self.naive(job, &sample)?,
        })
    }

    /// Checks a direction of one function with each of the sets of parameters.
    pub fn check_sets(
        &self,
        job: &Job,
        sets: Vec<Activation>,
    ) -> Result<(Counts, Others), Failure> {
        let mut sums: Vec<Tally> = self.subjects.iter().map(|_| Tally::default()).collect();
        let mut worst: Vec<Activation> = self.subjects.iter().map(|_| job.f.clone()).collect();
        let count = sets.len();
        for f in sets {
            let sample = Sample::new(&f, job.direction, &OTHER);
            let tallies = self.tallies(&f, job.direction, &sample)?;
            for ((sum, worst), tally) in sums.iter_mut().zip(&mut worst).zip(tallies) {
                let mistaken = |tally: &Tally| tally.mistake.is_some();
                let worse = (mistaken(&tally), tally.max_ulp) > (mistaken(sum), sum.max_ulp);
                if worse || *worst == job.f {
                    *worst = f.clone();
                }
                sum.merge(&tally);
            }
        }
        let counts = Counts {
            tallies: sums,
            naive: None,
        };
        let others = Others { sets: count, worst };
        Ok((counts, others))
    }

    fn tallies(
        &self,
        f: &Activation,
        direction: Direction,
        sample: &Sample,
    ) -> Result<Vec<Tally>, Failure> {
        let mut tallies = Vec::new();
        for subject in self.subjects {
            let mut got = vec![UNTOUCHED; sample.x.len()];
            let engine = subject.engine();
            engine.compute(f, direction, &sample.x, None, &mut got)?;
            let rule = Rule::new(f, direction, subject.flushes());
            tallies.push(sample.judge(&rule, &got, Tally::add));
        }
        Ok(tallies)
    }

    fn naive(&self, job: &Job, sample: &Sample) -> Result<Option<Tally>, Failure> {
        let Some(naive) = &self.naive else {
            return Ok(None);
        };
        let Some(formula) = naive.formula(&job.f, job.direction)? else {
            return Ok(None);
        };
        let mut got = vec![UNTOUCHED; sample.x.len()];
        for (x, got) in sample
            .x
            .chunks(NAIVE_BLOCK)
            .zip(got.chunks_mut(NAIVE_BLOCK))
        {
            let pending = naive.submit(&formula, Inputs::These(x), x.len())?;
            naive.collect(&pending, got)?;
        }
        let rule = Rule::new(&job.f, job.direction, true);
        let rough = |tally: &mut Tally, rule: &Rule, x: f32, got: f32, want: f64| {
            tally.add_rough_one(rule, x, got, want as f32);
        };
        Ok(Some(sample.judge(&rule, &got, rough)))
    }
}

/// Inputs with the exact results.
struct Sample {
    x: Vec<f32>,
    want: Vec<f64>,
}

impl Sample {
    /// Inputs of every size, the ends of the powers of two, infinities, NaN; many around kinks, roots, and where results overflow or
    /// become subnormal.
    fn new(f: &Activation, direction: Direction, density: &Density) -> Self {
        let mut x = inputs(f, density);
        if direction.from_output() {
            // What a network keeps of a forward pass.
            let outputs = oracle::exact(f, Direction::Forward, &x);
            x = outputs.into_iter().map(|y| y as f32).collect();
            x.retain(|y| !y.is_nan());
            x.push(f32::NAN);
        }
        let mut want = oracle::exact(f, direction, &x);
        if !direction.from_output() {
            let more = around_changes(f, direction, &x, &want);
            want.extend(oracle::exact(f, direction, &more));
            x.extend(more);
        }
        Self { x, want }
    }

    /// Judges the results on all cores.
    fn judge(
        &self,
        rule: &Rule,
        got: &[f32],
        add: impl Fn(&mut Tally, &Rule, f32, f32, f64) + Copy + Send,
    ) -> Tally {
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
        let share = self.x.len().div_ceil(threads).max(1);
        let parts = self.x.chunks(share).zip(self.want.chunks(share));
        let mut sum = Tally::default();
        std::thread::scope(|scope| {
            let workers: Vec<_> = parts
                .zip(got.chunks(share))
                .map(|((x, want), got)| {
                    scope.spawn(move || {
                        let mut tally = Tally::default();
                        for ((&x, &got), &want) in x.iter().zip(got).zip(want) {
                            add(&mut tally, rule, x, got, want);
                        }
                        tally
                    })
                })
                .collect();
            for worker in workers {
                let counted = worker.join();
                sum.merge(&counted.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
        });
        sum
    }
}

fn inputs(f: &Activation, density: &Density) -> Vec<f32> {
    let mut bits: Vec<u32> = (0..=u32::MAX).step_by(density.wide).collect();
    let narrow = [2_f32.powi(-14), 2_f32.powi(8)].map(f32::to_bits);
    for sign in [0, 1 << 31] {
        let narrow = (narrow[0]..narrow[1]).step_by(density.narrow);
        bits.extend(narrow.map(|bits| bits | sign));
        bits.extend((0..=255_u32).flat_map(|exponent| {
            let first = exponent << 23 | sign;
            [first.saturating_sub(1), first, first + 1, first + 2]
        }));
        bits.extend([0x7fff_ffff | sign, 0x7fc0_0000 | sign]);
        // Up to a multiple of 1/8 a form may hold.
        bits.extend((1..=128_u16).flat_map(|eighths| {
            let bits = (f32::from(eighths) / 8.0).to_bits() | sign;
            bits - 2..=bits + 2
        }));
    }
    for (kink, _) in f.kinks() {
        bits.extend(neighbours(kink.to_bits()));
    }
    bits.into_iter().map(f32::from_bits).collect()
}

/// The inputs around those where the exact results change their sign, or overflow, or become subnormal.
fn around_changes(f: &Activation, direction: Direction, x: &[f32], want: &[f64]) -> Vec<f32> {
    let referee = f.referee();
    let kind_at = |bits: u32| kind(referee.value(direction, f64::from(f32::from_bits(bits))));
    let mut found = Vec::new();
    for (x, want) in x.windows(2).zip(want.windows(2)) {
        let [mut low, mut high] = [x[0].to_bits(), x[1].to_bits()];
        let (before, after) = (kind(want[0]), kind(want[1]));
        // Within a sign, the order of the bits is that of the numbers.
        if before == after || high <= low || low >> 31 != high >> 31 {
            continue;
        }
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if kind_at(middle) == before {
                low = middle;
            } else {
                high = middle;
            }
        }
        found.extend(neighbours(low));
        if found.len() >= LANDMARKS * 2 * NEIGHBOURS as usize {
            break;
        }
    }
    found.into_iter().map(f32::from_bits).collect()
}

fn neighbours(bits: u32) -> impl Iterator<Item = u32> {
    bits.saturating_sub(NEIGHBOURS)..=bits.saturating_add(NEIGHBOURS)
}

/// The sign of a result, and what kind of f32 it is.
fn kind(value: f64) -> (std::num::FpCategory, bool) {
    let rounded = value as f32;
    (rounded.classify(), rounded < 0.0)
}

#[cfg(test)]
mod tests {
    use super::super::parameters;
    use super::*;

    #[test]
    fn samples_are_dense_near_what_is_special() {
        let f = Activation::Swish { beta: 40.0 };
        let sample = Sample::new(&f, Direction::Derivative, &OTHER);
        assert!(sample.x.len() >= 1 << 18);
        // silu's derivative has its root at -1.2784645.
        let root = -1.278_464_5_f32 / 40.0;
        let near = |x: &&f32| (**x / root - 1.0).abs() < 1e-5;
        assert!(sample.x.iter().filter(near).count() > NEIGHBOURS as usize);
        let kinked = Sample::new(&Activation::Relu6 { cap: 40.0 }, Direction::Forward, &OTHER);
        for input in [
            40_f32,
            40_f32.next_up(),
            40_f32.next_down(),
            0.0,
            f32::INFINITY,
        ] {
            assert!(kinked.x.contains(&input), "{input}");
        }
    }

    #[test]
    fn every_function_with_parameters_has_eight_other_sets() {
        for f in Activation::all() {
            let sets = parameters::sets(&f);
            let least = if f.parameters().is_empty() { 0 } else { 8 };
            assert!(sets.len() >= least, "{f}: {} sets", sets.len());
            assert!(!sets.contains(&f) && sets.iter().all(|set| set.validate().is_ok()));
        }
        let piecewise = parameters::sets(&Activation::piecewise_linear());
        assert_eq!(piecewise.len(), parameters::PIECEWISE.len());
    }
}
