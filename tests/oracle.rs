//! The crate's f64 reference, which judges both engines, agrees with values that were computed to 30 digits by a program that
//! shares nothing with it (`scripts/oracle_values.py`).

use nonlin::{Activation, Direction};

const VALUES: &str = include_str!("data/oracle.txt");

struct Point {
    x: f64,
    value: f64,
    derivative: f64,
}

fn functions() -> Vec<(Activation, Vec<Point>)> {
    let mut all: Vec<(Activation, Vec<Point>)> = Vec::new();
    for line in VALUES.lines().filter(|line| !line.starts_with('#')) {
        if line.starts_with(|c: char| c.is_ascii_alphabetic()) {
            all.push((line.parse().unwrap(), Vec::new()));
            continue;
        }
        let columns: Vec<&str> = line.split_whitespace().collect();
        let [x, value, derivative] = columns[..] else {
            panic!("{line}: three columns are needed");
        };
        all.last_mut().unwrap().1.push(Point {
            // The inputs are f32, written in the shortest way.
            x: f64::from(x.parse::<f32>().unwrap()),
            value: value.parse().unwrap(),
            derivative: derivative.parse().unwrap(),
        });
    }
    all
}

#[test]
fn the_reference_agrees_with_thirty_digits() {
    let mut wrong = Vec::new();
    for (f, points) in functions() {
        for point in &points {
            let wanted = [
                (Direction::Forward, point.value),
                (Direction::Derivative, point.derivative),
            ];
            for (direction, want) in wanted {
                let got = f.reference(direction, point.x);
                let magnitude = f.magnitude(direction, point.x).max(want.abs());
                // Where the derivative crosses zero its terms are about 1; f64 cannot say more than this there.
                let terms = if want.abs() < 1e-3 && (0.3..3.0).contains(&point.x.abs()) {
                    1e-15
                } else {
                    1e-300
                };
                let right = got == want || (got - want).abs() <= 1e-12 * magnitude + terms;
                if !right {
                    wrong.push(format!(
                        "{f} {direction} at {:e}: got {got:e}, want {want:e}",
                        point.x
                    ));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} values differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_function_has_values() {
    let known: Vec<&str> = functions().iter().map(|(f, _)| f.id()).collect();
    for f in Activation::all() {
        assert!(
            known.contains(&f.id()),
            "scripts/oracle_values.py does not know {f}"
        );
    }
    assert!(functions().iter().all(|(_, points)| points.len() >= 200));
}
