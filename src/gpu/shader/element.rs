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
    /// The steps, one after the other, in the names of the inputs, and the outputs' values behind them.
    pub(super) lines: Vec<String>,
    pub(super) values: Vec<String>,
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
                        let derivative = writer.named(derivative, "d0");
                        vec![settled(
                            &format!("grad * {derivative}"),
                            &["grad", &derivative],
                        )]
                    } else {
                        vec![derivative]
                    }
                }
                // Refused before a kernel is made.
                _ => vec![writer.value(0)],
            },
            Task::Both(direction) => {
                outputs.push(Output::Derivative);
                let grad = direction.takes_grad().then_some("grad");
                if grad.is_some() {
                    writer.used.push(Input::Grad);
                }
                vec![writer.value(steps.len()), writer.back(grad, &[]).0]
            }
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

/// A gradient on its way back: factors that are not multiplied yet, because the rule for a zero and an infinity needs to be minded only
/// once for all of them.
#[derive(Default)]
struct Product {
    /// The factors with `*` between them; empty for 1.
    text: String,
    /// Those that may be zero, infinite or NaN.
    factors: Vec<String>,
}

impl Product {
    fn of(factor: String) -> Self {
        Self {
            text: factor.clone(),
            factors: vec![factor],
        }
    }

    fn times(&mut self, factor: &str) {
        self.times_ordinary(factor);
        self.factors.push(factor.to_owned());
    }

    /// By a factor that is neither zero nor infinite nor NaN.
    fn times_ordinary(&mut self, factor: &str) {
        if self.text.is_empty() {
            self.text = factor.to_owned();
        } else {
            self.text = format!("{} * {factor}", self.text);
        }
    }

    fn value(&self) -> String {
        match &self.factors[..] {
            [] if self.text.is_empty() => "F(1.0)".to_owned(),
            [] | [_] => self.text.clone(),
            factors => settled(&self.text, factors),
        }
    }
}

/// A product with the chain rule's answer to a zero and an infinity among its factors.
fn settled(product: &str, factors: &[impl AsRef<str>]) -> String {
    let magnitudes = factors
        .iter()
        .map(|factor| format!("magnitude({})", factor.as_ref()));
    let largest = magnitudes.reduce(|a, b| format!("max({a}, {b})"));
    format!("chain_rule({product}, {})", largest.unwrap_or_default())
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
        let mut product = Product::default();
        if let Some(grad) = grad {
            product.times(grad);
        }
        let mut skipped: Vec<String> = Vec::new();
        let mut contributions = Vec::new();
        for k in (0..self.steps.len()).rev() {
            let operand = self.operands[k].filter(|operand| wanted.contains(operand));
            if let Some(operand) = operand {
                let grad = self.settle(&mut product, k);
                let text = self.contribution(k, &grad);
                contributions.push((operand, self.named(text, &format!("c{operand}"))));
            }
            if matches!(self.steps[k], StepShape::Residual) {
                skipped.push(self.settle(&mut product, k));
            } else {
                self.step_back(k, &mut product);
            }
        }
        let mut result = self.settle(&mut product, self.steps.len());
        for other in skipped {
            result = format!("{result} + {other}");
        }
        (self.named(result, "gx"), contributions)
    }

    /// Multiplies the derivative of step `k` by its value into the product.
    fn step_back(&mut self, k: usize, product: &mut Product) {
        match self.steps[k] {
            StepShape::Activation(source) => {
                let value = self.value(k);
                let derivative = self.call(k, source, "derivative", &value);
                product.times(&self.named(derivative, &format!("d{k}")));
            }
            StepShape::Residual => {}
            StepShape::Number {
                operation,
                ordinary,
            } => self.operation_back(k, operation, ordinary, product),
            StepShape::Memory(operation, _) => self.operation_back(k, operation, false, product),
        }
    }

    /// As `step_back`, of an operation whose operand is `ordinary` where it is known to be neither zero nor infinite nor NaN.
    fn operation_back(
        &mut self,
        k: usize,
        operation: Operation,
        ordinary: bool,
        product: &mut Product,
    ) {
        match operation {
            Operation::Add | Operation::Sub => {}
            Operation::Mul if ordinary => product.times_ordinary(&self.operand(k)),
            Operation::Mul => product.times(&self.operand(k)),
            Operation::Div => {
                let grad = self.settle(product, k);
                let operand = self.operand(k);
                let quotient = if ordinary {
                    format!("{grad} / {operand}")
                } else {
                    format!("quotient_rule({grad}, {operand})")
                };
                *product = Product::of(self.named(quotient, &format!("d{k}")));
            }
            Operation::Max | Operation::Min => {
                let share = self.share(k, operation, false);
                product.times(&self.named(share, &format!("d{k}")));
            }
        }
    }

    /// What the operand of step `k` gets of the gradient behind the step.
    fn contribution(&mut self, k: usize, grad: &str) -> String {
        let (StepShape::Number { operation, .. } | StepShape::Memory(operation, _)) = self.steps[k]
        else {
            return grad.to_owned();
        };
        match operation {
            Operation::Add => grad.to_owned(),
            Operation::Sub => format!("-{grad}"),
            Operation::Mul => {
                let value = self.value(k);
                settled(&format!("{grad} * {value}"), &[grad, &value])
            }
            Operation::Div => {
                let (value, operand) = (self.value(k), self.operand(k));
                let over = |text: &str| format!("quotient_rule({text}, {operand})");
                let first = self.named(over(grad), &format!("q{k}"));
                let second = self.named(over(&value), &format!("r{k}"));
                settled(&format!("-({first} * {second})"), &[&first, &second])
            }
            Operation::Max | Operation::Min => {
                let share = self.share(k, operation, true);
                let share = self.named(share, &format!("s{k}"));
                settled(&format!("{grad} * {share}"), &[grad, &share])
            }
        }
    }

    /// The share of the gradient that goes through a step that takes the larger or the smaller one, or to its operand.
    fn share(&mut self, k: usize, operation: Operation, of_operand: bool) -> String {
        let (value, operand) = (self.value(k), self.operand(k));
        // The smaller one is that whose negative is larger.
        let sign = if operation == Operation::Max { "" } else { "-" };
        let (mine, other) = if of_operand {
            (operand, value)
        } else {
            (value, operand)
        };
        format!("share_of_larger({sign}{mine}, {sign}{other})")
    }

    /// The product's value by a name; from there on it is one factor.
    fn settle(&mut self, product: &mut Product, k: usize) -> String {
        let text = product.value();
        let name = self.named(text, &format!("g{k}"));
        *product = Product::of(name.clone());
        name
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
