//! The device with everything that is kept for it: pipelines, buffers, bind groups.

use super::adapter::{self, MemoryOrder, WORKGROUP};
use super::bindings::Caches;
use super::pipeline::Pipelines;
use super::pool::{KEPT_BYTES, PADDING, Pool};
use crate::{Error, Result};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Poll, Waker};
#[cfg(not(target_arch = "wasm32"))]
use std::time::{Duration, Instant};

/// How long a wait keeps its thread awake before it sleeps. A short kernel is done by then, and a software adapter's threads are
/// started while this one still has its core: where it sleeps at once, Linux may put two of them on one core and leave another idle, and
/// does so again in every call.
#[cfg(not(target_arch = "wasm32"))]
const AWAKE: Duration = Duration::from_micros(300);

/// What a [`Gpu`](crate::Gpu) runs on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Info {
    /// The adapter's name, as the driver says it.
    pub name: String,
    /// The interface that it is reached through.
    pub backend: wgpu::Backend,
    /// The driver's name; may be empty.
    pub driver: String,
    /// The driver's version; may be empty.
    pub driver_info: String,
    /// What kind of device it is, as the driver says it.
    pub device_type: wgpu::DeviceType,
    /// Whether it computes on the CPU.
    pub software: bool,
    /// Whether it was asked to measure the time of kernels itself.
    pub timestamps: bool,
    /// Whether data is written into and read out of the kernels' buffers without a copy in between.
    pub mappable: bool,
    /// Bytes of the largest buffer of a tensor; a longer tensor has several.
    pub max_chunk_bytes: u64,
    /// Workgroups in one dimension of a dispatch; more of them go into a second dimension.
    pub max_groups: u32,
    /// How kernels go through memory.
    pub memory_order: MemoryOrder,
    /// Whether kernels load and store 64-bit numbers: faster where the adapter does so number by number.
    pub wide_numbers: bool,
    /// From how many elements on the invocations of a workgroup load and store together
    /// ([`GpuBuilder::share_loads_from`](crate::gpu::GpuBuilder::share_loads_from)); `None` where that is not possible or not faster.
    pub shared_loads: Option<usize>,
}

impl std::fmt::Display for Info {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} through {}", self.name, self.backend)?;
        let driver = format!("{} {}", self.driver, self.driver_info);
        if !driver.trim().is_empty() {
            write!(f, ", driver {}", driver.trim())?;
        }
        if self.software {
            f.write_str(", a software adapter")?;
        }
        Ok(())
    }
}

/// What is set otherwise than the device has it: limits below its own, and how kernels go through memory.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Settings {
    pub(super) memory_order: Option<MemoryOrder>,
    pub(super) share_loads_from: Option<usize>,
    pub(super) max_waiting_bytes: Option<u64>,
    pub(super) max_chunk_bytes: Option<u64>,
    pub(super) max_groups: Option<u32>,
}

/// How many of the things were made that cost more than recording a dispatch.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Activity {
    /// Buffers.
    pub buffers: usize,
    /// Bind groups.
    pub bind_groups: usize,
    /// Pipelines.
    pub pipelines: usize,
    /// Submissions to the queue.
    pub submissions: usize,
}

/// What [`Activity`] is read from.
#[derive(Default)]
pub(super) struct Counters {
    buffers: AtomicUsize,
    pub(super) bind_groups: AtomicUsize,
    submissions: AtomicUsize,
}

pub(super) struct Context {
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pub(super) info: Info,
    pub(super) limits: wgpu::Limits,
    pub(super) pipelines: Pipelines,
    pub(super) caches: Caches,
    pub(super) pool: Mutex<Pool>,
    #[cfg(not(target_arch = "wasm32"))]
    /// Whether the timestamps can be trusted, once that is known.
    pub(super) sane_timestamps: OnceLock<bool>,
    pub(super) counters: Counters,
    lost: Arc<OnceLock<String>>,
}

