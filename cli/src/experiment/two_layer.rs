//! σ(W2·f(W1·x + b1) + b2) with relu and with sigmoid for f.

use super::lab::{Lab, Layer, Network, Numbers, largest_difference, largest_of};
use super::report::{Claim, Lines, Report, panel, steps};
use crate::failure::Failure;
use crate::picture::Panel;
use crate::table::{Align, Table};
use nonlin::dense::Dense;
use nonlin::{Activation, Chain, Direction, Error};
use serde::Serialize;

const INPUTS: usize = 3;
const HIDDEN: usize = 8;
const CASES: usize = 256;

#[derive(Serialize)]
struct Figures {
    /// The first cases.
    x: Vec<Vec<f32>>,
    relu: Vec<f32>,
    sigmoid: Vec<f32>,
    /// The largest difference between both, and from the same in f64.
    difference: f64,
    error_relu: f64,
    error_sigmoid: f64,
    smallest: f32,
    largest: f32,
    /// The share of the hidden units' values that are exactly zero.
    off_relu: f64,
    off_sigmoid: f64,
}

/// The network in f64.
fn exact(network: &Network, first: &Activation, x: &[f32]) -> f64 {
    let mut values: Vec<f64> = x.iter().map(|&x| x.into()).collect();
    for (layer, f) in network.layers.iter().zip([first, &Activation::sigmoid()]) {
        let rows = layer.weights.chunks_exact(values.len());
        let next = rows.zip(layer.bias.iter().flatten()).map(|(row, &bias)| {
            let terms = row.iter().zip(&values).map(|(&w, x)| f64::from(w) * x);
            f.reference(Direction::Forward, terms.sum::<f64>() + f64::from(bias))
        });
        values = next.collect();
    }
    values[0]
}

fn random(numbers: &mut Numbers) -> Network {
    let mut layer = |inputs: usize, outputs| Layer {
        dense: Dense::new(inputs, outputs),
        weights: numbers.normal(inputs * outputs, (2.0 / inputs as f64).sqrt()),
        bias: Some(numbers.normal(outputs, 0.5)),
    };
    Network {
        layers: vec![layer(INPUTS, HIDDEN), layer(HIDDEN, 1)],
    }
}

/// The output as the first input goes over a range and the others stay 0.
fn picture(lab: &Lab) -> Result<Vec<Panel>, Error> {
    let network = random(&mut lab.numbers());
    let t = steps(-4.0, 4.0, 200);
    let x: Vec<f32> = t.iter().flat_map(|&t| [t, 0.0, 0.0]).collect();
    let mut lines = panel("the first input moves", "x", "output");
    for first in [Activation::relu(), Activation::sigmoid()] {
        let functions = [first.clone(), Activation::sigmoid()].map(Chain::from);
        let y = network.with(&functions).forward(lab, &x)?;
        lines = lines.values(&format!("{first} in layer 1"), &t, &y);
    }
    Ok(vec![lines])
}

fn measure(lab: &Lab) -> Result<Figures, Error> {
    let mut numbers = lab.numbers();
    let network = random(&mut numbers);
    let x = numbers.normal(CASES * INPUTS, 1.0);
    let both = [Activation::relu(), Activation::sigmoid()].map(|first| {
        let functions = [first.clone(), Activation::sigmoid()].map(Chain::from);
        let values = network.with(&functions).values(lab, &x)?;
        let errors = x.chunks_exact(INPUTS).zip(&values[2]);
        let errors = errors.map(|(x, &y)| (exact(&network, &first, x) - f64::from(y)).abs());
        let off = values[1].iter().filter(|&&value| value == 0.0).count();
        let error = largest_of(errors);
        Ok((
            values[2].clone(),
            error,
            off as f64 / values[1].len() as f64,
        ))
    });
    let [relu, sigmoid] = both;
    let ((relu, error_relu, off_relu), (sigmoid, error_sigmoid, off_sigmoid)) = (relu?, sigmoid?);
    let outputs = || relu.iter().chain(&sigmoid).copied();
    Ok(Figures {
        x: x.chunks_exact(INPUTS)
            .take(6)
            .map(<[f32]>::to_vec)
            .collect(),
        difference: largest_difference(&relu, &sigmoid),
        smallest: outputs().fold(f32::INFINITY, f32::min),
        largest: outputs().fold(f32::NEG_INFINITY, f32::max),
        relu,
        sigmoid,
        error_relu,
        error_sigmoid,
        off_relu,
        off_sigmoid,
    })
}

pub fn run(lab: &Lab) -> Result<Report, Failure> {
    let found = measure(lab)?;
    let mut table = Table::new([
        ("x", Align::Left),
        ("relu in layer 1", Align::Right),
        ("sigmoid in layer 1", Align::Right),
    ]);
    for ((x, relu), sigmoid) in found.x.iter().zip(&found.relu).zip(&found.sigmoid) {
        let x: Vec<String> = x.iter().map(|x| format!("{x:6.3}")).collect();
        table.push(vec![
            x.join(" "),
            format!("{relu:.6}"),
            format!("{sigmoid:.6}"),
        ]);
    }
    let claims = vec![
        Claim::new(
            found.error_relu.max(found.error_sigmoid) < 1e-6,
            format!("both are within 1e-6 of the same network in f64, for {CASES} inputs"),
        ),
        Claim::new(
            found.smallest > 0.0 && found.largest < 1.0,
            "every output lies between 0 and 1, as the last sigmoid makes it",
        ),
        Claim::new(
            found.difference > 0.05,
            format!("the outputs differ, by up to {:.3}", found.difference),
        ),
        Claim::new(
            found.off_relu > 0.1 && found.off_sigmoid == 0.0,
            format!(
                "relu switches {:.0} % of the hidden values off, sigmoid none",
                100.0 * found.off_relu
            ),
        ),
    ];
    Ok(Report {
        explanation: "sigmoid(W2·f(W1·x + b1) + b2) with the same random weights, once with relu for f and once with sigmoid;\n\
            3 inputs, 8 hidden units, 1 output.",
        table,
        claims,
        conclusion: "the activation of the hidden layer decides what the same weights compute.",
        figures: serde_json::to_value(&found)?,
        panels: picture(lab)?,
    })
}
