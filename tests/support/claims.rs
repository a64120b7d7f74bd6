//! A trial for each claim about the GPU engine on each adapter of the machine.

use super::adapters::{Adapter, adapters};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use nonlin::Gpu;

/// A claim that holds on every adapter.
pub struct Claim {
    pub name: &'static str,
    pub check: fn(&Gpu) -> Result<Completion, Failed>,
}

/// Makes a claim of a function that returns nothing and panics where it does not hold.
#[macro_export]
macro_rules! claims {
    ($($name:ident),* $(,)?) => {
        &[$($crate::support::claims::Claim {
            name: stringify!($name),
            check: |gpu| $name(gpu).into_completion(),
        }),*]
    };
}

/// What the functions behind claims may return.
pub trait IntoCompletion {
    fn into_completion(self) -> Result<Completion, Failed>;
}

impl IntoCompletion for () {
    fn into_completion(self) -> Result<Completion, Failed> {
        Ok(Completion::Completed)
    }
}

impl<T: IntoCompletion> IntoCompletion for nonlin::Result<T> {
    fn into_completion(self) -> Result<Completion, Failed> {
        self?.into_completion()
    }
}

impl IntoCompletion for Completion {
    fn into_completion(self) -> Result<Completion, Failed> {
        Ok(self)
    }
}

/// The trials of all claims on all adapters.
pub fn trials(claims: &'static [Claim]) -> Vec<Trial> {
    let mut trials = Vec::new();
    for adapter in adapters() {
        for claim in claims {
            trials.push(match adapter.clone() {
                Adapter::Open { gpu, name } => {
                    let name = format!("{name}::{}", claim.name);
                    Trial::ignorable_test(name, move || (claim.check)(&gpu))
                }
                Adapter::Missing(reason) => Trial::test(claim.name, || Err(reason.into())),
                Adapter::Excused(reason) => {
                    Trial::ignorable_test(claim.name, || Ok(Completion::ignored_with(reason)))
                }
            });
        }
    }
    trials
}

/// Runs the trials, one after another: they share the adapters, and an OpenGL context cannot be waited for forever.
pub fn run(trials: Vec<Trial>) -> ! {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(1);
    libtest_mimic::run(&arguments, trials).exit()
}
