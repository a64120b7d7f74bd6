//! The `nonlin` program.
fn main() {}
