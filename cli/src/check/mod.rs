//! `nonlin check`: the errors of every function on every engine, over a sample of the inputs or over all of them.

mod exhaustive;
mod fingerprint;
mod formulas;
mod markdown;
mod naive;
mod oracle;
mod parameters;
mod polynomial;
mod report;
pub mod rule;
mod sample;
mod state;
mod subject;
mod tally;

use crate::engines;
use crate::failure::Failure;
use crate::ops;
use clap::ValueEnum;
use exhaustive::Range;
use indicatif::{ProgressBar, ProgressStyle};
use nonlin::{Activation, Direction};
use sample::Sampler;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use subject::Subject;
use tally::Tally;

/// The command's options.
#[derive(clap::Args)]
pub struct Options {
    /// Functions with parameters, such as 'gelu,leaky_relu(slope=0.1)', or `chapter`, or `all`.
    #[arg(long, value_name = "LIST", default_value = "all")]
    ops: String,
    /// What to check: forward, derivative, from-output.
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "forward,derivative",
        value_parser = direction
    )]
    direction: Vec<Direction>,
    /// Engines to check. Without it: the CPU, and the GPU where there is an adapter.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    engine: Vec<Choice>,
    /// Part of the adapter's name, `software`, or `all`; without it NONLIN_ADAPTER counts.
    #[arg(long, value_name = "NAME")]
    adapter: Option<String>,
    /// The CPU engine's instruction set, such as avx2 or portable, or `all` of this machine; without it the widest.
    #[arg(long, value_name = "NAME")]
    isa: Option<String>,
    /// All 2^32 inputs instead of a sample; a sample still with other parameters than the standard ones.
    #[arg(long)]
    exhaustive: bool,
    /// Keeps the progress of an exhaustive run in this file, and goes on from there if it exists; what has changed since begins again.
    #[arg(long, value_name = "FILE", requires = "exhaustive")]
    state: Option<String>,
    /// A bound in ULP in the place of those that the catalogue states.
    #[arg(long, value_name = "ULP")]
    bound: Option<f64>,
    /// Markdown: a table for each family of functions.
    #[arg(long)]
    markdown: bool,
    /// Writes one JSON object a line, for each function, direction and engine; `-` is standard output, and the tables then go
    /// to standard error.
    #[arg(long, value_name = "FILE")]
    json: Option<String>,
    /// Bits of the first input of an exhaustive run; a multiple of the number of inputs.
    #[arg(long, hide = true, default_value_t = 0, requires = "exhaustive")]
    first: u32,
    /// An exhaustive run takes 2 to this power inputs.
    #[arg(long, hide = true, default_value_t = 32, requires = "exhaustive", value_parser = clap::value_parser!(u32).range(8..=32))]
    range_bits: u32,
    /// Ends an exhaustive run after this number of steps, as if it had been stopped.
    #[arg(long, hide = true, requires = "state")]
    stop_after: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Choice {
    Cpu,
    Gpu,
}

fn direction(text: &str) -> Result<Direction, String> {
    match text {
        "from-output" | "from_output" => Ok(Direction::DerivativeFromOutput),
        _ => match text.parse::<Direction>()? {
            direction if direction.takes_grad() => {
                Err("the directions are forward, derivative and from-output".to_owned())
            }
            direction => Ok(direction),
        },
    }
}

/// One function and direction to check.
#[derive(Clone, Debug)]
struct Job {
    f: Activation,
    direction: Direction,
    /// Largest allowed error in ULP.
    bound: f64,
}

/// What is counted for one function and direction.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Counts {
    /// For each subject.
    tallies: Vec<Tally>,
    /// The textbook formula on the first adapter, where there is one.
    naive: Option<Tally>,
}

/// A job that is done.
struct Row {
    job: Job,
    counts: Counts,
    /// `None` where the parameters are the job's own.
    others: Option<Others>,
}

/// Other sets of parameters than the job's own, all of which a row sums up.
struct Others {
    sets: usize,
    /// For each subject, the one with the largest error, or with a mistake.
    worst: Vec<Activation>,
}

impl Counts {
    fn add(&mut self, more: &Self) {
        for (sum, tally) in self.tallies.iter_mut().zip(&more.tallies) {
            sum.merge(tally);
        }
        if let (Some(sum), Some(tally)) = (&mut self.naive, &more.naive) {
            sum.merge(tally);
        }
    }
}

