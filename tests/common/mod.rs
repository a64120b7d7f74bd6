//! What the tests on GPUs share: a trial for each claim on each adapter of the machine.

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
        &[$($crate::common::Claim {
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

impl IntoCompletion for nonlin::Result<()> {
    fn into_completion(self) -> Result<Completion, Failed> {
        self.map(|()| Completion::Completed).map_err(Failed::from)
    }
}

impl IntoCompletion for Completion {
    fn into_completion(self) -> Result<Completion, Failed> {
        Ok(self)
    }
}

/// Whether the tests that need a GPU are to be left out, visibly.
pub fn without_gpu() -> bool {
    std::env::var("NONLIN_TEST_NO_GPU").is_ok_and(|value| value == "1")
}

/// The trials of all claims on all adapters. Without an adapter they fail.
pub fn trials(claims: &'static [Claim]) -> Vec<Trial> {
    if without_gpu() {
        let ignored = |claim: &Claim| {
            Trial::ignorable_test(claim.name, || {
                Ok(Completion::ignored_with("NONLIN_TEST_NO_GPU is 1"))
            })
        };
        return claims.iter().map(ignored).collect();
    }
    let mut trials = Vec::new();
    for gpu in Gpu::builder().build_all() {
        match gpu {
            Ok(gpu) => {
                println!("adapter: {}", gpu.info());
                for claim in claims {
                    let name = format!("{}::{}", adapter_name(&gpu), claim.name);
                    let gpu = gpu.clone();
                    trials.push(Trial::ignorable_test(name, move || (claim.check)(&gpu)));
                }
            }
            Err(error) => {
                let text = error.to_string();
                for claim in claims {
                    let text = text.clone();
                    trials.push(Trial::test(claim.name, move || Err(text.into())));
                }
            }
        }
    }
    trials
}

/// `vulkan_llvmpipe`, for names of trials.
fn adapter_name(gpu: &Gpu) -> String {
    let info = gpu.info();
    let name = info.name.to_lowercase();
    let known = ["llvmpipe", "swiftshader"];
    let short = known.into_iter().find(|known| name.contains(known));
    let short = short.map_or_else(|| name.replace([' ', ':'], "_"), str::to_owned);
    format!("{}_{short}", info.backend)
}

/// Runs the trials, one after another: they share the adapters, and an OpenGL context cannot be waited for forever.
pub fn run(trials: Vec<Trial>) -> ! {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(1);
    libtest_mimic::run(&arguments, trials).exit()
}
