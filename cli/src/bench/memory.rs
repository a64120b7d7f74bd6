//! Whether a measurement fits into memory: an operating system that promises more than it has ends a program that believes it.

use super::{Engines, Options};
use crate::failure::Failure;
use crate::number::{bytes, grouped};
use nonlin::Direction;

/// Tensors that are alive on the device at once: two operands and the result, and what the copy kernel reads and writes.
const TENSORS: u64 = 5;

/// Refuses sizes that need more memory than there is.
pub fn check(options: &Options, engines: &Engines) -> Result<(), Failure> {
    let largest = options.elements.iter().copied().max().unwrap_or_default();
    let needed = (largest as u64).saturating_mul(4 * arrays(options, engines));
    match available() {
        Some(available) if needed > available => Err(Failure::Failed(format!(
            "no memory for {} elements: that takes {}, and {} are free",
            grouped(largest),
            bytes(needed),
            bytes(available),
        ))),
        _ => Ok(()),
    }
}

/// Arrays of the largest size that are in the machine's memory at once.
fn arrays(options: &Options, engines: &Engines) -> u64 {
    let any = |which: fn(Direction) -> bool| u64::from(options.direction.iter().any(|&d| which(d)));
    let operands = 1 + any(Direction::takes_grad) + any(Direction::from_output);
    let results = engines.cpus.len() as u64 + u64::from(engines.gpu.is_some());
    let software = engines.gpu.as_ref().is_some_and(|gpu| gpu.info().software);
    operands + results + if software { TENSORS } else { 0 }
}

/// Bytes that can be had without swapping, where the system tells.
fn available() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text
        .lines()
        .find(|line| line.starts_with("MemAvailable:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    kib.checked_mul(1024)
}
