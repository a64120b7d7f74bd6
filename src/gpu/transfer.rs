//! How bytes travel between host and device: by mapping the tensor's own buffers where memory is shared, else through pooled
//! buffers on the way, in pieces.

#[cfg(not(target_arch = "wasm32"))]
use super::context::at_once;
use super::context::{Context, lock, scoped};
use super::pool::{Pooled, Purpose};
use super::tensor::Inner;
#[cfg(not(target_arch = "wasm32"))]
use crate::large_pages;
use crate::{Error, Result};
use futures_intrusive::channel::shared::{OneshotReceiver, oneshot_channel};
use std::collections::VecDeque;
use std::sync::Arc;
use wgpu::{Buffer, BufferAsyncError, MapMode, SubmissionIndex};

/// Bytes of a buffer on the way: large enough that its overhead does not count, small enough that the host fills one while the
/// device empties another.
const PIECE_BYTES: u64 = 8 << 20;

/// What an error says was being done.
const MAPPING: &str = "mapping a buffer";

/// Pieces that are on their way to the host at once.
const IN_FLIGHT: usize = 2;

/// Who makes the device call back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Drive {
    /// The calling thread, which blocks.
    #[cfg(not(target_arch = "wasm32"))]
    Here,
    /// A helper thread for as long as that takes; in a browser, the browser.
    Elsewhere,
}

impl Context {
    /// Waits for the answer of a callback that a submission, by default the last one, ends with.
    async fn answer<T>(
        self: &Arc<Self>,
        during: &'static str,
        drive: Drive,
        submission: Option<SubmissionIndex>,
        answer: OneshotReceiver<T>,
    ) -> Result<T> {
        let answered = |answer: Option<T>| {
            self.check_alive()?;
            answer.ok_or_else(|| lost_callback(during))
        };
        match drive {
            #[cfg(not(target_arch = "wasm32"))]
            Drive::Here => {
                let came = || at_once(answer.receive());
                let mut found = self.awake(|_| came())?;
                if found.is_none() && submission.is_some() {
                    // Later work may be under way, for which it does not wait.
                    self.sleep(submission)?;
                    found = came();
                }
                if found.is_some() {
                    return answered(found);
                }
                self.sleep(None)?;
                answered(answer.receive().await)
            }
            #[cfg(not(target_arch = "wasm32"))]
            Drive::Elsewhere => {
                use std::{future::poll_fn, pin::pin, task::Poll};
                let driver = self.poll_elsewhere(submission)?;
                let (mut answer, mut driver) = (pin!(answer.receive()), pin!(driver.receive()));
                let mut driving = true;
                poll_fn(|task| {
                    if let Poll::Ready(answer) = answer.as_mut().poll(task) {
                        return Poll::Ready(answered(answer));
                    }
                    // A device that is lost may never call back.
                    if driving {
                        if let Poll::Ready(polled) = driver.as_mut().poll(task) {
                            driving = false;
                            if let Some(Err(error)) = polled {
                                return Poll::Ready(Err(error));
                            }
                        }
                    }
                    Poll::Pending
                })
                .await
            }
            #[cfg(target_arch = "wasm32")]
            Drive::Elsewhere => {
                let _ = submission;
                answered(answer.receive().await)
            }
        }
    }

    /// Polls on a thread of its own, and tells how that ended.
    #[cfg(not(target_arch = "wasm32"))]
    fn poll_elsewhere(
        self: &Arc<Self>,
        submission: Option<SubmissionIndex>,
    ) -> Result<OneshotReceiver<Result<()>>> {
        self.check_alive()?;
        let context = Arc::clone(self);
        let (sender, receiver) = oneshot_channel();
        std::thread::Builder::new()
            .name("nonlin wait".to_owned())
            .spawn(move || {
                let waited = match submission {
                    None => context.wait(),
                    submission => context.sleep(submission),
                };
                sender.send(waited).is_ok()
            })
            .map_err(|error| Error::Gpu {
                during: "starting a thread that waits",
                reason: error.to_string(),
            })?;
        Ok(receiver)
    }

