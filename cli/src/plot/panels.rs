//! Which function stands in which panel, and how high a panel is.

use super::Range;
use super::curve::Curve;
use crate::failure::Failure;
use crate::ops::short_name;
use crate::picture::{Figure, Panel, Series};
use nonlin::{Chain, Direction, Engine, Function};

/// Functions drawn in one panel: one, or one with several parameters.
type Group<'a> = Vec<&'a Chain<'static>>;

/// The figure of some functions with their derivatives.
pub fn figure(
    functions: &[Chain<'static>],
    range: Range,
    separate: bool,
    engine: &dyn Engine,
) -> Result<Figure, Failure> {
    let groups = groups(functions, separate);
    let columns = match groups.len() {
        4 => 2,
        count @ ..=12 => count.clamp(1, 3),
        _ => 4,
    };
    let panels = groups.iter().map(|group| panel(group, range, engine));
    Ok(Figure {
        title: String::new(),
        notes: Vec::new(),
        panels: panels.collect::<Result<_, _>>()?,
        columns,
    })
}

fn id<'a>(f: &'a Chain<'static>) -> Option<&'a str> {
    f.activation().map(|f| f.id())
}

fn groups<'a>(functions: &'a [Chain<'static>], separate: bool) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for f in functions {
        let same = |group: &&mut Group<'_>| !separate && id(f).is_some() && id(group[0]) == id(f);
        match groups.iter_mut().find(same) {
            Some(group) => group.push(f),
            None => groups.push(vec![f]),
        }
    }
    groups
}

fn panel(group: &Group<'_>, range: Range, engine: &dyn Engine) -> Result<Panel, Failure> {
    let mut curves = Vec::new();
    for f in group {
        let kinks = f.activation().map_or_else(Vec::new, |f| f.kinks());
        let corners: Vec<f32> = kinks.into_iter().map(|(x, _)| x).collect();
        for direction in [Direction::Forward, Direction::Derivative] {
            curves.push(Curve::new(engine, f, direction, range, &corners)?);
        }
    }
    let height = height(curves.iter().map(|curve| curve.values().collect()), range);
    let alone = group.len() == 1;
    let mut series = Vec::new();
    for (i, curve) in curves.into_iter().enumerate() {
        let (f, dashed) = (group[i / 2], i % 2 == 1);
        let name = match (alone, dashed) {
            (true, false) => "f(x)".to_owned(),
            (true, true) => "f'(x)".to_owned(),
            (false, false) => f
                .activation()
                .map_or_else(|| f.to_string(), ToString::to_string),
            // The colour says whose derivative it is.
            (false, true) => String::new(),
        };
        series.push(Series {
            name,
            points: curve.refined(height, range)?,
            dashed,
            colour: if alone { i } else { i / 2 },
        });
    }
    let title = match id(group[0]) {
        Some(id) if !alone => id.to_owned(),
        _ => short_name(group[0]),
    };
    Ok(Panel {
        title,
        series,
        x_range: Some((f64::from(range.low), f64::from(range.high))),
        y_range: Some(height),
        zero_line: true,
        ..Panel::default()
    })
}

/// The ends of a panel's axis. A function that leaves the range of its inputs is cut off there, so that what happens near 0 can be seen,
/// unless most of it is outside.
fn height(curves: impl Iterator<Item = Vec<f64>>, range: Range) -> (f64, f64) {
    let curves: Vec<Vec<f64>> = curves.collect();
    let cap = 1.25 * f64::from(range.low.abs().max(range.high.abs()).max(1.0));
    let functions = || curves.iter().step_by(2).flatten();
    let inside = functions().filter(|y| y.abs() <= cap).count();
    let mut all: Vec<f64> = curves.iter().flatten().copied().collect();
    all.sort_by(f64::total_cmp);
    let (Some(&least), Some(&largest)) = (all.first(), all.last()) else {
        return (-1.0, 1.0);
    };
    let (low, high) = if 2 * inside >= functions().count() {
        (least.max(-cap), largest.min(cap))
    } else {
        (all[all.len() / 50], all[all.len() - 1 - all.len() / 50])
    };
    let (low, high) = (low.min(0.0), high.max(0.0));
    let room = match 0.06 * (high - low) {
        0.0 => 1.0,
        room => room,
    };
    (low - room, high + room)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_stand_together_and_chains_alone() {
        let list = Chain::parse_list("elu(alpha=0.5),relu,elu,scale(2) | elu").expect("functions");
        let sizes =
            |separate| -> Vec<usize> { groups(&list, separate).iter().map(Vec::len).collect() };
        assert_eq!(sizes(false), [2, 1, 1]);
        assert_eq!(sizes(true), [1, 1, 1, 1]);
    }

    #[test]
    fn heights_are_cut_where_a_function_runs_away() {
        let range = Range {
            low: -4.0,
            high: 4.0,
        };
        let height = |values: Vec<f64>| height(vec![values, vec![]].into_iter(), range);
        let (low, high) = height(vec![0.0, 0.1, 1.0, 1e30]);
        assert!(low < 0.0 && (5.0..6.0).contains(&high), "{low} {high}");
        let (_, high) = height(vec![1000.0; 10]);
        assert!(high > 1000.0, "most of it is outside of the cap");
        assert_eq!(height(vec![]), (-1.0, 1.0));
    }
}
