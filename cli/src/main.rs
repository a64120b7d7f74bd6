//! The `nonlin` program: shows, evaluates and measures the activation functions of the crate.

mod adapters;
mod apply;
mod bench;
mod catalog;
mod check;
mod date;
mod doctor;
mod elements;
mod engines;
mod eval;
mod experiment;
mod failure;
mod number;
mod ops;
mod picture;
mod plot;
mod reference;
mod table;
mod ulp;
mod whole_file;

use clap::{Parser, Subcommand};
use failure::Failure;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

/// Neural-network activation functions and their derivatives, on the GPU and the CPU.
#[derive(Parser)]
#[command(name = "nonlin", version, about, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Lists the GPU adapters of this machine, and says which one is chosen and why.
    Adapters(adapters::Options),
    /// Lists the activation functions, or tells everything about one.
    Catalog(catalog::Options),
    /// Computes a function, or its derivative, of numbers.
    Eval(eval::Options),
    /// Computes a function of all numbers in a file, which may be larger than memory.
    Apply(apply::Options),
    /// Times every function on the GPU and the CPU, and checks each result against the f64 reference.
    Bench(bench::Options),
    /// Tells what the adapter does to arithmetic, and whether what the crate is built on holds there.
    Doctor(doctor::Options),
    /// Draws functions with their derivatives: SVG, PNG, or in the terminal.
    Plot(plot::Options),
    /// Proves the bounds on errors: a sample of the inputs of every function, or all 2^32 of them.
    Check(check::Options),
    /// Tries what is said about activations: each experiment prints its figures, and fails where they do not bear it out.
    Experiment(experiment::Options),
}

fn main() -> ExitCode {
    engines::keep_drivers_quiet();
    let mut out = BufWriter::new(io::stdout().lock());
    match run(&mut out).and_then(|()| Ok(out.flush()?)) {
        Ok(()) | Err(Failure::ClosedPipe) => ExitCode::SUCCESS,
        Err(failure) => {
            // What was computed before the failure stands first. Neither stream may be there any more.
            let _ = out.flush();
            let _ = writeln!(io::stderr(), "nonlin: {failure}");
            ExitCode::from(failure.status())
        }
    }
}

fn run(out: &mut dyn Write) -> Result<(), Failure> {
    let command = match Cli::try_parse() {
        Ok(cli) => cli.command,
        Err(error) => return failure::from_clap(&error),
    };
    match command {
        Command::Adapters(options) => adapters::run(&options, out),
        Command::Catalog(options) => catalog::run(&options, out),
        Command::Eval(options) => eval::run(&options, out),
        Command::Apply(options) => apply::run(&options, out),
        Command::Bench(options) => bench::run(&options, out),
        Command::Doctor(options) => doctor::run(&options, out),
        Command::Plot(options) => plot::run(&options, out),
        Command::Check(options) => check::run(&options, out),
        Command::Experiment(options) => experiment::run(&options, out),
    }
}
