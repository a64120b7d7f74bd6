//! relu units that are off for ever, and leaky ones that recover.

use super::lab::{Lab, Layer, largest, largest_difference, largest_of};
use super::report::{Claim, Lines, Report, panel};
use crate::failure::Failure;
use crate::picture::Panel;
use crate::table::{Align, Table};
use nonlin::dense::{Dense, Wanted};
use nonlin::{Activation, Chain, Error};
use serde::Serialize;

const INPUTS: usize = 8;
const UNITS: usize = 16;
const CASES: usize = 64;
const STEPS: usize = 400;
const RATE: f32 = 0.3;
/// What each unit is to give.
const TARGET: f32 = 1.0;

#[derive(Serialize)]
struct Step {
    step: usize,
    loss: f64,
    /// The largest gradient of a weight or a bias.
    gradient: f64,
    /// Units whose z is positive for some case.
    alive: usize,
}

#[derive(Serialize)]
struct Unit {
    function: String,
    steps: Vec<Step>,
    /// The largest of all steps' gradients.
    largest_gradient: f64,
    /// The largest change of a weight or a bias, from the first step to the last.
    moved: f64,
}

fn train(lab: &Lab, f: &Activation, mut layer: Layer, x: &[f32]) -> Result<Unit, Error> {
    layer = layer.with(f);
    let first: Vec<f32> = parameters(&layer);
    let mut steps: Vec<Step> = Vec::new();
    for step in 0..=STEPS {
        let z = layer.with(Chain::new()).forward(lab, x)?;
        let y = lab.engine.forward(f, &z)?;
        // The gradient of the mean over the cases of Σ (y - target)² / 2.
        let error = |&y: &f32| y - TARGET;
        let grad: Vec<f32> = y.iter().map(|y| error(y) / CASES as f32).collect();
        let found = layer.backward(lab, x, &grad, Wanted::PARAMETERS)?;
        let (dw, db) = (
            found.weights.unwrap_or_default(),
            found.bias.unwrap_or_default(),
        );
        let squares = y.iter().map(|y| f64::from(error(y)).powi(2) / 2.0);
        let alive = (0..UNITS).filter(|unit| z.iter().skip(*unit).step_by(UNITS).any(|&z| z > 0.0));
        steps.push(Step {
            step,
            loss: squares.sum::<f64>() / CASES as f64,
            gradient: largest(&dw).max(largest(&db)),
            alive: alive.count(),
        });
        let descend = |numbers: &mut [f32], gradient: &[f32]| {
            for (number, gradient) in numbers.iter_mut().zip(gradient) {
                *number -= RATE * gradient;
            }
        };
        descend(&mut layer.weights, &dw);
        descend(layer.bias.as_deref_mut().unwrap_or_default(), &db);
    }
    Ok(Unit {
        function: f.to_string(),
        largest_gradient: largest_of(steps.iter().map(|step| step.gradient)),
        moved: largest_difference(&first, &parameters(&layer)),
        steps,
    })
}

fn parameters(layer: &Layer) -> Vec<f32> {
    let bias = layer.bias.iter().flatten();
    layer.weights.iter().chain(bias).copied().collect()
}

fn measure(lab: &Lab) -> Result<Vec<Unit>, Error> {
    let mut numbers = lab.numbers();
    let x = numbers.uniform(CASES * INPUTS, 0.0, 1.0);
    let weights = numbers.uniform(INPUTS * UNITS, -0.1, 0.1);
    let functions = [Activation::relu(), Activation::leaky_relu()];
    let train = |f| {
        let layer = Layer {
            dense: Dense::new(INPUTS, UNITS),
            weights: weights.clone(),
            // With inputs of 0 to 1 and these weights, no z is above -0.2.
            bias: Some(vec![-1.0; UNITS]),
        };
        train(lab, f, layer, &x)
    };
    functions.iter().map(train).collect()
}

fn picture(found: &[Unit]) -> Vec<Panel> {
    let mut loss = panel("loss", "step", "loss");
    let mut alive = panel("units that are on", "step", "units");
    for unit in found {
        let points = |of: fn(&Step) -> f64| {
            let steps = unit.steps.iter();
            steps.map(move |step| (step.step as f64, of(step)))
        };
        loss = loss.line(&unit.function, points(|step| step.loss));
        alive = alive.line(&unit.function, points(|step| step.alive as f64));
    }
    vec![loss, alive]
}

pub fn run(lab: &Lab) -> Result<Report, Failure> {
    let found = measure(lab)?;
    let mut table = Table::new([
        ("step", Align::Right),
        ("relu: loss", Align::Right),
        ("gradient", Align::Right),
        ("units on", Align::Right),
        ("leaky_relu: loss", Align::Right),
        ("gradient", Align::Right),
        ("units on", Align::Right),
    ]);
    for step in [0, 50, 100, 150, 200, 300, STEPS] {
        let mut row = vec![step.to_string()];
        for unit in &found {
            let step = &unit.steps[step];
            row.push(format!("{:.4}", step.loss));
            row.push(format!("{:.1e}", step.gradient));
            row.push(step.alive.to_string());
        }
        table.push(row);
    }
    let [relu, leaky] = [&found[0], &found[1]];
    let ends = |unit: &Unit| (unit.steps[0].loss, unit.steps[STEPS].loss);
    let ((before, after), last) = (ends(leaky), &leaky.steps[STEPS]);
    let claims = vec![
        Claim::new(
            relu.steps[0].alive == 0 && leaky.steps[0].alive == 0,
            format!("at first all {UNITS} units of both get nothing but negative sums"),
        ),
        Claim::new(
            relu.largest_gradient == 0.0 && relu.moved == 0.0 && relu.steps[STEPS].alive == 0,
            format!("relu: every gradient is 0 in all {STEPS} steps, and no weight ever moves"),
        ),
        Claim::new(
            last.alive == UNITS && after < 0.05 * before,
            format!(
                "leaky_relu: all units are on at the end, and the loss has gone from {before:.2} to {after:.4}"
            ),
        ),
    ];
    Ok(Report {
        explanation: "A layer of 16 units that begin far on the negative side (inputs from 0 to 1, biases of -1), trained by gradient descent to\n\
            give 1, with relu and with leaky_relu of slope 0.01.",
        table,
        claims,
        conclusion: "a relu unit that gets negative sums only is dead for ever; a leaky one recovers.",
        figures: serde_json::json!({ "functions": found }),
        panels: picture(&found),
    })
}