impl Context {
    /// `owned` says whether the device is this crate's own, so that its callbacks may be set.
    pub(super) fn new(
        adapter: wgpu::AdapterInfo,
        device: wgpu::Device,
        queue: wgpu::Queue,
        settings: Settings,
        owned: bool,
    ) -> Result<Self> {
        let (limits, features) = (device.limits(), device.features());
        if let Some(reason) = adapter::defect(&limits) {
            return Err(Error::NoDevice {
                adapter: adapter.name,
                reason,
            });
        }
        let max_groups = limits
            .max_compute_workgroups_per_dimension
            .min(settings.max_groups.unwrap_or(u32::MAX))
            .max(1);
        let asked = settings.share_loads_from;
        let shared_loads = adapter::shared_loads(&adapter, features, &limits, asked);
        // One dispatch covers one chunk, in two dimensions of groups of vectors of 16 bytes.
        let dispatch_bytes =
            u64::from(max_groups).saturating_mul(u64::from(max_groups) * u64::from(WORKGROUP) * 16);
        let chunk_bytes = limits
            .max_storage_buffer_binding_size
            .min(limits.max_buffer_size)
            .min(settings.max_chunk_bytes.unwrap_or(u64::MAX))
            .min(dispatch_bytes);
        let info = Info {
            software: adapter::is_software(&adapter),
            memory_order: settings
                .memory_order
                .unwrap_or_else(|| MemoryOrder::of(&adapter)),
            wide_numbers: adapter::wide_numbers(&adapter, features),
            shared_loads,
            timestamps: features.contains(wgpu::Features::TIMESTAMP_QUERY),
            mappable: adapter::mappable(&adapter, features),
            name: adapter.name,
            backend: adapter.backend,
            driver: adapter.driver,
            driver_info: adapter.driver_info,
            device_type: adapter.device_type,
            max_chunk_bytes: (chunk_bytes / PADDING * PADDING).max(PADDING),
            max_groups,
        };
        let lost = Arc::new(OnceLock::new());
        if owned {
            let lost = Arc::clone(&lost);
            device.set_device_lost_callback(move |reason, message| {
                // The first reason is the one that explains the others.
                let _ = lost.set(format!("{reason:?}: {message}"));
            });
        }
        Ok(Self {
            pool: Mutex::new(Pool::new(
                info.max_chunk_bytes,
                settings.max_waiting_bytes.unwrap_or(KEPT_BYTES),
            )),
            pipelines: Pipelines::default(),
            limits,
            caches: Caches::default(),
            #[cfg(not(target_arch = "wasm32"))]
            sane_timestamps: OnceLock::new(),
            counters: Counters::default(),
            device,
            queue,
            info,
            lost,
        })
    }

    /// An error where the device is known to be lost: wgpu itself then ignores what it is asked to do.
    pub(super) fn check_alive(&self) -> Result<()> {
        match self.lost.get() {
            None => Ok(()),
            Some(reason) => Err(Error::DeviceLost {
                reason: reason.clone(),
            }),
        }
    }

    /// Runs calls of wgpu and turns what it refuses into an error.
    pub(super) fn scoped<T>(&self, during: &'static str, work: impl FnOnce() -> T) -> Result<T> {
        self.check_alive()?;
        scoped(&self.device, work).map_err(|error| self.refused(gpu_error(during, &error)))
    }

