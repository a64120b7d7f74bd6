//! What a check found, as a table, as Markdown and as JSON.

use super::exhaustive::Range;
use super::subject::Subject;
use super::tally::{LOST, Tally, Witness};
use super::{Job, Row};
use crate::failure::Failure;
use crate::number::{grouped, shortest};
use crate::ops::short_name;
use crate::table::{Align, Table};
use nonlin::{Activation, Direction, Family};
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
fn ulp(error: f64) -> String {
    if error >= 1e4 {
        return format!("{error:.1e}");
    }
    let text = format!("{error:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The error of a textbook formula, for people: the worst that there is to say, and the input.
fn plain(tally: &Tally) -> String {
    if let Some(witness) = tally.nan_of_finite {
        return format!("NaN at {}", shortest(witness.x()));
    }
    let error = tally.max_ulp;
    let mut text = if error >= LOST {
        "lost".to_owned()
    } else if error >= 1e6 {
        "> 10^6".to_owned()
    } else if error >= 100.0 {
        grouped(error.round() as usize)
    } else {
        ulp(error)
    };
    if let Some(worst) = tally.lost.or(tally.worst) {
        text += &format!(" at {}", shortest(worst.x()));
    }
    if let Some(mistake) = tally.mistake {
        let (x, got) = (shortest(mistake.x()), shortest(mistake.got()));
        text += &format!(", {got} at {x}");
    }
    text
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

/// The page `docs/accuracy.md`.
pub fn write_markdown(
    rows: &[Row],
    subjects: &[Subject],
    range: Option<&Range>,
    out: &mut dyn Write,
) -> io::Result<()> {
    write_head(rows, subjects, range, out)?;
    let with_naive = rows.iter().any(|row| row.counts.naive.is_some());
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
        if with_naive {
            header.push(("naive formula", Align::Right));
        }
        let mut table = Table::new(header);
        let of_family = |row: &&Row| row.job.f.metadata().family == family;
        for row in rows.iter().filter(of_family) {
            let Job {
                f,
                direction,
                bound,
            } = &row.job;
            let mut what = match direction {
                Direction::DerivativeFromOutput => "derivative from the output".to_owned(),
                _ => direction.to_string(),
            };
            if let Some(others) = &row.others {
                what += &format!(", worst of {} other parameters", others.sets);
            }
            let mut cells = vec![format!("`{}`", short_name(f)), what, bound.to_string()];
            for (i, tally) in row.counts.tallies.iter().enumerate() {
                let others = row.others.as_ref().filter(|_| tally.worst.is_some());
                cells.push(cell(tally, *bound, others.map(|others| &others.worst[i])));
            }
            if with_naive {
                cells.push(row.counts.naive.as_ref().map_or_else(String::new, plain));
            }
            table.push(cells);
        }
        table.write_markdown(out)?;
    }
    Ok(())
}

/// What was run, on what, and how to run it again.
fn write_head(
    rows: &[Row],
    subjects: &[Subject],
    range: Option<&Range>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let command = format!("cargo run --release -- {}", arguments.join(" "));
    let inputs = match range {
        Some(range) if range.inputs() == 1 << 32 => "every one of the 2^32 f32 inputs".to_owned(),
        Some(range) => format!("{} f32 inputs", grouped(range.inputs() as usize)),
        None => "a sample of the f32 inputs".to_owned(),
    };
    let (version, today) = (env!("CARGO_PKG_VERSION"), today());
    let system = format!("{} on {}", std::env::consts::OS, std::env::consts::ARCH);
    writeln!(out, "# Accuracy\n")?;
    writeln!(
        out,
        "The largest error over {inputs}, of nonlin {version} on {today} ({system}), and an input where it is reached, on:\n"
    )?;
    for subject in subjects {
        writeln!(out, "- **{}**: {}", subject.name, subject.description)?;
    }
    writeln!(
        out,
        "\nThis page is what this prints:\n\n```sh\n{command}\n```\n"
    )?;
    writeln!(
        out,
        "An error is the distance from the correctly rounded result in units in the last place (ULP) of f32, never below 2^-149. \
         NaN and infinities have to be where they belong. A subnormal that an adapter flushes to zero is no error. The bound is \
         what the catalogue states."
    )?;
    if rows.iter().any(|row| row.others.is_some()) {
        writeln!(
            out,
            "\nRows with other parameters are over a sample of at least 262,144 inputs for each set, the edges of the parameters' \
             ranges among the sets; the worst set stands beside its error."
        )?;
    }
    let first = subjects.iter().find(|subject| subject.as_gpu().is_some());
    if let Some(subject) = first.filter(|_| rows.iter().any(|row| row.counts.naive.is_some())) {
        writeln!(
            out,
            "\nThe naive formula is the textbook's, on WGSL's own `exp`, `tanh`, `log` and `sqrt` (`cli/shaders/naive/`), on \
             {}, over the same inputs and by the same rule. **lost**: no digit is right. **NaN**: for a finite input.",
            subject.name
        )?;
    }
    Ok(())
}

/// An error with its input, and with the parameters where they are not the row's own.
fn cell(tally: &Tally, bound: f64, f: Option<&Activation>) -> String {
    let mut text = ulp(tally.max_ulp);
    if let Some(worst) = tally.worst {
        text += &format!(" at {}", shortest(worst.x()));
    }
    if let Some(f) = f {
        text += &format!(", `{f}`");
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
    use super::super::rule::Rule;
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
    fn large_errors_are_readable() {
        let mut tally = Tally::default();
        for (error, text) in [
            (3.0, "3"),
            (12_345.4, "12,345"),
            (2e6, "> 10^6"),
            (1e7, "lost"),
        ] {
            tally.max_ulp = error;
            assert_eq!(plain(&tally), text);
        }
        let rule = Rule::new(&Activation::exp(), Direction::Forward, true);
        tally.add_rough_one(&rule, f32::NEG_INFINITY, 2.0, 0.0);
        tally.add_rough_one(&rule, f32::NAN, 0.0, f32::NAN);
        assert!(plain(&tally).ends_with(", 0 at NaN"), "{}", plain(&tally));
        tally.add_rough_one(&rule, 89.5, f32::NAN, f32::INFINITY);
        assert_eq!(plain(&tally), "NaN at 89.5");
    }

    #[test]
    fn errors_have_as_many_digits_as_count() {
        for (error, text) in [(0.0, "0"), (1.5, "1.5"), (2.126, "2.13"), (3e9, "3.0e9")] {
            assert_eq!(ulp(error), text);
        }
    }
}
