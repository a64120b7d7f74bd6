//! selu keeps mean 0 and variance 1 through 20 layers.

use super::lab::{Lab, largest_of, moments};
use super::report::{Claim, Lines, Report, panel};
use crate::failure::Failure;
use crate::picture::Panel;
use crate::table::{Align, Table};
use nonlin::{Activation, Chain, Error};
use serde::Serialize;

const LAYERS: usize = 20;
const WIDTH: usize = 256;
const CASES: usize = 128;

#[derive(Serialize)]
struct Moments {
    mean: f64,
    variance: f64,
}

#[derive(Serialize)]
struct Function {
    function: String,
    /// Of the input, then behind each layer.
    layers: Vec<Moments>,
}

fn measure(lab: &Lab) -> Result<Vec<Function>, Error> {
    let mut numbers = lab.numbers();
    let x = numbers.normal(CASES * WIDTH, 1.0);
    let network = numbers.network(&[WIDTH; LAYERS + 1], &vec![Chain::new(); LAYERS], 1.0);
    let functions = [Activation::selu(), Activation::relu(), Activation::tanh()];
    let mut found = Vec::new();
    for f in functions {
        let values = network
            .with(&vec![Chain::from(&f); LAYERS])
            .values(lab, &x)?;
        let layers = values.iter().map(|values| {
            let (mean, variance) = moments(values);
            Moments { mean, variance }
        });
        found.push(Function {
            function: f.to_string(),
            layers: layers.collect(),
        });
    }
    Ok(found)
}

fn picture(found: &[Function]) -> Vec<Panel> {
    let mut mean = panel("mean", "layer", "mean");
    let mut variance = panel("variance", "layer", "variance").log_y();
    for function in found {
        let points = |of: fn(&Moments) -> f64| {
            let layers = function.layers.iter().enumerate();
            layers.map(move |(i, moments)| (i as f64, of(moments)))
        };
        mean = mean.line(&function.function, points(|m| m.mean));
        variance = variance.line(&function.function, points(|m| m.variance));
    }
    vec![mean, variance]
}

pub fn run(lab: &Lab) -> Result<Report, Failure> {
    let found = measure(lab)?;
    let mut table = Table::new([
        ("layer", Align::Right),
        ("selu: mean", Align::Right),
        ("variance", Align::Right),
        ("relu: mean", Align::Right),
        ("variance", Align::Right),
        ("tanh: mean", Align::Right),
        ("variance", Align::Right),
    ]);
    for layer in [0, 1, 2, 3, 5, 10, 15, LAYERS] {
        let mut row = vec![layer.to_string()];
        for function in &found {
            let Moments { mean, variance } = function.layers[layer];
            row.push(format!("{mean:.4}"));
            row.push(format!("{variance:.2e}"));
        }
        table.push(row);
    }
    let [selu, relu, tanh] = [0, 1, 2].map(|i| &found[i].layers);
    let farthest = |of: fn(&Moments) -> f64| largest_of(selu.iter().map(of));
    let mean = farthest(|m| m.mean.abs());
    let variance = farthest(|m| (m.variance - 1.0).abs());
    let last = |layers: &[Moments]| layers[LAYERS].variance;
    let claims = vec![
        Claim::new(
            mean < 0.1,
            format!("selu: the mean stays within {mean:.3} of 0 in every layer"),
        ),
        Claim::new(
            variance < 0.25,
            format!("selu: the variance stays within {variance:.3} of 1 in every layer"),
        ),
        Claim::new(
            last(relu) < 1e-4,
            format!("relu: of the variance {:.1e} is left", last(relu)),
        ),
        Claim::new(
            last(tanh) < 0.1,
            format!("tanh: of the variance {:.3} is left", last(tanh)),
        ),
    ];
    Ok(Report {
        explanation: "128 standard normal inputs through 20 layers of 256 units, without biases, with the same normal weights of variance\n\
            1/256 (LeCun) for each function; mean and variance over all values of a layer.",
        table,
        claims,
        conclusion: "selu normalizes itself; with the same weights relu and tanh do not.",
        figures: serde_json::json!({ "functions": found }),
        panels: picture(&found),
    })
}