    /// What wgpu refused, or that it did so because the device is lost, which it tells when it is polled only.
    pub(super) fn refused(&self, error: Error) -> Error {
        #[cfg(not(target_arch = "wasm32"))]
        {
            let poll = || self.device.poll(wgpu::PollType::Poll);
            // As in `polled`, it may panic.
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(poll));
        }
        self.check_alive().err().unwrap_or(error)
    }

    /// A new buffer.
    pub(super) fn create_buffer(
        &self,
        bytes: u64,
        usage: wgpu::BufferUsages,
        mapped: bool,
    ) -> Result<wgpu::Buffer> {
        self.check_alive()?;
        self.counters.buffers.fetch_add(1, Ordering::Relaxed);
        let descriptor = wgpu::BufferDescriptor {
            label: Some("nonlin"),
            size: bytes,
            usage,
            mapped_at_creation: mapped,
        };
        scoped(&self.device, || self.device.create_buffer(&descriptor)).map_err(|error| match error
        {
            wgpu::Error::OutOfMemory { .. } => Error::OutOfMemory {
                bytes,
                reason: one_line(&error),
            },
            error => self.refused(gpu_error("creating a buffer", &error)),
        })
    }

    /// Submits what was recorded: the one way to the queue, so that submissions are counted.
    pub(super) fn send(&self, encoder: wgpu::CommandEncoder) -> wgpu::SubmissionIndex {
        self.counters.submissions.fetch_add(1, Ordering::Relaxed);
        self.queue.submit([encoder.finish()])
    }

    pub(super) fn activity(&self) -> Activity {
        Activity {
            buffers: self.counters.buffers.load(Ordering::Relaxed),
            bind_groups: self.counters.bind_groups.load(Ordering::Relaxed),
            pipelines: self.pipelines.count(),
            submissions: self.counters.submissions.load(Ordering::Relaxed),
        }
    }

    /// Blocks until everything that was submitted is done, and the callbacks that it was waited for have run.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn wait(&self) -> Result<()> {
        match self.awake(|queue_is_empty| queue_is_empty.then_some(()))? {
            Some(()) => Ok(()),
            None => self.sleep(None),
        }
    }

    /// Looks at the device for a while, until `done` has something; it is told whether the queue was empty.
    ///
    /// It does not wait for a submission with a timeout of 0: wgpu 30.0 panics where that runs out while another thread sees
    /// the queue empty (gfx-rs/wgpu#9958).
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn awake<T>(&self, mut done: impl FnMut(bool) -> Option<T>) -> Result<Option<T>> {
        let start = Instant::now();
        loop {
            let status = self.polled(wgpu::PollType::Poll)?;
            if let Some(found) = done(status.is_queue_empty()) {
                return Ok(Some(found));
            }
            if start.elapsed() >= AWAKE {
                return Ok(None);
            }
            std::thread::yield_now();
        }
    }

    /// Gives the core away until a submission is done, by default the last one.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn sleep(&self, submission_index: Option<wgpu::SubmissionIndex>) -> Result<()> {
        self.polled(wgpu::PollType::Wait {
            submission_index,
            timeout: None,
        })?;
        Ok(())
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn polled(&self, poll: wgpu::PollType) -> Result<wgpu::PollStatus> {
        self.check_alive()?;
        // wgpu panics here when the driver reports a lost device.
        let polled =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.device.poll(poll)));
        self.check_alive()?;
        match polled {
            Ok(Ok(status)) => Ok(status),
            Ok(Err(error)) => Err(Error::Gpu {
                during: "waiting",
                reason: error.to_string(),
            }),
            Err(_) => Err(Error::DeviceLost {
                reason: "found out while waiting for it".to_owned(),
            }),
        }
    }

    /// The adapter and the interface, to tell devices apart in errors.
    pub(super) fn short_name(&self) -> String {
        format!("{} through {}", self.info.name, self.info.backend)
    }
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Context").field(&self.info).finish()
    }
}

fn gpu_error(during: &'static str, error: &wgpu::Error) -> Error {
    Error::Gpu {
        during,
        reason: one_line(error),
    }
}

/// wgpu tells its errors over several lines, this crate in one.
fn one_line(error: &wgpu::Error) -> String {
    let text = error.to_string();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Runs `work` and gives the first error that wgpu found in it, which outside of scopes it panics at. The scopes belong to this thread and are gone before anything
/// is awaited.
pub(super) fn scoped<T>(device: &wgpu::Device, work: impl FnOnce() -> T) -> Result<T, wgpu::Error> {
    let scopes = [
        wgpu::ErrorFilter::Internal,
        wgpu::ErrorFilter::OutOfMemory,
        wgpu::ErrorFilter::Validation,
    ]
    .map(|filter| device.push_error_scope(filter));
    let value = work();
    let mut errors = None;
    for scope in scopes.into_iter().rev() {
        errors = errors.or(at_once(scope.pop()));
    }
    match errors {
        None => Ok(value),
        Some(error) => Err(error),
    }
}

/// What is there already. What a scope caught is, except in browsers: there the error goes to the console.
pub(super) fn at_once<T>(answer: impl Future<Output = Option<T>>) -> Option<T> {
    let mut task = std::task::Context::from_waker(Waker::noop());
    match pin!(answer).poll(&mut task) {
        Poll::Ready(answer) => answer,
        Poll::Pending => None,
    }
}

/// Locks also after a panic of another thread: what these locks guard is whole at every moment.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
