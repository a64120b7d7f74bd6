//! The kernels of gated and grouped functions are valid and can be written for every kind of driver. Needs no adapter.

#[path = "support/generators.rs"]
mod generators;

use libtest_mimic::{Arguments, Trial};

fn main() {
    let arguments = Arguments::from_args();
    let kernels = nonlin::gpu::row_kernel_sources();
    let trials = kernels
        .into_iter()
        .map(|(name, source)| Trial::test(name, move || generators::check(&source)));
    libtest_mimic::run(&arguments, trials.collect()).exit()
}
