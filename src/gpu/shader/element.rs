//! What a kernel computes of one element: the steps of a chain as WGSL, and for gradients the way back through them.

use super::kernel::{Output, Source, StepShape, Task, component, output_variable};
use super::{constants_type, field_count};
use crate::activation::CONSTANTS;
use crate::{Broadcast, Direction, Operation};

/// Elements that a kernel reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::gpu) enum Input {
    /// The inputs, or for the directions from the output the outputs.
    X,
    /// Inputs made from the place in the data: no binding.
    Swept,
    /// The gradient of the result.
    Grad,
    /// An operand in memory.
    Operand(usize, Broadcast),
}

impl Input {
    /// The name in the kernel.
    pub(super) fn name(self) -> String {
        match self {
            Self::X | Self::Swept => "x".to_owned(),
            Self::Grad => "grad".to_owned(),
            Self::Operand(k, _) => format!("operand{k}"),
        }
    }

    /// How it is spread over the elements.
    pub(in crate::gpu) fn broadcast(self) -> Option<Broadcast> {
        match self {
            Self::Operand(_, broadcast) => Some(broadcast),
            _ => None,
        }
    }
}

/// The function of one element.
pub(in crate::gpu) struct Element {
    pub(in crate::gpu) inputs: Vec<Input>,
    pub(in crate::gpu) outputs: Vec<Output>,
    /// Length of `params.constants`.
    pub(super) constant_vectors: usize,
    /// The operands whose contributions are those of the input's gradient, so that they are not written again.
    pub(in crate::gpu) same_as_input: Vec<usize>,
    lines: Vec<String>,
    values: Vec<String>,
}

/// Constants of one step in the parameter block, in words: vectors of four.
pub(in crate::gpu) fn constant_words(step: &StepShape) -> usize {
    match step {
        StepShape::Activation(_) => CONSTANTS,
        StepShape::Number { .. } => 4,
        _ => 0,
    }
}

/// Writes the steps' text, and keeps what it needs.
struct Writer<'a> {
    steps: &'a [StepShape],
    /// For each step, the word where its constants begin.
    words: Vec<usize>,
    /// For each step, which operand in memory it has.
    operands: Vec<Option<usize>>,
    /// Values behind the steps that are written, the first of them the input.
    written: usize,
    used: Vec<Input>,
    lines: Vec<String>,
    swept: bool,
}

impl Element {
    pub(in crate::gpu) fn new(steps: &[StepShape], task: &Task) -> Self {
        let mut words = Vec::new();
        let (mut word, mut count) = (0, 0);
        let mut operands = Vec::new();
        for step in steps {
            words.push(word);
            word += constant_words(step);
            operands.push(matches!(step, StepShape::Memory(..)).then_some(count));
            count += usize::from(matches!(step, StepShape::Memory(..)));
        }
        let mut writer = Writer {
            steps,
            words,
            operands,
            written: 0,
            used: Vec::new(),
            lines: Vec::new(),
            swept: matches!(task, Task::Sweep(_)),
        };
        let mut outputs = vec![Output::Result];
        let mut same_as_input = Vec::new();
        let values = match task {
            Task::Value(direction) | Task::Sweep(direction) => match (direction, steps) {
                (Direction::Forward, _) => vec![writer.value(steps.len())],
                (Direction::Derivative, _) => vec![writer.back(None, &[]).0],
                (Direction::Backward, _) => {
                    writer.used.push(Input::Grad);
                    vec![writer.back(Some("grad"), &[]).0]
                }
                (_, [StepShape::Activation(source)]) => {
                    let y = writer.value(0);
                    let derivative = writer.call(0, *source, "derivative_from_output", &y);
                    if direction.takes_grad() {
                        writer.used.push(Input::Grad);
                        vec![format!("chain_rule(grad, {derivative})")]
                    } else {
                        vec![derivative]
                    }
                }
                // Refused before a kernel is made.
                _ => vec![writer.value(0)],
            },
            Task::Gradients { input, operands } => {
                writer.used.push(Input::Grad);
                let (grad, contributions) = writer.back(Some("grad"), operands);
                let mut values = Vec::new();
                outputs.clear();
                if *input {
                    outputs.push(Output::Result);
                    values.push(grad.clone());
                }
                for (operand, value) in contributions {
                    if *input && value == grad {
                        same_as_input.push(operand);
                    } else {
                        outputs.push(Output::Operand(operand));
                        values.push(value);
                    }
                }
                values
            }
        };
        let mut inputs = writer.used;
        inputs.sort_by_key(|input| match input {
            Input::X | Input::Swept => 0,
            Input::Grad => 1,
            Input::Operand(k, _) => 2 + k,
        });
        inputs.dedup();
        Self {
            inputs,
            outputs,
            constant_vectors: (word / 4).max(1),
            same_as_input,
            lines: writer.lines,
            values,
        }
    }

