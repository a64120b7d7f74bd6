//! The derivative at every kink is the value that the catalogue states, on every engine; so are the chapter's own figures.
//!
//! The numbers are written out here, so that they do not come from the code that they judge.

mod support;

use libtest_mimic::{Arguments, Failed};
use nonlin::{Activation, Direction};
use support::{Tested, compute};

/// Function, input, value of the derivative there.
#[rustfmt::skip]
const KINKS: &[(&str, f32, f32)] = &[
    ("relu", 0.0, 0.0),
    ("relu6", 0.0, 0.0), ("relu6", 6.0, 0.0), ("relu6(1.5)", 1.5, 0.0), ("relu6(1.5)", 0.0, 0.0),
    ("leaky_relu", 0.0, 0.01), ("leaky_relu(0.25)", 0.0, 0.25), ("leaky_relu(0)", 0.0, 0.0),
    ("squared_relu", 0.0, 0.0),
    ("thresholded_relu", 1.0, 0.0), ("thresholded_relu(2.5)", 2.5, 0.0), ("thresholded_relu(2.5)", 0.0, 0.0),
    ("threshold(0.5, 7)", 0.5, 0.0), ("threshold(-3, 7)", -3.0, 0.0),
    ("step", 0.0, 0.0), ("step(0.5)", 0.0, 0.0),
    ("hard_tanh", -1.0, 0.0), ("hard_tanh", 1.0, 0.0), ("clip(-2, 0.5)", -2.0, 0.0), ("clip(-2, 0.5)", 0.5, 0.0),
    ("hard_sigmoid", -3.0, 0.0), ("hard_sigmoid", 3.0, 0.0),
    ("hard_sigmoid(0.25, 0.5)", -2.0, 0.0), ("hard_sigmoid(0.25, 0.5)", 2.0, 0.0),
    ("hard_swish", -3.0, 0.0), ("hard_swish", 3.0, 1.0),
    ("hard_swish(0.25, 0.5)", -2.0, 0.0), ("hard_swish(0.25, 0.5)", 2.0, 1.0),
    ("hard_shrink", -0.5, 0.0), ("hard_shrink", 0.5, 0.0), ("hard_shrink(2)", 2.0, 0.0), ("hard_shrink(2)", -2.0, 0.0),
    ("soft_shrink", -0.5, 0.0), ("soft_shrink", 0.5, 0.0), ("soft_shrink(2)", 2.0, 0.0), ("soft_shrink(2)", -2.0, 0.0),
    ("elu", 0.0, 1.0), ("elu(0.5)", 0.0, 0.5), ("elu(3)", 0.0, 3.0),
    ("celu", 0.0, 1.0), ("celu(0.5)", 0.0, 1.0), ("celu(3)", 0.0, 1.0),
    ("selu", 0.0, 1.758_099_3),
    ("xielu", 0.0, 0.5), ("xielu(beta=0.75)", 0.0, 0.75),
    ("softsign", 0.0, 1.0),
    ("abs", 0.0, 0.0),
    ("sign", 0.0, 0.0),
    // The slope of the piece to the right of a point.
    ("piecewise_linear", -1.0, 0.5), ("piecewise_linear", 1.0, 0.0),
    ("piecewise_linear(left=0.25, right=-2, points=[-1:0, 0:2, 4:1])", -1.0, 2.0),
    ("piecewise_linear(left=0.25, right=-2, points=[-1:0, 0:2, 4:1])", 0.0, -0.25),
    ("piecewise_linear(left=0.25, right=-2, points=[-1:0, 0:2, 4:1])", 4.0, -2.0),
];

/// Function, input, value and its derivative to four digits: the chapter's table, and the values beside it.
#[rustfmt::skip]
const CHAPTER: &[(&str, f32, f64, f64)] = &[
    ("relu", 1.0, 1.0, 1.0), ("relu", -1.0, 0.0, 0.0),
    ("sigmoid", 1.0, 0.7311, 0.1966), ("sigmoid", 0.0, 0.5, 0.25), ("sigmoid", -1.0, 0.2689, 0.1966),
    ("tanh", 1.0, 0.7616, 0.4200), ("tanh", 0.0, 0.0, 1.0), ("tanh", -1.0, -0.7616, 0.4200),
    ("leaky_relu(slope=0.1)", 1.0, 1.0, 1.0), ("leaky_relu(slope=0.1)", -1.0, -0.1, 0.1),
    ("elu", 1.0, 1.0, 1.0), ("elu", -1.0, -0.6321, 0.3679),
    ("gelu_quick", 1.0, 0.8458, 1.0678), ("gelu_quick", -1.0, -0.1542, -0.0678),
    ("gelu", 1.0, 0.8413, 1.0833), ("gelu", -1.0, -0.1587, -0.0833),
    ("silu", 1.0, 0.7311, 0.9277), ("selu", 1.0, 1.0507, 1.0507), ("selu", -1.0, -1.1113, 0.6468),
    ("step", 1.0, 1.0, 0.0), ("step", -1.0, 0.0, 0.0), ("step", 0.0, 0.0, 0.0),
    ("swish(beta=2)", 1.0, 0.8808, 1.0908),
];

fn main() -> std::process::ExitCode {
    let arguments = Arguments::from_args();
    let subjects = support::subjects();
    let mut trials = Vec::new();
    for &(text, x, slope) in KINKS {
        for subject in &subjects {
            let claim = format!("{text}::derivative_at_{x}");
            trials.push(subject.trial(&claim, move |tested| kink(tested, text, x, slope)));
        }
    }
    for &(text, x, value, slope) in CHAPTER {
        for subject in &subjects {
            let claim = format!("{text}::chapter_value_at_{x}");
            trials
                .push(subject.trial(&claim, move |tested| chapter(tested, text, x, value, slope)));
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn kink(tested: &Tested, text: &str, x: f32, want: f32) -> Result<(), Failed> {
    let f: Activation = text.parse()?;
    expect(tested, &f, Direction::Derivative, x, None, want)?;
    expect(tested, &f, Direction::Backward, x, Some(-4.0), -4.0 * want)?;
    if x == 0.0 {
        expect(tested, &f, Direction::Derivative, -0.0, None, want)?;
    }
    if f.has_derivative_from_output() {
        let y = compute(tested, &f, Direction::Forward, &[x], None)?[0];
        expect(tested, &f, Direction::DerivativeFromOutput, y, None, want)?;
        expect(
            tested,
            &f,
            Direction::BackwardFromOutput,
            y,
            Some(-4.0),
            -4.0 * want,
        )?;
    }
    Ok(())
}

fn expect(
    tested: &Tested,
    f: &Activation,
    direction: Direction,
    x: f32,
    grad: Option<f32>,
    want: f32,
) -> Result<(), Failed> {
    let got = compute(
        tested,
        f,
        direction,
        &[x],
        grad.as_ref().map(std::slice::from_ref),
    )?[0];
    if got == want {
        return Ok(());
    }
    Err(format!("{f} {direction} at {x:?}: got {got:?}, the catalogue says {want:?}").into())
}

fn chapter(tested: &Tested, text: &str, x: f32, value: f64, slope: f64) -> Result<(), Failed> {
    let f: Activation = text.parse()?;
    for (direction, want) in [(Direction::Forward, value), (Direction::Derivative, slope)] {
        let got = compute(tested, &f, direction, &[x], None)?[0];
        if (f64::from(got) - want).abs() > 0.5001e-4 {
            return Err(format!("{f} {direction} at {x}: got {got}, want {want:.4}").into());
        }
    }
    Ok(())
}
