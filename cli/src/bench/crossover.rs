//! `nonlin bench --crossover`: from which length on the GPU is faster.

use super::inputs::{self, Inputs};
use super::measure::wall;
use super::{Engines, Options, phases, report};
use crate::failure::Failure;
use crate::number::grouped;
use crate::ops::{Ops, short_name};
use crate::table::{Align, Table};
use nonlin::cpu::Cpu;
use nonlin::{Chain, Direction, Engine, Gpu};
use serde::Serialize;
use std::io::Write;
use std::time::Duration;

/// One function and length.
#[derive(Clone, Debug, Serialize)]
pub struct Point {
    op: String,
    direction: &'static str,
    pub elements: usize,
    /// The CPU engine on all threads, data in host memory.
    pub cpu_ms: f64,
    /// The GPU, one call from host memory to host memory.
    pub gpu_call_ms: f64,
    /// The GPU, one call over tensors and the wait for it.
    pub gpu_resident_ms: f64,
    /// The operands from the device, the result to it: what the CPU engine needs beside where data is on the device.
    pub transfer_ms: f64,
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
    let gpu = engines.needed_gpu("--crossover")?;
    let cpu = engines.fastest_cpu();
    let mut lengths = options.elements.clone();
    lengths.sort_unstable();
    lengths.dedup();
    let largest = lengths.last().copied().unwrap_or_default();
    let inputs = Inputs::new(largest, options.seed, options.takes_grad())?;
    let mut all = Vec::new();
    for &direction in &options.direction {
        for f in &ops.functions {
            if direction.from_output() && !super::has_derivative_from_output(f) {
                continue;
            }
            let mut points = Vec::new();
            for &elements in &lengths {
                let operands = Operands {
                    f,
                    direction,
                    x: inputs.x(elements),
                    grad: direction.takes_grad().then(|| inputs.grad(elements)),
                };
                let point = measure(gpu, &cpu, &operands, options.seconds)?;
                if let Some(json) = json.as_deref_mut() {
                    serde_json::to_writer(&mut *json, &point)?;
                    writeln!(json)?;
                }
                points.push(point);
            }
            let name = format!("{} {direction}", short_name(f));
            table(&name, &points, human)?;
            human.flush()?;
            all.push((name, points));
        }
    }
    summary(&all, human)
}

struct Operands<'a> {
    f: &'a Chain<'static>,
    direction: Direction,
    x: &'a [f32],
    grad: Option<&'a [f32]>,
}

fn measure(
    gpu: &Gpu,
    cpu: &Cpu,
    operands: &Operands<'_>,
    budget: Duration,
) -> Result<Point, Failure> {
    let Operands {
        f,
        direction,
        x,
        grad,
    } = *operands;
    gpu.compile(f, direction)?;
    let x_tensor = gpu.upload(x)?;
    let grad_tensor = grad.map(|grad| gpu.upload(grad)).transpose()?;
    let out_tensor = gpu.empty(x.len())?;
    let (mut out, mut on_gpu) = (inputs::zeros(x.len())?, inputs::zeros(x.len())?);
    let cpu_time = wall(budget, || cpu.compute(f, direction, x, grad, &mut out))?;
    let call = wall(budget, || gpu.compute(f, direction, x, grad, &mut on_gpu))?;
    let resident = wall(budget, || {
        phases::submit(
            gpu,
            f,
            direction,
            &x_tensor,
            grad_tensor.as_ref(),
            &out_tensor,
        )?;
        gpu.wait()
    })?;
    let transfer = wall(budget, || {
        for tensor in std::iter::once(&x_tensor).chain(&grad_tensor) {
            tensor.download_into(&mut on_gpu)?;
        }
        gpu.upload_into(&out, &out_tensor)
    })?;
    let ms = super::record::ms;
    Ok(Point {
        op: f.to_string(),
        direction: direction.name(),
        elements: x.len(),
        cpu_ms: ms(cpu_time),
        gpu_call_ms: ms(call),
        gpu_resident_ms: ms(resident),
        transfer_ms: ms(transfer),
    })
}

/// Where data lies.
#[derive(Clone, Copy)]
enum Data {
    Host,
    Device,
}

