//! softmax and its relatives on every engine: values and gradients against f64, rows that are not finite, shapes, splitting, errors.

#[path = "support/generators.rs"]
mod generators;
#[path = "../examples/softmax.rs"]
mod softmax_example;
mod support;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use nonlin::cpu::{Cpu, Isa};
use nonlin::rows::{Softmax, SoftmaxEngine, SoftmaxKind};
use nonlin::{Error, Gpu, Tensor};
use std::sync::Arc;
use support::adapters::{Adapter, adapters};

/// What an error is counted in: half an ULP of 1.
const HALF: f64 = 1.0 / 16_777_216.0;

/// ULP that a value may be off by, and halves of them (relative to 1 or the value) for a logarithm.
const BOUND: f64 = 8.0;

const FUNCTIONS: [Softmax; 4] = [
    Softmax::softmax(),
    Softmax::log_softmax(),
    Softmax::softmin(),
    Softmax::softmax1(),
];

/// A function in f64, in the form that the test owns.
#[derive(Clone, Copy)]
struct Exact {
    kind: SoftmaxKind,
    temperature: f64,
    zeros: bool,
}

impl Exact {
    fn of(kind: SoftmaxKind) -> Self {
        Self {
            kind,
            temperature: 1.0,
            zeros: false,
        }
    }

    fn sign(self) -> f64 {
        if self.kind == SoftmaxKind::Softmin {
            -1.0
        } else {
            1.0
        }
    }

    fn row(self, x: &[f64]) -> Vec<f64> {
        let u: Vec<f64> = x.iter().map(|x| self.sign() * x).collect();
        if u.iter().any(|u| u.is_nan() || *u == f64::INFINITY) {
            return vec![f64::NAN; x.len()];
        }
        let one = self.kind == SoftmaxKind::Softmax1;
        let first = if one { 0.0 } else { f64::NEG_INFINITY };
        let top = u.iter().copied().fold(first, f64::max);
        if top == f64::NEG_INFINITY {
            return vec![if self.zeros { 0.0 } else { f64::NAN }; x.len()];
        }
        let z: Vec<f64> = u.iter().map(|u| (u - top) / self.temperature).collect();
        let others: f64 = z.iter().map(|z| z.exp()).sum();
        let sum = others
            + if one {
                (-top / self.temperature).exp()
            } else {
                0.0
            };
        if self.kind == SoftmaxKind::LogSoftmax {
            z.iter().map(|z| z - sum.ln()).collect()
        } else {
            z.iter().map(|z| z.exp() / sum).collect()
        }
    }

