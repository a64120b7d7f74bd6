//! The closing words of `nonlin bench`: what the numbers mean for this machine.

mod crossover;
mod phases;
#[cfg(test)]
mod tests;

use crate::number::grouped;
pub use crossover::of_crossover;
pub use phases::of_phases;

/// What the GPU engine runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adapter {
    /// The GPU was not timed.
    None,
    /// The machine's own cores, behind a driver.
    Software,
    Hardware,
}

/// What is said of one row; `None` where an engine was not timed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts {
    pub elements: usize,
    /// Bytes that the best CPU engine reads and writes, in 10⁹ a second.
    pub gb_per_s: Option<f64>,
    /// How many times as fast as one thread all of them are.
    pub threads: Option<f64>,
    /// How many times as long as the GPU the CPU takes, with data in host memory.
    pub host: Option<f64>,
    /// The same with data on the GPU.
    pub device: Option<f64>,
    /// How many times as long as the kernel the way to the GPU and back takes.
    pub moved: Option<f64>,
}

const BEGINNING: &str = "What this means for this machine.";
const NOTHING: &str = "Nothing was measured.";
const SOFTWARE: &str = "The adapter is software: it computes on the cores that the CPU engine has anyway, with a driver in between. It is good for tests and for \
                        programs that need a GPU to run at all; how fast a real GPU is, these numbers do not say.";

/// The closing words of the comparison at given sizes.
pub fn of_bench(rows: &[Facts], adapter: Adapter) -> String {
    let mut words = vec![BEGINNING.to_owned()];
    let mut sizes: Vec<usize> = rows.iter().map(|row| row.elements).collect();
    sizes.dedup();
    sizes.sort_unstable();
    sizes.dedup();
    let at = |size: usize| rows.iter().filter(move |row| row.elements == size);
    for &size in &sizes {
        let host: Vec<f64> = at(size).filter_map(|row| row.host).collect();
        let device: Vec<f64> = at(size).filter_map(|row| row.device).collect();
        if !host.is_empty() {
            let size = grouped(size);
            words.push(advice(
                &format!("For {size} elements in host memory"),
                &host,
            ));
            words.push(advice(
                "Where they are on the GPU and the result stays there",
                &device,
            ));
        }
    }
    let largest = sizes.last().copied().unwrap_or_default();
    if adapter == Adapter::None {
        words.push("Only the CPU engine was timed.".to_owned());
        if let Some(rate) = typical(at(largest).filter_map(|row| row.gb_per_s)) {
            words.push(format!(
                "Of {} elements it reads and writes typically {rate:.0} GB a second.",
                grouped(largest)
            ));
        }
    } else if let Some(moved) = typical(at(largest).filter_map(|row| row.moved)) {
        words.push(transfers(largest, moved));
    }
    if let Some(gain) = typical(at(largest).filter_map(|row| row.threads)) {
        words.push(format!(
            "All threads of the CPU together are typically {} as fast as one.",
            times(gain)
        ));
    }
    if adapter == Adapter::Software {
        words.push(SOFTWARE.to_owned());
    }
    words.join(" ")
}

/// Which engine to take, by how many times as long as the GPU the CPU takes.
fn advice(place: &str, ratios: &[f64]) -> String {
    let wins = ratios.iter().filter(|ratio| **ratio > 1.0).count();
    let typical = typical(ratios.iter().copied()).unwrap_or(f64::NAN);
    let all = match ratios.len() {
        1 => "in the one row".to_owned(),
        n => format!("in all {n} rows"),
    };
    if wins == ratios.len() {
        let factor = times(typical);
        return format!("{place} take the GPU: it is faster {all}, typically {factor}.");
    }
    if wins == 0 {
        let factor = times(1.0 / typical);
        return format!("{place} take the CPU: it is faster {all}, typically {factor}.");
    }
    let most = ratios.iter().copied().fold(f64::NAN, f64::max);
    let least = ratios.iter().copied().fold(f64::NAN, f64::min);
    format!(
        "{place} it depends on the function: the GPU is faster in {wins} of {} rows, up to {}, and the CPU in the others, up to {}.",
        ratios.len(),
        times(most),
        times(1.0 / least)
    )
}

/// What the way to the GPU and back costs.
fn transfers(elements: usize, moved: f64) -> String {
    let advice = if moved > 1.5 {
        "so what is computed there in several steps should stay there between them"
    } else {
        "so leaving the numbers there spares less than the work itself takes"
    };
    format!(
        "Moving {} elements to the GPU and back takes {} as long as the work on them there, {advice}.",
        grouped(elements),
        times(moved)
    )
}

/// How long a line may be.
const LINE: usize = 120;

/// A text in lines.
pub fn wrapped(text: &str) -> String {
    let mut out = String::new();
    for (i, paragraph) in text.lines().enumerate() {
        out += if i > 0 { "\n" } else { "" };
        let mut used = 0;
        for word in paragraph.split(' ') {
            let needed = word.chars().count() + usize::from(used > 0);
            if used > 0 && used + needed > LINE {
                out.push('\n');
                used = 0;
            } else if used > 0 {
                out.push(' ');
            }
            out += word;
            used += needed;
        }
    }
    out
}

/// The median.
fn typical(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// A factor as people read it.
fn times(factor: f64) -> String {
    match factor {
        _ if factor < 0.1 => format!("{factor:.2} times"),
        _ if factor < 10.0 => format!("{factor:.1} times"),
        _ => format!("{factor:.0} times"),
    }
}
