//! Other parameters than the standard ones. The library's tests include this file.

use nonlin::{Activation, Metadata};

/// How many sets have every parameter changed.
const MIXED: usize = 12;

/// Parameters from the edges and the middle of their ranges; nothing for a function that has none. Edges beyond a million are left
/// out: there a product overflows for most inputs.
pub fn sets(f: &Activation) -> Vec<Activation> {
    let metadata = f.metadata();
    let standard = f.parameters();
    let mut found: Vec<Activation> = Vec::new();
    if f.id() == "piecewise_linear" {
        return PIECEWISE.iter().flat_map(|text| text.parse()).collect();
    }
    let candidates: Vec<Vec<f32>> = (0..metadata.parameters.len())
        .map(|i| candidates(metadata, i))
        .collect();
    let mut add = |values: &[f32]| {
        // What does not fit together is no parameter set.
        let other = with(metadata, values).ok();
        let other = other.filter(|other| other != f && !found.contains(other));
        found.extend(other);
    };
    for (i, values) in candidates.iter().enumerate() {
        for &value in values {
            let mut set = standard.clone();
            set[i] = value;
            add(&set);
        }
    }
    if candidates.len() > 1 {
        for round in 1..=MIXED {
            // Steps through each list at a pace of its own.
            let pick = |(i, list): (usize, &Vec<f32>)| list[round * (2 * i + 3) % list.len()];
            let set: Vec<f32> = candidates.iter().enumerate().map(pick).collect();
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
    let width = parameter.max - parameter.min;
    if width <= 2.0 {
        // Most of the values above are outside.
        values.extend([0.125, 0.25, 0.75, 0.99].map(|part| parameter.min + part * width));
    }
    values.retain(|&v| parameter.min <= v && v <= parameter.max && v.abs() <= 1e6);
    values.sort_by(f32::total_cmp);
    values.dedup();
    values
}

/// The sets of piecewise_linear.
pub const PIECEWISE: &[&str] = &[
    "piecewise_linear(points=[0:0], left=0.25, right=1)",
    "piecewise_linear(points=[0:-3], left=0, right=0)",
    "piecewise_linear(points=[-2:1.5, 0.1:-7, 3:0], left=-1, right=0.3)",
    "piecewise_linear(points=[-3:0, 3:1])",
    "piecewise_linear(points=[-1e-3:1, 0:0, 1e-3:1], left=0, right=1000)",
    "piecewise_linear(points=[-1e6:-1e6, 1e6:1e6], left=-6.5, right=40)",
    "piecewise_linear(points=[-1:0.1, -0.5:0.2, -0.25:0.4, 0:0.5, 0.25:0.6, 0.5:0.7, 1:0.8, 2:1], left=0.1, right=-0.1)",
    "piecewise_linear(points=[-20:0, -10:1, -5:-1, -1:1, 1:-1, 5:1, 10:-1, 20:0], left=1e6, right=-1e6)",
    "piecewise_linear(points=[1:1, 2:1, 3:2], left=1, right=0)",
];
