//! The adapters of the machine: listed, opened and named in one place.

use nonlin::Gpu;
use nonlin::gpu::GpuBuilder;

/// Set to 1, the trials that need an adapter are ignored, visibly; without it they fail where there is none.
const NO_GPU: &str = "NONLIN_TEST_NO_GPU";

/// An adapter that trials run on, or why there is none.
#[derive(Clone)]
pub enum Adapter {
    Open {
        gpu: Gpu,
        /// What trials call it: `vulkan_llvmpipe`.
        name: String,
    },
    /// Trials fail with this reason.
    Missing(String),
    /// Trials are ignored with this reason.
    Excused(String),
}

/// Every adapter of the machine (where `NONLIN_ADAPTER` is set, those that fit it); never none. Prints them.
pub fn adapters() -> Vec<Adapter> {
    if std::env::var_os(NO_GPU).is_some_and(|value| value == "1") {
        let reason = format!("{NO_GPU} is 1");
        say(&format!("adapters: left out, {reason}"));
        return vec![Adapter::Excused(reason)];
    }
    keep_drivers_quiet();
    let mut all: Vec<Adapter> = Vec::new();
    for opened in Gpu::builder().build_all() {
        all.push(match opened {
            Ok(gpu) => {
                let name = unused(&all, slug(&gpu));
                say(&format!("adapter {name}: {}", gpu.info()));
                Adapter::Open { gpu, name }
            }
            Err(error) => {
                say(&format!("adapter: none, {error}"));
                Adapter::Missing(format!("{error}; {NO_GPU}=1 leaves the GPU's trials out"))
            }
        });
    }
    all
}

/// The same adapter, to be opened once more with other settings.
pub fn again(gpu: &Gpu) -> GpuBuilder {
    let info = gpu.info();
    Gpu::builder()
        .adapter(&info.name)
        .backends(info.backend.into())
}

/// Says what the trials run on, except to a program that reads the list of trials.
pub fn say(text: &str) {
    if !std::env::args().any(|argument| argument == "--list") {
        println!("{text}");
    }
}

/// Keeps Mesa's layer that asks the desktop for its preferred GPU from complaining where there is no desktop.
fn keep_drivers_quiet() {
    let unset = |name| std::env::var_os(name).is_none();
    if cfg!(target_os = "linux") && unset("XDG_RUNTIME_DIR") && unset("DISPLAY") {
        // SAFETY: a test program lists its adapters before it starts a thread.
        unsafe { std::env::set_var("NODEVICE_SELECT", "1") };
    }
}

/// Letters and digits of backend and name, words joined by underscores; nothing of what is in brackets.
fn slug(gpu: &Gpu) -> String {
    let text = format!("{} {}", gpu.info().backend, gpu.info().name).to_ascii_lowercase();
    let text = text.split('(').next().unwrap_or_default();
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join("_")
}

/// Two cards of one kind have one name: the second one gets a number.
fn unused(all: &[Adapter], wanted: String) -> String {
    let taken = |wanted: &str| {
        all.iter()
            .any(|adapter| matches!(adapter, Adapter::Open { name, .. } if name == wanted))
    };
    if !taken(&wanted) {
        return wanted;
    }
    (2..)
        .map(|number| format!("{wanted}_{number}"))
        .find(|name| !taken(name))
        .unwrap_or(wanted)
}
