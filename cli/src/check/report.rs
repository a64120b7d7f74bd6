//! What a check found, as a table and as JSON.

use super::subject::Subject;
use super::tally::{Tally, Witness};
use super::{Job, Row};
use crate::failure::Failure;
use crate::number::{grouped, shortest};
use crate::ops::short_name;
use crate::table::{Align, Table};
use nonlin::Activation;
use serde::Serialize;
use std::io::{self, Write};

impl Row {
    /// A sentence for each subject that breaks the bound.
    pub fn complaints(&self, subjects: &[Subject]) -> Vec<String> {
        let Job {
            f,
            direction,
            bound,
        } = &self.job;
        let tallies = subjects.iter().zip(&self.counts.tallies).enumerate();
        tallies
            .filter(|(_, (_, tally))| tally.breaks(*bound))
            .map(|(i, (subject, tally))| {
                let f = self.others.as_ref().map_or(f, |others| &others.worst[i]);
                let mut text = format!("{f} {direction} on {}:", subject.name);
                if tally.max_ulp > *bound {
                    text += &format!(" {} ULP where {bound} are allowed", ulp(tally.max_ulp));
                    text += &place(tally.worst);
                }
                let mistakes = tally.nan + tally.infinity;
                if mistakes > 0 {
                    text += &format!(" {mistakes} wrong NaN or infinities");
                    text += &place(tally.mistake);
                }
                text
            })
            .collect()
    }
}

fn place(witness: Option<Witness>) -> String {
    witness.map_or_else(String::new, |w| {
        format!(
            ", at {}: {} instead of {}",
            shortest(w.x()),
            shortest(w.got()),
            shortest(w.want())
        )
    })
}

