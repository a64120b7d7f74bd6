//! The GPU engine: activations and their derivatives as compute kernels, through wgpu on Vulkan, Metal, DX12 or OpenGL.
//!
//! | call | submits? | waits? | allocates? |
//! |---|---|---|---|
//! | [`Gpu::upload`], [`Gpu::upload_into`] | a copy, where buffers cannot be mapped | for earlier work on the same buffers | a tensor, until the pool has one of that size |
//! | [`Gpu::empty`] | no | no | as `upload` |
//! | [`Gpu::forward`], [`Gpu::derivative`], [`Gpu::backward`], … | one dispatch per buffer | no¹ | the result, as `upload` |
//! | the same with `_into` or `_in_place` | one dispatch per buffer | no¹ | nothing |
//! | [`Gpu::dense`], [`Gpu::dense_backward`] | one or two dispatches; up to four and a sum's | no¹ | the results, as `upload`; the way back also room for the gradient of z |
//! | [`Gpu::glu`], [`Gpu::maxout`], [`Gpu::crelu`], [`Gpu::prelu`], [`Gpu::rrelu`], `…_backward` | a few dispatches per buffer | no¹ | the result, as `upload`; with `_into` nothing |
//! | [`Gpu::softmax`], [`Gpu::softmax_backward`] | one dispatch per buffer, three per row that is split | no¹ | the result, and scratch memory for rows that are split, as `upload` |
//! | [`Tensor::download`], [`Tensor::download_into`] | a copy, where buffers cannot be mapped | for the result | nothing on the device |
//! | [`Gpu::wait`] | no | for everything submitted | nothing |
//! | [`Gpu::batch`] | once, at its end | no¹ | results, as `upload` |
//! | [`Kernel::record`], [`GradientsKernel::record`], [`Gpu::encode`] | no | no¹ | nothing after the first use; sums over elements scratch memory, as `upload` |
//! | slices through [`Engine`](crate::Engine) | uploads, dispatches, downloads | for the result | nothing on the device, once the pool is filled |
//!
//! ¹ A kernel is compiled at its first use (see [`Gpu::compile`]), and a call waits while another thread downloads one of its tensors.
//!
//! The `_async` forms wait without blocking the calling thread.

mod adapter;
mod batch;
mod bindings;
mod builder;
mod context;
mod dense;
#[cfg(not(target_arch = "wasm32"))]
mod dense_host;
mod dense_product;
#[cfg(not(target_arch = "wasm32"))]
mod derivative_check;
mod dispatch;
mod forms;
mod forward_backward;
mod gradients;
mod grid;
#[cfg(not(target_arch = "wasm32"))]
mod host;
mod operations;
mod pipeline;
mod pool;
mod record;
mod rows;
mod shader;
mod span;
mod sum;
mod sweep;
mod tensor;
#[cfg(not(target_arch = "wasm32"))]
mod timing;
mod transfer;
mod work;

#[cfg(not(target_arch = "wasm32"))]
pub use adapter::adapters;
pub use adapter::{AdapterReport, MemoryOrder, adapters_async};
pub use batch::Batch;
pub use builder::GpuBuilder;
#[doc(hidden)]
pub use context::Activity;
pub use context::Info;
#[cfg(not(target_arch = "wasm32"))]
pub use derivative_check::{DerivativeReport, Disagreement};
#[cfg(not(target_arch = "wasm32"))]
pub use host::Progress;
pub use pool::Memory;
pub use record::{GradientsKernel, Kernel};
pub(crate) use rows::{GATE_NAMES, gate_files};
#[doc(hidden)]
pub use rows::{row_kernel_sources, softmax_kernel_sources};
pub use shader::{copy_kernel_source, kernel_source};
pub use span::Span;
pub use tensor::Tensor;
#[cfg(not(target_arch = "wasm32"))]
pub use timing::{Clock, Timing};

#[cfg(not(target_arch = "wasm32"))]
use crate::Error;
use crate::Result;
use context::{Context, Settings, lock};
use pool::Purpose;
use std::sync::Arc;
use transfer::Drive;

/// Computes on a GPU, over [`Tensor`]s in its memory, or over slices through [`Engine`](crate::Engine).
///
/// A clone is the same device. Threads may share one.
///
/// ```no_run
/// use nonlin::{Activation, Gpu};
/// let gpu = Gpu::new()?;
/// let x = gpu.upload(&[-1.0, 0.5])?;
/// let y = gpu.forward(Activation::relu(), &x)?;
/// assert_eq!(y.download()?, [0.0, 0.5]);
/// # Ok::<(), nonlin::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Gpu {
    context: Arc<Context>,
}

/// How to get one, and what it is.
impl Gpu {
    /// Opens the best adapter: hardware first, a software adapter where there is nothing else. `NONLIN_ADAPTER` (a part of the adapter's
    /// name, or `software`) and `WGPU_BACKEND` (`vulkan`, `metal`, `dx12`, `gl`) are honoured.
    ///
    /// # Errors
    /// [`Error::NoAdapter`], [`Error::NoSuchAdapter`], which lists what there is, and [`Error::NoDevice`].
    #[cfg(not(target_arch = "wasm32"))]
    pub fn new() -> Result<Self> {
        Self::builder().build()
    }