    /// Waits until everything that was submitted is done.
    pub(super) async fn finished(self: &Arc<Self>) -> Result<()> {
        let (sender, receiver) = oneshot_channel();
        self.queue.on_submitted_work_done(move || {
            let _ = sender.send(());
        });
        self.answer("waiting", Drive::Elsewhere, None, receiver)
            .await
    }
}

fn lost_callback(during: &'static str) -> Error {
    Error::Gpu {
        during,
        reason: "the device never answered".to_owned(),
    }
}

/// A buffer that is being mapped or is mapped; dropping it ends that.
struct Mapping {
    device: wgpu::Device,
    buffer: Buffer,
    bytes: u64,
    answer: Option<OneshotReceiver<Result<(), BufferAsyncError>>>,
    submission: Option<SubmissionIndex>,
}

impl Mapping {
    /// Asks for the first `bytes` of `buffer`, whose last use is `submission` where that is known.
    fn ask(
        context: &Context,
        buffer: Buffer,
        bytes: u64,
        mode: MapMode,
        submission: Option<SubmissionIndex>,
    ) -> Result<Self> {
        let (sender, receiver) = oneshot_channel();
        context.scoped(MAPPING, || {
            buffer.map_async(mode, ..bytes, move |answer| {
                let _ = sender.send(answer);
            });
        })?;
        Ok(Self {
            device: context.device.clone(),
            buffer,
            bytes,
            answer: Some(receiver),
            submission,
        })
    }

    async fn ready(&mut self, context: &Arc<Context>, drive: Drive) -> Result<()> {
        let Some(answer) = self.answer.take() else {
            return Ok(());
        };
        let submission = self.submission.clone();
        let answer = context.answer(MAPPING, drive, submission, answer).await?;
        answer.map_err(|error| mapping_error(context, &error))
    }

    fn write(&self, context: &Context, bytes: &[u8]) -> Result<()> {
        let view = self.buffer.get_mapped_range_mut(..self.bytes);
        let mut view = view.map_err(|error| mapping_error(context, &error))?;
        view.slice(..bytes.len()).copy_from_slice(bytes);
        Ok(())
    }

    fn read(&self, context: &Context, sink: &mut (dyn FnMut(&[u8]) + Send)) -> Result<()> {
        let view = self.buffer.get_mapped_range(..self.bytes);
        let view = view.map_err(|error| mapping_error(context, &error))?;
        sink(&view);
        Ok(())
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // A device that was lost meanwhile refuses it.
        let _ = scoped(&self.device, || self.buffer.unmap());
    }
}

fn mapping_error(context: &Context, error: &dyn std::error::Error) -> Error {
    context.refused(Error::Gpu {
        during: MAPPING,
        reason: error.to_string(),
    })
}

impl Inner {
    /// Fills the tensor. With `direct` its buffers are mapped: nobody else may use them meanwhile.
    pub(super) async fn write(&self, data: &[u8], drive: Drive, direct: bool) -> Result<()> {
        let context = &self.context;
        let mut rest = data;
        for (buffer, start, bytes) in self.segments() {
            let (segment, later) = rest.split_at(bytes as usize);
            rest = later;
            if direct {
                let mut mapping =
                    Mapping::ask(context, buffer.clone(), bytes, MapMode::Write, None)?;
                mapping.ready(context, drive).await?;
                mapping.write(context, segment)?;
                continue;
            }
            let pieces = segment.chunks(PIECE_BYTES as usize);
            for (piece, offset) in pieces.zip((0..).step_by(PIECE_BYTES as usize)) {
                self.write_piece(piece, buffer, start + offset, drive)
                    .await?;
            }
        }
        Ok(())
    }

