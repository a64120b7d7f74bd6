//! Functions of whole rows.

mod softmax;
mod softmax_loops;
