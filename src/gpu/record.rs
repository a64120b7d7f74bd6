//! [`Kernel`]: recording into compute passes of a program that owns wgpu.

use super::Gpu;
use super::context::Context;
use super::dispatch::{Elements, Prepared};
use super::shader::Task;
use super::span::Span;
use super::work::Work;
use crate::engine::{check, check_gradients};
use crate::{Chain, Direction, Error, Result, Values};
use std::sync::Arc;

/// A kernel to record into compute passes of your own, over tensors or ranges of any buffers: from [`Gpu::forward_kernel`] and its
/// relatives.
///
/// Recording submits nothing and waits for nothing. It makes a pipeline at the first use of each way in which operands can lie
/// (aligned or not, in place or not), a buffer of parameters at the first use of each set of them, and a bind group at the first use
/// of each set of buffers. At most 256 sets of each kind are kept, and those that are keep their buffers alive.
///
/// What is recorded sets the pass's pipeline, its bind group 0 and, where [`Info::shared_loads`](super::Info::shared_loads) says that
/// invocations load together, its first 88 bytes of immediates: kernels of your own set theirs again.
///
/// Tensors that are recorded have to live until the pass is submitted, the operands of the chain included: when one is dropped, its memory
/// serves for another at once.
///
/// A result may be exactly in the place of `x`, of the gradient or of an operand that is as long. No byte outside of the results'
/// ranges is written.
///
/// ```no_run
/// use nonlin::{Activation, Gpu};
/// # let (info, device, queue): (wgpu::AdapterInfo, wgpu::Device, wgpu::Queue) = todo!();
/// # let (x, y): (wgpu::Buffer, wgpu::Buffer) = todo!();
/// let gpu = Gpu::from_wgpu(info, device.clone(), queue.clone())?;
/// let gelu = gpu.forward_kernel(Activation::gelu())?;
/// let mut encoder = device.create_command_encoder(&Default::default());
/// {
///     let mut pass = encoder.begin_compute_pass(&Default::default());
///     // kernels of your own …
///     gelu.record(&mut pass, x.slice(..4000), y.slice(400..4400))?;
///     // … and more of them
/// }
/// queue.submit([encoder.finish()]);
/// # Ok::<(), nonlin::Error>(())
/// ```
#[derive(Clone)]
pub struct Kernel {
    context: Arc<Context>,
    chain: Chain<'static>,
    work: Work,
    direction: Direction,
}

/// A kernel that computes the gradients of the input and of operands, to record into compute passes of your own: from
/// [`Gpu::gradients_kernel`]. What [`Kernel`] says of recording holds for it too; sums over elements take tensors in between, which come from
/// the pool and go back there.
#[derive(Clone)]
pub struct GradientsKernel {
    context: Arc<Context>,
    chain: Chain<'static>,
    work: Work,
    operands: Vec<usize>,
}

/// Kernels for passes of your own.
impl Gpu {
    /// A kernel for `f(x)`.
    ///
    /// # Errors
    /// As [`kernel`](Self::kernel).
    pub fn forward_kernel<'a>(&self, f: impl Into<Chain<'a>>) -> Result<Kernel> {
        self.kernel(f, Direction::Forward)
    }

    /// A kernel for `f'(x)`.
    ///
    /// # Errors
    /// As [`kernel`](Self::kernel).
    pub fn derivative_kernel<'a>(&self, f: impl Into<Chain<'a>>) -> Result<Kernel> {
        self.kernel(f, Direction::Derivative)
    }

    /// A kernel for `grad * f'(x)`.
    ///
    /// # Errors
    /// As [`kernel`](Self::kernel).
    pub fn backward_kernel<'a>(&self, f: impl Into<Chain<'a>>) -> Result<Kernel> {
        self.kernel(f, Direction::Backward)
    }

    /// A kernel for any direction of an activation or a chain. Compiles nothing yet.
    ///
    /// # Errors
    /// [`Error::OperandPlace`] for operands in host memory, [`Error::WrongDevice`], [`Error::NoDerivativeFromOutput`], a parameter out of
    /// its range, and a chain with too many steps or operands.
    pub fn kernel<'a>(&self, f: impl Into<Chain<'a>>, direction: Direction) -> Result<Kernel> {
        let (chain, work) = self.kept(&f.into(), Task::Value(direction))?;
        if direction.from_output() {
            // Found out before there are elements.
            chain.check(direction, 0)?;
        }
        Ok(Kernel {
            context: Arc::clone(&self.context),
            chain,
            work,
            direction,
        })
    }

    /// A kernel for the gradients of the input and of these operands in memory.
    ///
    /// # Errors
    /// As [`kernel`](Self::kernel), and [`Error::InvalidChain`] for an operand that does not exist or stands there twice.
    pub fn gradients_kernel<'a>(
        &self,
        f: impl Into<Chain<'a>>,
        operands: &[usize],
    ) -> Result<GradientsKernel> {
        let (chain, work) = self.kept(&f.into(), Task::gradients(operands.iter().copied()))?;
        let lengths = operands.iter().map(|&k| Ok((k, chain.operand(k)?.1.len())));
        check_gradients(&chain, lengths.collect::<Result<Vec<_>>>()?.into_iter())?;
        Ok(GradientsKernel {
            context: Arc::clone(&self.context),
            chain,
            work,
            operands: operands.to_vec(),
        })
    }

    /// Records one call in a compute pass of its own: as [`Kernel::record`] with a kernel that is looked up.
    ///
    /// # Errors
    /// As [`Kernel::record`] and [`kernel`](Self::kernel).
    pub fn encode<'a, 'b>(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        f: impl Into<Chain<'a>>,
        direction: Direction,
        x: impl Into<Span<'b>>,
        grad: Option<Span<'b>>,
        out: impl Into<Span<'b>>,
    ) -> Result<()> {
        let kernel = self.kernel(f, direction)?;
        let prepared = kernel.prepare(x.into(), grad, out.into())?;
        prepared.record(&mut encoder.begin_compute_pass(&Default::default()));
        Ok(())
    }

    fn kept(&self, chain: &Chain<'_>, task: Task) -> Result<(Chain<'static>, Work)> {
        chain.validate()?;
        let work = Work::new(&self.context, chain, task)?;
        let mut tensors = work.operands.iter();
        let chain = chain.with_values(|_| {
            let (_, tensor) = tensors.next().ok_or_else(|| Error::InvalidChain {
                reason: "an operand is missing".to_owned(),
            })?;
            Ok(Values::Device(tensor.clone()))
        })?;
        Ok((chain, work))
    }
}

