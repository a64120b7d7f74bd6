//! The measurements as JSON, one object a line.

use super::measure::Timed;
use super::{Engines, Row, machine};
use crate::failure::Failure;
use crate::ulp::Worst;
use nonlin::gpu::Clock;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

/// The records of a run: written where they are wanted, and kept for a comparison.
pub struct Records<'w> {
    out: Option<&'w mut dyn Write>,
    kept: Option<Vec<Value>>,
}

impl<'w> Records<'w> {
    /// Writes nothing where `out` is `None`.
    pub fn new(out: Option<&'w mut dyn Write>, keep: bool) -> Self {
        let kept = keep.then(Vec::new);
        Self { out, kept }
    }

    /// Takes one record.
    pub fn push(&mut self, record: &impl Serialize) -> Result<(), Failure> {
        if let Some(out) = self.out.as_deref_mut() {
            writeln!(out, "{}", serde_json::to_string(record)?)?;
            // A long run can be watched, and what it has is kept when it is stopped.
            out.flush()?;
        }
        if let Some(kept) = &mut self.kept {
            kept.push(serde_json::to_value(record)?);
        }
        Ok(())
    }

    /// What was kept.
    pub fn kept(&self) -> &[Value] {
        self.kept.as_deref().unwrap_or_default()
    }
}

/// Between which times, in ms, the middle half of the repetitions lies; by the name of the median's field without its unit.
pub type Quartiles = BTreeMap<&'static str, [f64; 2]>;

/// The quartiles of named times.
pub fn quartiles(times: &[(&'static str, &Timed)]) -> Quartiles {
    let of = |&(name, time): &(&'static str, &Timed)| (name, time.quartiles.map(ms));
    times.iter().map(of).collect()
}

/// The machine that a record of both engines is of.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Machine {
    pub processor: String,
    pub isa: Option<&'static str>,
    pub cpu_threads: Option<usize>,
    pub adapter: String,
    pub backend: Option<String>,
    pub driver: Option<String>,
    pub software: Option<bool>,
    pub version: &'static str,
}

impl Machine {
    /// What the engines run on.
    pub fn of(engines: &Engines) -> Self {
        let (cpu, info) = (engines.cpus.last(), engines.gpu.as_ref().map(|g| g.info()));
        Self {
            processor: machine::processor(),
            isa: cpu.map(|cpu| cpu.isa().name()),
            cpu_threads: cpu.map(|cpu| cpu.threads()),
            adapter: info.map(|info| info.name.clone()).unwrap_or_default(),
            backend: info.map(|info| info.backend.to_string()),
            driver: info.map(|info| format!("{} {}", info.driver, info.driver_info)),
            software: info.map(|info| info.software),
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// One function, direction, size and engine.
#[derive(Serialize)]
struct Record<'a> {
    op: String,
    direction: &'static str,
    elements: usize,
    /// `cpu` or `gpu`.
    engine: &'static str,
    /// The adapter's name; the processor's for the CPU engine.
    adapter: &'a str,
    backend: Option<String>,
    driver: Option<String>,
    /// Whether the adapter computes in software.
    software: Option<bool>,
    /// Instruction set of the CPU engine.
    isa: Option<&'static str>,
    threads: Option<usize>,
    upload_ms: Option<f64>,
    compute_ms: f64,
    download_ms: Option<f64>,
    /// Host memory to host memory.
    total_ms: f64,
    quartiles_ms: Quartiles,
    /// Operands read and results written, over `compute_ms`.
    gb_per_s: f64,
    /// A copy kernel of the same number of elements.
    copy_ms: Option<f64>,
    /// `gb_per_s` in percent of the copy's.
    percent_of_copy: Option<f64>,
    /// Where `compute_ms` comes from: `timestamps` or `wall`.
    clock: Option<&'static str>,
    /// 0 where the kernel was compiled before.
    compile_ms: Option<f64>,
    /// Largest error; `null` where a NaN is missing or too many.
    max_ulp: f64,
    /// The operand where it is reached; `null` without an error.
    max_ulp_at: f32,
    seed: u64,
    version: &'static str,
}

/// Makes records of rows.
pub struct Recorder<'e> {
    engines: &'e Engines,
    processor: String,
    seed: u64,
}

impl<'e> Recorder<'e> {
    /// Of rows that these engines computed.
    pub fn new(engines: &'e Engines, seed: u64) -> Self {
        Self {
            engines,
            processor: machine::processor(),
            seed,
        }
    }

    /// Makes a record for each engine.
    pub fn write(&self, row: &Row, into: &mut Records<'_>) -> Result<(), Failure> {
        let cpus = self.engines.cpus.iter().zip(&row.cpus);
        let mut records: Vec<Record<'_>> = cpus
            .map(|(cpu, (time, worst))| Record {
                adapter: &self.processor,
                isa: Some(cpu.isa().name()),
                threads: Some(cpu.threads()),
                quartiles_ms: quartiles(&[("compute", time)]),
                ..record(row, "cpu", time.median, time.median, worst, self.seed)
            })
            .collect();
        if let (Some(gpu), Some((times, worst))) = (&self.engines.gpu, &row.gpu) {
            let info = gpu.info();
            records.push(Record {
                adapter: &info.name,
                backend: Some(info.backend.to_string()),
                driver: Some(format!("{} {}", info.driver, info.driver_info)),
                software: Some(info.software),
                upload_ms: Some(ms(times.upload.median)),
                download_ms: Some(ms(times.download.median)),
                quartiles_ms: quartiles(&[
                    ("upload", &times.upload),
                    ("compute", &times.compute),
                    ("download", &times.download),
                    ("total", &times.total),
                    ("copy", &times.copy),
                ]),
                copy_ms: Some(ms(times.copy.median)),
                percent_of_copy: Some(row.percent_of_copy(times)),
                clock: Some(match times.clock {
                    Clock::Timestamps => "timestamps",
                    Clock::Wall => "wall",
                }),
                compile_ms: Some(ms(row.compile)),
                ..record(
                    row,
                    "gpu",
                    times.compute.median,
                    times.total.median,
                    worst,
                    self.seed,
                )
            });
        }
        records.iter().try_for_each(|record| into.push(record))
    }
}

fn record<'a>(
    row: &Row,
    engine: &'static str,
    compute: Duration,
    total: Duration,
    worst: &Worst,
    seed: u64,
) -> Record<'a> {
    Record {
        op: row.f.to_string(),
        direction: row.direction.name(),
        elements: row.elements,
        engine,
        adapter: "",
        backend: None,
        driver: None,
        software: None,
        isa: None,
        threads: None,
        upload_ms: None,
        compute_ms: ms(compute),
        download_ms: None,
        total_ms: ms(total),
        quartiles_ms: Quartiles::new(),
        gb_per_s: row.gb_per_s(compute),
        copy_ms: None,
        percent_of_copy: None,
        clock: None,
        compile_ms: None,
        max_ulp: worst.ulp,
        max_ulp_at: worst.x,
        seed,
        version: env!("CARGO_PKG_VERSION"),
    }
}

/// Milliseconds to the nanosecond, so that the text is short.
pub fn ms(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1e6
}
