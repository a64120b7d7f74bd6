//! Which functions an option names: a list, `all`, `chapter`, or nothing.

use crate::failure::Failure;
use nonlin::Activation;

/// The functions to run, and whether they are the chapter's own list.
#[derive(Debug)]
pub struct Ops {
    /// The functions, in the order given.
    pub functions: Vec<Activation>,
    /// Whether the chapter's list was asked for by name.
    pub chapter: bool,
}

/// What is run when no function is named: every function of the course chapter.
fn standard() -> Vec<Activation> {
    Activation::chapter()
}

/// Reads the value of `--ops`.
pub fn parse(text: Option<&str>) -> Result<Ops, Failure> {
    let (functions, chapter) = match text.map(str::trim) {
        None => (standard(), false),
        Some("all") => (Activation::all(), false),
        Some("chapter") => (Activation::chapter(), true),
        Some(list) => (Activation::parse_list(list)?, false),
    };
    Ok(Ops { functions, chapter })
}
