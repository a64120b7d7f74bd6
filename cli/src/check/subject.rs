//! [`Subject`]: an engine that is checked.

use crate::engines;
use crate::failure::Failure;
use nonlin::cpu::{Cpu, Isa};
use nonlin::{Engine, Error, Gpu};

/// The word in place of an adapter's or an instruction set's name that asks for every one.
const ALL: &str = "all";

fn is_all(name: &str) -> bool {
    name.trim().eq_ignore_ascii_case(ALL)
}

/// An engine that is checked.
pub struct Subject {
    /// `cpu` or `gpu`.
    pub kind: &'static str,
    /// Short enough for a column.
    pub name: String,
    /// What there is to know to reproduce a result: versions among it.
    pub description: String,
    engine: Which,
}

enum Which {
    Cpu(Cpu),
    Gpu(Gpu),
}

impl Subject {
    /// The CPU engine with the instruction set of that name, with every one, or without a name with the widest.
    pub fn cpus(isa: Option<&str>) -> Result<Vec<Self>, Failure> {
        if isa.is_some_and(is_all) {
            return Isa::available().iter().map(|isa| Self::cpu(*isa)).collect();
        }
        Ok(vec![Self::cpu(engines::isa(isa)?)?])
    }

    fn cpu(isa: Isa) -> Result<Self, Failure> {
        let cpu = Cpu::new().with_isa(isa)?;
        Ok(Self {
            kind: "cpu",
            name: format!("CPU, {}", isa.name()),
            description: cpu.description(),
            engine: Which::Cpu(cpu),
        })
    }

    /// The adapter of that name, every one, or without a name the best.
    pub fn gpus(adapter: Option<&str>) -> Result<Vec<Self>, Error> {
        let opened = match adapter {
            Some(name) if is_all(name) => Gpu::builder().build_all().into_iter().collect(),
            Some(name) => Gpu::builder().adapter(name).build().map(|gpu| vec![gpu]),
            None => Gpu::new().map(|gpu| vec![gpu]),
        };
        Ok(opened?.into_iter().map(Self::gpu).collect())
    }

    fn gpu(gpu: Gpu) -> Self {
        let info = gpu.info();
        // What stands in brackets is in the description.
        let name = info.name.split('(').next().unwrap_or_default().trim();
        Self {
            kind: "gpu",
            name: format!("{name}, {}", info.backend),
            description: gpu.description(),
            engine: Which::Gpu(gpu),
        }
    }

    /// What computes slices.
    pub fn engine(&self) -> &dyn Engine {
        match &self.engine {
            Which::Cpu(cpu) => cpu,
            Which::Gpu(gpu) => gpu,
        }
    }

    /// The adapter, where it is one.
    pub fn as_gpu(&self) -> Option<&Gpu> {
        match &self.engine {
            Which::Cpu(_) => None,
            Which::Gpu(gpu) => Some(gpu),
        }
    }

    /// Whether it may take a subnormal input for zero.
    pub fn flushes(&self) -> bool {
        self.as_gpu().is_some()
    }
}
