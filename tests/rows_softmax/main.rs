//! softmax and its relatives on every engine: values and gradients against f64, rows that are not finite, shapes, splitting, errors.

mod engines;
mod exact;
#[path = "../support/generators.rs"]
mod generators;
#[path = "../../examples/softmax.rs"]
mod softmax_example;
#[path = "../support/mod.rs"]
mod support;
mod tensors;

use engines::CLAIMS;
use exact::*;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use nonlin::cpu::{Cpu, Isa};
use nonlin::rows::{Softmax, SoftmaxEngine};
use std::sync::Arc;
use support::adapters::{Adapter, adapters};
use tensors::GPU_CLAIMS;

/// A claim with its name.
type Claim<E> = (&'static str, fn(&E) -> Result<(), Failed>);

fn threads_do_not_change_the_bits() -> Result<(), Failed> {
    let one = Cpu::with_threads(1)?;
    for (rows, columns) in [(1, 1_000_003), (3, 200_000), (500, 300), (1, 32_768)] {
        let (x, grad) = (inputs(rows, columns), grads(rows * columns));
        for f in &FUNCTIONS {
            let y = one.softmax(f, &x, columns)?;
            let dx = one.softmax_backward(f, &y, &grad, columns)?;
            for threads in [2, 3, 5] {
                let cpu = Cpu::with_threads(threads)?;
                same_bits(&y, &cpu.softmax(f, &x, columns)?)?;
                same_bits(&dx, &cpu.softmax_backward(f, &y, &grad, columns)?)?;
            }
        }
    }
    Ok(())
}

fn masked_long_rows_are_as_short_ones() -> Result<(), Failed> {
    let columns = 100_000;
    let x = vec![f32::NEG_INFINITY; columns];
    for threads in [1, 2] {
        let cpu = Cpu::with_threads(threads)?;
        let f = Softmax::log_softmax();
        assert!(cpu.softmax(&f, &x, columns)?.iter().all(|y| y.is_nan()));
        let f = f.zero_for_masked_rows(true);
        let y = cpu.softmax(&f, &x, columns)?;
        assert!(y.iter().all(|&y| y == 0.0));
        let dx = cpu.softmax_backward(&f, &y, &vec![2.0; columns], columns)?;
        assert!(dx.iter().all(|&dx| dx == 0.0));
        let mut one_nan = x.clone();
        one_nan[77_777] = f32::NAN;
        assert!(
            cpu.softmax(&f, &one_nan, columns)?
                .iter()
                .all(|y| y.is_nan())
        );
    }
    Ok(())
}

fn kernels_can_be_written_for_every_driver() -> Result<(), Failed> {
    let sources = nonlin::gpu::softmax_kernel_sources();
    assert!(sources.len() > 100);
    for (name, source) in sources {
        generators::check(&source).map_err(|error| format!("{name}: {error:?}"))?;
    }
    Ok(())
}

fn main() {
    let mut arguments = Arguments::from_args();
    // They share the adapters, and an OpenGL context cannot be waited for forever.
    arguments.test_threads.get_or_insert(1);
    let mut trials = vec![
        Trial::test(
            "cpu::threads_do_not_change_the_bits",
            threads_do_not_change_the_bits,
        ),
        Trial::test(
            "cpu::masked_long_rows_are_as_short_ones",
            masked_long_rows_are_as_short_ones,
        ),
        Trial::test(
            "kernels_can_be_written_for_every_driver",
            kernels_can_be_written_for_every_driver,
        ),
        Trial::test("the_example_holds", || Ok(softmax_example::main()?)),
    ];
    for &isa in Isa::available() {
        let name = isa.name().to_ascii_lowercase().replace(['-', '+'], "_");
        for (claim, check) in CLAIMS {
            trials.push(Trial::test(format!("cpu_{name}::{claim}"), move || {
                check(&Cpu::new().with_isa(isa)?)
            }));
        }
    }
    for adapter in adapters() {
        let claims = || {
            CLAIMS
                .map(|(claim, _)| claim)
                .into_iter()
                .chain(GPU_CLAIMS.map(|(claim, _)| claim))
        };
        match adapter {
            Adapter::Open { gpu, name } => {
                let gpu = Arc::new(gpu);
                for (claim, check) in CLAIMS {
                    let gpu = Arc::clone(&gpu);
                    trials.push(Trial::test(format!("{name}::{claim}"), move || {
                        check(&*gpu)
                    }));
                }
                for (claim, check) in GPU_CLAIMS {
                    let gpu = Arc::clone(&gpu);
                    trials.push(Trial::test(format!("{name}::{claim}"), move || check(&gpu)));
                }
            }
            Adapter::Missing(reason) => trials.extend(claims().map(|claim| {
                let reason = reason.clone();
                Trial::test(format!("gpu::{claim}"), move || Err(reason.into()))
            })),
            Adapter::Excused(reason) => trials.extend(claims().map(|claim| {
                let reason = reason.clone();
                Trial::ignorable_test(format!("gpu::{claim}"), || {
                    Ok(Completion::ignored_with(reason))
                })
            })),
        }
    }
    libtest_mimic::run(&arguments, trials).exit()
}
