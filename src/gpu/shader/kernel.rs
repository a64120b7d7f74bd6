//! What kernels are compiled for, and the WGSL of each.

use super::element::{Element, Input};
use super::layout::Layout;
use super::operations::operations;
use super::shared::{Loads, is_staged, with_staged};
use super::{long_activations, scalar_lanes, with_library};
use crate::gpu::adapter::WORKGROUP;
use crate::wgsl::{MAP, MATH};
use crate::{Activation, Broadcast, Chain, Direction, Operand, Operation, Step};
use std::borrow::Cow;
use std::hash::{Hash, Hasher};

/// A kernel as far as it is compiled: two calls that differ in numbers only share one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::gpu) struct Kernel {
    pub(in crate::gpu) steps: Vec<StepShape>,
    pub(in crate::gpu) task: Task,
    pub(in crate::gpu) memory: Memory,
    /// How each of [`inputs`](Self::inputs) is reached.
    pub(in crate::gpu) access: Vec<Access>,
    /// Whether two vectors are loaded and stored at a time, in [`Rows::Runs`].
    pub(in crate::gpu) wide: bool,
}

/// What is computed of the steps.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::gpu) enum Task {
    Value(Direction),
    /// The same for the f32 whose bits follow one another.
    Sweep(Direction),
    /// The function's value, and its derivative or the gradient of the input.
    Both(Direction),
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
    /// With a number. An `ordinary` one is neither zero nor infinite nor NaN: a product with it needs no care.
    Number {
        operation: Operation,
        ordinary: bool,
    },
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
    /// From the beginning of each binding, in whole vectors of four.
    Vectors(Rows),
    /// Anywhere in the bindings, and not a multiple of four.
    Elements,
}

/// How rows lie among vectors of four, where an operand is spread over rows or columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::gpu) enum Rows {
    /// They may begin within a vector. Also said where no operand is spread over rows or columns.
    Split,
    /// They are whole vectors.
    Whole,
    /// They are whole vectors, and the elements are whole blocks of rows: an invocation computes the same four columns of several rows,
    /// which load an operand that is spread over rows once ([`MemoryOrder::Neighbours`](super::super::MemoryOrder)).
    Blocks,
    /// They are a multiple of several vectors, or there are none and the elements are: an invocation computes so many, one after the other ([`MemoryOrder::Runs`](super::super::MemoryOrder)).
    Runs,
    /// As `Runs`, where the invocations of a subgroup load together ([`Info::shared_loads`](super::super::Info::shared_loads)).
    Shared,
    /// As `Shared`, where all that a subgroup computes is of one row.
    SharedRow,
    /// As `Shared`, where the elements are cut into [bands](Self::BANDS) of as many rows, and a subgroup computes the same columns of a row of each: what is spread
    /// over rows is loaded once for them, and what they add up for it is added up before it is stored ([`Kernel::is_merged`]).
    SharedBands,
}

/// Operations of a kernel of so many inputs and outputs up to which it loads the next block before it stores its last result. What it computes meanwhile needs registers,
/// of which there are 16.
fn most_operations_ahead(inputs: usize, outputs: usize) -> usize {
    match (inputs, outputs) {
        (1, 1) => 84,
        (2, 1) => 54,
        (1 | 2, 2) => 150,
        _ => 0,
    }
}

impl Rows {
    /// Vectors of an invocation where it computes several.
    pub(in crate::gpu) const SEVERAL: u32 = 4;

    /// Invocations of a subgroup that loads together.
    pub(in crate::gpu) const SHARING: u32 = 8;

    /// Elements that it loads at a time, which are of one row where there are rows.
    pub(in crate::gpu) const SHARED: u32 = 4 * Self::SHARING;

    /// Elements of a workgroup of such subgroups. It costs 90 ns more than the subgroups.
    pub(in crate::gpu) const GROUP: u32 = 64 * Self::SHARED;

