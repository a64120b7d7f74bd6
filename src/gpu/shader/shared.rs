//! Kernels of subgroups that load together: how they load, the blocks that they compute, and how they store.

use super::element::Input;
use super::kernel::{Access, Output, Rows, component, output_variable};
use super::layout::{Layout, whole_place};
use crate::Broadcast;
use std::cell::Cell;
use std::ops::Range;

/// How subgroups that load together do: what suits the compiler of llvmpipe for the processor that it runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loads {
    /// Each input of a block where it is first needed.
    WhereNeeded,
    /// So, but the first input of the next block before the last result is stored: what is computed then stands among loads, and its steps need not wait
    /// for each other.
    Ahead,
    /// All inputs of the next block before the first result is stored, by way of workgroup memory (`shaders/kernels/staged.wgsl`). It takes no registers,
    /// and from there a lane's numbers are one load.
    Staged,
}

/// Whether loads are staged where subgroups load together: where llvmpipe's code has AVX-512, which a variable of Mesa's takes from it. All takes 6 to 25 % less then. With
/// AVX2 only what computes little does, by 7 to 14 %; most else takes 7 to 20 % more, because its compiler then stores and loads more vectors for want of registers.
pub(super) fn is_staged() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        is_x86_feature_detected!("avx512vl")
            && std::env::var_os("GALLIUM_OVERRIDE_CPU_CAPS").is_none()
    }
    #[cfg(not(target_arch = "x86_64"))]
    false
}

