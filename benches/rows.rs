//! softmax of rows of 1024 with the data where the engine keeps it, beside a copy of as many elements. Every result is compared with the
//! formula in f64 before it is timed.
//!
//! `cargo bench --bench rows`; with `-- --test` each runs once over few rows.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use nonlin::cpu::Cpu;
use nonlin::rows::{Softmax, SoftmaxEngine};
use nonlin::{Chain, Gpu};
use std::hint::black_box;
use std::time::Duration;

const COLUMNS: usize = 1024;

fn rows() -> usize {
    let test = std::env::args().any(|argument| argument == "--test");
    if test { 5 } else { 4096 }
}

/// Numbers from -4 to 4.
fn numbers(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (f64::from(state) / f64::from(u32::MAX) * 8.0 - 4.0) as f32
        })
        .collect()
}

fn verify_forward(x: &[f32], y: &[f32]) {
    for (x, y) in x.chunks(COLUMNS).zip(y.chunks(COLUMNS)) {
        let sum: f64 = x.iter().map(|&x| f64::from(x).exp()).sum();
        for (&x, &y) in x.iter().zip(y) {
            let want = f64::from(x).exp() / sum;
            let near = (f64::from(y) - want).abs() <= 1e-6 * want;
            assert!(near, "softmax at {x}: got {y}, want {want}");
        }
    }
}

fn verify_backward(y: &[f32], grad: &[f32], dx: &[f32]) {
    let rows = y
        .chunks(COLUMNS)
        .zip(grad.chunks(COLUMNS))
        .zip(dx.chunks(COLUMNS));
    for ((y, grad), dx) in rows {
        let products = y.iter().zip(grad);
        let sum: f64 = products.map(|(&y, &g)| f64::from(y) * f64::from(g)).sum();
        for ((&y, &g), &dx) in y.iter().zip(grad).zip(dx) {
            let want = f64::from(y) * (f64::from(g) - sum);
            let near = (f64::from(dx) - want).abs() <= 1e-5 * f64::from(y);
            assert!(near, "the gradient at y = {y}: got {dx}, want {want}");
        }
    }
}

fn softmax(criterion: &mut Criterion) {
    let n = rows() * COLUMNS;
    let (x, grad) = (numbers(n, 1), numbers(n, 2));
    let f = Softmax::softmax();
    let one = Cpu::with_threads(1).expect("one thread needs no pool");
    let all = Cpu::new();
    println!("CPU: {}", nonlin::Engine::description(&all));
    let y = all.softmax(&f, &x, COLUMNS).expect("the CPU computes");
    let mut out = vec![0.0; n];
    let mut group = criterion.benchmark_group("softmax/forward");
    group.throughput(Throughput::Bytes(n as u64 * 8));
    group.bench_function(BenchmarkId::new("copy", n), |bencher| {
        bencher.iter(|| black_box(&mut out).copy_from_slice(black_box(&x)));
    });
    for (name, cpu) in [("cpu 1 thread", &one), ("cpu all threads", &all)] {
        let mut forward = || cpu.softmax_into(&f, black_box(&x), COLUMNS, &mut out);
        forward().expect("the CPU computes");
        group.bench_function(BenchmarkId::new(name, n), |bencher| {
            bencher.iter(&mut forward);
        });
        verify_forward(&x, &out);
    }
    group.finish();
    let mut group = criterion.benchmark_group("softmax/backward");
    group.throughput(Throughput::Bytes(n as u64 * 12));
    for (name, cpu) in [("cpu 1 thread", &one), ("cpu all threads", &all)] {
        let mut backward =
            || cpu.softmax_backward_into(&f, black_box(&y), &grad, COLUMNS, &mut out);
        backward().expect("the CPU computes");
        group.bench_function(BenchmarkId::new(name, n), |bencher| {
            bencher.iter(&mut backward);
        });
        verify_backward(&y, &grad, &out);
    }
    group.finish();
    match Gpu::new() {
        Ok(gpu) => on_gpu(criterion, &gpu, &x, &grad).expect("the GPU computes"),
        Err(error) => eprintln!("no GPU is measured: {error}"),
    }
}

fn on_gpu(criterion: &mut Criterion, gpu: &Gpu, x: &[f32], grad: &[f32]) -> nonlin::Result<()> {
    println!("GPU: {}", gpu.info());
    let (n, f, copy) = (x.len(), Softmax::softmax(), Chain::new());
    let (tx, tg, out) = (gpu.upload(x)?, gpu.upload(grad)?, gpu.empty(n)?);
    let ty = gpu.softmax(&f, &tx, COLUMNS)?;
    let y = ty.download()?;
    verify_forward(x, &y);
    gpu.softmax_backward_into(&f, &ty, &tg, COLUMNS, &out)?;
    verify_backward(&y, grad, &out.download()?);
    let mut group = criterion.benchmark_group("softmax/gpu resident");
    let mut measure = |name: &str, compute: &dyn Fn() -> nonlin::Result<()>| {
        group.bench_function(BenchmarkId::new(name, n), |bencher| {
            bencher.iter(|| {
                compute()
                    .and_then(|()| gpu.wait())
                    .expect("the GPU computes")
            });
        });
    };
    measure("copy", &|| gpu.forward_into(&copy, &tx, &out));
    measure("forward", &|| gpu.softmax_into(&f, &tx, COLUMNS, &out));
    measure("backward", &|| {
        gpu.softmax_backward_into(&f, &ty, &tg, COLUMNS, &out)
    });
    group.finish();
    Ok(())
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    targets = softmax
}
criterion_main!(benches);
