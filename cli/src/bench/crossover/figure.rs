//! The crossover as a picture: time against length, a panel for each function.

use super::super::{Engines, machine};
use super::{Crossing, Curve, Data, PLACES, Point, crossing};
use crate::date;
use crate::picture::{Figure, Panel, Series, axis_rounded};

/// Colours of the engines.
const CPU: usize = 0;
const GPU: usize = 1;

/// Draws all curves, on the same axes.
pub fn figure(all: &[Curve], engines: &Engines) -> Figure {
    let threads = match engines.fastest_cpu().threads() {
        1 => "1 thread".to_owned(),
        n => format!("{n} threads"),
    };
    let mut notes = vec![format!(
        "{}. CPU: {}, {threads}",
        date::today(),
        machine::processor()
    )];
    notes.extend(engines.gpu.iter().map(|gpu| format!("GPU: {}", gpu.info())));
    draw(all, notes)
}

fn draw(all: &[Curve], notes: Vec<String>) -> Figure {
    let points = || all.iter().flat_map(|(_, points)| points);
    let times = points().flat_map(|point| {
        PLACES
            .into_iter()
            .flat_map(|data| [point.cpu_side(data), point.gpu_side(data)])
    });
    let x_range = ends(points().map(|point| point.elements as f64));
    // A third more, so that no line runs along the frame.
    let y_range = ends(times).map(|(low, high)| (low / 1.33, high * 1.33));
    let panel = |(name, points): &Curve| Panel {
        title: name.clone(),
        x_label: "elements".to_owned(),
        series: series(points),
        log_x: true,
        log_y: true,
        x_range,
        y_range,
        notes: PLACES.map(|data| note(points, data)).to_vec(),
        rings: rings(points),
        x_words: Some(count),
        y_words: Some(duration),
        ..Panel::default()
    };
    Figure {
        title: format!(
            "nonlin {}: time of one call by its length; a ring where the faster engine changes",
            env!("CARGO_PKG_VERSION")
        ),
        notes,
        panels: all.iter().map(panel).collect(),
        // Four are a square.
        columns: if all.len() == 4 { 2 } else { all.len().min(3) },
    }
}

fn ends(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |ends, x| {
        let (low, high) = ends.unwrap_or((x, x));
        Some((low.min(x), high.max(x)))
    })
}

fn series(points: &[Point]) -> Vec<Series> {
    let line = |name: &str, colour, dashed, time: &dyn Fn(&Point) -> f64| Series {
        name: name.to_owned(),
        points: points
            .iter()
            .map(|point| (point.elements as f64, time(point)))
            .collect(),
        dashed,
        colour,
    };
    vec![
        line("CPU, data on the host", CPU, false, &|point| {
            point.cpu_side(Data::Host)
        }),
        line("GPU, data on the host", GPU, false, &|point| {
            point.gpu_side(Data::Host)
        }),
        line(
            "CPU with the transfers, data on the GPU",
            CPU,
            true,
            &|point| point.cpu_side(Data::Device),
        ),
        line("GPU, data on the GPU", GPU, true, &|point| {
            point.gpu_side(Data::Device)
        }),
    ]
}

fn note(points: &[Point], data: Data) -> String {
    let place = match data {
        Data::Host => "data on the host",
        Data::Device => "data on the GPU",
    };
    match crossing(points, data) {
        Crossing::Never => format!("{place}: the CPU wins"),
        Crossing::Always => format!("{place}: the GPU wins"),
        Crossing::From(from) => {
            format!("{place}: the GPU wins from {}", count(from.elements as f64))
        }
        Crossing::Until(until) => {
            format!(
                "{place}: the CPU wins from {}",
                count(until.elements as f64)
            )
        }
    }
}

fn rings(points: &[Point]) -> Vec<(f64, f64)> {
    let ring = |data| match crossing(points, data) {
        Crossing::From(place) | Crossing::Until(place) => Some((place.elements as f64, place.ms)),
        Crossing::Never | Crossing::Always => None,
    };
    PLACES.into_iter().filter_map(ring).collect()
}

/// A count in thousands and millions, with two digits at least.
fn count(elements: f64) -> String {
    in_units(elements, &[(1e9, "G"), (1e6, "M"), (1e3, "K"), (1.0, "")])
}

/// Milliseconds in the unit that fits.
fn duration(ms: f64) -> String {
    in_units(
        ms * 1e6,
        &[(1e9, " s"), (1e6, " ms"), (1e3, " µs"), (1.0, " ns")],
    )
}

/// Of the units, the first that goes into `value`, or else the last.
fn in_units(value: f64, units: &[(f64, &str)]) -> String {
    // A power of ten may be a rounding below itself.
    let fits = |unit: &&(f64, &str)| value >= unit.0 * (1.0 - 1e-9);
    let unit = units.iter().find(fits).or(units.last());
    let (unit, name) = unit.copied().unwrap_or((1.0, ""));
    let digits = usize::from(value / unit < 9.95);
    format!("{}{name}", axis_rounded(value / unit, digits))
}

#[cfg(test)]
mod tests {
    use super::super::point;
    use super::*;
    use crate::picture::Theme;

    #[test]
    fn ticks_are_words() {
        for (elements, text) in [
            (256.0, "256"),
            (1e3, "1K"),
            (9.999_999_999e5, "1M"),
            (1_234_567.0, "1.2M"),
        ] {
            assert_eq!(count(elements), text);
        }
        for (ms, text) in [
            (1e-4, "100 ns"),
            (1e-3, "1 µs"),
            (0.1, "100 µs"),
            (1e3, "1 s"),
        ] {
            assert_eq!(duration(ms), text);
        }
    }

    #[test]
    fn each_panel_has_four_lines_and_a_ring_for_each_crossing() {
        let of = |n: usize| point(n, n as f64 * 1e-6, 0.1 + n as f64 * 1e-7, 0.06);
        let crossing: Vec<Point> = [1 << 10, 1 << 16, 1 << 22].map(of).to_vec();
        let lost = [1 << 10, 1 << 22]
            .map(|n| point(n, 1e-3, 1.0, 2.0))
            .to_vec();
        let all = [
            ("gelu forward".to_owned(), crossing),
            ("a < b forward".to_owned(), lost),
        ];
        let svg = draw(&all, vec!["CPU: some & other".to_owned()]).svg(Theme::Auto);
        for text in [
            "data on the host: the GPU wins from ",
            "data on the host: the CPU wins",
            "some &amp; other",
            ">100 µs<",
            ">1M<",
        ] {
            assert!(svg.contains(text), "{text} is missing in {svg}");
        }
        for panel in svg.split("<g ").skip(1) {
            let panel = panel.split("</g>").next().expect("its text");
            let lines = |class: &str| panel.matches(&format!("class=\"{class}\"")).count();
            for class in ["s c0", "s c1", "s d c0", "s d c1"] {
                assert_eq!(lines(class), 1, "{class}");
            }
            let rings = if panel.contains("gelu") { 2 } else { 0 };
            assert_eq!(lines("s c2"), rings, "{panel}");
        }
    }
}
