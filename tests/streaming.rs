//! Claims about slices that are longer than what a device takes at once, and about the memory that is held meanwhile.

#[macro_use]
mod support;

use nonlin::cpu::Cpu;
use nonlin::gpu::{GpuBuilder, Progress};
use nonlin::{Activation, Chain, Direction, Engine, Error, Gpu};
use std::ops::ControlFlow;
use support::adapters::again;
use support::claims::{self, IntoCompletion};

/// Bytes of a chunk.
const CHUNK: u64 = 1 << 16;
/// Elements of a chunk.
const PART: usize = CHUNK as usize / 4;

fn limited(gpu: &Gpu) -> GpuBuilder {
    again(gpu).max_chunk_bytes(CHUNK)
}

fn numbers(len: usize) -> Vec<f32> {
    (0..len)
        .map(|i| ((i * 7919) % 10_007) as f32 * 1e-3 - 5.0)
        .collect()
}

fn slices_beyond_the_device_stream_in_bounded_memory(gpu: &Gpu) -> nonlin::Result<()> {
    let gpu = limited(gpu).max_waiting_bytes(8 * CHUNK).build()?;
    let len = 100 * PART + 7;
    let (x, grad, full) = (numbers(len), numbers(len), numbers(len));
    let chain = Chain::new().then(Activation::leaky_relu()).mul(&full);
    let mut got = vec![0.0; len];
    gpu.compute(&chain, Direction::Backward, &x, Some(&grad), &mut got)?;
    assert_eq!(got, Cpu::new().backward(&chain, &x, &grad)?);
    let memory = gpu.memory();
    // Three operands and a result, of the chunk that is computed and of those on their way in and out.
    let buffers = memory.peak as f64 / CHUNK as f64;
    println!("{buffers:.1} buffers of a chunk were held at most");
    assert!(memory.peak <= 16 * CHUNK, "{memory:?}");
    assert!(memory.waiting <= memory.held && memory.waiting <= 8 * CHUNK);
    gpu.wait()?;
    gpu.trim();
    assert_eq!((gpu.memory().held, gpu.memory().waiting), (0, 0));
    Ok(())
}

fn progress_is_told_and_can_end_it(gpu: &Gpu) -> nonlin::Result<()> {
    let gpu = limited(gpu).build()?;
    let len = 5 * PART + 3;
    let (x, relu) = (numbers(len), Activation::relu());
    let want = Cpu::new().forward(&relu, &x)?;
    let forward = Direction::Forward;

    let (mut told, mut y) = (Vec::new(), vec![9.0; len]);
    gpu.compute_with_progress(&relu, forward, &x, None, &mut y, |progress| {
        told.push(progress);
        ControlFlow::Continue(())
    })?;
    assert_eq!(y, want);
    let dones: Vec<usize> = told.iter().map(|progress| progress.done).collect();
    let ends = (1..=5).map(|k| k * PART).chain([len]);
    assert_eq!(dones, ends.collect::<Vec<_>>());
    assert!(told.iter().all(|progress| progress.len == len));

    let stop = |Progress { done, .. }| {
        if done >= 2 * PART {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let mut y = vec![9.0; len];
    let error = gpu
        .compute_with_progress(&relu, forward, &x, None, &mut y, stop)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("ended after {} of {len} elements", 2 * PART)
    );
    assert_eq!(y[..2 * PART], want[..2 * PART]);
    assert!(y[2 * PART..].iter().all(|&y| y == 9.0));

    let mut in_place = x.clone();
    let error = gpu
        .compute_in_place_with_progress(&relu, forward, &mut in_place, stop)
        .unwrap_err();
    assert!(matches!(error, Error::Cancelled { done, .. } if done == 2 * PART));
    assert_eq!(in_place[..2 * PART], want[..2 * PART]);
    assert_eq!(in_place[2 * PART..], x[2 * PART..]);
    // Nothing is left over of what was ended.
    assert_eq!(Engine::forward(&gpu, &relu, &x)?, want);

    // The last chunk's answer has no effect: everything is there.
    let mut y = vec![9.0; 3];
    gpu.compute_with_progress(&relu, forward, &x[..3], None, &mut y, |_| {
        ControlFlow::Break(())
    })?;
    assert_eq!(y, want[..3]);
    Ok(())
}

fn a_tensor_is_shown_where_it_is(gpu: &Gpu) -> nonlin::Result<()> {
    for gpu in [gpu.clone(), limited(gpu).build()?] {
        for len in [0, 1, 5, PART, 3 * PART + 1] {
            let x = numbers(len);
            let tensor = gpu.upload(&x)?;
            let mut seen = Vec::new();
            tensor.download_with(|part| seen.extend_from_slice(part))?;
            assert_eq!(seen, x);
        }
    }
    Ok(())
}

fn steady_calls_hold_no_more_memory(gpu: &Gpu) -> nonlin::Result<()> {
    let gpu = limited(gpu).build()?;
    let x = gpu.upload(&numbers(PART))?;
    let call = || gpu.forward(Activation::tanh(), &x).map(drop);
    (0..10).try_for_each(|_| call())?;
    let (memory, made) = (gpu.memory(), gpu.activity());
    (0..10_000).try_for_each(|_| call())?;
    gpu.wait()?;
    let now = gpu.activity();
    assert_eq!(gpu.memory(), memory);
    assert_eq!(
        (now.buffers, now.bind_groups, now.pipelines),
        (made.buffers, made.bind_groups, made.pipelines)
    );
    Ok(())
}

fn main() {
    claims::run(claims::trials(claims![
        slices_beyond_the_device_stream_in_bounded_memory,
        progress_is_told_and_can_end_it,
        a_tensor_is_shown_where_it_is,
        steady_calls_hold_no_more_memory,
    ]));
}
