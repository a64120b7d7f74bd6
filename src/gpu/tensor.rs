//! [`Tensor`]: numbers in the memory of a device.

use super::batch::Mark;
use super::context::{Context, lock};
use super::pool::{PADDING, Pooled, Purpose};
use super::span::Span;
use super::transfer::Drive;
#[cfg(not(target_arch = "wasm32"))]
use super::transfer::into_slice;
use crate::{Error, Result, large_pages};
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

/// Numbers in the memory of a device, made by [`Gpu::upload`](crate::Gpu::upload), [`Gpu::empty`](crate::Gpu::empty) and the
/// operations.
///
/// A clone is the same tensor, not a copy of its numbers. When the last clone is dropped, its buffers wait for the next tensor of
/// about that size.
pub struct Tensor<E = f32> {
    pub(super) inner: Arc<Inner>,
    element: PhantomData<fn() -> E>,
}

pub(super) struct Inner {
    pub(super) context: Arc<Context>,
    pub(super) len: usize,
    segments: Vec<wgpu::Buffer>,
    /// Bytes before the first element.
    start: u64,
    /// Whether the buffers came from the pool and go back there.
    pub(super) pooled: bool,
    /// Held for reading while work is submitted that uses the buffers, for writing while they are mapped: a mapped buffer must
    /// not be in a submission.
    access: RwLock<()>,
    /// The batches that use the buffers and are not submitted yet.
    pub(super) batches: Mutex<Vec<Mark>>,
}

impl<E> Clone for Tensor<E> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            element: PhantomData,
        }
    }
}

impl<E> std::fmt::Debug for Tensor<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tensor")
            .field("len", &self.inner.len)
            .field("device", &self.inner.context.short_name())
            .finish()
    }
}

impl Tensor {
    /// A tensor of pooled buffers, whose contents are whatever they held before.
    pub(super) fn new(context: &Arc<Context>, len: usize, purpose: Purpose) -> Result<Self> {
        let too_long = || Error::OutOfMemory {
            bytes: u64::MAX,
            reason: format!("{len} elements are more than any memory holds"),
        };
        let bytes = u64::try_from(len)
            .ok()
            .and_then(|len| len.checked_mul(4)?.checked_next_multiple_of(PADDING))
            .ok_or_else(too_long)?;
        context.check_alive()?;
        context.check_memory(bytes)?;
        let mut inner = Inner {
            context: Arc::clone(context),
            len,
            segments: Vec::new(),
            start: 0,
            pooled: true,
            access: RwLock::new(()),
            batches: Mutex::default(),
        };
        let mut left = bytes;
        while left > 0 {
            let piece = left.min(context.info.max_chunk_bytes);
            // Dropping `inner` on an error gives the segments back that were made already.
            inner.segments.push(context.tensor_buffer(piece, purpose)?);
            left -= piece;
        }
        Ok(Self {
            inner: Arc::new(inner),
            element: PhantomData,
        })
    }

    /// Elements of a buffer of your own, as a tensor: nothing is copied, and the buffer is never given away. It needs the usage
    /// [`STORAGE`](wgpu::BufferUsages::STORAGE), [`COPY_SRC`](wgpu::BufferUsages::COPY_SRC) to be downloaded and
    /// [`COPY_DST`](wgpu::BufferUsages::COPY_DST) to be uploaded to, and must not be mapped while it is used.
    ///
    /// ```no_run
    /// # let gpu = nonlin::Gpu::new()?;
    /// # let buffer: wgpu::Buffer = todo!();
    /// let x = nonlin::Tensor::from_buffer(&gpu, buffer.slice(256..1280))?;
    /// assert_eq!(x.len(), 256);
    /// # Ok::<(), nonlin::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidSpan`] where the range does not begin and end at multiples of 4 bytes, or for a buffer of other usage.
    pub fn from_buffer(gpu: &crate::Gpu, elements: wgpu::BufferSlice<'_>) -> Result<Self> {
        let span = Span::from(elements);
        span.check("the tensor")?;
        let inner = Inner {
            context: Arc::clone(&gpu.context),
            len: span.len(),
            segments: vec![elements.buffer().clone()],
            start: elements.offset(),
            pooled: false,
            access: RwLock::new(()),
            batches: Mutex::default(),
        };
        Ok(Self {
            inner: Arc::new(inner),
            element: PhantomData,
        })
    }

