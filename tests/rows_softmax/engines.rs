//! Claims that hold on every engine.

use crate::Claim;
use crate::exact::*;
use libtest_mimic::Failed;
use nonlin::Error;
use nonlin::rows::{Softmax, SoftmaxEngine, SoftmaxKind};

fn values_and_gradients_are_exact_to_the_bound(engine: &dyn SoftmaxEngine) -> Result<(), Failed> {
    let mut worst = [(0.0_f64, 0.0_f64); 4];
    let shapes = [
        (1, 1),
        (3, 5),
        (11, 4),
        (22, 16),
        (35, 17),
        (11, 60),
        (11, 67),
        (64, 1000),
        (22, 4096),
        (257, 260),
    ];
    for (rows, columns) in shapes {
        let x = inputs(rows, columns);
        for (f, worst) in FUNCTIONS.iter().zip(&mut worst) {
            let found = check_shape(engine, f, Exact::of(f.kind()), &x, columns)?;
            *worst = (worst.0.max(found.0), worst.1.max(found.1));
        }
    }
    for (f, (value, gradient)) in FUNCTIONS.iter().zip(worst) {
        println!("    {f}: values off by {value:.2}, gradients by {gradient:.2}");
    }
    Ok(())
}

fn large_shapes_are_exact_to_the_bound(engine: &dyn SoftmaxEngine) -> Result<(), Failed> {
    for (rows, columns) in [(1000, 1000), (4096, 1024), (7, 100_003), (1 << 20, 1)] {
        let x = inputs(rows, columns);
        for f in &FUNCTIONS[..2] {
            check_shape(engine, f, Exact::of(f.kind()), &x, columns)?;
        }
    }
    Ok(())
}

fn one_long_row_is_exact_to_the_bound(engine: &dyn SoftmaxEngine) -> Result<(), Failed> {
    let columns = 1 << 24;
    let x = inputs(1, columns);
    let f = Softmax::softmax();
    check_shape(engine, &f, Exact::of(f.kind()), &x, columns)?;
    Ok(())
}

fn temperatures_divide_the_input(engine: &dyn SoftmaxEngine) -> Result<(), Failed> {
    for temperature in [0.1_f32, 0.5, 3.0, 77.7, 1e-30, 1e30] {
        for kind in SoftmaxKind::ALL {
            let f = Softmax::new(kind).temperature(temperature);
            let exact = Exact {
                temperature: f64::from(temperature),
                ..Exact::of(kind)
            };
            for columns in [12, 37] {
                let mut x = inputs(22, columns);
                if !(1e-3..1e3).contains(&temperature) {
                    // Numbers that differ by some temperatures.
                    let scaled: Vec<f32> =
                        (0..columns).map(|i| temperature * i as f32 * 0.3).collect();
                    x.extend(scaled);
                }
                check_shape(engine, &f, exact, &x, columns)?;
            }
        }
    }
    Ok(())
}

fn gradients_agree_with_finite_differences(engine: &dyn SoftmaxEngine) -> Result<(), Failed> {
    let (rows, columns, step) = (6, 5, 1e-5);
    let mut random = Random(5);
    let x: Vec<f32> = (0..rows * columns).map(|_| random.within(3.0)).collect();
    let grad = grads(x.len());
    for kind in SoftmaxKind::ALL {
        for temperature in [1.0_f32, 0.5, 2.5] {
            let f = Softmax::new(kind).temperature(temperature);
            let exact = Exact {
                temperature: f64::from(temperature),
                ..Exact::of(kind)
            };
            let y = engine.softmax(&f, &x, columns)?;
            let dx = engine.softmax_backward(&f, &y, &grad, columns)?;
            for (i, &got) in dx.iter().enumerate() {
                let start = i / columns * columns;
                let loss = |moved: f64| -> f64 {
                    let mut row = wide(&x[start..start + columns]);
                    row[i - start] += moved;
                    let y = exact.row(&row);
                    let terms = y.iter().zip(&grad[start..]);
                    terms.map(|(y, g)| y * f64::from(*g)).sum()
                };
                let want = (loss(step) - loss(-step)) / (2.0 * step);
                if (f64::from(got) - want).abs() > 1e-5 {
                    return Err(format!(
                        "{f}: element {i}: got {got}, finite differences give {want}"
                    )
                    .into());
                }
            }
        }
    }
    Ok(())
}

