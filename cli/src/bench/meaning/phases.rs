//! What `nonlin bench --phases` found, in words.

use super::super::phases::Record;
use super::{Adapter, BEGINNING, NOTHING, SOFTWARE, times, typical};
use crate::number::grouped;

/// Mapped memory that takes so many times as long to read as other memory is worth a warning.
const SLOW_READS: f64 = 8.0;
/// Of fewer elements the caches, and the clock itself, say more than the memory.
const FEWEST_TO_TELL: usize = 1 << 18;

/// The closing words.
pub fn of_phases(all: &[Record], adapter: Adapter) -> String {
    if all.is_empty() {
        return format!("{BEGINNING} {NOTHING}");
    }
    let mut words = vec![BEGINNING.to_owned()];
    let mut sizes: Vec<usize> = all.iter().map(|row| row.elements).collect();
    sizes.sort_unstable();
    sizes.dedup();
    for size in sizes {
        let rows = || all.iter().filter(|row| row.elements == size);
        let middle = |value: &dyn Fn(&Record) -> f64| typical(rows().map(value)).unwrap_or(0.0);
        let total = |part: fn(&Record) -> f64| rows().map(part).sum::<f64>();
        // Of all rows together, so that the shares add up.
        let share = |part| total(part) / total(Record::sum) * 100.0;
        let moving = share(|row| row.write_ms + row.map_ms + row.copy_out_ms);
        let (device, submit) = (share(|row| row.device_ms), share(|row| row.submit_ms));
        words.push(format!(
            "One call from slice to slice of {} elements takes {:.2} times what memcpy there, the device's work and memcpy back take: moving the numbers \
             is {moving:.0} % of its parts, the device's work {device:.0} %, recording and submitting {submit:.0} %. {}",
            grouped(size),
            middle(&|row| row.call_ms / row.least()),
            advice(moving, device, submit),
        ));
    }
    if adapter == Adapter::Software {
        words.push(SOFTWARE.to_owned());
    }
    let long = all.iter().filter(|row| row.elements >= FEWEST_TO_TELL);
    let reads = typical(long.map(|row| row.copy_out_ms / row.memcpy_out_ms));
    let warning = reads.filter(|reads| *reads > SLOW_READS).map(|reads| {
        format!(
            "\nWarning: reading mapped memory takes {} as long as reading other memory; this adapter maps memory that the CPU does not cache.",
            times(reads)
        )
    });
    words.join(" ") + &warning.unwrap_or_default()
}

/// What to do about the largest part.
fn advice(moving: f64, device: f64, submit: f64) -> &'static str {
    if moving >= device && moving >= submit {
        "Most is spared by leaving the numbers on the device between two calls, in tensors, or by a chain of the steps in one call."
    } else if device >= submit {
        "Most is the device's own work, which no other way of calling spares."
    } else {
        "Most is the call's own cost: more elements in a call, or many calls in one submission, spare it."
    }
}