    /// Copies the numbers to the host. Submits a copy where the buffers cannot be mapped, and waits for the device.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] when there is no memory for the way, [`Error::DeviceLost`] and [`Error::Gpu`] for what the device
    /// reports.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn download(&self) -> Result<Vec<f32>> {
        let mut all = large_pages::room(self.len());
        self.read_blocking(&mut |bytes| append(&mut all, bytes))?;
        Ok(all)
    }

    /// As [`download`](Self::download), for programs that must not block. It always goes through a buffer of its own, so that the
    /// tensor can be used meanwhile.
    ///
    /// # Errors
    /// As [`download`](Self::download).
    pub async fn download_async(&self) -> Result<Vec<f32>> {
        self.inner.check_batches(None, false, "a download")?;
        let mut all = large_pages::room(self.len());
        self.inner
            .read(Drive::Elsewhere, false, &mut |bytes| {
                append(&mut all, bytes)
            })
            .await?;
        Ok(all)
    }

    /// As [`download`](Self::download), into memory that exists.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] when `to` differs in length; else as [`download`](Self::download).
    #[cfg(not(target_arch = "wasm32"))]
    pub fn download_into(&self, to: &mut [f32]) -> Result<()> {
        if to.len() != self.len() {
            return Err(Error::LengthMismatch {
                name: "the slice",
                len: to.len(),
                other: "the tensor",
                other_len: self.len(),
            });
        }
        self.read_blocking(&mut into_slice(to))
    }

    /// Shows the numbers where they are, in order and without a copy of them where the adapter maps the tensor's own buffers: one call
    /// of `see` for each buffer then, and for each part of a few MiB where they have to be copied to the host first.
    ///
    /// ```
    /// # let gpu = nonlin::Gpu::new()?;
    /// let y = gpu.forward(nonlin::Activation::relu(), &gpu.upload(&[-1.0, 2.0, 3.0])?)?;
    /// let mut sum = 0.0;
    /// y.download_with(|part| sum += part.iter().sum::<f32>())?;
    /// assert_eq!(sum, 5.0);
    /// # Ok::<(), nonlin::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`download`](Self::download).
    #[cfg(not(target_arch = "wasm32"))]
    pub fn download_with(&self, mut see: impl FnMut(&[f32]) + Send) -> Result<()> {
        self.read_blocking(&mut |bytes| match bytemuck::try_cast_slice(bytes) {
            Ok(numbers) => see(numbers),
            Err(_) => {
                let mut numbers = Vec::with_capacity(bytes.len() / 4);
                append(&mut numbers, bytes);
                see(&numbers);
            }
        })
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn read_blocking(&self, sink: &mut (dyn FnMut(&[u8]) + Send)) -> Result<()> {
        self.inner.check_batches(None, false, "a download")?;
        let direct = self.inner.can_map(wgpu::BufferUsages::MAP_READ);
        let _exclusive = direct.then(|| self.inner.exclusive());
        pollster::block_on(self.inner.read(Drive::Here, direct, sink))
    }
}

impl<E> Tensor<E> {
    /// Number of elements.
    pub fn len(&self) -> usize {
        self.inner.len
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.inner.len == 0
    }

    /// The elements in their buffer, to bind them in a pass of your own. `None` where there are none, or where they take
    /// [several buffers](Self::buffers).
    ///
    /// The buffer is reused for other tensors once this one is dropped, so keep it for as long as you use it.
    pub fn buffer(&self) -> Option<wgpu::BufferSlice<'_>> {
        match &self.inner.segments[..] {
            [buffer] if self.inner.len > 0 => {
                let start = self.inner.start;
                Some(buffer.slice(start..start + self.inner.len as u64 * 4))
            }
            _ => None,
        }
    }

    /// The buffers that the elements lie in, one after another, each but the last one filled by
    /// [`Info::max_chunk_bytes`](super::Info::max_chunk_bytes) bytes. A buffer may be longer than its elements; a length of 0 has none. The
    /// buffer of a tensor that was made [from one](Tensor::from_buffer) may hold more before the first element.
    ///
    /// They are reused for other tensors once this one is dropped, so keep it for as long as you use them.
    pub fn buffers(&self) -> &[wgpu::Buffer] {
        &self.inner.segments
    }
}

