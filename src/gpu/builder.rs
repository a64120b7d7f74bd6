//! [`GpuBuilder`]: a [`Gpu`] with choices of one's own.

use super::Gpu;
use super::adapter::{self, Found, MemoryOrder, Wanted};
use super::context::{Context, Settings};
use crate::{Error, Result};
use std::sync::Arc;
use wgpu::Features;

/// Makes a [`Gpu`] with choices of one's own; from [`Gpu::builder`].
///
/// ```no_run
/// let gpu = nonlin::Gpu::builder().adapter("radeon").build()?;
/// # Ok::<(), nonlin::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct GpuBuilder {
    /// `None`: what `NONLIN_ADAPTER` says.
    wanted: Option<Wanted>,
    /// `None`: what `WGPU_BACKEND` says.
    backends: Option<wgpu::Backends>,
    settings: Settings,
}

impl GpuBuilder {
    /// Takes the first adapter whose name holds this text, upper and lower case alike; `software` means the first software adapter.
    /// Goes before `NONLIN_ADAPTER`.
    pub fn adapter(mut self, name: &str) -> Self {
        self.wanted = Some(Wanted::read(name));
        self
    }

    /// Takes the first software adapter. Goes before `NONLIN_ADAPTER`.
    pub fn software_only(mut self) -> Self {
        self.wanted = Some(Wanted::Software);
        self
    }

    /// Looks for adapters behind these interfaces only. Goes before `WGPU_BACKEND`.
    pub fn backends(mut self, backends: wgpu::Backends) -> Self {
        self.backends = Some(backends);
        self
    }

    /// Bytes of the largest buffer of a tensor, below what the adapter allows; rounded down to a multiple of 64, at least 64. A test
    /// can cross the limit with little data.
    pub fn max_chunk_bytes(mut self, bytes: u64) -> Self {
        self.settings.max_chunk_bytes = Some(bytes);
        self
    }

    /// Workgroups in one dimension of a dispatch, below what the adapter allows; at least 1. A workgroup computes 1024 elements.
    pub fn max_groups(mut self, groups: u32) -> Self {
        self.settings.max_groups = Some(groups);
        self
    }

    /// Bytes of buffers that wait for their next use at most; 1 GiB by default. [`Gpu::memory`] says what is held.
    pub fn max_waiting_bytes(mut self, bytes: u64) -> Self {
        self.settings.max_waiting_bytes = Some(bytes);
        self
    }

    /// The order in which kernels go through memory, instead of the one that suits the kind of adapter.
    pub fn memory_order(mut self, order: MemoryOrder) -> Self {
        self.settings.memory_order = Some(order);
        self
    }

    /// From how many elements on kernels are compiled that load and store for several invocations together, on llvmpipe: by default 65,536
    /// up to Mesa 22, where they are two to five times as fast and their first use takes 0.1 to 0.2 s longer, and never on later versions, where they
    /// are slower; `usize::MAX` is never too. Where the processor has AVX-512 they stage what they load in workgroup memory, subgroups of a workgroup in the
    /// same places, which is right where one runs to its end before the next begins, as llvmpipe's do.
    pub fn share_loads_from(mut self, elements: usize) -> Self {
        self.settings.share_loads_from = Some(elements);
        self
    }

    /// Opens the adapter.
    ///
    /// # Errors
    /// [`Error::NoAdapter`], [`Error::NoSuchAdapter`], which lists what there is, and [`Error::NoDevice`].
    #[cfg(not(target_arch = "wasm32"))]
    pub fn build(self) -> Result<Gpu> {
        pollster::block_on(self.build_async())
    }

    /// As [`build`](Self::build), for programs that must not block.
    ///
    /// # Errors
    /// As [`build`](Self::build).
    pub async fn build_async(self) -> Result<Gpu> {
        let found = self.find().await?;
        match found.into_iter().next() {
            Some(best) => open(best, self.settings).await,
            None => Err(Error::NoAdapter {
                tried: "none fits".to_owned(),
            }),
        }
    }

