//! What a check found, as the page `docs/accuracy.md`.

use super::exhaustive::Range;
use super::report::ulp;
use super::subject::Subject;
use super::tally::{LOST, Tally};
use super::{Job, Row};
use crate::number::{grouped, shortest};
use crate::ops::short_name;
use crate::table::{Align, Table};
use nonlin::{Activation, Direction, Family};
use std::io::{self, Write};

/// Writes the page.
pub fn write(
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
    let command = command(std::env::args().skip(1));
    let inputs = match range {
        Some(range) if range.inputs() == 1 << 32 => "every one of the 2^32 f32 inputs".to_owned(),
        Some(range) => format!("{} f32 inputs", grouped(range.inputs() as usize)),
        None => "a sample of the f32 inputs".to_owned(),
    };
    let (version, today) = (env!("CARGO_PKG_VERSION"), crate::date::today());
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

/// The line that runs the program again. Files of the run that is reported are left out.
fn command(arguments: impl Iterator<Item = String>) -> String {
    const FILES: [&str; 2] = ["--json", "--state"];
    let mut text = "cargo run --release --".to_owned();
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        if FILES.contains(&argument.as_str()) {
            arguments.next();
            continue;
        }
        if FILES
            .iter()
            .any(|file| argument.starts_with(&format!("{file}=")))
        {
            continue;
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_=,.+/".contains(c);
        text += &if argument.chars().all(plain) {
            format!(" {argument}")
        } else {
            format!(" '{argument}'")
        };
    }
    text
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

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

#[cfg(test)]
mod tests {
    use super::super::rule::Rule;
    use super::*;

    #[test]
    fn the_command_runs_again_without_its_files() {
        let arguments =
            "check --json a/b --exhaustive --state=c --ops elu(alpha=2),gelu --engine cpu";
        let words = arguments.split(' ').map(str::to_owned);
        assert_eq!(
            command(words),
            "cargo run --release -- check --exhaustive --ops 'elu(alpha=2),gelu' --engine cpu"
        );
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
}
