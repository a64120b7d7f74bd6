//! Assembles kernels from the files under `shaders/`.

use crate::{Activation, Direction};
use std::collections::HashSet;

/// The kernel that the operands and the function are put into.
const MAP: &str = include_str!("../../shaders/kernels/map.wgsl");

/// Files that a kernel takes in when it uses something that they declare, in the order that they stand in.
const LIBRARY: &[&str] = &[
    include_str!("../../shaders/math/lanes.wgsl"),
    include_str!("../../shaders/kernels/element_f32.wgsl"),
    include_str!("../../shaders/math/bits.wgsl"),
    include_str!("../../shaders/math/exp.wgsl"),
    include_str!("../../shaders/math/expm1.wgsl"),
    include_str!("../../shaders/math/product_pair.wgsl"),
    include_str!("../../shaders/math/sigmoid.wgsl"),
    include_str!("../../shaders/math/tanh.wgsl"),
    include_str!("../../shaders/math/log.wgsl"),
    include_str!("../../shaders/math/normal_tail.wgsl"),
    include_str!("../../shaders/math/erf.wgsl"),
    include_str!("../../shaders/kernels/chain_rule.wgsl"),
    include_str!("../../shaders/kernels/sweep.wgsl"),
];

/// Which operand has the result in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum InPlace {
    /// The result has a tensor of its own.
    No,
    X,
    Grad,
    /// `x` and `grad` are one tensor, and the result goes there too.
    Both,
}

/// What a kernel computes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kernel<'a> {
    Activation(&'a Activation, Direction),
    /// The same for the f32 whose bits are this number and those that follow.
    Sweep(&'a Activation, Direction, u32),
    /// The result is `x`: the yardstick for the others.
    Copy,
}

impl Kernel<'_> {
    pub(super) fn takes_grad(self) -> bool {
        matches!(self, Self::Activation(_, direction) if direction.takes_grad())
    }

    /// A name for errors and debuggers.
    pub(super) fn name(self) -> (&'static str, Option<Direction>) {
        match self {
            Self::Activation(f, direction) | Self::Sweep(f, direction, _) => {
                (f.id(), Some(direction))
            }
            Self::Copy => ("copy", None),
        }
    }

    /// Length of the list that the kernel is compiled for, 0 where the function has none.
    pub(super) fn capacity(self) -> u32 {
        match self {
            Self::Activation(f, _) | Self::Sweep(f, ..) => f.capacity(),
            Self::Copy => 0,
        }
    }

    /// The bits of the first input, where the inputs are made from the place in the data.
    pub(super) fn swept_from(self) -> Option<u32> {
        match self {
            Self::Sweep(_, _, first) => Some(first),
            _ => None,
        }
    }

    /// The storage buffers that are only read, in the order of their bindings; the written one follows.
    pub(super) fn read_operands(self, in_place: InPlace) -> &'static [&'static str] {
        match (self.takes_grad(), in_place) {
            (false, InPlace::No) | (true, InPlace::Grad) => &["x"],
            (true, InPlace::No) => &["x", "grad"],
            (true, InPlace::X) => &["grad"],
            (false, _) | (true, InPlace::Both) => &[],
        }
    }

    /// The WGSL of the kernel.
    pub(super) fn source(self, in_place: InPlace) -> String {
        let reads = self.read_operands(in_place);
        let mut operands: String = reads
            .iter()
            .zip(1..)
            .map(|(name, binding)| {
                format!("@group(0) @binding({binding}) var<storage, read> {name}: array<Stored>;\n")
            })
            .collect();
        operands += &format!(
            "@group(0) @binding({}) var<storage, read_write> result: array<Stored>;",
            reads.len() + 1
        );
        let operand = |name| {
            let buffer = if reads.contains(&name) {
                name
            } else {
                "result"
            };
            format!("load({buffer}[i])")
        };
        let value = match self {
            Self::Copy => operand("x"),
            Self::Sweep(f, direction, _) => call(f, direction, "swept(i)"),
            Self::Activation(f, direction) => {
                let value = call(f, direction, &operand("x"));
                if direction.takes_grad() {
                    format!("chain_rule({}, {value})", operand("grad"))
                } else {
                    value
                }
            }
        };
        let kernel = MAP
            .replace("//@operands", &operands)
            .replace("//@result", &format!("result[i] = store({value});"));
        let function = match self {
            Self::Activation(f, _) | Self::Sweep(f, ..) => f.wgsl(),
            Self::Copy => "",
        };
        let capacity = match self.capacity() {
            0 => String::new(),
            capacity => format!("const CAPACITY: u32 = {capacity}u;\n"),
        };
        with_library(&[&capacity, function, &kernel])
    }
}

