//! The exact results for runs of consecutive f32, correctly rounded, in a few nanoseconds each.
//!
//! The referee takes tens to hundreds of nanoseconds. Over consecutive f32 within one power of two its values lie on a smooth
//! curve, so a polynomial through a few of them gives all the others. Where the polynomial does not reproduce the referee at
//! places in between (near a kink, a pole, a root that the referee's own rounding blurs) the run is halved, down to runs so short
//! that the referee is asked itself. It is asked as well where the polynomial's value is so close to the middle between two f32
//! that its error could decide which one is nearest. So what comes out is what the referee would have given.

use super::polynomial::{Polynomial, nodes, tests};
use nonlin::{Activation, Direction, Referee};

/// Relative error that a polynomial may have where it is compared with the referee.
const TOLERANCE: f64 = 4e-12;
/// The shortest run that a polynomial pays for.
const LEAF: u32 = 64;
/// Results that are handed on at a time.
pub const BLOCK: usize = 4096;
/// Half the width of the zone between two f32 where the referee decides, in 2^-29 of their distance: 1.5e-11 relative.
const ZONE: u32 = 1 << 17;
/// Below it, results may be subnormal.
const SMALL: f64 = 2.350_988_701_644_575e-38;

/// One function and direction over runs of f32.
#[derive(Debug)]
pub struct Oracle {
    referee: Referee,
    direction: Direction,
    /// Smallest and largest input that means something; the outputs that the function has, for a derivative from them.
    domain: (f32, f32),
}

/// What gives the results of a run.
enum Piece {
    /// No input means anything.
    Outside,
    Constant(f64),
    /// The second tells whether some results may be subnormal.
    Polynomial(Polynomial, bool),
}

impl Oracle {
    /// For `direction` of `f`.
    pub fn new(f: &Activation, direction: Direction) -> Self {
        let mut domain = (f32::NEG_INFINITY, f32::INFINITY);
        if direction.from_output() {
            let outputs = outputs(f);
            domain = outputs
                .iter()
                .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &y| {
                    (low.min(y), high.max(y))
                });
        }
        Self {
            referee: f.referee(),
            direction,
            domain,
        }
    }

    /// The referee's own value.
    pub fn exact(&self, x: f32) -> f64 {
        self.referee.value(self.direction, f64::from(x))
    }

    /// Whether the input means something. NaN does.
    pub fn covers(&self, x: f32) -> bool {
        !(x < self.domain.0 || x > self.domain.1)
    }

    /// Gives the correctly rounded results for the `count` f32 whose bits begin with `first`, in parts with the bits of each
    /// part's first input; inputs that mean nothing are left out. `count` is a power of two up to 2^22, and `first` a multiple.
    pub fn visit(&self, first: u32, count: u32, sink: &mut dyn FnMut(u32, &[f32])) {
        let mut buffer = Buffer {
            exact: vec![0.0; BLOCK],
            rounded: vec![0.0; BLOCK],
        };
        self.visit_run(first, count, &mut buffer, sink);
    }

    fn visit_run(
        &self,
        first: u32,
        count: u32,
        buffer: &mut Buffer,
        sink: &mut dyn FnMut(u32, &[f32]),
    ) {
        if count <= LEAF {
            return self.visit_leaf(first, count, buffer, sink);
        }
        match self.piece(first, count) {
            Some(Piece::Outside) => {}
            Some(Piece::Constant(value)) => {
                buffer.rounded.fill(value as f32);
                for start in (0..count).step_by(BLOCK) {
                    let len = (count - start).min(BLOCK as u32);
                    sink(first + start, &buffer.rounded[..len as usize]);
                }
            }
            Some(Piece::Polynomial(polynomial, small)) => {
                for start in (0..count).step_by(BLOCK) {
                    let len = (count - start).min(BLOCK as u32) as usize;
                    polynomial.evaluate(start, &mut buffer.exact[..len]);
                    self.round(first + start, len, small, buffer);
                    sink(first + start, &buffer.rounded[..len]);
                }
            }
            None => {
                let half = count / 2;
                self.visit_run(first, half, buffer, sink);
                self.visit_run(first + half, half, buffer, sink);
            }
        }
    }

    fn visit_leaf(
        &self,
        first: u32,
        count: u32,
        buffer: &mut Buffer,
        sink: &mut dyn FnMut(u32, &[f32]),
    ) {
        let (mut start, mut len) = (first, 0);
        // In 64 bits: the last f32 has the last bit pattern.
        for bits in (u64::from(first)..u64::from(first) + u64::from(count)).map(|bits| bits as u32)
        {
            let x = f32::from_bits(bits);
            if self.covers(x) {
                if len == 0 {
                    start = bits;
                }
                buffer.rounded[len] = self.exact(x) as f32;
                len += 1;
            } else if len > 0 {
                sink(start, &buffer.rounded[..len]);
                len = 0;
            }
        }
        if len > 0 {
            sink(start, &buffer.rounded[..len]);
        }
    }

    /// What gives the results of a run; `None` where nothing does that is safe.
    fn piece(&self, first: u32, count: u32) -> Option<Piece> {
        let ends = [first, first + (count - 1)].map(f32::from_bits);
        if ends[0].is_nan() {
            return Some(Piece::Constant(f64::NAN));
        }
        if ends[1].is_nan() {
            return None;
        }
        if ends.iter().all(|&x| x < self.domain.0) || ends.iter().all(|&x| x > self.domain.1) {
            return Some(Piece::Outside);
        }
        if !ends.iter().all(|&x| self.covers(x)) {
            return None;
        }
        let [low, high] = ends.map(f64::from);
        let at = |t: f64| {
            // Exact at the ends.
            let x = 0.5 * (low * (1.0 - t) + high * (1.0 + t));
            self.referee.value(self.direction, x)
        };
        let values = nodes().map(at);
        let tests = tests();
        let [value, ..] = values;
        if values.iter().all(|v| v.to_bits() == value.to_bits()) {
            let same = tests.iter().all(|&t| at(t).to_bits() == value.to_bits());
            return same.then_some(Piece::Constant(value));
        }
        if !values.iter().all(|v| v.is_finite()) {
            return None;
        }
        let polynomial = Polynomial::new(&values, count);
        let mut small = values.iter().any(|v| v.abs() < SMALL);
        for t in tests {
            let value = at(t);
            // A thousandth of the distance between subnormals never matters.
            let allowed = TOLERANCE * value.abs() + 1e-4 * f64::from(f32::from_bits(1));
            let off = (polynomial.value(t) - value).abs();
            if off.is_nan() || off > allowed {
                return None;
            }
            small |= value.abs() < SMALL || (value < 0.0) != (values[0] < 0.0);
        }
        Some(Piece::Polynomial(polynomial, small))
    }

    /// Rounds the block's values, and asks the referee where that is not safe.
    fn round(&self, first: u32, len: usize, small: bool, buffer: &mut Buffer) {
        const GROUP: usize = 64;
        let exact = buffer.exact[..len].chunks(GROUP);
        let rounded = buffer.rounded[..len].chunks_mut(GROUP);
        for ((exact, rounded), start) in exact.zip(rounded).zip((0..).step_by(GROUP)) {
            let mut unsafe_ones = small;
            for (&exact, rounded) in exact.iter().zip(rounded.iter_mut()) {
                *rounded = exact as f32;
                unsafe_ones |= is_near_middle(exact);
            }
            if !unsafe_ones {
                continue;
            }
            for (i, (&exact, rounded)) in exact.iter().zip(rounded).enumerate() {
                let near = if small && exact.abs() < SMALL {
                    is_near_middle_of_subnormals(exact)
                } else {
                    is_near_middle(exact)
                };
                if near {
                    *rounded = self.exact(f32::from_bits(first + start + i as u32)) as f32;
                }
            }
        }
    }
}

