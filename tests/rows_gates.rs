//! Gated linear units on every engine.

mod support;
#[path = "support/gates.rs"]
#[macro_use]
mod gates;
#[path = "support/known.rs"]
#[allow(dead_code, reason = "made for chains")]
mod known;

use gates::{Claim, Gates, SIDES, integers, joined, places, same};
use known::{Function, Known};
use libtest_mimic::Failed;
use nonlin::rows::{Gate, Glu};
use nonlin::{Activation, Direction, Error};
use support::sample::Random;

const SHAPES: [(usize, usize); 8] = [
    (1, 2),
    (3, 10),
    (5, 16),
    (9, 1030),
    (1000, 1000),
    (7, 100_002),
    (1 << 20, 2),
    (0, 6),
];

fn main() -> std::process::ExitCode {
    let claims: &'static [Claim] = gate_claims![
        results_lie_where_the_gate_and_a_rounding_put_them,
        clamped_units_lie_where_their_steps_put_them,
        every_shape_and_side_has_its_elements_in_their_places,
        zeros_win_over_infinities_and_nan_over_everything,
        clamps_and_kinks_have_the_stated_derivatives,
        gradients_are_finite_differences,
        swapped_halves_are_noticed,
        what_does_not_fit_is_refused,
    ];
    support::claims::run(gates::trials(claims, &[]))
}

/// Normal numbers of several magnitudes, and numbers near where functions bend.
fn inputs(len: usize, seed: u64) -> Vec<f32> {
    let mut random = Random::new(seed);
    (0..len)
        .map(|i| match i % 8 {
            0..=3 => random.normal(),
            4 | 5 => 4.0 * random.normal(),
            6 => random.uniform(-20.0, 20.0) as f32,
            _ => random.pick(&[0.0, 1.0, -1.0, 6.5, -1.2784645, -0.7517915, 1e-20, -100.0]),
        })
        .collect()
}

/// What is known of y, da and db.
struct Expected {
    y: Vec<Known>,
    da: Vec<Known>,
    db: Vec<Known>,
}

/// A gate within 4 ULP (or what the catalogue says of its parameters), a rounding for each product.
fn expected(f: &Activation, a: &[f32], b: &[f32], grad: &[f32]) -> Expected {
    let gate = Function::new(f);
    let mut all = Expected {
        y: Vec::new(),
        da: Vec::new(),
        db: Vec::new(),
    };
    for ((&a, &b), &grad) in a.iter().zip(b).zip(grad) {
        let [a, b, grad] = [a, b, grad].map(Known::given);
        let g = gate.at(Direction::Forward, a);
        let slope = gate.at(Direction::Derivative, a);
        all.y.push(g.times(b));
        all.da.push(grad.times(b).times(slope));
        all.db.push(grad.times(g));
    }
    all
}

fn in_range(got: &[f32], want: &[Known], what: &str) -> Result<(), String> {
    assert_eq!(got.len(), want.len(), "{what}: length");
    let claimed = want.iter().filter(|known| known.claims()).count();
    if claimed * 10 < want.len() * 9 {
        return Err(format!("{what}: only {claimed} of {} claimed", want.len()));
    }
    for (i, (&got, &want)) in got.iter().zip(want).enumerate() {
        if !want.allows(got) {
            return Err(format!("{what}: element {i} is {got:e}, known is {want:?}"));
        }
    }
    Ok(())
}

/// Both forms of a unit, forward and backward, against what is known.
fn check(
    gates: &Gates,
    f: &Glu,
    side: Gate,
    wanted: &Expected,
    operands: [&[f32]; 3],
    n: usize,
) -> Result<(), Failed> {
    let [a, b, grad] = operands;
    let f = f.clone().gated(side);
    let x = joined(side, n, a, b);
    let what = |name: &str| format!("{name} of {f:?}");
    let y = gates.engine.glu(&f, &x, 2 * n)?;
    in_range(&y, &wanted.y, &what("rows"))?;
    let dx = gates.engine.glu_backward(&f, &x, 2 * n, grad)?;
    let picked = |which: usize| -> Vec<f32> {
        (0..a.len())
            .map(|i| dx[places(side, n, i / n, i % n)[which]])
            .collect()
    };
    in_range(&picked(0), &wanted.da, &what("gradient of a"))?;
    in_range(&picked(1), &wanted.db, &what("gradient of b"))?;
    in_range(
        &gates.engine.glu_split(&f, a, b)?,
        &wanted.y,
        &what("split"),
    )?;
    let [da, db] = gates.engine.glu_split_backward(&f, a, b, grad)?;
    in_range(&da, &wanted.da, &what("split gradient of a"))?;
    in_range(&db, &wanted.db, &what("split gradient of b"))?;
    Ok(())
}

