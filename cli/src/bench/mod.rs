//! `nonlin bench`: every function on the CPU and the GPU, each result checked against the reference before it is timed.

mod compare;
mod crossover;
mod gradients;
mod inputs;
mod machine;
mod meaning;
mod measure;
mod memory;
mod phases;
mod record;
mod report;

use crate::failure::Failure;
use crate::number::{grouped, shortest};
use crate::ops::{self, Ops};
use crate::ulp::{Operands, Worst};
use crate::{elements, engines};
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use inputs::Inputs;
use meaning::Adapter;
use measure::{GpuTimes, Timed};
use nonlin::cpu::Cpu;
use nonlin::{Chain, Direction, Engine, Function, Gpu};
use record::{Recorder, Records};
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

/// The command's options.
#[derive(clap::Args)]
pub struct Options {
    /// Functions with parameters, such as 'gelu,leaky_relu(slope=0.1)', and chains such as 'scale(2) | gelu'; or `all`, or `chapter` for the course chapter's own
    /// list with its gradients at x = 1. Without it: every function of the chapter.
    #[arg(long, value_name = "LIST")]
    ops: Option<String>,
    /// Numbers of elements, such as 1M (a million), 1Mi or 2^20.
    #[arg(long, value_name = "N[,N…]", value_delimiter = ',', value_parser = elements::parse, default_value = "2^20", default_value_if("crossover", "true", "2^8,2^10,2^12,2^14,2^16,2^18,2^20,2^22,2^24"))]
    elements: Vec<usize>,
    /// What to compute: forward, derivative, backward, derivative_from_output, backward_from_output.
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "forward,derivative"
    )]
    direction: Vec<Direction>,
    /// CPU threads beside the measurement on one thread. Without it: all.
    #[arg(long, value_name = "N", value_parser = threads)]
    threads: Option<usize>,
    /// Engines to time. Without it: the CPU, and the GPU where there is an adapter.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    engine: Vec<Choice>,
    #[arg(long, value_name = "NAME", help = engines::ADAPTER_HELP)]
    adapter: Option<String>,
    /// The CPU engine's instruction set, such as avx2 or portable; without it the widest that this machine has.
    #[arg(long, value_name = "NAME")]
    isa: Option<String>,
    /// Seed of the standard-normal inputs.
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// Time spent on each measurement.
    #[arg(long, value_name = "S", default_value = "0.1", value_parser = seconds)]
    seconds: Duration,
    /// From which length on the GPU is faster, with data on the host and with data on the GPU, instead of the comparison at one length.
    #[arg(long, conflicts_with = "phases")]
    crossover: bool,
    /// What a call over slices on the GPU consists of, each part alone and against memcpy, instead of the comparison of engines.
    #[arg(long)]
    phases: bool,
    /// Draws what --crossover measures, time against length, a panel for each function: the picture's file, which ends in .svg or .png.
    #[arg(long, value_name = "FILE", requires = "crossover")]
    svg: Option<PathBuf>,
    /// Writes one JSON object a line, for each function and engine; `-` is standard output, and the tables then go to
    /// standard error.
    #[arg(long, value_name = "FILE")]
    json: Option<String>,
    /// Compares with what an earlier run with the same options wrote with --json: which times have changed by more than the noise of both runs. On
    /// a busy machine, a length given three times in both runs makes what lies between the measurements of one run part of its noise.
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,
    /// Ends with 1 where a time is longer by more than so many percent, and by more than the noise.
    #[arg(long, value_name = "PERCENT", requires = "compare", value_parser = percent)]
    fail_above: Option<f64>,
}

impl Options {
    /// Whether something is to be computed that takes a gradient.
    fn takes_grad(&self) -> bool {
        self.direction
            .iter()
            .any(|direction| direction.takes_grad())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Choice {
    Cpu,
    Gpu,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text
        .parse()
        .map_err(|_| "no number of seconds".to_owned())?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if duration <= Duration::from_secs(3600) => Ok(duration),
        _ => Err("allowed is 0 to 3600 seconds".to_owned()),
    }
}

fn percent(text: &str) -> Result<f64, String> {
    let percent = text.parse().ok();
    percent
        .filter(|percent: &f64| percent.is_finite() && *percent >= 0.0)
        .ok_or_else(|| "no number of percent from 0 on".to_owned())
}

/// More threads than any machine has would only exhaust this one.
const MOST_THREADS: usize = 4096;

fn threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(threads) if (1..=MOST_THREADS).contains(&threads) => Ok(threads),
        _ => Err(format!("allowed is 1 to {MOST_THREADS}")),
    }
}

