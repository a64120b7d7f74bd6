//! A check of all inputs: the engines compute the results of 2^22 of them at a time, one pass of the oracle judges them all.

use super::fingerprint::Fingerprint;
use super::formulas;
use super::naive::{Formula, Inputs, Naive, Pending};
use super::oracle::Oracle;
use super::rule::Rule;
use super::state::{Progress, State};
use super::subject::Subject;
use super::tally::Tally;
use super::{Counts, Job, Options};
use crate::failure::Failure;
use indicatif::ProgressBar;
use nonlin::{Direction, Tensor};
use std::io::{self, Write};
use std::sync::atomic::{AtomicU32, Ordering};

/// 2 to this power inputs in one step: 16 MiB for each engine.
const STEP_BITS: u32 = 22;
/// 2 to this power inputs that a thread judges at a time.
const PART_BITS: u32 = 17;

/// The inputs of a run: consecutive bit patterns.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    first: u32,
    bits: u32,
}

impl Range {
    /// The 2^`bits` inputs from `first` on.
    pub fn new(first: u32, bits: u32) -> Result<Self, Failure> {
        if first != 0 && first.trailing_zeros() < bits {
            let text = format!("--first has to be a multiple of 2^{bits}");
            return Err(Failure::Usage(text));
        }
        Ok(Self { first, bits })
    }

    /// Number of inputs.
    pub fn inputs(&self) -> u64 {
        1 << self.bits
    }

    /// Bits of the first input.
    pub fn first(&self) -> u32 {
        self.first
    }

    // A short range has several steps too.
    fn step_bits(&self) -> u32 {
        STEP_BITS.min(self.bits - 2)
    }

    /// Number of steps for each job.
    pub fn steps(&self) -> u64 {
        1 << (self.bits - self.step_bits())
    }

    fn step(&self) -> u32 {
        1 << self.step_bits()
    }

    /// Bits of the first input of a step.
    fn start(&self, step: u64) -> u32 {
        // Below 2^32, as is the last step's end.
        self.first + ((step << self.step_bits()) as u32)
    }
}

/// An exhaustive run with its buffers and its state.
pub struct Run<'a> {
    subjects: &'a [Subject],
    range: &'a Range,
    state: State,
    stop_after: Option<u64>,
    x: Vec<f32>,
    /// A result for each subject, on the device where it has one, and here.
    on_device: Vec<Option<Tensor>>,
    results: Vec<Vec<f32>>,
    /// The textbook formulas, on the first adapter, with their results.
    naive: Option<(Naive, Vec<f32>)>,
}

/// A textbook formula in the middle of a row.
struct Textbook {
    formula: Formula,
    rule: Rule,
    pending: Option<Pending>,
}

impl<'a> Run<'a> {
    /// Reads the state, where there is one, and makes the buffers.
    pub fn open(
        subjects: &'a [Subject],
        range: &'a Range,
        options: &Options,
    ) -> Result<Self, Failure> {
        let state = State::open(options.state.as_deref(), range)?;
        let step = range.step() as usize;
        let on_device = subjects
            .iter()
            .map(|subject| subject.as_gpu().map(|gpu| gpu.empty(step)).transpose())
            .collect::<Result<_, _>>()?;
        let first = subjects.iter().find_map(Subject::as_gpu);
        let naive = first
            .map(|gpu| Naive::new(gpu, step, 0).map(|naive| (naive, vec![0.0; step])))
            .transpose()?;
        Ok(Self {
            subjects,
            range,
            state,
            naive,
            stop_after: options.stop_after,
            x: vec![0.0; step],
            on_device,
            results: subjects.iter().map(|_| vec![0.0; step]).collect(),
        })
    }

    /// Checks one function and direction, from where the state says on.
    pub fn job(&mut self, job: &Job, bar: &ProgressBar) -> Result<Counts, Failure> {
        let mut progress = self.progress(job, bar)?;
        bar.inc(progress.next);
        // What was done before says nothing about the time that is left.
        bar.reset_eta();
        let steps = self.range.steps();
        if progress.next >= steps {
            return Ok(progress.counts);
        }
        let oracle = Oracle::new(&job.f, job.direction);
        let rule = |flushes| Rule::new(&job.f, job.direction, flushes).probed();
        let rules: Vec<Rule> = self.subjects.iter().map(|s| rule(s.flushes())).collect();
        let mut textbook = match &self.naive {
            Some((naive, _)) => {
                let formula = naive.formula(&job.f, job.direction)?;
                formula.map(|formula| Textbook {
                    formula,
                    rule: rule(true),
                    pending: None,
                })
            }
            None => None,
        };
        self.submit(job, progress.next, textbook.as_mut())?;
        while progress.next < steps {
            self.collect(textbook.as_ref())?;
            // The device computes the next step while this one is judged.
            if progress.next + 1 < steps {
                self.submit(job, progress.next + 1, textbook.as_mut())?;
            }
            self.compute_here(job, progress.next)?;
            let start = self.range.start(progress.next);
            let counts = self.judge(&oracle, &rules, textbook.as_ref().map(|t| &t.rule), start);
            progress.counts.add(&counts);
            progress.next += 1;
            self.state.save(&progress)?;
            bar.inc(1);
            self.stop_if_asked()?;
        }
        Ok(progress.counts)
    }