impl Layout<'_> {
    /// What the invocations of a subgroup compute that loads together: of each block of [`Rows::SHARED`] elements one vector each.
    pub(super) fn shared(&self, lines: &mut Vec<String>) {
        let all = Rows::SHARING * self.times;
        let wide = Rows::SHARING / 2;
        let (inputs, outputs) = (&self.element.inputs, &self.element.outputs);
        let subgroups = self.subgroups();
        let workgroup = "(id.y * groups.x + id.x)";
        lines.push(format!(
            "let number = agreed({workgroup} * {subgroups}u + subgroup);"
        ));
        let blocks_of_a_row = self.blocks_of_a_row();
        let own = |k| {
            let (wide, bit) = (wide * blocks_of_a_row, k + 1);
            format!("let first_{k} = {wide}u * once_more(number, {bit}u);")
        };
        lines.extend((0..inputs.len() + outputs.len()).map(own));
        if self.rows() == Some(Rows::SharedBands) {
            return self.shared_bands(lines, blocks_of_a_row);
        }
        let one_row = self.rows() == Some(Rows::SharedRow);
        if one_row {
            let first = format!("({all}u * number)");
            lines.extend(whole_place("immediates", &first, "first_column"));
            let in_row = multiple("first_column / 8u", wide * self.times);
            lines.push(format!("let first_in_row = {in_row};"));
        }
        let begin = |lines: &mut Vec<String>, block: u32| {
            if self.has_spread_inputs() && !one_row {
                let vector = format!("({all}u * number + {}u)", block * Rows::SHARING);
                lines.extend(whole_place("immediates", &vector, "column"));
            }
        };
        let place = |block: u32, i: usize| match inputs[i].broadcast() {
            Some(Broadcast::Row) if one_row => format!("first_in_row + {}u", block * wide),
            Some(Broadcast::Row) => "column / 8u".to_owned(),
            _ => format!("first_{i} + {}u", block * wide),
        };
        let store = |lines: &mut Vec<String>, block: u32, k: usize, value: &str| {
            let place = format!("first_{} + {}u", inputs.len() + k, block * wide);
            shared_store(
                lines,
                self.stages(),
                &output_variable(outputs[k]),
                &place,
                value,
            );
        };
        self.shared_blocks(lines, self.times, begin, place, |_, _| None, store);
    }

    fn stages(&self) -> bool {
        self.loads == Loads::Staged
    }

    /// Blocks of one row that a subgroup computes.
    fn blocks_of_a_row(&self) -> u32 {
        match self.rows() {
            Some(Rows::SharedBands) => self.times / Rows::BANDS,
            _ => self.times,
        }
    }

    /// Inputs that are loaded once for all bands: by their numbers.
    fn loaded_once(&self) -> Vec<usize> {
        let is_row = |i: &usize| self.element.inputs[*i].broadcast() == Some(Broadcast::Row);
        match self.rows() {
            Some(Rows::SharedBands) => self.wide_inputs().filter(is_row).collect(),
            _ => Vec::new(),
        }
    }

    /// The inputs that are loaded as wide numbers.
    fn wide_inputs(&self) -> impl Iterator<Item = usize> {
        let inputs = self.element.inputs.iter().copied().enumerate();
        inputs.filter_map(|(i, input)| self.is_wide(input).then_some(i))
    }

    /// Where what a block loads of an input is staged: beside that of the block after it, which is loaded before.
    fn staged(block: u32, input: usize) -> u32 {
        STAGE * (2 * input as u32 + block % 2)
    }

    /// Where the blocks lie, behind the others, that are loaded once.
    fn staged_once(&self, number: u32) -> u32 {
        STAGE * (2 * self.element.inputs.len() as u32 + number)
    }

    /// Numbers that are staged.
    pub(super) fn all_staged(&self) -> u32 {
        self.staged_once(self.loaded_once().len() as u32 * self.blocks_of_a_row())
    }

    /// So many blocks one after the other, each of which `begin` may have lines for. `place` tells where an input of it lies, `once` the number of what was loaded
    /// before for several of them, and `store` stores a result.
    fn shared_blocks(
        &self,
        lines: &mut Vec<String>,
        blocks: u32,
        begin: impl Fn(&mut Vec<String>, u32),
        place: impl Fn(u32, usize) -> String,
        once: impl Fn(u32, usize) -> Option<u32>,
        store: impl Fn(&mut Vec<String>, u32, usize, &str),
    ) {
        let inputs = &self.element.inputs;
        let ahead = self
            .wide_inputs()
            .find(|i| self.loads == Loads::Ahead && inputs[*i].broadcast().is_none());
        let loaded = |block: u32| of_block("loaded", block);
        let load_ahead = |lines: &mut Vec<String>, block: u32| {
            if block == blocks {
                return;
            }
            if let Some(i) = ahead {
                let name = of_block(&inputs[i].name(), block);
                shared_load(lines, &name, &self.variable(i), &place(block, i));
                lines.push(format!("{} = {name}_here;", loaded(block)));
            }
            if self.stages() {
                lines.push("{".to_owned());
                begin(lines, block);
                for i in self.wide_inputs().filter(|i| once(block, *i).is_none()) {
                    let first = Self::staged(block, i);
                    shared_stage(lines, first, &self.variable(i), &place(block, i));
                }
                lines.push("end_of_stage();".to_owned());
                lines.push("}".to_owned());
            }
        };
        if ahead.is_some() {
            let declared = (0..blocks).map(|block| format!("var {}: vec4<f32>;", loaded(block)));
            lines.extend(declared);
        }
        load_ahead(lines, 0);
        for block in 0..blocks {
            lines.push("{".to_owned());
            begin(lines, block);
            let load = |lines: &mut Vec<String>, i: usize, input: Input| {
                let name = input.name();
                let staged = |first: u32| format!("floats_of_staged({first}u, lane)");
                let here = match once(block, i) {
                    _ if !self.is_wide(input) => {
                        return self.loads(lines, |other| *other == input);
                    }
                    Some(number) if self.stages() => staged(self.staged_once(number)),
                    Some(number) => format!("{}_here", loaded_once(number)),
                    None if self.stages() => staged(Self::staged(block, i)),
                    None if ahead == Some(i) => loaded(block),
                    None => return shared_load(lines, &name, &self.variable(i), &place(block, i)),
                };
                lines.push(format!("let {name}_here = {here};"));
            };
            // What the result waits for is computed meanwhile.
            let waits = match self.loads {
                Loads::Staged => 0,
                _ => self.element.outputs.len().saturating_sub(1),
            };
            let next = Cell::new(Some(block + 1));
            let store = |lines: &mut Vec<String>, k: usize, value: &str| {
                let due = if k < waits { None } else { next.take() };
                if let Some(next) = due {
                    load_ahead(lines, next);
                }
                if self.kernel.access.contains(&Access::Output(k)) {
                    lines.push("subgroupBarrier();".to_owned());
                }
                store(lines, block, k, value);
            };
            self.loaded_and_stored(lines, load, store);
            lines.push("}".to_owned());
        }
    }

    /// As [`shared`](Self::shared) behind its first lines, for the same columns of a row of each band, so many blocks of each row. `immediates.base` is how far the
    /// bands are apart, in vectors of eight.
    fn shared_bands(&self, lines: &mut Vec<String>, blocks: u32) {
        let wide = Rows::SHARING / 2;
        let (inputs, outputs) = (&self.element.inputs, &self.element.outputs);
        let first_of = |band: u32, k: usize| match band {
            0 => format!("first_{k}"),
            _ => format!("first_{k}_of_band_{band}"),
        };
        for (band, k) in (1..Rows::BANDS)
            .flat_map(|band| (0..inputs.len() + outputs.len()).map(move |k| (band, k)))
        {
            let place = format!("first_{k} + {band}u * immediates.base");
            let place = multiple(&place, wide * blocks);
            lines.push(format!("let {} = {place};", first_of(band, k)));
        }
        let vectors = Rows::SHARING * blocks;
        lines.push(format!("let place = {}u * number;", 4 * vectors));
        lines.push(
            "let row = quotient(vec4<u32>(place), immediates.magic, immediates.shift).x;"
                .to_owned(),
        );
        let in_row = multiple("(place - row * immediates.columns) / 8u", wide * blocks);
        lines.push(format!("let first_in_row = {in_row};"));
        let sum = |output: Output, block: u32| of_block(&sum_of_bands(output), block);
        let once = self.loaded_once();
        let once = |block: u32, i: usize| {
            let number = once.iter().position(|other| *other == i)?;
            Some(number as u32 * blocks + block % blocks)
        };
        for block in 0..blocks {
            for i in self.wide_inputs() {
                let Some(number) = once(block, i) else {
                    continue;
                };
                let (variable, place) = (
                    self.variable(i),
                    format!("first_in_row + {}u", block * wide),
                );
                if self.stages() {
                    shared_stage(lines, self.staged_once(number), &variable, &place);
                } else {
                    shared_load(lines, &loaded_once(number), &variable, &place);
                }
            }
            for output in outputs {
                if self.kernel.is_merged(*output) {
                    lines.push(format!("var {}: vec4<f32>;", sum(*output, block)));
                }
            }
        }
        let place = |block: u32, i: usize| {
            let (band, block) = (block / blocks, block % blocks);
            format!("{} + {}u", first_of(band, i), block * wide)
        };
        let store = |lines: &mut Vec<String>, block: u32, k: usize, value: &str| {
            let (band, block) = (block / blocks, block % blocks);
            let (output, variable) = (outputs[k], output_variable(outputs[k]));
            let place = |band: u32| {
                let first = first_of(band, inputs.len() + k);
                format!("{first} + {}u", block * wide)
            };
            if !self.kernel.is_merged(output) {
                return shared_store(lines, self.stages(), &variable, &place(band), value);
            }
            let sum = sum(output, block);
            let with_it = match band {
                0 => value.to_owned(),
                _ => format!("{sum} + {value}"),
            };
            if band + 1 == Rows::BANDS {
                shared_store(lines, self.stages(), &variable, &place(0), &with_it);
            } else {
                lines.push(format!("{sum} = {with_it};"));
            }
        };
        let all = Rows::BANDS * blocks;
        self.shared_blocks(lines, all, |_, _| (), place, once, store);
    }
}

