//! What a check found, as a table, as Markdown and as JSON.

use super::exhaustive::Range;
use super::subject::Subject;
use super::tally::{Tally, Witness};
use super::{Job, Row};
use crate::failure::Failure;
use crate::number::{grouped, shortest};
use crate::ops::short_name;
use crate::table::{Align, Table};
use nonlin::{Direction, Family};
use serde::Serialize;
use std::io::{self, Write};
use std::time::{SystemTime, UNIX_EPOCH};

impl Row {
    /// A sentence for each subject that breaks the bound.
    pub fn complaints(&self, subjects: &[Subject]) -> Vec<String> {
        let Job {
            f,
            direction,
            bound,
        } = &self.job;
        let broken = subjects.iter().zip(&self.tallies);
        broken
            .filter(|(_, tally)| tally.breaks(*bound))
            .map(|(subject, tally)| {
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
fn ulp(error: f64) -> String {
    if error >= 1e4 {
        return format!("{error:.1e}");
    }
    let text = format!("{error:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A line for each function, direction and subject.
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
        for (subject, tally) in subjects.iter().zip(&row.tallies) {
            let shown = tally.worst.or(tally.mistake);
            let number = |part: fn(Witness) -> f32| {
                shown.map_or_else(String::new, |witness| shortest(part(witness)))
            };
            table.push(vec![
                short_name(&row.job.f),
                row.job.direction.to_string(),
                subject.name.clone(),
                count(tally.inputs),
                row.job.bound.to_string(),
                ulp(tally.max_ulp),
                number(Witness::x),
                number(Witness::got),
                number(Witness::want),
                count(tally.above[0]),
                count(tally.above[1]),
                count(tally.above[2]),
                count(tally.nan),
                count(tally.infinity),
                count(tally.flushed),
                if tally.breaks(row.job.bound) {
                    "BROKEN"
                } else {
                    ""
                }
                .to_owned(),
            ]);
        }
    }
    table.write(out)
}

/// The page `docs/accuracy.md`.
pub fn write_markdown(
    rows: &[Row],
    subjects: &[Subject],
    range: Option<&Range>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    writeln!(out, "# Accuracy\n")?;
    writeln!(
        out,
        "Written on {} by `nonlin {}`, version {}.\n",
        today(),
        arguments.join(" "),
        env!("CARGO_PKG_VERSION")
    )?;
    let inputs = match range {
        Some(range) if range.inputs() == 1 << 32 => "all 2^32 f32 inputs".to_owned(),
        Some(range) => format!("{} f32 inputs", grouped(range.inputs() as usize)),
        None => "a sample of the f32 inputs".to_owned(),
    };
    writeln!(
        out,
        "Largest error over {inputs}, and the input where it is reached. An error is the distance from the correctly rounded \
         result in units in the last place (ULP) of f32, never below 2^-149. NaN and infinities have to be where they belong. \
         A subnormal that an adapter flushes to zero is no error.\n"
    )?;
    for subject in subjects {
        writeln!(out, "- **{}**: {}", subject.name, subject.description)?;
    }
    let mut families: Vec<Family> = Vec::new();
    for row in rows {
        let family = row.job.f.metadata().family;
        if !families.contains(&family) {
            families.push(family);
        }
    }
    for family in families {
        writeln!(out, "\n## {}\n", capitalised(family.name()))?;
        let mut header = vec![
            ("function", Align::Left),
            ("", Align::Left),
            ("bound", Align::Right),
        ];
        header.extend(subjects.iter().map(|s| (s.name.as_str(), Align::Right)));
        let mut table = Table::new(header);
        let of_family = |row: &&Row| row.job.f.metadata().family == family;
        for row in rows.iter().filter(of_family) {
            let Job {
                f,
                direction,
                bound,
            } = &row.job;
            let mut cells = vec![
                format!("`{}`", short_name(f)),
                match direction {
                    Direction::DerivativeFromOutput => "derivative from the output".to_owned(),
                    _ => direction.to_string(),
                },
                bound.to_string(),
            ];
            cells.extend(row.tallies.iter().map(|tally| cell(tally, *bound)));
            table.push(cells);
        }
        table.write_markdown(out)?;
    }
    Ok(())
}

fn cell(tally: &Tally, bound: f64) -> String {
    let mut text = ulp(tally.max_ulp);
    if let Some(worst) = tally.worst {
        text += &format!(" at {}", shortest(worst.x()));
    }
    let mistakes = tally.nan + tally.infinity;
    if mistakes > 0 {
        text += &format!(", {mistakes} wrong NaN or infinities");
    }
    if tally.breaks(bound) {
        text = format!("**{text}**");
    }
    text
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

/// The date in UTC, as 2024-02-29.
fn today() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    date(now.map_or(0, |since| since.as_secs() / 86_400))
}

/// The date so many days after 1970-01-01, in the calendar of 400 years of 146,097 days that begin in March.
fn date(days: u64) -> String {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = era * 400 + year + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// One function, direction and engine.
#[derive(Serialize)]
struct Record<'a> {
    op: String,
    direction: &'static str,
    /// `cpu` or `gpu`.
    engine: &'static str,
    /// The engine in words, with its version.
    description: &'a str,
    inputs: u64,
    bound_ulp: f64,
    max_ulp: f64,
    /// `null` where every result is right, and where it is no number; so are the next two.
    max_ulp_at: Option<f32>,
    got: Option<f32>,
    want: Option<f32>,
    above_1_ulp: u64,
    above_2_ulp: u64,
    above_4_ulp: u64,
    nan_mistakes: u64,
    infinity_mistakes: u64,
    /// The first of these mistakes, as text.
    mistake_at: Option<String>,
    flushed_subnormals: u64,
    broken: bool,
    version: &'static str,
}

/// Writes a line for each subject.
pub fn write_json(row: &Row, subjects: &[Subject], out: &mut dyn Write) -> Result<(), Failure> {
    for (subject, tally) in subjects.iter().zip(&row.tallies) {
        let record = Record {
            op: row.job.f.to_string(),
            direction: row.job.direction.name(),
            engine: subject.kind,
            description: &subject.description,
            inputs: tally.inputs,
            bound_ulp: row.job.bound,
            max_ulp: tally.max_ulp,
            max_ulp_at: tally.worst.map(Witness::x),
            got: tally.worst.map(Witness::got),
            want: tally.worst.map(Witness::want),
            above_1_ulp: tally.above[0],
            above_2_ulp: tally.above[1],
            above_4_ulp: tally.above[2],
            nan_mistakes: tally.nan,
            infinity_mistakes: tally.infinity,
            mistake_at: tally.mistake.map(|mistake| shortest(mistake.x())),
            flushed_subnormals: tally.flushed,
            broken: tally.breaks(row.job.bound),
            version: env!("CARGO_PKG_VERSION"),
        };
        serde_json::to_writer(&mut *out, &record)?;
        writeln!(out)?;
    }
    // A long run can be watched.
    Ok(out.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_follow_the_calendar() {
        for (days, text) in [
            (0, "1970-01-01"),
            (59, "1970-03-01"),
            (11_016, "2000-02-29"),
            (11_017, "2000-03-01"),
            (19_722, "2023-12-31"),
            (19_782, "2024-02-29"),
        ] {
            assert_eq!(date(days), text);
        }
    }

    #[test]
    fn errors_have_as_many_digits_as_count() {
        for (error, text) in [(0.0, "0"), (1.5, "1.5"), (2.126, "2.13"), (3e9, "3.0e9")] {
            assert_eq!(ulp(error), text);
        }
    }
}