/// The WGSL of the kernel that computes `direction` of `f`, as the driver gets it; empty where `f` has no derivative from its
/// output and that is asked for.
pub fn kernel_source(f: &Activation, direction: Direction) -> String {
    if direction.from_output() && !f.has_derivative_from_output() {
        return String::new();
    }
    Kernel::Activation(f, direction).source(InPlace::No)
}

/// The WGSL of the copy kernel that [`Gpu::time_copy`](crate::Gpu::time_copy) runs.
pub fn copy_kernel_source() -> String {
    Kernel::Copy.source(InPlace::No)
}

/// A call of the function that `direction` needs, with its constants where it takes them.
fn call(f: &Activation, direction: Direction, operand: &str) -> String {
    let form = match direction {
        Direction::Forward => "forward",
        Direction::Derivative | Direction::Backward => "derivative",
        Direction::DerivativeFromOutput | Direction::BackwardFromOutput => "derivative_from_output",
    };
    let name = format!("{}_{form}", f.id());
    match constants_type(f.wgsl(), &name) {
        None => format!("{name}({operand})"),
        Some(structure) => {
            let fields: Vec<String> = (0..field_count(f.wgsl(), structure))
                .map(|i| {
                    let component = ["x", "y", "z", "w"][i % 4];
                    format!("params.constants[{}].{component}", i / 4)
                })
                .collect();
            format!("{name}({operand}, {structure}({}))", fields.join(", "))
        }
    }
}

/// The type of the second parameter of a function.
fn constants_type<'a>(source: &'a str, function: &str) -> Option<&'a str> {
    let (_, after) = source.split_once(&format!("fn {function}("))?;
    let (parameters, _) = after.split_once(')')?;
    let (_, second) = parameters.split_once(',')?;
    let (_, kind) = second.split_once(':')?;
    Some(kind.trim().trim_end_matches(','))
}

fn field_count(source: &str, structure: &str) -> usize {
    let source = without_comments(source);
    let fields = source
        .split_once(&format!("struct {structure} {{"))
        .and_then(|(_, after)| after.split_once('}'));
    fields.map_or(0, |(fields, _)| fields.matches(':').count())
}

/// `parts`, after the files of the library that they need.
fn with_library(parts: &[&str]) -> String {
    let mut needed = vec![false; LIBRARY.len()];
    let mut open: Vec<String> = parts.iter().map(|part| without_comments(part)).collect();
    while let Some(source) = open.pop() {
        let used: HashSet<&str> = identifiers(&source).collect();
        for (file, needed) in LIBRARY.iter().zip(&mut needed) {
            if !*needed && declarations(file).any(|name| used.contains(name)) {
                *needed = true;
                open.push(without_comments(file));
            }
        }
    }
    let library = LIBRARY
        .iter()
        .zip(needed)
        .filter_map(|(file, needed)| needed.then_some(*file));
    let parts = parts.iter().copied().filter(|part| !part.is_empty());
    library.chain(parts).collect::<Vec<_>>().join("\n")
}

/// The names that a file declares: its declarations begin in the first column.
fn declarations(source: &str) -> impl Iterator<Item = &str> {
    source.lines().filter_map(|line| {
        let rest = ["fn ", "const ", "struct ", "alias "]
            .iter()
            .find_map(|keyword| line.strip_prefix(keyword))?;
        identifiers(rest).next()
    })
}

fn identifiers(source: &str) -> impl Iterator<Item = &str> {
    source
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
}

fn without_comments(source: &str) -> String {
    source
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_mathematics_is_in_the_library() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders/math");
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(
                LIBRARY.contains(&text.as_str()),
                "{} is missing in LIBRARY of src/gpu/shader.rs",
                path.display()
            );
        }
    }

    #[test]
    fn a_kernel_holds_what_it_uses_and_nothing_else() {
        let relu = kernel_source(&Activation::relu(), Direction::Derivative);
        assert!(relu.contains("fn nan_of(") && !relu.contains("fn exp_pair("));
        let gelu = kernel_source(&Activation::gelu(), Direction::Forward);
        assert_eq!(gelu.matches("fn exp_pair(").count(), 1);
        assert!(!copy_kernel_source().contains("fn nan_of("));
    }

    #[test]
    fn kernels_in_place_are_valid() {
        let backward = |f: &Activation| {
            for in_place in [InPlace::No, InPlace::X, InPlace::Grad, InPlace::Both] {
                let source = Kernel::Activation(f, Direction::Backward).source(in_place);
                assert!(naga::front::wgsl::parse_str(&source).is_ok(), "{source}");
            }
        };
        Activation::all().iter().for_each(backward);
    }

    #[test]
    fn constants_are_passed_in_the_order_of_the_fields() {
        let leaky = kernel_source(&Activation::leaky_relu(), Direction::Backward);
        assert!(leaky.contains(
            "result[i] = store(chain_rule(load(grad[i]), leaky_relu_derivative(load(x[i]), LeakyRelu(params.constants[0].x))));"
        ));
    }
}