    /// How often a subgroup loads at least, so that a workgroup has no more than 256 invocations, and at most.
    const TIMES: [u32; 2] = [2, 8];

    /// Bands that rows are cut into.
    pub(in crate::gpu) const BANDS: u32 = 4;

    /// Elements of a subgroup at most.
    pub(in crate::gpu) const SUBGROUP: u32 = Self::SHARED * Self::TIMES[1];

    /// Whether the invocations of a subgroup load together.
    pub(in crate::gpu) fn is_shared(self) -> bool {
        matches!(self, Self::Shared | Self::SharedRow | Self::SharedBands)
    }

    /// Vectors of which an invocation computes none or all.
    pub(in crate::gpu) fn vectors(self) -> u32 {
        match self {
            Self::Split | Self::Whole | Self::Shared | Self::SharedRow | Self::SharedBands => 1,
            Self::Blocks | Self::Runs => Self::SEVERAL,
        }
    }

    /// Elements of a workgroup.
    pub(in crate::gpu) fn group(self) -> u32 {
        if self.is_shared() {
            Self::GROUP
        } else {
            4 * self.vectors() * WORKGROUP
        }
    }
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
    /// The derivative or the gradient of the input beside the value.
    Derivative,
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
    pub(in crate::gpu) fn new(f: &Activation) -> Self {
        Self {
            id: f.entry().shader_name(),
            wgsl: f.wgsl(),
            capacity: f.capacity(),
            scalar: f.entry().scalar_lanes(),
        }
    }
}

/// Whether the terms that the same columns of several rows have for the gradient of such an operand may be added up at once.
pub(in crate::gpu) fn has_terms_to_merge(broadcast: Broadcast) -> bool {
    matches!(broadcast, Broadcast::Row | Broadcast::Scalar)
}

