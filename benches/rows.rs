//! softmax of rows of 1024 with the data where the engine keeps it, beside a copy of as many elements. Every result is compared with the
//! formula in f64 before it is timed.
//!
//! `cargo bench --bench rows`; `NONLIN_BENCH_ELEMENTS` chooses sizes, 2^20 and 2^22 without it.

mod support;

use criterion::{Criterion, criterion_group, criterion_main};
use nonlin::rows::{Softmax, SoftmaxEngine};
use nonlin::{Chain, Gpu, Result};
use std::hint::black_box;
use std::time::Duration;
use support::{Engines, OnDevice, check, measure, numbers};

const COLUMNS: usize = 1024;

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
    let engines = Engines::open();
    for n in support::sizes(&[1 << 20, 1 << 22]) {
        let n = n.div_ceil(COLUMNS) * COLUMNS;
        let (x, grad) = (numbers(n, 1), numbers(n, 2));
        on_cpu(criterion, &engines, &x, &grad).expect("the CPU computes");
        if let Some(gpu) = &engines.gpu {
            on_gpu(criterion, gpu, &x, &grad).expect("the GPU computes");
        }
    }
}

fn on_cpu(criterion: &mut Criterion, engines: &Engines, x: &[f32], grad: &[f32]) -> Result<()> {
    let (n, f) = (x.len(), Softmax::softmax());
    let y = engines.all.softmax(&f, x, COLUMNS)?;
    let mut out = nonlin::zeros(n);
    let mut group = criterion.benchmark_group("softmax/forward");
    support::work(&mut group, n, 8);
    let copy = |out: &mut Vec<f32>| {
        out.copy_from_slice(black_box(x));
        Ok(())
    };
    measure(&mut group, "copy", n, &mut out, copy, |out| {
        check::same(out, x);
    });
    for (name, cpu) in engines.cpus() {
        let forward = |out: &mut Vec<f32>| cpu.softmax_into(&f, black_box(x), COLUMNS, out);
        measure(&mut group, name, n, &mut out, forward, |out| {
            verify_forward(x, out);
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("softmax/backward");
    support::work(&mut group, n, 12);
    for (name, cpu) in engines.cpus() {
        let backward =
            |out: &mut Vec<f32>| cpu.softmax_backward_into(&f, black_box(&y), grad, COLUMNS, out);
        measure(&mut group, name, n, &mut out, backward, |out| {
            verify_backward(&y, grad, out);
        });
    }
    group.finish();
    Ok(())
}

fn on_gpu(criterion: &mut Criterion, gpu: &Gpu, x: &[f32], grad: &[f32]) -> Result<()> {
    let (n, f, copy) = (x.len(), Softmax::softmax(), Chain::new());
    let (tx, tg, out) = (gpu.upload(x)?, gpu.upload(grad)?, gpu.empty(n)?);
    let ty = gpu.softmax(&f, &tx, COLUMNS)?;
    let y = ty.download()?;
    let tensor = out.clone();
    let mut state = OnDevice { gpu, tensor };
    let mut group = criterion.benchmark_group("softmax/forward");
    support::work(&mut group, n, 8);
    let copy = |_: &mut OnDevice<'_>| gpu.forward_into(&copy, &tx, &out).and_then(|()| gpu.wait());
    measure(&mut group, "gpu copy", n, &mut state, copy, |out| {
        check::same(&out.download(), x);
    });
    let forward = |_: &mut OnDevice<'_>| {
        gpu.softmax_into(&f, &tx, COLUMNS, &out)?;
        gpu.wait()
    };
    measure(&mut group, "gpu resident", n, &mut state, forward, |out| {
        verify_forward(x, &out.download());
    });
    group.finish();
    let mut group = criterion.benchmark_group("softmax/backward");
    support::work(&mut group, n, 12);
    let backward = |_: &mut OnDevice<'_>| {
        gpu.softmax_backward_into(&f, &ty, &tg, COLUMNS, &out)?;
        gpu.wait()
    };
    measure(&mut group, "gpu resident", n, &mut state, backward, |out| {
        verify_backward(&y, grad, &out.download());
    });
    group.finish();
    Ok(())
}

criterion_group! {
    name = benches;
    config = support::criterion(Duration::from_secs(1));
    targets = softmax
}
criterion_main!(benches);
