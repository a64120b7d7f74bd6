//! What adapters there are, and which one is taken.

use super::shader::Rows;
use crate::{Error, Result};
use wgpu::{AdapterInfo, Backends, DeviceType};

/// The variable that names an adapter.
const VARIABLE: &str = "NONLIN_ADAPTER";

/// Storage buffers that a kernel binds at most: the operand, the gradient, the result.
pub(super) const STORAGE_BUFFERS: u32 = 3;
/// Invocations of a workgroup.
pub(super) const WORKGROUP: u32 = 256;

/// Which adapter somebody wants.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Wanted {
    /// The best one: hardware first.
    Best,
    Software,
    /// One whose name holds this text, upper and lower case alike.
    Named(String),
    /// No adapter, but the CPU engine.
    Cpu,
}

impl Wanted {
    /// What `NONLIN_ADAPTER` says.
    pub(super) fn from_env() -> Self {
        match std::env::var(VARIABLE) {
            Ok(text) if !text.trim().is_empty() => Self::read(&text),
            _ => Self::Best,
        }
    }

    /// `software`, `cpu`, or a part of a name.
    pub(super) fn read(text: &str) -> Self {
        match text.trim().to_lowercase().as_str() {
            "software" => Self::Software,
            "cpu" => Self::Cpu,
            name => Self::Named(name.to_owned()),
        }
    }

    fn fits(&self, info: &AdapterInfo) -> bool {
        match self {
            Self::Best => true,
            Self::Software => is_software(info),
            Self::Named(name) => info.name.to_lowercase().contains(name),
            Self::Cpu => false,
        }
    }
}

impl std::fmt::Display for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Best => f.write_str("what is needed"),
            Self::Software => f.write_str("\"software\""),
            Self::Named(name) => write!(f, "\"{name}\""),
            Self::Cpu => f.write_str(
                "\"cpu\", which is the CPU engine (nonlin::cpu::Cpu) and no GPU adapter",
            ),
        }
    }
}

/// An adapter of this machine.
pub(super) struct Found {
    pub(super) adapter: wgpu::Adapter,
    pub(super) info: AdapterInfo,
    /// Why the kernels cannot run on it.
    defect: Option<String>,
}

/// Whether the adapter computes on the CPU.
pub(super) fn is_software(info: &AdapterInfo) -> bool {
    let name = info.name.to_lowercase();
    // OpenGL drivers do not say what they are, only wgpu guesses it from the name.
    info.device_type == DeviceType::Cpu
        || ["llvmpipe", "softpipe", "swiftshader", "basic render"]
            .iter()
            .any(|known| name.contains(known))
}

/// In which order the invocations of a kernel go through memory, where one of them computes several vectors. The results are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MemoryOrder {
    /// Neighbours read neighbouring vectors at the same time: what hardware wants.
    Neighbours,
    /// Each reads vectors that lie one after the other: what a software adapter wants, which runs a few invocations at a time.
    Runs,
}

impl MemoryOrder {
    pub(super) fn of(info: &AdapterInfo) -> Self {
        if is_software(info) {
            Self::Runs
        } else {
            Self::Neighbours
        }
    }
}

/// Smaller is better: hardware before software, other interfaces before OpenGL, and SwiftShader, the slowest, last.
fn rank(info: &AdapterInfo) -> (u8, bool, bool) {
    let device = match info.device_type {
        _ if is_software(info) => 4,
        DeviceType::DiscreteGpu => 0,
        DeviceType::IntegratedGpu => 1,
        DeviceType::VirtualGpu => 2,
        DeviceType::Other => 3,
        DeviceType::Cpu => 4,
    };
    let swiftshader = info.name.to_lowercase().contains("swiftshader");
    (device, swiftshader, info.backend == wgpu::Backend::Gl)
}

/// Why the kernels cannot run with these limits.
pub(super) fn defect(limits: &wgpu::Limits) -> Option<String> {
    let buffers = limits.max_storage_buffers_per_shader_stage;
    if buffers < STORAGE_BUFFERS {
        return Some(format!(
            "{buffers} storage buffers in a shader, needed are {STORAGE_BUFFERS}"
        ));
    }
    let invocations = limits
        .max_compute_invocations_per_workgroup
        .min(limits.max_compute_workgroup_size_x);
    (invocations < WORKGROUP)
        .then(|| format!("{invocations} invocations in a workgroup, needed are {WORKGROUP}"))
}

fn instance(backends: Option<Backends>) -> wgpu::Instance {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle_from_env();
    if let Some(backends) = backends {
        descriptor.backends = backends;
    }
    wgpu::Instance::new(descriptor)
}

