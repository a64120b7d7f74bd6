//! The GPU engine: activations and their derivatives as compute kernels, through wgpu on Vulkan, Metal, DX12 or OpenGL.
//!
//! | call | submits? | waits? | allocates? |
//! |---|---|---|---|
//! | [`Gpu::upload`], [`Gpu::upload_into`] | a copy, where buffers cannot be mapped | for earlier work on the same buffers | a tensor, until the pool has one of that size |
//! | [`Gpu::empty`] | no | no | as `upload` |
//! | [`Gpu::forward`], [`Gpu::derivative`], [`Gpu::backward`], … | one dispatch per buffer | no¹ | the result, as `upload` |
//! | the same with `_into` or `_in_place` | one dispatch per buffer | no¹ | nothing |
//! | [`Tensor::download`], [`Tensor::download_into`] | a copy, where buffers cannot be mapped | for the result | nothing on the device |
//! | [`Gpu::wait`] | no | for everything submitted | nothing |
//! | slices through [`Engine`](crate::Engine) | uploads, dispatches, downloads | for the result | nothing on the device, once the pool is filled |
//!
//! ¹ A kernel is compiled at its first use (see [`Gpu::compile`]), and a call waits while another thread downloads one of its tensors.
//!
//! The `_async` forms wait without blocking the calling thread.

mod adapter;
mod builder;
mod context;
mod dispatch;
#[cfg(not(target_arch = "wasm32"))]
mod host;
mod pipeline;
mod pool;
mod shader;
mod tensor;
#[cfg(not(target_arch = "wasm32"))]
mod timing;
mod transfer;

#[cfg(not(target_arch = "wasm32"))]
pub use adapter::adapters;
pub use adapter::{AdapterReport, adapters_async};
pub use builder::GpuBuilder;
pub use context::Info;
pub use shader::{copy_kernel_source, kernel_source};
pub use tensor::Tensor;
#[cfg(not(target_arch = "wasm32"))]
pub use timing::{Clock, Timing};

use crate::engine::check;
use crate::{Activation, Direction, Error, Result};
use context::{Ceilings, Context};
use dispatch::{Operands, check_device};
use pool::Purpose;
use shader::{InPlace, Kernel};
use std::sync::Arc;
use std::time::{Duration, Instant};
use transfer::Drive;

