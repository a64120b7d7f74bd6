//! A device of which only so much memory may be held.

use nonlin::{Gpu, Result};

/// Bytes that may be held at least: tensors are padded, and two chunks of a slice are under way at a time.
const LEAST: u64 = 64 << 10;

/// The same adapter once more, held to `bytes` of memory by the sizes of its buffers and of its pool.
pub fn device(gpu: &Gpu, bytes: u64) -> Result<Gpu> {
    // Operands and results of two chunks, and buffers on the way, are not more than half; the other half may wait.
    Gpu::builder()
        .adapter(&gpu.info().name)
        .backends(gpu.info().backend.into())
        .max_chunk_bytes(bytes.max(LEAST) / 16)
        .max_waiting_bytes(bytes.max(LEAST) / 2)
        .build()
}

/// Prints the most that was held, and panics where it was more than `bytes`.
pub fn check(gpu: &Gpu, bytes: u64) {
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let (peak, limit) = (gpu.memory().peak, bytes.max(LEAST));
    println!(
        "device memory: {:.2} MiB at most, of {:.2} MiB that were allowed",
        mib(peak),
        mib(limit)
    );
    assert!(peak <= limit, "{peak} bytes were held, {limit} allowed");
}
