//! The ways to the GPU and back, beside copies in host memory.
//!
//! `cargo bench --bench transfer`. "mapped or copied" is what the adapter makes of a tensor: where memory is shared its own buffers are
//! mapped. "copied" is the way through a buffer in between, which a buffer of the program's own always takes, and every tensor of a card
//! with memory of its own. Ways that end in new memory pay for the system's zeros in it, so they stand beside a copy to new memory.

mod support;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use nonlin::{Chain, Direction, Engine, Gpu, Result, Tensor};
use std::hint::black_box;
use std::time::Duration;
use support::{OnDevice, check, measure};

type Group<'a> = BenchmarkGroup<'a, WallTime>;

fn transfer(criterion: &mut Criterion) {
    let gpu = support::open_gpu();
    for n in support::sizes(&support::SIZES) {
        let sent = support::numbers(n, 1);
        let mut received = nonlin::zeros(n);
        let mut group = criterion.benchmark_group("transfer");
        support::work(&mut group, n, 4);
        memcpy(&mut group, &sent, &mut received);
        if let Some(gpu) = &gpu {
            upload(&mut group, gpu, &sent).expect("uploads");
            download(&mut group, gpu, &sent, &mut received).expect("downloads");
        }
        group.finish();
    }
}

fn memcpy(group: &mut Group<'_>, sent: &[f32], received: &mut Vec<f32>) {
    let n = sent.len();
    measure(
        group,
        "memcpy",
        n,
        received,
        |received| {
            received.copy_from_slice(black_box(sent));
            Ok(())
        },
        |received| check::same(received, sent),
    );
    measure(
        group,
        "memcpy to new memory",
        n,
        received,
        |received| {
            *received = black_box(sent).to_vec();
            Ok(())
        },
        |received| check::same(received, sent),
    );
}

/// A buffer that the library does not map.
fn own(gpu: &Gpu, len: usize) -> Result<Option<Tensor>> {
    let size = 4 * len as u64;
    if size > gpu.device().limits().max_buffer_size {
        return Ok(None);
    }
    let usage =
        wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST;
    let buffer = gpu.device().create_buffer(&wgpu::BufferDescriptor {
        label: Some("bench"),
        size,
        usage,
        mapped_at_creation: false,
    });
    Tensor::from_buffer(gpu, buffer.slice(..)).map(Some)
}

fn upload(group: &mut Group<'_>, gpu: &Gpu, sent: &[f32]) -> Result<()> {
    let n = sent.len();
    let arrived = |state: &mut OnDevice<'_>| check::same(&state.download(), sent);
    let tensor = gpu.upload(sent)?;
    let mut state = OnDevice { gpu, tensor };
    measure(
        group,
        "upload, a new tensor",
        n,
        &mut state,
        |state| {
            state.tensor = gpu.upload(black_box(sent))?;
            gpu.wait()
        },
        arrived,
    );
    measure(
        group,
        "upload_async, a new tensor",
        n,
        &mut state,
        |state| {
            state.tensor = pollster::block_on(gpu.upload_async(black_box(sent)))?;
            gpu.wait()
        },
        arrived,
    );
    let into = |state: &mut OnDevice<'_>| {
        gpu.upload_into(black_box(sent), &state.tensor)?;
        gpu.wait()
    };
    let name = "upload_into, mapped or copied";
    state.tensor = gpu.empty(n)?;
    measure(group, name, n, &mut state, into, arrived);
    if let Some(own) = own(gpu, n)? {
        state.tensor = own;
        measure(group, "upload_into, copied", n, &mut state, into, arrived);
    }
    Ok(())
}

fn download(group: &mut Group<'_>, gpu: &Gpu, sent: &[f32], received: &mut Vec<f32>) -> Result<()> {
    let n = sent.len();
    let tensor = gpu.upload(sent)?;
    let arrived = |received: &mut Vec<f32>| check::same(received, sent);
    measure(
        group,
        "download, a new Vec",
        n,
        received,
        |received| {
            *received = tensor.download()?;
            Ok(())
        },
        arrived,
    );
    measure(
        group,
        "download_async, a new Vec",
        n,
        received,
        |received| {
            *received = pollster::block_on(tensor.download_async())?;
            Ok(())
        },
        arrived,
    );
    let name = "download_into, mapped or copied";
    let into = |received: &mut Vec<f32>| tensor.download_into(received);
    measure(group, name, n, received, into, arrived);
    if let Some(own) = own(gpu, n)? {
        gpu.upload_into(sent, &own)?;
        let into = |received: &mut Vec<f32>| own.download_into(received);
        measure(group, "download_into, copied", n, received, into, arrived);
    }
    measure(
        group,
        "download_with, looked at in place",
        n,
        &mut 0,
        |sum| {
            *sum = 0;
            tensor.download_with(|part| *sum = sum_of(part).wrapping_add(*sum))
        },
        |sum| assert_eq!(*sum, sum_of(sent)),
    );
    measure(
        group,
        "slice to slice, a copy kernel between",
        n,
        received,
        |received| gpu.compute(&Chain::new(), Direction::Forward, sent, None, received),
        arrived,
    );
    Ok(())
}

/// Reads everything in as little time as that takes; whole numbers, so that it does not matter which parts it comes in.
fn sum_of(part: &[f32]) -> u32 {
    part.iter()
        .fold(0, |sum, number| sum.wrapping_add(number.to_bits()))
}

criterion_group! {
    name = benches;
    config = support::criterion(Duration::from_secs(1));
    targets = transfer
}
criterion_main!(benches);
