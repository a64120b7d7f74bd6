//! A check of some inputs, in a fraction of a second for each function.

use super::Job;
use super::oracle;
use super::rule::Rule;
use super::subject::Subject;
use super::tally::Tally;
use crate::failure::Failure;
use nonlin::Activation;

/// Steps between the inputs, in f32: over all of them, and between 2^-14 and 2^8. Odd, so that the last bits take every value.
const WIDE: usize = 65_537;
const NARROW: usize = 1_879;

/// A value that no function gives by accident, so that an element left out shows.
const UNTOUCHED: f32 = f32::from_bits(0x7e57_7e57);

/// Inputs of every size, more of them where functions bend, the ends of the powers of two, the kinks, infinities, NaN.
fn inputs(f: &Activation) -> Vec<f32> {
    let mut bits: Vec<u32> = (0..=u32::MAX).step_by(WIDE).collect();
    let narrow = [2_f32.powi(-14), 2_f32.powi(8)].map(f32::to_bits);
    for sign in [0, 1 << 31] {
        bits.extend((narrow[0]..narrow[1]).step_by(NARROW).map(|b| b | sign));
        bits.extend((0..=255_u32).flat_map(|exponent| {
            let first = exponent << 23 | sign;
            [first.saturating_sub(1), first, first + 1, first + 2]
        }));
        bits.extend([0x7fff_ffff | sign, 0x7fc0_0000 | sign]);
    }
    let kinks = f
        .kinks()
        .into_iter()
        .flat_map(|(kink, _)| [kink, kink.next_up(), kink.next_down()]);
    bits.into_iter().map(f32::from_bits).chain(kinks).collect()
}

/// Checks one function and direction on every subject.
pub fn check(job: &Job, subjects: &[Subject]) -> Result<Vec<Tally>, Failure> {
    let mut x = inputs(&job.f);
    if job.direction.from_output() {
        // What a network keeps of a forward pass.
        let outputs = oracle::exact(&job.f, nonlin::Direction::Forward, &x);
        x = outputs.into_iter().map(|y| y as f32).collect();
        x.retain(|y| !y.is_nan());
        x.push(f32::NAN);
    }
    let want = oracle::exact(&job.f, job.direction, &x);
    let mut tallies = Vec::new();
    for subject in subjects {
        let mut got = vec![UNTOUCHED; x.len()];
        let engine = subject.engine();
        engine.compute(&job.f, job.direction, &x, None, &mut got)?;
        let rule = Rule::new(&job.f, job.direction, subject.flushes());
        let mut tally = Tally::default();
        for ((&x, &got), &want) in x.iter().zip(&got).zip(&want) {
            tally.add(&rule, x, got, want);
        }
        tallies.push(tally);
    }
    Ok(tallies)
}
