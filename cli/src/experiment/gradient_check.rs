//! Derivatives against numeric ones.

use super::lab::Lab;
use super::report::{Claim, Lines, Report, panel, steps};
use crate::failure::Failure;
use crate::picture::Panel;
use crate::table::{Align, Table};
use nonlin::{Activation, Error};
use serde::Serialize;

/// Half the distance of the two points of a numeric derivative. A power of two, so that x ± h is exact.
const STEP: f32 = 1.0 / 256.0;
/// Points on each side of 0, `STEP` apart.
const POINTS: i32 = 8 * 256;
/// What the numeric derivative may be off by where the function is smooth: h²/6 times a third derivative, and the values' rounding over 2h.
const TOLERANCE_AT_ONE: f64 = 1e-4;
/// And anywhere but at kinks: h/4 where the second derivative jumps by 1, as elu's does at 0.
const TOLERANCE: f64 = 1e-3;

#[derive(Serialize)]
struct Checked {
    function: String,
    analytic_at_one: f32,
    numeric_at_one: f64,
    /// The largest difference from -8 to 8, and where. Points within h of a kink are left out: there are two derivatives.
    difference: f64,
    at: f32,
    compared: usize,
    left_out: usize,
}

fn check(lab: &Lab, f: &Activation) -> Result<Checked, Error> {
    let x: Vec<f32> = (-POINTS..=POINTS).map(|i| i as f32 * STEP).collect();
    let moved = |by: f32| -> Vec<f32> { x.iter().map(|x| x + by).collect() };
    let after = lab.engine.forward(f, &moved(STEP))?;
    let before = lab.engine.forward(f, &moved(-STEP))?;
    let analytic = lab.engine.derivative(f, &x)?;
    let numeric = |i: usize| (f64::from(after[i]) - f64::from(before[i])) / f64::from(2.0 * STEP);
    let kinks = f.kinks();
    let smooth = |x: f32| kinks.iter().all(|(kink, _)| (x - kink).abs() > STEP);
    let (mut difference, mut at, mut compared) = (0.0, 0.0, 0);
    for (i, &x) in x.iter().enumerate().filter(|(_, x)| smooth(**x)) {
        let off = (numeric(i) - f64::from(analytic[i])).abs();
        compared += 1;
        // NaN is the largest of all.
        if off > difference || off.is_nan() {
            (difference, at) = (off, x);
        }
    }
    let one = x.iter().position(|&x| x == 1.0).unwrap_or_default();
    Ok(Checked {
        function: f.to_string(),
        analytic_at_one: analytic[one],
        numeric_at_one: numeric(one),
        difference,
        at,
        compared,
        left_out: x.len() - compared,
    })
}

/// Both derivatives.
fn picture(lab: &Lab, functions: &[Activation]) -> Result<Vec<Panel>, Error> {
    let x = steps(-4.0, 4.0, 256);
    let panel = |f: &Activation| {
        let moved = |by: f32| -> Vec<f32> { x.iter().map(|x| x + by).collect() };
        let (after, before) = (moved(STEP), moved(-STEP));
        let (after, before) = (
            lab.engine.forward(f, &after)?,
            lab.engine.forward(f, &before)?,
        );
        let numeric = after
            .iter()
            .zip(&before)
            .map(|(a, b)| (a - b) / (2.0 * STEP));
        let numeric: Vec<f32> = numeric.collect();
        Ok(panel(&f.to_string(), "x", "f'(x)")
            .values("analytic", &x, &lab.engine.derivative(f, &x)?)
            .values("numeric", &x, &numeric)
            .dashed())
    };
    functions.iter().map(panel).collect()
}

pub fn run(lab: &Lab) -> Result<Report, Failure> {
    let functions = Activation::chapter();
    let found: Result<Vec<Checked>, Error> = functions.iter().map(|f| check(lab, f)).collect();
    let found = found?;
    let mut table = Table::new([
        ("function", Align::Left),
        ("f'(1)", Align::Right),
        ("numeric f'(1)", Align::Right),
        ("largest difference", Align::Right),
        ("at x", Align::Right),
        ("left out", Align::Right),
    ]);
    for checked in &found {
        table.push(vec![
            checked.function.clone(),
            format!("{:.7}", checked.analytic_at_one),
            format!("{:.7}", checked.numeric_at_one),
            format!("{:.1e}", checked.difference),
            format!("{:.3}", checked.at),
            checked.left_out.to_string(),
        ]);
    }
    let at_one = |checked: &Checked| {
        (f64::from(checked.analytic_at_one) - checked.numeric_at_one).abs() <= TOLERANCE_AT_ONE
    };
    let claims = vec![
        Claim::new(
            found.iter().all(at_one),
            format!("at x = 1 both agree to {TOLERANCE_AT_ONE:e} for every function"),
        ),
        Claim::new(
            found.iter().all(|checked| checked.difference <= TOLERANCE),
            format!(
                "and to {TOLERANCE:e} from -8 to 8, at {} points: elu's second derivative jumps at 0, which costs h/4",
                2 * POINTS + 1
            ),
        ),
        Claim::new(
            found.iter().all(|checked| checked.left_out <= 3),
            "but for the three points next to the kink of a function that has one",
        ),
    ];
    Ok(Report {
        explanation: "f'(x) against (f(x + h) - f(x - h)) / 2h with h = 1/256, both by the engine in f32, for the functions of the chapter.",
        table,
        claims,
        conclusion: "the derivatives are those of the functions.",
        figures: serde_json::json!({ "tolerance": TOLERANCE, "functions": found }),
        panels: picture(lab, &functions)?,
    })
}
