//! What kernels are compiled for, and the WGSL of each.

use super::element::{Element, Input};
use super::{scalar_lanes, with_library};
use crate::{Activation, Broadcast, Chain, Direction, Operand, Operation, Step};
use std::hash::{Hash, Hasher};

/// The kernel that everything elementwise is put into.
const MAP: &str = include_str!("../../../shaders/kernels/map.wgsl");

/// A kernel as far as it is compiled: two calls that differ in numbers only share one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::gpu) struct Kernel {
    pub(in crate::gpu) steps: Vec<StepShape>,
    pub(in crate::gpu) task: Task,
    pub(in crate::gpu) memory: Memory,
    /// How each of [`inputs`](Self::inputs) is reached.
    pub(in crate::gpu) access: Vec<Access>,
}

/// What is computed of the steps.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::gpu) enum Task {
    Value(Direction),
    /// The same for the f32 whose bits follow one another.
    Sweep(Direction),
    /// The gradient of the input where it is wanted, and what these operands in memory add up for theirs.
    Gradients {
        input: bool,
        operands: Vec<usize>,
    },
}

impl Task {
    /// The gradients of the input and of these operands.
    pub(in crate::gpu) fn gradients(operands: impl IntoIterator<Item = usize>) -> Self {
        Self::Gradients {
            input: true,
            operands: operands.into_iter().collect(),
        }
    }
}

/// A step without its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::gpu) enum StepShape {
    Activation(Source),
    Number(Operation),
    Memory(Operation, Broadcast),
    Residual,
}

/// The shader file of an activation, with what it is compiled for.
#[derive(Clone, Copy)]
pub(in crate::gpu) struct Source {
    pub(in crate::gpu) id: &'static str,
    pub(in crate::gpu) wgsl: &'static str,
    /// Length of the list that the kernel is compiled for, 0 where the function has none.
    pub(in crate::gpu) capacity: u32,
    /// Whether it is written for one element at a time.
    pub(in crate::gpu) scalar: bool,
}

/// How elements lie in the buffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::gpu) enum Memory {
    /// From the beginning of each binding, in whole vectors of four. `whole_rows`: so do rows.
    Vectors { whole_rows: bool },
    /// Anywhere in the bindings, and not a multiple of four.
    Elements,
}

/// How a kernel reaches an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::gpu) enum Access {
    /// A binding that is only read.
    Read,
    /// A binding of its own in a buffer that the kernel also writes: wgpu wants it declared as written.
    ReadBesideOutput,
    /// The place of this output. Also said of the inputs of a sweep, which have no place.
    Output(usize),
}

/// Elements that a kernel writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::gpu) enum Output {
    /// The value asked for; the gradient of the input where gradients are.
    Result,
    /// What the elements add up for the gradient of this operand.
    Operand(usize),
}

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.wgsl, other.wgsl) && self.capacity == other.capacity
    }
}

impl Eq for Source {}

impl Hash for Source {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // A file stands for its text: hashing that at every call would take longer than the call.
        self.wgsl.as_ptr().hash(state);
        self.capacity.hash(state);
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}

impl Source {
    fn new(f: &Activation) -> Self {
        Self {
            id: f.entry().shader_name(),
            wgsl: f.wgsl(),
            capacity: f.capacity(),
            scalar: f.entry().scalar_lanes(),
        }
    }
}

/// The steps of a chain without their numbers.
pub(in crate::gpu) fn shape(chain: &Chain<'_>) -> Vec<StepShape> {
    let step = |step: &Step<'_>| match step {
        Step::Activation(f) => StepShape::Activation(Source::new(f)),
        Step::Combine(operation, Operand::Number(_)) => StepShape::Number(*operation),
        Step::Combine(operation, Operand::Memory(broadcast, _)) => {
            StepShape::Memory(*operation, *broadcast)
        }
        Step::Residual => StepShape::Residual,
    };
    chain.steps().iter().map(step).collect()
}

impl Kernel {
    /// A kernel over tensors that are all different ones.
    pub(in crate::gpu) fn of_tensors(steps: Vec<StepShape>, task: Task) -> Self {
        let access = vec![Access::Read; Element::new(&steps, &task).inputs.len()];
        Self {
            steps,
            task,
            memory: Memory::Vectors { whole_rows: false },
            access,
        }
    }

    /// A name for errors and debuggers.
    pub(in crate::gpu) fn name(&self) -> String {
        let steps: Vec<String> = self
            .steps
            .iter()
            .map(|step| match step {
                StepShape::Activation(source) => source.id.to_owned(),
                StepShape::Number(operation) => operation.name().to_owned(),
                StepShape::Memory(operation, broadcast) => {
                    format!("{} {broadcast}", operation.name())
                }
                StepShape::Residual => "residual".to_owned(),
            })
            .collect();
        let task = match &self.task {
            Task::Value(direction) => direction.name(),
            Task::Sweep(_) => "sweep",
            Task::Gradients { .. } => "gradients",
        };
        format!("{} {task}", steps.join(" | "))
    }

