//! Zeros, infinities, NaN, subnormals and huge numbers, for every function and direction on every engine.
//!
//! The limits are written out here, so that they do not come from the code that they judge.

mod support;

use libtest_mimic::{Arguments, Failed};
use nonlin::{Activation, Direction};
use support::compare::Judge;
use support::{Tested, compute, sample};

const INF: f32 = f32::INFINITY;
const NINF: f32 = f32::NEG_INFINITY;
const NAN: f32 = f32::NAN;
const SELU_SCALE: f32 = 1.050_701;
const SELU_SCALE_ALPHA: f32 = 1.758_099_3;

/// At standard parameters: f(-∞), f(∞), f'(-∞), f'(∞). NaN outside the domain.
#[rustfmt::skip]
const LIMITS: &[(&str, f32, f32, f32, f32)] = &[
    ("linear", NINF, INF, 1.0, 1.0),
    ("piecewise_linear", 0.0, 1.0, 0.0, 0.0),
    ("relu", 0.0, INF, 0.0, 1.0),
    ("relu6", 0.0, 6.0, 0.0, 0.0),
    ("leaky_relu", NINF, INF, 0.01, 1.0),
    ("squared_relu", 0.0, INF, 0.0, INF),
    ("thresholded_relu", 0.0, INF, 0.0, 1.0),
    ("threshold", 0.0, INF, 0.0, 1.0),
    ("step", 0.0, 1.0, 0.0, 0.0),
    ("hard_tanh", -1.0, 1.0, 0.0, 0.0),
    ("hard_sigmoid", 0.0, 1.0, 0.0, 0.0),
    ("hard_swish", 0.0, INF, 0.0, 1.0),
    ("hard_shrink", NINF, INF, 1.0, 1.0),
    ("soft_shrink", NINF, INF, 1.0, 1.0),
    ("elu", -1.0, INF, 0.0, 1.0),
    ("celu", -1.0, INF, 0.0, 1.0),
    ("selu", -SELU_SCALE_ALPHA, INF, 0.0, SELU_SCALE),
    ("sigmoid", 0.0, 1.0, 0.0, 0.0),
    ("log_sigmoid", NINF, 0.0, 1.0, 0.0),
    ("tanh", -1.0, 1.0, 0.0, 0.0),
    ("tanh_shrink", NINF, INF, 1.0, 1.0),
    ("scaled_tanh", -1.7159, 1.7159, 0.0, 0.0),
    ("softsign", -1.0, 1.0, 0.0, 0.0),
    ("softplus", 0.0, INF, 0.0, 1.0),
    ("squareplus", 0.0, INF, 0.0, 1.0),
    ("silu", 0.0, INF, 0.0, 1.0),
    ("swish", 0.0, INF, 0.0, 1.0),
    ("mish", 0.0, INF, 0.0, 1.0),
    ("gelu", 0.0, INF, 0.0, 1.0),
    ("gelu_tanh", 0.0, INF, 0.0, 1.0),
    ("gelu_quick", 0.0, INF, 0.0, 1.0),
    ("xielu", INF, INF, -0.3, INF),
    ("lisht", INF, INF, -1.0, 1.0),
    ("telu", 0.0, INF, 0.0, 1.0),
    ("erf", -1.0, 1.0, 0.0, 0.0),
    ("abs", INF, INF, -1.0, 1.0),
    ("sign", -1.0, 1.0, 0.0, 0.0),
    ("neg", INF, NINF, -1.0, -1.0),
    ("square", INF, INF, NINF, INF),
    ("sqrt", NAN, INF, NAN, 0.0),
    ("rsqrt", NAN, 0.0, NAN, 0.0),
    ("reciprocal", 0.0, 0.0, 0.0, 0.0),
    ("exp", 0.0, INF, 0.0, INF),
    ("expm1", -1.0, INF, 0.0, INF),
    ("log", NAN, INF, NAN, 0.0),
    ("log1p", NAN, INF, NAN, 0.0),
];

/// Values at zero and at the edge of a domain, where a result is infinite: function, direction, input, result.
#[rustfmt::skip]
const POLES: &[(&str, Direction, f32, f32)] = &[
    ("log", Direction::Forward, 0.0, NINF), ("log", Direction::Derivative, 0.0, INF),
    ("log1p", Direction::Forward, -1.0, NINF), ("log1p", Direction::Derivative, -1.0, INF),
    ("sqrt", Direction::Forward, 0.0, 0.0), ("sqrt", Direction::Derivative, 0.0, INF),
    ("rsqrt", Direction::Forward, 0.0, INF), ("rsqrt", Direction::Derivative, 0.0, NINF),
    ("reciprocal", Direction::Forward, 0.0, INF), ("reciprocal", Direction::Forward, -0.0, NINF),
    ("reciprocal", Direction::Derivative, 0.0, NINF), ("reciprocal", Direction::Derivative, -0.0, NINF),
    ("log", Direction::Forward, -1.0, NAN), ("sqrt", Direction::Forward, -1.0, NAN),
    ("rsqrt", Direction::Forward, -1.0, NAN), ("log1p", Direction::Forward, -1.5, NAN),
];

/// The functions with f(-x) = -f(x) bit for bit.
const ODD: &[&str] = &[
    "hard_tanh",
    "hard_shrink",
    "soft_shrink",
    "tanh",
    "tanh_shrink",
    "scaled_tanh",
    "softsign",
    "erf",
    "sign",
    "neg",
    "reciprocal",
];

/// Functions that are undefined for some numbers.
const PARTIAL: &[&str] = &["log", "log1p", "sqrt", "rsqrt"];

