//! How elements lie in memory, as WGSL: bindings, loads and stores.

use super::element::{Element, Input};
use super::identifiers;
use super::kernel::{Access, Kernel, Memory, Output, Rows, component, output_variable};
use super::shared::Loads;
use crate::Broadcast;
use crate::gpu::adapter::WORKGROUP;
use std::collections::HashSet;

/// The parts of a kernel's text that depend on where its operands lie.
pub(super) struct Layout<'a> {
    pub(super) kernel: &'a Kernel,
    pub(super) element: &'a Element,
    /// Whether the mathematics works on one element at a time.
    pub(super) scalar: bool,
    /// Whether a kernel with wide numbers stores two vectors at a time. Where much is computed, llvmpipe's compiler orders it better if
    /// each vector is stored at once.
    pub(super) stores_two: bool,
    /// How often a subgroup loads, where its invocations do so together.
    pub(super) times: u32,
    /// How it then does.
    pub(super) loads: Loads,
}

impl Layout<'_> {
    fn elements(&self) -> bool {
        self.kernel.memory == Memory::Elements
    }

    /// How rows lie among the vectors, where there are vectors.
    pub(super) fn rows(&self) -> Option<Rows> {
        match self.kernel.memory {
            Memory::Vectors(rows) => Some(rows),
            Memory::Elements => None,
        }
    }

    /// Whether the invocations of a subgroup load together.
    pub(super) fn is_shared(&self) -> bool {
        self.rows().is_some_and(Rows::is_shared)
    }

    /// Whether rows are whole vectors.
    fn whole_rows(&self) -> bool {
        matches!(self.rows(), Some(Rows::Whole | Rows::Blocks | Rows::Runs)) || self.is_shared()
    }

    /// The variable of an input's binding.
    pub(super) fn variable(&self, input: usize) -> String {
        match self.kernel.access[input] {
            Access::Output(output) => output_variable(self.element.outputs[output]),
            _ => self.own_variable(self.element.inputs[input]),
        }
    }

    /// The variable of a binding that holds an input only.
    fn own_variable(&self, input: Input) -> String {
        if self.is_shared() {
            // The next block is loaded where the name is that of a value.
            format!("all_of_{}", input.name())
        } else {
            input.name()
        }
    }

    /// The variables of the bindings after the parameters, in their order, with the inputs that they hold.
    fn bound(&self) -> Vec<(String, Option<Input>)> {
        let inputs = self.element.inputs.iter().zip(&self.kernel.access);
        let own = inputs.filter(|(_, access)| !matches!(access, Access::Output(_)));
        let outputs = self.element.outputs.iter();
        own.map(|(input, _)| (self.own_variable(*input), Some(*input)))
            .chain(outputs.map(|output| (output_variable(*output), None)))
            .collect()
    }

    /// Where elements begin in each binding, where that is not its beginning.
    pub(super) fn starts(&self) -> String {
        if !self.elements() {
            return String::new();
        }
        format!(
            "starts: array<vec4<u32>, {}>,",
            self.bound().len().div_ceil(4)
        )
    }

    /// Where elements begin in the binding of a variable.
    fn start(&self, variable: &str) -> String {
        let place = self.bound().iter().position(|(name, _)| name == variable);
        let place = place.unwrap_or_default();
        format!("params.starts[{}].{}", place / 4, component(place))
    }

    pub(super) fn bindings(&self) -> String {
        let written = self.kernel.written_bindings(self.element.outputs.len());
        let bound = self.bound().into_iter().zip(written);
        bound
            .zip(1..)
            .map(|(((name, input), written), binding)| {
                let access = if written { "read_write" } else { "read" };
                let vectors = match input.and_then(|input| input.broadcast()) {
                    Some(Broadcast::Row) => self.whole_rows(),
                    Some(Broadcast::Scalar | Broadcast::Column) => false,
                    _ => !self.elements(),
                };
                let element = match vectors {
                    true if self.is_shared() => "Wide",
                    true if self.kernel.wide && (input.is_some() || self.stores_two) => "Wide",
                    true if self.kernel.wide => "Pairs",
                    true => "Stored",
                    false => "f32",
                };
                format!("@group(0) @binding({binding}) var<storage, {access}> {name}: array<{element}>;\n")
            })
            .collect()
    }

    /// Vectors of four in the data.
    fn count(&self) -> String {
        let result = output_variable(self.element.outputs[0]);
        if self.elements() {
            format!(
                "(arrayLength(&{result}) - {} + 3u) / 4u",
                self.start(&result)
            )
        } else if self.stores_two {
            format!("2u * arrayLength(&{result})")
        } else {
            format!("arrayLength(&{result})")
        }
    }

    /// Invocations of a workgroup.
    pub(super) fn invocations(&self) -> u32 {
        if self.is_shared() {
            self.subgroups() * Rows::SHARING
        } else {
            WORKGROUP
        }
    }

    /// Subgroups of a workgroup, where they load together.
    pub(super) fn subgroups(&self) -> u32 {
        Rows::GROUP / Rows::SHARED / self.times
    }

    /// What an invocation is told of its place.
    pub(super) fn place(&self) -> &'static str {
        if self.is_shared() {
            "@builtin(workgroup_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(subgroup_id) subgroup: u32, @builtin(subgroup_invocation_id) lane: u32"
        } else {
            "@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>"
        }
    }

    /// What an invocation does: it finds its place, loads the inputs, computes, and stores the results.
    pub(super) fn body(&self) -> String {
        let mut lines = Vec::new();
        if self.is_shared() {
            self.shared(&mut lines);
            return lines.join("\n    ");
        }
        lines.push(format!(
            "let invocation = id.y * (groups.x * {WORKGROUP}u) + id.x;"
        ));
        match self.rows() {
            Some(Rows::Blocks) => self.block(&mut lines),
            Some(Rows::Runs) => self.run(&mut lines),
            _ => self.vector(&mut lines),
        }
        lines.join("\n    ")
    }

    /// The same four columns of a block of rows.
    fn block(&self, lines: &mut Vec<String>) {
        lines.push("let width = params.columns / 4u;".to_owned());
        lines.push(
            "let block = quotient(vec4<u32>(4u * invocation), params.magic, params.shift).x;"
                .to_owned(),
        );
        lines.push("let column = 4u * (invocation - block * width);".to_owned());
        lines.push(format!("let first_row = {}u * block;", Rows::SEVERAL));
        self.end(lines, "first_row * width");
        let row_operand = |input: &Input| input.broadcast() == Some(Broadcast::Row);
        self.loads(lines, row_operand);
        for k in 0..Rows::SEVERAL {
            lines.push("{".to_owned());
            lines.push(format!("    let row = first_row + {k}u;"));
            lines.push("    let i = row * width + column / 4u;".to_owned());
            self.compute(lines, |input| !row_operand(input));
            lines.push("}".to_owned());
        }
    }

    /// Vectors one after the other, all of one row where there are rows.
    fn run(&self, lines: &mut Vec<String>) {
        lines.push(format!("let first = {}u * invocation;", Rows::SEVERAL));
        self.end(lines, "first");
        let spread = self.has_spread_inputs();
        if spread {
            lines.extend(whole_place("params", "first", "first_column"));
        }
        if self.kernel.wide {
            return self.wide_run(lines);
        }
        for k in 0..Rows::SEVERAL {
            lines.push("{".to_owned());
            lines.push(format!("    let i = first + {k}u;"));
            if spread {
                lines.push(format!("    let column = first_column + 4u * {k}u;"));
            }
            self.compute(lines, |_| true);
            lines.push("}".to_owned());
        }
    }

    /// The vectors of a run, two at a time.
    fn wide_run(&self, lines: &mut Vec<String>) {
        let inputs = &self.element.inputs;
        for k in 0..Rows::SEVERAL / 2 {
            lines.push("{".to_owned());
            lines.push(format!("    let wide = first / 2u + {k}u;"));
            for (i, input) in inputs.iter().enumerate() {
                if self.is_wide(*input) {
                    let place = match input.broadcast() {
                        Some(Broadcast::Row) => format!("first_column / 8u + {k}u"),
                        _ => "wide".to_owned(),
                    };
                    let variable = self.variable(i);
                    let in_place = matches!(self.kernel.access[i], Access::Output(_));
                    let load = if in_place && !self.stores_two {
                        format!("Wide({variable}[2u * wide], {variable}[2u * wide + 1u])")
                    } else {
                        format!("{variable}[{place}]")
                    };
                    lines.push(format!("    let {}_wide = {load};", input.name()));
                }
            }
            let outputs = &self.element.outputs;
            if self.stores_two {
                let declared = outputs
                    .iter()
                    .map(|output| format!("    var {}: vec4<f32>;", first_of_two(*output)));
                lines.extend(declared);
            }
            for (half, name) in ["first_half", "second_half"].into_iter().enumerate() {
                lines.push("    {".to_owned());
                lines.push(format!("        let i = 2u * wide + {half}u;"));
                for input in inputs.iter().filter(|input| self.is_wide(**input)) {
                    let input = input.name();
                    lines.push(format!("        let {input}_here = {name}({input}_wide);"));
                }
                let values = self.values(lines, |input| !self.is_wide(*input));
                for (output, value) in outputs.iter().zip(values) {
                    let (variable, first) = (output_variable(*output), first_of_two(*output));
                    lines.push(match half {
                        _ if !self.stores_two => {
                            format!("        {variable}[i] = pairs({value});")
                        }
                        0 => format!("        {first} = {value};"),
                        _ => format!("        {variable}[wide] = wide_of({first}, {value});"),
                    });
                }
                lines.push("    }".to_owned());
            }
            lines.push("}".to_owned());
        }
    }

    /// Whether the element's lines stand where they are computed, and are not a function.
    fn in_line(&self) -> bool {
        self.is_shared() && !self.scalar
    }

    /// The function of one element, where there is one.
    pub(super) fn function(&self) -> String {
        if self.in_line() {
            String::new()
        } else {
            self.element.function()
        }
    }

    /// Loads, computes, and stores. In line each input is loaded before the first line that needs it, and each result stored behind the last
    /// line that it needs: llvmpipe's compiler would have too few registers for all of them at once, and stores one after the other wait for
    /// memory.
    pub(super) fn loaded_and_stored(
        &self,
        lines: &mut Vec<String>,
        load: impl Fn(&mut Vec<String>, usize, Input),
        store: impl Fn(&mut Vec<String>, usize, &str),
    ) {
        let inputs = self.element.inputs.iter().copied().enumerate();
        if !self.in_line() {
            inputs.for_each(|(i, input)| load(lines, i, input));
            let values = self.values(lines, |_| false);
            for (k, value) in values.iter().enumerate() {
                store(lines, k, value);
            }
            return;
        }
        let mut unloaded: Vec<(usize, Input)> = inputs.collect();
        let load_for = |lines: &mut Vec<String>, unloaded: &mut Vec<(usize, Input)>, text: &str| {
            let words: HashSet<&str> = identifiers(text).collect();
            unloaded.retain(|&(i, input)| {
                let name = input.name();
                let needed = words.contains(name.as_str());
                if needed {
                    load(lines, i, input);
                    lines.push(format!("let {name} = {name}_here;"));
                }
                !needed
            });
        };
        let element = self.element;
        let mut undefined: HashSet<&str> = element
            .lines
            .iter()
            .filter_map(|line| defined(line))
            .collect();
        let mut unstored: Vec<(usize, &str)> = element
            .values
            .iter()
            .map(String::as_str)
            .enumerate()
            .collect();
        for line in &element.lines {
            load_for(lines, &mut unloaded, line);
            lines.push(line.clone());
            if let Some(name) = defined(line) {
                undefined.remove(name);
            }
            unstored.retain(|&(k, value)| {
                let waits = identifiers(value).any(|name| {
                    undefined.contains(name)
                        || unloaded.iter().any(|(_, input)| input.name() == name)
                });
                let overwrites =
                    |(i, _): &(usize, Input)| self.kernel.access[*i] == Access::Output(k);
                let waits = waits || unloaded.iter().any(overwrites);
                if !waits {
                    store(lines, k, value);
                }
                waits
            });
        }
        for &(_, value) in &unstored {
            load_for(lines, &mut unloaded, value);
        }
        for (k, value) in unstored {
            store(lines, k, value);
        }
    }

    /// Whether an input of a kernel with wide numbers is loaded as such.
    pub(super) fn is_wide(&self, input: Input) -> bool {
        let spread = matches!(
            input.broadcast(),
            Some(Broadcast::Scalar | Broadcast::Column)
        );
        input != Input::Swept && !spread
    }

    /// One vector of four anywhere.
    fn vector(&self, lines: &mut Vec<String>) {
        lines.push("let i = invocation;".to_owned());
        self.end(lines, "i");
        if self.has_spread_inputs() {
            if self.rows() == Some(Rows::Whole) {
                lines.extend(whole_place("params", "i", "column"));
            } else {
                lines.extend(SPLIT_PLACE.map(str::to_owned));
            }
        }
        self.compute(lines, |_| true);
    }

    /// Whether an input is spread over rows or columns, so that it matters where they are.
    pub(super) fn has_spread_inputs(&self) -> bool {
        let spread =
            |input: &Input| matches!(input.broadcast(), Some(Broadcast::Row | Broadcast::Column));
        self.element.inputs.iter().any(spread)
    }

    /// Leaves where the vector is behind the end.
    fn end(&self, lines: &mut Vec<String>, vector: &str) {
        lines.push(format!(
            "if ({vector} >= {}) {{\n        return;\n    }}",
            self.count()
        ));
    }

    pub(super) fn loads(&self, lines: &mut Vec<String>, which: impl Fn(&Input) -> bool) {
        let inputs = self.element.inputs.iter().enumerate();
        for (i, input) in inputs.filter(|(_, input)| which(input)) {
            lines.push(format!(
                "let {}_here = {};",
                input.name(),
                self.load(i, *input)
            ));
        }
    }

    /// Loads the inputs that are not loaded yet, computes, and stores the results.
    fn compute(&self, lines: &mut Vec<String>, loads: impl Fn(&Input) -> bool) {
        let values = self.values(lines, loads);
        for (output, value) in self.element.outputs.iter().zip(values) {
            self.store(lines, *output, &value);
        }
    }

    /// Loads the inputs that are not loaded yet, computes, and gives the results.
    fn values(&self, lines: &mut Vec<String>, loads: impl Fn(&Input) -> bool) -> Vec<String> {
        let inputs = &self.element.inputs;
        self.loads(lines, loads);
        let call = |component: &str| {
            let arguments: Vec<String> = inputs
                .iter()
                .map(|input| format!("{}_here{component}", input.name()))
                .collect();
            format!("element({})", arguments.join(", "))
        };
        if self.scalar {
            for component in ["x", "y", "z", "w"] {
                let value = call(&format!(".{component}"));
                lines.push(format!("let at_{component} = {value};"));
            }
        } else {
            lines.push(format!("let all = {};", call("")));
        }
        let outputs = &self.element.outputs;
        let value = |output: &Output| {
            let field = match outputs.len() {
                1 => String::new(),
                _ => format!(".{}", output_variable(*output)),
            };
            if self.scalar {
                format!("vec4<f32>(at_x{field}, at_y{field}, at_z{field}, at_w{field})")
            } else {
                format!("all{field}")
            }
        };
        outputs.iter().map(value).collect()
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
                let block = if self.is_shared() {
                    "immediates"
                } else {
                    "params"
                };
                format!("vec4<f32>({variable}[{block}.base_row + row])")
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

    fn store(&self, lines: &mut Vec<String>, output: Output, value: &str) {
        let variable = &output_variable(output);
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

/// The name that a line gives to a value.
fn defined(line: &str) -> Option<&str> {
    identifiers(line.strip_prefix("let ")?).next()
}

/// The variable of the first of two vectors that are stored at a time.
fn first_of_two(output: Output) -> String {
    format!("{}_first", output_variable(output))
}

/// Where a vector lies that is in one row, with what is known of the rows in `block`.
pub(super) fn whole_place(block: &str, vector: &str, column: &str) -> [String; 3] {
    [
        format!("let place = {block}.base + 4u * {vector};"),
        format!("let row = quotient(vec4<u32>(place), {block}.magic, {block}.shift).x;"),
        format!("let {column} = place - row * {block}.columns;"),
    ]
}

/// Where the elements of a vector lie.
const SPLIT_PLACE: [&str; 3] = [
    "let places = params.base + 4u * i + vec4<u32>(0u, 1u, 2u, 3u);",
    "let rows = quotient(places, params.magic, params.shift);",
    "let columns = places - rows * params.columns;",
];

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
