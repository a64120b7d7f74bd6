//! `nonlin bench --phases`: what a call over slices consists of, each part alone, against memcpy of the same size.

use super::inputs::{self, Inputs};
use super::measure::{middle, repeated, wall};
use super::{Engines, Options, report};
use crate::failure::Failure;
use crate::number::{bytes, grouped};
use crate::ops::{Ops, short_name};
use crate::table::{Align, Table};
use nonlin::{Chain, Direction, Engine, Gpu, Tensor};
use serde::Serialize;
use std::io::Write;
use std::time::{Duration, Instant};

/// Mapped memory that takes so many times as long to read as other memory is worth a warning.
const SLOW_READS: f64 = 8.0;

/// Times of one call's parts.
#[derive(Clone, Copy, Debug, Default)]
struct Phases {
    /// Operands into memory that the device reads, or that is copied to it.
    write: Duration,
    /// Recording and submitting.
    submit: Duration,
    /// Until the device is done.
    device: Duration,
    /// Until the result can be read.
    map: Duration,
    /// The result into the caller's memory.
    copy_out: Duration,
}

/// One function and size as JSON.
#[derive(Serialize)]
struct Record {
    op: String,
    direction: &'static str,
    elements: usize,
    adapter: String,
    write_ms: f64,
    submit_ms: f64,
    device_ms: f64,
    map_ms: f64,
    copy_out_ms: f64,
    /// One call of the slice layer.
    call_ms: f64,
    /// memcpy of the operands, and of the result.
    memcpy_in_ms: f64,
    memcpy_out_ms: f64,
}

/// Measures and writes tables, and JSON lines where they are wanted.
pub fn run(
    options: &Options,
    ops: &Ops,
    engines: &Engines,
    human: &mut dyn Write,
    mut json: Option<&mut dyn Write>,
) -> Result<(), Failure> {
    report::header(engines, options, human)?;
    let gpu = engines.needed_gpu("--phases")?;
    let largest = options.elements.iter().copied().max().unwrap_or_default();
    let inputs = Inputs::new(largest, options.seed, options.takes_grad())?;
    for &elements in &options.elements {
        for &direction in &options.direction {
            let mut rows = Vec::new();
            for f in &ops.functions {
                if direction.from_output() && !super::has_derivative_from_output(f) {
                    continue;
                }
                let record = measure(
                    gpu,
                    f,
                    direction,
                    inputs.x(elements),
                    || inputs.grad(elements),
                    options.seconds,
                )?;
                if let Some(json) = json.as_deref_mut() {
                    serde_json::to_writer(&mut *json, &record)?;
                    writeln!(json)?;
                }
                rows.push((short_name(f), record));
            }
            table(&rows, direction, elements, human)?;
        }
    }
    Ok(())
}

fn measure<'a>(
    gpu: &Gpu,
    f: &Chain<'static>,
    direction: Direction,
    x: &'a [f32],
    grad: impl Fn() -> &'a [f32],
    budget: Duration,
) -> Result<Record, Failure> {
    let grad = direction.takes_grad().then(grad);
    gpu.compile(f, direction)?;
    let x_tensor = gpu.upload(x)?;
    let grad_tensor = grad.map(|grad| gpu.upload(grad)).transpose()?;
    let out_tensor = gpu.empty(x.len())?;
    let mut out = inputs::zeros(x.len())?;
    let samples = repeated(budget * 2, || {
        let mut phases = Phases::default();
        timed(&mut phases.write, || {
            gpu.upload_into(x, &x_tensor)?;
            match (grad, &grad_tensor) {
                (Some(grad), Some(tensor)) => gpu.upload_into(grad, tensor),
                _ => Ok(()),
            }
        })?;
        timed(&mut phases.submit, || {
            submit(
                gpu,
                f,
                direction,
                &x_tensor,
                grad_tensor.as_ref(),
                &out_tensor,
            )
        })?;
        timed(&mut phases.device, || gpu.wait())?;
        let (start, mut copying, mut rest) = (Instant::now(), Duration::ZERO, &mut out[..]);
        out_tensor.download_with(|part| {
            let start = Instant::now();
            let (now, later) = std::mem::take(&mut rest).split_at_mut(part.len());
            now.copy_from_slice(part);
            rest = later;
            copying += start.elapsed();
        })?;
        phases.copy_out = copying;
        phases.map = start.elapsed().saturating_sub(copying);
        Ok(phases)
    })?;
    let median = |part: fn(&Phases) -> Duration| {
        let mut times: Vec<Duration> = samples.iter().map(part).collect();
        super::record::ms(middle(&mut times))
    };
    let call = wall(budget, || gpu.compute(f, direction, x, grad, &mut out))?;
    let operands = 1 + u32::from(grad.is_some());
    let memcpy = wall(budget, || {
        out.copy_from_slice(x);
        std::hint::black_box(&mut out);
        Ok(())
    })?;
    let ms = super::record::ms;
    Ok(Record {
        op: f.to_string(),
        direction: direction.name(),
        elements: x.len(),
        adapter: gpu.info().name.clone(),
        write_ms: median(|phases| phases.write),
        submit_ms: median(|phases| phases.submit),
        device_ms: median(|phases| phases.device),
        map_ms: median(|phases| phases.map),
        copy_out_ms: median(|phases| phases.copy_out),
        call_ms: ms(call),
        memcpy_in_ms: ms(memcpy * operands),
        memcpy_out_ms: ms(memcpy),
    })
}

