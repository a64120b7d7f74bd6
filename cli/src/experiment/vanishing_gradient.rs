//! What is left of a gradient behind several sigmoids.

use super::lab::{Lab, largest_of};
use super::report::{Claim, Lines, Report, panel};
use crate::failure::Failure;
use crate::picture::Panel;
use crate::table::{Align, Table};
use nonlin::{Activation, Chain, Direction, Error};
use serde::Serialize;

const X: [f32; 3] = [0.0, 2.0, 5.0];
const DEEPEST: usize = 12;

#[derive(Serialize)]
struct Depth {
    sigmoids: usize,
    /// d/dx at each of the inputs, by one chain of so many functions.
    sigmoid: Vec<f32>,
    relu: Vec<f32>,
    /// The largest relative error against the product of the derivatives in f64.
    error: f64,
}

#[derive(Serialize)]
struct Figures {
    x: Vec<f32>,
    depths: Vec<Depth>,
}

fn repeated(f: &Activation, times: usize) -> Chain<'static> {
    (0..times).fold(Chain::new(), |chain, _| chain.then(f))
}

/// The chain rule in f64.
fn exact(f: &Activation, times: usize, x: f32) -> f64 {
    let (mut value, mut slope) = (f64::from(x), 1.0);
    for _ in 0..times {
        slope *= f.reference(Direction::Derivative, value);
        value = f.reference(Direction::Forward, value);
    }
    slope
}

fn measure(lab: &Lab) -> Result<Figures, Error> {
    let mut depths = Vec::new();
    for sigmoids in 1..=DEEPEST {
        let [sigmoid, relu] = [Activation::sigmoid(), Activation::relu()]
            .map(|f| lab.engine.derivative(&repeated(&f, sigmoids), &X));
        let (sigmoid, relu) = (sigmoid?, relu?);
        let errors = X.iter().zip(&sigmoid).map(|(&x, &got)| {
            let want = exact(&Activation::sigmoid(), sigmoids, x);
            (f64::from(got) / want - 1.0).abs()
        });
        let error = largest_of(errors);
        depths.push(Depth {
            sigmoids,
            error,
            sigmoid,
            relu,
        });
    }
    Ok(Figures {
        x: X.to_vec(),
        depths,
    })
}

fn picture(found: &Figures) -> Vec<Panel> {
    let places = || found.depths.iter().map(|depth| depth.sigmoids as f64);
    let mut lines = panel("gradients behind sigmoids", "functions", "d/dx").log_y();
    for (i, x) in found.x.iter().enumerate() {
        let slopes = found.depths.iter().map(|depth| f64::from(depth.sigmoid[i]));
        lines = lines.line(&format!("sigmoid, x = {x}"), places().zip(slopes));
    }
    let most = places().map(|n| (n, 0.25_f64.powf(n)));
    let relu = found.depths.iter().map(|depth| f64::from(depth.relu[1]));
    lines = lines.line("(1/4)^n", most).dashed();
    vec![lines.line("relu, x = 2", places().zip(relu))]
}

pub fn run(lab: &Lab) -> Result<Report, Failure> {
    let found = measure(lab)?;
    let mut table = Table::new([
        ("functions", Align::Right),
        ("sigmoid, x = 0", Align::Right),
        ("x = 2", Align::Right),
        ("x = 5", Align::Right),
        ("(1/4)^n", Align::Right),
        ("relu, x = 2", Align::Right),
    ]);
    let most = |sigmoids: usize| 0.25_f64.powi(sigmoids as i32);
    for depth in &found.depths {
        let mut row = vec![depth.sigmoids.to_string()];
        row.extend(depth.sigmoid.iter().map(|slope| format!("{slope:.3e}")));
        row.push(format!("{:.3e}", most(depth.sigmoids)));
        row.push(depth.relu[1].to_string());
        table.push(row);
    }
    // A part in a million for rounding.
    let below = |depth: &Depth| {
        let slopes = depth.sigmoid.iter();
        slopes
            .map(|&slope| f64::from(slope))
            .all(|slope| slope > 0.0 && slope <= most(depth.sigmoids) * (1.0 + 1e-6))
    };
    let falls = found.depths.windows(2).all(|two| {
        let pairs = two[0].sigmoid.iter().zip(&two[1].sigmoid);
        pairs.into_iter().all(|(before, after)| after < before)
    });
    let at_three = &found.depths[2].sigmoid;
    let claims = vec![
        Claim::new(
            found.depths.iter().all(|depth| depth.error < 1e-5),
            "the gradients are those of the chain rule in f64, to 1e-5",
        ),
        Claim::new(
            found.depths.iter().all(below) && falls,
            "each further sigmoid takes at least three quarters of the gradient: it is at most (1/4)^n",
        ),
        Claim::new(
            at_three.iter().all(|&slope| slope < 1.0 / 64.0),
            format!(
                "of three sigmoids {:.4}, {:.4} and {:.5} are left at 0, 2 and 5: below 1/64",
                at_three[0], at_three[1], at_three[2]
            ),
        ),
        Claim::new(
            found.depths.iter().all(|depth| depth.relu[1..] == [1.0; 2]),
            "relu leaves the gradient of a positive input 1 at every depth",
        ),
    ];
    Ok(Report {
        explanation: "d/dx of sigmoid(sigmoid(…sigmoid(x))), each computed in one kernel as a chain.",
        table,
        claims,
        conclusion: "gradients vanish behind sigmoids, exponentially with their number.",
        figures: serde_json::to_value(&found)?,
        panels: picture(&found),
    })
}