/// What is timed.
struct Engines {
    /// One thread first, then all of them where there are more.
    cpus: Vec<Cpu>,
    gpu: Option<Gpu>,
    /// Why there is no GPU, where one was looked for.
    no_gpu: Option<String>,
}

impl Engines {
    fn open(options: &Options) -> Result<Self, Failure> {
        let wanted = |choice| options.engine.is_empty() || options.engine.contains(&choice);
        let adapter = options.adapter.as_deref();
        let mut cpus = Vec::new();
        if wanted(Choice::Cpu) {
            let threads = options.threads.unwrap_or_else(|| Cpu::new().threads());
            let isa = engines::isa(options.isa.as_deref())?;
            let cpu = |threads| Cpu::with_threads(threads)?.with_isa(isa);
            cpus.push(cpu(1)?);
            if threads > 1 {
                cpus.push(cpu(threads)?);
            }
        } else {
            engines::no_cpu_option_without_cpu("--isa", options.isa.is_some())?;
            engines::no_cpu_option_without_cpu("--threads", options.threads.is_some())?;
        }
        if !wanted(Choice::Gpu) {
            engines::no_adapter_without_gpu(adapter)?;
        }
        let (mut gpu, mut no_gpu) = (None, None);
        if options.engine.contains(&Choice::Gpu) {
            gpu = Some(engines::gpu(adapter)?);
        } else if wanted(Choice::Gpu) && !engines::cpu_is_asked_for(adapter) {
            match engines::gpu_if_any(adapter)? {
                Ok(found) => gpu = Some(found),
                Err(reason) => no_gpu = Some(reason),
            }
        }
        Ok(Self { cpus, gpu, no_gpu })
    }

    /// The GPU, for what makes no sense without one.
    fn needed_gpu(&self, option: &str) -> Result<&Gpu, Failure> {
        self.gpu.as_ref().ok_or_else(|| {
            let reason = self.no_gpu.as_deref().unwrap_or("none was asked for");
            Failure::Failed(format!("{option} needs a GPU: {reason}"))
        })
    }

    /// What kind of adapter there is, for the closing words.
    fn kind(&self) -> Adapter {
        match &self.gpu {
            None => Adapter::None,
            Some(gpu) if gpu.info().software => Adapter::Software,
            Some(_) => Adapter::Hardware,
        }
    }

    /// The CPU engine with the most threads.
    fn fastest_cpu(&self) -> Cpu {
        self.cpus.last().cloned().unwrap_or_default()
    }
}

/// The results of one function, direction and size.
struct Row {
    f: Chain<'static>,
    direction: Direction,
    elements: usize,
    /// Time and worst error of each CPU engine, in their order.
    cpus: Vec<(Timed, Worst)>,
    gpu: Option<(GpuTimes, Worst)>,
    /// Time to compile the kernel; 0 where it was compiled before.
    compile: Duration,
}

impl Row {
    /// The worst error of any engine, and whether it is the GPU's.
    fn worst(&self) -> Option<(Worst, bool)> {
        let cpus = self.cpus.iter().map(|(_, worst)| (*worst, false));
        let all = cpus.chain(self.gpu.iter().map(|(_, worst)| (*worst, true)));
        all.max_by(|(a, _), (b, _)| a.compare(b))
    }

    /// Complains where the result is not right.
    fn complaint(&self) -> Option<String> {
        let (worst, on_gpu) = self.worst()?;
        (worst.share > 1.0).then(|| {
            format!(
                "{} {} on the {} is {:.1} ULP off at {}: {} instead of {}",
                self.f,
                self.direction,
                if on_gpu { "GPU" } else { "CPU" },
                worst.ulp,
                shortest(worst.x),
                shortest(worst.got),
                shortest(worst.want)
            )
        })
    }
}

/// Runs the command.
pub fn run(options: &Options, out: &mut dyn Write) -> Result<(), Failure> {
    let ops = ops::parse(options.ops.as_deref())?;
    let engines = Engines::open(options)?;
    memory::check(options, &engines)?;
    let earlier = options.compare.as_deref();
    let earlier = earlier.map(compare::Earlier::read).transpose()?;
    let measure = match options {
        Options { phases: true, .. } => phases::run,
        Options {
            crossover: true, ..
        } => crossover::run,
        _ => bench,
    };
    let run = |human: &mut dyn Write, json: Option<&mut dyn Write>| {
        let mut records = Records::new(json, earlier.is_some());
        measure(options, &ops, &engines, human, &mut records)?;
        match &earlier {
            Some(earlier) => earlier.compare(records.kept(), options.fail_above, human),
            None => Ok(()),
        }
    };
    match options.json.as_deref() {
        None => run(out, None),
        Some("-") => run(&mut std::io::stderr(), Some(out)),
        Some(path) => {
            let file = std::fs::File::create(path);
            let mut file = file.map_err(|error| Failure::with_path(path, &error))?;
            run(out, Some(&mut file))
        }
    }
}

