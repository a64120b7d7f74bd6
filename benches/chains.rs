//! A layer's `gelu(x · scale + bias) · gate` in one pass and as four calls, with the data where the engine keeps it. Backward the four calls are given
//! the values of their forward pass, or `x` alone as the fused layer is ("from x"). On the GPU also with the gradients of bias and gate, as
//! training needs them. All are compared with the reference before they are timed.
//!
//! `cargo bench --bench chains`; `NONLIN_BENCH_ELEMENTS` chooses sizes, 2^20 and 2^24 without it.

mod support;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use nonlin::cpu::Cpu;
use nonlin::{Activation, Chain, Direction, Engine, Gpu, Operand, Result, Tensor, Values};
use std::hint::black_box;
use std::time::Duration;
use support::{Engines, OnDevice, check, measure, numbers};

const SCALE: f32 = 0.7;
const COLUMNS: usize = 1024;

/// Errors of this many ULP of the largest factor show that something else was computed; the tests tell the rest.
const TOLERANCE: f64 = 32.0 * f32::EPSILON as f64;

const DIRECTIONS: [Direction; 2] = [Direction::Forward, Direction::Backward];

/// The layer's operands and inputs.
struct Layer {
    x: Vec<f32>,
    grad: Vec<f32>,
    bias: Vec<f32>,
    gate: Vec<f32>,
}

impl Layer {
    fn new(rows: usize) -> Self {
        let n = rows * COLUMNS;
        Self {
            x: numbers(n, 1),
            grad: numbers(n, 2),
            bias: numbers(COLUMNS, 3),
            gate: numbers(n, 4),
        }
    }

    /// On the device: `x`, the gradient of the output, bias and gate.
    fn upload(&self, gpu: &Gpu) -> Result<[Tensor; 4]> {
        let [x, grad, bias, gate] =
            [&self.x, &self.grad, &self.bias, &self.gate].map(|values| gpu.upload(values));
        Ok([x?, grad?, bias?, gate?])
    }

    /// What goes into gelu.
    fn inner(&self, i: usize) -> f64 {
        f64::from(self.x[i]) * f64::from(SCALE) + f64::from(self.bias[i % COLUMNS])
    }

    /// Inputs that give without the row what `x` gives with it.
    fn with_row(&self) -> Vec<f32> {
        let rows = self.x.chunks_exact(COLUMNS);
        let with = |row: &[f32]| -> Vec<f32> {
            let pairs = row.iter().zip(&self.bias);
            pairs.map(|(x, bias)| x + bias / SCALE).collect()
        };
        rows.flat_map(with).collect()
    }

    fn verify(&self, direction: Direction, got: &[f32]) {
        let gelu = Activation::gelu().referee();
        for i in check::places(got.len()) {
            let got = got[i];
            let inner = self.inner(i);
            let (factor, value) = match direction {
                Direction::Forward => (f64::from(self.gate[i]), gelu.value(direction, inner)),
                _ => {
                    let factor =
                        f64::from(self.grad[i]) * f64::from(self.gate[i]) * f64::from(SCALE);
                    (factor, gelu.value(Direction::Derivative, inner))
                }
            };
            let want = factor * value;
            let near =
                (f64::from(got) - want).abs() <= TOLERANCE * factor.abs() * (1.0 + inner.abs());
            assert!(near, "{direction}, element {i}: got {got}, want {want}");
        }
    }

