//! `nonlin bench --phases`: what a call over slices consists of, each part alone, against memcpy of the same size.

use super::inputs::{self, Inputs};
use super::measure::{Timed, repeated, wall};
use super::record::{Machine, Quartiles, Records, ms, quartiles};
use super::{Engines, Options, meaning, report};
use crate::failure::Failure;
use crate::number::{bytes, grouped};
use crate::ops::{Ops, short_name};
use crate::table::{Align, Table};
use nonlin::{Chain, Direction, Engine, Gpu, Tensor};
use serde::Serialize;
use std::io::Write;
use std::time::{Duration, Instant};

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
#[derive(Clone, Debug, Default, Serialize)]
pub struct Record {
    pub op: String,
    pub direction: &'static str,
    pub elements: usize,
    pub write_ms: f64,
    pub submit_ms: f64,
    pub device_ms: f64,
    pub map_ms: f64,
    pub copy_out_ms: f64,
    /// One call of the slice layer.
    pub call_ms: f64,
    /// memcpy of the operands, and of the result.
    pub memcpy_in_ms: f64,
    pub memcpy_out_ms: f64,
    pub quartiles_ms: Quartiles,
    #[serde(flatten)]
    pub machine: Machine,
}

/// Measures and writes tables, and JSON lines where they are wanted.
pub fn run(
    options: &Options,
    ops: &Ops,
    engines: &Engines,
    human: &mut dyn Write,
    records: &mut Records<'_>,
) -> Result<(), Failure> {
    report::header(engines, options, human)?;
    let gpu = engines.needed_gpu("--phases")?;
    let largest = options.elements.iter().copied().max().unwrap_or_default();
    let inputs = Inputs::new(largest, options.seed, options.takes_grad())?;
    let machine = Machine::of(engines);
    let mut all = Vec::new();
    for &elements in &options.elements {
        for &direction in &options.direction {
            let mut rows = Vec::new();
            for f in &ops.functions {
                if direction.from_output() && !super::has_derivative_from_output(f) {
                    continue;
                }
                let measured = measure(
                    gpu,
                    f,
                    direction,
                    inputs.x(elements),
                    || inputs.grad(elements),
                    options.seconds,
                )?;
                let record = Record {
                    machine: machine.clone(),
                    ..measured
                };
                records.push(&record)?;
                rows.push((short_name(f), record));
            }
            table(&rows, direction, elements, human)?;
            human.flush()?;
            all.extend(rows.into_iter().map(|(_, record)| record));
        }
    }
    Ok(writeln!(
        human,
        "\n{}",
        meaning::wrapped(&meaning::of_phases(&all, engines.kind()))
    )?)
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
    let part = |part: fn(&Phases) -> Duration| Timed::of(samples.iter().map(part).collect());
    let [write, submit, device] = [
        |p: &Phases| p.write,
        |p: &Phases| p.submit,
        |p: &Phases| p.device,
    ]
    .map(part);
    let [map, copy_out] = [|p: &Phases| p.map, |p: &Phases| p.copy_out].map(part);
    let call = wall(budget, || gpu.compute(f, direction, x, grad, &mut out))?;
    let operands = 1 + u32::from(grad.is_some());
    let memcpy = wall(budget, || {
        out.copy_from_slice(x);
        std::hint::black_box(&mut out);
        Ok(())
    })?;
    let memcpy_in = memcpy * operands;
    Ok(Record {
        op: f.to_string(),
        direction: direction.name(),
        elements: x.len(),
        write_ms: ms(write.median),
        submit_ms: ms(submit.median),
        device_ms: ms(device.median),
        map_ms: ms(map.median),
        copy_out_ms: ms(copy_out.median),
        call_ms: ms(call.median),
        memcpy_in_ms: ms(memcpy_in.median),
        memcpy_out_ms: ms(memcpy.median),
        quartiles_ms: quartiles(&[
            ("write", &write),
            ("submit", &submit),
            ("device", &device),
            ("map", &map),
            ("copy_out", &copy_out),
            ("call", &call),
            ("memcpy_in", &memcpy_in),
            ("memcpy_out", &memcpy),
        ]),
        machine: Machine::default(),
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
    pub fn sum(&self) -> f64 {
        self.write_ms + self.submit_ms + self.device_ms + self.map_ms + self.copy_out_ms
    }

    /// The least that a call over slices could take on this device.
    pub fn least(&self) -> f64 {
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
    Ok(table.write(out)?)
}