/// As many digits as tell errors apart.
pub fn ulp(error: f64) -> String {
    if error >= 1e4 {
        return format!("{error:.1e}");
    }
    let text = format!("{error:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A line for each function, direction and subject, and one for the textbook formula.
pub fn write_table(rows: &[Row], subjects: &[Subject], out: &mut dyn Write) -> io::Result<()> {
    use Align::{Left, Right};
    for subject in subjects {
        writeln!(out, "{}: {}", subject.name, subject.description)?;
    }
    let mut table = Table::new([
        ("function", Left),
        ("direction", Left),
        ("engine", Left),
        ("inputs", Right),
        ("bound", Right),
        ("max ULP", Right),
        ("at", Right),
        ("got", Right),
        ("want", Right),
        ("> 1", Right),
        ("> 2", Right),
        ("> 4", Right),
        ("NaN", Right),
        ("inf", Right),
        ("flushed", Right),
        ("", Left),
    ]);
    let count = |n: u64| grouped(n as usize);
    for row in rows {
        let mut push = |engine: String, tally: &Tally, bound: Option<f64>, remark: String| {
            let shown = tally.worst.or(tally.mistake);
            let number = |part: fn(Witness) -> f32| {
                shown.map_or_else(String::new, |witness| shortest(part(witness)))
            };
            // A textbook formula is not counted by levels.
            let level = |i: usize| bound.map_or_else(String::new, |_| count(tally.above[i]));
            table.push(vec![
                match &row.others {
                    Some(others) => format!("{}, {} others", row.job.f.id(), others.sets),
                    None => short_name(&row.job.f),
                },
                row.job.direction.to_string(),
                engine,
                count(tally.inputs),
                bound.map_or_else(String::new, |bound| bound.to_string()),
                ulp(tally.max_ulp),
                number(Witness::x),
                number(Witness::got),
                number(Witness::want),
                level(0),
                level(1),
                level(2),
                count(tally.nan),
                count(tally.infinity),
                count(tally.flushed),
                remark,
            ]);
        };
        for (i, (subject, tally)) in subjects.iter().zip(&row.counts.tallies).enumerate() {
            let mut remark = String::new();
            if tally.breaks(row.job.bound) {
                remark += "BROKEN";
            }
            if let Some(others) = row.others.as_ref().filter(|_| tally.worst.is_some()) {
                let gap = if remark.is_empty() { "" } else { ", " };
                remark += &format!("{gap}{}", others.worst[i]);
            }
            push(subject.name.clone(), tally, Some(row.job.bound), remark);
        }
        if let Some(tally) = &row.counts.naive {
            push("naive formula".to_owned(), tally, None, String::new());
        }
    }
    table.write(out)
}

/// One function, direction and engine.
#[derive(Serialize)]
struct Record<'a> {
    id: &'static str,
    /// With its parameters; where there are several sets, the worst.
    op: String,
    /// Number of sets of parameters other than the standard one that this line sums up; `null` where it is about `op` alone.
    parameter_sets: Option<usize>,
    direction: &'static str,
    /// `cpu`, `gpu`, or `naive` for the textbook formula.
    engine: &'static str,
    /// The engine in words, with its version.
    description: &'a str,
    inputs: u64,
    /// `null` for the textbook formula, which has none; so are the counts by levels.
    bound_ulp: Option<f64>,
    max_ulp: f64,
    /// `null` where every result is right, and where it is no number; so are the next two.
    max_ulp_at: Option<f32>,
    got: Option<f32>,
    want: Option<f32>,
    above_1_ulp: Option<u64>,
    above_2_ulp: Option<u64>,
    above_4_ulp: Option<u64>,
    nan_mistakes: u64,
    infinity_mistakes: u64,
    /// One of these mistakes, as text.
    mistake_at: Option<String>,
    flushed_subnormals: u64,
    broken: bool,
    version: &'static str,
}

/// Writes a line for each subject, and one for the textbook formula.
pub fn write_json(row: &Row, subjects: &[Subject], out: &mut dyn Write) -> Result<(), Failure> {
    let Row {
        job,
        counts,
        others,
    } = row;
    let record = |engine, description, tally: &Tally, f: &Activation, bound: Option<f64>| {
        let level = |i: usize| bound.map(|_| tally.above[i]);
        let record = Record {
            id: job.f.id(),
            op: f.to_string(),
            parameter_sets: others.as_ref().map(|others| others.sets),
            direction: job.direction.name(),
            engine,
            description,
            inputs: tally.inputs,
            bound_ulp: bound,
            max_ulp: tally.max_ulp,
            max_ulp_at: tally.worst.map(Witness::x),
            got: tally.worst.map(Witness::got),
            want: tally.worst.map(Witness::want),
            above_1_ulp: level(0),
            above_2_ulp: level(1),
            above_4_ulp: level(2),
            nan_mistakes: tally.nan,
            infinity_mistakes: tally.infinity,
            mistake_at: tally.mistake.map(|mistake| shortest(mistake.x())),
            flushed_subnormals: tally.flushed,
            broken: bound.is_some_and(|bound| tally.breaks(bound)),
            version: env!("CARGO_PKG_VERSION"),
        };
        serde_json::to_string(&record)
    };
    for (i, (subject, tally)) in subjects.iter().zip(&counts.tallies).enumerate() {
        let f = others.as_ref().map_or(&job.f, |others| &others.worst[i]);
        let (kind, description) = (subject.kind, subject.description.as_str());
        let line = record(kind, description, tally, f, Some(job.bound))?;
        writeln!(out, "{line}")?;
    }
    let first = subjects.iter().find(|subject| subject.as_gpu().is_some());
    if let (Some(tally), Some(subject)) = (&counts.naive, first) {
        let line = record("naive", &subject.description, tally, &job.f, None)?;
        writeln!(out, "{line}")?;
    }
    // A long run can be watched.
    Ok(out.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_as_many_digits_as_count() {
        for (error, text) in [(0.0, "0"), (1.5, "1.5"), (2.126, "2.13"), (3e9, "3.0e9")] {
            assert_eq!(ulp(error), text);
        }
    }
}