    /// As [`new`](Self::new), for programs that must not block.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub async fn new_async() -> Result<Self> {
        Self::builder().build_async().await
    }

    /// Makes one with choices of one's own.
    pub fn builder() -> GpuBuilder {
        GpuBuilder::default()
    }

    /// Uses the device of a program that owns wgpu. Default limits and no features are enough. Nothing is set on the device, its
    /// callbacks included.
    ///
    /// Features that it uses where the device has them: `TIMESTAMP_QUERY`; `MAPPABLE_PRIMARY_BUFFERS` where memory is shared; on llvmpipe
    /// `SHADER_INT64` ([`Info::wide_numbers`]), and with it `IMMEDIATES` (a `max_immediate_size` of 88), `SUBGROUP` and `SUBGROUP_BARRIER`
    /// ([`Info::shared_loads`]), which make Mesa 22's two to five times as fast.
    ///
    /// # Errors
    /// [`Error::NoDevice`] where the device's limits are below what the kernels need.
    pub fn from_wgpu(
        info: wgpu::AdapterInfo,
        device: wgpu::Device,
        queue: wgpu::Queue,
    ) -> Result<Self> {
        let context = Context::new(info, device, queue, Settings::default(), false)?;
        Ok(Self {
            context: Arc::new(context),
        })
    }

    /// What it runs on.
    pub fn info(&self) -> &Info {
        &self.context.info
    }

    /// The device.
    pub fn device(&self) -> &wgpu::Device {
        &self.context.device
    }

    /// The queue that everything is submitted to.
    pub fn queue(&self) -> &wgpu::Queue {
        &self.context.queue
    }

    /// The device's memory that is held for tensors and for bytes on their way.
    pub fn memory(&self) -> Memory {
        lock(&self.context.pool).memory()
    }

    /// Gives the device's memory back that waits for the next tensor. What comes after allocates again.
    pub fn trim(&self) {
        self.context.trim();
    }

    /// Number of kernels that are compiled and kept.
    #[doc(hidden)]
    pub fn compiled_kernels(&self) -> usize {
        self.context.pipelines.count()
    }

    /// What was made and submitted so far.
    #[doc(hidden)]
    pub fn activity(&self) -> Activity {
        self.context.activity()
    }

    /// Waits until everything that was submitted is done.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] or [`Error::Gpu`] for what the device reports.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn wait(&self) -> Result<()> {
        self.context.wait()
    }

    /// As [`wait`](Self::wait), for programs that must not block.
    ///
    /// # Errors
    /// As [`wait`](Self::wait).
    pub async fn wait_async(&self) -> Result<()> {
        self.context.finished().await
    }
}

/// Tensors.
impl Gpu {
    /// Copies numbers into a new tensor.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`], and [`Error::DeviceLost`] or [`Error::Gpu`] for what the device reports.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn upload(&self, data: &[f32]) -> Result<Tensor> {
        pollster::block_on(self.upload_driven(data, Drive::Here))
    }

    /// As [`upload`](Self::upload), for programs that must not block.
    ///
    /// # Errors
    /// As [`upload`](Self::upload).
    pub async fn upload_async(&self, data: &[f32]) -> Result<Tensor> {
        self.upload_driven(data, Drive::Elsewhere).await
    }

    async fn upload_driven(&self, data: &[f32], drive: Drive) -> Result<Tensor> {
        let tensor = Tensor::new(&self.context, data.len(), Purpose::Input)?;
        // Nobody else knows the tensor yet, so it can be mapped without locking it.
        let direct = tensor.inner.can_map(wgpu::BufferUsages::MAP_WRITE);
        let bytes = bytemuck::cast_slice(data);
        tensor.inner.write(bytes, drive, direct).await?;
        Ok(tensor)
    }

    /// Copies numbers into a tensor that exists.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`], [`Error::WrongDevice`], and as [`upload`](Self::upload).
    #[cfg(not(target_arch = "wasm32"))]
    pub fn upload_into(&self, data: &[f32], to: &Tensor) -> Result<()> {
        dispatch::check_device(&self.context, "the tensor", to)?;
        to.inner.check_batches(None, true, "an upload")?;
        if data.len() != to.len() {
            return Err(Error::LengthMismatch {
                name: "the slice",
                len: data.len(),
                other: "the tensor",
                other_len: to.len(),
            });
        }
        let direct = to.inner.can_map(wgpu::BufferUsages::MAP_WRITE);
        let _exclusive = direct.then(|| to.inner.exclusive());
        let bytes = bytemuck::cast_slice(data);
        pollster::block_on(to.inner.write(bytes, Drive::Here, direct))
    }

    /// A tensor whose contents are not specified.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`], and [`Error::DeviceLost`] or [`Error::Gpu`] for what the device reports.
    pub fn empty(&self, len: usize) -> Result<Tensor> {
        Tensor::new(&self.context, len, Purpose::Output)
    }
}
