//! The measurements as text for people.

use super::meaning::Facts;
use super::measure::{GpuTimes, Timed};
use super::{Engines, Options, Row, machine};
use crate::number::{bytes, grouped, milliseconds};
use crate::ops;
use crate::table::{Align, Table};
use nonlin::Direction;
use nonlin::gpu::Clock;
use std::io::{self, Write};
use std::time::Duration;

impl Row {
    /// Operands read and result written, in 10⁹ bytes a second.
    pub fn gb_per_s(&self, time: Duration) -> f64 {
        (self.elements * self.direction.bytes_per_element()) as f64 / time.as_nanos().max(1) as f64
    }

    /// The throughput in percent of the copy kernel's, which moves two numbers an element.
    pub fn percent_of_copy(&self, times: &GpuTimes) -> f64 {
        let copied = (self.elements * 8) as f64 / times.copy.median.as_nanos().max(1) as f64;
        100.0 * self.gb_per_s(times.compute.median) / copied
    }

    /// Time of the fastest CPU engine.
    fn best_cpu(&self) -> Option<Duration> {
        self.cpus.iter().map(|(time, _)| time.median).min()
    }

    /// How many times as long as the GPU the CPU takes, where operands and result are in host memory.
    fn ratio_on_host(&self) -> Option<f64> {
        let (times, _) = self.gpu.as_ref()?;
        Some(ratio(self.best_cpu()?, times.total.median))
    }

    /// The same where they are on the device: the CPU has to fetch every operand and to bring the result back.
    fn ratio_on_device(&self) -> Option<f64> {
        let (times, _) = self.gpu.as_ref()?;
        let operands = if self.direction.takes_grad() { 2 } else { 1 };
        let there_and_back = times.download.median * operands + times.upload_of_one(operands);
        Some(ratio(
            self.best_cpu()? + there_and_back,
            times.compute.median,
        ))
    }

    /// What the closing words are made of.
    pub fn facts(&self) -> Facts {
        let times = self.gpu.as_ref().map(|(times, _)| times);
        let moved = |times: &GpuTimes| times.upload.median + times.download.median;
        let alone = self.cpus.first().filter(|_| self.cpus.len() > 1);
        Facts {
            elements: self.elements,
            gb_per_s: self.best_cpu().map(|time| self.gb_per_s(time)),
            threads: alone
                .zip(self.cpus.last())
                .map(|((alone, _), (all, _))| ratio(alone.median, all.median)),
            host: self.ratio_on_host(),
            device: self.ratio_on_device(),
            moved: times.map(|times| ratio(moved(times), times.compute.median)),
        }
    }
}

fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64().max(1e-12)
}

/// Who is faster where the CPU takes so many times as long as the GPU.
pub fn winner_by(ratio: f64) -> String {
    if ratio > 1.0 {
        format!("GPU {ratio:.1}×")
    } else {
        format!("CPU {:.1}×", 1.0 / ratio)
    }
}

/// What is measured, and on what.
pub fn header(engines: &Engines, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let sizes: Vec<String> = options.elements.iter().map(|&n| grouped(n)).collect();
    writeln!(
        out,
        "nonlin {}: {} standard-normal f32, seed {}; medians of {} s or at least 5 repetitions after a warm-up",
        env!("CARGO_PKG_VERSION"),
        sizes.join(" and "),
        options.seed,
        options.seconds.as_secs_f64(),
    )?;
    writeln!(out, "CPU  {}", cpu(engines))?;
    if let Some(gpu) = &engines.gpu {
        writeln!(out, "GPU  {}", gpu.info())?;
        if gpu.info().software {
            writeln!(
                out,
                "     This is a SOFTWARE adapter: it computes on the CPU. Its times say nothing about a real GPU."
            )?;
        }
    }
    if let Some(reason) = &engines.no_gpu {
        writeln!(out, "GPU  none: {reason}")?;
    }
    Ok(())
}

/// The processor, and how it is used.
pub fn cpu(engines: &Engines) -> String {
    let timed = match (engines.cpus.first(), engines.cpus.last()) {
        (Some(first), Some(last)) => match last.threads() {
            1 => format!("{}, 1 thread", first.isa().name()),
            n => format!("{}, 1 and {n} threads", first.isa().name()),
        },
        _ => "not timed".to_owned(),
    };
    format!("{}, {timed}", machine::processor())
}

/// One column: its heading, where its text stands, and the text of a row.
type Column<'a> = (String, Align, Box<dyn Fn(&Row) -> Option<String> + 'a>);

/// The rows of one direction and size.
pub fn table(
    rows: &[Row],
    direction: Direction,
    elements: usize,
    engines: &Engines,
    out: &mut dyn Write,
) -> io::Result<()> {
    let size = bytes((elements as u64).saturating_mul(4));
    writeln!(
        out,
        "\n{direction}, {} elements ({size})\n",
        grouped(elements)
    )?;
    if rows.is_empty() {
        return writeln!(
            out,
            "None of the functions has its derivative from its output."
        );
    }
    let columns = columns(engines);
    let header = columns
        .iter()
        .map(|(heading, align, _)| (heading.as_str(), *align));
    let mut table = Table::new(header);
    for row in rows {
        let cells = columns
            .iter()
            .map(|(_, _, text)| text(row).unwrap_or_default());
        table.push(cells.collect());
    }
    table.write(out)
}

