//! relu, made of max alone.

use super::lab::Lab;
use super::report::{Claim, Lines, Report, panel, steps};
use crate::failure::Failure;
use crate::number::shortest;
use crate::picture::Panel;
use crate::table::{Align, Table};
use nonlin::{Activation, Chain, Error};
use serde::Serialize;

const X: [f32; 3] = [-3.0, 0.0, 0.5];

#[derive(Serialize)]
struct Figures {
    x: Vec<f32>,
    max: Vec<f32>,
    relu: Vec<f32>,
    /// Further inputs, and those for which max(x, 0) is not relu(x).
    compared: usize,
    different: usize,
}

fn measure(lab: &Lab) -> Result<Figures, Error> {
    let max = Chain::new().max(0.0);
    let mut many = lab.numbers().normal(10_000, 10.0);
    many.extend([f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN, -0.0]);
    let [one, other] = [
        lab.engine.forward(&max, &many)?,
        lab.engine.forward(&Activation::relu(), &many)?,
    ];
    Ok(Figures {
        x: X.to_vec(),
        max: lab.engine.forward(&max, &X)?,
        relu: lab.engine.forward(&Activation::relu(), &X)?,
        compared: many.len(),
        different: one.iter().zip(&other).filter(|(a, b)| a != b).count(),
    })
}

fn picture(lab: &Lab) -> Result<Vec<Panel>, Error> {
    let x = steps(-4.0, 4.0, 200);
    let y = lab.engine.forward(&Chain::new().max(0.0), &x)?;
    Ok(vec![panel("relu", "x", "y").values("max(x, 0)", &x, &y)])
}

pub fn run(lab: &Lab) -> Result<Report, Failure> {
    let found = measure(lab)?;
    let mut table = Table::new([
        ("x", Align::Right),
        ("max(x, 0)", Align::Right),
        ("relu", Align::Right),
    ]);
    for ((x, max), relu) in found.x.iter().zip(&found.max).zip(&found.relu) {
        table.push([*x, *max, *relu].map(shortest).to_vec());
    }
    let claims = vec![
        Claim::new(
            found.max == [0.0, 0.0, 0.5],
            "max(x, 0) of -3, 0 and 0.5 is 0, 0 and 0.5",
        ),
        Claim::new(found.relu == found.max, "so is relu"),
        Claim::new(
            found.different == 0,
            format!("they are equal for {} further inputs", found.compared),
        ),
    ];
    Ok(Report {
        explanation: "A chain of one step, max(0), against the activation.",
        table,
        claims,
        conclusion: "relu needs nothing but a maximum.",
        figures: serde_json::to_value(&found)?,
        panels: picture(lab)?,
    })
}
