//! The way to the GPU and back, beside a copy in host memory. What arrives is compared with what was sent before it is timed.
//!
//! `cargo bench --bench transfer`; with `-- --test` each runs once over few elements.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use nonlin::Gpu;
use std::hint::black_box;
use std::time::Duration;

fn transfer(criterion: &mut Criterion) {
    let test = std::env::args().any(|argument| argument == "--test");
    let sizes: &[usize] = if test {
        &[4097]
    } else {
        &[1 << 16, 1 << 20, 1 << 24]
    };
    let gpu = Gpu::new()
        .inspect_err(|error| eprintln!("no GPU is measured: {error}"))
        .ok();
    if let Some(gpu) = &gpu {
        println!("GPU: {}", gpu.info());
    }
    for &n in sizes {
        let sent: Vec<f32> = (0..n).map(|i| i as f32).collect();
        let mut received = vec![0.0; n];
        let mut group = criterion.benchmark_group("transfer");
        group.throughput(Throughput::Bytes(4 * n as u64));
        group.bench_function(BenchmarkId::new("memcpy", n), |bencher| {
            bencher.iter(|| {
                received.copy_from_slice(black_box(&sent));
                black_box(&mut received);
            });
        });
        assert_eq!(received, sent);
        if let Some(gpu) = &gpu {
            let tensor = gpu.upload(&sent).expect("upload");
            received.fill(0.0);
            tensor.download_into(&mut received).expect("download");
            assert_eq!(received, sent);
            group.bench_function(BenchmarkId::new("upload", n), |bencher| {
                bencher.iter(|| {
                    gpu.upload_into(black_box(&sent), &tensor).expect("upload");
                    gpu.wait().expect("the copy ends");
                });
            });
            group.bench_function(BenchmarkId::new("download", n), |bencher| {
                bencher.iter(|| {
                    tensor
                        .download_into(black_box(&mut received))
                        .expect("download")
                });
            });
            assert_eq!(received, sent);
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    targets = transfer
}
criterion_main!(benches);
