//! `nonlin bench --crossover`: from which length on the GPU is faster.

mod figure;

use super::inputs::{self, Inputs};
use super::measure::wall;
use super::record::{Machine, Quartiles, Records, ms, quartiles};
use super::{Engines, Options, meaning, phases, report};
use crate::failure::Failure;
use crate::number::grouped;
use crate::ops::{Ops, short_name};
use crate::picture::Theme;
use crate::plot::file::Target;
use crate::table::{Align, Table};
use nonlin::cpu::Cpu;
use nonlin::{Chain, Direction, Engine, Gpu};
use serde::Serialize;
use std::io::Write;
use std::time::Duration;

/// One function and length.
#[derive(Clone, Debug, Default, Serialize)]
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
    quartiles_ms: Quartiles,
    #[serde(flatten)]
    machine: Machine,
}

/// A function's name and what was measured of it, by length.
pub type Curve = (String, Vec<Point>);

/// Measures and writes tables, and JSON lines where they are wanted.
pub fn run(
    options: &Options,
    ops: &Ops,
    engines: &Engines,
    human: &mut dyn Write,
    records: &mut Records<'_>,
) -> Result<(), Failure> {
    // Before anything is measured.
    let target = options.svg.as_deref().map(Target::new).transpose()?;
    report::header(engines, options, human)?;
    let gpu = engines.needed_gpu("--crossover")?;
    let cpu = engines.fastest_cpu();
    let mut lengths = options.elements.clone();
    lengths.sort_unstable();
    lengths.dedup();
    let largest = lengths.last().copied().unwrap_or_default();
    let inputs = Inputs::new(largest, options.seed, options.takes_grad())?;
    let machine = Machine::of(engines);
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
                let point = Point {
                    machine: machine.clone(),
                    ..measure(gpu, &cpu, &operands, options.seconds)?
                };
                records.push(&point)?;
                points.push(point);
            }
            let name = format!("{} {direction}", short_name(f));
            table(&name, &points, human)?;
            human.flush()?;
            all.push((name, points));
        }
    }
    summary(&all, human)?;
    writeln!(
        human,
        "\n{}",
        meaning::wrapped(&meaning::of_crossover(&all, engines.kind()))
    )?;
    match target {
        Some(target) => target.write(&figure::figure(&all, engines), Theme::Auto),
        None => Ok(()),
    }
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
    Ok(Point {
        op: f.to_string(),
        direction: direction.name(),
        elements: x.len(),
        cpu_ms: ms(cpu_time.median),
        gpu_call_ms: ms(call.median),
        gpu_resident_ms: ms(resident.median),
        transfer_ms: ms(transfer.median),
        quartiles_ms: quartiles(&[
            ("cpu", &cpu_time),
            ("gpu_call", &call),
            ("gpu_resident", &resident),
            ("transfer", &transfer),
        ]),
        machine: Machine::default(),
    })
}

/// Where data lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data {
    Host,
    Device,
}

/// Both places.
pub const PLACES: [Data; 2] = [Data::Host, Data::Device];

impl Point {
    /// What the CPU takes, with the transfers where data is on the device.
    pub fn cpu_side(&self, data: Data) -> f64 {
        match data {
            Data::Host => self.cpu_ms,
            Data::Device => self.cpu_ms + self.transfer_ms,
        }
    }

    /// What the GPU takes.
    pub fn gpu_side(&self, data: Data) -> f64 {
        match data {
            Data::Host => self.gpu_call_ms,
            Data::Device => self.gpu_resident_ms,
        }
    }

    /// How many times as long as the GPU the CPU takes.
    pub fn ratio(&self, data: Data) -> f64 {
        self.cpu_side(data) / self.gpu_side(data)
    }
}

/// From which length on the GPU is faster, at every length that was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Crossing {
    /// The GPU is faster neither at the shortest nor at the longest.
    Never,
    /// The GPU is faster at all.
    Always,
    /// From there on.
    From(Place),
    /// From the shortest up to there, and not at the longest.
    Until(Place),
}