/// Computes on a GPU, over [`Tensor`]s in its memory, or over slices through [`Engine`](crate::Engine).
///
/// A clone is the same device. Threads may share one.
///
/// ```
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
    /// # Errors
    /// [`Error::NoDevice`] where the device's limits are below what the kernels need.
    pub fn from_wgpu(
        info: wgpu::AdapterInfo,
        device: wgpu::Device,
        queue: wgpu::Queue,
    ) -> Result<Self> {
        let context = Context::new(info, device, queue, Ceilings::default(), false)?;
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

    /// Number of kernels that are compiled and kept.
    #[doc(hidden)]
    pub fn compiled_kernels(&self) -> usize {
        self.context.pipelines.count()
    }

    /// Waits until everything that was submitted is done.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] or [`Error::Gpu`] for what the device reports.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn wait(&self) -> Result<()> {
        self.context.poll(None)
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
        check_device(&self.context, "the tensor", to)?;
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

/// Operations over tensors. Each submits its work and does not wait for it.
///
/// # Errors
/// Every one of them: [`Error::LengthMismatch`], [`Error::WrongDevice`], [`Error::NoDerivativeFromOutput`], a parameter out of its range,
/// [`Error::OutOfMemory`], and [`Error::DeviceLost`] or [`Error::Gpu`] for what the device reports.
impl Gpu {
    /// Computes `direction` of `f` into `out`: the one path behind all the others. `x` holds the inputs, or for the directions from the
    /// output `f`'s outputs; `grad` is given for the backward directions and for them only. `out` may be the same tensor as `x` or `grad`.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`], [`Error::Gradient`], [`Error::WrongDevice`], [`Error::NoDerivativeFromOutput`], a parameter out of its range, and
    /// [`Error::DeviceLost`] or [`Error::Gpu`] for what the device reports.
    pub fn compute_tensor(
        &self,
        f: &Activation,
        direction: Direction,
        x: &Tensor,
        grad: Option<&Tensor>,
        out: &Tensor,
    ) -> Result<()> {
        let operands = self.operands(f, direction, x, grad, out)?;
        let kernel = Kernel::Activation(f, direction);
        self.context.dispatch(kernel, &f.constants(), operands)
    }

    fn operands<'a>(
        &self,
        f: &Activation,
        direction: Direction,
        x: &'a Tensor,
        grad: Option<&'a Tensor>,
        out: &'a Tensor,
    ) -> Result<Operands<'a>> {
        check(f, direction, x.len(), grad.map(Tensor::len), out.len())?;
        let operands = Operands { x, grad, out };
        let name = if direction.from_output() { "y" } else { "x" };
        operands.check_device(&self.context, name)?;
        Ok(operands)
    }

    fn compute_new(
        &self,
        f: impl Into<Activation>,
        direction: Direction,
        x: &Tensor,
        grad: Option<&Tensor>,
    ) -> Result<Tensor> {
        let out = self.empty(x.len())?;
        self.compute_tensor(&f.into(), direction, x, grad, &out)?;
        Ok(out)
    }

    /// `f(x)`.
    pub fn forward(&self, f: impl Into<Activation>, x: &Tensor) -> Result<Tensor> {
        self.compute_new(f, Direction::Forward, x, None)
    }

    /// `f(x)` into `y`.
    pub fn forward_into(&self, f: impl Into<Activation>, x: &Tensor, y: &Tensor) -> Result<()> {
        self.compute_tensor(&f.into(), Direction::Forward, x, None, y)
    }

    /// `f(x)` in the place of `x`.
    pub fn forward_in_place(&self, f: impl Into<Activation>, x: &Tensor) -> Result<()> {
        self.compute_tensor(&f.into(), Direction::Forward, x, None, x)
    }

    /// `f'(x)`.
    pub fn derivative(&self, f: impl Into<Activation>, x: &Tensor) -> Result<Tensor> {
        self.compute_new(f, Direction::Derivative, x, None)
    }

    /// `f'(x)` into `out`.
    pub fn derivative_into(
        &self,
        f: impl Into<Activation>,
        x: &Tensor,
        out: &Tensor,
    ) -> Result<()> {
        self.compute_tensor(&f.into(), Direction::Derivative, x, None, out)
    }

    /// `f'(x)` in the place of `x`.
    pub fn derivative_in_place(&self, f: impl Into<Activation>, x: &Tensor) -> Result<()> {
        self.compute_tensor(&f.into(), Direction::Derivative, x, None, x)
    }

    /// `grad * f'(x)`: the gradient of the input, given the gradient of the output.
    pub fn backward(&self, f: impl Into<Activation>, x: &Tensor, grad: &Tensor) -> Result<Tensor> {
        self.compute_new(f, Direction::Backward, x, Some(grad))
    }

    /// `grad * f'(x)` into `dx`.
    pub fn backward_into(
        &self,
        f: impl Into<Activation>,
        x: &Tensor,
        grad: &Tensor,
        dx: &Tensor,
    ) -> Result<()> {
        self.compute_tensor(&f.into(), Direction::Backward, x, Some(grad), dx)
    }

    /// `grad * f'(x)` in the place of `grad`.
    pub fn backward_in_place(
        &self,
        f: impl Into<Activation>,
        x: &Tensor,
        grad: &Tensor,
    ) -> Result<()> {
        self.compute_tensor(&f.into(), Direction::Backward, x, Some(grad), grad)
    }

    /// `f'(x)` from `y = f(x)`, where that is possible.
    pub fn derivative_from_output(&self, f: impl Into<Activation>, y: &Tensor) -> Result<Tensor> {
        self.compute_new(f, Direction::DerivativeFromOutput, y, None)
    }

    /// `f'(x)` from `y = f(x)` into `out`.
    pub fn derivative_from_output_into(
        &self,
        f: impl Into<Activation>,
        y: &Tensor,
        out: &Tensor,
    ) -> Result<()> {
        self.compute_tensor(&f.into(), Direction::DerivativeFromOutput, y, None, out)
    }

    /// `grad * f'(x)` from `y = f(x)`, where that is possible.
    pub fn backward_from_output(
        &self,
        f: impl Into<Activation>,
        y: &Tensor,
        grad: &Tensor,
    ) -> Result<Tensor> {
        self.compute_new(f, Direction::BackwardFromOutput, y, Some(grad))
    }

    /// `grad * f'(x)` from `y = f(x)` into `dx`.
    pub fn backward_from_output_into(
        &self,
        f: impl Into<Activation>,
        y: &Tensor,
        grad: &Tensor,
        dx: &Tensor,
    ) -> Result<()> {
        self.compute_tensor(&f.into(), Direction::BackwardFromOutput, y, Some(grad), dx)
    }
}

