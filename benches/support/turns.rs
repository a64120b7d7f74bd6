//! Times that are to be set against each other: taken in turn, so that a machine that slows down slows all of them.

use nonlin::Result;
use std::time::{Duration, Instant};

/// Repetitions of each.
const TURNS: usize = 15;

/// One thing to time, with its name.
pub type Part<'a> = (&'a str, &'a mut dyn FnMut() -> Result<()>);

/// The medians, in the order of `parts`, and printed. The first turn does not count; in test mode it is the only one.
pub fn medians(parts: &mut [Part<'_>]) -> Result<Vec<Duration>> {
    let mut times = vec![Vec::new(); parts.len()];
    let turns = if super::testing() { 0 } else { TURNS };
    for turn in 0..=turns {
        for ((_, part), times) in parts.iter_mut().zip(&mut times) {
            let start = Instant::now();
            part()?;
            if turn > 0 || turns == 0 {
                times.push(start.elapsed());
            }
        }
    }
    let mut medians = Vec::new();
    for ((name, _), times) in parts.iter().zip(&mut times) {
        times.sort_unstable();
        let (least, median) = (times[0], times[times.len() / 2]);
        println!(
            "  {name:<34} {:>10.3} ms, least {:.3}",
            ms(median),
            ms(least)
        );
        medians.push(median);
    }
    Ok(medians)
}

pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Prints how many times `below` goes into `above`.
pub fn ratio(what: &str, above: Duration, below: Duration) {
    println!(
        "  {what:<60} {:>6.2}",
        above.as_secs_f64() / below.as_secs_f64()
    );
}