fn columns(engines: &Engines) -> Vec<Column<'_>> {
    use Align::{Left, Right};
    let mut columns: Vec<Column<'_>> = vec![(
        "\nactivation".to_owned(),
        Left,
        Box::new(|row| Some(ops::short_name(&row.f))),
    )];
    for (i, cpu) in engines.cpus.iter().enumerate() {
        let heading = match cpu.threads() {
            1 => "CPU ms\n1 thread".to_owned(),
            n => format!("CPU ms\n{n} threads"),
        };
        let text = move |row: &Row| Some(milliseconds(row.cpus.get(i)?.0.median));
        columns.push((heading, Right, Box::new(text)));
    }
    if engines.gpu.is_some() {
        type Part = fn(&GpuTimes) -> Timed;
        let parts: [(&str, Part); 4] = [
            ("GPU ms\nupload", |times| times.upload),
            ("GPU ms\ncompute", |times| times.compute),
            ("GPU ms\ndownload", |times| times.download),
            ("GPU ms\ntotal", |times| times.total),
        ];
        for (heading, part) in parts {
            let text = move |row: &Row| Some(milliseconds(part(&row.gpu.as_ref()?.0).median));
            columns.push((heading.to_owned(), Right, Box::new(text)));
        }
        columns.push((
            "compute\nGB/s".to_owned(),
            Right,
            Box::new(|row| {
                let times = &row.gpu.as_ref()?.0;
                Some(format!("{:.1}", row.gb_per_s(times.compute.median)))
            }),
        ));
        columns.push((
            "of a\ncopy".to_owned(),
            Right,
            Box::new(|row| {
                let times = &row.gpu.as_ref()?.0;
                Some(format!("{:.0}%", row.percent_of_copy(times)))
            }),
        ));
    } else {
        columns.push((
            "best\nGB/s".to_owned(),
            Right,
            Box::new(|row| Some(format!("{:.1}", row.gb_per_s(row.best_cpu()?)))),
        ));
    }
    columns.push((
        "max\nULP".to_owned(),
        Right,
        Box::new(|row| Some(format!("{:.1}", row.worst()?.0.ulp))),
    ));
    if engines.gpu.is_some() && !engines.cpus.is_empty() {
        columns.push((
            "data on\nthe host".to_owned(),
            Right,
            Box::new(|row| row.ratio_on_host().map(winner_by)),
        ));
        columns.push((
            "data on\nthe GPU".to_owned(),
            Right,
            Box::new(|row| row.ratio_on_device().map(winner_by)),
        ));
    }
    columns
}

/// What the rows add up to.
#[derive(Default)]
pub struct Totals {
    compiled: u32,
    compile: Duration,
    longest_compile: Duration,
    clocks: Vec<Clock>,
}

impl Totals {
    /// Counts a row.
    pub fn add(&mut self, row: &Row) {
        if row.compile > Duration::ZERO {
            self.compiled += 1;
            self.compile += row.compile;
            self.longest_compile = self.longest_compile.max(row.compile);
        }
        let clock = row.gpu.as_ref().map(|(times, _)| times.clock);
        if clock.is_some_and(|clock| !self.clocks.contains(&clock)) {
            self.clocks.extend(clock);
        }
    }
}

/// How to read the tables.
pub fn footer(
    engines: &Engines,
    totals: &Totals,
    chains: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut lines = vec![
        "max ULP: the largest error of all engines against the f64 reference, looked for before anything is timed.".to_owned(),
    ];
    if chains {
        lines.push("A chain has no bound of its own: each result is held to what the bounds of the steps allow for its input, and max ULP is that of the result which comes nearest to it.".to_owned());
    }
    if engines.gpu.is_some() {
        let clocks: Vec<String> = totals
            .clocks
            .iter()
            .map(|clock| match clock {
                Clock::Timestamps => "timestamps of the device".to_owned(),
                Clock::Wall => {
                    "the wall time of a batch, as the adapter's timestamps are not usable"
                        .to_owned()
                }
            })
            .collect();
        lines.push(format!(
            "compute: by {}. total: one call, from host memory to host memory.",
            clocks.join(" or ")
        ));
        if !engines.cpus.is_empty() {
            lines.push("data on the host: the faster CPU column against total. data on the GPU: compute against the CPU with a download and an upload.".to_owned());
        }
        lines.push(format!(
            "Compiling {} kernels took {} ms, the longest {} ms; no time above contains it.",
            totals.compiled,
            milliseconds(totals.compile),
            milliseconds(totals.longest_compile)
        ));
    }
    writeln!(out, "\n{}", lines.join("\n"))
}