    /// The gradients of bias and gate.
    fn verify_operands(&self, bias: &[f32], gate: &[f32]) {
        let gelu = Activation::gelu().referee();
        let inner = |i| self.inner(i);
        let grad = |i: usize| f64::from(self.grad[i]);
        for i in check::places(gate.len()) {
            let want = grad(i) * gelu.value(Direction::Forward, inner(i));
            let error = (f64::from(gate[i]) - want).abs();
            let near = error <= TOLERANCE * grad(i).abs() * (1.0 + inner(i).abs());
            assert!(near, "gate, element {i}: got {}, want {want}", gate[i]);
        }
        for column in [0, 1, COLUMNS / 2, COLUMNS - 1] {
            let (mut want, mut size) = (0.0, 0.0);
            for i in (column..self.x.len()).step_by(COLUMNS) {
                let slope = gelu.value(Direction::Derivative, inner(i));
                let term = grad(i) * f64::from(self.gate[i]) * slope;
                want += term;
                size += term.abs();
            }
            let got = bias[column];
            let near = (f64::from(got) - want).abs() <= TOLERANCE * size;
            assert!(near, "bias, column {column}: got {got}, want {want}");
        }
    }
}

/// The steps, each as a chain of its own.
fn steps<'a>(bias: impl Into<Values<'a>>, gate: impl Into<Operand<'a>>) -> [Chain<'a>; 4] {
    [
        Chain::new().scale(SCALE),
        Chain::new().add_row(bias),
        Activation::gelu().into(),
        Chain::new().mul(gate),
    ]
}

/// The steps in one chain.
fn layer_of<'a>(steps: &[Chain<'a>; 4]) -> Chain<'a> {
    steps.iter().cloned().fold(Chain::new(), Chain::then)
}