/// Rows of five: what is special in one must not reach the others.
pub fn special_rows() -> Vec<f32> {
    let (inf, nan) = (f32::INFINITY, f32::NAN);
    [
        [1.0, 2.0, 3.0, 4.0, 5.0],
        [-inf, -inf, -inf, -inf, -inf],
        [1.0, 2.0, 3.0, 4.0, 5.0],
        [inf, inf, inf, inf, inf],
        [1.0, nan, 3.0, 4.0, 5.0],
        [1.0, 2.0, 3.0, 4.0, 5.0],
        [1.0, 2.0, inf, 4.0, 5.0],
        [1.0, 2.0, -inf, 4.0, 5.0],
        [-inf, -inf, nan, -inf, -inf],
        [inf, inf, inf, inf, nan],
        [-inf, -inf, -inf, -inf, 7.0],
        [inf, -7.0, inf, inf, inf],
        [f32::MAX, -f32::MAX, f32::MAX, 0.0, -inf],
        [-f32::MAX, -f32::MAX, -inf, -inf, -f32::MAX],
        [0.0, -0.0, 1e-45, -1e-40, 0.0],
        [f32::from_bits(0xffc0_0000), 1.0, 2.0, 3.0, 4.0],
        [1.0, 2.0, 3.0, 4.0, 5.0],
    ]
    .concat()
}

fn special_rows_stay_apart(engine: &dyn SoftmaxEngine) -> Result<(), Failed> {
    let x = special_rows();
    // The same in vectors, and in rows that several invocations share.
    for copies in [1, 4, 400] {
        let columns = 5 * copies;
        let x: Vec<f32> = x.chunks(5).flat_map(|row| row.repeat(copies)).collect();
        for kind in SoftmaxKind::ALL {
            for zeros in [false, true] {
                let f = Softmax::new(kind).zero_for_masked_rows(zeros);
                let exact = Exact {
                    zeros,
                    ..Exact::of(kind)
                };
                let y = engine.softmax(&f, &x, columns)?;
                check_values(&f.to_string(), exact, &x, &y, columns)?;
                let grad = vec![1.5; x.len()];
                let dx = engine.softmax_backward(&f, &y, &grad, columns)?;
                for (row, (y, dx)) in y.chunks(columns).zip(dx.chunks(columns)).enumerate() {
                    let masked = zeros && y.iter().all(|&y| y == 0.0);
                    let right = |dx: &f32| {
                        if masked {
                            *dx == 0.0
                        } else {
                            dx.is_nan() == y[0].is_nan()
                        }
                    };
                    if !dx.iter().all(right) {
                        return Err(format!(
                            "{f}: row {row}: y = {:?}, dx = {:?}",
                            &y[..5],
                            &dx[..5]
                        )
                        .into());
                    }
                }
            }
        }
    }
    Ok(())
}

fn a_nan_in_the_gradient_makes_its_row_nan(engine: &dyn SoftmaxEngine) -> Result<(), Failed> {
    for (rows, columns) in [(4, 3), (4, 8), (4, 2000)] {
        for kind in SoftmaxKind::ALL {
            let f = Softmax::new(kind).zero_for_masked_rows(true);
            let mut x = vec![0.5; rows * columns];
            let masked = if kind == SoftmaxKind::Softmin {
                f32::INFINITY
            } else {
                f32::NEG_INFINITY
            };
            x[2 * columns..3 * columns].fill(masked);
            let y = engine.softmax(&f, &x, columns)?;
            let mut grad = vec![1.0; x.len()];
            grad[columns + 1] = f32::NAN;
            let dx = engine.softmax_backward(&f, &y, &grad, columns)?;
            for (i, dx) in dx.iter().enumerate() {
                let row = i / columns;
                if dx.is_nan() != (row == 1) || (row == 2 && *dx != 0.0) {
                    return Err(format!("{f}: element {i} of rows of {columns} is {dx}").into());
                }
            }
        }
    }
    Ok(())
}

