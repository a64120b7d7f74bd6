//! Functions of whole rows.

mod softmax;
mod softmax_loops;
mod softmax_tasks;