    /// For each binding after the parameters, whether it is declared as written.
    pub(in crate::gpu) fn written_bindings(&self, outputs: usize) -> Vec<bool> {
        let inputs = self.access.iter().filter_map(|access| match access {
            Access::Read => Some(false),
            Access::ReadBesideOutput => Some(true),
            Access::Output(_) => None,
        });
        inputs.chain(std::iter::repeat_n(true, outputs)).collect()
    }

    /// The WGSL of the kernel.
    pub(in crate::gpu) fn source(&self) -> String {
        let element = Element::new(&self.steps, &self.task);
        let scalar = scalar_lanes(&self.steps);
        let text = KernelText {
            kernel: self,
            scalar,
            element: &element,
        };
        let kernel = MAP
            .replace("//@starts", &text.starts())
            .replace("@CONSTANTS", &element.constant_vectors.to_string())
            .replace("//@operands", &text.bindings())
            .replace("//@element", &element.function())
            .replace("@COUNT", &text.count())
            .replace("//@result", &text.result());
        let mut functions: Vec<Source> = Vec::new();
        for step in &self.steps {
            if let StepShape::Activation(source) = step {
                if !functions.iter().any(|known| known.id == source.id) {
                    functions.push(*source);
                }
            }
        }
        let capacity = self.steps.iter().filter_map(|step| match step {
            StepShape::Activation(source) => Some(source.capacity),
            _ => None,
        });
        let capacity = match capacity.max() {
            None | Some(0) => String::new(),
            // A shorter list repeats its last point, so the longest one's room fits all.
            Some(capacity) => format!("const CAPACITY: u32 = {capacity}u;\n"),
        };
        let mut parts = vec![&*capacity];
        parts.extend(functions.iter().map(|source| source.wgsl));
        parts.push(&kernel);
        with_library(&parts, scalar)
    }
}

/// The parts of a kernel's text that depend on where its operands lie.
struct KernelText<'a> {
    kernel: &'a Kernel,
    element: &'a Element,
    /// Whether the mathematics works on one element at a time.
    scalar: bool,
}