fn main() -> std::process::ExitCode {
    let arguments = Arguments::from_args();
    let subjects = support::subjects();
    let mut trials = Vec::new();
    for f in Activation::all() {
        for subject in &subjects {
            for direction in support::directions(&f) {
                let claim = format!("{}::{direction}::nan_in_gives_nan_out", f.id());
                let function = f.clone();
                trials.push(subject.trial(&claim, move |tested| nan(tested, &function, direction)));
                if direction.takes_grad() {
                    continue;
                }
                let claim = format!("{}::{direction}::special_inputs", f.id());
                let function = f.clone();
                trials.push(
                    subject.trial(&claim, move |tested| specials(tested, &function, direction)),
                );
            }
            let (function, claim) = (f.clone(), format!("{}::limits", f.id()));
            trials.push(subject.trial(&claim, move |tested| limits(tested, &function)));
            if ODD.contains(&f.id()) {
                let (function, claim) = (f.clone(), format!("{}::is_odd", f.id()));
                trials.push(subject.trial(&claim, move |tested| odd(tested, &function)));
            }
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn nan(tested: &Tested, f: &Activation, direction: Direction) -> Result<(), Failed> {
    let nans = sample::nans();
    let numbers = [
        0.5,
        -0.5,
        0.0,
        -0.0,
        2.0,
        INF,
        NINF,
        f32::MAX,
        f32::from_bits(1),
    ];
    let (mut x, mut grad) = (nans.clone(), vec![1.0; nans.len()]);
    if direction.takes_grad() {
        for &nan in &nans {
            x.extend(
                numbers
                    .iter()
                    .chain(&numbers)
                    .chain([&nan])
                    .enumerate()
                    .map(|(i, &n)| if i < numbers.len() { n } else { nan }),
            );
            grad.extend(numbers.iter().map(|_| nan).chain(numbers).chain([nan]));
        }
    }
    let grad = direction.takes_grad().then_some(&grad[..]);
    let got = compute(tested, f, direction, &x, grad)?;
    match got.iter().position(|y| !y.is_nan()) {
        None => Ok(()),
        Some(at) => Err(format!(
            "{f} {direction}: x = {:?} ({:#010x}), grad = {:?}: got {:?}, want NaN",
            x[at],
            x[at].to_bits(),
            grad.map(|grad| grad[at]),
            got[at]
        )
        .into()),
    }
}

fn specials(tested: &Tested, f: &Activation, direction: Direction) -> Result<(), Failed> {
    let bound = f.metadata().bound(direction);
    let mut x = sample::special_inputs();
    if direction.from_output() {
        let outputs = x
            .iter()
            .map(|&x| f.reference(Direction::Forward, f64::from(x)) as f32);
        x = outputs.filter(|y| !y.is_nan()).collect();
    }
    let want: Vec<f64> = x
        .iter()
        .map(|&x| f.reference(direction, f64::from(x)))
        .collect();
    let inside =
        |x: f32| !PARTIAL.contains(&f.id()) || x >= if f.id() == "log1p" { -1.0 } else { 0.0 };
    if let Some(at) =
        (0..x.len()).find(|&i| want[i].is_nan() && (direction.from_output() || inside(x[i])))
    {
        return Err(format!("{f} {direction}: the reference gives NaN at {:?}", x[at]).into());
    }
    let got = compute(tested, f, direction, &x, None)?;
    Judge::new(f, direction, tested.flushes).check(&x, &got, &want, bound.into())?;
    Ok(())
}

fn limits(tested: &Tested, f: &Activation) -> Result<(), Failed> {
    let &(_, low, high, slope_low, slope_high) = LIMITS
        .iter()
        .find(|(id, ..)| *id == f.id())
        .ok_or_else(|| format!("{} has no row in the table of limits", f.id()))?;
    let forward = compute(tested, f, Direction::Forward, &[NINF, INF], None)?;
    let derivative = compute(tested, f, Direction::Derivative, &[NINF, INF], None)?;
    let backward = compute(
        tested,
        f,
        Direction::Backward,
        &[NINF, INF],
        Some(&[2.0, -2.0]),
    )?;
    let mut rows = vec![
        (Direction::Forward, NINF, forward[0], low),
        (Direction::Forward, INF, forward[1], high),
        (Direction::Derivative, NINF, derivative[0], slope_low),
        (Direction::Derivative, INF, derivative[1], slope_high),
        (Direction::Backward, NINF, backward[0], 2.0 * slope_low),
        (Direction::Backward, INF, backward[1], -2.0 * slope_high),
    ];
    for &(_, direction, x, want) in POLES.iter().filter(|(id, ..)| *id == f.id()) {
        rows.push((
            direction,
            x,
            compute(tested, f, direction, &[x], None)?[0],
            want,
        ));
    }
    for (direction, x, got, want) in rows {
        let near = (got - want).abs() <= 4.0 * f32::EPSILON * want.abs();
        if !(got == want || near || got.is_nan() && want.is_nan()) {
            return Err(
                format!("{f} {direction} at {x}: got {got:?}, the limit is {want:?}").into(),
            );
        }
    }
    Ok(())
}

fn odd(tested: &Tested, f: &Activation) -> Result<(), Failed> {
    let x = sample::special_inputs();
    let mirrored: Vec<f32> = x.iter().map(|x| -x).collect();
    let y = compute(tested, f, Direction::Forward, &x, None)?;
    let other = compute(tested, f, Direction::Forward, &mirrored, None)?;
    match (0..x.len()).find(|&i| y[i].to_bits() != (-other[i]).to_bits()) {
        None => Ok(()),
        Some(i) => Err(format!(
            "{f}: f({:?}) = {:?}, but f({:?}) = {:?}",
            x[i], y[i], mirrored[i], other[i]
        )
        .into()),
    }
}
