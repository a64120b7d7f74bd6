//! What the device allows, and whether its clock is one.

use super::finding::Finding;
use crate::number::{bytes, grouped};
use nonlin::Gpu;
use nonlin::gpu::Clock;

/// The limits and features that matter to the crate, as its device has them.
pub fn findings(gpu: &Gpu) -> Vec<Finding> {
    let limits = gpu.device().limits();
    let count = |value: u32| grouped(value as usize);
    let mappable = if gpu.info().mappable {
        "used: no copies on the way"
    } else {
        "not there, or memory is not shared"
    };
    vec![
        Finding::new(
            "max_storage_binding",
            "largest storage binding",
            bytes(limits.max_storage_buffer_binding_size),
        ),
        Finding::new(
            "max_buffer",
            "largest buffer",
            bytes(limits.max_buffer_size),
        ),
        Finding::new(
            "max_workgroups",
            "workgroups in a dimension",
            count(limits.max_compute_workgroups_per_dimension),
        ),
        Finding::new(
            "max_invocations",
            "invocations in a workgroup",
            count(limits.max_compute_invocations_per_workgroup),
        ),
        Finding::new("mappable", "MAPPABLE_PRIMARY_BUFFERS", mappable),
        Finding::new("timestamps", "timestamps", timestamps(gpu)),
    ]
}

fn timestamps(gpu: &Gpu) -> String {
    if !gpu.info().timestamps {
        return "none".to_owned();
    }
    let timed = || {
        let (from, to) = (gpu.empty(1 << 16)?, gpu.empty(1 << 16)?);
        gpu.time_copy(&from, &to, 16)
    };
    match timed() {
        Err(error) => format!("cannot be asked: {error}"),
        Ok(timing) if timing.clock == Clock::Timestamps => "agree with the wall clock".to_owned(),
        Ok(_) => "make no sense".to_owned(),
    }
}
