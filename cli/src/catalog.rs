//! `nonlin catalog`.

use crate::failure::Failure;
use crate::number::shortest;
use crate::table::{Align, Table};
use nonlin::Activation;
use serde::Serialize;
use std::io::{self, Write};

/// The command's options.
#[derive(clap::Args)]
pub struct Options {
    /// Tells everything about this function, its WGSL included.
    name: Option<String>,
    /// JSON, one object for each function and line.
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
    /// The table of the README.
    #[arg(long, conflicts_with = "name")]
    markdown: bool,
}

/// One function with everything that is known about it.
#[derive(Serialize)]
struct Record {
    id: &'static str,
    function: String,
    aliases: &'static [&'static str],
    family: &'static str,
    formula: &'static str,
    derivative_formula: &'static str,
    derivative_from_output_formula: Option<&'static str>,
    parameters: Vec<Parameter>,
    kinks: Vec<Kink>,
    range: &'static str,
    saturating: bool,
    smooth: bool,
    monotonic: bool,
    zero_centred: bool,
    used_for: &'static str,
    risk: &'static str,
    source: &'static str,
    forward_error: ErrorBound,
    derivative_error: ErrorBound,
    wgsl: &'static str,
}

#[derive(Serialize)]
struct Parameter {
    name: &'static str,
    default: Option<f32>,
    min: f32,
    max: f32,
}

#[derive(Serialize)]
struct ErrorBound {
    max_ulp: u32,
    /// `null` where it was not measured.
    at: Option<f32>,
    /// With the parameters where it is reached, where the standard ones are better.
    function: Option<&'static str>,
}

impl From<nonlin::ErrorBound> for ErrorBound {
    fn from(bound: nonlin::ErrorBound) -> Self {
        Self {
            max_ulp: bound.max_ulp,
            at: bound.is_measured().then_some(bound.at),
            function: bound.with,
        }
    }
}

#[derive(Serialize)]
struct Kink {
    x: f32,
    derivative: f32,
}

impl From<&Activation> for Record {
    fn from(f: &Activation) -> Self {
        let known = f.metadata();
        let parameters = known.parameters.iter().map(|parameter| Parameter {
            name: parameter.name,
            default: parameter.default,
            min: parameter.min,
            max: parameter.max,
        });
        let kinks = f.kinks().into_iter();
        Self {
            id: known.id,
            function: f.to_string(),
            aliases: known.aliases,
            family: known.family.name(),
            formula: known.formula,
            derivative_formula: known.derivative_formula,
            derivative_from_output_formula: known.derivative_from_output_formula,
            parameters: parameters.collect(),
            kinks: kinks
                .map(|(x, derivative)| Kink { x, derivative })
                .collect(),
            range: known.range,
            saturating: known.saturating,
            smooth: known.smooth,
            monotonic: known.monotonic,
            zero_centred: known.zero_centred,
            used_for: known.used_for,
            risk: known.risk,
            source: known.source,
            forward_error: known.forward_error.into(),
            derivative_error: known.derivative_error.into(),
            wgsl: f.wgsl(),
        }
    }
}

/// Runs the command.
pub fn run(options: &Options, out: &mut dyn Write) -> Result<(), Failure> {
    let functions = match &options.name {
        Some(name) => vec![named(name)?],
        None => Activation::all(),
    };
    if options.json {
        for f in &functions {
            serde_json::to_writer(&mut *out, &Record::from(f))?;
            writeln!(out)?;
        }
        return Ok(());
    }
    if options.name.is_some() {
        for f in &functions {
            describe(f, out)?;
        }
    } else if options.markdown {
        table(&functions, true).write_markdown(out)?;
    } else {
        table(&functions, false).write(out)?;
    }
    Ok(())
}

/// The function of that name; parameters that have to be given may be left out.
fn named(name: &str) -> Result<Activation, Failure> {
    let example = || Activation::all().into_iter().find(|f| f.id() == name);
    match name.parse() {
        Ok(f) => Ok(f),
        Err(error) => example().ok_or_else(|| error.into()),
    }
}

