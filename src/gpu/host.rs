//! [`Engine`] for the GPU: slices in host memory, streamed through the device in chunks.

use super::Gpu;
use super::dispatch::{Elements, Prepared};
use super::pool::Purpose;
use super::shader::Task;
use super::span::Span;
use super::tensor::Tensor;
use super::transfer::Reads;
use super::work::Work;
use crate::engine::{Engine, TAKES_SLICES, check, check_gradients};
use crate::{Broadcast, Chain, Direction, Error, Function, Result, Values};
use std::ops::{ControlFlow, Range};

/// Elements of a chunk: large enough that the round trip to the device does not count, small enough that the host fills one
/// chunk while the device computes another.
const CHUNK: usize = 4 << 20;

/// The slices of one call.
struct Host<'a> {
    x: Operand<'a>,
    grad: Option<Operand<'a>>,
    out: &'a mut [f32],
    columns: usize,
}

/// What is read.
#[derive(Clone, Copy)]
enum Operand<'a> {
    Slice(&'a [f32]),
    /// What the slice holds that the results are written to.
    Overwritten,
}

impl Host<'_> {
    /// A chunk of an operand.
    fn chunk<'c>(&'c self, operand: Operand<'c>, range: &Range<usize>) -> &'c [f32] {
        match operand {
            Operand::Slice(slice) => &slice[range.clone()],
            Operand::Overwritten => &self.out[range.clone()],
        }
    }
}

impl Engine for Gpu {
    fn description(&self) -> String {
        format!("GPU, {}", self.info())
    }

    fn compute(
        &self,
        f: &dyn Function,
        direction: Direction,
        x: &[f32],
        grad: Option<&[f32]>,
        out: &mut [f32],
    ) -> Result<()> {
        self.compute_with_progress(f, direction, x, grad, out, go_on)
    }

    fn compute_in_place(
        &self,
        f: &dyn Function,
        direction: Direction,
        x: &mut [f32],
    ) -> Result<()> {
        self.compute_in_place_with_progress(f, direction, x, go_on)
    }

    fn backward_in_place(&self, f: &dyn Function, x: &[f32], grad: &mut [f32]) -> Result<()> {
        let direction = Direction::Backward;
        let columns = check(f, direction, x.len(), Some(grad.len()), grad.len())?;
        let host = Host {
            x: Operand::Slice(x),
            grad: Some(Operand::Overwritten),
            out: grad,
            columns,
        };
        self.stream(&f.chain(), direction, host, &mut go_on)
    }

    fn gradients_into(
        &self,
        f: &dyn Function,
        x: &[f32],
        grad: &[f32],
        dx: &mut [f32],
        operands: &mut [(usize, &mut [f32])],
    ) -> Result<()> {
        let direction = Direction::Backward;
        check(f, direction, x.len(), Some(grad.len()), dx.len())?;
        let chain = f.chain();
        let wanted = operands.iter().map(|(k, into)| (*k, into.len()));
        check_gradients(&chain, wanted)?;
        let chain = self.uploaded(&chain)?;
        let places: Vec<usize> = operands.iter().map(|(k, _)| *k).collect();
        let found = Gpu::gradients(self, &chain, &self.upload(x)?, &self.upload(grad)?, &places)?;
        found.input.download_into(dx)?;
        let into = operands.iter_mut().map(|(_, into)| into);
        into.zip(&found.operands)
            .try_for_each(|(into, tensor)| tensor.download_into(into))
    }
}

/// How far a computation over slices is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Elements whose results are in the slice.
    pub done: usize,
    /// Elements of the slice.
    pub len: usize,
}