    /// The gradient given the output, with the magnitude of what was added and subtracted for each element.
    fn gradient(self, y: &[f64], grad: &[f64]) -> Vec<(f64, f64)> {
        let scale = self.sign() / self.temperature;
        let log = self.kind == SoftmaxKind::LogSoftmax;
        let weight = |y: f64| if log { 1.0 } else { y };
        let terms = || y.iter().zip(grad).map(|(y, g)| weight(*y) * g);
        let (sum, size) = (terms().sum::<f64>(), terms().map(f64::abs).sum::<f64>());
        let one = |(y, g): (&f64, &f64)| {
            if log {
                (
                    (g - y.exp() * sum) * scale,
                    (g.abs() + y.exp() * size) * scale.abs(),
                )
            } else {
                (y * (g - sum) * scale, y * (g.abs() + size) * scale.abs())
            }
        };
        y.iter().zip(grad).map(one).collect()
    }
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

/// The error of a value in units of what is allowed 8 of; infinite where a NaN or an infinity is wrong.
fn error(kind: SoftmaxKind, got: f32, want: f64) -> f64 {
    let wrong = |right: bool| if right { 0.0 } else { f64::INFINITY };
    if want.is_nan() || got.is_nan() {
        return wrong(want.is_nan() && got.is_nan());
    }
    if want.is_infinite() || got.is_infinite() {
        return wrong(f64::from(got) == want || (want as f32).is_infinite() && got == want as f32);
    }
    if want.abs() < f64::from(f32::MIN_POSITIVE) && got == 0.0 {
        return 0.0;
    }
    if kind == SoftmaxKind::LogSoftmax {
        return (f64::from(got) - want).abs() / (want.abs().max(1.0) * HALF);
    }
    (f64::from(got) - f64::from(want as f32)).abs() / support::compare::ulp(want)
}

struct Random(u64);

impl Random {
    /// From 0 to 1.
    fn unit(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn within(&mut self, size: f64) -> f32 {
        ((2.0 * self.unit() - 1.0) * size) as f32
    }
}

/// Rows of every kind of finite numbers, one kind after another.
fn inputs(rows: usize, columns: usize) -> Vec<f32> {
    let mut random = Random(rows as u64 * 1_000_003 + columns as u64);
    let mut x = Vec::with_capacity(rows * columns);
    for row in 0..rows {
        for column in 0..columns {
            x.push(match row % 11 {
                0 => random.within(3.0),
                1 => random.within(15.0),
                2 => random.within(80.0),
                3 => random.within(1e4),
                4 => random.within(1.0) - 1000.0,
                5 => random.within(1.0) + 1000.0,
                6 => 3e38,
                7 => random.within(1e-30),
                8 => random.within(3.4e38),
                // Rising, so that each is the largest one so far.
                9 => column as f32 * 0.01 - 20.0,
                _ => -(column as f32) * 1e-3,
            });
        }
    }
    x
}

fn grads(len: usize) -> Vec<f32> {
    let mut random = Random(len as u64);
    (0..len).map(|_| random.within(2.0)).collect()
}

/// Checks values and gradients over a shape; gives the largest errors of both.
fn check_shape(
    engine: &dyn SoftmaxEngine,
    f: &Softmax,
    exact: Exact,
    x: &[f32],
    columns: usize,
) -> Result<(f64, f64), Failed> {
    let what = format!("{f}, {} rows of {columns}", x.len() / columns);
    let mut y = vec![f32::from_bits(0x7e57_7e57); x.len()];
    engine.softmax_into(f, x, columns, &mut y)?;
    let worst = check_values(&what, exact, x, &y, columns)?;
    let grad = grads(x.len());
    let mut dx = vec![f32::from_bits(0x7e57_7e57); x.len()];
    engine.softmax_backward_into(f, &y, &grad, columns, &mut dx)?;
    Ok((
        worst,
        check_gradient(&what, exact, &y, &grad, &dx, columns)?,
    ))
}

fn check_values(
    what: &str,
    exact: Exact,
    x: &[f32],
    y: &[f32],
    columns: usize,
) -> Result<f64, Failed> {
    let mut worst = 0.0_f64;
    for (row, (x, y)) in x.chunks(columns).zip(y.chunks(columns)).enumerate() {
        let want = exact.row(&wide(x));
        let mut sum = 0.0;
        for (column, (&got, &want)) in y.iter().zip(&want).enumerate() {
            let error = error(exact.kind, got, want);
            if error > BOUND {
                return Err(format!(
                    "{what}: row {row}, column {column}: x = {:e}, got {got:e}, want {want:e}, off by {error:.2}",
                    x[column]
                )
                .into());
            }
            worst = worst.max(error);
            sum += f64::from(got);
        }
        let normed = matches!(exact.kind, SoftmaxKind::Softmax | SoftmaxKind::Softmin);
        if normed
            && !sum.is_nan()
            && want[0].is_finite()
            && want.iter().any(|&y| y > 0.0)
            && (sum - 1.0).abs() > 2.0 * BOUND * HALF
        {
            return Err(format!("{what}: row {row} adds up to 1 + {:e}", sum - 1.0).into());
        }
    }
    Ok(worst)
}

fn check_gradient(
    what: &str,
    exact: Exact,
    y: &[f32],
    grad: &[f32],
    dx: &[f32],
    columns: usize,
) -> Result<f64, Failed> {
    let mut worst = 0.0_f64;
    let rows = y.chunks(columns).zip(grad.chunks(columns));
    for (row, ((y, grad), dx)) in rows.zip(dx.chunks(columns)).enumerate() {
        let want = exact.gradient(&wide(y), &wide(grad));
        for (column, (&got, &(want, size))) in dx.iter().zip(&want).enumerate() {
            if want.is_nan() && got.is_nan() {
                continue;
            }
            let off = (f64::from(got) - want).abs() - 4.0 * f64::from(f32::MIN_POSITIVE);
            // Also says no to a NaN.
            let error = off / (size * HALF);
            if !(off <= 0.0 || error <= BOUND) {
                return Err(format!(
                    "{what}: row {row}, column {column}: y = {:e}, grad {:e}, got {got:e}, want {want:e}, off by {error:.2} of {:e}",
                    y[column], grad[column], size * HALF
                )
                .into());
            }
            if off > 0.0 {
                worst = worst.max(error);
            }
        }
    }
    Ok(worst)
}

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
fn special_rows() -> Vec<f32> {
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

fn same_bits(a: &[f32], b: &[f32]) -> Result<(), Failed> {
    match a
        .iter()
        .zip(b)
        .position(|(a, b)| a.to_bits() != b.to_bits())
    {
        None => Ok(()),
        Some(i) => Err(format!("element {i} is {:e} and {:e}", a[i], b[i]).into()),
    }
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

/// A claim with its name.
type Claim<E> = (&'static str, fn(&E) -> Result<(), Failed>);

const CLAIMS: [Claim<dyn SoftmaxEngine>; 9] = [
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

fn threads_do_not_change_the_bits() -> Result<(), Failed> {
    let one = Cpu::with_threads(1)?;
    for (rows, columns) in [(1, 1_000_003), (3, 200_000), (500, 300), (1, 32_768)] {
        let (x, grad) = (inputs(rows, columns), grads(rows * columns));
        for f in &FUNCTIONS {
            let y = one.softmax(f, &x, columns)?;
            let dx = one.softmax_backward(f, &y, &grad, columns)?;
            for threads in [2, 3, 5] {
                let cpu = Cpu::with_threads(threads)?;
                same_bits(&y, &cpu.softmax(f, &x, columns)?)?;
                same_bits(&dx, &cpu.softmax_backward(f, &y, &grad, columns)?)?;
            }
        }
    }
    Ok(())
}

fn masked_long_rows_are_as_short_ones() -> Result<(), Failed> {
    let columns = 100_000;
    let x = vec![f32::NEG_INFINITY; columns];
    for threads in [1, 2] {
        let cpu = Cpu::with_threads(threads)?;
        let f = Softmax::log_softmax();
        assert!(cpu.softmax(&f, &x, columns)?.iter().all(|y| y.is_nan()));
        let f = f.zero_for_masked_rows(true);
        let y = cpu.softmax(&f, &x, columns)?;
        assert!(y.iter().all(|&y| y == 0.0));
        let dx = cpu.softmax_backward(&f, &y, &vec![2.0; columns], columns)?;
        assert!(dx.iter().all(|&dx| dx == 0.0));
        let mut one_nan = x.clone();
        one_nan[77_777] = f32::NAN;
        assert!(
            cpu.softmax(&f, &one_nan, columns)?
                .iter()
                .all(|y| y.is_nan())
        );
    }
    Ok(())
}

fn same(gpu: &Gpu) -> nonlin::gpu::GpuBuilder {
    Gpu::builder()
        .adapter(&gpu.info().name)
        .backends(gpu.info().backend.into())
}

fn kernels_can_be_written_for_every_driver() -> Result<(), Failed> {
    let sources = nonlin::gpu::softmax_kernel_sources();
    assert!(sources.len() > 100);
    for (name, source) in sources {
        generators::check(&source).map_err(|error| format!("{name}: {error:?}"))?;
    }
    Ok(())
}

/// Bindings and dispatches so small that rows are cut anywhere.
fn rows_may_lie_in_several_buffers(gpu: &Gpu) -> Result<(), Failed> {
    for (chunk_bytes, groups) in [(4096, 1), (1040, 3)] {
        let small = same(gpu)
            .max_chunk_bytes(chunk_bytes)
            .max_groups(groups)
            .build()?;
        for (rows, columns) in [
            (40, 100),
            (700, 3),
            (5, 1023),
            (3, 5000),
            (2000, 1),
            (64, 64),
        ] {
            let x = inputs(rows, columns);
            for f in &FUNCTIONS {
                check_shape(&small, f, Exact::of(f.kind()), &x, columns)?;
            }
        }
        let x: Vec<f32> = special_rows()
            .chunks(5)
            .flat_map(|row| row.repeat(60))
            .collect();
        for zeros in [false, true] {
            let f = Softmax::log_softmax().zero_for_masked_rows(zeros);
            let exact = Exact {
                zeros,
                ..Exact::of(f.kind())
            };
            let y = small.softmax_of(&f, &x, 300)?;
            check_values(&f.to_string(), exact, &x, &y, 300)?;
        }
    }
    let tiny = same(gpu).max_chunk_bytes(64).build()?;
    match Gpu::softmax(&tiny, &Softmax::softmax(), &tiny.empty(1000)?, 1000) {
        Err(error) => {
            let text = error.to_string();
            assert!(
                text.starts_with("softmax: a row of 1000 elements takes 1024 bytes"),
                "{text}"
            );
        }
        Ok(_) => {
            return Err("a row that takes more scratch memory than a binding was computed".into());
        }
    }
    Ok(())
}

trait OfSlice {
    fn softmax_of(&self, f: &Softmax, x: &[f32], columns: usize) -> nonlin::Result<Vec<f32>>;
}

impl OfSlice for Gpu {
    fn softmax_of(&self, f: &Softmax, x: &[f32], columns: usize) -> nonlin::Result<Vec<f32>> {
        Gpu::softmax(self, f, &self.upload(x)?, columns)?.download()
    }
}

fn results_may_take_the_place_of_inputs(gpu: &Gpu) -> Result<(), Failed> {
    for (rows, columns) in [(9, 8), (9, 7), (1, 100_000), (1, 100_003), (3, 2000)] {
        let (x, grad) = (inputs(rows, columns), grads(rows * columns));
        for f in &FUNCTIONS {
            let (tx, tg) = (gpu.upload(&x)?, gpu.upload(&grad)?);
            let y = Gpu::softmax(gpu, f, &tx, columns)?;
            let want = Gpu::softmax_backward(gpu, f, &y, &tg, columns)?.download()?;
            Gpu::softmax_into(gpu, f, &tx, columns, &tx)?;
            same_bits(&tx.download()?, &y.download()?)?;
            Gpu::softmax_backward_into(gpu, f, &y, &tg, columns, &tg)?;
            same_bits(&tg.download()?, &want)?;
            let tg = gpu.upload(&grad)?;
            Gpu::softmax_backward_into(gpu, f, &y, &tg, columns, &y)?;
            same_bits(&y.download()?, &want)?;
        }
    }
    Ok(())
}

/// Tensors over parts of one buffer of the program's own, at places where no vector begins.
fn ranges_of_one_buffer_are_told_apart(gpu: &Gpu) -> Result<(), Failed> {
    let (rows, columns) = (5_usize, 12_usize);
    let bytes = (rows * columns * 4) as u64;
    let f = Softmax::softmax();
    for (first, second) in [(0, 256), (4, 300), (16, 1024)] {
        let buffer = gpu.device().create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: 2048,
            usage: wgpu::BufferUsages::STORAGE
                | wgpu::BufferUsages::COPY_SRC
                | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let tensor = |at: u64| Tensor::from_buffer(gpu, buffer.slice(at..at + bytes));
        let (x, y) = (tensor(first)?, tensor(second)?);
        let values = inputs(rows, columns);
        gpu.queue().write_buffer(&buffer, first, &bytes_of(&values));
        gpu.softmax_into(&f, &x, columns, &y)?;
        check_values(
            "ranges",
            Exact::of(f.kind()),
            &values,
            &y.download()?,
            columns,
        )?;
        same_bits(&x.download()?, &values)?;
        let over = tensor(first + 8)?;
        match gpu.softmax_into(&f, &x, columns, &over) {
            Err(Error::Overlap { .. }) => {}
            other => return Err(format!("an overlap gave {other:?}").into()),
        }
    }
    Ok(())
}

fn bytes_of(values: &[f32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_ne_bytes())
        .collect()
}

fn calls_again_make_nothing(gpu: &Gpu) -> Result<(), Failed> {
    // A device of its own: what others left in the pool is not there.
    let gpu = &same(gpu).build()?;
    let f = Softmax::log_softmax();
    for (rows, columns) in [(64, 256), (1, 100_000)] {
        let x = gpu.upload(&inputs(rows, columns))?;
        let (y, grad) = (gpu.empty(x.len())?, gpu.upload(&grads(x.len()))?);
        let dx = gpu.empty(x.len())?;
        let both = || {
            gpu.softmax_into(&f, &x, columns, &y)?;
            gpu.softmax_backward_into(&f, &y, &grad, columns, &dx)?;
            gpu.wait()
        };
        both()?;
        both()?;
        let before = gpu.activity();
        for _ in 0..20 {
            both()?;
        }
        let after = gpu.activity();
        assert_eq!(after.submissions - before.submissions, 40);
        assert_eq!(
            (after.buffers, after.bind_groups, after.pipelines),
            (before.buffers, before.bind_groups, before.pipelines)
        );
        let cooler = f.temperature(0.25);
        gpu.softmax_into(&cooler, &x, columns, &y)?;
        assert_eq!(
            gpu.activity().pipelines,
            after.pipelines,
            "a temperature compiles nothing"
        );
    }
    Ok(())
}

fn a_batch_computes_the_same(gpu: &Gpu) -> Result<(), Failed> {
    let (f, columns) = (Softmax::softmax(), 70_000);
    let (x, grad) = (
        gpu.upload(&inputs(1, columns))?,
        gpu.upload(&grads(columns))?,
    );
    let y = Gpu::softmax(gpu, &f, &x, columns)?;
    let want = Gpu::softmax_backward(gpu, &f, &y, &grad, columns)?.download()?;
    let before = gpu.activity().submissions;
    let dx = gpu.batch(|batch| {
        let y = batch.softmax(&f, &x, columns)?;
        batch.softmax_backward(&f, &y, &grad, columns)
    })?;
    assert_eq!(gpu.activity().submissions, before + 1);
    same_bits(&dx.download()?, &want)
}

const GPU_CLAIMS: [Claim<Gpu>; 5] = [
    (
        "rows_may_lie_in_several_buffers",
        rows_may_lie_in_several_buffers,
    ),
    (
        "results_may_take_the_place_of_inputs",
        results_may_take_the_place_of_inputs,
    ),
    (
        "ranges_of_one_buffer_are_told_apart",
        ranges_of_one_buffer_are_told_apart,
    ),
    ("calls_again_make_nothing", calls_again_make_nothing),
    ("a_batch_computes_the_same", a_batch_computes_the_same),
];

fn main() {
    let mut arguments = Arguments::from_args();
    // They share the adapters, and an OpenGL context cannot be waited for forever.
    arguments.test_threads.get_or_insert(1);
    let mut trials = vec![
        Trial::test(
            "cpu::threads_do_not_change_the_bits",
            threads_do_not_change_the_bits,
        ),
        Trial::test(
            "cpu::masked_long_rows_are_as_short_ones",
            masked_long_rows_are_as_short_ones,
        ),
        Trial::test(
            "kernels_can_be_written_for_every_driver",
            kernels_can_be_written_for_every_driver,
        ),
        Trial::test("the_example_holds", || Ok(softmax_example::main()?)),
    ];
    for &isa in Isa::available() {
        let name = isa.name().to_ascii_lowercase().replace(['-', '+'], "_");
        for (claim, check) in CLAIMS {
            trials.push(Trial::test(format!("cpu_{name}::{claim}"), move || {
                check(&Cpu::new().with_isa(isa)?)
            }));
        }
    }
    for adapter in adapters() {
        let claims = || {
            CLAIMS
                .map(|(claim, _)| claim)
                .into_iter()
                .chain(GPU_CLAIMS.map(|(claim, _)| claim))
        };
        match adapter {
            Adapter::Open { gpu, name } => {
                let gpu = Arc::new(gpu);
                for (claim, check) in CLAIMS {
                    let gpu = Arc::clone(&gpu);
                    trials.push(Trial::test(format!("{name}::{claim}"), move || {
                        check(&*gpu)
                    }));
                }
                for (claim, check) in GPU_CLAIMS {
                    let gpu = Arc::clone(&gpu);
                    trials.push(Trial::test(format!("{name}::{claim}"), move || check(&gpu)));
                }
            }
            Adapter::Missing(reason) => trials.extend(claims().map(|claim| {
                let reason = reason.clone();
                Trial::test(format!("gpu::{claim}"), move || Err(reason.into()))
            })),
            Adapter::Excused(reason) => trials.extend(claims().map(|claim| {
                let reason = reason.clone();
                Trial::ignorable_test(format!("gpu::{claim}"), || {
                    Ok(Completion::ignored_with(reason))
                })
            })),
        }
    }
    libtest_mimic::run(&arguments, trials).exit()
}
