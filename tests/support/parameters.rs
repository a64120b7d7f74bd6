//! Other parameters than the standard ones.

use super::sample::Random;
use nonlin::{Activation, Metadata};

/// Parameters from the edges and the middle of their ranges; nothing for a function that has none. Edges beyond 10,000 are left
/// out: there a product overflows for most inputs.
pub fn sets(f: &Activation) -> Vec<Activation> {
    let metadata = f.metadata();
    let standard = f.parameters();
    let mut found: Vec<Activation> = Vec::new();
    if f.id() == "piecewise_linear" {
        return PIECEWISE.iter().map(|text| read(text)).collect();
    }
    let candidates: Vec<Vec<f32>> = (0..metadata.parameters.len())
        .map(|i| candidates(metadata, i))
        .collect();
    let mut add = |values: &[f32]| {
        // What does not fit together is no parameter set.
        if let Ok(other) = with(metadata, values) {
            if other != *f && !found.contains(&other) {
                found.push(other);
            }
        }
    };
    for (i, values) in candidates.iter().enumerate() {
        for &value in values {
            let mut set = standard.clone();
            set[i] = value;
            add(&set);
        }
    }
    if candidates.len() > 1 {
        let mut random = Random::new(7);
        for _ in 0..12 {
            let set: Vec<f32> = candidates.iter().map(|c| random.pick(c)).collect();
            add(&set);
        }
    }
    found
}

/// `f` with these parameters.
pub fn with(metadata: &Metadata, values: &[f32]) -> nonlin::Result<Activation> {
    let fields: Vec<String> = metadata
        .parameters
        .iter()
        .zip(values)
        .map(|(parameter, value)| format!("{}={value:?}", parameter.name))
        .collect();
    format!("{}({})", metadata.id, fields.join(", ")).parse()
}

fn candidates(metadata: &Metadata, i: usize) -> Vec<f32> {
    let parameter = &metadata.parameters[i];
    let mut values = vec![
        parameter.min,
        parameter.max,
        0.5 * parameter.min + 0.5 * parameter.max,
        0.0,
        1e-6,
        0.01,
        0.3,
        1.0,
        1.75,
        6.5,
        40.0,
        1000.0,
        -0.3,
        -1.0,
        -6.5,
    ];
    if let Some(standard) = parameter.default {
        values.extend([standard, 0.9 * standard, 2.0 * standard]);
    }
    values.retain(|&v| parameter.min <= v && v <= parameter.max && v.abs() <= 1e4);
    values.sort_by(f32::total_cmp);
    values.dedup();
    values
}

fn read(text: &str) -> Activation {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

const PIECEWISE: &[&str] = &[];
