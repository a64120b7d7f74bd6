//! The WGSL of the kernels that add up.

use super::kernel::Rows;
use super::shared::{STAGE, is_staged, shared_load, shared_stage, shared_store, with_staged};
use super::with_library;
use crate::wgsl::{SUM, SUM_SHARED};
use std::ops::Range;

/// A kernel that adds up, as far as it is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::gpu) enum Sum {
    /// Elements anywhere, along any axis. `beside` says that they lie in the buffer of the sums: wgpu then wants them declared as written.
    Anywhere { beside: bool },
    /// Elements one after the other, by subgroups that load together.
    Along,
    /// Elements of rows that lie one after the other, column by column, by subgroups that load together.
    Across,
}

impl Sum {
    /// Elements that a subgroup adds up to one, [along](Self::Along) memory.
    pub(in crate::gpu) const ALONG: u32 = 8 * Rows::SHARED;

    /// Rows that a subgroup adds up to one, [across](Self::Across) them, [`Rows::SHARED`] columns of each.
    pub(in crate::gpu) const ACROSS: u32 = 16;

    /// Subgroups of a workgroup.
    pub(in crate::gpu) const SUBGROUPS: u32 = 16;

    /// For each binding after the parameters, whether it is declared as written.
    pub(in crate::gpu) fn written_bindings(self) -> Vec<bool> {
        vec![self == Self::Anywhere { beside: true }, true]
    }

    /// Whether subgroups load together.
    pub(in crate::gpu) fn is_shared(self) -> bool {
        !matches!(self, Self::Anywhere { .. })
    }

    /// The WGSL of the kernel.
    pub(in crate::gpu) fn source(self) -> String {
        self.source_with(is_staged())
    }

    /// The same, of a kernel that may load by workgroup memory or not.
    fn source_with(self, staged: bool) -> String {
        let mut lines = Vec::new();
        let (terms, sum) = match self {
            Self::Anywhere { beside } => {
                let text = if beside {
                    SUM.replace("read> values", "read_write> values")
                } else {
                    SUM.to_owned()
                };
                return with_library(&[&text], true);
            }
            Self::Along => (Self::along(&mut lines, staged), "f32"),
            Self::Across => (Self::across(&mut lines, staged), "Wide"),
        };
        let kernel = SUM_SHARED
            .replace("@TERMS", &terms.to_string())
            .replace("@SUM", sum)
            .replace(
                "@INVOCATIONS",
                &(Self::SUBGROUPS * Rows::SHARING).to_string(),
            )
            .replace("@SUBGROUPS", &Self::SUBGROUPS.to_string())
            .replace("//@body", &lines.join("\n    "));
        with_staged(&with_library(&[&kernel], false), 2 * STAGE)
    }

    fn along(lines: &mut Vec<String>, staged: bool) -> u32 {
        let (terms, wide) = (Self::ALONG / Rows::SHARED, Rows::SHARING / 2);
        lines.push(format!(
            "let first = {}u * once_more(number, 1u);",
            terms * wide
        ));
        let all = added_up(lines, &|k| format!("first + {}u", k * wide), terms, staged);
        lines.push(format!(
            "let own = ({all}.x + {all}.y) + ({all}.z + {all}.w);"
        ));
        let of = |lane| format!("subgroupShuffle(own, {lane}u)");
        let four = |k| {
            format!(
                "(({} + {}) + ({} + {}))",
                of(k),
                of(k + 1),
                of(k + 2),
                of(k + 3)
            )
        };
        lines.push(format!("sums[number] = {} + {};", four(0), four(4)));
        terms
    }

    fn across(lines: &mut Vec<String>, staged: bool) -> u32 {
        let (terms, wide) = (Self::ACROSS, Rows::SHARING / 2);
        let blocks = "immediates.columns";
        lines.push(
            "let row = quotient(vec4<u32>(number), immediates.magic, immediates.shift).x;"
                .to_owned(),
        );
        lines.push(format!("let block = number - row * {blocks};"));
        lines.push(format!("let first = {terms}u * row * {blocks} + block;"));
        // So that its compiler knows the last bits of a place, and that none is negative.
        let place = |block: &str| format!("{wide}u * (({block}) & 0xffffffu)");
        let term = |k| place(&format!("first + {k}u * {blocks}"));
        let all = added_up(lines, &term, terms, staged);
        shared_store(lines, staged, "sums", &place("number"), &all);
        terms
    }
}

/// Loads so many terms from their places and adds them up one after the other, each four for themselves: of a tree llvmpipe's compiler would
/// keep more than there are registers. Gives the name of the sum.
fn added_up(
    lines: &mut Vec<String>,
    place: &dyn Fn(u32) -> String,
    terms: u32,
    staged: bool,
) -> String {
    if !staged {
        let mut load = |lines: &mut Vec<String>, term: u32| {
            shared_load(lines, &format!("term_{term}"), "values", &place(term));
        };
        return added(lines, &mut load, 0..terms);
    }
    let staged = |term: u32| STAGE * (term % 2);
    let stage = |lines: &mut Vec<String>, term: u32| {
        if term < terms {
            shared_stage(lines, staged(term), "values", &place(term));
            lines.push("end_of_stage();".to_owned());
        }
    };
    stage(lines, 0);
    let mut load = |lines: &mut Vec<String>, term: u32| {
        stage(lines, term + 1);
        let first = staged(term);
        lines.push(format!(
            "let term_{term}_here = floats_of_staged({first}u, lane);"
        ));
    };
    added(lines, &mut load, 0..terms)
}

fn added(
    lines: &mut Vec<String>,
    load: &mut dyn FnMut(&mut Vec<String>, u32),
    terms: Range<u32>,
) -> String {
    let (first, last) = (terms.start, terms.end - 1);
    if first == last {
        load(lines, first);
        return format!("term_{first}_here");
    }
    let behind = if terms.len() > 4 { terms.end - 4 } else { last };
    let before = added(lines, load, first..behind);
    let more = added(lines, load, behind..terms.end);
    let name = format!("sum_{first}_to_{last}");
    lines.push(format!("let {name} = {before} + {more};"));
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_valid() {
        let anywhere = [false, true].map(|beside| Sum::Anywhere { beside });
        for sum in anywhere.into_iter().chain([Sum::Along, Sum::Across]) {
            for staged in [false, true] {
                let source = sum.source_with(staged);
                let module = naga::front::wgsl::parse_str(&source)
                    .map_err(|error| error.emit_to_string(&source));
                assert!(module.is_ok(), "{}\n{source}", module.unwrap_err());
            }
        }
    }
}
