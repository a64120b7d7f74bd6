//! How long kernels take, by the device's own clock where that can be trusted.

use super::context::Context;
use super::dispatch::{Elements, Prepared, hold};
use super::operations::elements;
use super::pool::Purpose;
use super::shader::Task;
use super::tensor::Tensor;
use super::transfer::Drive;
use super::work::Work;
use crate::{Chain, Direction, Error, Result};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a time was measured with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// Timestamps that the device wrote before and after the work.
    Timestamps,
    /// Wall time from the submission of the whole batch to its end.
    Wall,
}

impl std::fmt::Display for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Timestamps => "timestamps",
            Self::Wall => "wall time",
        })
    }
}

/// How long one call took, as an average over a batch.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Timing {
    /// Time of one call.
    pub per_call: Duration,
    /// What it was measured with.
    pub clock: Clock,
}

/// One measurement of a batch.
struct Measured {
    wall: Duration,
    /// `None` where there are no timestamps or they make no sense.
    device: Option<Duration>,
}

impl Context {
    /// Times a kernel over `dispatches` runs in one submission.
    pub(super) fn time(
        self: &Arc<Self>,
        work: &Work,
        elements: &Elements<'_>,
        tensors: &[&Tensor],
        dispatches: usize,
    ) -> Result<Timing> {
        let runs = u32::try_from(dispatches.max(1)).unwrap_or(u32::MAX);
        if elements.x.is_empty() {
            return Ok(Timing {
                per_call: Duration::ZERO,
                clock: Clock::Wall,
            });
        }
        let trusted = self.timestamps_are_sane()?;
        if !work.plan.is_compiled() {
            // Some drivers compile at the first run.
            self.measure(work, elements, tensors, 1)?;
        }
        let measured = self.measure(work, elements, tensors, runs)?;
        let (total, clock) = match measured.device {
            Some(device) if trusted => (device, Clock::Timestamps),
            _ => (measured.wall, Clock::Wall),
        };
        Ok(Timing {
            per_call: total / runs,
            clock,
        })
    }

    /// Whether the timestamps of a longer piece of work agree with the wall clock. Some drivers write zeros, or the time when the
    /// work was recorded.
    fn timestamps_are_sane(self: &Arc<Self>) -> Result<bool> {
        if !self.info.timestamps {
            return Ok(false);
        }
        if let Some(sane) = self.sane_timestamps.get() {
            return Ok(*sane);
        }
        const ELEMENTS: usize = 1 << 18;
        let x = Tensor::new(self, ELEMENTS, Purpose::Output)?;
        let out = Tensor::new(self, ELEMENTS, Purpose::Output)?;
        let work = Work::new(self, &Chain::new(), Task::Value(Direction::Forward))?;
        let elements = elements(&x, None, &out, 1);
        let mut runs = 4;
        let sane = loop {
            let measured = self.measure(&work, &elements, &[&x, &out], runs)?;
            if measured.wall >= Duration::from_millis(20) || runs >= 1 << 14 {
                break measured
                    .device
                    .is_some_and(|device| device >= measured.wall / 2);
            }
            runs *= 4;
        };
        log::debug!(
            "{}: timestamps {}",
            self.short_name(),
            if sane {
                "agree with the wall clock"
            } else {
                "make no sense"
            }
        );
        Ok(*self.sane_timestamps.get_or_init(|| sane))
    }

    fn measure(
        self: &Arc<Self>,
        work: &Work,
        elements: &Elements<'_>,
        tensors: &[&Tensor],
        runs: u32,
    ) -> Result<Measured> {
        let mut prepared = Prepared::default();
        self.prepare(work, elements, &mut prepared)?;
        let queries = if self.info.timestamps {
            Some(Queries::new(self)?)
        } else {
            None
        };
        self.wait()?;
        let start = Instant::now();
        {
            let _held = hold(tensors.iter().copied());
            self.scoped("timing a kernel", || {
                let mut encoder = self.device.create_command_encoder(&Default::default());
                record(&mut encoder, &prepared, runs, queries.as_ref());
                self.send(encoder);
            })?;
        }
        self.wait()?;
        let wall = start.elapsed();
        let device = match queries {
            None => None,
            Some(queries) => queries.read(self)?,
        };
        // A clock that runs faster than the wall's is no clock.
        let device = device.filter(|device| *device <= wall);
        Ok(Measured { wall, device })
    }
}

fn record(
    encoder: &mut wgpu::CommandEncoder,
    prepared: &Prepared,
    runs: u32,
    queries: Option<&Queries>,
) {
    {
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
            label: Some("nonlin timing"),
            timestamp_writes: queries.map(|queries| wgpu::ComputePassTimestampWrites {
                query_set: &queries.set,
                beginning_of_pass_write_index: Some(0),
                end_of_pass_write_index: Some(1),
            }),
        });
        for _ in 0..runs {
            prepared.record(&mut pass);
        }
    }
    if let Some(queries) = queries {
        encoder.resolve_query_set(&queries.set, 0..2, &queries.resolved, 0);
        let bytes = queries.result.inner.segments().map(|(buffer, ..)| buffer);
        for buffer in bytes {
            encoder.copy_buffer_to_buffer(&queries.resolved, 0, buffer, 0, 16);
        }
    }
}

/// Two timestamps and the way to the host.
struct Queries {
    set: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    /// Two u64 in the place of four f32.
    result: Tensor,
}

impl Queries {
    fn new(context: &Arc<Context>) -> Result<Self> {
        let set = context.scoped("making timestamps", || {
            context.device.create_query_set(&wgpu::QuerySetDescriptor {
                label: Some("nonlin timing"),
                ty: wgpu::QueryType::Timestamp,
                count: 2,
            })
        })?;
        let usage = wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC;
        Ok(Self {
            set,
            resolved: context.create_buffer(16, usage, false)?,
            result: Tensor::new(context, 4, Purpose::Output)?,
        })
    }

    /// The time between the two, `None` where they are zero or do not increase.
    fn read(&self, context: &Context) -> Result<Option<Duration>> {
        let mut ticks = Vec::new();
        pollster::block_on(self.result.inner.read(Drive::Here, false, &mut |bytes| {
            ticks.extend(
                bytes
                    .chunks_exact(8)
                    .map(bytemuck::pod_read_unaligned::<u64>),
            );
        }))?;
        let [start, end] = ticks[..] else {
            return Err(Error::Gpu {
                during: "reading timestamps",
                reason: format!("{} of them instead of 2", ticks.len()),
            });
        };
        let nanoseconds =
            end.saturating_sub(start) as f64 * f64::from(context.queue.get_timestamp_period());
        let sane = start != 0 && end > start && nanoseconds < 1e15;
        Ok(sane.then(|| Duration::from_nanos(nanoseconds as u64)))
    }
}