fn results_lie_where_the_gate_and_a_rounding_put_them(gates: &Gates) -> Result<(), Failed> {
    let named = [
        Activation::sigmoid(),
        Activation::linear(),
        Activation::relu(),
        Activation::gelu(),
        Activation::gelu_tanh(),
        Activation::gelu_quick(),
        Activation::silu(),
        Activation::squared_relu(),
        Activation::elu(),
        Activation::piecewise_linear(),
    ];
    // An adapter has a kernel to compile for each; the CPU takes them all.
    let every: Vec<Activation> = match gates.gpu {
        Some(_) => named.to_vec(),
        None => Activation::all(),
    };
    let (rows, n) = (31, 33);
    let [a, b, grad] = [1, 2, 3].map(|seed| inputs(rows * n, seed));
    for (k, f) in every.iter().enumerate() {
        // Not where the function or its slope is a pole or a NaN: other claims look there.
        let domain = |x: f32| {
            if matches!(f.id(), "log" | "sqrt" | "rsqrt" | "log1p" | "reciprocal") {
                x.abs() + 0.5
            } else {
                x
            }
        };
        let a: Vec<f32> = a.iter().map(|&x| domain(x)).collect();
        let wanted = expected(f, &a, &b, &grad);
        check(
            gates,
            &Glu::with(f.clone()),
            SIDES[k % 4],
            &wanted,
            [&a, &b, &grad],
            n,
        )?;
    }
    Ok(())
}

fn clamped_units_lie_where_their_steps_put_them(gates: &Gates) -> Result<(), Failed> {
    let (rows, n) = (17, 64);
    let [a, b, grad] = [4, 5, 6].map(|seed| inputs(rows * n, seed));
    let f = Glu::clamped_swiglu();
    let gate = Function::new(&Activation::Swish { beta: 1.702 });
    let mut wanted = Expected {
        y: Vec::new(),
        da: Vec::new(),
        db: Vec::new(),
    };
    for ((&a, &b), &grad) in a.iter().zip(&b).zip(&grad) {
        let grad = Known::given(grad);
        let limited = Known::given(a.min(7.0));
        let linear = Known::given(b.clamp(-7.0, 7.0)).plus(Known::given(1.0));
        let g = gate.at(Direction::Forward, limited);
        let slope = gate.at(Direction::Derivative, limited);
        let zero = Known::given(0.0);
        wanted.y.push(g.times(linear));
        wanted.da.push(if a < 7.0 {
            grad.times(linear).times(slope)
        } else {
            zero
        });
        wanted
            .db
            .push(if b.abs() < 7.0 { grad.times(g) } else { zero });
    }
    for side in SIDES {
        check(gates, &f, side, &wanted, [&a, &b, &grad], n)?;
    }
    Ok(())
}

fn every_shape_and_side_has_its_elements_in_their_places(gates: &Gates) -> Result<(), Failed> {
    for (k, &(rows, columns)) in SHAPES.iter().enumerate() {
        let n = columns / 2;
        let [a, b, grad] = [1, 2, 3].map(|seed| integers(rows * n, seed));
        let sides = if rows * columns > 100_000 {
            &SIDES[k % 4..k % 4 + 1]
        } else {
            &SIDES[..]
        };
        let relu = |x: f32| x.max(0.0);
        let step = |x: f32| f32::from(u8::from(x > 0.0));
        let product =
            |u: &[f32], v: &[f32]| -> Vec<f32> { u.iter().zip(v).map(|(u, v)| u * v).collect() };
        let (g, slope): (Vec<f32>, Vec<f32>) = a.iter().map(|&a| (relu(a), step(a))).unzip();
        let wanted = joined(
            Gate::First,
            n.max(1),
            &product(&product(&grad, &b), &slope),
            &product(&grad, &g),
        );
        for &side in sides {
            let f = Glu::reglu().gated(side);
            let x = joined(side, n, &a, &b);
            let what = format!("{rows} × {columns}, {side:?}");
            same(&gates.engine.glu(&f, &x, columns)?, &product(&g, &b), &what);
            let dx = gates.engine.glu_backward(&f, &x, columns, &grad)?;
            let as_first: Vec<f32> = {
                let mut all = vec![0.0; dx.len()];
                for i in 0..a.len() {
                    for (from, to) in places(side, n, i / n, i % n).into_iter().zip(places(
                        Gate::First,
                        n,
                        i / n,
                        i % n,
                    )) {
                        all[to] = dx[from];
                    }
                }
                all
            };
            same(&as_first, &wanted, &format!("gradient, {what}"));
        }
    }
    Ok(())
}