    async fn write_piece(
        &self,
        piece: &[u8],
        to: &Buffer,
        offset: u64,
        drive: Drive,
    ) -> Result<()> {
        let context = &self.context;
        let bytes = piece.len() as u64;
        let mapping = context.upload_buffer(bytes, drive).await?;
        mapping.write(context, piece)?;
        let buffer = mapping.buffer.clone();
        drop(mapping);
        let _shared = self.shared();
        let submission = context.scoped("uploading", || {
            let mut encoder = context.device.create_command_encoder(&Default::default());
            encoder.copy_buffer_to_buffer(&buffer, 0, to, offset, bytes);
            context.send(encoder)
        })?;
        context.give_back(buffer, Some(submission));
        Ok(())
    }

    /// Hands the tensor's bytes to `sink`, in order. With `direct` its buffers are mapped: nobody else may use them meanwhile.
    pub(super) async fn read(
        &self,
        drive: Drive,
        direct: bool,
        sink: &mut (dyn FnMut(&[u8]) + Send),
    ) -> Result<()> {
        let mut reads = VecDeque::new();
        for (buffer, start, bytes) in self.segments() {
            let piece_bytes = if direct { bytes } else { PIECE_BYTES };
            let mut offset = 0;
            while offset < bytes {
                if reads.len() == IN_FLIGHT {
                    finish_oldest(&mut reads, &self.context, drive, sink).await?;
                }
                let piece = piece_bytes.min(bytes - offset);
                let direct = direct.then_some(None);
                reads.push_back(self.start_read(buffer, start + offset, piece, direct)?);
                offset += piece;
            }
        }
        while !reads.is_empty() {
            finish_oldest(&mut reads, &self.context, drive, sink).await?;
        }
        Ok(())
    }

    /// Starts to read all of a tensor that nobody else uses, and that this submission fills.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn start_reads(&self, filled: Option<SubmissionIndex>) -> Result<Reads> {
        let direct = self.can_map(wgpu::BufferUsages::MAP_READ);
        let mut reads = VecDeque::new();
        for (buffer, start, bytes) in self.segments() {
            let piece_bytes = if direct { bytes } else { PIECE_BYTES };
            for offset in (0..bytes).step_by(piece_bytes as usize) {
                let piece = piece_bytes.min(bytes - offset);
                let direct = direct.then(|| filled.clone());
                reads.push_back(self.start_read(buffer, start + offset, piece, direct)?);
            }
        }
        Ok(Reads(reads))
    }

    /// `direct` maps the buffer itself, and may tell the submission that fills it.
    fn start_read(
        &self,
        from: &Buffer,
        offset: u64,
        bytes: u64,
        direct: Option<Option<SubmissionIndex>>,
    ) -> Result<Read> {
        let context = &self.context;
        if let Some(filled) = direct {
            let mapping = Mapping::ask(context, from.clone(), bytes, MapMode::Read, filled)?;
            return Ok(Read {
                mapping,
                pooled: false,
            });
        }
        let usage = Purpose::Download.usage(&context.info);
        let (size, pooled) = context.take(bytes, usage);
        let buffer = match pooled {
            Some(pooled) => pooled.buffer,
            None => context.create_pooled(size, usage, false)?,
        };
        let (sender, receiver) = oneshot_channel();
        let _shared = self.shared();
        let submission = context.scoped("downloading", || {
            let mut encoder = context.device.create_command_encoder(&Default::default());
            encoder.copy_buffer_to_buffer(from, offset, &buffer, 0, bytes);
            encoder.map_buffer_on_submit(&buffer, MapMode::Read, ..bytes, move |answer| {
                let _ = sender.send(answer);
            });
            context.send(encoder)
        })?;
        Ok(Read {
            mapping: Mapping {
                device: context.device.clone(),
                buffer,
                bytes,
                answer: Some(receiver),
                submission: Some(submission),
            },
            pooled: true,
        })
    }
}

/// Bytes on their way to the host.
struct Read {
    mapping: Mapping,
    /// Whether the buffer is one on the way, to be given back.
    pooled: bool,
}

