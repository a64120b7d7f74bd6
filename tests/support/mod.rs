//! What the test programs share: the engines under test, inputs, and how results are compared.

// Each test program uses its own part of this.
#![allow(dead_code)]

pub mod compare;
pub mod parameters;
pub mod sample;

use libtest_mimic::{Completion, Failed, Trial};
use nonlin::cpu::{Cpu, Isa};
use nonlin::{Direction, Engine, Gpu};
use std::sync::Arc;

/// Set to 1, the GPU's trials are ignored, visibly; without it they fail where there is no adapter.
const NO_GPU: &str = "NONLIN_TEST_NO_GPU";

/// One engine that is tested: an instruction set of the CPU or an adapter of the machine.
#[derive(Clone)]
pub struct Subject {
    name: String,
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
    /// The GPU was asked to be left out.
    Excused,
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
            State::Excused => Trial::ignorable_test(name, || {
                Ok(Completion::ignored_with(format!("{NO_GPU} is 1")))
            }),
        }
    }
}

/// Every engine of this machine. Prints them once.
pub fn subjects() -> Vec<Subject> {
    let mut all: Vec<Subject> = Isa::available().iter().map(|&isa| cpu(isa)).collect();
    all.extend(gpus());
    if !std::env::args().any(|argument| argument == "--list") {
        for subject in &all {
            match &subject.state {
                State::Ready { engine, .. } => {
                    println!("{}: {}", subject.name, engine.description())
                }
                State::Missing(reason) => println!("{}: {reason}", subject.name),
                State::Excused => println!("{}: left out, {NO_GPU} is 1", subject.name),
            }
        }
    }
    all
}

fn cpu(isa: Isa) -> Subject {
    let name = slug(&format!("cpu {}", isa.name()));
    let state = match Cpu::new().with_isa(isa) {
        Ok(cpu) => State::Ready {
            engine: Arc::new(cpu),
            flushes: false,
        },
        Err(error) => State::Missing(error.to_string()),
    };
    Subject { name, state }
}

/// Every adapter of the machine (where `NONLIN_ADAPTER` is set, those that fit it); never none.
fn gpus() -> Vec<Subject> {
    let mut all: Vec<Subject> = Vec::new();
    if std::env::var_os(NO_GPU).is_some_and(|value| value == "1") {
        return vec![Subject {
            name: "gpu".to_owned(),
            state: State::Excused,
        }];
    }
    for opened in Gpu::builder().build_all() {
        let (mut name, state) = match opened {
            Ok(gpu) => (
                slug(&format!("{} {}", gpu.info().backend, gpu.info().name)),
                State::Ready {
                    engine: Arc::new(gpu),
                    flushes: true,
                },
            ),
            Err(error) => (
                "gpu".to_owned(),
                State::Missing(format!("{error}; {NO_GPU}=1 leaves the GPU's trials out")),
            ),
        };
        // Two cards of one kind have one name.
        let same = all
            .iter()
            .filter(|subject| subject.name.starts_with(&name))
            .count();
        if same > 0 {
            name = format!("{name}_{}", same + 1);
        }
        all.push(Subject { name, state });
    }
    all
}

/// Letters and digits, words joined by underscores; nothing of what is in brackets.
fn slug(text: &str) -> String {
    let text = text
        .split('(')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join("_")
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
