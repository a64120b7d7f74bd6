//! What the test programs share: the engines under test, inputs, and how results are compared.

// Each test program uses its own part of this.
#![allow(dead_code)]

pub mod adapters;
#[macro_use]
pub mod claims;
pub mod compare;
pub mod foreign;
// The program checks the same sets.
#[path = "../../cli/src/check/parameters.rs"]
pub mod parameters;
pub mod sample;

use adapters::{Adapter, adapters, again, say};
use libtest_mimic::{Completion, Failed, Trial};
use nonlin::cpu::{Cpu, Isa};
use nonlin::{Direction, Engine, Engines, Gpu};
use std::sync::Arc;

/// One engine that is tested: an instruction set of the CPU or an adapter of the machine.
#[derive(Clone)]
pub struct Subject {
    name: String,
    /// The adapter where it is one.
    adapter: Option<Gpu>,
    state: State,
}

#[derive(Clone)]
enum State {
    Ready {
        engine: Arc<dyn Engine>,
        /// An adapter may take a subnormal input for zero.
        flushes: bool,
    },
    /// Why there is no engine.
    Missing(String),
    /// Why there is to be none.
    Excused(String),
}

/// What a trial gets to work with.
pub struct Tested<'a> {
    pub engine: &'a dyn Engine,
    pub flushes: bool,
}

impl Subject {
    /// The name in trials.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A trial on this engine: it fails where the engine is missing.
    pub fn trial(
        &self,
        claim: &str,
        run: impl FnOnce(&Tested) -> Result<(), Failed> + Send + 'static,
    ) -> Trial {
        let name = format!("{}::{claim}", self.name);
        match self.state.clone() {
            State::Ready { engine, flushes } => Trial::test(name, move || {
                let engine = &*engine;
                run(&Tested { engine, flushes })
            }),
            State::Missing(reason) => Trial::test(name, move || Err(reason.into())),
            State::Excused(reason) => {
                Trial::ignorable_test(name, || Ok(Completion::ignored_with(reason)))
            }
        }
    }
}

/// Every engine of this machine. Prints them.
pub fn subjects() -> Vec<Subject> {
    let cpus = Isa::available().iter().map(|&isa| cpu(isa));
    cpus.chain(adapters().into_iter().map(gpu)).collect()
}

/// These, and the adapters where invocations load together once more, where they do so from the first element on.
pub fn with_sharing(mut subjects: Vec<Subject>) -> Vec<Subject> {
    for k in 0..subjects.len() {
        let Subject { name, adapter, .. } = &subjects[k];
        let Some(plain) = adapter else { continue };
        if plain.info().shared_loads.is_some() {
            let name = format!("{name}_sharing");
            let adapter = match again(plain).share_loads_from(1).build() {
                Ok(gpu) => Adapter::Open { gpu, name },
                Err(error) => Adapter::Missing(error.to_string()),
            };
            subjects.push(gpu(adapter));
        }
    }
    subjects
}

/// These, and all of them as one engine that cuts even short slices.
pub fn with_all_as_one(mut subjects: Vec<Subject>) -> Vec<Subject> {
    let ready: Vec<(Arc<dyn Engine>, bool)> = subjects
        .iter()
        .filter_map(|subject| match &subject.state {
            State::Ready { engine, flushes } => Some((engine.clone(), *flushes)),
            _ => None,
        })
        .collect();
    let flushes = ready.iter().any(|(_, flushes)| *flushes);
    let state = match Engines::new(ready.into_iter().map(|(engine, _)| engine)) {
        Ok(engines) => State::Ready {
            engine: Arc::new(engines.min_piece(16)),
            flushes,
        },
        Err(error) => State::Missing(error.to_string()),
    };
    subjects.push(Subject {
        name: "all_as_one".to_owned(),
        adapter: None,
        state,
    });
    subjects
}

fn cpu(isa: Isa) -> Subject {
    let state = match Cpu::new().with_isa(isa) {
        Ok(cpu) => {
            say(&format!("cpu {}: {}", isa.name(), cpu.description()));
            State::Ready {
                engine: Arc::new(cpu),
                flushes: false,
            }
        }
        Err(error) => State::Missing(error.to_string()),
    };
    let name = isa.name().to_ascii_lowercase().replace(['-', '+'], "_");
    Subject {
        name: format!("cpu_{name}"),
        adapter: None,
        state,
    }
}

fn gpu(adapter: Adapter) -> Subject {
    let without = |state| Subject {
        name: "gpu".to_owned(),
        adapter: None,
        state,
    };
    match adapter {
        Adapter::Open { gpu, name } => Subject {
            name,
            adapter: Some(gpu.clone()),
            state: State::Ready {
                engine: Arc::new(gpu),
                flushes: true,
            },
        },
        Adapter::Missing(reason) => without(State::Missing(reason)),
        Adapter::Excused(reason) => without(State::Excused(reason)),
    }
}

/// The directions that `f` has.
pub fn directions(f: &nonlin::Activation) -> impl Iterator<Item = Direction> + use<> {
    let from_output = f.has_derivative_from_output();
    Direction::ALL
        .into_iter()
        .filter(move |direction| from_output || !direction.from_output())
}

/// Computes `direction` of `f` over `x`.
pub fn compute(
    tested: &Tested,
    f: &nonlin::Activation,
    direction: Direction,
    x: &[f32],
    grad: Option<&[f32]>,
) -> Result<Vec<f32>, Failed> {
    // A value that no function gives by accident, so that an element left out shows.
    let mut out = vec![f32::from_bits(0x7e57_7e57); x.len()];
    tested
        .engine
        .compute(f, direction, x, grad, &mut out)
        .map_err(|error| format!("{f} {direction}: {error}"))?;
    Ok(out)
}