    /// Opens every adapter that fits, best first: what tests want that run on all of a machine's adapters. Where there is none, the one
    /// element is the error that says so.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn build_all(self) -> Vec<Result<Gpu>> {
        pollster::block_on(async {
            match self.find().await {
                Err(error) => vec![Err(error)],
                Ok(found) => {
                    let mut all = Vec::new();
                    for found in found {
                        all.push(open(found, self.settings).await);
                    }
                    all
                }
            }
        })
    }

    async fn find(&self) -> Result<Vec<Found>> {
        let wanted = self.wanted.clone().unwrap_or_else(Wanted::from_env);
        adapter::choose(&wanted, self.backends).await
    }
}

impl Gpu {
    /// The GPU for [`engine`](crate::engine): a hardware one, or the one that `NONLIN_ADAPTER` names; `None` where the CPU engine is
    /// the better or the wanted one.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn for_engine() -> Result<Option<Self>> {
        let wanted = Wanted::from_env();
        if wanted == Wanted::Cpu {
            return Ok(None);
        }
        pollster::block_on(async {
            let found = match adapter::choose(&wanted, None).await {
                Ok(found) => found.into_iter().next(),
                Err(_) if wanted == Wanted::Best => None,
                Err(error) => return Err(error),
            };
            match found {
                Some(found) if wanted != Wanted::Best => {
                    open(found, Settings::default()).await.map(Some)
                }
                Some(found) if !adapter::is_software(&found.info) => {
                    let name = found.info.name.clone();
                    let opened = open(found, Settings::default()).await;
                    Ok(opened
                        .inspect_err(|error| log::warn!("{name} is not used: {error}"))
                        .ok())
                }
                _ => Ok(None),
            }
        })
    }
}

impl Gpu {
    /// The GPUs for [`Engines`](crate::Engines), best first: of the best one's kind, hardware or software, those that are reached
    /// through its interface.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn for_engines() -> Result<Vec<Self>> {
        pollster::block_on(async {
            let found = adapter::choose(&Wanted::from_env(), None).await?;
            let kind = |found: &Found| (adapter::is_software(&found.info), found.info.backend);
            let best = found.first().map(kind);
            let (mut gpus, mut failed) = (Vec::new(), None);
            for found in found.into_iter().filter(|found| Some(kind(found)) == best) {
                match open(found, Settings::default()).await {
                    Ok(gpu) => gpus.push(gpu),
                    Err(error) => {
                        log::warn!("an adapter is not used: {error}");
                        failed = Some(error);
                    }
                }
            }
            match failed {
                Some(error) if gpus.is_empty() => Err(error),
                _ => Ok(gpus),
            }
        })
    }
}

/// Asks for the adapter's own storage limits, and for the features that help on it.
async fn open(found: Found, settings: Settings) -> Result<Gpu> {
    let Found { adapter, info, .. } = found;
    let available = adapter.features();
    let mut required_features = available & Features::TIMESTAMP_QUERY;
    if adapter::mappable(&info, available) {
        required_features |= Features::MAPPABLE_PRIMARY_BUFFERS;
    }
    if adapter::wide_numbers(&info, available) {
        required_features |= Features::SHADER_INT64;
    }
    let own = adapter.limits();
    let asked = settings.share_loads_from;
    let shared_loads = adapter::shared_loads(&info, available, &own, asked).is_some();
    if shared_loads {
        required_features |= adapter::SHARED_LOADS;
    }
    let mut required_limits = wgpu::Limits::default().or_worse_values_from(&own);
    required_limits.max_storage_buffer_binding_size = own.max_storage_buffer_binding_size;
    required_limits.max_buffer_size = own.max_buffer_size;
    required_limits.max_storage_buffers_per_shader_stage = own.max_storage_buffers_per_shader_stage;
    required_limits.max_compute_workgroups_per_dimension = own.max_compute_workgroups_per_dimension;
    if shared_loads {
        required_limits.max_immediate_size = adapter::IMMEDIATE_BYTES;
    }
    let descriptor = wgpu::DeviceDescriptor {
        label: Some("nonlin"),
        required_features,
        required_limits,
        ..Default::default()
    };
    let (device, queue) =
        adapter
            .request_device(&descriptor)
            .await
            .map_err(|error| Error::NoDevice {
                adapter: info.name.clone(),
                reason: error.to_string(),
            })?;
    let context = Context::new(info, device, queue, settings, true)?;
    Ok(Gpu {
        context: Arc::new(context),
    })
}
