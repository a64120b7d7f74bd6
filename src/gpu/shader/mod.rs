//! Assembles kernels from the files under `shaders/`.

mod element;
mod kernel;
mod layout;
mod operations;
mod product;
mod shared;
mod sum;

use crate::wgsl::{Lanes, MATH, PARTS};
use crate::{Activation, Chain, Direction};
pub(super) use element::{Element, Input, constant_words};
use kernel::functions_of;
pub(super) use kernel::{
    Access, Kernel, Memory, Output, Rows, Source, StepShape, Task, has_terms_to_merge, shape,
};
pub(super) use product::Product;
use std::collections::HashSet;
pub(super) use sum::Sum;

/// The WGSL of the kernel that computes `direction` of an activation or a chain, as the driver gets it; empty where it has no
/// derivative from its output and that is asked for.
pub fn kernel_source<'a>(f: impl Into<Chain<'a>>, direction: Direction) -> String {
    let chain = f.into();
    let single = chain.single();
    if direction.from_output() && !single.is_some_and(Activation::has_derivative_from_output) {
        return String::new();
    }
    Kernel::of_tensors(shape(&chain), Task::Value(direction)).source()
}

/// The WGSL of the copy kernel that [`Gpu::time_copy`](crate::Gpu::time_copy) runs.
pub fn copy_kernel_source() -> String {
    kernel_source(Chain::new(), Direction::Forward)
}

/// `gate_of` and `gate_slope`: an activation and its derivative, with its constants from the parameter block.
pub(super) fn gate_functions(f: &Activation) -> String {
    let source = Source::new(f);
    let call = |form: &str| {
        let name = format!("{}_{form}", source.id);
        match constants_type(source.wgsl, &name) {
            None => format!("{name}(x)"),
            Some(structure) => {
                let fields: Vec<String> = (0..field_count(source.wgsl, structure))
                    .map(|i| {
                        format!(
                            "params.constants[{}].{}",
                            i / 4,
                            ["x", "y", "z", "w"][i % 4]
                        )
                    })
                    .collect();
                format!("{name}(x, {structure}({}))", fields.join(", "))
            }
        }
    };
    [("gate_of", "forward"), ("gate_slope", "derivative")]
        .map(|(name, form)| format!("fn {name}(x: F) -> F {{\n    return {};\n}}\n", call(form)))
        .concat()
}

/// Whether a kernel of these steps is compiled for one element at a time.
fn scalar_lanes(steps: &[StepShape]) -> bool {
    steps
        .iter()
        .any(|step| matches!(step, StepShape::Activation(source) if source.scalar))
}