impl Inner {
    /// The elements for a kernel.
    pub(super) fn span(&self) -> Span<'_> {
        let chunk = self.context.info.max_chunk_bytes;
        Span::of_tensor(&self.segments, self.start, self.len, chunk, self.pooled)
    }

    /// The buffers with the byte where elements begin in each and the bytes that they take, without the padding.
    pub(super) fn segments(&self) -> impl Iterator<Item = (&wgpu::Buffer, u64, u64)> {
        let chunk = if self.pooled {
            self.context.info.max_chunk_bytes
        } else {
            u64::MAX
        };
        let mut left = self.len as u64 * 4;
        self.segments.iter().map(move |buffer| {
            let bytes = left.min(chunk);
            left -= bytes;
            (buffer, self.start, bytes)
        })
    }

    /// Whether every buffer can be mapped this way.
    pub(super) fn can_map(&self, usage: wgpu::BufferUsages) -> bool {
        // A buffer of the program's own is the program's to map.
        self.pooled
            && self
                .segments
                .iter()
                .all(|buffer| buffer.usage().contains(usage))
    }

    pub(super) fn shared(&self) -> RwLockReadGuard<'_, ()> {
        self.access.read().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn exclusive(&self) -> std::sync::RwLockWriteGuard<'_, ()> {
        self.access.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let segments = std::mem::take(&mut self.segments);
        if self.pooled {
            for buffer in segments {
                self.context.give_back(buffer, None);
            }
        } else {
            self.context.caches.forget(&segments);
        }
    }
}

impl Context {
    fn tensor_buffer(&self, bytes: u64, purpose: Purpose) -> Result<wgpu::Buffer> {
        let usage = purpose.usage(&self.info);
        let (size, pooled) = {
            let mut pool = lock(&self.pool);
            let size = pool.size(bytes);
            let apart =
                self.info.software && (APART_FROM..self.info.max_chunk_bytes).contains(&size);
            let size = if apart { size + GAP } else { size };
            (size, pool.take(size, usage))
        };
        match pooled {
            Some(pooled) => Ok(pooled.buffer),
            None => self.create_pooled(size, usage, false),
        }
    }

    /// A new buffer that [`give_back`](Self::give_back) takes when it is not used any more.
    pub(super) fn create_pooled(
        &self,
        size: u64,
        usage: wgpu::BufferUsages,
        mapped: bool,
    ) -> Result<wgpu::Buffer> {
        let buffer = self.create_buffer(size, usage, mapped)?;
        #[cfg(not(target_arch = "wasm32"))]
        if !mapped {
            self.prefer_large_pages(&buffer)?;
        }
        lock(&self.pool).made(size);
        Ok(buffer)
    }

    /// Refuses what a software adapter has no memory for: it would promise it all the same, and the system would end the program
    /// when it is used.
    fn check_memory(&self, bytes: u64) -> Result<()> {
        if !self.info.software || bytes < WORTH_A_LOOK {
            return Ok(());
        }
        match available_memory() {
            Some(available) if bytes > available + lock(&self.pool).memory().waiting => {
                Err(Error::OutOfMemory {
                    bytes,
                    reason: format!("the system has {available} bytes left"),
                })
            }
            _ => Ok(()),
        }
    }

    /// Puts a buffer, which must not be mapped, into the pool.
    pub(super) fn give_back(&self, buffer: wgpu::Buffer, last: Option<wgpu::SubmissionIndex>) {
        let dropped = lock(&self.pool).give(Pooled { buffer, last });
        self.caches.forget(&dropped);
    }

    /// Gives all buffers that wait back to the device.
    pub(super) fn trim(&self) {
        let dropped = lock(&self.pool).shrink(0, 0);
        self.caches.forget(&dropped);
    }
}

/// From so many bytes on there is a gap behind a tensor on a software adapter.
const APART_FROM: u64 = 16 << 20;

/// Its bytes. wgpu gives such an adapter memory in blocks of powers of two; tensors of a power of two that lie in one are a power of two apart, and take
/// each other's place in a core's caches where a kernel reads several (64 MiB each: gelu's backward pass 17.2 instead of 16.0 ms).
const GAP: u64 = 4 << 10;

/// Bytes from which on the system is asked for the memory that is left.
const WORTH_A_LOOK: u64 = 64 << 20;

/// Bytes that the system can give out, where it says so (Linux).
fn available_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// Appends numbers that may lie at any address.
fn append(all: &mut Vec<f32>, bytes: &[u8]) {
    match bytemuck::try_cast_slice(bytes) {
        Ok(numbers) => all.extend_from_slice(numbers),
        Err(_) => all.extend(
            bytes
                .chunks_exact(4)
                .map(bytemuck::pod_read_unaligned::<f32>),
        ),
    }
}