/// What `progress` is where nobody asks.
fn go_on(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Long slices.
impl Gpu {
    /// As [`Engine::compute`], and tells `progress` after each chunk of 4 Mi elements how far it is; [`ControlFlow::Break`] ends it there.
    /// The device holds the operands and results of two chunks at a time, however long the slices are.
    ///
    /// ```
    /// use nonlin::{Activation, Direction, Gpu};
    /// use std::ops::ControlFlow;
    /// let gpu = Gpu::new()?;
    /// let (x, mut y, mut done) = (vec![-1.0; 100_000], vec![0.0; 100_000], 0);
    /// gpu.compute_with_progress(&Activation::relu(), Direction::Forward, &x, None, &mut y, |progress| {
    ///     done = progress.done;
    ///     ControlFlow::Continue(())
    /// })?;
    /// assert_eq!(done, 100_000);
    /// # Ok::<(), nonlin::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Cancelled`] where `progress` ended it: the results up to there are in the slice, and the elements behind
    /// are as they were. Else as [`Engine::compute`].
    pub fn compute_with_progress(
        &self,
        f: &dyn Function,
        direction: Direction,
        x: &[f32],
        grad: Option<&[f32]>,
        out: &mut [f32],
        mut progress: impl FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<()> {
        let columns = check(f, direction, x.len(), grad.map(<[f32]>::len), out.len())?;
        let host = Host {
            x: Operand::Slice(x),
            grad: grad.map(Operand::Slice),
            out,
            columns,
        };
        self.stream(&f.chain(), direction, host, &mut progress)
    }

    /// As [`compute_with_progress`](Self::compute_with_progress) without a gradient, with the result in the place of the operand.
    ///
    /// # Errors
    /// As [`compute_with_progress`](Self::compute_with_progress).
    pub fn compute_in_place_with_progress(
        &self,
        f: &dyn Function,
        direction: Direction,
        x: &mut [f32],
        mut progress: impl FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<()> {
        let columns = check(f, direction, x.len(), None, x.len())?;
        let host = Host {
            x: Operand::Overwritten,
            grad: None,
            out: x,
            columns,
        };
        self.stream(&f.chain(), direction, host, &mut progress)
    }

    /// The chain with its operands on the device.
    pub(super) fn uploaded(&self, chain: &Chain<'_>) -> Result<Chain<'static>> {
        let mut slices = chain.host_operands(TAKES_SLICES)?.into_iter();
        chain.with_values(|_| {
            let slice = slices.next().map_or(&[][..], |(_, slice)| slice);
            Ok(Values::Device(self.upload(slice)?))
        })
    }

    fn stream(
        &self,
        chain: &Chain<'_>,
        direction: Direction,
        mut host: Host<'_>,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<()> {
        let slices = chain.host_operands(TAKES_SLICES)?;
        // Those that are as long as the input travel with it, chunk by chunk; empty ones stand for them here.
        let spread = |broadcast| broadcast != Broadcast::Full;
        let mut kept = Vec::new();
        for (broadcast, slice) in &slices {
            let now: &[f32] = if spread(*broadcast) { slice } else { &[] };
            kept.push((*broadcast, self.upload(now)?));
        }
        let mut work = Work::over(&self.context, chain, Task::Value(direction), kept);
        let chunk = CHUNK.min((self.info().max_chunk_bytes / 4) as usize);
        let len = host.out.len();
        let mut before: Option<Pending> = None;
        for start in (0..len).step_by(chunk) {
            let range = start..len.min(start + chunk);
            let x = self.upload(host.chunk(host.x, &range))?;
            let grad = match host.grad {
                Some(grad) => Some(self.upload(host.chunk(grad, &range))?),
                None => None,
            };
            for ((_, tensor), (broadcast, slice)) in work.operands.iter_mut().zip(&slices) {
                if !spread(*broadcast) {
                    *tensor = self.upload(&slice[range.clone()])?;
                }
            }
            let out = Tensor::new(&self.context, range.len(), Purpose::Output)?;
            let elements = Elements {
                x: (&x).into(),
                grad: grad.as_ref().map(Span::from),
                outputs: vec![(&out).into()],
                columns: host.columns,
                before: start as u64,
            };
            let mut prepared = Prepared::default();
            self.context.prepare(&work, &elements, &mut prepared)?;
            let operands = work.operands.iter().map(|(_, tensor)| tensor);
            let tensors = [&x, &out].into_iter().chain(&grad).chain(operands);
            let submission = self.context.submit(&prepared, tensors)?;
            let mut tensors = vec![x, out.clone()];
            tensors.extend(grad);
            tensors.extend(work.operands.iter().map(|(_, tensor)| tensor.clone()));
            let now = Pending {
                reads: out.inner.start_reads(submission)?,
                range,
                _tensors: tensors,
            };
            if let Some(before) = before.replace(now) {
                self.collect(before, &mut host, progress)?;
            }
        }
        match before {
            Some(last) => self.collect(last, &mut host, progress),
            None => Ok(()),
        }
    }

    fn collect(
        &self,
        pending: Pending,
        host: &mut Host<'_>,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<()> {
        let (done, len) = (pending.range.end, host.out.len());
        let results = &mut host.out[pending.range];
        pending.reads.finish(&self.context, results)?;
        match progress(Progress { done, len }) {
            ControlFlow::Break(()) if done < len => Err(Error::Cancelled { done, len }),
            _ => Ok(()),
        }
    }
}

/// A chunk on its way home.
struct Pending {
    range: Range<usize>,
    // Before the tensors: their buffers must not be mapped any more when they go back to the pool.
    reads: Reads,
    /// All that the chunk's kernel uses: the next chunk is to have other buffers, so that it need not wait for this one.
    _tensors: Vec<Tensor>,
}