/// Between two lengths, by the ratio's logarithm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    pub elements: usize,
    /// What both engines take there.
    pub ms: f64,
}

/// Looks for the crossing.
pub fn crossing(points: &[Point], data: Data) -> Crossing {
    let gpu_wins = |point: &Point| point.ratio(data) > 1.0;
    let in_the_end = points.last().is_some_and(gpu_wins);
    // The last change to the GPU, or the first from it: a single win in between is noise.
    let before = if in_the_end {
        points.iter().rposition(|point| !gpu_wins(point))
    } else {
        let loss = points.iter().position(|point| !gpu_wins(point));
        loss.and_then(|i| i.checked_sub(1))
    };
    let Some(pair) = before.and_then(|i| points.get(i..i + 2)) else {
        return if in_the_end {
            Crossing::Always
        } else {
            Crossing::Never
        };
    };
    let (r0, r1) = (pair[0].ratio(data).ln(), pair[1].ratio(data).ln());
    let part = -r0 / (r1 - r0);
    let between = |value: &dyn Fn(&Point) -> f64| {
        let (a, b) = (value(&pair[0]).ln(), value(&pair[1]).ln());
        (a + (b - a) * part).exp()
    };
    let place = Place {
        elements: between(&|point| point.elements as f64).round() as usize,
        ms: between(&|point| point.gpu_side(data)),
    };
    if in_the_end {
        Crossing::From(place)
    } else {
        Crossing::Until(place)
    }
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

/// The lengths from which on the GPU wins.
fn summary(all: &[Curve], out: &mut dyn Write) -> Result<(), Failure> {
    writeln!(out, "\nThe GPU is faster from so many elements on\n")?;
    let mut table = Table::new([
        ("", Align::Left),
        ("data on the host", Align::Right),
        ("data on the GPU", Align::Right),
    ]);
    for (name, points) in all {
        let cells = PLACES.map(|data| match crossing(points, data) {
            Crossing::Never => "never".to_owned(),
            Crossing::Always => "always".to_owned(),
            Crossing::From(place) => grouped(place.elements),
            Crossing::Until(place) => format!("only below {}", grouped(place.elements)),
        });
        table.push(std::iter::once(name.clone()).chain(cells).collect());
    }
    Ok(table.write(out)?)
}

/// Made-up measurements.
#[cfg(test)]
pub fn point(elements: usize, cpu_ms: f64, gpu_call_ms: f64, gpu_resident_ms: f64) -> Point {
    Point {
        elements,
        cpu_ms,
        gpu_call_ms,
        gpu_resident_ms,
        transfer_ms: 0.5 * gpu_call_ms,
        ..Point::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crossing_lies_between_the_last_loss_and_the_wins_after_it() {
        let point = |elements, gpu_ms| point(elements, 1.0, gpu_ms, gpu_ms);
        let points = [
            point(1 << 8, 0.5),
            point(1 << 10, 4.0),
            point(1 << 12, 0.25),
            point(1 << 14, 0.1),
        ];
        let near = |place: Place, elements| {
            assert_eq!(place.elements, elements);
            assert!((place.ms - 1.0).abs() < 1e-9, "{place:?}");
        };
        // Half way by the logarithms.
        match crossing(&points, Data::Host) {
            Crossing::From(place) => near(place, 1 << 11),
            other => panic!("{other:?}"),
        }
        // A third of the way.
        match crossing(&points[..2], Data::Host) {
            Crossing::Until(place) => near(place, 406),
            other => panic!("{other:?}"),
        }
        assert_eq!(crossing(&points[1..2], Data::Host), Crossing::Never);
        let noise = [point(1, 2.0), point(2, 0.5), point(4, 2.0)];
        assert_eq!(crossing(&noise, Data::Host), Crossing::Never);
        assert_eq!(crossing(&points[2..], Data::Device), Crossing::Always);
        assert_eq!(crossing(&[], Data::Host), Crossing::Never);
    }
}
