//! leaky_relu between relu and the identity.

use super::lab::Lab;
use super::report::{Claim, Lines, Report, panel, steps};
use crate::failure::Failure;
use crate::number::shortest;
use crate::picture::Panel;
use crate::table::{Align, Table};
use nonlin::{Activation, Error};
use serde::Serialize;

const SLOPES: [f32; 5] = [0.0, 0.01, 0.1, 0.5, 1.0];
/// Where the table looks.
const X: f32 = -2.0;

#[derive(Serialize)]
struct Slope {
    slope: f32,
    at_minus_two: f32,
    derivative_at_minus_two: f32,
    /// Of all inputs, those where the function, or its derivative, is not that of relu or of the identity.
    differs_from_relu: usize,
    differs_from_identity: usize,
}

#[derive(Serialize)]
struct Figures {
    compared: usize,
    slopes: Vec<Slope>,
}

fn measure(lab: &Lab) -> Result<Figures, Error> {
    let mut x = vec![X, 0.0, f32::MIN, f32::MAX];
    x.extend(lab.numbers().normal(10_000, 10.0));
    let both = |f: &Activation| -> Result<Vec<f32>, Error> {
        let mut values = lab.engine.forward(f, &x)?;
        values.extend(lab.engine.derivative(f, &x)?);
        Ok(values)
    };
    let (relu, identity) = (both(&Activation::relu())?, both(&Activation::linear())?);
    let differs = |a: &[f32], b: &[f32]| {
        let half = a.len() / 2;
        (0..half)
            .filter(|&i| a[i] != b[i] || a[i + half] != b[i + half])
            .count()
    };
    let mut slopes = Vec::new();
    for slope in SLOPES {
        let leaky = both(&Activation::LeakyRelu { slope })?;
        slopes.push(Slope {
            slope,
            at_minus_two: leaky[0],
            derivative_at_minus_two: leaky[x.len()],
            differs_from_relu: differs(&leaky, &relu),
            differs_from_identity: differs(&leaky, &identity),
        });
    }
    Ok(Figures {
        compared: x.len(),
        slopes,
    })
}

fn picture(lab: &Lab) -> Result<Vec<Panel>, Error> {
    let x = steps(-3.0, 3.0, 120);
    let mut lines = panel("leaky_relu from relu to the identity", "x", "y");
    for slope in SLOPES {
        let y = lab.engine.forward(&Activation::LeakyRelu { slope }, &x)?;
        lines = lines.values(&format!("slope {slope}"), &x, &y);
    }
    Ok(vec![lines])
}

pub fn run(lab: &Lab) -> Result<Report, Failure> {
    let found = measure(lab)?;
    let mut table = Table::new([
        ("slope", Align::Right),
        ("f(-2)", Align::Right),
        ("f'(-2)", Align::Right),
        ("inputs where it is not relu", Align::Right),
        ("nor the identity", Align::Right),
    ]);
    for slope in &found.slopes {
        table.push(vec![
            shortest(slope.slope),
            // A zero has no sign for people.
            shortest(slope.at_minus_two + 0.0),
            shortest(slope.derivative_at_minus_two),
            slope.differs_from_relu.to_string(),
            slope.differs_from_identity.to_string(),
        ]);
    }
    let (first, last) = (&found.slopes[0], &found.slopes[SLOPES.len() - 1]);
    let between = &found.slopes[1..SLOPES.len() - 1];
    let claims = vec![
        Claim::new(
            first.differs_from_relu == 0,
            format!(
                "with slope 0 it is relu, and its derivative relu's, for all {} inputs",
                found.compared
            ),
        ),
        Claim::new(
            last.differs_from_identity == 0,
            "with slope 1 it is the identity, with derivative 1, for all of them",
        ),
        Claim::new(
            between
                .iter()
                .all(|slope| slope.differs_from_relu > 0 && slope.differs_from_identity > 0),
            "with a slope between it is neither",
        ),
    ];
    Ok(Report {
        explanation: "leaky_relu with slopes from 0 to 1, and both ends against relu and the identity, values and derivatives.",
        table,
        claims,
        conclusion: "leaky_relu is relu at slope 0, and no activation at all at slope 1.",
        figures: serde_json::to_value(&found)?,
        panels: picture(lab)?,
    })
}
