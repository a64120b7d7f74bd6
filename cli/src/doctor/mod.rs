//! `nonlin doctor`.

mod arithmetic;
mod device;
mod finding;
mod functions;
mod inputs;
pub(crate) mod probe;

use crate::engines;
use crate::failure::Failure;
use crate::table::{Align, Table};
use finding::Finding;
use nonlin::{Error, Gpu};
use serde::{Serialize, Serializer};
use std::io::Write;

/// The command's options.
#[derive(clap::Args)]
pub struct Options {
    /// Part of the adapter's name, `software`, or `all` for every adapter; without it NONLIN_ADAPTER counts
    #[arg(long, value_name = "NAME")]
    adapter: Option<String>,
    /// One JSON object a line for each adapter instead of the table
    #[arg(long)]
    json: bool,
}

/// Everything that was found out about an adapter.
#[derive(Serialize)]
struct Report {
    adapter: String,
    backend: String,
    driver: String,
    driver_info: String,
    device_type: String,
    software: bool,
    version: &'static str,
    /// Whether all that the crate is built on holds.
    passed: bool,
    #[serde(serialize_with = "by_id")]
    findings: Vec<Finding>,
}

/// Runs the command.
pub fn run(options: &Options, out: &mut dyn Write) -> Result<(), Failure> {
    let (mut reports, mut failures) = (Vec::new(), Vec::new());
    for gpu in open(options.adapter.as_deref())? {
        let gpu = match gpu {
            Ok(gpu) => gpu,
            Err(error) => {
                failures.push(error.to_string());
                continue;
            }
        };
        let report = Report::new(&gpu);
        if let Some(failure) = report.failure() {
            failures.push(failure);
        }
        if options.json {
            serde_json::to_writer(&mut *out, &report)?;
            writeln!(out)?;
            // Each adapter takes a while.
            out.flush()?;
        }
        reports.push(report);
    }
    if !options.json {
        table(&reports).write(out)?;
    }
    if failures.is_empty() {
        return Ok(());
    }
    Err(Failure::Failed(failures.join("; ")))
}

/// The adapters that are asked for. One that gives no device is no reason to leave out the others.
fn open(adapter: Option<&str>) -> Result<Vec<Result<Gpu, Error>>, Failure> {
    if adapter.is_none_or(|name| !name.trim().eq_ignore_ascii_case("all")) {
        return Ok(vec![Ok(engines::gpu(adapter)?)]);
    }
    // Every name holds the empty text, whatever NONLIN_ADAPTER says.
    let mut all = Gpu::builder().adapter("").build_all();
    match all.pop_if(|gpu| {
        matches!(
            gpu,
            Err(Error::NoAdapter { .. } | Error::NoSuchAdapter { .. })
        )
    }) {
        Some(Err(error)) => Err(error.into()),
        _ => Ok(all),
    }
}

impl Report {
    fn new(gpu: &Gpu) -> Self {
        let info = gpu.info();
        let findings: Vec<Finding> = [
            device::findings(gpu),
            arithmetic::findings(gpu),
            functions::findings(gpu),
            arithmetic::blocks(gpu),
            functions::blocks(gpu),
        ]
        .into_iter()
        .flatten()
        .collect();
        Self {
            adapter: info.name.clone(),
            backend: info.backend.to_string(),
            driver: info.driver.clone(),
            driver_info: info.driver_info.clone(),
            device_type: format!("{:?}", info.device_type),
            software: info.software,
            version: env!("CARGO_PKG_VERSION"),
            passed: findings.iter().all(|finding| finding.passed != Some(false)),
            findings,
        }
    }

    fn failure(&self) -> Option<String> {
        let failed = self
            .findings
            .iter()
            .filter(|finding| finding.passed == Some(false));
        let failed: Vec<&str> = failed.map(|finding| finding.asked.as_str()).collect();
        let (adapter, backend) = (&self.adapter, &self.backend);
        (!failed.is_empty())
            .then(|| format!("{adapter} through {backend} fails: {}", failed.join(", ")))
    }
}

/// A line for each question, a column for each adapter.
fn table(reports: &[Report]) -> Table {
    let head = format!("nonlin {}", env!("CARGO_PKG_VERSION"));
    let columns = reports.iter().map(|report| report.adapter.as_str());
    let header = [head.as_str()].into_iter().chain(columns);
    let mut table = Table::new(header.map(|text| (text, Align::Left)));
    let mut push = |asked: &str, answer: &dyn Fn(&Report) -> String| {
        let answers = reports.iter().map(answer);
        table.push([asked.to_owned()].into_iter().chain(answers).collect());
    };
    push("backend", &|report| report.backend.clone());
    push("driver", &|report| {
        let driver = format!("{} {}", report.driver, report.driver_info);
        driver.trim().to_owned()
    });
    push("type", &|report| {
        let software = if report.software { " (software)" } else { "" };
        format!("{}{software}", report.device_type)
    });
    // Every adapter is asked the same questions in the same order.
    for (i, finding) in reports
        .iter()
        .take(1)
        .flat_map(|report| report.findings.iter().enumerate())
    {
        push(&finding.asked, &|report| report.findings[i].answer.clone());
    }
    table
}

/// An object with the ids as its names, in the order of the report.
fn by_id<S: Serializer>(findings: &[Finding], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(findings.iter().map(|finding| (finding.id, finding)))
}