/// A tensor on its way to the host.
#[cfg(not(target_arch = "wasm32"))]
pub(super) struct Reads(VecDeque<Read>);

#[cfg(not(target_arch = "wasm32"))]
impl Reads {
    /// Waits for it and copies it to where it belongs.
    pub(super) fn finish(mut self, context: &Arc<Context>, to: &mut [f32]) -> Result<()> {
        let mut sink = into_slice(to);
        pollster::block_on(async {
            while !self.0.is_empty() {
                finish_oldest(&mut self.0, context, Drive::Here, &mut sink).await?;
            }
            Ok(())
        })
    }
}

#[cfg(not(target_arch = "wasm32"))]
/// Takes bytes piece by piece and puts them into `to`, one after another.
pub(super) fn into_slice(to: &mut [f32]) -> impl FnMut(&[u8]) + Send {
    let mut rest: &mut [u8] = bytemuck::cast_slice_mut(to);
    move |bytes| {
        let (now, later) = std::mem::take(&mut rest).split_at_mut(bytes.len());
        now.copy_from_slice(bytes);
        rest = later;
    }
}

async fn finish_oldest(
    reads: &mut VecDeque<Read>,
    context: &Arc<Context>,
    drive: Drive,
    sink: &mut (dyn FnMut(&[u8]) + Send),
) -> Result<()> {
    let Some(mut read) = reads.pop_front() else {
        return Ok(());
    };
    read.mapping.ready(context, drive).await?;
    read.mapping.read(context, sink)?;
    let buffer = read.pooled.then(|| read.mapping.buffer.clone());
    drop(read);
    if let Some(buffer) = buffer {
        context.give_back(buffer, None);
    }
    Ok(())
}

impl Context {
    fn take(&self, bytes: u64, usage: wgpu::BufferUsages) -> (u64, Option<Pooled>) {
        let mut pool = lock(&self.pool);
        let size = pool.size(bytes);
        (size, pool.take(size, usage))
    }

    /// Asks the system to map a new buffer in large pages, where it is memory of the host that can be mapped. wgpu shows where a
    /// buffer lies when it maps it, and clears what it maps, so it is shown eight bytes: pages that are touched stay as they are.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn prefer_large_pages(&self, buffer: &Buffer) -> Result<()> {
        let (usage, bytes) = (buffer.usage(), buffer.size() as usize);
        let mode = match usage.contains(wgpu::BufferUsages::MAP_WRITE) {
            true => MapMode::Write,
            false => MapMode::Read,
        };
        let mappable = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::MAP_WRITE;
        if !self.info.software || !usage.intersects(mappable) || !large_pages::is_large(bytes) {
            return Ok(());
        }
        let mapping = Mapping::ask(self, buffer.clone(), wgpu::MAP_ALIGNMENT, mode, None)?;
        // Nothing was submitted that uses it, so it is mapped at once.
        let mapped = || {
            mapping
                .answer
                .as_ref()
                .and_then(|answer| at_once(answer.receive()))
        };
        if let Some(Ok(())) = self.awake(|_| mapped())? {
            mapping.read(self, &mut |mapped| {
                large_pages::prefer(mapped.as_ptr().addr(), bytes)
            })?;
        }
        Ok(())
    }

    /// A mapped buffer for bytes on their way to the device.
    async fn upload_buffer(self: &Arc<Self>, bytes: u64, drive: Drive) -> Result<Mapping> {
        let usage = Purpose::Upload.usage(&self.info);
        let (size, pooled) = self.take(bytes, usage);
        match pooled {
            None => Ok(Mapping {
                device: self.device.clone(),
                buffer: self.create_pooled(size, usage, true)?,
                bytes,
                answer: None,
                submission: None,
            }),
            Some(Pooled { buffer, last }) => {
                let mut mapping = Mapping::ask(self, buffer, bytes, MapMode::Write, last)?;
                mapping.ready(self, drive).await?;
                Ok(mapping)
            }
        }
    }
}