fn bench(
    options: &Options,
    ops: &Ops,
    engines: &Engines,
    human: &mut dyn Write,
    records: &mut Records<'_>,
) -> Result<(), Failure> {
    let recorder = Recorder::new(engines, options.seed);
    report::header(engines, options, human)?;
    human.flush()?;
    let largest = options.elements.iter().copied().max().unwrap_or_default();
    let inputs = Inputs::new(largest, options.seed, options.takes_grad())?;
    let rows = options.elements.len() * options.direction.len() * ops.functions.len();
    let progress = progress_bar(rows as u64);
    let (mut complaints, mut totals) = (Vec::new(), report::Totals::default());
    let mut facts = Vec::new();
    for &count in &options.elements {
        for &direction in &options.direction {
            let mut rows = Vec::new();
            for f in &ops.functions {
                let label = format!("{f} {direction}, {} elements", grouped(count));
                progress.set_message(label);
                if !direction.from_output() || has_derivative_from_output(f) {
                    let row = measure_row(f, direction, count, &inputs, engines, options.seconds)?;
                    recorder.write(&row, records)?;
                    facts.push(row.facts());
                    complaints.extend(row.complaint());
                    totals.add(&row);
                    rows.push(row);
                }
                progress.inc(1);
            }
            progress.suspend(|| {
                report::table(&rows, direction, count, engines, human)?;
                human.flush()
            })?;
        }
    }
    progress.finish_and_clear();
    let chains = ops.functions.iter().any(|f| f.activation().is_none());
    report::footer(engines, &totals, chains, human)?;
    if ops.chapter {
        gradients::write(&ops.functions, engines, human)?;
    }
    writeln!(
        human,
        "\n{}",
        meaning::wrapped(&meaning::of_bench(&facts, engines.kind()))
    )?;
    match complaints.len() {
        0 => Ok(()),
        n => Err(Failure::Failed(format!(
            "{n} wrong: {}",
            complaints.join("; ")
        ))),
    }
}

fn progress_bar(rows: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:24} {pos}/{len} {wide_msg}");
    // Hidden where standard error is no terminal.
    ProgressBar::new(rows).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn has_derivative_from_output(f: &Chain<'_>) -> bool {
    f.activation()
        .is_some_and(|f| f.has_derivative_from_output())
}

/// Computes and checks on every engine, then times.
fn measure_row(
    f: &Chain<'static>,
    direction: Direction,
    elements: usize,
    inputs: &Inputs,
    engines: &Engines,
    budget: Duration,
) -> Result<Row, Failure> {
    let outputs;
    let x = if direction.from_output() {
        outputs = engines.fastest_cpu().forward(f, inputs.x(elements))?;
        &outputs
    } else {
        inputs.x(elements)
    };
    let grad = direction.takes_grad().then(|| inputs.grad(elements));
    let operands = Operands {
        f,
        direction,
        x,
        grad,
    };
    let all: Vec<&dyn Engine> = engines
        .cpus
        .iter()
        .map(|cpu| cpu as &dyn Engine)
        .chain(engines.gpu.iter().map(|gpu| gpu as &dyn Engine))
        .collect();
    let compile = match &engines.gpu {
        Some(gpu) => gpu.compile(f, direction)?,
        None => Duration::ZERO,
    };
    let mut results = Vec::new();
    for engine in &all {
        let mut result = inputs::zeros(elements)?;
        engine.compute(f, direction, x, grad, &mut result)?;
        results.push(result);
    }
    let views: Vec<&[f32]> = results.iter().map(Vec::as_slice).collect();
    let worst = operands.worst(&views)?;
    let mut cpus = Vec::new();
    for ((cpu, result), worst) in engines.cpus.iter().zip(&mut results).zip(&worst) {
        cpus.push((measure::cpu(cpu, &operands, result, budget)?, *worst));
    }
    let gpu = match (&engines.gpu, results.last_mut(), worst.last()) {
        (Some(gpu), Some(result), Some(worst)) => {
            Some((measure::gpu(gpu, &operands, result, budget)?, *worst))
        }
        _ => None,
    };
    Ok(Row {
        f: f.clone(),
        direction,
        elements,
        cpus,
        gpu,
        compile,
    })
}
