//! `nonlin bench --compare`: which times have changed since an earlier run, by more than the noise of both.

mod rows;
#[cfg(test)]
mod tests;

use super::meaning;
use crate::failure::Failure;
use crate::number::milliseconds;
use crate::table::{Align, Table};
use rows::{DRIFT, Key, Run, Time, UNKNOWN};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

/// An earlier run.
pub struct Earlier {
    name: String,
    run: Run,
}

impl Earlier {
    /// Reads what `--json` wrote.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|error| Failure::with_path(&name, &error))?;
        let run = Run::parse(&text).map_err(|why| Failure::Failed(format!("{name}: {why}")))?;
        Ok(Self { name, run })
    }

    /// Writes the comparison with the records of this run; a failure where times are longer by more than `fail_above` percent.
    pub fn compare(
        &self,
        now: &[Value],
        fail_above: Option<f64>,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        let now = Run::of(now).map_err(Failure::Failed)?;
        writeln!(out, "\nCompared with {}", self.name)?;
        for warning in now.warnings(&self.run) {
            writeln!(out, "Warning: {warning}.")?;
        }
        let changes = changes(&self.run, &now);
        if !changes.is_empty() {
            writeln!(out)?;
            table(&changes).write(out)?;
        }
        self.list("Only in the earlier run", &self.run, &now, out)?;
        self.list("Only in this run", &now, &self.run, out)?;
        if changes.is_empty() {
            return Err(Failure::Failed(format!(
                "{}: no time in it was measured in this run; the options that say what is measured have to be the same",
                self.name
            )));
        }
        writeln!(out, "\n{}", meaning::wrapped(&summary(&changes)))?;
        judge(&changes, fail_above)
    }

    fn list(
        &self,
        heading: &str,
        of: &Run,
        not_in: &Run,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        let missing = of
            .times
            .keys()
            .filter(|key| !not_in.times.contains_key(key));
        // Of a row that is missing as a whole, the parts need not be told.
        let whole: BTreeSet<String> = not_in.times.keys().map(Key::row).collect();
        let names: BTreeSet<String> = missing
            .map(|key| match key.row() {
                row if whole.contains(&row) => format!("{row}, {}", key.part),
                row => row,
            })
            .collect();
        if !names.is_empty() {
            writeln!(out, "\n{heading}:")?;
        }
        for name in names {
            writeln!(out, "  {name}")?;
        }
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Slower,
    Faster,
    Unchanged,
}

/// One time in both runs.
struct Change<'a> {
    key: &'a Key,
    then: Time,
    now: Time,
}

impl Change<'_> {
    /// How many times as long it takes now.
    fn ratio(&self) -> f64 {
        self.now.ms / self.then.ms
    }

    /// The ratios that the noise of both runs allows.
    fn interval(&self) -> (f64, f64) {
        (self.now.low / self.then.high, self.now.high / self.then.low)
    }

    fn verdict(&self) -> Verdict {
        match self.interval() {
            (low, _) if low > 1.0 => Verdict::Slower,
            (_, high) if high < 1.0 => Verdict::Faster,
            _ => Verdict::Unchanged,
        }
    }
}

/// What is in both runs, the slowest first.
fn changes<'a>(then: &'a Run, now: &Run) -> Vec<Change<'a>> {
    let both = then.times.iter().filter_map(|(key, then)| {
        let (then, now) = (*then, *now.times.get(key)?);
        Some(Change { key, then, now })
    });
    let mut changes: Vec<_> = both.collect();
    changes.sort_by(|a, b| b.ratio().total_cmp(&a.ratio()));
    changes
}

fn table(changes: &[Change<'_>]) -> Table {
    let mut table = Table::new([
        ("", Align::Left),
        ("", Align::Left),
        ("ms then", Align::Right),
        ("ms now", Align::Right),
        ("now / then", Align::Right),
        ("with the noise", Align::Right),
        ("", Align::Left),
    ]);
    for change in changes {
        let (low, high) = change.interval();
        table.push(vec![
            change.key.row(),
            change.key.part.clone(),
            ms(change.then.ms),
            ms(change.now.ms),
            format!("{:.2}", change.ratio()),
            format!("{low:.2} to {high:.2}"),
            match change.verdict() {
                Verdict::Slower => "slower".to_owned(),
                Verdict::Faster => "faster".to_owned(),
                Verdict::Unchanged => "unchanged".to_owned(),
            },
        ]);
    }
    table
}

fn ms(ms: f64) -> String {
    milliseconds(Duration::try_from_secs_f64(ms / 1e3).unwrap_or_default())
}

/// How many of the times have to move the same way before that says something of the machine.
const ALIKE: f64 = 0.8;

fn summary(changes: &[Change<'_>]) -> String {
    let count = |verdict| changes.iter().filter(|c| c.verdict() == verdict).count();
    let (slower, faster) = (count(Verdict::Slower), count(Verdict::Faster));
    let typical = changes.get(changes.len() / 2).map_or(1.0, Change::ratio);
    let mut text = format!(
        "Of {} times, {slower} became slower and {faster} faster by more than the noise, and {} are unchanged; typically a time is {typical:.2} times \
         the earlier one. The noise of a run is where the middle half of its repetitions lies, for all measurements of the same together, and ±{:.0} % at least; a time has changed where \
         those of the two runs do not touch.",
        changes.len(),
        changes.len() - slower - faster,
        DRIFT * 100.0,
    );
    if changes.iter().any(|change| !change.then.spread_is_known) {
        text += &format!(
            " The earlier run does not say how its repetitions spread, so ±{:.0} % is taken.",
            UNKNOWN * 100.0
        );
    }
    let alike = slower.max(faster) as f64 >= ALIKE * changes.len() as f64;
    if alike && changes.len() >= 5 {
        text += " Nearly all times moved the same way, which a busy or throttled machine does too: run both again in turn before the code is blamed.";
    }
    text
}

fn judge(changes: &[Change<'_>], fail_above: Option<f64>) -> Result<(), Failure> {
    let Some(percent) = fail_above else {
        return Ok(());
    };
    let worse: Vec<String> = changes
        .iter()
        .filter(|change| change.verdict() == Verdict::Slower)
        .filter(|change| change.ratio() > 1.0 + percent / 100.0)
        .map(|change| {
            let Change { key, .. } = change;
            format!("{}, {}: {:.2} times", key.row(), key.part, change.ratio())
        })
        .collect();
    match worse.len() {
        0 => Ok(()),
        n => Err(Failure::Failed(format!(
            "{n} of {} times are longer by more than {percent} % and by more than the noise: {}",
            changes.len(),
            worse.join("; ")
        ))),
    }
}