/// Numbers of a block that are staged together.
pub(super) const STAGE: u32 = 2 * Rows::SHARING;

/// `text`, with as many numbers staged, and some beside them for `end_of_stage`.
pub(super) fn with_staged(text: &str, numbers: u32) -> String {
    text.replace("@STAGED", &(numbers + 8).to_string())
        .replace("@SPARE", &numbers.to_string())
}

/// Stages the vectors of all lanes from `place` on.
pub(super) fn shared_stage(lines: &mut Vec<String>, first: u32, variable: &str, place: &str) {
    for k in 0..Rows::SHARING / 2 {
        let first = first + 4 * k;
        lines.push(format!("stage({first}u, {variable}[{place} + {k}u]);"));
    }
}

/// Loads the vectors of all lanes from `place` on, and keeps that of the invocation.
pub(super) fn shared_load(lines: &mut Vec<String>, name: &str, variable: &str, place: &str) {
    let own = shared_choice(lines, name, variable, place, 0..Rows::SHARING);
    lines.push(format!("let {name}_here = floats({own});"));
}

/// Stores the vectors of all lanes from `place` on. Where loads are staged the 16 numbers lie as they are staged: the first of each lane, then the second of each.
pub(super) fn shared_store(
    lines: &mut Vec<String>,
    staged: bool,
    variable: &str,
    place: &str,
    value: &str,
) {
    lines.push(format!("let {variable}_here = pairs({value});"));
    for k in 0..Rows::SHARING / 2 {
        let of = |i: u32| {
            let number = 4 * k + i;
            let (lane, half) = if staged {
                (number % Rows::SHARING, number / Rows::SHARING)
            } else {
                (number / 2, number % 2)
            };
            let half = component(half as usize);
            format!("subgroupShuffle({variable}_here.{half}, {lane}u)")
        };
        let [a, b, c, d] = [0, 1, 2, 3].map(of);
        lines.push(format!(
            "{variable}[{place} + {k}u] = Wide({a}, {b}, {c}, {d});"
        ));
    }
}

