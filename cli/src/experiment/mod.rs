//! `nonlin experiment`: the claims of the books about activations, tried.

mod dying_relu;
mod gradient_check;
mod gradient_landscape;
mod lab;
mod leaky_limits;
mod linear_collapse;
mod maxout_relu;
mod relu_values;
mod report;
mod saturation;
mod selu_self_normalizing;
mod two_layer;
mod vanishing_gradient;

use crate::engines::{self, Choice};
use crate::failure::Failure;
use crate::picture::Theme;
use crate::plot::file::Target;
use clap::ValueEnum;
use lab::Lab;
use nonlin::cpu::Cpu;
use nonlin::dense::DenseEngine;
use report::Report;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The command's options.
#[derive(clap::Args)]
pub struct Options {
    /// Which experiment.
    experiment: Name,
    /// What computes: without it the GPU, which may be a software adapter.
    #[arg(long)]
    engine: Option<Choice>,
    #[arg(long, value_name = "NAME", help = engines::ADAPTER_HELP)]
    adapter: Option<String>,
    /// What the random numbers are made from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A folder for the pictures, one for each experiment: `<experiment>.svg`.
    #[arg(long, value_name = "DIR")]
    svg: Option<PathBuf>,
    /// One JSON object a line, with all figures.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Name {
    /// All of them.
    All,
    /// A deep network without activations is one matrix.
    LinearCollapse,
    /// A network of two layers, with relu and with sigmoid in the first.
    TwoLayer,
    /// What is left of a gradient behind several sigmoids.
    VanishingGradient,
    /// Derivatives against numeric ones.
    GradientCheck,
    /// relu, made of max alone.
    ReluValues,
    /// leaky_relu between relu and the identity.
    LeakyLimits,
    /// selu keeps mean 0 and variance 1 through 20 layers.
    SeluSelfNormalizing,
    /// Gradients by layer, with sigmoid and with relu.
    GradientLandscape,
    /// relu is a maxout, and maxouts fit convex functions.
    MaxoutRelu,
    /// relu units that are off for ever, and leaky ones that recover.
    DyingRelu,
    /// Which functions saturate, and where.
    Saturation,
}

impl Name {
    fn text(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }

    fn run(self, lab: &Lab) -> Result<Report, Failure> {
        match self {
            Self::All => Err(Failure::Usage("all is no single experiment".to_owned())),
            Self::LinearCollapse => linear_collapse::run(lab),
            Self::TwoLayer => two_layer::run(lab),
            Self::VanishingGradient => vanishing_gradient::run(lab),
            Self::GradientCheck => gradient_check::run(lab),
            Self::ReluValues => relu_values::run(lab),
            Self::LeakyLimits => leaky_limits::run(lab),
            Self::SeluSelfNormalizing => selu_self_normalizing::run(lab),
            Self::GradientLandscape => gradient_landscape::run(lab),
            Self::MaxoutRelu => maxout_relu::run(lab),
            Self::DyingRelu => dying_relu::run(lab),
            Self::Saturation => saturation::run(lab),
        }
    }
}

fn open(options: &Options) -> Result<Box<dyn DenseEngine>, Failure> {
    let adapter = options.adapter.as_deref();
    Ok(match options.engine {
        Some(Choice::Cpu) => {
            engines::no_adapter_without_gpu(adapter)?;
            Box::new(Cpu::new())
        }
        None if engines::cpu_is_asked_for(adapter) => Box::new(Cpu::new()),
        _ => Box::new(engines::gpu(adapter)?),
    })
}

/// Runs the command.
pub fn run(options: &Options, out: &mut dyn Write) -> Result<(), Failure> {
    let lab = Lab {
        engine: open(options)?,
        seed: options.seed,
    };
    let engine = lab.engine.description();
    let names: Vec<Name> = match options.experiment {
        Name::All => Name::value_variants()
            .iter()
            .copied()
            .filter(|&name| name != Name::All)
            .collect(),
        name => vec![name],
    };
    if !options.json {
        writeln!(out, "on the {engine}, with the seed {}\n", lab.seed)?;
    }
    let mut failed = Vec::new();
    for name in names {
        let report = name.run(&lab)?;
        let text = name.text();
        if let Some(folder) = &options.svg {
            draw(&report, &text, folder)?;
        }
        if options.json {
            report.write_json(&text, &engine, lab.seed, out)?;
        } else {
            report.write(&text, out)?;
        }
        out.flush()?;
        if !report.holds() {
            failed.push(text);
        }
    }
    verdict(&failed)
}

/// Writes the picture of an experiment, into a folder that is made where it is missing.
fn draw(report: &Report, name: &str, folder: &Path) -> Result<(), Failure> {
    let fail = |error| Failure::with_path(&folder.display().to_string(), &error);
    std::fs::create_dir_all(folder).map_err(fail)?;
    let path = folder.join(format!("{name}.svg"));
    Target::new(&path)?.write(&report.figure(name), Theme::Auto)
}

/// A conclusion that does not hold is no fact, and the program says so with its exit status.
fn verdict(failed: &[String]) -> Result<(), Failure> {
    if failed.is_empty() {
        return Ok(());
    }
    Err(Failure::Failed(format!(
        "the conclusion does not hold in {}",
        failed.join(", ")
    )))
}

#[cfg(test)]
mod tests {
    use super::verdict;

    #[test]
    fn a_conclusion_that_does_not_hold_fails_the_program() {
        assert!(verdict(&[]).is_ok());
        let failure = verdict(&["two-layer".to_owned(), "saturation".to_owned()]);
        let failure = failure.expect_err("two failed");
        assert_eq!(failure.status(), 1);
        assert!(failure.to_string().ends_with("in two-layer, saturation"));
    }
}
