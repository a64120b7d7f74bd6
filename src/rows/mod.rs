//! Functions of whole rows: a tensor of `rows × columns` elements, row after row.

mod softmax;

pub(crate) use softmax::Constants;
pub use softmax::{Softmax, SoftmaxEngine, SoftmaxKind};
