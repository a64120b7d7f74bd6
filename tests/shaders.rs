//! Every kernel is valid and can be written for every kind of driver: SPIR-V, Metal, DX12, OpenGL ES 3.1. Needs no adapter.

#[path = "support/generators.rs"]
mod generators;

use generators::check;
use libtest_mimic::{Arguments, Trial};
use nonlin::gpu::{copy_kernel_source, kernel_source};
use nonlin::{Activation, Direction};

fn trial(name: String, source: String) -> Trial {
    Trial::test(name, move || check(&source))
}

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = vec![trial("copy".to_owned(), copy_kernel_source())];
    for f in Activation::all() {
        for direction in Direction::ALL {
            let name = format!("{}::{direction}", f.id());
            let source = kernel_source(&f, direction);
            if source.is_empty() {
                let refused = direction.from_output() && !f.has_derivative_from_output();
                trials.push(Trial::test(format!("{name}_does_not_exist"), move || {
                    if refused {
                        Ok(())
                    } else {
                        Err("the kernel is empty".into())
                    }
                }));
            } else {
                trials.push(trial(name, source));
            }
        }
    }
    libtest_mimic::run(&arguments, trials).exit()
}
