//! [`Tally`]: what is counted of one engine's results.

use super::rule::{Rule, Verdict, ulp};
use serde::{Deserialize, Serialize};

/// The errors above which inputs are counted.
pub const LEVELS: [f64; 3] = [1.0, 2.0, 4.0];

/// An error from here on leaves no digit right: it is as large as the result.
pub const LOST: f64 = 8_388_608.0;

/// A number above it is flushed by nobody.
const EDGE: f32 = 2.0 * f32::MIN_POSITIVE;
/// A number below it is no neighbour of an infinity.
const EDGE_OF_RANGE: f32 = 0.99 * f32::MAX;

/// Bits of an input with what came out and what should have, as they are: JSON has no NaN.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Witness {
    x: u32,
    got: u32,
    want: u32,
}

impl Witness {
    fn new(x: f32, got: f32, want: f64) -> Self {
        Self {
            x: x.to_bits(),
            got: got.to_bits(),
            want: (want as f32).to_bits(),
        }
    }

    fn oddness(self) -> u32 {
        oddness(self.x())
    }

    /// The input.
    pub fn x(self) -> f32 {
        f32::from_bits(self.x)
    }

    /// What came out.
    pub fn got(self) -> f32 {
        f32::from_bits(self.got)
    }

    /// What should have come out.
    pub fn want(self) -> f32 {
        f32::from_bits(self.want)
    }
}

/// What is counted of one engine's results for one function and direction.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Tally {
    /// Results that were judged.
    pub inputs: u64,
    /// Largest error in ULP, without the mistakes below.
    pub max_ulp: f64,
    /// Where it is reached; `None` where every result is right.
    pub worst: Option<Witness>,
    /// How many results are above each of [`LEVELS`].
    pub above: [u64; 3],
    /// NaN for a number, or a number for NaN.
    pub nan: u64,
    /// An infinity for a number, or a number for an infinity.
    pub infinity: u64,
    /// Subnormals that became zero, which is allowed.
    pub flushed: u64,
    /// The mistake with NaN or an infinity whose input has the lowest bits.
    pub mistake: Option<Witness>,
    /// A result that is NaN though the input is finite, for the input closest to 1 in size.
    pub nan_of_finite: Option<Witness>,
    /// The same for a result without a right digit; looked for among the textbook formulas' only.
    pub lost: Option<Witness>,
}

impl Tally {
    /// Judges one result.
    pub fn add(&mut self, rule: &Rule, x: f32, got: f32, want: f64) {
        self.inputs += 1;
        self.judge(rule, x, got, want);
    }

    /// Judges results for the f32 whose bits begin with `first`, given the correctly rounded ones.
    pub fn add_run(&mut self, rule: &Rule, first: u32, got: &[f32], rounded: &[f32]) {
        const GROUP: usize = 64;
        self.inputs += rounded.len() as u64;
        let groups = got.chunks(GROUP).zip(rounded.chunks(GROUP));
        for ((got, rounded), start) in groups.zip((0..).step_by(GROUP)) {
            let most = got
                .iter()
                .zip(rounded)
                .fold(0, |most, (got, want)| distance(*got, *want).max(most));
            // The neighbour of the right result is at most 1 ULP off, and counted nowhere but in the maximum.
            let least = if self.max_ulp < 1.0 { 1 } else { 2 };
            if most < least {
                continue;
            }
            for ((&got, &want), i) in got.iter().zip(rounded).zip(start..) {
                let apart = distance(got, want);
                if apart >= least {
                    let x = f32::from_bits(first + i);
                    // What rounds to an infinity may be a number that counts; and a new maximum is worth a second look.
                    let want = if want.is_infinite() || f64::from(apart) > self.max_ulp {
                        rule.exact(x)
                    } else {
                        want.into()
                    };
                    self.judge(rule, x, got, want);
                }
            }
        }
    }

    /// As [`add_run`](Self::add_run), for a textbook formula, most of whose results may be far off. What is not above the maximum
    /// so far is not looked at closely, so `above` counts nothing.
    pub fn add_rough(&mut self, rule: &Rule, first: u32, got: &[f32], rounded: &[f32]) {
        for ((&got, &rounded), bits) in got.iter().zip(rounded).zip(first..) {
            self.add_rough_one(rule, f32::from_bits(bits), got, rounded);
        }
    }

