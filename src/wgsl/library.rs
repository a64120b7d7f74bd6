//! The files of mathematics, and which of their declarations a text needs.

use super::text::{Declaration, Kind, declarations};
use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

/// The types that the mathematics is written in: one element at a time, and four.
const LANES_SCALAR: &str = include_str!("../../shaders/math/lanes_scalar.wgsl");
const LANES: &str = include_str!("../../shaders/math/lanes.wgsl");

/// The files of mathematics but those types, each after those that it uses.
pub(crate) const MATH: &[&str] = &[
    include_str!("../../shaders/math/bits.wgsl"),
    include_str!("../../shaders/math/exp.wgsl"),
    include_str!("../../shaders/math/expm1.wgsl"),
    include_str!("../../shaders/math/product_pair.wgsl"),
    include_str!("../../shaders/math/sigmoid.wgsl"),
    include_str!("../../shaders/math/tanh.wgsl"),
    include_str!("../../shaders/math/log.wgsl"),
    include_str!("../../shaders/math/normal_tail.wgsl"),
    include_str!("../../shaders/math/erf.wgsl"),
];

/// What kernels take in beside the mathematics, where they use it.
pub(crate) const PARTS: &[&str] = &[
    include_str!("../../shaders/kernels/element_f32.wgsl"),
    include_str!("../../shaders/kernels/wide.wgsl"),
    include_str!("../../shaders/kernels/shared.wgsl"),
    include_str!("../../shaders/kernels/staged.wgsl"),
    include_str!("../../shaders/kernels/chain_rule.wgsl"),
    include_str!("../../shaders/kernels/arithmetic.wgsl"),
    include_str!("../../shaders/kernels/broadcast.wgsl"),
    include_str!("../../shaders/kernels/sweep.wgsl"),
];

/// The kernel that everything elementwise is put into.
pub(crate) const MAP: &str = include_str!("../../shaders/kernels/map.wgsl");

/// The kernel that adds up.
pub(crate) const SUM: &str = include_str!("../../shaders/kernels/sum.wgsl");

/// The kernel that adds up by subgroups that load together, with gaps.
pub(crate) const SUM_SHARED: &str = include_str!("../../shaders/kernels/sum_shared.wgsl");

/// The kernel that multiplies matrices.
pub(crate) const DENSE: &str = include_str!("../../shaders/kernels/dense.wgsl");

/// How many elements the mathematics works on at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Lanes {
    /// One: functions take and give an `f32`.
    #[default]
    Scalar,
    /// Four: functions take and give a `vec4<f32>`.
    Vec4,
}

impl Lanes {
    pub(crate) fn file(self) -> &'static str {
        match self {
            Self::Scalar => LANES_SCALAR,
            Self::Vec4 => LANES,
        }
    }
}

/// The declarations of the mathematics, in an order in which each stands after what it uses.
fn library(lanes: Lanes) -> impl Iterator<Item = Declaration<'static>> {
    std::iter::once(lanes.file())
        .chain(MATH.iter().copied())
        .flat_map(declarations)
}

/// Everything that the crate's own shaders declare, and what its kernels call what they are made of.
pub(crate) fn own_names() -> &'static HashSet<&'static str> {
    static NAMES: OnceLock<HashSet<&'static str>> = OnceLock::new();
    NAMES.get_or_init(|| {
        let functions = crate::activation::catalogue_sources();
        let files = [LANES].into_iter().chain(MATH.iter().copied());
        files
            .chain(PARTS.iter().copied())
            .chain([MAP, SUM, SUM_SHARED, DENSE])
            .chain(functions)
            .chain(crate::gpu::gate_files())
            .flat_map(declarations)
            .map(|declaration| declaration.name)
            .chain([
                "main",
                "params",
                "x",
                "y",
                "grad",
                "result",
                "derivative",
                "zero_bits",
                "CAPACITY",
            ])
            .chain(crate::gpu::GATE_NAMES)
            .filter(|name| !name.is_empty())
            .collect()
    })
}

/// The declarations that `roots` need, from `own` first and then from the mathematics, as one text; where `own` follows the
/// mathematics in the text.
pub(crate) fn closure(lanes: Lanes, own: &[Declaration<'_>], roots: &HashSet<&str>) -> String {
    let mathematics: Vec<Declaration<'static>> = library(lanes).collect();
    let known: HashMap<&str, &Declaration<'_>> = mathematics
        .iter()
        .map(|declaration| declaration as &Declaration<'_>)
        .chain(own)
        .map(|declaration| (declaration.name, declaration))
        .collect();
    let mut needed: HashSet<&str> = HashSet::new();
    let mut open: Vec<&str> = roots.iter().copied().collect();
    while let Some(name) = open.pop() {
        let Some((name, declaration)) = known.get_key_value(name) else {
            continue;
        };
        if needed.insert(name) {
            let words = declaration.tokens.iter();
            open.extend(
                words
                    .filter(|token| token.kind == Kind::Name)
                    .map(|token| token.text),
            );
        }
    }
    let texts: Vec<&str> = mathematics
        .iter()
        .map(|declaration| declaration as &Declaration<'_>)
        .chain(own)
        .filter(|declaration| needed.contains(declaration.name))
        .map(|declaration| declaration.text)
        .collect();
    texts.join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_mathematics_and_of_kernels_is_here() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders");
        let known: Vec<&str> = [LANES, LANES_SCALAR, MAP, SUM, SUM_SHARED, DENSE]
            .into_iter()
            .chain(MATH.iter().chain(PARTS).copied())
            .collect();
        for name in ["math", "kernels"] {
            for entry in std::fs::read_dir(folder.join(name)).unwrap() {
                let path = entry.unwrap().path();
                let text = std::fs::read_to_string(&path).unwrap();
                assert!(
                    known.contains(&text.as_str()),
                    "{} is missing in src/wgsl/library.rs",
                    path.display()
                );
            }
        }
    }

    #[test]
    fn a_text_holds_what_it_needs_and_nothing_else() {
        let roots = HashSet::from(["tanh_nonnegative"]);
        let text = closure(Lanes::Scalar, &[], &roots);
        for needed in ["alias F = f32", "fn expm1_reduced(", "fn launder("] {
            assert_eq!(text.matches(needed).count(), 1, "{needed}");
        }
        assert!(!text.contains("fn coth_rest(") && !text.contains("fn zero_bits("));
    }
}
