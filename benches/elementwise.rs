//! The chapter's functions with the data where the engine keeps it: CPU with one thread and with all, GPU with resident tensors.
//! Every result is compared with the reference before it is timed.
//!
//! `cargo bench --bench elementwise`; with `-- --test` each runs once over few elements.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use nonlin::cpu::Cpu;
use nonlin::{Activation, Direction, Engine, Gpu};
use std::hint::black_box;
use std::time::Duration;

const DIRECTIONS: [Direction; 3] = [
    Direction::Forward,
    Direction::Derivative,
    Direction::Backward,
];

/// Errors of this many ULP of 1 show that something else was computed; the accuracy tests tell the rest.
const TOLERANCE: f64 = 16.0 * f32::EPSILON as f64;

fn elements() -> usize {
    let test = std::env::args().any(|argument| argument == "--test");
    if test { 4097 } else { 1 << 20 }
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

fn verify(f: &Activation, direction: Direction, x: &[f32], grad: &[f32], got: &[f32]) {
    let referee = f.referee();
    for ((&x, &grad), &got) in x.iter().zip(grad).zip(got) {
        let factor = if direction.takes_grad() {
            f64::from(grad)
        } else {
            1.0
        };
        let want = factor * referee.value(direction, f64::from(x));
        let near = (f64::from(got) - want).abs() <= TOLERANCE * want.abs().max(factor.abs());
        assert!(near, "{f} {direction} at {x}: got {got}, want {want}");
    }
}

fn elementwise(criterion: &mut Criterion) {
    let n = elements();
    let (x, grad) = (numbers(n, 1), numbers(n, 2));
    let one = Cpu::with_threads(1).expect("one thread needs no pool");
    let all = Cpu::new();
    let gpu = Gpu::new()
        .inspect_err(|error| eprintln!("no GPU is measured: {error}"))
        .ok();
    let resident = gpu.as_ref().map(|gpu| {
        let upload = |data| gpu.upload(data).expect("upload");
        (
            gpu,
            upload(&x),
            upload(&grad),
            gpu.empty(n).expect("allocation"),
        )
    });
    if let Some(gpu) = &gpu {
        println!("GPU: {}", gpu.info());
    }
    println!("CPU: {}", all.description());
    for direction in DIRECTIONS {
        for f in Activation::chapter() {
            let mut group = criterion.benchmark_group(format!("{f}/{direction}"));
            group.throughput(Throughput::Bytes(
                (n * direction.bytes_per_element()) as u64,
            ));
            let operand = direction.takes_grad().then_some(&grad[..]);
            let mut out = vec![0.0; n];
            for (name, cpu) in [("cpu 1 thread", &one), ("cpu all threads", &all)] {
                cpu.compute(&f, direction, &x, operand, &mut out)
                    .expect("the CPU computes");
                verify(&f, direction, &x, &grad, &out);
                group.bench_function(BenchmarkId::new(name, n), |bencher| {
                    bencher.iter(|| cpu.compute(&f, direction, black_box(&x), operand, &mut out));
                });
            }
            if let Some((gpu, x_tensor, grad_tensor, out_tensor)) = &resident {
                let operand = direction.takes_grad().then_some(grad_tensor);
                let compute = || {
                    gpu.compute_tensor(&f, direction, x_tensor, operand, out_tensor)?;
                    gpu.wait()
                };
                compute().expect("the GPU computes");
                verify(
                    &f,
                    direction,
                    &x,
                    &grad,
                    &out_tensor.download().expect("download"),
                );
                group.bench_function(BenchmarkId::new("gpu resident", n), |bencher| {
                    bencher.iter(|| compute().expect("the GPU computes"));
                });
            }
            group.finish();
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    targets = elementwise
}
criterion_main!(benches);
