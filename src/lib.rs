#![doc = include_str!("../README.md")]
#![allow(
    clippy::excessive_precision,
    reason = "constants keep the digits of their source, so that they can be compared with it"
)]

mod activation;
pub mod cpu;
mod direction;
mod engine;
mod error;
pub mod gpu;
mod math;
mod reference;

pub use activation::{Activation, ErrorBound, Family, Metadata, Parameter, Points, Referee};
pub use direction::Direction;
pub use engine::{Engine, engine};
pub use error::{Error, Result};
pub use gpu::{Gpu, Tensor};