    /// One result of a textbook formula.
    pub fn add_rough_one(&mut self, rule: &Rule, x: f32, got: f32, rounded: f32) {
        self.inputs += 1;
        if distance(got, rounded) == 0 {
            return;
        }
        let plain = rounded.is_normal() && got.is_finite() && (got != 0.0 || rounded.abs() > EDGE);
        if plain && !x.is_subnormal() {
            let error = (f64::from(got) - f64::from(rounded)).abs() / ulp(rounded.into());
            let lost = error >= LOST && self.lost.is_none_or(|lost| oddness(x) < lost.oddness());
            if error <= self.max_ulp && !lost {
                return;
            }
        }
        // What rounds to an infinity may be a number that counts.
        let want = if rounded.is_infinite() && got.is_finite() && got.abs() > EDGE_OF_RANGE {
            rule.exact(x)
        } else {
            rounded.into()
        };
        match rule.verdict(x, got, want) {
            Verdict::Ulp(error) => {
                let witness = Witness::new(x, got, want);
                if error > self.max_ulp {
                    self.max_ulp = error;
                    self.worst = Some(witness);
                }
                if error >= LOST {
                    self.lost = plainest(self.lost, Some(witness));
                }
            }
            _ => self.judge(rule, x, got, want),
        }
    }

    fn judge(&mut self, rule: &Rule, x: f32, got: f32, want: f64) {
        match rule.verdict(x, got, want) {
            Verdict::Ulp(error) => {
                for (count, level) in self.above.iter_mut().zip(LEVELS) {
                    *count += u64::from(error > level);
                }
                if error > self.max_ulp {
                    self.max_ulp = error;
                    self.worst = Some(Witness::new(x, got, want));
                }
            }
            Verdict::Flushed => self.flushed += 1,
            Verdict::Nan => self.mistaken(&mut |tally| &mut tally.nan, x, got, want),
            Verdict::Infinity => self.mistaken(&mut |tally| &mut tally.infinity, x, got, want),
        }
    }

    fn mistaken(
        &mut self,
        count: &mut dyn FnMut(&mut Self) -> &mut u64,
        x: f32,
        got: f32,
        want: f64,
    ) {
        *count(self) += 1;
        let witness = Some(Witness::new(x, got, want));
        self.mistake = lowest(self.mistake, witness);
        if got.is_nan() && x.is_finite() {
            self.nan_of_finite = plainest(self.nan_of_finite, witness);
        }
    }

    /// Adds the counts of other results. Their order does not matter.
    pub fn merge(&mut self, other: &Self) {
        self.inputs += other.inputs;
        if other.max_ulp > self.max_ulp {
            self.max_ulp = other.max_ulp;
            self.worst = other.worst;
        } else if other.max_ulp == self.max_ulp {
            self.worst = lowest(self.worst, other.worst);
        }
        for (count, more) in self.above.iter_mut().zip(other.above) {
            *count += more;
        }
        self.nan += other.nan;
        self.infinity += other.infinity;
        self.flushed += other.flushed;
        self.mistake = lowest(self.mistake, other.mistake);
        self.nan_of_finite = plainest(self.nan_of_finite, other.nan_of_finite);
        self.lost = plainest(self.lost, other.lost);
    }

    /// Whether the contract is broken: an error above `bound`, or a wrong NaN or infinity.
    pub fn breaks(&self, bound: f64) -> bool {
        self.max_ulp > bound || self.nan > 0 || self.infinity > 0
    }
}

/// The one whose input has the lowest bits, so that the order in which threads count does not matter.
fn lowest(one: Option<Witness>, other: Option<Witness>) -> Option<Witness> {
    [one, other]
        .into_iter()
        .flatten()
        .min_by_key(|witness| witness.x)
}

/// The one whose input is closest to 1 in size, which says more than one of 1e-45 does.
fn plainest(one: Option<Witness>, other: Option<Witness>) -> Option<Witness> {
    let both = [one, other].into_iter().flatten();
    both.min_by_key(|witness| (witness.oddness(), witness.x))
}

/// How many f32 lie between the size of a number and 1.
fn oddness(x: f32) -> u32 {
    x.abs().to_bits().abs_diff(1_f32.to_bits())
}

/// How many f32 lie between two results; 0 between zeros of either sign and between NaN of any kind.
fn distance(a: f32, b: f32) -> u32 {
    ordinal(a).abs_diff(ordinal(b))
}

/// The place of a number among all f32, the largest for NaN.
fn ordinal(value: f32) -> u32 {
    let bits = value.to_bits();
    let magnitude = (bits & 0x7fff_ffff) as i32;
    let signed = if (bits as i32) < 0 {
        -magnitude
    } else {
        magnitude
    };
    let place = if magnitude > 0x7f80_0000 {
        i32::MAX
    } else {
        signed
    };
    place as u32 ^ 0x8000_0000
}