struct Buffer {
    exact: Vec<f64>,
    rounded: Vec<f32>,
}

/// Whether a number is near the middle between two normal f32: the bits that rounding drops are near 1000….
fn is_near_middle(value: f64) -> bool {
    let dropped = value.to_bits() as u32 & 0x1fff_ffff;
    (dropped.wrapping_sub((1 << 28) - ZONE)) < 2 * ZONE
}

fn is_near_middle_of_subnormals(value: f64) -> bool {
    let steps = value.abs() / f64::from(f32::from_bits(1));
    (steps.fract() - 0.5).abs() < 2.5e-4
}

/// Values that `f` takes, rounded to f32: those of every exponent's first inputs and of some in between, the limits included.
pub fn outputs(f: &Activation) -> Vec<f32> {
    let referee = f.referee();
    let bits = (0..=u32::MAX >> 18).map(|i| i << 18);
    bits.map(f32::from_bits)
        .filter(|x| !x.is_nan())
        .map(|x| referee.value(Direction::Forward, f64::from(x)) as f32)
        .filter(|y| !y.is_nan())
        .collect()
}

/// The exact results for any inputs, on all cores.
pub fn exact(f: &Activation, direction: Direction, x: &[f32]) -> Vec<f64> {
    let referee = f.referee();
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
    let share = x.len().div_ceil(threads).max(1);
    let mut results = vec![0.0; x.len()];
    std::thread::scope(|scope| {
        for (x, results) in x.chunks(share).zip(results.chunks_mut(share)) {
            let referee = &referee;
            scope.spawn(move || {
                for (&x, result) in x.iter().zip(results) {
                    *result = referee.value(direction, f64::from(x));
                }
            });
        }
    });
    results
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(f: &Activation, direction: Direction, first: u32, count: u32) {
        let oracle = Oracle::new(f, direction);
        let mut seen = 0;
        oracle.visit(first, count, &mut |start, rounded| {
            for (&got, i) in rounded.iter().zip(0..) {
                let x = f32::from_bits(start + i);
                let want = oracle.exact(x) as f32;
                let same = got.to_bits() == want.to_bits() || (got.is_nan() && want.is_nan());
                // A zero of the polynomial has no sign.
                assert!(
                    same || (got == 0.0 && want == 0.0),
                    "{f} {direction} at {x:e}: {got:e} instead of {want:e}"
                );
                seen += 1;
            }
        });
        if !direction.from_output() {
            assert_eq!(seen, count, "{f} {direction}");
        }
    }

    /// In every exponent, and where something happens, the results are those of the referee itself.
    #[test]
    fn polynomials_give_what_the_referee_gives() {
        for f in Activation::all() {
            let directions = [
                Direction::Forward,
                Direction::Derivative,
                Direction::DerivativeFromOutput,
            ];
            for direction in directions {
                if direction.from_output() && !f.has_derivative_from_output() {
                    continue;
                }
                for exponent in (0..512).step_by(7) {
                    compare(&f, direction, exponent << 23, 1 << 10);
                }
                // Between 2^-6 and 2^8, of either sign.
                for exponent in 121..136 {
                    for sign in [0, 1 << 31] {
                        compare(&f, direction, sign | exponent << 23 | 0x2a_b000, 1 << 11);
                    }
                }
                for landmark in [-0.7517915, -1.2784645, -1.1924312, -0.7512, 1.0, -1.0, 0.5] {
                    let bits = f32::to_bits(landmark) & !0x3ff;
                    compare(&f, direction, bits, 1 << 10);
                }
            }
        }
    }

    /// Long runs, where a polynomial covers many inputs at once; every 4093rd result is compared.
    #[test]
    fn long_runs_give_what_the_referee_gives() {
        for id in ["gelu", "tanh_shrink", "mish", "log", "hard_swish"] {
            let f: Activation = id.parse().expect("a function");
            for direction in [Direction::Forward, Direction::Derivative] {
                let oracle = Oracle::new(&f, direction);
                for first in [0x3f00_0000, 0x4080_0000, 0xbf40_0000, 0xc000_0000_u32] {
                    oracle.visit(first, 1 << 22, &mut |start, rounded| {
                        let at = (start as usize / BLOCK * 31) % rounded.len();
                        let x = f32::from_bits(start + at as u32);
                        let want = oracle.exact(x) as f32;
                        let got = rounded[at];
                        assert!(
                            got == want || (got.is_nan() && want.is_nan()),
                            "{f} {direction} {x:e}: {got:e}, {want:e}"
                        );
                    });
                }
            }
        }
    }

    /// The reference that the polynomials follow agrees with 30 digits (the library's test of the oracle); so do they.
    #[test]
    fn results_agree_with_values_from_elsewhere() {
        let text = include_str!("../../../tests/data/oracle.txt");
        let mut oracles = None;
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            if line.starts_with(|c: char| c.is_ascii_alphabetic()) {
                let f: Activation = line.parse().expect("a function");
                let both = [Direction::Forward, Direction::Derivative];
                oracles = Some(both.map(|direction| Oracle::new(&f, direction)));
                continue;
            }
            let mut columns = line.split_whitespace();
            let x: f32 = columns.next().and_then(|x| x.parse().ok()).expect("x");
            for (oracle, want) in oracles.iter().flatten().zip(columns) {
                let want: f64 = want.parse().expect("a value");
                let magnitude = oracle.referee.magnitude(oracle.direction, x.into());
                let mut got = f64::NAN;
                oracle.visit(x.to_bits() & !0xff, 256, &mut |start, rounded| {
                    let at = x.to_bits().wrapping_sub(start) as usize;
                    got = rounded.get(at).map_or(got, |&value| value.into());
                });
                // Rounded to the nearest f32; near a root of the derivative f64 itself knows no more than 1e-15.
                let allowed = 0.501 * super::super::rule::ulp(want.abs().max(magnitude)) + 1e-15;
                let right = (got - want).abs() <= allowed || got == f64::from(want as f32);
                assert!(right, "{oracle:?} at {x:e}: {got:e}, {want:e}");
            }
        }
    }

    #[test]
    fn outputs_that_no_input_has_are_left_out() {
        let oracle = Oracle::new(&Activation::sigmoid(), Direction::DerivativeFromOutput);
        assert!(oracle.covers(0.0) && oracle.covers(1.0) && oracle.covers(f32::NAN));
        assert!(!oracle.covers(-0.1) && !oracle.covers(1.0001));
        let mut count = 0;
        let first = 1.0_f32.to_bits() - 128;
        oracle.visit(first, 128, &mut |_, part| count += part.len());
        oracle.visit(first + 128, 128, &mut |_, part| count += part.len());
        assert_eq!(count, 129);
    }
}
