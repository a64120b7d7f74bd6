//! What `nonlin bench --crossover` found, in words.

use super::super::crossover::{Crossing, Curve, Data, Point, crossing};
use super::{Adapter, BEGINNING, NOTHING, SOFTWARE, times, transfers, typical};
use crate::number::{grouped, milliseconds};
use std::time::Duration;

/// The closing words.
pub fn of_crossover(all: &[Curve], adapter: Adapter) -> String {
    let ends = |end: fn(&[Point]) -> Option<&Point>| all.iter().filter_map(move |c| end(&c.1));
    let (first, last) = (|| ends(<[Point]>::first), || ends(<[Point]>::last));
    let (Some(shortest), Some(longest)) = (first().next(), last().next()) else {
        return format!("{BEGINNING} {NOTHING}");
    };
    let (shortest, longest) = (shortest.elements, longest.elements);
    let mut words = vec![
        BEGINNING.to_owned(),
        place(
            "With data in host memory",
            all,
            Data::Host,
            shortest,
            longest,
        ),
        place(
            "Where the data is on the GPU and the result stays there",
            all,
            Data::Device,
            shortest,
            longest,
        ),
    ];
    let least = |value: fn(&Point) -> f64| time(typical(first().map(value)).unwrap_or_default());
    words.extend(short(all));
    words.push(format!(
        "For {} elements a call on the GPU takes {} from host memory and {} with the data there, which is what a call costs before there is any \
         work; the CPU takes {}.",
        grouped(shortest),
        least(|point| point.gpu_call_ms),
        least(|point| point.gpu_resident_ms),
        least(|point| point.cpu_ms),
    ));
    let moved = typical(last().map(|point| point.transfer_ms / point.gpu_resident_ms));
    words.push(transfers(longest, moved.unwrap_or(f64::NAN)));
    if adapter == Adapter::Software {
        words.push(SOFTWARE.to_owned());
    }
    words.join(" ")
}

/// Which engine to take with the data in one place.
fn place(words: &str, all: &[Curve], data: Data, shortest: usize, longest: usize) -> String {
    let mut from: Vec<usize> = all
        .iter()
        .filter_map(|(_, points)| match crossing(points, data) {
            Crossing::Never | Crossing::Until(_) => None,
            Crossing::Always => Some(shortest),
            Crossing::From(place) => Some(place.elements),
        })
        .collect();
    from.sort_unstable();
    let ratios = || {
        let last = all.iter().filter_map(|(_, points)| points.last());
        last.map(|point| point.ratio(data))
    };
    let longest = grouped(longest);
    let (Some(&low), Some(&high)) = (from.first(), from.last()) else {
        let behind = times(typical(ratios().map(|ratio| 1.0 / ratio)).unwrap_or(f64::NAN));
        return format!(
            "{words} take the CPU, up to {longest} elements at least: even of so many the GPU takes typically {behind} as long."
        );
    };
    let ahead = ratios().filter(|ratio| *ratio > 1.0);
    let ahead = times(typical(ahead).unwrap_or(f64::NAN));
    let lengths = match (about(low), about(high)) {
        (low, high) if low == high => format!("about {low} elements on"),
        (low, high) => format!("about {low} to {high} elements on, by the function"),
    };
    if from.len() < all.len() {
        return format!(
            "{words} the GPU wins {} of {} rows, from {lengths}, and typically {ahead} at {longest}; take the CPU for the others and below.",
            from.len(),
            all.len()
        );
    }
    if high <= shortest {
        return format!(
            "{words} take the GPU at every length from {} elements on; of {longest} it is typically {ahead} as fast.",
            grouped(shortest)
        );
    }
    format!(
        "{words} take the GPU from {lengths}, and the CPU below; of {longest} elements the GPU is typically {ahead} as fast."
    )
}

/// Where the GPU is faster for few elements only.
fn short(all: &[Curve]) -> Option<String> {
    let until = all
        .iter()
        .filter_map(|(_, points)| match crossing(points, Data::Device) {
            Crossing::Until(place) => Some(place.elements),
            _ => None,
        });
    let until: Vec<usize> = until.collect();
    let (low, high) = (until.iter().min()?, until.iter().max()?);
    let lengths = match (about(*low), about(*high)) {
        (low, high) if low == high => low,
        (low, high) => format!("{low} to {high}"),
    };
    let rows = match (until.len(), all.len()) {
        (k, n) if k == n => String::new(),
        (k, n) => format!(" in {k} of {n} rows"),
    };
    Some(format!(
        "Only below about {lengths} elements is the GPU ahead there{rows}, as the CPU would have to fetch them first."
    ))
}

/// A length with two digits: what is between two lengths that were measured is not known better.
fn about(elements: usize) -> String {
    let digits = elements.max(1).ilog10();
    let unit = 10_usize.pow(digits.saturating_sub(1));
    grouped(elements.saturating_add(unit / 2) / unit * unit)
}

fn time(ms: f64) -> String {
    let duration = Duration::try_from_secs_f64(ms / 1e3).unwrap_or_default();
    format!("{} ms", milliseconds(duration))
}

#[cfg(test)]
mod tests {
    use super::about;

    #[test]
    fn a_crossing_has_two_digits() {
        for (elements, text) in [(0, "0"), (7, "7"), (256, "260"), (1_234_567, "1,200,000")] {
            assert_eq!(about(elements), text);
        }
    }
}
