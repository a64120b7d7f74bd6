//! Functions of whole rows: a tensor of `rows × columns` elements, row after row.

mod engine;
mod glu;
pub(crate) mod places;

pub use engine::GateEngine;
pub use glu::{Gate, Glu};