/// The four steps one after another; the values between them are written to memory and read again.
fn forward_unfused(cpu: &Cpu, steps: &[Chain<'_>; 4], x: &[f32], y: &mut [f32]) -> Result<()> {
    cpu.forward_into(&steps[0], x, y)?;
    steps[1..]
        .iter()
        .try_for_each(|step| cpu.forward_in_place(step, y))
}

/// As a framework does it that keeps the values of the forward pass: `kept` is the input of gelu.
fn backward_unfused(
    cpu: &Cpu,
    steps: &[Chain<'_>; 4],
    kept: &[f32],
    grad: &[f32],
    dx: &mut [f32],
) -> Result<()> {
    cpu.backward_into(&steps[3], kept, grad, dx)?;
    cpu.backward_in_place(&steps[2], kept, dx)?;
    cpu.backward_in_place(&steps[0], kept, dx)
}

/// From what the fused layer is given, `x` and the gradient: the input of gelu is computed again.
fn backward_from_x(
    cpu: &Cpu,
    steps: &[Chain<'_>; 4],
    x: &[f32],
    grad: &[f32],
    between: &mut [f32],
    dx: &mut [f32],
) -> Result<()> {
    cpu.forward_into(&steps[0], x, between)?;
    cpu.forward_in_place(&steps[1], between)?;
    backward_unfused(cpu, steps, between, grad, dx)
}

/// In how many ways the four steps are timed: backward with the values of the forward pass kept, and without.
fn ways_unfused(direction: Direction) -> usize {
    match direction {
        Direction::Forward => 1,
        _ => 2,
    }
}

/// Bytes that the fused layer reads and writes for an element: operands and result, but not the row.
fn bytes(direction: Direction) -> usize {
    direction.bytes_per_element() + 4
}

fn group<'c>(
    criterion: &'c mut Criterion,
    direction: Direction,
    n: usize,
) -> BenchmarkGroup<'c, WallTime> {
    let mut group = criterion.benchmark_group(format!("scale | add row | gelu | mul/{direction}"));
    support::work(&mut group, n, bytes(direction));
    group
}

fn chains(criterion: &mut Criterion) {
    let engines = Engines::open();
    for n in support::sizes(&[1 << 20, 1 << 24]) {
        let layer = Layer::new(n.div_ceil(COLUMNS));
        on_cpu(criterion, &engines, &layer).expect("the CPU computes");
        if let Some(gpu) = &engines.gpu {
            on_gpu(criterion, gpu, &layer).expect("the GPU computes");
            gradients_on_gpu(criterion, gpu, &layer).expect("the GPU computes");
        }
    }
}

fn on_cpu(criterion: &mut Criterion, engines: &Engines, layer: &Layer) -> Result<()> {
    let n = layer.x.len();
    let steps = steps(&layer.bias, &layer.gate);
    let chain = layer_of(&steps);
    let mut out = nonlin::zeros(n);
    let before_gelu: Chain<'_> = Chain::new().scale(SCALE).add_row(&layer.bias);
    let kept = engines.all.forward(&before_gelu, &layer.x)?;
    for direction in DIRECTIONS {
        let mut group = group(criterion, direction, n);
        for (name, cpu) in engines.cpus() {
            let fused = |out: &mut Vec<f32>| match direction {
                Direction::Forward => cpu.forward_into(&chain, black_box(&layer.x), out),
                _ => cpu.backward_into(&chain, black_box(&layer.x), &layer.grad, out),
            };
            let verify = |out: &mut Vec<f32>| layer.verify(direction, out);
            measure(
                &mut group,
                &format!("{name} fused"),
                n,
                &mut out,
                fused,
                verify,
            );
            let mut places = [std::mem::take(&mut out), nonlin::zeros(n)];
            type Places = [Vec<f32>; 2];
            type Run<'a> = &'a dyn Fn(&mut Places) -> Result<()>;
            let unfused = |[out, _]: &mut Places| match direction {
                Direction::Forward => forward_unfused(cpu, &steps, black_box(&layer.x), out),
                _ => backward_unfused(cpu, &steps, &kept, black_box(&layer.grad), out),
            };
            let from_x = |[out, between]: &mut Places| {
                backward_from_x(cpu, &steps, black_box(&layer.x), &layer.grad, between, out)
            };
            let ways: [(&str, Run<'_>); 2] = [("unfused", &unfused), ("unfused from x", &from_x)];
            for (way, run) in &ways[..ways_unfused(direction)] {
                let name = format!("{name} {way}");
                measure(&mut group, &name, n, &mut places, run, |[out, ..]| {
                    verify(out)
                });
            }
            [out, ..] = places;
        }
        group.finish();
    }
    Ok(())
}

/// All tensors stay on the device, and each sample waits for its last kernel.
fn on_gpu(criterion: &mut Criterion, gpu: &Gpu, layer: &Layer) -> Result<()> {
    let n = layer.x.len();
    let [x, grad, bias, gate] = layer.upload(gpu)?;
    let steps = steps(&bias, &gate);
    let chain = layer_of(&steps);
    // What goes into each step.
    let mut values = vec![x.clone()];
    for step in &steps {
        values.push(gpu.forward(step, &values[values.len() - 1])?);
    }
    let (out, between) = (gpu.empty(n)?, gpu.empty(n)?);
    // The layer if its row cost nothing: the same numbers from inputs that hold it already.
    let [scale, _, gelu, mul] = &steps;
    let rowless = [scale, gelu, mul].map(Clone::clone);
    let rowless = rowless.into_iter().fold(Chain::new(), Chain::then);
    let with_row = gpu.upload(&layer.with_row())?;
    for direction in DIRECTIONS {
        let mut group = group(criterion, direction, n);
        let fused = || match direction {
            Direction::Forward => gpu.forward_into(&chain, &x, &out),
            _ => gpu.backward_into(&chain, &x, &grad, &out),
        };
        let without_row = || match direction {
            Direction::Forward => gpu.forward_into(&rowless, &with_row, &out),
            _ => gpu.backward_into(&rowless, &with_row, &grad, &out),
        };
        let unfused = || match direction {
            Direction::Forward => {
                let pairs = values.windows(2).zip(&steps);
                pairs
                    .into_iter()
                    .try_for_each(|(pair, step)| gpu.forward_into(step, &pair[0], &pair[1]))
            }
            _ => {
                gpu.backward_into(&steps[3], &values[3], &grad, &out)?;
                let before = steps[..3].iter().zip(&values).rev();
                before
                    .into_iter()
                    .try_for_each(|(step, value)| gpu.backward_in_place(step, value, &out))
            }
        };
        let from_x = || {
            gpu.forward_into(&steps[0], &x, &between)?;
            gpu.forward_in_place(&steps[1], &between)?;
            gpu.backward_into(&steps[3], &between, &grad, &out)?;
            gpu.backward_in_place(&steps[2], &between, &out)?;
            gpu.backward_in_place(&steps[0], &x, &out)
        };
        let last = match direction {
            Direction::Forward => &values[4],
            _ => &out,
        };
        type Run<'a> = &'a dyn Fn() -> Result<()>;
        let ways: [(&str, Run<'_>, &Tensor); 4] = [
            ("gpu fused", &fused, &out),
            ("gpu fused without its row", &without_row, &out),
            ("gpu unfused", &unfused, last),
            ("gpu unfused from x", &from_x, &out),
        ];
        for (name, run, result) in &ways[..2 + ways_unfused(direction)] {
            measure(
                &mut group,
                name,
                n,
                &mut OnDevice {
                    gpu,
                    tensor: (*result).clone(),
                },
                |_| run().and_then(|()| gpu.wait()),
                |result| layer.verify(direction, &result.download()),
            );
        }
        group.finish();
    }
    Ok(())
}

/// The backward pass with the gradients of bias and gate.
fn gradients_on_gpu(criterion: &mut Criterion, gpu: &Gpu, layer: &Layer) -> Result<()> {
    let n = layer.x.len();
    let [x, grad, bias, gate] = layer.upload(gpu)?;
    let steps = steps(&bias, &gate);
    let chain = layer_of(&steps);
    let [scale, add, gelu, mul] = &steps;
    let (out, grad_gate, grad_bias) = (gpu.empty(n)?, gpu.empty(n)?, gpu.empty(COLUMNS)?);
    // The values before and behind gelu.
    let (inner, outer) = (gpu.empty(n)?, gpu.empty(n)?);
    let fused = || gpu.gradients_into(&chain, &x, &grad, &out, &[(0, &grad_bias), (1, &grad_gate)]);
    let forward = || {
        gpu.forward_into(scale, &x, &inner)?;
        gpu.forward_in_place(add, &inner)?;
        gpu.forward_into(gelu, &inner, &outer)
    };
    let kept = || {
        gpu.gradients_into(mul, &outer, &grad, &out, &[(0, &grad_gate)])?;
        gpu.backward_in_place(gelu, &inner, &out)?;
        gpu.gradients_into(add, &inner, &out, &out, &[(0, &grad_bias)])?;
        gpu.backward_in_place(scale, &x, &out)
    };
    let from_x = || forward().and_then(|()| kept());
    forward()?;
    let mut group = criterion.benchmark_group("scale | add row | gelu | mul/gradients");
    support::work(&mut group, n, bytes(Direction::Backward) + 4);
    type Run<'a> = &'a dyn Fn() -> Result<()>;
    let ways: [(&str, Run<'_>); 3] = [
        ("gpu fused", &fused),
        ("gpu unfused", &kept),
        ("gpu unfused from x", &from_x),
    ];
    for (name, run) in ways {
        let mut on_device = OnDevice {
            gpu,
            tensor: out.clone(),
        };
        let run = |_: &mut OnDevice<'_>| run().and_then(|()| gpu.wait());
        measure(&mut group, name, n, &mut on_device, run, |result| {
            layer.verify(Direction::Backward, &result.download());
            let download = |tensor: &Tensor| tensor.download().expect("the result comes back");
            layer.verify_operands(&download(&grad_bias), &download(&grad_gate));
        });
    }
    group.finish();
    Ok(())
}

criterion_group! {
    name = benches;
    config = support::criterion(Duration::from_secs(1));
    targets = chains
}
criterion_main!(benches);
