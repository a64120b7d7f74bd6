#![doc = include_str!("../README.md")]
#![allow(
    clippy::excessive_precision,
    reason = "constants keep the digits of their source, so that they can be compared with it"
)]

mod activation;
mod chain;
pub mod cpu;
mod custom;
pub mod dense;
mod direction;
mod engine;
#[cfg(not(target_arch = "wasm32"))]
mod engines;
mod error;
pub mod gpu;
mod large_pages;
mod math;
mod reference;
pub mod rows;
pub mod wgsl;

pub use activation::{Activation, ErrorBound, Family, Metadata, Parameter, Points, Referee};
pub use chain::{Broadcast, Chain, Function, Operand, Operation, Step, Values};
pub use custom::{CustomFunction, SourcePlace};
pub use direction::Direction;
pub use engine::{Engine, Gradients, engine};
#[cfg(not(target_arch = "wasm32"))]
pub use engines::{Engines, Share};
pub use error::{Error, Result};
pub use gpu::{Gpu, Tensor};
pub use large_pages::zeros;