impl KernelText<'_> {
    fn elements(&self) -> bool {
        self.kernel.memory == Memory::Elements
    }

    fn whole_rows(&self) -> bool {
        self.kernel.memory == Memory::Vectors { whole_rows: true }
    }

    /// The variable of an input's binding.
    fn variable(&self, input: usize) -> String {
        match self.kernel.access[input] {
            Access::Output(output) => output_variable(self.element.outputs[output]),
            _ => self.element.inputs[input].name(),
        }
    }

    /// Where elements begin in each binding, where that is not its beginning.
    fn starts(&self) -> String {
        if !self.elements() {
            return String::new();
        }
        let bindings = self
            .kernel
            .written_bindings(self.element.outputs.len())
            .len();
        format!("starts: array<vec4<u32>, {}>,", bindings.div_ceil(4))
    }

    fn bindings(&self) -> String {
        let mut names: Vec<(String, Option<Input>)> = Vec::new();
        for (i, input) in self.element.inputs.iter().enumerate() {
            if !matches!(self.kernel.access[i], Access::Output(_)) {
                names.push((input.name(), Some(*input)));
            }
        }
        for output in &self.element.outputs {
            names.push((output_variable(*output), None));
        }
        let written = self.kernel.written_bindings(self.element.outputs.len());
        names
            .iter()
            .zip(written)
            .zip(1..)
            .map(|(((name, input), written), binding)| {
                let access = if written { "read_write" } else { "read" };
                let vectors = match input.and_then(|input| input.broadcast()) {
                    Some(Broadcast::Row) => self.whole_rows(),
                    Some(Broadcast::Scalar | Broadcast::Column) => false,
                    _ => !self.elements(),
                };
                let element = if vectors { "Stored" } else { "f32" };
                format!("@group(0) @binding({binding}) var<storage, {access}> {name}: array<{element}>;\n")
            })
            .collect()
    }

    /// The place of an element's binding among all, for `params.starts`.
    fn start(&self, variable: &str) -> String {
        let mut place = 0;
        for (i, _) in self.element.inputs.iter().enumerate() {
            if matches!(self.kernel.access[i], Access::Output(_)) {
                continue;
            }
            if self.variable(i) == variable {
                break;
            }
            place += 1;
        }
        let outputs = self.element.outputs.iter();
        let is_output = outputs
            .clone()
            .position(|output| output_variable(*output) == variable);
        if let Some(output) = is_output {
            let inputs = self
                .kernel
                .written_bindings(self.element.outputs.len())
                .len();
            place = inputs - self.element.outputs.len() + output;
        }
        format!("params.starts[{}].{}", place / 4, component(place))
    }

    /// Vectors of four that an invocation each computes.
    fn count(&self) -> String {
        let result = output_variable(self.element.outputs[0]);
        if self.elements() {
            format!(
                "(arrayLength(&{result}) - {} + 3u) / 4u",
                self.start(&result)
            )
        } else {
            format!("arrayLength(&{result})")
        }
    }

    /// Loads the inputs, computes, and stores the results.
    fn result(&self) -> String {
        let mut lines = Vec::new();
        let rows = self
            .element
            .inputs
            .iter()
            .any(|input| matches!(input.broadcast(), Some(Broadcast::Row | Broadcast::Column)));
        if rows && self.whole_rows() {
            lines.push("let place = params.base + 4u * i;".to_owned());
            lines.push(
                "let row = quotient(vec4<u32>(place), params.magic, params.shift).x;".to_owned(),
            );
            lines.push("let column = place - row * params.columns;".to_owned());
        } else if rows {
            lines.push("let places = params.base + 4u * i + vec4<u32>(0u, 1u, 2u, 3u);".to_owned());
            lines.push("let rows = quotient(places, params.magic, params.shift);".to_owned());
            lines.push("let columns = places - rows * params.columns;".to_owned());
        }
        let mut arguments = Vec::new();
        for (i, input) in self.element.inputs.iter().enumerate() {
            let name = format!("{}_here", input.name());
            lines.push(format!("let {name} = {};", self.load(i, *input)));
            arguments.push(name);
        }
        let call = |component: &str| {
            let arguments: Vec<String> = arguments
                .iter()
                .map(|a| format!("{a}{component}"))
                .collect();
            format!("element({})", arguments.join(", "))
        };
        let outputs = &self.element.outputs;
        if self.scalar {
            for component in ["x", "y", "z", "w"] {
                lines.push(format!(
                    "let at_{component} = {};",
                    call(&format!(".{component}"))
                ));
            }
        } else {
            lines.push(format!("let all = {};", call("")));
        }
        for output in outputs {
            let field = match outputs.len() {
                1 => String::new(),
                _ => format!(".{}", output_variable(*output)),
            };
            let value = if self.scalar {
                format!("vec4<f32>(at_x{field}, at_y{field}, at_z{field}, at_w{field})")
            } else {
                format!("all{field}")
            };
            self.store(&mut lines, &output_variable(*output), &value);
        }
        lines.join("\n    ")
    }

    fn load(&self, i: usize, input: Input) -> String {
        let variable = self.variable(i);
        let start = || {
            if self.elements() {
                format!("{} + ", self.start(&variable))
            } else {
                String::new()
            }
        };
        match input.broadcast() {
            _ if input == Input::Swept => "swept(i)".to_owned(),
            Some(Broadcast::Scalar) => format!("vec4<f32>({variable}[{}0u])", start()),
            Some(Broadcast::Row) if self.whole_rows() => format!("load({variable}[column / 4u])"),
            Some(Broadcast::Column) if self.whole_rows() => {
                format!("vec4<f32>({variable}[params.base_row + row])")
            }
            Some(Broadcast::Row) => gather(&variable, &start(), "columns"),
            Some(Broadcast::Column) => {
                gather(&variable, &format!("{}params.base_row + ", start()), "rows")
            }
            _ if self.elements() => {
                let at = |k| format!("{variable}[{}4u * i + {k}u]", start());
                format!("vec4<f32>({}, {}, {}, {})", at(0), at(1), at(2), at(3))
            }
            _ => format!("load({variable}[i])"),
        }
    }

    fn store(&self, lines: &mut Vec<String>, variable: &str, value: &str) {
        if !self.elements() {
            lines.push(format!("{variable}[i] = store({value});"));
            return;
        }
        let start = self.start(variable);
        lines.push(format!("let {variable}_first = {start} + 4u * i;"));
        lines.push(format!("let {variable}_value = {value};"));
        for (k, component) in ["x", "y", "z", "w"].iter().enumerate() {
            lines.push(format!(
                "if ({variable}_first + {k}u < arrayLength(&{variable})) {{ {variable}[{variable}_first + {k}u] = {variable}_value.{component}; }}"
            ));
        }
    }
}

/// Four elements at four places.
fn gather(variable: &str, start: &str, places: &str) -> String {
    let at = |component| format!("{variable}[{start}{places}.{component}]");
    format!(
        "vec4<f32>({}, {}, {}, {})",
        at("x"),
        at("y"),
        at("z"),
        at("w")
    )
}

pub(super) fn component(i: usize) -> &'static str {
    ["x", "y", "z", "w"][i % 4]
}

pub(super) fn output_variable(output: Output) -> String {
    match output {
        Output::Result => "result".to_owned(),
        Output::Operand(k) => format!("operand_grad{k}"),
    }
}