    /// Where the row stands. Says so where it was begun, but something has changed since.
    fn progress(&self, job: &Job, bar: &ProgressBar) -> Result<Progress, Failure> {
        let naive = match self.naive {
            Some(_) => formulas::kernel(&job.f, job.direction),
            None => None,
        };
        let fingerprint = if self.state.is_kept() {
            Fingerprint::of(job, self.subjects, naive.as_deref())?
        } else {
            Fingerprint::default()
        };
        let start = Progress {
            function: job.f.to_string(),
            direction: job.direction.name().to_owned(),
            engines: self
                .subjects
                .iter()
                .map(|s| s.description.clone())
                .collect(),
            fingerprint,
            next: 0,
            counts: Counts {
                tallies: vec![Tally::default(); self.subjects.len()],
                naive: naive.map(|_| Tally::default()),
            },
        };
        let (progress, changed) = self.state.progress(start);
        if !changed.is_empty() {
            let (f, direction, changed) = (&job.f, job.direction, changed.join(" and "));
            bar.suspend(|| {
                let text = format!("nonlin: {f} {direction} begins again: {changed} changed");
                let _ = writeln!(io::stderr(), "{text}");
            });
        }
        Ok(progress)
    }

    fn stop_if_asked(&mut self) -> Result<(), Failure> {
        if let Some(left) = &mut self.stop_after {
            *left = left.saturating_sub(1);
            if *left == 0 {
                return Err(Failure::Failed("stopped, as --stop-after asks".to_owned()));
            }
        }
        Ok(())
    }

    /// Starts a step on every device.
    fn submit(&self, job: &Job, step: u64, textbook: Option<&mut Textbook>) -> Result<(), Failure> {
        let start = self.range.start(step);
        for (subject, tensor) in self.subjects.iter().zip(&self.on_device) {
            if let (Some(gpu), Some(tensor)) = (subject.as_gpu(), tensor) {
                gpu.sweep(&job.f, job.direction, start, tensor)?;
            }
        }
        if let (Some((naive, results)), Some(textbook)) = (&self.naive, textbook) {
            let inputs = Inputs::From(start);
            let pending = naive.submit(&textbook.formula, inputs, results.len())?;
            textbook.pending = Some(pending);
        }
        Ok(())
    }

    /// Fetches what the devices have computed.
    fn collect(&mut self, textbook: Option<&Textbook>) -> Result<(), Failure> {
        for (tensor, result) in self.on_device.iter().zip(&mut self.results) {
            if let Some(tensor) = tensor {
                tensor.download_into(result)?;
            }
        }
        let pending = textbook.and_then(|textbook| textbook.pending.as_ref());
        if let (Some((naive, results)), Some(pending)) = (&mut self.naive, pending) {
            naive.collect(pending, results)?;
        }
        Ok(())
    }

    /// Computes a step on the engines that have no device.
    fn compute_here(&mut self, job: &Job, step: u64) -> Result<(), Failure> {
        let here = |subject: &Subject| subject.as_gpu().is_none();
        if !self.subjects.iter().any(here) {
            return Ok(());
        }
        let start = self.range.start(step);
        for (x, i) in self.x.iter_mut().zip(0..) {
            *x = f32::from_bits(start + i);
        }
        for (subject, result) in self.subjects.iter().zip(&mut self.results) {
            if here(subject) {
                let (f, direction): (_, Direction) = (&job.f, job.direction);
                subject
                    .engine()
                    .compute(f, direction, &self.x, None, result)?;
            }
        }
        Ok(())
    }

    /// Judges the results of a step on all cores.
    fn judge(
        &self,
        oracle: &Oracle,
        rules: &[Rule],
        textbook: Option<&Rule>,
        start: u32,
    ) -> Counts {
        let part = 1 << PART_BITS.min(self.range.step_bits());
        let parts = self.range.step() / part;
        let next = AtomicU32::new(0);
        let none = || Counts {
            tallies: vec![Tally::default(); rules.len()],
            naive: textbook.map(|_| Tally::default()),
        };
        let naive_results = self.naive.as_ref().map(|(_, results)| results);
        let worker = || {
            let mut counts = none();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= parts {
                    return counts;
                }
                oracle.visit(start + index * part, part, &mut |first, rounded| {
                    let from = (first - start) as usize;
                    let these = from..from + rounded.len();
                    let engines = rules.iter().zip(&self.results);
                    for (tally, (rule, result)) in counts.tallies.iter_mut().zip(engines) {
                        tally.add_run(rule, first, &result[these.clone()], rounded);
                    }
                    if let (Some(tally), Some(rule), Some(results)) =
                        (&mut counts.naive, textbook, naive_results)
                    {
                        tally.add_rough(rule, first, &results[these], rounded);
                    }
                });
            }
        };
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
        let counted: Vec<Counts> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
            let joined = workers.into_iter().map(|worker| worker.join());
            joined
                .map(|part| part.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect()
        });
        let mut sum = none();
        counted.iter().for_each(|counts| sum.add(counts));
        sum
    }
}
