//! Recording into compute passes of a program that owns wgpu, and batches: nothing hidden is submitted or made, and nothing outside of the
//! results is touched.

#[path = "../../examples/async_use.rs"]
mod async_example;
mod batches;
#[path = "../../examples/chain.rs"]
mod chain_example;
mod guards;
mod passes;
#[path = "../../examples/recording.rs"]
mod recording_example;
mod refused;
#[macro_use]
#[path = "../support/mod.rs"]
mod support;

use batches::*;
use guards::*;
use libtest_mimic::Trial;
use nonlin::Gpu;
use passes::*;
use refused::*;
use support::claims::{self, IntoCompletion};

fn the_examples_hold(_: &Gpu) -> nonlin::Result<()> {
    chain_example::main()?;
    recording_example::main()?;
    async_example::main()
}

fn main() {
    let trials: Vec<Trial> = claims::trials(claims![
        a_thousand_operations_in_one_pass_make_nothing,
        a_thousand_ranges_make_no_buffer_and_no_pipeline,
        no_byte_outside_of_the_results_changes,
        no_byte_outside_changes_with_operands,
        no_byte_outside_of_the_gradients_changes,
        a_range_longer_than_a_binding_is_split,
        the_programs_own_kernels_stand_beside,
        encoding_makes_a_pass_of_its_own,
        six_operands_fit_a_device_of_default_limits,
        gradients_take_several_kernels_where_one_binds_too_much,
        a_buffer_is_a_tensor_and_a_tensor_a_buffer,
        scratch_of_a_recorded_pass_is_nobodys_tensor,
        what_cannot_be_recorded_is_refused,
        overlaps_are_refused_with_their_ranges,
        a_batch_is_one_submission,
        a_batch_keeps_the_order,
        a_batch_computes_gradients,
        an_error_submits_nothing,
        dropped_tensors_stay_out_of_the_pool_until_the_end,
        dropped_results_serve_again_within_the_batch,
        what_a_batch_uses_waits_for_it,
        batches_within_batches_are_fine_apart,
        batches_of_several_threads_do_not_meet,
        the_examples_hold,
    ]);
    claims::run(trials);
}
