//! The measurements as JSON, one object a line.

use super::{Engines, Row, machine};
use crate::failure::Failure;
use crate::ulp::Worst;
use nonlin::gpu::Clock;
use serde::Serialize;
use std::io::Write;
use std::time::Duration;

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

/// Writes the records of a run.
pub struct Recorder<'e, 'w> {
    out: Option<&'w mut dyn Write>,
    engines: &'e Engines,
    processor: String,
    seed: u64,
}

impl<'e, 'w> Recorder<'e, 'w> {
    /// Writes nothing where `out` is `None`.
    pub fn new(out: Option<&'w mut dyn Write>, engines: &'e Engines, seed: u64) -> Self {
        Self {
            out,
            engines,
            processor: machine::processor(),
            seed,
        }
    }

    /// Writes a record for each engine.
    pub fn write(&mut self, row: &Row) -> Result<(), Failure> {
        let Some(out) = self.out.as_deref_mut() else {
            return Ok(());
        };
        let cpus = self.engines.cpus.iter().zip(&row.cpus);
        let mut records: Vec<Record<'_>> = cpus
            .map(|(cpu, (time, worst))| Record {
                adapter: &self.processor,
                isa: Some(cpu.isa().name()),
                threads: Some(cpu.threads()),
                ..record(row, "cpu", *time, *time, worst, self.seed)
            })
            .collect();
        if let (Some(gpu), Some((times, worst))) = (&self.engines.gpu, &row.gpu) {
            let info = gpu.info();
            records.push(Record {
                adapter: &info.name,
                backend: Some(info.backend.to_string()),
                driver: Some(format!("{} {}", info.driver, info.driver_info)),
                software: Some(info.software),
                upload_ms: Some(ms(times.upload)),
                download_ms: Some(ms(times.download)),
                copy_ms: Some(ms(times.copy)),
                percent_of_copy: Some(row.percent_of_copy(times.compute, times.copy)),
                clock: Some(match times.clock {
                    Clock::Timestamps => "timestamps",
                    Clock::Wall => "wall",
                }),
                compile_ms: Some(ms(row.compile)),
                ..record(row, "gpu", times.compute, times.total, worst, self.seed)
            });
        }
        for record in records {
            serde_json::to_writer(&mut *out, &record)?;
            writeln!(out)?;
        }
        // A long run can be watched, and what it has is kept when it is stopped.
        Ok(out.flush()?)
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