impl Point {
    /// How many times as long as the GPU the CPU takes.
    fn ratio(&self, data: Data) -> f64 {
        match data {
            Data::Host => self.cpu_ms / self.gpu_call_ms,
            Data::Device => (self.cpu_ms + self.transfer_ms) / self.gpu_resident_ms,
        }
    }
}

/// The length from which on the GPU is faster at every length that was measured, between two of them by the ratio's logarithm.
fn crossing(points: &[Point], data: Data) -> Option<usize> {
    let slower = points.iter().rposition(|point| point.ratio(data) <= 1.0);
    let Some(slower) = slower else {
        return points.first().map(|point| point.elements);
    };
    let (before, after) = (&points[slower], points.get(slower + 1)?);
    let log = |point: &Point| ((point.elements as f64).ln(), point.ratio(data).ln());
    let ((n0, r0), (n1, r1)) = (log(before), log(after));
    Some((n0 + (n1 - n0) * (-r0 / (r1 - r0))).exp().round() as usize)
}

fn table(name: &str, points: &[Point], out: &mut dyn Write) -> Result<(), Failure> {
    writeln!(out, "\n{name}, ms\n")?;
    let mut table = Table::new([
        ("\nelements", Align::Right),
        ("CPU\n", Align::Right),
        ("GPU, one call\nfrom host to host", Align::Right),
        ("GPU, data\nthere already", Align::Right),
        ("data on\nthe host", Align::Right),
        ("data on\nthe GPU", Align::Right),
    ]);
    for point in points {
        table.push(vec![
            grouped(point.elements),
            format!("{:.4}", point.cpu_ms),
            format!("{:.4}", point.gpu_call_ms),
            format!("{:.4}", point.gpu_resident_ms),
            report::winner_by(point.ratio(Data::Host)),
            report::winner_by(point.ratio(Data::Device)),
        ]);
    }
    Ok(table.write(out)?)
}

/// The lengths from which on the GPU wins, and what that means.
fn summary(all: &[(String, Vec<Point>)], out: &mut dyn Write) -> Result<(), Failure> {
    writeln!(out, "\nThe GPU is faster from so many elements on\n")?;
    let mut table = Table::new([
        ("", Align::Left),
        ("data on the host", Align::Right),
        ("data on the GPU", Align::Right),
    ]);
    let mut won = [0; 2];
    for (name, points) in all {
        let mut cells = vec![name.clone()];
        for (data, won) in [Data::Host, Data::Device].into_iter().zip(&mut won) {
            let crossing = crossing(points, data);
            *won += usize::from(crossing.is_some());
            cells.push(crossing.map_or_else(|| "never".to_owned(), grouped));
        }
        table.push(cells);
    }
    table.write(out)?;
    let of = all.len();
    let [host, device] = won;
    let advice = match (host, device) {
        (0, 0) => {
            "Use the CPU engine: on this machine the adapter wins nothing, wherever the data is."
        }
        (0, _) => {
            "Use the GPU where the data is there already or stays there for the next step, from the lengths above on; where it is in host memory, \
             sending it there and back costs more than computing it."
        }
        _ => {
            "Use the GPU from the lengths above on, also for data in host memory; below them the call's own cost counts more than the work."
        }
    };
    writeln!(
        out,
        "\nOf {of} rows the GPU wins {host} with data on the host and {device} with data on the GPU, at the longest lengths measured. {advice}"
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(elements: usize, cpu_ms: f64, gpu_ms: f64) -> Point {
        Point {
            op: "relu".to_owned(),
            direction: "forward",
            elements,
            cpu_ms,
            gpu_call_ms: gpu_ms,
            gpu_resident_ms: gpu_ms,
            transfer_ms: 0.0,
        }
    }

    #[test]
    fn the_crossing_lies_between_the_last_loss_and_the_wins_after_it() {
        let points = [
            point(1 << 8, 1.0, 0.5),
            point(1 << 10, 1.0, 4.0),
            point(1 << 12, 1.0, 0.25),
            point(1 << 14, 1.0, 0.1),
        ];
        // Half way by the logarithms.
        assert_eq!(crossing(&points, Data::Host), Some(1 << 11));
        assert_eq!(crossing(&points[..2], Data::Host), None);
        assert_eq!(crossing(&points[2..], Data::Device), Some(1 << 12));
    }
}
