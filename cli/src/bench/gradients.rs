//! The chapter's table of gradients at x = 1.

use super::Engines;
use crate::failure::Failure;
use crate::ops::short_name;
use crate::table::{Align, Table};
use nonlin::{Chain, Engine};
use std::io::Write;

/// Computes and writes the table, on the GPU where there is one.
pub fn write(
    functions: &[Chain<'_>],
    engines: &Engines,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let cpu = engines.fastest_cpu();
    let (engine, name): (&dyn Engine, _) = match &engines.gpu {
        Some(gpu) => (gpu, "GPU"),
        None => (&cpu, "CPU"),
    };
    writeln!(out, "\ngradient at x = 1, from the {name}\n")?;
    let mut table = Table::new([("activation", Align::Left), ("f'(1)", Align::Right)]);
    for f in functions {
        let gradient = engine.derivative(f, &[1.0])?;
        let text = gradient.iter().map(|value| format!("{value:.4}"));
        table.push(vec![short_name(f), text.collect()]);
    }
    Ok(table.write(out)?)
}