/// All adapters, best first.
async fn enumerate(instance: &wgpu::Instance) -> Vec<Found> {
    let mut found: Vec<Found> = instance
        .enumerate_adapters(Backends::all())
        .await
        .into_iter()
        .map(|adapter| {
            let compute = wgpu::DownlevelFlags::COMPUTE_SHADERS;
            let defect = if adapter.get_downlevel_capabilities().flags.contains(compute) {
                defect(&adapter.limits())
            } else {
                Some("it has no compute shaders".to_owned())
            };
            Found {
                info: adapter.get_info(),
                defect,
                adapter,
            }
        })
        .collect();
    found.sort_by_key(|found| rank(&found.info));
    found
}

/// The adapters that fit, best first; never none.
pub(super) async fn choose(wanted: &Wanted, backends: Option<Backends>) -> Result<Vec<Found>> {
    let instance = instance(backends);
    let all = enumerate(&instance).await;
    if all.is_empty() && *wanted != Wanted::Cpu {
        let answer = instance.request_adapter(&Default::default()).await;
        return Err(Error::NoAdapter {
            tried: match answer {
                Err(error) => tried(&error.to_string()),
                Ok(_) => "no backend lists one".to_owned(),
            },
        });
    }
    let available = if all.is_empty() {
        "none".to_owned()
    } else {
        let names: Vec<String> = all.iter().map(describe).collect();
        names.join("; ")
    };
    let fitting: Vec<Found> = all
        .into_iter()
        .filter(|found| found.defect.is_none() && wanted.fits(&found.info))
        .collect();
    if fitting.is_empty() {
        return Err(Error::NoSuchAdapter {
            wanted: wanted.to_string(),
            available,
        });
    }
    Ok(fitting)
}

/// What the backends answered, without those that were not asked.
fn tried(answer: &str) -> String {
    let (_, backends) = answer.split_once("; ").unwrap_or(("", answer));
    let asked: Vec<&str> = backends
        .split(", ")
        .filter(|answer| !answer.ends_with("not requested") && !answer.ends_with("not compiled in"))
        .collect();
    if asked.is_empty() {
        return match std::env::var("WGPU_BACKEND") {
            Ok(text) => format!("WGPU_BACKEND is \"{text}\", which is no backend of this system"),
            Err(_) => "no backend was asked".to_owned(),
        };
    }
    asked.join(", ")
}

/// One adapter in words.
fn describe(found: &Found) -> String {
    let Found { info, defect, .. } = found;
    let kind = if is_software(info) { ", software" } else { "" };
    let defect = defect
        .as_ref()
        .map_or_else(String::new, |defect| format!(", not usable: {defect}"));
    format!("{} ({}{kind}{defect})", info.name, info.backend)
}

/// An adapter of this machine, and whether [`Gpu::new`](crate::Gpu::new) takes it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AdapterReport {
    /// Its name, as the driver says it.
    pub name: String,
    /// The interface that it is reached through.
    pub backend: wgpu::Backend,
    /// The driver's name; may be empty.
    pub driver: String,
    /// The driver's version; may be empty.
    pub driver_info: String,
    /// What kind of device it is, as the driver says it.
    pub device_type: DeviceType,
    /// Whether it computes on the CPU.
    pub software: bool,
    /// Whether [`Gpu::new`](crate::Gpu::new) takes it.
    pub chosen: bool,
    /// Why it is taken or not, in words.
    pub reason: String,
    /// Bytes of the largest buffer that a kernel can be given.
    pub max_storage_binding_bytes: u64,
    /// Whether it measures the time of kernels itself.
    pub timestamps: bool,
    /// Whether data can be written into and read out of the kernels' buffers without a copy in between.
    pub mappable: bool,
}

/// The adapters of this machine, best first, and which one [`Gpu::new`](crate::Gpu::new) takes: `NONLIN_ADAPTER` and
/// `WGPU_BACKEND` count here too.
#[cfg(not(target_arch = "wasm32"))]
pub fn adapters() -> Vec<AdapterReport> {
    pollster::block_on(adapters_async())
}

