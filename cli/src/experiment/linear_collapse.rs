//! A deep network without activations is one matrix.

use super::lab::{Lab, Layer, Network, largest, largest_difference};
use super::report::{Claim, Lines, Report, panel, steps};
use crate::failure::Failure;
use crate::picture::Panel;
use crate::table::{Align, Table};
use nonlin::dense::Dense;
use nonlin::{Activation, Chain, Error};
use serde::Serialize;

const INPUTS: usize = 16;
const WIDTH: usize = 32;
const OUTPUTS: usize = 8;
const CASES: usize = 64;
const DEPTHS: [usize; 4] = [2, 4, 8, 16];

#[derive(Serialize)]
struct Depth {
    layers: usize,
    parameters: usize,
    /// The largest difference between the network and the one matrix, over the largest output.
    difference: f64,
    /// How far f(a + b) is from f(a) + f(b) - f(0), which are equal for one matrix; over the largest output.
    bend_linear: f64,
    bend_relu: f64,
}

/// The one layer that the layers make, computed in f64.
fn collapsed(network: &Network) -> Layer {
    let mut matrix: Vec<Vec<f64>> = (0..INPUTS)
        .map(|i| (0..INPUTS).map(|j| f64::from(u8::from(i == j))).collect())
        .collect();
    let mut offset = vec![0.0; INPUTS];
    for layer in &network.layers {
        let inputs = layer.dense.inputs();
        let rows = layer.weights.chunks_exact(inputs);
        let bias = layer.bias.iter().flatten();
        let weighted = |row: &[f32], column: &dyn Fn(usize) -> f64| -> f64 {
            let terms = row.iter().enumerate();
            terms.map(|(k, &w)| f64::from(w) * column(k)).sum()
        };
        let next = rows
            .clone()
            .map(|row| {
                (0..INPUTS)
                    .map(|j| weighted(row, &|k| matrix[k][j]))
                    .collect()
            })
            .collect();
        offset = rows
            .zip(bias)
            .map(|(row, &b)| weighted(row, &|k| offset[k]) + f64::from(b))
            .collect();
        matrix = next;
    }
    Layer {
        dense: Dense::new(INPUTS, matrix.len()),
        weights: matrix.iter().flatten().map(|&w| w as f32).collect(),
        bias: Some(offset.iter().map(|&b| b as f32).collect()),
    }
}

/// How far the network is from f(a + b) = f(a) + f(b) - f(0).
fn bend(lab: &Lab, network: &Network, a: &[f32], b: &[f32]) -> Result<f64, Error> {
    let sum: Vec<f32> = a.iter().zip(b).map(|(a, b)| a + b).collect();
    let [fa, fb, both] = [a, b, &sum].map(|x| network.forward(lab, x));
    let (fa, fb, both) = (fa?, fb?, both?);
    let zero = network.forward(lab, &vec![0.0; a.len()])?;
    let parts = fa.iter().zip(&fb).zip(&zero);
    let parts: Vec<f32> = parts.map(|((a, b), zero)| a + b - zero).collect();
    Ok(largest_difference(&both, &parts) / largest(&both))
}

fn random(lab: &Lab, layers: usize) -> Network {
    let mut numbers = lab.numbers();
    let mut widths = vec![WIDTH; layers + 1];
    (widths[0], widths[layers]) = (INPUTS, OUTPUTS);
    let mut network = numbers.network(&widths, &vec![Chain::new(); layers], 2.0);
    for layer in &mut network.layers {
        layer.bias = Some(numbers.normal(layer.dense.outputs(), 0.1));
    }
    network
}

/// The same network with relu between the layers.
fn with_relu(network: &Network) -> Network {
    let layers = network.layers.len();
    let mut functions = vec![Chain::from(Activation::relu()); layers];
    functions[layers - 1] = Chain::new();
    network.with(&functions)
}

/// An output along a line through the inputs.
fn picture(lab: &Lab) -> Result<Vec<Panel>, Error> {
    let network = random(lab, 4);
    let direction = lab.numbers().normal(INPUTS, 1.0);
    let t = steps(-3.0, 3.0, 200);
    let x: Vec<f32> = t
        .iter()
        .flat_map(|t| direction.iter().map(move |d| t * d))
        .collect();
    let first = |values: Vec<f32>| {
        values
            .iter()
            .step_by(OUTPUTS)
            .copied()
            .collect::<Vec<f32>>()
    };
    let [linear, one, relu] = [
        network.forward(lab, &x)?,
        collapsed(&network).forward(lab, &x)?,
        with_relu(&network).forward(lab, &x)?,
    ];
    let title = "4 layers, along a line through the inputs";
    let lines = panel(title, "t", "output 0")
        .values("no activation", &t, &first(linear))
        .values("one matrix", &t, &first(one))
        .dashed()
        .values("relu", &t, &first(relu));
    Ok(vec![lines])
}

fn measure(lab: &Lab) -> Result<Vec<Depth>, Error> {
    let mut numbers = lab.numbers();
    let [a, b] = [(); 2].map(|()| numbers.normal(CASES * INPUTS, 1.0));
    let mut found = Vec::new();
    for layers in DEPTHS {
        let network = random(lab, layers);
        let deep = network.forward(lab, &a)?;
        let one = collapsed(&network).forward(lab, &a)?;
        let parameters = |layer: &Layer| layer.weights.len() + layer.dense.outputs();
        found.push(Depth {
            layers,
            parameters: network.layers.iter().map(parameters).sum(),
            difference: largest_difference(&deep, &one) / largest(&deep),
            bend_linear: bend(lab, &network, &a, &b)?,
            bend_relu: bend(lab, &with_relu(&network), &a, &b)?,
        });
    }
    Ok(found)
}

pub fn run(lab: &Lab) -> Result<Report, Failure> {
    let depths = measure(lab)?;
    let mut table = Table::new([
        ("layers", Align::Right),
        ("parameters", Align::Right),
        ("differs from one matrix by", Align::Right),
        ("bend without activations", Align::Right),
        ("bend with relu", Align::Right),
    ]);
    for depth in &depths {
        table.push(vec![
            depth.layers.to_string(),
            depth.parameters.to_string(),
            format!("{:.1e}", depth.difference),
            format!("{:.1e}", depth.bend_linear),
            format!("{:.3}", depth.bend_relu),
        ]);
    }
    let one = INPUTS * OUTPUTS + OUTPUTS;
    let claims = vec![
        Claim::new(
            depths.iter().all(|d| d.difference < 1e-5),
            format!(
                "without activations, {one} parameters of one matrix and one offset give the same to 1e-5"
            ),
        ),
        Claim::new(
            depths.iter().all(|d| d.bend_linear < 1e-5),
            "f(a + b) = f(a) + f(b) - f(0) to 1e-5 without activations",
        ),
        Claim::new(
            depths.iter().all(|d| d.bend_relu > 0.01),
            "with relu between the layers it is off by more than 0.01: no matrix does that",
        ),
    ];
    Ok(Report {
        explanation: "Layers without activations between them, against the one matrix that their weights make. \"Bend\" is how far\n\
            f(a + b) is from f(a) + f(b) - f(0). All numbers are parts of the largest output.",
        table,
        claims,
        conclusion: "depth without activations adds nothing: it is one matrix.",
        figures: serde_json::json!({ "depths": depths }),
        panels: picture(lab)?,
    })
}