/// Preparation and measurement.
#[cfg(not(target_arch = "wasm32"))]
impl Gpu {
    /// Compiles the kernel for `direction` of `f`, where it is not compiled yet, and gives the time that took. A first run over four
    /// elements is part of it: some drivers compile only then. The parameters of `f` do not matter.
    ///
    /// # Errors
    /// [`Error::NoDerivativeFromOutput`], a parameter out of its range, and [`Error::DeviceLost`] or [`Error::Gpu`] for what the device
    /// reports.
    pub fn compile(&self, f: &Activation, direction: Direction) -> Result<Duration> {
        if self
            .context
            .pipelines
            .contains(Kernel::Activation(f, direction), InPlace::No)
        {
            return Ok(Duration::ZERO);
        }
        let x = self.empty(4)?;
        let grad = if direction.takes_grad() {
            Some(self.empty(4)?)
        } else {
            None
        };
        let out = self.empty(4)?;
        self.wait()?;
        let start = Instant::now();
        self.compute_tensor(f, direction, &x, grad.as_ref(), &out)?;
        self.wait()?;
        Ok(start.elapsed())
    }

    /// Times [`compute_tensor`](Self::compute_tensor) over `dispatches` calls in one submission, 1 at least: by timestamps around
    /// them where the adapter has some that agree with the wall clock, which is found out at the first use, else by wall time. Compiles
    /// nothing within the time.
    ///
    /// # Errors
    /// As [`compute_tensor`](Self::compute_tensor).
    pub fn time_compute(
        &self,
        f: &Activation,
        direction: Direction,
        x: &Tensor,
        grad: Option<&Tensor>,
        out: &Tensor,
        dispatches: usize,
    ) -> Result<Timing> {
        let operands = self.operands(f, direction, x, grad, out)?;
        let kernel = Kernel::Activation(f, direction);
        self.context
            .time(kernel, &f.constants(), operands, dispatches)
    }

    /// Times a kernel that copies, as [`time_compute`](Self::time_compute): the yardstick for the activations, which differ from it in
    /// their function only.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`], [`Error::WrongDevice`], and [`Error::DeviceLost`] or [`Error::Gpu`] for what the device reports.
    pub fn time_copy(&self, from: &Tensor, to: &Tensor, dispatches: usize) -> Result<Timing> {
        if from.len() != to.len() {
            return Err(Error::LengthMismatch {
                name: "the result",
                len: to.len(),
                other: "x",
                other_len: from.len(),
            });
        }
        let operands = Operands {
            x: from,
            grad: None,
            out: to,
        };
        operands.check_device(&self.context, "x")?;
        self.context.time(Kernel::Copy, &[], operands, dispatches)
    }
}