/// As [`adapters`], for programs that must not block.
pub async fn adapters_async() -> Vec<AdapterReport> {
    let wanted = Wanted::from_env();
    let all = enumerate(&instance(None)).await;
    let taken = all
        .iter()
        .position(|found| found.defect.is_none() && wanted.fits(&found.info));
    let best = all.first().is_some_and(|found| !is_software(&found.info));
    all.iter()
        .enumerate()
        .map(|(i, found)| {
            let info = &found.info;
            let software = is_software(info);
            let chosen = taken == Some(i);
            let reason = match (&found.defect, &wanted) {
                (Some(defect), _) => format!("not usable: {defect}"),
                (None, Wanted::Best) if chosen && software => {
                    "there is no hardware GPU, and this is the first software adapter".to_owned()
                }
                (None, Wanted::Best) if chosen => "the best hardware adapter".to_owned(),
                (None, Wanted::Best) if software && best => {
                    "a software adapter, and there is a hardware GPU".to_owned()
                }
                (None, Wanted::Best) => "another one comes first".to_owned(),
                (None, Wanted::Cpu) => format!("{VARIABLE} asks for the CPU engine"),
                (None, wanted) if chosen => format!("{VARIABLE} asks for {wanted}"),
                (None, wanted) if wanted.fits(info) => {
                    format!("fits {VARIABLE} too, but another one comes first")
                }
                (None, wanted) => format!("{VARIABLE} asks for {wanted}"),
            };
            let features = found.adapter.features();
            AdapterReport {
                name: info.name.clone(),
                backend: info.backend,
                driver: info.driver.clone(),
                driver_info: info.driver_info.clone(),
                device_type: info.device_type,
                software,
                chosen,
                reason,
                max_storage_binding_bytes: found.adapter.limits().max_storage_buffer_binding_size,
                timestamps: features.contains(wgpu::Features::TIMESTAMP_QUERY),
                mappable: mappable(info, features),
            }
        })
        .collect()
}

/// Whether kernels are to load and store 64-bit numbers: llvmpipe's time goes by their number.
pub(super) fn wide_numbers(info: &AdapterInfo, features: wgpu::Features) -> bool {
    info.backend == wgpu::Backend::Vulkan
        && info.name.to_lowercase().contains("llvmpipe")
        && features.contains(wgpu::Features::SHADER_INT64)
}

/// `Immediates` in `shaders/kernels/shared.wgsl`, word by word.
pub(super) type Immediates = [u32; DIGITS + 5];

/// Digits among them.
pub(super) const DIGITS: usize = 17;

/// Their bytes.
pub(super) const IMMEDIATE_BYTES: u32 = size_of::<Immediates>() as u32;

/// Bytes of workgroup memory that kernels which load together may stage numbers in.
pub(super) const STAGED_BYTES: u32 = 4 << 10;

/// What loading together takes of the device.
pub(super) const SHARED_LOADS: wgpu::Features = wgpu::Features::IMMEDIATES
    .union(wgpu::Features::SUBGROUP)
    .union(wgpu::Features::SUBGROUP_BARRIER);

/// From how many elements on the invocations of a subgroup load and store together, `asked` for or where it pays: llvmpipe up to Mesa
/// 22 loads and stores number by number for each invocation, and once where all have the same place. Later versions do not, and take 8 µs
/// for each such subgroup. None where a subgroup is not of eight, or features are missing.
pub(super) fn shared_loads(
    info: &AdapterInfo,
    features: wgpu::Features,
    limits: &wgpu::Limits,
    asked: Option<usize>,
) -> Option<usize> {
    // Its kernels take 0.1 to 0.2 s longer to compile.
    let faster = mesa(info)
        .is_some_and(|major| major <= 22)
        .then_some(1 << 16);
    let possible = wide_numbers(info, features)
        && [info.subgroup_min_size, info.subgroup_max_size] == [Rows::SHARING; 2]
        && features.contains(SHARED_LOADS)
        && limits.max_immediate_size >= IMMEDIATE_BYTES
        && limits.max_compute_workgroup_storage_size >= STAGED_BYTES;
    asked.or(faster).filter(|_| possible)
}

/// The first number of Mesa's version, of a driver that is Mesa's.
fn mesa(info: &AdapterInfo) -> Option<u32> {
    let (_, version) = info.driver_info.split_once("Mesa ")?;
    version.split('.').next()?.parse().ok()
}

/// Whether buffers are to be mapped directly: where memory is shared. Elsewhere it would put them into slow memory.
pub(super) fn mappable(info: &AdapterInfo, features: wgpu::Features) -> bool {
    let shared = matches!(
        info.device_type,
        DeviceType::Cpu | DeviceType::IntegratedGpu
    );
    shared && features.contains(wgpu::Features::MAPPABLE_PRIMARY_BUFFERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_mesa_is_found_in_what_its_drivers_say() {
        let info = |driver_info: &str| AdapterInfo {
            driver_info: driver_info.to_owned(),
            ..AdapterInfo::new(DeviceType::Cpu, wgpu::Backend::Vulkan)
        };
        for (text, major) in [
            ("Mesa 22.3.6 (LLVM 15.0.6)", Some(22)),
            ("Mesa 25.0.7-2~bpo12+1 (LLVM 15.0.6)", Some(25)),
            ("4.5 (Core Profile) Mesa 22.3.6", Some(22)),
            ("SwiftShader driver", None),
            ("Mesa of our own", None),
            ("", None),
        ] {
            assert_eq!(mesa(&info(text)), major, "{text}");
        }
    }
}