/// Loads the vectors of these lanes, two at a time, and chooses between each two as soon as they are there: eight that wait for a choice do not
/// fit into llvmpipe's registers. Gives the name of the one that is left.
fn shared_choice(
    lines: &mut Vec<String>,
    name: &str,
    variable: &str,
    place: &str,
    lanes: Range<u32>,
) -> String {
    let half = (lanes.end - lanes.start) / 2;
    let (first, second) = if half == 1 {
        let (pair, wide) = (format!("{name}_at_{}", lanes.start), lanes.start / 2);
        lines.push(format!("let {pair} = {variable}[{place} + {wide}u];"));
        (format!("{pair}.xy"), format!("{pair}.zw"))
    } else {
        let middle = lanes.start + half;
        (
            shared_choice(lines, name, variable, place, lanes.start..middle),
            shared_choice(lines, name, variable, place, middle..lanes.end),
        )
    };
    let chosen = format!("{name}_of_{}_to_{}", lanes.start, lanes.end - 1);
    lines.push(format!(
        "let {chosen} = choose(lane, {half}u, {first}, {second});"
    ));
    chosen
}

/// A place that is a multiple of this power of two: so that the compiler knows the bits that are free for the number of a vector behind it, and that it is not negative.
fn multiple(place: &str, of: u32) -> String {
    format!("({place}) & {}u", 0x3ff_ffff & !(of - 1))
}

/// A variable of one of several blocks.
fn of_block(name: &str, block: u32) -> String {
    format!("{name}_{block}")
}

/// The variable of what the bands so far add to an output.
fn sum_of_bands(output: Output) -> String {
    format!("{}_of_bands", output_variable(output))
}

/// The variable of what is loaded once for several blocks.
fn loaded_once(number: u32) -> String {
    format!("once_{number}")
}
