//! `nonlin adapters`.

use crate::failure::Failure;
use crate::number;
use crate::table::{Align, Table};
use nonlin::gpu::{self, AdapterReport};
use serde::Serialize;
use std::io::Write;

/// The command's options.
#[derive(clap::Args)]
pub struct Options {
    /// One JSON object a line instead of the table.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Record<'a> {
    name: &'a str,
    backend: String,
    driver: &'a str,
    driver_info: &'a str,
    device_type: String,
    software: bool,
    chosen: bool,
    reason: &'a str,
    max_storage_binding_bytes: u64,
    timestamps: bool,
    mappable: bool,
}

impl<'a> From<&'a AdapterReport> for Record<'a> {
    fn from(report: &'a AdapterReport) -> Self {
        Self {
            name: &report.name,
            backend: report.backend.to_string(),
            driver: &report.driver,
            driver_info: &report.driver_info,
            device_type: format!("{:?}", report.device_type),
            software: report.software,
            chosen: report.chosen,
            reason: &report.reason,
            max_storage_binding_bytes: report.max_storage_binding_bytes,
            timestamps: report.timestamps,
            mappable: report.mappable,
        }
    }
}

/// Runs the command.
pub fn run(options: &Options, out: &mut dyn Write) -> Result<(), Failure> {
    let reports = gpu::adapters();
    if options.json {
        for report in &reports {
            serde_json::to_writer(&mut *out, &Record::from(report))?;
            writeln!(out)?;
        }
        return Ok(());
    }
    if reports.is_empty() {
        // The error says what every backend answered, and how to get an adapter.
        if let Err(error) = nonlin::Gpu::new() {
            writeln!(out, "{error}")?;
        }
        return Ok(());
    }
    use Align::{Left, Right};
    let mut table = Table::new([
        ("", Left),
        ("adapter", Left),
        ("backend", Left),
        ("type", Left),
        ("driver", Left),
        ("largest binding", Right),
        ("timestamps", Left),
        ("mappable", Left),
        ("why", Left),
    ]);
    let yes = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    for report in &reports {
        let record = Record::from(report);
        let kind = if record.software {
            format!("{} (software)", record.device_type)
        } else {
            record.device_type
        };
        table.push(vec![
            if record.chosen { "→" } else { "" }.to_owned(),
            record.name.to_owned(),
            record.backend,
            kind,
            format!("{} {}", record.driver, record.driver_info)
                .trim()
                .to_owned(),
            number::bytes(record.max_storage_binding_bytes),
            yes(record.timestamps),
            yes(record.mappable),
            record.reason.to_owned(),
        ]);
    }
    table.write(out)?;
    Ok(())
}
