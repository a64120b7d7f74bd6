//! Dense layers on every engine, against f64.

mod case;
mod engines;
#[path = "../../examples/dense.rs"]
mod example;
#[macro_use]
#[path = "../support/mod.rs"]
mod support;
mod tensors;

use engines::*;
use libtest_mimic::{Completion, Failed, Trial};
use nonlin::Gpu;
use nonlin::cpu::{Cpu, Isa};
use nonlin::dense::DenseEngine;
use std::sync::Arc;
use support::adapters::{Adapter, adapters};
use support::claims::{self, IntoCompletion};
use tensors::*;

fn the_example_learns(_: &Gpu) -> nonlin::Result<()> {
    example::main()
}

/// A claim of every engine.
type Check = fn(&dyn DenseEngine) -> Result<(), Failed>;

/// An engine, or why there is none.
type Opened = Result<Arc<dyn DenseEngine>, Adapter>;

fn main() {
    let checks: [(&str, Check); 8] = [
        ("results_are_right", results_are_right),
        ("gradients_are_right", gradients_are_right),
        (
            "gradients_are_those_of_finite_differences",
            gradients_are_those_of_finite_differences,
        ),
        ("only_what_is_wanted_is_there", only_what_is_wanted_is_there),
        (
            "an_empty_batch_gives_nothing_and_no_gradient",
            an_empty_batch_gives_nothing_and_no_gradient,
        ),
        ("bits_are_the_same_again", bits_are_the_same_again),
        ("a_layer_is_its_parts", a_layer_is_its_parts),
        (
            "wrong_lengths_are_refused_with_the_numbers",
            wrong_lengths_are_refused_with_the_numbers,
        ),
    ];
    let mut trials = claims::trials(claims![
        ranges_of_one_buffer_are_layers_too,
        results_over_inputs_are_refused,
        one_network_is_one_batch,
        the_function_is_in_the_kernel_of_the_product,
        a_matrix_has_to_fit_one_binding,
        a_product_may_take_several_rows_of_groups,
        custom_functions_follow_a_product,
        the_example_learns,
    ]);
    let mut engines: Vec<(String, Opened)> = Vec::new();
    for &isa in Isa::available() {
        let name = isa.name().to_ascii_lowercase().replace(['-', '+'], "_");
        match Cpu::new().with_isa(isa) {
            Ok(cpu) => engines.push((format!("cpu_{name}"), Ok(Arc::new(cpu)))),
            Err(error) => panic!("{name}: {error}"),
        }
    }
    for adapter in adapters() {
        engines.push(match adapter {
            Adapter::Open { gpu, name } => (name, Ok(Arc::new(gpu))),
            other => ("gpu".to_owned(), Err(other)),
        });
    }
    for (engine, state) in &engines {
        for (name, check) in checks {
            let name = format!("{engine}::{name}");
            trials.push(match state.clone() {
                Ok(engine) => Trial::test(name, move || check(&*engine)),
                Err(Adapter::Excused(reason)) => {
                    Trial::ignorable_test(name, || Ok(Completion::ignored_with(reason)))
                }
                Err(Adapter::Missing(reason)) => Trial::test(name, || Err(reason.into())),
                Err(Adapter::Open { .. }) => continue,
            });
        }
    }
    claims::run(trials);
}
