//! Functions of whole rows.

mod places;
mod softmax;
mod softmax_loops;