fn two_runs_give_the_same_bits(engine: &dyn SoftmaxEngine) -> Result<(), Failed> {
    for (rows, columns) in [(300, 1000), (3, 200_000), (7, 33)] {
        let (x, f) = (inputs(rows, columns), Softmax::softmax());
        let (first, second) = (
            engine.softmax(&f, &x, columns)?,
            engine.softmax(&f, &x, columns)?,
        );
        same_bits(&first, &second)?;
        let grad = grads(x.len());
        let dx = engine.softmax_backward(&f, &first, &grad, columns)?;
        same_bits(&dx, &engine.softmax_backward(&f, &first, &grad, columns)?)?;
    }
    Ok(())
}

fn wrong_calls_are_refused_with_their_numbers(engine: &dyn SoftmaxEngine) -> Result<(), Failed> {
    let says = |result: nonlin::Result<Vec<f32>>, text: &str| match result {
        Err(error) if error.to_string() == text => Ok(()),
        other => Err(Failed::from(format!("{other:?}, wanted \"{text}\""))),
    };
    let f = Softmax::softmax();
    says(
        engine.softmax(&f, &[0.0; 10], 3),
        "softmax: 10 elements are no whole number of rows of 3 columns",
    )?;
    says(
        engine.softmax_backward(&Softmax::softmax1(), &[0.0; 4], &[0.0; 4], 0),
        "softmax1: 4 elements are no whole number of rows of 0 columns",
    )?;
    says(
        engine.softmax_backward(&f, &[0.0; 4], &[0.0; 6], 2),
        "grad holds 6 elements, y holds 4",
    )?;
    let short = engine.softmax_into(&f, &[0.0; 4], 2, &mut [0.0; 2]);
    says(
        short.map(|()| Vec::new()),
        "the result holds 2 elements, x holds 4",
    )?;
    for temperature in [0.0, -1.0, f32::NAN, f32::INFINITY, 1e-31, 2e30] {
        let f = Softmax::log_softmax().temperature(temperature);
        match engine.softmax(&f, &[0.0; 4], 2) {
            Err(Error::ParameterOutOfRange {
                function: "log_softmax",
                parameter: "temperature",
                value,
                ..
            }) if value.to_bits() == temperature.to_bits() => {}
            other => return Err(format!("temperature {temperature}: {other:?}").into()),
        }
    }
    for columns in [0, 1, 7] {
        let empty = engine.softmax(&f, &[], columns)?;
        assert!(empty.is_empty() && engine.softmax_backward(&f, &[], &[], columns)?.is_empty());
    }
    Ok(())
}

pub const CLAIMS: [Claim<dyn SoftmaxEngine>; 9] = [
    (
        "values_and_gradients_are_exact_to_the_bound",
        values_and_gradients_are_exact_to_the_bound,
    ),
    (
        "large_shapes_are_exact_to_the_bound",
        large_shapes_are_exact_to_the_bound,
    ),
    (
        "one_long_row_is_exact_to_the_bound",
        one_long_row_is_exact_to_the_bound,
    ),
    (
        "temperatures_divide_the_input",
        temperatures_divide_the_input,
    ),
    (
        "gradients_agree_with_finite_differences",
        gradients_agree_with_finite_differences,
    ),
    ("special_rows_stay_apart", special_rows_stay_apart),
    (
        "a_nan_in_the_gradient_makes_its_row_nan",
        a_nan_in_the_gradient_makes_its_row_nan,
    ),
    ("two_runs_give_the_same_bits", two_runs_give_the_same_bits),
    (
        "wrong_calls_are_refused_with_their_numbers",
        wrong_calls_are_refused_with_their_numbers,
    ),
];