fn timed(
    time: &mut Duration,
    work: impl FnOnce() -> Result<(), nonlin::Error>,
) -> Result<(), nonlin::Error> {
    let start = Instant::now();
    work()?;
    *time = start.elapsed();
    Ok(())
}

/// Records and submits, without waiting.
pub fn submit(
    gpu: &Gpu,
    f: &Chain<'static>,
    direction: Direction,
    x: &Tensor,
    grad: Option<&Tensor>,
    out: &Tensor,
) -> Result<(), nonlin::Error> {
    let grad = grad.unwrap_or(x);
    match direction {
        Direction::Forward => gpu.forward_into(f, x, out),
        Direction::Derivative => gpu.derivative_into(f, x, out),
        Direction::Backward => gpu.backward_into(f, x, grad, out),
        Direction::DerivativeFromOutput => gpu.derivative_from_output_into(f, x, out),
        Direction::BackwardFromOutput => gpu.backward_from_output_into(f, x, grad, out),
    }
}

impl Record {
    fn sum(&self) -> f64 {
        self.write_ms + self.submit_ms + self.device_ms + self.map_ms + self.copy_out_ms
    }

    /// The least that a call over slices could take on this device.
    fn least(&self) -> f64 {
        self.memcpy_in_ms + self.device_ms + self.memcpy_out_ms
    }
}

fn table(
    rows: &[(String, Record)],
    direction: Direction,
    elements: usize,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let size = bytes((elements as u64).saturating_mul(4));
    writeln!(
        out,
        "\n{direction}, {} elements ({size}), ms\n",
        grouped(elements)
    )?;
    type Column = (&'static str, fn(&Record) -> f64);
    let columns: [Column; 9] = [
        ("write", |row| row.write_ms),
        ("submit", |row| row.submit_ms),
        ("device", |row| row.device_ms),
        ("map", |row| row.map_ms),
        ("copy\nout", |row| row.copy_out_ms),
        ("sum", Record::sum),
        ("one\ncall", |row| row.call_ms),
        ("memcpy\nin", |row| row.memcpy_in_ms),
        ("memcpy\nout", |row| row.memcpy_out_ms),
    ];
    let mut header = vec![("\nactivation", Align::Left)];
    header.extend(columns.iter().map(|(heading, _)| (*heading, Align::Right)));
    let mut table = Table::new(header);
    for (name, row) in rows {
        let cells = columns
            .iter()
            .map(|(_, value)| format!("{:.3}", value(row)));
        table.push(std::iter::once(name.clone()).chain(cells).collect());
    }
    table.write(out)?;
    conclusion(rows, out)
}

/// What the rows mean, in words.
fn conclusion(rows: &[(String, Record)], out: &mut dyn Write) -> Result<(), Failure> {
    let middle = |value: &dyn Fn(&Record) -> f64| {
        let mut values: Vec<f64> = rows.iter().map(|(_, row)| value(row)).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
    };
    let moved = middle(&|row| (row.write_ms + row.map_ms + row.copy_out_ms) / row.call_ms * 100.0);
    let least = middle(&|row| row.call_ms / row.least());
    writeln!(
        out,
        "\nOne call from slice to slice takes {least:.2} times what memcpy there, the device's work and memcpy back take. Moving the numbers is \
         {moved:.0} % of it."
    )?;
    let reads = middle(&|row| row.copy_out_ms / row.memcpy_out_ms);
    if reads > SLOW_READS {
        writeln!(
            out,
            "Warning: reading mapped memory takes {reads:.1} times as long as reading other memory; this adapter maps memory that the CPU does not cache."
        )?;
    }
    Ok(())
}