fn table(functions: &[Activation], markdown: bool) -> Table {
    use Align::{Left, Right};
    let mut columns = vec![
        ("id", Left),
        ("family", Left),
        ("f(x)", Left),
        ("f'(x)", Left),
        ("parameters", Left),
    ];
    if markdown {
        columns.extend([("ULP of f", Right), ("ULP of f'", Right)]);
    }
    let mut table = Table::new(columns);
    for f in functions {
        let known = f.metadata();
        let id = if markdown {
            format!("`{}`", known.id)
        } else {
            known.id.to_owned()
        };
        let mut row = vec![
            id,
            known.family.name().to_owned(),
            known.formula.to_owned(),
            known.derivative_formula.to_owned(),
            parameters(f),
        ];
        if markdown {
            let errors = [known.forward_error, known.derivative_error];
            row.extend(errors.map(|error| error.max_ulp.to_string()));
        }
        table.push(row);
    }
    table
}

/// The parameters with their standard values: `slope=0.01`, `t (required)`.
fn parameters(f: &Activation) -> String {
    let text = f.to_string();
    let inner = text
        .split_once('(')
        .and_then(|(_, rest)| rest.strip_suffix(')'));
    let required = f
        .metadata()
        .parameters
        .iter()
        .filter(|p| p.default.is_none());
    let mut inner = inner.unwrap_or_default().to_owned();
    for parameter in required {
        // An example value stands where there is no standard one.
        let name = parameter.name;
        let written = format!("{name}={}", example_value(f, name));
        inner = inner.replacen(&written, &format!("{name} (required)"), 1);
    }
    inner
}

fn example_value(f: &Activation, name: &str) -> String {
    let position = f.metadata().parameters.iter().position(|p| p.name == name);
    let value = position.and_then(|at| f.parameters().get(at).copied());
    value.map(shortest).unwrap_or_default()
}

/// Everything about one function.
fn describe(f: &Activation, out: &mut dyn Write) -> io::Result<()> {
    let record = Record::from(f);
    let mut fact = |name: &str, value: &str| {
        if value.is_empty() {
            return Ok(());
        }
        writeln!(out, "{name:<14}{value}")
    };
    let yes = |yes: bool| if yes { "yes" } else { "no" };
    fact("function", &record.function)?;
    fact("also called", &record.aliases.join(", "))?;
    fact("family", record.family)?;
    fact("f(x)", record.formula)?;
    fact("f'(x)", record.derivative_formula)?;
    fact(
        "f' from y",
        record.derivative_from_output_formula.unwrap_or("–"),
    )?;
    for parameter in &record.parameters {
        let standard = match parameter.default {
            Some(value) => format!("standard {}", shortest(value)),
            None => "required".to_owned(),
        };
        let (min, max) = (shortest(parameter.min), shortest(parameter.max));
        fact(
            "parameter",
            &format!("{}: {standard}, {min} to {max}", parameter.name),
        )?;
    }
    for kink in &record.kinks {
        let (x, derivative) = (shortest(kink.x), shortest(kink.derivative));
        fact(
            "kink",
            &format!("at x = {x}, where f' is taken as {derivative}"),
        )?;
    }
    fact("range", record.range)?;
    fact("saturating", yes(record.saturating))?;
    fact("smooth", yes(record.smooth))?;
    fact("monotonic", yes(record.monotonic))?;
    fact("zero-centred", yes(record.zero_centred))?;
    fact("used for", record.used_for)?;
    fact("risk", record.risk)?;
    fact("source", record.source)?;
    let known = f.metadata();
    fact("error of f", &known.forward_error.to_string())?;
    fact("error of f'", &known.derivative_error.to_string())?;
    writeln!(out, "\n{}", record.wgsl.trim_end())
}
