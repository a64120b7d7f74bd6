//! What an experiment found: figures, what follows from them, and how that is printed.

use crate::failure::Failure;
use crate::picture::{Figure, Panel, Series};
use crate::table::Table;
use serde::Serialize;
use std::io::Write;

/// One sentence about the figures, which they bear out or not.
#[derive(Serialize)]
pub struct Claim {
    claim: String,
    holds: bool,
}

impl Claim {
    pub fn new(holds: bool, claim: impl Into<String>) -> Self {
        Self {
            claim: claim.into(),
            holds,
        }
    }
}

/// A panel of a picture without lines.
pub fn panel(title: &str, x_label: &str, y_label: &str) -> Panel {
    Panel {
        title: title.to_owned(),
        x_label: x_label.to_owned(),
        y_label: y_label.to_owned(),
        ..Panel::default()
    }
}

/// Adds lines to a panel, each in the next colour.
pub trait Lines: Sized {
    fn line(self, name: &str, points: impl IntoIterator<Item = (f64, f64)>) -> Self;

    /// The points (x, y) of an engine's results.
    fn values(self, name: &str, x: &[f32], y: &[f32]) -> Self {
        let points = x.iter().zip(y);
        self.line(name, points.map(|(&x, &y)| (x.into(), y.into())))
    }

    /// The last line in dashes, so that one below it shows.
    fn dashed(self) -> Self;

    /// With a logarithmic axis of y.
    fn log_y(self) -> Self;
}

impl Lines for Panel {
    fn line(mut self, name: &str, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        self.series.push(Series {
            name: name.to_owned(),
            points: points.into_iter().collect(),
            dashed: false,
            colour: self.series.len(),
        });
        self
    }

    fn dashed(mut self) -> Self {
        if let Some(last) = self.series.last_mut() {
            last.dashed = true;
        }
        self
    }

    fn log_y(self) -> Self {
        Self {
            log_y: true,
            ..self
        }
    }
}

/// Even steps over a range, both ends included.
pub fn steps(from: f32, to: f32, count: usize) -> Vec<f32> {
    let place = |i: usize| from + (to - from) * i as f32 / count as f32;
    (0..=count).map(place).collect()
}

/// What an experiment found.
pub struct Report {
    /// What is asked and how it is tried.
    pub explanation: &'static str,
    pub table: Table,
    pub claims: Vec<Claim>,
    /// What is true where all claims hold.
    pub conclusion: &'static str,
    pub figures: serde_json::Value,
    /// The picture, side by side.
    pub panels: Vec<Panel>,
}

#[derive(Serialize)]
struct Record<'a> {
    experiment: &'a str,
    engine: &'a str,
    seed: u64,
    holds: bool,
    conclusion: &'a str,
    claims: &'a [Claim],
    figures: &'a serde_json::Value,
}

impl Report {
    /// Whether all claims hold.
    pub fn holds(&self) -> bool {
        self.claims.iter().all(|claim| claim.holds)
    }

    /// One JSON object in one line.
    pub fn write_json(
        &self,
        experiment: &str,
        engine: &str,
        seed: u64,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        let record = Record {
            experiment,
            engine,
            seed,
            holds: self.holds(),
            conclusion: self.conclusion,
            claims: &self.claims,
            figures: &self.figures,
        };
        serde_json::to_writer(&mut *out, &record)?;
        Ok(writeln!(out)?)
    }

    /// The picture.
    pub fn figure(&self, title: &str) -> Figure {
        Figure {
            title: title.to_owned(),
            notes: Vec::new(),
            panels: self.panels.clone(),
            columns: self.panels.len().min(3),
        }
    }

    /// For people.
    pub fn write(&self, experiment: &str, out: &mut dyn Write) -> Result<(), Failure> {
        writeln!(out, "{experiment}\n{}\n", self.explanation)?;
        self.table.write(out)?;
        writeln!(out)?;
        for claim in &self.claims {
            let holds = if claim.holds { "holds  " } else { "FAILS  " };
            writeln!(out, "{holds}{}", claim.claim)?;
        }
        if self.holds() {
            writeln!(out, "So: {}\n", self.conclusion)?;
        } else {
            writeln!(
                out,
                "These figures do not bear out that {}\n",
                self.conclusion
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Align;

    fn text(holds: [bool; 2]) -> String {
        let report = Report {
            explanation: "A coin.",
            table: Table::new([("side", Align::Left)]),
            claims: holds.map(|holds| Claim::new(holds, "it fell")).into(),
            conclusion: "coins fall.",
            figures: serde_json::Value::Null,
            panels: Vec::new(),
        };
        let mut out = Vec::new();
        report.write("coin", &mut out).expect("it is written");
        report
            .write_json("coin", "hand", 1, &mut out)
            .expect("it is written");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn a_conclusion_is_printed_as_a_fact_only_where_all_claims_hold() {
        let good = text([true, true]);
        assert!(good.contains("So: coins fall.") && good.contains("\"holds\":true,\"conclusion\""));
        let bad = text([true, false]);
        assert!(bad.contains("FAILS  it fell") && !bad.contains("So: "));
        assert!(bad.contains("do not bear out that coins fall."));
        assert!(bad.contains("\"holds\":false,\"conclusion\""));
    }
}