#[cfg(test)]
mod tests {
    use super::*;
    use nonlin::{Activation, Direction};

    fn rule(f: &Activation, flushes: bool) -> Rule {
        Rule::new(f, Direction::Forward, flushes)
    }

    #[test]
    fn neighbours_are_one_apart() {
        for value in [0.0, 1.0, -1.0, 1e-45, -1e-40, 3e38, -0.0] {
            assert_eq!(distance(value, value.next_up()), 1, "{value}");
            assert_eq!(distance(value, value.next_down()), 1, "{value}");
        }
        assert_eq!(distance(0.0, -0.0), 0);
        assert_eq!(distance(f32::NAN, -f32::NAN), 0);
        assert_eq!(distance(f32::MAX, f32::INFINITY), 1);
        assert!(distance(f32::NAN, f32::INFINITY) > 1);
        assert!(distance(f32::MIN, f32::MAX) > 1 << 30);
    }

    #[test]
    fn planted_errors_are_counted() {
        let f = Activation::relu();
        let first = 1.0_f32.to_bits();
        let rounded: Vec<f32> = (first..first + 1000).map(f32::from_bits).collect();
        let mut got = rounded.clone();
        let off = |value: f32, by: u32| f32::from_bits(value.to_bits() + by);
        for (at, by) in [(3, 1), (100, 2), (200, 3), (999, 5)] {
            got[at] = off(got[at], by);
        }
        got[500] = f32::NAN;
        got[501] = f32::INFINITY;
        let mut tally = Tally::default();
        tally.add_run(&rule(&f, false), first, &got, &rounded);
        assert_eq!((tally.inputs, tally.max_ulp), (1000, 5.0));
        assert_eq!((tally.above, tally.nan, tally.infinity), ([3, 2, 1], 1, 1));
        assert_eq!(tally.worst.map(Witness::x), Some(rounded[999]));
        assert_eq!(tally.mistake.map(Witness::x), Some(rounded[500]));
        assert!(tally.breaks(6.0));
        assert_eq!(tally.nan_of_finite.map(Witness::x), Some(rounded[500]));

        // A rough look finds the same, without counting what is above the levels.
        let mut rough = Tally::default();
        rough.add_rough(&rule(&f, false), first, &got, &rounded);
        assert_eq!(rough.above, [0; 3]);
        rough.above = tally.above;
        assert_eq!(rough, tally);

        // One by one gives the same.
        let mut single = Tally::default();
        for (&got, &want) in got.iter().zip(&rounded) {
            single.add(&rule(&f, false), want, got, want.into());
        }
        assert_eq!(single, tally);
    }

    #[test]
    fn what_is_lost_is_shown_at_a_plain_input() {
        let mut tally = Tally::default();
        let rule = rule(&Activation::relu(), true);
        for (x, got) in [(1e-30, 1e-7), (3.0, 0.0), (40.0, 0.0), (1.0, 1.000_001)] {
            tally.add_rough_one(&rule, x, got, x);
        }
        assert_eq!(tally.worst.map(Witness::x), Some(1e-30));
        assert_eq!(tally.lost.map(Witness::x), Some(3.0));
        assert_eq!((tally.inputs, tally.nan, tally.infinity), (4, 0, 0));
    }

    #[test]
    fn flushed_subnormals_are_counted_apart() {
        let f = Activation::relu();
        let rounded: Vec<f32> = (1000..1100).map(f32::from_bits).collect();
        let mut tally = Tally::default();
        tally.add_run(&rule(&f, true), 1000, &[0.0; 100], &rounded);
        assert_eq!((tally.flushed, tally.max_ulp), (100, 0.0));
        assert!(!tally.breaks(0.0));
    }

    #[test]
    fn parts_are_merged() {
        let f = Activation::relu();
        let mut one = Tally::default();
        one.add(&rule(&f, false), 1.0, f32::NAN, 1.0);
        one.add(&rule(&f, false), 2.0, 2.0, 2.0);
        let mut other = Tally::default();
        other.add(&rule(&f, false), 4.0, 4.000_002, 4.0);
        let mut all = Tally::default();
        all.merge(&one);
        all.merge(&other);
        assert_eq!((all.inputs, all.nan, all.above), (3, 1, [1, 1, 0]));
        assert_eq!(all.worst, other.worst);
        assert_eq!(all.mistake, one.mistake);
        let mut reversed = Tally::default();
        reversed.merge(&other);
        reversed.merge(&one);
        assert_eq!(all, reversed);
    }
}
