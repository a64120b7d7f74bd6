//! Which functions saturate, and where.

use super::lab::Lab;
use super::report::{Claim, Lines, Report, panel, steps};
use crate::failure::Failure;
use crate::picture::Panel;
use crate::table::{Align, Table};
use nonlin::{Activation, Direction, Error};
use serde::Serialize;

/// A side saturates where the derivative stays below this in magnitude.
const LEVEL: f64 = 1.0 / 128.0;
/// From so far out at the latest.
const NEAR: f32 = 16.0;
/// The last |x| that is looked at, and points between two whole numbers.
const FAR: i32 = 128;
const POINTS: i32 = 64;

/// One side of a function.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "from")]
enum Side {
    /// The derivative stays below the level from this |x| on.
    Saturates(f32),
    /// It does not.
    Goes,
    /// The function is not defined there.
    Undefined,
}

impl Side {
    /// By the derivatives at |x| = 0, 1/64, 2/64, …
    fn of(slopes: &[f64]) -> Self {
        if slopes.last().is_none_or(|slope| slope.is_nan()) {
            return Self::Undefined;
        }
        let low = |slope: &f64| slope.abs() < LEVEL;
        // The first point from which on all are low.
        let from = slopes.iter().rposition(|slope| !low(slope));
        let from = from.map_or(0, |last| last + 1) as f32 / POINTS as f32;
        if from <= NEAR {
            Self::Saturates(from)
        } else {
            Self::Goes
        }
    }

    fn text(self) -> String {
        match self {
            Self::Saturates(from) => format!("{from:.2}"),
            Self::Goes => "–".to_owned(),
            Self::Undefined => "undefined".to_owned(),
        }
    }
}

#[derive(Serialize)]
struct Function {
    function: String,
    id: &'static str,
    left: Side,
    right: Side,
    /// The same by the derivative in f64.
    left_exact: Side,
    right_exact: Side,
    derivative_at_minus_ten: f32,
    derivative_at_ten: f32,
}

impl Function {
    /// How many sides saturate, and from where on all do that do.
    fn rank(&self) -> (usize, f32) {
        let sides = [self.left, self.right].into_iter();
        let from = sides.filter_map(|side| match side {
            Side::Saturates(from) => Some(from),
            _ => None,
        });
        (from.clone().count(), from.fold(0.0, f32::max))
    }
}

fn look(lab: &Lab, f: &Activation) -> Result<Function, Error> {
    let side = |sign: f32| -> Vec<f32> {
        let places = 0..=FAR * POINTS;
        places.map(|i| sign * i as f32 / POINTS as f32).collect()
    };
    let sides = |sign: f32| -> Result<(Side, Side, f32), Error> {
        let x = side(sign);
        let found = lab.engine.derivative(f, &x)?;
        let wide: Vec<f64> = found.iter().map(|&slope| slope.into()).collect();
        let exact = x
            .iter()
            .map(|&x| f.reference(Direction::Derivative, x.into()));
        let exact = Side::of(&exact.collect::<Vec<f64>>());
        Ok((Side::of(&wide), exact, found[10 * POINTS as usize]))
    };
    let (left, left_exact, derivative_at_minus_ten) = sides(-1.0)?;
    let (right, right_exact, derivative_at_ten) = sides(1.0)?;
    Ok(Function {
        function: f.to_string(),
        id: f.id(),
        left,
        right,
        left_exact,
        right_exact,
        derivative_at_minus_ten,
        derivative_at_ten,
    })
}

/// The derivatives of some of each kind.
fn picture(lab: &Lab) -> Result<Vec<Panel>, Error> {
    let x = steps(-8.0, 8.0, 400);
    let panel = |title, functions: &[Activation]| {
        let mut lines = panel(title, "x", "f'(x)");
        for f in functions {
            lines = lines.values(&f.to_string(), &x, &lab.engine.derivative(f, &x)?);
        }
        Ok(lines)
    };
    [
        (
            "both sides saturate",
            [
                Activation::sigmoid(),
                Activation::tanh(),
                Activation::softsign(),
                Activation::erf(),
            ],
        ),
        (
            "the left side does",
            [
                Activation::relu(),
                Activation::elu(),
                Activation::gelu(),
                Activation::softplus(),
            ],
        ),
    ]
    .iter()
    .map(|(title, functions)| panel(title, functions))
    .collect()
}

pub fn run(lab: &Lab) -> Result<Report, Failure> {
    let all = Activation::all();
    let found: Result<Vec<Function>, Error> = all.iter().map(|f| look(lab, f)).collect();
    let mut found = found?;
    // Those of two sides first, the soonest first of each kind.
    found.sort_by(|a, b| {
        let ((a_sides, a_from), (b_sides, b_from)) = (a.rank(), b.rank());
        b_sides.cmp(&a_sides).then(a_from.total_cmp(&b_from))
    });
    let mut table = Table::new([
        ("function", Align::Left),
        ("sides", Align::Right),
        ("left from x = -", Align::Right),
        ("right from x =", Align::Right),
        ("f'(-10)", Align::Right),
        ("f'(10)", Align::Right),
    ]);
    for function in &found {
        table.push(vec![
            function.function.clone(),
            function.rank().0.to_string(),
            function.left.text(),
            function.right.text(),
            format!("{:.1e}", function.derivative_at_minus_ten),
            format!("{:.1e}", function.derivative_at_ten),
        ]);
    }
    let sides = |id: &str| -> Option<(bool, bool)> {
        let function = found.iter().find(|function| function.id == id)?;
        let saturates = |side| matches!(side, Side::Saturates(_));
        Some((saturates(function.left), saturates(function.right)))
    };
    let are = |ids: &[&str], wanted| ids.iter().all(|id| sides(id) == Some(wanted));
    let exact = found.iter().all(|function| {
        (function.left, function.right) == (function.left_exact, function.right_exact)
    });
    let claims = vec![
        Claim::new(exact, "all of it is as the derivatives in f64 say"),
        Claim::new(
            are(
                &[
                    "sigmoid",
                    "tanh",
                    "softsign",
                    "erf",
                    "hard_sigmoid",
                    "hard_tanh",
                    "relu6",
                ],
                (true, true),
            ),
            "sigmoid, tanh, softsign, erf, hard_sigmoid, hard_tanh and relu6 saturate on both sides",
        ),
        Claim::new(
            are(
                &[
                    "relu", "elu", "selu", "gelu", "silu", "mish", "softplus", "exp",
                ],
                (true, false),
            ),
            "relu, elu, selu, gelu, silu, mish, softplus and exp saturate on the left only",
        ),
        Claim::new(
            are(&["linear", "abs", "square", "soft_shrink"], (false, false)),
            "linear, abs, square and soft_shrink do not saturate",
        ),
    ];
    Ok(Report {
        explanation: "Every function of the catalogue by its derivative: a side saturates where |f'| stays below 1/128 from some |x| up to 16 on,\n\
            looked at up to 128. Those of two sides stand first, the soonest first.",
        table,
        claims,
        conclusion: "bounded functions saturate on both sides, those of relu's kind on the left only.",
        figures: serde_json::json!({ "level": LEVEL, "functions": found }),
        panels: picture(lab)?,
    })
}
