//! Buffers that wait for their next use. A fresh buffer costs more than its allocation: wgpu fills it with zeros.

use std::collections::VecDeque;
use wgpu::{Buffer, BufferUsages, SubmissionIndex};

/// Bytes that are kept at most, unless the program says otherwise.
pub(super) const KEPT_BYTES: u64 = 1 << 30;
/// Buffers that are kept at most: a program that makes many small ones of different sizes must not make the search slow.
const KEPT_BUFFERS: usize = 256;

/// The sizes of tensors' buffers are multiples of it: no invocation computes more, so none reads or writes behind the end.
pub(super) const PADDING: u64 = 64;

/// What a buffer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A tensor that the host fills.
    Input,
    /// A tensor that a kernel fills.
    Output,
    /// A tensor between two kernels. Its buffers are never mapped and never become another tensor's: a pass that was recorded, and is
    /// submitted at any time, may write them.
    Scratch,
    /// On the way to the device.
    Upload,
    /// On the way to the host.
    Download,
}

impl Purpose {
    pub(super) fn usage(self, info: &super::Info) -> BufferUsages {
        let tensor = BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST;
        let (read, write) = (BufferUsages::MAP_READ, BufferUsages::MAP_WRITE);
        // A software adapter has one kind of memory. An integrated GPU has one that the CPU reads slowly and one that it
        // reads fast, and a buffer for both ways lands in the slow one.
        let both = info.device_type == wgpu::DeviceType::Cpu;
        match self {
            Self::Upload => write | BufferUsages::COPY_SRC,
            Self::Download => read | BufferUsages::COPY_DST,
            // A usage of its own keeps them apart in the pool.
            Self::Scratch => BufferUsages::STORAGE,
            _ if !info.mappable => tensor,
            _ if both => tensor | read | write,
            Self::Input => tensor | write,
            Self::Output => tensor | read,
        }
    }
}

/// A buffer of the pool with the last submission that used it, where that is known.
pub(super) struct Pooled {
    pub(super) buffer: Buffer,
    pub(super) last: Option<SubmissionIndex>,
}

/// Memory of a device that a [`Gpu`](crate::Gpu) holds for tensors and for bytes on their way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Memory {
    /// Bytes of the buffers in use, and of those that wait for their next use.
    pub held: u64,
    /// Bytes of the buffers that wait.
    pub waiting: u64,
    /// The most bytes that were held at once.
    pub peak: u64,
    /// Bytes that wait at most ([`GpuBuilder::max_waiting_bytes`](super::GpuBuilder::max_waiting_bytes)).
    pub max_waiting: u64,
}

pub(super) struct Pool {
    kept: VecDeque<Pooled>,
    memory: Memory,
    max_chunk_bytes: u64,
}

impl Pool {
    pub(super) fn new(max_chunk_bytes: u64, max_waiting: u64) -> Self {
        Self {
            kept: VecDeque::new(),
            memory: Memory {
                max_waiting,
                ..Memory::default()
            },
            max_chunk_bytes,
        }
    }

    /// The size of the buffer for `bytes`: eight sizes between powers of two, so that lengths that differ a little share
    /// buffers and at most an eighth is lost.
    pub(super) fn size(&self, bytes: u64) -> u64 {
        let step = (bytes.next_power_of_two() / 16).max(256);
        let size = bytes.div_ceil(step).max(1) * step;
        size.min(self.max_chunk_bytes.max(bytes.next_multiple_of(PADDING)))
    }

    pub(super) fn memory(&self) -> Memory {
        self.memory
    }

    /// Counts a buffer that was made, and will be given to the pool.
    pub(super) fn made(&mut self, size: u64) {
        self.memory.held += size;
        self.memory.peak = self.memory.peak.max(self.memory.held);
    }

    /// The buffer of this size and usage that waits longest: the device is most likely done with it.
    pub(super) fn take(&mut self, size: u64, usage: BufferUsages) -> Option<Pooled> {
        let fits = |pooled: &Pooled| pooled.buffer.size() == size && pooled.buffer.usage() == usage;
        let at = self.kept.iter().position(fits)?;
        self.memory.waiting -= size;
        self.kept.remove(at)
    }

    /// Takes a buffer in, and gives those back that are too many.
    pub(super) fn give(&mut self, pooled: Pooled) -> Vec<Buffer> {
        self.memory.waiting += pooled.buffer.size();
        self.kept.push_back(pooled);
        self.shrink(self.memory.max_waiting, KEPT_BUFFERS)
    }

    /// Gives buffers back, the oldest first, until so many bytes and buffers wait at most.
    pub(super) fn shrink(&mut self, bytes: u64, buffers: usize) -> Vec<Buffer> {
        let mut dropped = Vec::new();
        while self.memory.waiting > bytes || self.kept.len() > buffers {
            let Some(oldest) = self.kept.pop_front() else {
                break;
            };
            self.memory.waiting -= oldest.buffer.size();
            self.memory.held -= oldest.buffer.size();
            dropped.push(oldest.buffer);
        }
        dropped
    }
}

#[cfg(test)]
mod tests {
    use super::Pool;

    #[test]
    fn sizes_are_shared_and_never_too_small() {
        let pool = Pool::new(1 << 27, 0);
        for bytes in [
            64,
            192,
            256,
            257,
            4096,
            4160,
            1 << 20,
            (1 << 20) + 64,
            1 << 27,
        ] {
            let size = pool.size(bytes);
            assert!(size >= bytes && size <= (bytes + bytes / 8).max(bytes.next_multiple_of(256)));
            assert_eq!(size % super::PADDING, 0);
            assert!(size <= 1 << 27);
        }
        assert_eq!(pool.size(1_000_000), pool.size(1_000_064));
        assert_eq!(Pool::new(64, 0).size(64), 64);
    }
}
