//! relu is a maxout, and maxouts fit convex functions.

use super::lab::{Lab, largest_difference};
use super::report::{Claim, Lines, Report, panel, steps};
use crate::failure::Failure;
use crate::picture::Panel;
use crate::table::{Align, Table};
use nonlin::{Activation, Chain, Error};
use serde::Serialize;

const PIECES: [usize; 6] = [1, 2, 4, 8, 16, 32];
/// Points from -1 to 1.
const POINTS: i32 = 2048;

#[derive(Serialize)]
struct Fit {
    pieces: usize,
    /// The largest distance from x² between -1 and 1, and what it is for the best such maxout.
    error: f64,
    best: f64,
}

#[derive(Serialize)]
struct Figures {
    compared: usize,
    differs_from_relu: usize,
    fits: Vec<Fit>,
}

/// The maximum of affine pieces (slope, offset), a chain for each.
fn maxout(lab: &Lab, pieces: &[(f32, f32)], x: &[f32]) -> Result<Vec<f32>, Error> {
    let mut value: Option<Vec<f32>> = None;
    for &(slope, offset) in pieces {
        let piece = Chain::new().scale(slope).offset(offset);
        value = Some(match &value {
            None => lab.engine.forward(&piece, x)?,
            Some(before) => lab.engine.forward(&piece.max(before), x)?,
        });
    }
    Ok(value.unwrap_or_default())
}

/// The tangents of x² at evenly spaced points, lifted by half of what lies between them and the curve where two of them meet.
fn tangents(pieces: usize) -> Vec<(f32, f32)> {
    let width = 2.0 / pieces as f64;
    let tangent = |k: usize| {
        let at = -1.0 + width * (k as f64 + 0.5);
        ((2.0 * at) as f32, (best(pieces) - at * at) as f32)
    };
    (0..pieces).map(tangent).collect()
}

/// The error of the best maxout of so many pieces.
fn best(pieces: usize) -> f64 {
    0.5 / (pieces * pieces) as f64
}

fn measure(lab: &Lab) -> Result<Figures, Error> {
    let mut many = lab.numbers().normal(10_000, 10.0);
    many.extend([0.0, f32::MAX, f32::MIN]);
    let relu = lab.engine.forward(&Activation::relu(), &many)?;
    let maximum = maxout(lab, &[(0.0, 0.0), (1.0, 0.0)], &many)?;
    let x: Vec<f32> = (-POINTS..=POINTS)
        .map(|i| i as f32 / POINTS as f32)
        .collect();
    let squares: Vec<f32> = x.iter().map(|x| x * x).collect();
    let mut fits = Vec::new();
    for pieces in PIECES {
        let fit = maxout(lab, &tangents(pieces), &x)?;
        fits.push(Fit {
            pieces,
            error: largest_difference(&fit, &squares),
            best: best(pieces),
        });
    }
    Ok(Figures {
        compared: many.len(),
        differs_from_relu: relu.iter().zip(&maximum).filter(|(a, b)| a != b).count(),
        fits,
    })
}

fn picture(lab: &Lab, found: &Figures) -> Result<Vec<Panel>, Error> {
    let x = steps(-1.0, 1.0, 200);
    let squares: Vec<f32> = x.iter().map(|x| x * x).collect();
    let mut fits = panel("x² by maxouts", "x", "y").values("x²", &x, &squares);
    for pieces in [1, 2, 4] {
        let fit = maxout(lab, &tangents(pieces), &x)?;
        fits = fits.values(&format!("pieces: {pieces}"), &x, &fit);
    }
    let point = |fit: &Fit| (fit.pieces as f64, fit.error);
    let mut errors = panel("what is left", "pieces", "largest error")
        .log_y()
        .line("error", found.fits.iter().map(point));
    errors.log_x = true;
    Ok(vec![fits, errors])
}

pub fn run(lab: &Lab) -> Result<Report, Failure> {
    let found = measure(lab)?;
    let mut table = Table::new([
        ("pieces", Align::Right),
        ("largest error against x²", Align::Right),
        ("1/(2·pieces²)", Align::Right),
    ]);
    for fit in &found.fits {
        table.push(vec![
            fit.pieces.to_string(),
            format!("{:.7}", fit.error),
            format!("{:.7}", fit.best),
        ]);
    }
    let claims = vec![
        Claim::new(
            found.differs_from_relu == 0,
            format!(
                "max(0·x + 0, 1·x + 0) is relu(x), for all {} inputs",
                found.compared
            ),
        ),
        Claim::new(
            found
                .fits
                .windows(2)
                .all(|two| two[1].error < 0.3 * two[0].error),
            "each doubling of the pieces takes the error against x² to about a quarter",
        ),
        Claim::new(
            found
                .fits
                .iter()
                .all(|fit| (fit.error - fit.best).abs() < 1e-6),
            "it is 1/(2·pieces²), the best that so many pieces can do",
        ),
    ];
    Ok(Report {
        explanation: "The maximum of affine pieces, made of chains scale | offset | max: two pieces against relu, and up to 32 lifted tangents\n\
            against x² from -1 to 1.",
        table,
        claims,
        conclusion: "relu is a maxout of two pieces, and maxouts come as near to a convex function as their pieces allow.",
        figures: serde_json::to_value(&found)?,
        panels: picture(lab, &found)?,
    })
}
