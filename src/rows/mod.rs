//! Functions of whole rows: a tensor of `rows × columns` elements, row after row.

mod engine;
mod glu;
mod maxout;
pub(crate) mod places;
mod prelu;
mod rrelu;
mod softmax;

pub use engine::GateEngine;
pub(crate) use engine::check_crelu;
pub use glu::{Gate, Glu};
pub use maxout::Maxout;
pub use prelu::Prelu;
pub use rrelu::Rrelu;
pub(crate) use rrelu::threefry;
pub(crate) use softmax::Constants;
pub use softmax::{Softmax, SoftmaxEngine, SoftmaxKind};
