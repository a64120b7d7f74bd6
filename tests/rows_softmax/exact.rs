//! The functions in f64, the inputs, and how results are compared with them.

use crate::support::compare::ulp;
use libtest_mimic::Failed;
use nonlin::rows::{Softmax, SoftmaxEngine, SoftmaxKind};

/// What an error is counted in: half an ULP of 1.
pub const HALF: f64 = 1.0 / 16_777_216.0;

/// ULP that a value may be off by, and halves of them (relative to 1 or the value) for a logarithm.
pub const BOUND: f64 = 8.0;

pub const FUNCTIONS: [Softmax; 4] = [
    Softmax::softmax(),
    Softmax::log_softmax(),
    Softmax::softmin(),
    Softmax::softmax1(),
];

/// A function in f64, in the form that the test owns.
#[derive(Clone, Copy)]
pub struct Exact {
    pub kind: SoftmaxKind,
    pub temperature: f64,
    pub zeros: bool,
}

impl Exact {
    pub fn of(kind: SoftmaxKind) -> Self {
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

    pub fn row(self, x: &[f64]) -> Vec<f64> {
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
    pub fn gradient(self, y: &[f64], grad: &[f64]) -> Vec<(f64, f64)> {
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

pub fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

/// The error of a value in units of what is allowed 8 of; infinite where a NaN or an infinity is wrong.
pub fn error(kind: SoftmaxKind, got: f32, want: f64) -> f64 {
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
    (f64::from(got) - f64::from(want as f32)).abs() / ulp(want)
}

pub struct Random(pub u64);

impl Random {
    /// From 0 to 1.
    fn unit(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn within(&mut self, size: f64) -> f32 {
        ((2.0 * self.unit() - 1.0) * size) as f32
    }
}

/// Rows of every kind of finite numbers, one kind after another.
pub fn inputs(rows: usize, columns: usize) -> Vec<f32> {
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

pub fn grads(len: usize) -> Vec<f32> {
    let mut random = Random(len as u64);
    (0..len).map(|_| random.within(2.0)).collect()
}

/// Checks values and gradients over a shape; gives the largest errors of both.
pub fn check_shape(
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

pub fn check_values(
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

pub fn check_gradient(
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

pub fn same_bits(a: &[f32], b: &[f32]) -> Result<(), Failed> {
    match a
        .iter()
        .zip(b)
        .position(|(a, b)| a.to_bits() != b.to_bits())
    {
        None => Ok(()),
        Some(i) => Err(format!("element {i} is {:e} and {:e}", a[i], b[i]).into()),
    }
}
