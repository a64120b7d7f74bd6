//! Which functions an option names: a list, `all`, `chapter`, or nothing.

use crate::failure::Failure;
use nonlin::{Activation, Chain, Direction, Function};

/// The functions to run, and whether they are the chapter's own list.
#[derive(Debug)]
pub struct Ops {
    /// The functions, in the order given.
    pub functions: Vec<Chain<'static>>,
    /// Whether the chapter's list was asked for by name.
    pub chapter: bool,
}

/// The functions that the course chapter presents; they stand first in the catalogue.
const CHAPTER: [&str; 12] = [
    "step",
    "piecewise_linear",
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "sigmoid",
    "tanh",
    "gelu",
    "gelu_quick",
    "swish",
    "silu",
];

/// What is run when no function is named: every function of the course chapter, with its standard parameters.
fn standard() -> Vec<Activation> {
    let all = Activation::all().into_iter();
    all.filter(|f| CHAPTER.contains(&f.id())).collect()
}

/// The function as text, without parameters that are the standard ones.
pub fn short_name(f: &dyn Function) -> String {
    let Some(f) = f.activation() else {
        return f.chain().to_string();
    };
    let standard = f.id().parse::<Activation>();
    if standard.is_ok_and(|standard| standard == *f) {
        return f.id().to_owned();
    }
    f.to_string()
}

/// Reads the value of `--ops`.
pub fn parse(text: Option<&str>) -> Result<Ops, Failure> {
    let chains = |all: Vec<Activation>| all.into_iter().map(Chain::from).collect();
    let (functions, chapter) = match text.map(str::trim) {
        None => (chains(standard()), false),
        Some("all") => (chains(Activation::all()), false),
        Some("chapter") => (chains(Activation::chapter()), true),
        Some(list) => (Chain::parse_list(list)?, false),
    };
    Ok(Ops { functions, chapter })
}

/// Reads the value of `--ops` where chains make no sense.
pub fn parse_activations(text: &str) -> Result<Vec<Activation>, Failure> {
    let single = |f: &Chain<'_>| {
        f.activation().cloned().ok_or_else(|| {
            Failure::Usage(format!(
                "\"{f}\" is a chain, which has no bound of its own; here activations are checked, one at a time"
            ))
        })
    };
    parse(Some(text))?.functions.iter().map(single).collect()
}

/// What `--derivative` and `--from-output` ask for, where the function has it.
pub fn direction(
    f: &Chain<'_>,
    derivative: bool,
    from_output: bool,
) -> Result<Direction, nonlin::Error> {
    match (derivative, from_output, f.activation()) {
        (true, ..) => Ok(Direction::Derivative),
        (_, false, _) => Ok(Direction::Forward),
        (_, true, Some(f)) if f.has_derivative_from_output() => Ok(Direction::DerivativeFromOutput),
        (_, true, f) => Err(nonlin::Error::NoDerivativeFromOutput {
            function: f.map_or("a chain", |f| f.id()),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_function_of_the_chapter_is_missing() {
        let functions = parse(None).expect("nothing to misread").functions;
        let ids = functions.iter().filter_map(Function::activation);
        let mut ids: Vec<&str> = ids.map(Activation::id).collect();
        let mut known = CHAPTER;
        ids.sort_unstable();
        known.sort_unstable();
        assert_eq!(ids, known);
    }
}
