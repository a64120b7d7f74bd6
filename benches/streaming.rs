//! A slice four times as long as what the device may hold: 1 GiB of sigmoid through 256 MiB, beside a device without that limit, the CPU
//! and memcpy. The most that was held is printed, and may not be more than the limit.
//!
//! `cargo bench --bench streaming`; `NONLIN_BENCH_ELEMENTS=2^24` streams 64 MiB through 16 MiB. It takes memory for two slices beside.

mod support;

use criterion::{Criterion, criterion_group, criterion_main};
use nonlin::{Activation, Direction, Engine};
use std::time::Duration;
use support::{Engines, check, limit, measure};

/// 1 GiB.
const ELEMENTS: usize = 1 << 28;

fn streaming(criterion: &mut Criterion) {
    let engines = Engines::open();
    let (f, direction) = (Activation::sigmoid(), Direction::Forward);
    for n in support::long(ELEMENTS) {
        let x = support::numbers(n, 1);
        let mut y = nonlin::zeros(n);
        let verify = |y: &mut Vec<f32>| check::elements(&f, direction, &x, &[], y);
        let mut group = criterion.benchmark_group("streaming");
        support::work(&mut group, n, direction.bytes_per_element());
        let memcpy = |y: &mut Vec<f32>| {
            y.copy_from_slice(&x);
            Ok(())
        };
        measure(&mut group, "memcpy", n, &mut y, memcpy, |y| {
            check::same(y, &x);
        });
        let all = |y: &mut Vec<f32>| engines.all.forward_into(&f, &x, y);
        measure(&mut group, "cpu all threads", n, &mut y, all, verify);
        if let Some(gpu) = &engines.gpu {
            let limited = limit::device(gpu, n as u64).expect("the adapter opens again");
            let through = |y: &mut Vec<f32>| Engine::forward_into(&limited, &f, &x, y);
            measure(&mut group, "gpu limited", n, &mut y, through, |y| {
                verify(y);
                limit::check(&limited, n as u64);
            });
            let through = |y: &mut Vec<f32>| Engine::forward_into(gpu, &f, &x, y);
            measure(&mut group, "gpu", n, &mut y, through, verify);
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = support::criterion(Duration::from_secs(5));
    targets = streaming
}
criterion_main!(benches);