/// How many activations of the steps need more of the mathematics than its first file, that about bits.
fn long_activations(steps: &[StepShape]) -> usize {
    let mathematics: HashSet<&str> = MATH[1..]
        .iter()
        .flat_map(|file| declarations(file))
        .collect();
    let long = |step: &&StepShape| match step {
        StepShape::Activation(source) => {
            let text = without_comments(source.wgsl);
            identifiers(&text).any(|name| mathematics.contains(name))
        }
        _ => false,
    };
    steps.iter().filter(long).count()
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
pub(super) fn with_library(parts: &[&str], scalar: bool) -> String {
    let files: Vec<&str> = PARTS.iter().chain(MATH).copied().collect();
    let mut needed = vec![false; files.len()];
    let mut open: Vec<String> = parts.iter().map(|part| without_comments(part)).collect();
    while let Some(source) = open.pop() {
        let used: HashSet<&str> = identifiers(&source).collect();
        for (file, needed) in files.iter().zip(&mut needed) {
            if !*needed && declarations(file).any(|name| used.contains(name)) {
                *needed = true;
                open.push(without_comments(file));
            }
        }
    }
    let library = files
        .iter()
        .zip(needed)
        .filter_map(|(file, needed)| needed.then_some(*file));
    let parts = parts.iter().copied().filter(|part| !part.is_empty());
    let lanes = if scalar { Lanes::Scalar } else { Lanes::Vec4 };
    std::iter::once(lanes.file())
        .chain(library)
        .chain(parts)
        .collect::<Vec<_>>()
        .join("\n")
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
    use crate::gpu::adapter::STAGED_BYTES;
    use crate::{Operand, Operation};

    #[test]
    fn a_kernel_holds_what_it_uses_and_nothing_else() {
        let relu = kernel_source(Activation::relu(), Direction::Derivative);
        assert!(relu.contains("fn nan_of(") && !relu.contains("fn exp_pair("));
        let gelu = kernel_source(Activation::gelu(), Direction::Forward);
        assert_eq!(gelu.matches("fn exp_pair(").count(), 1);
        assert!(!copy_kernel_source().contains("fn nan_of("));
    }

    /// Chains that have every kind of step.
    fn chains() -> Vec<Vec<StepShape>> {
        let operand = vec![1.0_f32; 4];
        let row = |operation| Chain::new().combine(operation, Operand::row(&operand));
        let mut all: Vec<Chain> = Activation::all().iter().map(Chain::from).collect();
        all.push(Chain::new());
        all.push(
            "scale(0.5) | offset(1) | gelu | sub(1) | div(3) | max(0) | min(1) | residual"
                .parse()
                .unwrap(),
        );
        all.push(Chain::new().residual().then(Activation::gelu()).residual());
        for operation in Operation::ALL {
            all.push(
                row(operation)
                    .then(Activation::silu())
                    .combine(operation, (&operand).into()),
            );
            let column = Chain::new().combine(operation, Operand::column(&operand));
            all.push(
                column
                    .combine(operation, Operand::scalar(&operand[..1]))
                    .residual(),
            );
        }
        // Two functions with the same helpers, and one twice.
        all.push(
            Chain::new()
                .then(Activation::gelu())
                .then(Activation::gelu())
                .then(Activation::mish()),
        );
        all.push(
            "piecewise_linear | piecewise_linear(points=[0:0, 1:1, 2:0], left=0, right=0)"
                .parse()
                .unwrap(),
        );
        all.iter().map(shape).collect()
    }

    #[test]
    fn kernels_are_valid_however_their_operands_lie() {
        for steps in chains() {
            let operands = steps
                .iter()
                .filter(|step| matches!(step, StepShape::Memory(..)))
                .count();
            for task in [
                Task::Value(Direction::Forward),
                Task::Value(Direction::Derivative),
                Task::Value(Direction::Backward),
                Task::Both(Direction::Derivative),
                Task::Both(Direction::Backward),
                Task::gradients(0..operands),
            ] {
                let inputs = Element::new(&steps, &task).inputs.len();
                let mut places = vec![
                    vec![Access::Read; inputs],
                    vec![Access::ReadBesideOutput; inputs],
                ];
                let spread = |i: &usize| {
                    let broadcast = Element::new(&steps, &task).inputs[*i].broadcast();
                    !matches!(broadcast, None | Some(crate::Broadcast::Full))
                };
                for i in (0..inputs).filter(|i| !spread(i)) {
                    let mut one = places[0].clone();
                    one[i] = Access::Output(0);
                    places.push(one);
                }
                for memory in [
                    Memory::Vectors(Rows::Blocks),
                    Memory::Vectors(Rows::Runs),
                    Memory::Vectors(Rows::Shared),
                    Memory::Vectors(Rows::SharedRow),
                    Memory::Vectors(Rows::SharedBands),
                    Memory::Vectors(Rows::Whole),
                    Memory::Vectors(Rows::Split),
                    Memory::Elements,
                ] {
                    for (access, wide) in places.iter().flat_map(|at| [(at, false), (at, true)]) {
                        if wide && memory != Memory::Vectors(Rows::Runs) {
                            continue;
                        }
                        let kernel = Kernel {
                            steps: steps.clone(),
                            task: task.clone(),
                            memory,
                            access: access.clone(),
                            wide,
                        };
                        let shared = matches!(memory, Memory::Vectors(rows) if rows.is_shared());
                        for staged in [false, true].into_iter().take(1 + usize::from(shared)) {
                            let source = kernel.source_with(staged);
                            let module = naga::front::wgsl::parse_str(&source)
                                .map_err(|error| error.emit_to_string(&source));
                            assert!(module.is_ok(), "{}\n{source}", module.unwrap_err());
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn blocks_are_loaded_ahead_where_registers_suffice() {
        let is_ahead = |f: Activation, direction: Direction| {
            let steps = shape(&Chain::from(f));
            let task = Task::Value(direction);
            let inputs = Element::new(&steps, &task).inputs.len();
            let kernel = Kernel {
                steps,
                task,
                memory: Memory::Vectors(Rows::Shared),
                access: vec![Access::Read; inputs],
                wide: true,
            };
            kernel.source_with(false).contains("var loaded_0")
        };
        assert!(is_ahead(Activation::gelu(), Direction::Forward));
        assert!(is_ahead(Activation::sigmoid(), Direction::Backward));
        // Too many operations.
        assert!(!is_ahead(Activation::telu(), Direction::Derivative));
        assert!(!is_ahead(Activation::relu(), Direction::Forward));
    }

    /// What is staged in one place is read before the next is staged there, and each place is in the array.
    #[test]
    fn what_is_staged_is_read_before_its_place_is_taken() {
        let operand = vec![1.0_f32; 4];
        let layer = Chain::new()
            .add_row(&operand)
            .then(Activation::gelu())
            .mul(&operand[..]);
        // As many operands as there may be: all full, and all rows.
        let most = |f: fn(&[f32]) -> Operand<'_>| {
            (0..6).fold(Chain::new(), |chain, _| {
                chain.combine(Operation::Mul, f(&operand))
            })
        };
        let chains = [layer, most(|x| x.into()), most(|x| Operand::row(x))];
        let tasks = [Task::Value(Direction::Backward), Task::gradients([0, 1])];
        for (layer, task) in chains
            .iter()
            .flat_map(|chain| tasks.iter().map(move |task| (chain, task)))
        {
            for rows in [Rows::Shared, Rows::SharedRow, Rows::SharedBands] {
                let steps = shape(layer);
                let inputs = Element::new(&steps, task).inputs.len();
                let kernel = Kernel {
                    steps,
                    task: task.clone(),
                    memory: Memory::Vectors(rows),
                    access: vec![Access::Read; inputs],
                    wide: true,
                };
                let source = kernel.source_with(true);
                let number = |text: &str| -> usize {
                    let digits = text.split(|c: char| !c.is_ascii_digit()).next();
                    digits.and_then(|digits| digits.parse().ok()).unwrap()
                };
                let (_, size) = source.split_once("array<u64, ").unwrap();
                let size = number(size);
                assert!(8 * size <= STAGED_BYTES as usize, "{size}");
                // For each place whether it was written since the compiler was last told not to know it, and whether it was read.
                let mut new = HashSet::new();
                let mut known = HashSet::new();
                let mut reads = 0;
                for line in source.lines().map(str::trim) {
                    if let Some(call) = line.strip_prefix("stage(") {
                        assert!(number(call) + 4 <= size - 8, "{line}");
                        known.remove(&number(call));
                        new.insert(number(call));
                    } else if line == "end_of_stage();" {
                        known.extend(new.drain());
                    } else if let Some((_, call)) = line.split_once("= floats_of_staged(") {
                        let places = (number(call)..).step_by(4).take(4);
                        assert!(
                            places.into_iter().all(|place| known.contains(&place)),
                            "{source}"
                        );
                        reads += 1;
                    }
                }
                assert!(reads >= 2 * inputs, "{reads}");
            }
        }
    }

    #[test]
    fn a_backward_pass_reads_what_it_needs_only() {
        let values = [1.0, 2.0, 3.0, 4.0];
        let chain = Chain::new()
            .add_row(&values)
            .then(Activation::relu())
            .add(&values[..]);
        let element = Element::new(&shape(&chain), &Task::Value(Direction::Backward));
        assert_eq!(
            element.inputs,
            [
                Input::X,
                Input::Grad,
                Input::Operand(0, crate::Broadcast::Row)
            ]
        );
        let gradients = Element::new(&shape(&chain), &Task::gradients([0, 1]));
        let scalar = Chain::new()
            .add(Operand::scalar(&values[..1]))
            .then(Activation::relu());
        let scalar = Element::new(&shape(&scalar), &Task::gradients([0]));
        // It adds up what the input's gradient is.
        assert_eq!(
            (scalar.outputs, scalar.same_as_input),
            (vec![Output::Result], vec![0])
        );
        assert_eq!(gradients.outputs, [Output::Result, Output::Operand(1)]);
    }

    #[test]
    fn constants_are_passed_in_the_order_of_the_fields() {
        let leaky = kernel_source(Activation::leaky_relu(), Direction::Backward);
        assert!(
            leaky.contains("leaky_relu_derivative(x, LeakyRelu(params.constants[0].x))"),
            "{leaky}"
        );
        let two: Chain = "scale(2) | leaky_relu".parse().unwrap();
        let two = kernel_source(two, Direction::Forward);
        assert!(
            two.contains("leaky_relu_forward(v1, LeakyRelu(params.constants[1].x))"),
            "{two}"
        );
    }
}
