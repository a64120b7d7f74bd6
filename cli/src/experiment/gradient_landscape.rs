//! Gradients by layer, with sigmoid and with relu.

use super::lab::Lab;
use super::report::{Claim, Lines, Report, panel};
use crate::failure::Failure;
use crate::picture::Panel;
use crate::table::{Align, Table};
use nonlin::{Activation, Chain, Error};
use serde::Serialize;

const WIDTHS: [usize; 4] = [16, 32, 32, 8];
const LAYERS: usize = WIDTHS.len() - 1;
const CASES: usize = 1000;

#[derive(Serialize)]
struct Layer {
    /// Lengths of the gradients of the layer's input, over the inputs of the network.
    mean: f64,
    fifth_percentile: f64,
    median: f64,
    ninety_fifth_percentile: f64,
    /// Length of the gradient of the weights of the sum over all inputs.
    weights: f64,
}

#[derive(Serialize)]
struct Network {
    function: String,
    /// The first layer first.
    layers: Vec<Layer>,
}

fn length(values: &[f32]) -> f64 {
    let squares = values.iter().map(|&v| f64::from(v).powi(2));
    squares.sum::<f64>().sqrt()
}

fn measure(lab: &Lab) -> Result<Vec<Network>, Error> {
    let mut numbers = lab.numbers();
    let x = numbers.normal(CASES * WIDTHS[0], 1.0);
    // Twice 1 / inputs, as suits relu (He).
    let network = numbers.network(&WIDTHS, &vec![Chain::new(); LAYERS], 2.0);
    let mut found = Vec::new();
    for f in [Activation::sigmoid(), Activation::relu()] {
        let network = network.with(&vec![Chain::from(&f); LAYERS]);
        let values = network.values(lab, &x)?;
        let gradients = network.backward(lab, &values, &vec![1.0; CASES * WIDTHS[LAYERS]])?;
        let layer = |(gradients, &width): (&nonlin::dense::DenseGradients<Vec<f32>>, &usize)| {
            let rows = gradients.x.iter().flat_map(|dx| dx.chunks_exact(width));
            let mut lengths: Vec<f64> = rows.map(length).collect();
            lengths.sort_by(f64::total_cmp);
            let at = |part: f64| lengths[(part * (CASES - 1) as f64).round() as usize];
            Layer {
                mean: lengths.iter().sum::<f64>() / CASES as f64,
                fifth_percentile: at(0.05),
                median: at(0.5),
                ninety_fifth_percentile: at(0.95),
                weights: gradients.weights.as_deref().map_or(0.0, length),
            }
        };
        found.push(Network {
            function: f.to_string(),
            layers: gradients.iter().zip(&WIDTHS).map(layer).collect(),
        });
    }
    Ok(found)
}

fn picture(found: &[Network]) -> Vec<Panel> {
    let mut by_layer = panel("gradients by layer", "layer", "length of dL/dx").log_y();
    for network in found {
        let points = |of: fn(&Layer) -> f64| {
            let layers = network.layers.iter().zip(1..);
            layers.map(move |(layer, i)| (f64::from(i), of(layer)))
        };
        let name = |part: &str| format!("{}, {part}", network.function);
        by_layer = by_layer
            .line(&name("95 %"), points(|layer| layer.ninety_fifth_percentile))
            .line(&name("median"), points(|layer| layer.median))
            .line(&name("5 %"), points(|layer| layer.fifth_percentile));
    }
    vec![by_layer]
}

pub fn run(lab: &Lab) -> Result<Report, Failure> {
    let found = measure(lab)?;
    let mut table = Table::new([
        ("function", Align::Left),
        ("layer", Align::Right),
        ("mean |dL/dx|", Align::Right),
        ("5 %", Align::Right),
        ("median", Align::Right),
        ("95 %", Align::Right),
        ("|dL/dW|", Align::Right),
    ]);
    for network in &found {
        for (i, layer) in network.layers.iter().enumerate() {
            let mut row = vec![network.function.clone(), (i + 1).to_string()];
            row.extend(
                [
                    layer.mean,
                    layer.fifth_percentile,
                    layer.median,
                    layer.ninety_fifth_percentile,
                    layer.weights,
                ]
                .map(|number| format!("{number:.3e}")),
            );
            table.push(row);
        }
    }
    let [sigmoid, relu] = [0, 1].map(|i| &found[i].layers);
    let kept = |layers: &[Layer]| layers[0].mean / layers[LAYERS - 1].mean;
    let falls = sigmoid.windows(2).all(|two| two[0].mean < two[1].mean);
    let claims = vec![
        Claim::new(
            falls && kept(sigmoid) < 0.2,
            format!(
                "sigmoid: the gradient shrinks with every layer on the way back; the first gets {:.3} of what the last gets",
                kept(sigmoid)
            ),
        ),
        Claim::new(
            kept(relu) > 0.5,
            format!("relu: the first gets {:.3} of it", kept(relu)),
        ),
        Claim::new(
            relu[0].mean > 10.0 * sigmoid[0].mean,
            format!(
                "in the first layer relu's gradient is {:.0} times sigmoid's",
                relu[0].mean / sigmoid[0].mean
            ),
        ),
    ];
    Ok(Report {
        explanation: "Two networks of three layers (16, 32, 32, 8 units) with the same weights, one with sigmoid and one with relu behind each\n\
            layer: the gradient of the sum of the outputs, backpropagated to the input of each layer, for 1000 random inputs.",
        table,
        claims,
        conclusion: "sigmoid starves the first layers of gradient; relu does not.",
        figures: serde_json::json!({ "networks": found }),
        panels: picture(&found),
    })
}