impl Options {
    fn jobs(&self) -> Result<Vec<Job>, Failure> {
        let functions = ops::parse_activations(&self.ops)?;
        let mut jobs = Vec::new();
        for f in functions {
            f.validate()?;
            for &direction in &self.direction {
                if direction.from_output() && !f.has_derivative_from_output() {
                    continue;
                }
                let stated = f.metadata().bound(direction).into();
                jobs.push(Job {
                    f: f.clone(),
                    direction,
                    bound: self.bound.unwrap_or(stated),
                });
            }
        }
        if jobs.is_empty() {
            let text = "none of these functions has a derivative from its output";
            return Err(Failure::Usage(text.to_owned()));
        }
        Ok(jobs)
    }

    fn subjects(&self) -> Result<Vec<Subject>, Failure> {
        let wanted = |choice| self.engine.is_empty() || self.engine.contains(&choice);
        let adapter = self.adapter.as_deref();
        let mut subjects = Vec::new();
        if wanted(Choice::Cpu) {
            subjects.extend(Subject::cpus(self.isa.as_deref())?);
        } else {
            engines::no_cpu_option_without_cpu("--isa", self.isa.is_some())?;
        }
        if !wanted(Choice::Gpu) {
            engines::no_adapter_without_gpu(adapter)?;
        }
        let gpu_is_asked_for = self.engine.contains(&Choice::Gpu);
        if wanted(Choice::Gpu) && (gpu_is_asked_for || !engines::cpu_is_asked_for(adapter)) {
            match Subject::gpus(adapter) {
                Ok(gpus) => subjects.extend(gpus),
                // Without --engine gpu the CPU alone will do, where there is no adapter at all.
                Err(error @ nonlin::Error::NoAdapter { .. }) if !gpu_is_asked_for => {
                    let _ = writeln!(io::stderr(), "nonlin: the CPU only: {error}");
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(subjects)
    }
}

/// Runs the command.
pub fn run(options: &Options, out: &mut dyn Write) -> Result<(), Failure> {
    let jobs = options.jobs()?;
    let range = Range::new(options.first, options.range_bits)?;
    let subjects = options.subjects()?;
    match options.json.as_deref() {
        None => check(options, jobs, &range, &subjects, out, None),
        Some("-") => check(
            options,
            jobs,
            &range,
            &subjects,
            &mut io::stderr(),
            Some(out),
        ),
        Some(path) => {
            let with_path = |error| Failure::with_path(path, &error);
            let mut file = BufWriter::new(File::create(path).map_err(with_path)?);
            let checked = check(options, jobs, &range, &subjects, out, Some(&mut file));
            file.flush().map_err(with_path)?;
            checked
        }
    }
}

fn check(
    options: &Options,
    jobs: Vec<Job>,
    range: &Range,
    subjects: &[Subject],
    human: &mut dyn Write,
    mut json: Option<&mut dyn Write>,
) -> Result<(), Failure> {
    let mut rows = Vec::new();
    let mut done = |row: Row| -> Result<(), Failure> {
        if let Some(out) = json.as_deref_mut() {
            report::write_json(&row, subjects, out)?;
        }
        rows.push(row);
        Ok(())
    };
    let mut run = match options.exhaustive {
        true => Some(exhaustive::Run::open(subjects, range, options)?),
        false => None,
    };
    let sampler = Sampler::new(subjects, run.is_none())?;
    let steps = if run.is_some() { range.steps() } else { 1 };
    let progress = progress_bar(jobs.len() as u64 * steps);
    let standard = Activation::all();
    for job in jobs {
        progress.set_message(format!("{} {}", job.f, job.direction));
        let counts = match &mut run {
            Some(run) => run.job(&job, &progress)?,
            None => {
                let counts = sampler.check(&job)?;
                progress.inc(1);
                counts
            }
        };
        done(Row {
            job: job.clone(),
            counts,
            others: None,
        })?;
        // Who names parameters wants those.
        let sets = match standard.contains(&job.f) {
            true => parameters::sets(&job.f),
            false => Vec::new(),
        };
        if !sets.is_empty() {
            progress.set_message(format!("{}, other parameters", job.f.id()));
            let (counts, others) = sampler.check_sets(&job, sets)?;
            done(Row {
                job,
                counts,
                others: Some(others),
            })?;
        }
    }
    progress.finish_and_clear();
    let inputs = options.exhaustive.then_some(range);
    if options.markdown {
        markdown::write(&rows, subjects, inputs, human)?;
    } else {
        report::write_table(&rows, subjects, human)?;
    }
    let complaints: Vec<String> = rows
        .iter()
        .flat_map(|row| row.complaints(subjects))
        .collect();
    match complaints.len() {
        0 => Ok(()),
        n => Err(Failure::Failed(format!(
            "{n} wrong: {}",
            complaints.join("; ")
        ))),
    }
}

fn progress_bar(steps: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:24} {percent:>3} %, {eta} left, {wide_msg}");
    // Hidden where standard error is no terminal.
    ProgressBar::new(steps).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
