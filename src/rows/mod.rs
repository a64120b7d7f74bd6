//! Functions of whole rows: a tensor of `rows × columns` elements, row after row.
//!
//! | function | a row of the input | a row of the result |
//! |---|---|---|
//! | [`Glu`]: GLU, bilinear, ReGLU, GEGLU, SwiGLU, SReGLU, clamped SwiGLU | 2n | n: `g(a)·b` |
//! | [`Maxout`] | k·n | n: the largest of k pieces |
//! | [`crelu`](GateEngine::crelu) | n | 2n: relu of x and of -x |
//! | [`Prelu`] | channels × inner | as many: a slope for each channel |
//! | [`Rrelu`] | any number | as many: a drawn slope for each element |
//!
//! [`GateEngine`] has them over slices, for the CPU and for the GPU; [`Gpu`](crate::Gpu) and [`Batch`](crate::gpu::Batch) over tensors.

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