fn zeros_win_over_infinities_and_nan_over_everything(gates: &Gates) -> Result<(), Failed> {
    let (inf, nan) = (f32::INFINITY, f32::NAN);
    // a, b, grad; y, da, db.
    let cases = [
        [1.0, nan, 2.0, nan, nan, 2.0],
        [nan, 1.0, 2.0, nan, nan, nan],
        [1.0, 2.0, nan, 2.0, nan, nan],
        [-1.0, 2.0, inf, 0.0, 0.0, 0.0],
        [-1.0, 2.0, nan, 0.0, nan, nan],
        [-1.0, nan, 2.0, nan, nan, 0.0],
        [2.0, inf, 0.0, inf, 0.0, 0.0],
        [inf, 0.0, 1.0, nan, 0.0, inf],
        [inf, 2.0, 0.0, inf, 0.0, 0.0],
        [0.0, inf, 1.0, nan, 0.0, 0.0],
        [3.0, -inf, 1.0, -inf, -inf, 3.0],
        [-inf, 2.0, inf, 0.0, 0.0, 0.0],
    ];
    let column = |k: usize| -> Vec<f32> { cases.iter().map(|case| case[k]).collect() };
    let f = Glu::reglu();
    same(
        &gates.engine.glu_split(&f, &column(0), &column(1))?,
        &column(3),
        "y",
    );
    let [da, db] = gates
        .engine
        .glu_split_backward(&f, &column(0), &column(1), &column(2))?;
    same(&da, &column(4), "da");
    same(&db, &column(5), "db");
    // A large product on the way is no infinity over a slope of zero.
    let [da, _] = gates
        .engine
        .glu_split_backward(&f, &[-1.0], &[1e30], &[1e30])?;
    same(&da, &[0.0], "da of an overflow");
    Ok(())
}

fn clamps_and_kinks_have_the_stated_derivatives(gates: &Gates) -> Result<(), Failed> {
    let f = Glu::bilinear().limited(7.0).offset(1.0);
    let (below, nan) = (7.0_f32.next_down(), f32::NAN);
    // a, b, grad; y, da, db.
    let cases = [
        [7.0, 1.0, 1.0, 14.0, 0.0, 7.0],
        [8.0, 1.0, 1.0, 14.0, 0.0, 7.0],
        [below, 0.0, 1.0, below, 1.0, below],
        [1.0, 7.0, 1.0, 8.0, 8.0, 0.0],
        [1.0, -7.0, 1.0, -6.0, -6.0, 0.0],
        [1.0, 9.0, 2.0, 8.0, 16.0, 0.0],
        [-100.0, 3.0, 1.0, -400.0, 4.0, -100.0],
        [nan, 3.0, 1.0, nan, nan, nan],
        [1.0, nan, 1.0, nan, nan, nan],
        [8.0, 8.0, nan, 56.0, nan, nan],
        [f32::INFINITY, -f32::INFINITY, 1.0, -42.0, 0.0, 0.0],
    ];
    let column = |k: usize| -> Vec<f32> { cases.iter().map(|case| case[k]).collect() };
    same(
        &gates.engine.glu_split(&f, &column(0), &column(1))?,
        &column(3),
        "y",
    );
    let [da, db] = gates
        .engine
        .glu_split_backward(&f, &column(0), &column(1), &column(2))?;
    same(&da, &column(4), "da");
    same(&db, &column(5), "db");
    let at_zero =
        gates
            .engine
            .glu_split_backward(&Glu::reglu(), &[0.0, -0.0], &[5.0, 5.0], &[1.0, 1.0])?;
    same(&at_zero[0], &[0.0, 0.0], "relu's kink");
    Ok(())
}