    /// The WGSL of it, a function `element` of the inputs.
    pub(super) fn function(&self) -> String {
        let parameters: Vec<String> = self
            .inputs
            .iter()
            .map(|input| format!("{}: F", input.name()))
            .collect();
        let names: Vec<String> = self
            .outputs
            .iter()
            .map(|output| output_variable(*output))
            .collect();
        let (structure, kind, result) = match &self.values[..] {
            [value] => (String::new(), "F", value.clone()),
            values => {
                let fields: Vec<String> = names
                    .iter()
                    .map(|name| format!("    {name}: F,\n"))
                    .collect();
                let structure = format!("struct Results {{\n{}}}\n\n", fields.concat());
                (
                    structure,
                    "Results",
                    format!("Results({})", values.join(", ")),
                )
            }
        };
        let lines: String = self
            .lines
            .iter()
            .map(|line| format!("    {line}\n"))
            .collect();
        format!(
            "{structure}fn element({}) -> {kind} {{\n{lines}    return {result};\n}}",
            parameters.join(", ")
        )
    }
}

impl Writer<'_> {
    /// The value behind `count` steps.
    fn value(&mut self, count: usize) -> String {
        while self.written < count {
            let k = self.written;
            let before = self.name(k);
            let text = match self.steps[k] {
                StepShape::Activation(source) => self.call(k, source, "forward", &before),
                StepShape::Residual => {
                    let x = self.x();
                    format!("{before} + {x}")
                }
                StepShape::Number { operation, .. } | StepShape::Memory(operation, _) => {
                    let operand = self.operand(k);
                    match operation {
                        Operation::Add => format!("{before} + {operand}"),
                        Operation::Sub => format!("{before} - {operand}"),
                        Operation::Mul => format!("{before} * {operand}"),
                        Operation::Div => format!("{before} / {operand}"),
                        Operation::Max => format!("larger({before}, {operand})"),
                        Operation::Min => format!("smaller({before}, {operand})"),
                    }
                }
            };
            self.written += 1;
            self.lines.push(format!("let v{} = {text};", self.written));
        }
        self.name(count)
    }

    fn name(&mut self, count: usize) -> String {
        match count {
            0 => self.x(),
            _ => format!("v{count}"),
        }
    }

    fn x(&mut self) -> String {
        self.used
            .push(if self.swept { Input::Swept } else { Input::X });
        "x".to_owned()
    }

    /// The gradient of the input, and what is added up for the gradients of the wanted operands. Without `grad`, which stands for 1, it is
    /// the derivative.
    fn back(&mut self, grad: Option<&str>, wanted: &[usize]) -> (String, Vec<(usize, String)>) {
        let mut grad = grad.map(str::to_owned);
        let mut skipped: Vec<String> = Vec::new();
        let mut contributions = Vec::new();
        for k in (0..self.steps.len()).rev() {
            let wants = self.operands[k].is_some_and(|operand| wanted.contains(&operand));
            let g = grad.clone().unwrap_or_else(|| "F(1.0)".to_owned());
            let mut contribution = None;
            let ordinary = matches!(self.steps[k], StepShape::Number { ordinary: true, .. });
            let next = match self.steps[k] {
                StepShape::Activation(source) => {
                    let value = self.value(k);
                    let derivative = self.call(k, source, "derivative", &value);
                    match grad {
                        None => derivative,
                        Some(_) => format!("chain_rule({g}, {derivative})"),
                    }
                }
                StepShape::Residual => {
                    skipped.push(g);
                    continue;
                }
                StepShape::Number { operation, .. } | StepShape::Memory(operation, _) => {
                    match operation {
                        Operation::Add => {
                            contribution = wants.then_some(g.clone());
                            g
                        }
                        Operation::Sub => {
                            contribution = wants.then(|| format!("-{g}"));
                            g
                        }
                        Operation::Mul => {
                            contribution =
                                wants.then(|| format!("chain_rule({g}, {})", self.value(k)));
                            match grad {
                                None => self.operand(k),
                                Some(_) if ordinary => format!("{g} * {}", self.operand(k)),
                                Some(_) => format!("chain_rule({g}, {})", self.operand(k)),
                            }
                        }
                        Operation::Div => {
                            let operand = self.operand(k);
                            contribution = wants.then(|| {
                            let value = self.value(k);
                            format!("-chain_rule(quotient_rule({g}, {operand}), quotient_rule({value}, {operand}))")
                        });
                            if ordinary {
                                format!("{g} / {operand}")
                            } else {
                                format!("quotient_rule({g}, {operand})")
                            }
                        }
                        Operation::Max | Operation::Min => {
                            let (value, operand) = (self.value(k), self.operand(k));
                            // The smaller one is that whose negative is larger.
                            let sign = if operation == Operation::Max { "" } else { "-" };
                            let share = |mine: &str, other: &str| {
                                format!(
                                    "chain_rule({g}, share_of_larger({sign}{mine}, {sign}{other}))"
                                )
                            };
                            let (mine, theirs) = (share(&value, &operand), share(&operand, &value));
                            contribution = wants.then_some(theirs);
                            mine
                        }
                    }
                }
            };
            if let (Some(text), Some(operand)) = (contribution, self.operands[k]) {
                contributions.push((operand, self.named(text, &format!("c{operand}"))));
            }
            grad = Some(self.named(next, &format!("g{k}")));
        }
        let mut result = grad.unwrap_or_else(|| "F(1.0)".to_owned());
        for other in skipped {
            result = format!("{result} + {other}");
        }
        let result = self.named(result, "gx");
        (result, contributions)
    }

    /// A line that gives a text a name, where it has none yet.
    fn named(&mut self, text: String, name: &str) -> String {
        if text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return text;
        }
        self.lines.push(format!("let {name} = {text};"));
        name.to_owned()
    }

    /// The second operand of a step.
    fn operand(&mut self, k: usize) -> String {
        match (self.steps[k], self.operands[k]) {
            (StepShape::Memory(_, broadcast), Some(operand)) => {
                let input = Input::Operand(operand, broadcast);
                self.used.push(input);
                input.name()
            }
            _ => format!("F({})", self.constant(self.words[k])),
        }
    }

    fn constant(&self, word: usize) -> String {
        format!("params.constants[{}].{}", word / 4, component(word))
    }

    /// A call of an activation's function, with its constants where it takes them.
    fn call(&self, k: usize, source: Source, form: &str, operand: &str) -> String {
        let name = format!("{}_{form}", source.id);
        match constants_type(source.wgsl, &name) {
            None => format!("{name}({operand})"),
            Some(structure) => {
                let fields: Vec<String> = (0..field_count(source.wgsl, structure))
                    .map(|i| self.constant(self.words[k] + i))
                    .collect();
                format!("{name}({operand}, {structure}({}))", fields.join(", "))
            }
        }
    }
}