/// The steps of a chain without their numbers.
pub(in crate::gpu) fn shape(chain: &Chain<'_>) -> Vec<StepShape> {
    let step = |step: &Step<'_>| match step {
        Step::Activation(f) => StepShape::Activation(Source::new(f)),
        Step::Combine(operation, Operand::Number(number)) => StepShape::Number {
            operation: *operation,
            ordinary: number.is_finite() && *number != 0.0,
        },
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
            memory: Memory::Vectors(Rows::Split),
            access,
            wide: false,
        }
    }

    /// A name for errors and debuggers.
    pub(in crate::gpu) fn name(&self) -> String {
        let steps: Vec<String> = self
            .steps
            .iter()
            .map(|step| match step {
                StepShape::Activation(source) => source.id.to_owned(),
                StepShape::Number { operation, .. } => operation.name().to_owned(),
                StepShape::Memory(operation, broadcast) => {
                    format!("{} {broadcast}", operation.name())
                }
                StepShape::Residual => "residual".to_owned(),
            })
            .collect();
        let task = match &self.task {
            Task::Value(direction) => direction.name(),
            Task::Sweep(_) => "sweep",
            Task::Both(_) => "forward and backward",
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

    /// Whether an output holds one term for the rows that are computed at once.
    pub(super) fn is_merged(&self, output: Output) -> bool {
        let Output::Operand(operand) = output else {
            return false;
        };
        let mut operands = self.steps.iter().filter_map(|step| match step {
            StepShape::Memory(_, broadcast) => Some(*broadcast),
            _ => None,
        });
        self.memory == Memory::Vectors(Rows::SharedBands)
            && operands.nth(operand).is_some_and(has_terms_to_merge)
    }

    /// How often a subgroup loads that does so together: a subgroup alone costs 40 ns, but the instructions for all of it stand one after the other and
    /// should not be longer than a processor's first cache of them.
    fn times(&self, element: &Element, long_activations: usize) -> u32 {
        let evaluations = match self.task {
            Task::Value(direction) if !direction.takes_grad() => 1,
            _ => 2,
        };
        let chain_rule = usize::from(element.inputs.contains(&Input::Grad));
        // What llvmpipe makes of eight elements, roughly.
        let instructions = 64 * (element.inputs.len() + element.outputs.len())
            + 90 * evaluations * long_activations
            + 30 * chain_rule;
        let most = (1900 / instructions).max(1) as u32;
        let [mut least, limit] = Rows::TIMES;
        if self.memory == Memory::Vectors(Rows::SharedBands) {
            least = Rows::BANDS;
        }
        (1 << most.ilog2()).clamp(least, limit)
    }

    /// How the kernel's subgroups load, where they do so together, and whether that may be by workgroup memory.
    fn loads(&self, element: &Element, functions: &[Cow<'static, str>], staged: bool) -> Loads {
        if !matches!(self.memory, Memory::Vectors(rows) if rows.is_shared()) {
            return Loads::WhereNeeded;
        }
        if staged {
            return Loads::Staged;
        }
        let (inputs, outputs) = (element.inputs.len(), element.outputs.len());
        let files = MATH
            .iter()
            .copied()
            .chain(functions.iter().map(|file| &**file));
        let text = [&element.lines[..], &element.values[..]]
            .concat()
            .join("\n");
        let few = operations(&text, files) <= most_operations_ahead(inputs, outputs);
        if few && long_activations(&self.steps) > 0 {
            Loads::Ahead
        } else {
            Loads::WhereNeeded
        }
    }

    /// The WGSL of the kernel.
    pub(in crate::gpu) fn source(&self) -> String {
        self.source_with(is_staged())
    }

    /// The same, of a kernel that may load by workgroup memory or not.
    pub(super) fn source_with(&self, staged: bool) -> String {
        let element = Element::new(&self.steps, &self.task);
        let scalar = scalar_lanes(&self.steps);
        let long = long_activations(&self.steps);
        let functions = functions_of(&self.steps);
        let layout = Layout {
            kernel: self,
            scalar,
            element: &element,
            stores_two: self.wide && long == 0,
            times: self.times(&element, long),
            loads: self.loads(&element, &functions, staged),
        };
        let kernel = MAP
            .replace("//@starts", &layout.starts())
            .replace("@CONSTANTS", &element.constant_vectors.to_string())
            .replace("//@operands", &layout.bindings())
            .replace("//@element", &layout.function())
            .replace("@INVOCATIONS", &layout.invocations().to_string())
            .replace("//@place", layout.place())
            .replace("//@body", &layout.body());
        let mut parts: Vec<&str> = functions.iter().map(|text| &**text).collect();
        parts.push(&kernel);
        let text = with_library(&parts, scalar);
        with_staged(&text, layout.all_staged())
    }
}

/// The files of the steps' activations, each once, after what they are compiled for.
pub(super) fn functions_of(steps: &[StepShape]) -> Vec<Cow<'static, str>> {
    let mut functions: Vec<Source> = Vec::new();
    for step in steps {
        if let StepShape::Activation(source) = step {
            if !functions.iter().any(|known| known.id == source.id) {
                functions.push(*source);
            }
        }
    }
    let capacity = steps.iter().filter_map(|step| match step {
        StepShape::Activation(source) => Some(source.capacity),
        _ => None,
    });
    let capacity = match capacity.max() {
        None | Some(0) => Cow::Borrowed(""),
        // A shorter list repeats its last point, so the longest one's room fits all.
        Some(capacity) => Cow::Owned(format!("const CAPACITY: u32 = {capacity}u;\n")),
    };
    let files = functions.iter().map(|source| Cow::Borrowed(source.wgsl));
    std::iter::once(capacity).chain(files).collect()
}

pub(super) fn component(i: usize) -> &'static str {
    ["x", "y", "z", "w"][i % 4]
}

pub(super) fn output_variable(output: Output) -> String {
    match output {
        Output::Result => "result".to_owned(),
        Output::Derivative => "derivative".to_owned(),
        Output::Operand(k) => format!("operand_grad{k}"),
    }
}
