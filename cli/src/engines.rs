//! Opens the engines that the options ask for.

use crate::failure::Failure;
use clap::ValueEnum;
use nonlin::cpu::{Cpu, Isa};
use nonlin::{Engine, Error, Gpu};

/// The word in place of an adapter's name that asks for no GPU at all.
const CPU: &str = "cpu";

/// Help text of `--adapter`.
pub const ADAPTER_HELP: &str =
    "Part of the adapter's name, `software`, or `cpu`; without it NONLIN_ADAPTER counts";

/// The name that chooses an instruction set: without the marks and the extensions beside it.
fn isa_name(isa: Isa) -> String {
    let name = isa.name().split('+').next().unwrap_or_default();
    name.replace('-', "").to_lowercase()
}

/// The instruction set of this machine that has the name, or without one the widest.
///
/// # Errors
/// That this machine has none of that name, with those that it has.
pub fn isa(name: Option<&str>) -> Result<Isa, Failure> {
    let Some(name) = name else {
        return Ok(Isa::detect());
    };
    let available = Isa::available();
    let asked = name.trim().to_lowercase();
    let found = available.iter().find(|isa| isa_name(**isa) == asked);
    found.copied().ok_or_else(|| {
        let names: Vec<String> = available.iter().map(|isa| isa_name(*isa)).collect();
        let names = names.join(", ");
        Failure::Usage(format!(
            "instruction set `{name}`: this machine has {names}"
        ))
    })
}

/// Keeps Mesa's device-select layer, which asks the desktop which GPU it prefers, from complaining on standard error where
/// there is no desktop. Has to be called before any thread is started.
pub fn keep_drivers_quiet() {
    let unset = |name| std::env::var_os(name).is_none();
    if cfg!(target_os = "linux") && unset("XDG_RUNTIME_DIR") && unset("DISPLAY") {
        // SAFETY: the program has one thread yet, so nothing reads the environment meanwhile.
        unsafe { std::env::set_var("NODEVICE_SELECT", "1") };
    }
}

/// Opens the adapter of that name, or without one the best, which may be a software adapter.
///
/// # Errors
/// Those of [`Gpu::new`]: among them that there is no adapter, and that none has the name.
pub fn gpu(adapter: Option<&str>) -> Result<Gpu, Error> {
    match adapter {
        None => Gpu::new(),
        Some(name) => Gpu::builder().adapter(name).build(),
    }
}

/// What `--adapter`, or else `NONLIN_ADAPTER`, asks for.
fn asked_for(adapter: Option<&str>) -> Option<String> {
    let from_environment = || std::env::var("NONLIN_ADAPTER").ok();
    let name = adapter.map(str::to_owned).or_else(from_environment)?;
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// Whether `--adapter`, or else `NONLIN_ADAPTER`, asks for the CPU engine instead of an adapter.
pub fn cpu_is_asked_for(adapter: Option<&str>) -> bool {
    asked_for(adapter).is_some_and(|name| name.eq_ignore_ascii_case(CPU))
}

/// What computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Choice {
    /// The best adapter, which may be a software adapter.
    Gpu,
    /// The CPU engine.
    Cpu,
}

/// Opens what `--engine` and `--adapter` ask for: without either, a hardware GPU or else the CPU.
pub fn open(choice: Option<Choice>, adapter: Option<&str>) -> Result<Box<dyn Engine>, Failure> {
    Ok(match choice {
        Some(Choice::Cpu) => {
            no_adapter_without_gpu(adapter)?;
            Box::new(Cpu::new())
        }
        Some(Choice::Gpu) => Box::new(gpu(adapter)?),
        None if adapter.is_none() => nonlin::engine()?,
        None if cpu_is_asked_for(adapter) => Box::new(Cpu::new()),
        None => Box::new(gpu(adapter)?),
    })
}

/// Refuses an adapter where something else computes.
pub fn no_adapter_without_gpu(adapter: Option<&str>) -> Result<(), Failure> {
    match adapter {
        None => Ok(()),
        Some(_) => {
            let text = "--adapter chooses a GPU, and goes with --engine gpu only";
            Err(Failure::Usage(text.to_owned()))
        }
    }
}

/// Refuses an option of the CPU engine where something else computes.
pub fn no_cpu_option_without_cpu(option: &str, is_given: bool) -> Result<(), Failure> {
    if is_given {
        let text = format!("{option} is the CPU engine's, and goes with --engine cpu only");
        return Err(Failure::Usage(text));
    }
    Ok(())
}

/// Opens the GPU for a program that can go on without one: `Err` holds the reason in words. An adapter that was asked for
/// and is not there is a failure.
pub fn gpu_if_any(adapter: Option<&str>) -> Result<Result<Gpu, String>, Failure> {
    match gpu(adapter) {
        Ok(gpu) => Ok(Ok(gpu)),
        Err(error @ Error::NoAdapter { .. }) if asked_for(adapter).is_none() => {
            Ok(Err(error.to_string()))
        }
        Err(error) => Err(error.into()),
    }
}
