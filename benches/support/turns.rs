//! Times that are to be set against each other: taken in turn, so that a machine that slows down slows all of them.

use nonlin::Result;
use std::time::{Duration, Instant};

/// Repetitions of each.
const TURNS: usize = 15;

/// One thing to time, with its name.
pub type Part<'a> = (&'a str, &'a mut dyn FnMut() -> Result<()>);

/// The times of some parts, turn by turn.
pub struct Turns {
    parts: Vec<(String, Vec<Duration>)>,
}

impl Turns {
    /// Times `parts` and prints them. The first turn does not count; in test mode it is the only one, and does.
    pub fn take(parts: &mut [Part<'_>]) -> Result<Self> {
        let warm_up = usize::from(!super::testing());
        let turns = if super::testing() { 1 } else { TURNS };
        let mut times = vec![Vec::new(); parts.len()];
        for turn in 0..warm_up + turns {
            for ((_, part), times) in parts.iter_mut().zip(&mut times) {
                let start = Instant::now();
                part()?;
                if turn >= warm_up {
                    times.push(start.elapsed());
                }
            }
        }
        let mut taken = Self { parts: Vec::new() };
        for ((name, _), times) in parts.iter().zip(times) {
            taken.add(name, times);
        }
        Ok(taken)
    }

    /// Adds times that came about in the same turns, and prints them. Of more than there are turns, the last ones count.
    pub fn add(&mut self, name: &str, mut times: Vec<Duration>) {
        if let Some((_, first)) = self.parts.first() {
            times.drain(..times.len().saturating_sub(first.len()));
        }
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        let least = times.iter().min().copied().unwrap_or_default();
        let middle = median(times.iter().copied().map(ms));
        println!("  {name:<34} {middle:>10.3} ms, least {:.3}", ms(least));
        self.parts.push((name.to_owned(), times));
    }

    fn times(&self, name: &str) -> &[Duration] {
        let found = self.parts.iter().find(|(known, _)| known == name);
        &found
            .unwrap_or_else(|| panic!("no part is called {name}"))
            .1
    }

    /// Prints how many times the sum of `below` goes into `above`: the median of the turns' ratios.
    pub fn ratio(&self, above: &str, below: &[&str]) {
        let sums = (0..self.times(above).len())
            .map(|turn| below.iter().map(|name| self.times(name)[turn]).sum());
        let ratios = self.times(above).iter().zip(sums);
        let ratio = median(ratios.map(|(above, sum): (_, Duration)| {
            above.as_secs_f64() / sum.as_secs_f64().max(f64::MIN_POSITIVE)
        }));
        println!("  {above} / ({}): {ratio:.2}", below.join(" + "));
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
