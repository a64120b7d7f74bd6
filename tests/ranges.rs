//! Results respect what is known of the functions beyond their errors: bounds, symmetry and order, on every engine.

mod support;

use libtest_mimic::{Arguments, Failed};
use nonlin::{Activation, Direction};
use support::compare::ulp;
use support::{Tested, compute};

/// Function, direction, what has to hold of input and result, and that in words.
type Claim = (&'static str, Direction, fn(f32, f32) -> bool, &'static str);

#[rustfmt::skip]
const BOUNDS: &[Claim] = &[
    ("sigmoid", Direction::Forward, |_, y| (0.0..=1.0).contains(&y), "lies in [0, 1]"),
    ("sigmoid", Direction::Derivative, |_, y| (0.0..=0.25).contains(&y), "lies in [0, 1/4]"),
    ("tanh", Direction::Forward, |_, y| (-1.0..=1.0).contains(&y), "lies in [-1, 1]"),
    ("tanh", Direction::Derivative, |_, y| (0.0..=1.0).contains(&y), "lies in [0, 1]"),
    ("erf", Direction::Forward, |_, y| (-1.0..=1.0).contains(&y), "lies in [-1, 1]"),
    ("softsign", Direction::Forward, |_, y| (-1.0..=1.0).contains(&y), "lies in [-1, 1]"),
    ("hard_sigmoid", Direction::Forward, |_, y| (0.0..=1.0).contains(&y), "lies in [0, 1]"),
    ("softplus", Direction::Forward, |x, y| y >= x.max(0.0), "is at least max(x, 0)"),
    ("squareplus", Direction::Forward, |x, y| y >= x.max(0.0), "is at least max(x, 0)"),
    ("log_sigmoid", Direction::Forward, |x, y| y <= x.min(0.0), "is at most min(x, 0)"),
    ("gelu", Direction::Forward, between_0_and_x, "lies between 0 and x for x > 0, else between x and 0"),
    ("gelu_tanh", Direction::Forward, between_0_and_x, "lies between 0 and x for x > 0, else between x and 0"),
    ("gelu_quick", Direction::Forward, between_0_and_x, "lies between 0 and x for x > 0, else between x and 0"),
    ("silu", Direction::Forward, between_0_and_x, "lies between 0 and x for x > 0, else between x and 0"),
    ("mish", Direction::Forward, between_0_and_x, "lies between 0 and x for x > 0, else between x and 0"),
    ("hard_swish", Direction::Forward, between_0_and_x, "lies between 0 and x for x > 0, else between x and 0"),
    ("elu", Direction::Forward, |_, y| y >= -1.0, "is at least -1"),
    ("celu(0.5)", Direction::Forward, |_, y| y >= -0.5, "is at least -alpha"),
    ("exp", Direction::Forward, |_, y| y >= 0.0, "is not negative"),
    ("expm1", Direction::Forward, |_, y| y >= -1.0, "is at least -1"),
];

fn between_0_and_x(x: f32, y: f32) -> bool {
    x.min(0.0) <= y && y <= x.max(0.0)
}

const ODD: &[&str] = &[
    "tanh",
    "erf",
    "softsign",
    "tanh_shrink",
    "scaled_tanh",
    "hard_tanh",
    "hard_shrink",
    "soft_shrink",
    "sign",
    "neg",
    "reciprocal",
];

const EVEN: &[&str] = &["lisht", "abs", "square"];

fn main() -> std::process::ExitCode {
    let arguments = Arguments::from_args();
    let subjects = support::subjects();
    let mut trials = Vec::new();
    for subject in &subjects {
        for &(text, direction, holds, words) in BOUNDS {
            let claim = format!("{text}::{direction}_stays_in_its_range");
            trials.push(subject.trial(&claim, move |tested| {
                bounded(tested, text, direction, holds, words)
            }));
        }
        for (texts, sign, word) in [(ODD, -1.0, "odd"), (EVEN, 1.0, "even")] {
            for &text in texts {
                let claim = format!("{text}::is_{word}_bit_for_bit");
                trials.push(subject.trial(&claim, move |tested| symmetric(tested, text, sign)));
            }
        }
        for f in Activation::all()
            .into_iter()
            .filter(|f| f.metadata().monotonic)
        {
            let claim = format!("{}::never_falls", f.id());
            trials.push(subject.trial(&claim, move |tested| monotonic(tested, &f)));
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Finite inputs of either sign in increasing order, dense where the functions bend.
fn increasing() -> Vec<f32> {
    let positive = (0..0x7f80_0000_u32).step_by(9973).map(f32::from_bits);
    let bends = (0..200_000).map(|i| i as f32 * 1e-4);
    let mut x: Vec<f32> = positive.chain(bends).flat_map(|x| [x, -x]).collect();
    x.sort_by(f32::total_cmp);
    x.dedup();
    x
}

fn bounded(
    tested: &Tested,
    text: &str,
    direction: Direction,
    holds: fn(f32, f32) -> bool,
    words: &str,
) -> Result<(), Failed> {
    let (f, x): (Activation, _) = (text.parse()?, increasing());
    let y = compute(tested, &f, direction, &x, None)?;
    match x.iter().zip(&y).find(|(x, y)| !holds(**x, **y)) {
        None => Ok(()),
        Some((x, y)) => Err(format!("{f} {direction} {words}, but at {x:?} it is {y:?}").into()),
    }
}

fn symmetric(tested: &Tested, text: &str, sign: f32) -> Result<(), Failed> {
    let (f, x): (Activation, _) = (text.parse()?, increasing());
    let opposite: Vec<f32> = x.iter().map(|x| -x).collect();
    let y = compute(tested, &f, Direction::Forward, &x, None)?;
    let mirrored = compute(tested, &f, Direction::Forward, &opposite, None)?;
    let wrong = (0..x.len()).find(|&i| y[i].to_bits() != (sign * mirrored[i]).to_bits());
    match wrong {
        None => Ok(()),
        Some(i) => Err(format!(
            "{f} is {:?} at {:?} and {:?} at {:?}",
            y[i], x[i], mirrored[i], -x[i]
        )
        .into()),
    }
}

/// Rounding may take a result below its predecessor's, but by no more than both errors.
fn monotonic(tested: &Tested, f: &Activation) -> Result<(), Failed> {
    let x: Vec<f32> = increasing()
        .into_iter()
        .filter(|&x| f.reference(Direction::Forward, f64::from(x)).is_finite())
        .collect();
    let y = compute(tested, f, Direction::Forward, &x, None)?;
    let allowed = 2.0 * f64::from(f.metadata().forward_error.max_ulp);
    let mut highest = f32::NEG_INFINITY;
    for (x, y) in x.iter().zip(&y) {
        let fall = f64::from(highest) - f64::from(*y);
        if fall > allowed * ulp(f64::from(highest)) && !(y.abs() == 0.0 && highest.is_subnormal()) {
            return Err(format!("{f} falls from {highest:?} to {y:?} at {x:?}").into());
        }
        highest = highest.max(*y);
    }
    Ok(())
}