impl Kernel {
    /// Records `out = f(x)`, or `f'(x)`, whichever it is a kernel for.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`], [`Error::OperandLength`], [`Error::Gradient`] for a kernel that takes a gradient, [`Error::InvalidSpan`] and
    /// [`Error::Overlap`] for ranges that cannot be used, and what the device reports about new pipelines and bind groups. Where there
    /// is an error, nothing is recorded.
    pub fn record<'a>(
        &self,
        pass: &mut wgpu::ComputePass<'_>,
        x: impl Into<Span<'a>>,
        out: impl Into<Span<'a>>,
    ) -> Result<()> {
        self.prepare(x.into(), None, out.into())?.record(pass);
        Ok(())
    }

    /// Records `dx = grad * f'(x)`, for a kernel that takes a gradient.
    ///
    /// # Errors
    /// As [`record`](Self::record).
    pub fn record_backward<'a>(
        &self,
        pass: &mut wgpu::ComputePass<'_>,
        x: impl Into<Span<'a>>,
        grad: impl Into<Span<'a>>,
        dx: impl Into<Span<'a>>,
    ) -> Result<()> {
        let prepared = self.prepare(x.into(), Some(grad.into()), dx.into())?;
        prepared.record(pass);
        Ok(())
    }

    fn prepare(&self, x: Span<'_>, grad: Option<Span<'_>>, out: Span<'_>) -> Result<Prepared> {
        let lengths = (x.len(), grad.map(|grad| grad.len()), out.len());
        let columns = check(&self.chain, self.direction, lengths.0, lengths.1, lengths.2)?;
        x.check("x")?;
        grad.map_or(Ok(()), |grad| grad.check("grad"))?;
        out.check("the result")?;
        let mut prepared = Prepared::default();
        if !x.is_empty() {
            let elements = Elements {
                x,
                grad,
                outputs: vec![out],
                columns,
                before: 0,
            };
            self.context.prepare(&self.work, &elements, &mut prepared)?;
        }
        Ok(prepared)
    }
}

impl GradientsKernel {
    /// Records the gradient of the input into `dx` and those of the operands, in the order in which they were asked for.
    ///
    /// # Errors
    /// As [`Kernel::record`].
    pub fn record<'a>(
        &self,
        pass: &mut wgpu::ComputePass<'_>,
        x: impl Into<Span<'a>>,
        grad: impl Into<Span<'a>>,
        dx: impl Into<Span<'a>>,
        operands: &[Span<'a>],
    ) -> Result<()> {
        let (x, grad, dx) = (x.into(), grad.into(), dx.into());
        let columns = check(
            &self.chain,
            Direction::Backward,
            x.len(),
            Some(grad.len()),
            dx.len(),
        )?;
        if operands.len() != self.operands.len() {
            return Err(Error::LengthMismatch {
                name: "the list of the operands' gradients",
                len: operands.len(),
                other: "that of the operands asked for",
                other_len: self.operands.len(),
            });
        }
        let spans: Vec<(usize, Span<'a>)> = self
            .operands
            .iter()
            .copied()
            .zip(operands.iter().copied())
            .collect();
        check_gradients(&self.chain, spans.iter().map(|(k, span)| (*k, span.len())))?;
        for (name, span) in [("x", x), ("grad", grad), ("the gradient of the input", dx)] {
            span.check(name)?;
        }
        for span in operands {
            span.check("the gradient of an operand")?;
        }
        let mut prepared = Prepared::default();
        let work = &self.work;
        // What lies in between is bound, and the device keeps what is bound until the pass is done with it.
        self.context
            .prepare_gradients(work, [x, grad, dx], &spans, columns, &mut prepared)?;
        prepared.record(pass);
        Ok(())
    }
}

impl std::fmt::Debug for Kernel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Kernel({} {})", self.chain, self.direction)
    }
}

impl std::fmt::Debug for GradientsKernel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "GradientsKernel({}, operands {:?})",
            self.chain, self.operands
        )
    }
}
