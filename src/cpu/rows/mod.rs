//! Functions of whole rows.

mod places;
mod softmax;
mod softmax_backward;
mod softmax_forward;
mod softmax_tasks;
mod softmax_vectors;
