//! A layer's `gelu(x · scale + bias) · gate` in one pass and as four calls, with the data where the engine keeps it. Both are compared with
//! the reference before they are timed.
//!
//! `cargo bench --bench chains`; with `-- --test` each runs once over few elements.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use nonlin::cpu::Cpu;
use nonlin::{Activation, Chain, Direction, Engine, Gpu, Result};
use std::hint::black_box;
use std::time::Duration;

const SCALE: f32 = 0.7;
const COLUMNS: usize = 1024;

/// Rows on the GPU: 16,777,216 elements.
const ROWS_ON_GPU: usize = 16 * 1024;

/// Errors of this many ULP of the largest factor show that something else was computed; the tests tell the rest.
const TOLERANCE: f64 = 32.0 * f32::EPSILON as f64;

fn rows() -> usize {
    let test = std::env::args().any(|argument| argument == "--test");
    if test { 4 } else { 1024 }
}

/// Numbers of about the size that a network's layers hold.
fn numbers(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state) / f64::from(u32::MAX) - 0.5
    };
    (0..count)
        .map(|_| (3.5 * (next() + next() + next() + next())) as f32)
        .collect()
}

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

    /// The steps, each as a chain of its own.
    fn steps(&self) -> [Chain<'_>; 4] {
        [
            Chain::new().scale(SCALE),
            Chain::new().add_row(&self.bias),
            Activation::gelu().into(),
            Chain::new().mul(&self.gate),
        ]
    }

    fn chain(&self) -> Chain<'_> {
        self.steps().into_iter().fold(Chain::new(), Chain::then)
    }

    fn verify(&self, direction: Direction, got: &[f32]) {
        let gelu = Activation::gelu().referee();
        for (i, &got) in got.iter().enumerate() {
            let inner = f64::from(self.x[i]) * f64::from(SCALE) + f64::from(self.bias[i % COLUMNS]);
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
    between: &mut [Vec<f32>; 2],
    dx: &mut [f32],
) -> Result<()> {
    let [a, b] = between;
    cpu.backward_into(&steps[3], kept, grad, a)?;
    cpu.backward_into(&steps[2], kept, a, b)?;
    cpu.backward_into(&steps[0], kept, b, dx)
}

fn chains(criterion: &mut Criterion) {
    let layer = Layer::new(rows());
    let n = layer.x.len();
    let (steps, chain) = (layer.steps(), layer.chain());
    let one = Cpu::with_threads(1).expect("one thread needs no pool");
    let all = Cpu::new();
    println!("CPU: {}", all.description());
    let mut out = vec![0.0; n];
    let mut between = [vec![0.0; n], vec![0.0; n]];
    let before_gelu: Chain<'_> = Chain::new().scale(SCALE).add_row(&layer.bias);
    let kept = all
        .forward(&before_gelu, &layer.x)
        .expect("the CPU computes");
    for direction in [Direction::Forward, Direction::Backward] {
        let mut group =
            criterion.benchmark_group(format!("scale | add row | gelu | mul/{direction}"));
        group.throughput(Throughput::Elements(n as u64));
        for (threads, cpu) in [("1 thread", &one), ("all threads", &all)] {
            let fused = |out: &mut [f32]| match direction {
                Direction::Forward => cpu.forward_into(&chain, black_box(&layer.x), out),
                _ => cpu.backward_into(&chain, black_box(&layer.x), &layer.grad, out),
            };
            fused(&mut out).expect("the CPU computes");
            layer.verify(direction, &out);
            group.bench_function(
                BenchmarkId::new(format!("cpu {threads} fused"), n),
                |bencher| {
                    bencher.iter(|| fused(&mut out));
                },
            );
            let mut unfused = |out: &mut [f32]| match direction {
                Direction::Forward => forward_unfused(cpu, &steps, black_box(&layer.x), out),
                _ => backward_unfused(
                    cpu,
                    &steps,
                    &kept,
                    black_box(&layer.grad),
                    &mut between,
                    out,
                ),
            };
            unfused(&mut out).expect("the CPU computes");
            layer.verify(direction, &out);
            group.bench_function(
                BenchmarkId::new(format!("cpu {threads} unfused"), n),
                |bencher| {
                    bencher.iter(|| unfused(&mut out));
                },
            );
        }
        group.finish();
    }
}

/// The same on the GPU, where there is an adapter: all tensors stay on the device, and each sample waits for its last kernel.
fn on_gpu(criterion: &mut Criterion) {
    let gpu = match Gpu::new() {
        Ok(gpu) => gpu,
        Err(error) => return println!("no GPU: {error}"),
    };
    println!("GPU: {}", gpu.info());
    let layer = Layer::new(ROWS_ON_GPU.min(rows() * 16));
    measure_on_gpu(criterion, &gpu, &layer).expect("the GPU computes");
}

fn measure_on_gpu(criterion: &mut Criterion, gpu: &Gpu, layer: &Layer) -> Result<()> {
    let n = layer.x.len();
    let [x, grad, bias, gate] =
        [&layer.x, &layer.grad, &layer.bias, &layer.gate].map(|values| gpu.upload(values));
    let (x, grad, bias, gate) = (x?, grad?, bias?, gate?);
    let steps: [Chain<'_>; 4] = [
        Chain::new().scale(SCALE),
        Chain::new().add_row(&bias),
        Activation::gelu().into(),
        Chain::new().mul(&gate),
    ];
    let chain = steps.iter().cloned().fold(Chain::new(), Chain::then);
    // What goes into each step.
    let mut values = vec![x.clone()];
    for step in &steps {
        values.push(gpu.forward(step, &values[values.len() - 1])?);
    }
    let out = gpu.empty(n)?;
    for direction in [Direction::Forward, Direction::Backward] {
        let mut group =
            criterion.benchmark_group(format!("scale | add row | gelu | mul/{direction}"));
        group.throughput(Throughput::Elements(n as u64));
        let fused = || match direction {
            Direction::Forward => gpu.forward_into(&chain, &x, &out),
            _ => gpu.backward_into(&chain, &x, &grad, &out),
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
        fused()?;
        layer.verify(direction, &out.download()?);
        unfused()?;
        let last = match direction {
            Direction::Forward => &values[4],
            _ => &out,
        };
        layer.verify(direction, &last.download()?);
        for (name, run) in [
            ("gpu fused", &fused as &dyn Fn() -> Result<()>),
            ("gpu unfused", &unfused),
        ] {
            group.bench_function(BenchmarkId::new(name, n), |bencher| {
                bencher.iter(|| run().and_then(|()| gpu.wait()));
            });
        }
        group.finish();
    }
    Ok(())
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    targets = chains, on_gpu
}
criterion_main!(benches);