fn gradients_are_finite_differences(gates: &Gates) -> Result<(), Failed> {
    let (rows, n) = (4, 16);
    let mut random = Random::new(9);
    let mut numbers =
        |len: usize| -> Vec<f32> { (0..len).map(|_| 2.0 * random.normal()).collect() };
    let (x, grad) = (numbers(2 * rows * n), numbers(rows * n));
    let clamped = |g: f64, u: f64| {
        let (g, u) = (g.min(7.0), u.clamp(-7.0, 7.0));
        (u + 1.0) * g / (1.0 + (-1.702 * g).exp())
    };
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    type Form<'a> = &'a dyn Fn(f64, f64) -> f64;
    let units: [(Glu, Gate, Form<'_>); 4] = [
        (Glu::glu(), Gate::Second, &|a, b| sigmoid(a) * b),
        (Glu::swiglu(), Gate::First, &|a, b| a * sigmoid(a) * b),
        (Glu::sreglu(), Gate::First, &|a, b| {
            a.max(0.0) * a.max(0.0) * b
        }),
        (Glu::clamped_swiglu(), Gate::Even, &clamped),
    ];
    for (f, side, form) in units {
        let dx = gates.engine.glu_backward(&f, &x, 2 * n, &grad)?;
        for (i, &grad) in grad.iter().enumerate() {
            let [at_a, at_b] = places(side, n, i / n, i % n);
            let (a, b, h) = (f64::from(x[at_a]), f64::from(x[at_b]), 1e-6);
            let slopes = [
                (form(a + h, b) - form(a - h, b)) / (2.0 * h),
                (form(a, b + h) - form(a, b - h)) / (2.0 * h),
            ];
            for (at, slope) in [at_a, at_b].into_iter().zip(slopes) {
                let want = slope * f64::from(grad);
                let off = (f64::from(dx[at]) - want).abs();
                assert!(
                    off <= 1e-5 * (1.0 + want.abs()),
                    "{f:?} at {at}: {}, want {want}",
                    dx[at]
                );
            }
        }
    }
    Ok(())
}

/// The planted mistake: the ranges tell the halves apart.
fn swapped_halves_are_noticed(gates: &Gates) -> Result<(), Failed> {
    let (rows, n) = (3, 32);
    let [a, b, grad] = [7, 8, 9].map(|seed| inputs(rows * n, seed));
    let wanted = expected(&Activation::silu(), &a, &b, &grad);
    let x = joined(Gate::First, n, &a, &b);
    let swapped = gates
        .engine
        .glu(&Glu::swiglu().gated(Gate::Second), &x, 2 * n)?;
    assert!(
        in_range(&swapped, &wanted.y, "").is_err(),
        "swapped halves pass"
    );
    let dx = gates
        .engine
        .glu_backward(&Glu::swiglu(), &x, 2 * n, &grad)?;
    let wrong: Vec<f32> = (0..a.len())
        .map(|i| dx[places(Gate::Second, n, i / n, i % n)[0]])
        .collect();
    assert!(
        in_range(&wrong, &wanted.da, "").is_err(),
        "swapped gradients pass"
    );
    Ok(())
}

fn what_does_not_fit_is_refused(gates: &Gates) -> Result<(), Failed> {
    let engine = &gates.engine;
    let says = |result: nonlin::Result<Vec<f32>>, text: &str| {
        let said = result.expect_err(text).to_string();
        assert_eq!(said, text);
    };
    says(
        engine.glu(&Glu::glu(), &[0.0; 12], 3),
        "glu: a row of 3 columns has no two halves",
    );
    says(
        engine.glu(&Glu::glu(), &[0.0; 10], 4),
        "glu: x holds 10 elements, which are no whole rows of 4 columns",
    );
    says(
        engine.glu(&Glu::glu(), &[0.0; 10], 0),
        "glu: x holds 10 elements, which are no whole rows of 0 columns",
    );
    says(
        engine.glu_backward(&Glu::glu(), &[0.0; 8], 4, &[0.0; 3]),
        "grad holds 3 elements, half of x holds 4",
    );
    says(
        engine.glu_split(&Glu::glu(), &[0.0; 8], &[0.0; 4]),
        "b holds 4 elements, a holds 8",
    );
    says(
        engine.glu(&Glu::swiglu().limited(f32::NAN), &[0.0; 8], 4),
        "glu: limit is NaN, allowed is 1.1754944e-38 to inf",
    );
    says(
        engine.glu(&Glu::swiglu().offset(f32::INFINITY), &[0.0; 8], 4),
        "glu: offset is inf, allowed is -3.4028235e38 to 3.4028235e38",
    );
    let slope = Activation::LeakyRelu { slope: -1.0 };
    says(
        engine.glu(&Glu::with(slope), &[0.0; 8], 4),
        "leaky_relu: slope is -1, allowed is 0 to 3.4028235e38",
    );
    let mut short = [0.0; 3];
    let error = engine
        .glu_into(&Glu::glu(), &[0.0; 8], 4, &mut short)
        .unwrap_err();
    assert!(
        matches!(
            error,
            Error::LengthMismatch {
                len: 3,
                other_len: 4,
                ..
            }
        ),
        "{error}"
    );
    assert!(engine.glu(&Glu::glu(), &[], 4)?.is_empty());
    assert!(engine.glu_split(&Glu::glu(), &[], &[])?.is_empty());
    Ok(())
}
