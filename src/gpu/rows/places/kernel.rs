//! The kernels: the frame `shaders/rows/frame.wgsl` around the function of one place.

use crate::Activation;
use crate::gpu::shader::{Source, gate_functions, with_library};

/// The kernel that everything here is put into.
const FRAME: &str = include_str!("../../../../shaders/rows/frame.wgsl");

/// What is computed of a place.
pub(in crate::gpu) struct Op {
    pub(super) name: &'static str,
    /// Its function `compute_places`, and what that calls.
    wgsl: &'static [&'static str],
    /// An operand that is read at places of its own, by name.
    table: Option<&'static str>,
    /// Operands that are read, by name.
    reads: &'static [&'static str],
    /// Operands that are written, by name.
    writes: &'static [&'static str],
}

macro_rules! op {
    ($constant:ident $name:literal: $($file:literal),+; $($read:ident)*; $($write:ident)*) => {
        op!($constant $name: $($file),+; $($read)*; $($write)*; None);
    };
    ($constant:ident $name:literal: $($file:literal),+; $($read:ident)*; $($write:ident)*; $table:expr) => {
        pub(super) static $constant: Op = Op {
            name: $name,
            wgsl: &[$(include_str!(concat!("../../../../shaders/rows/", $file, ".wgsl"))),+],
            table: $table,
            reads: &[$(stringify!($read)),*],
            writes: &[$(stringify!($write)),*],
        };
    };
}

op!(GLU "glu": "glu"; a b; y);
op!(GLU_BACKWARD "glu_backward": "glu_backward"; a b grad; da db);
op!(GLU_CLAMPED "glu_clamped": "glu_clamp", "glu_clamped"; a b; y);
op!(GLU_CLAMPED_BACKWARD "glu_clamped_backward": "glu_clamp", "glu_clamped_backward"; a b grad; da db);
op!(MAXOUT "maxout": "larger_piece", "maxout"; x; y);
op!(MAXOUT_INDEX "maxout_index": "larger_piece", "maxout_index"; x; y index);
op!(MAXOUT_BACKWARD "maxout_backward": "maxout_backward"; index grad; dx);
op!(CRELU "crelu": "crelu"; x; positive negative);
op!(CRELU_BACKWARD "crelu_backward": "crelu_backward"; x positive negative; dx);
op!(PRELU "prelu": "leaky", "prelu_channel", "prelu"; x; y; Some("slopes"));
op!(PRELU_BACKWARD "prelu_backward": "leaky", "prelu_channel", "prelu_backward"; x grad; dx terms; Some("slopes"));
op!(RRELU "rrelu": "leaky", "threefry", "rrelu_slope", "rrelu"; x; y);
op!(RRELU_BACKWARD "rrelu_backward": "leaky", "threefry", "rrelu_slope", "rrelu_backward"; x grad; dx);

/// Every one of them.
const ALL: [&Op; 13] = [
    &GLU,
    &GLU_BACKWARD,
    &GLU_CLAMPED,
    &GLU_CLAMPED_BACKWARD,
    &MAXOUT,
    &MAXOUT_INDEX,
    &MAXOUT_BACKWARD,
    &CRELU,
    &CRELU_BACKWARD,
    &PRELU,
    &PRELU_BACKWARD,
    &RRELU,
    &RRELU_BACKWARD,
];

/// How many places an invocation computes, and how it reaches their elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::gpu) enum Width {
    /// One, for functions that are written for one element at a time.
    One,
    /// Four, each element by itself.
    Four,
    /// Four, whose elements are one vector of each operand.
    Vector,
}

impl Width {
    pub(super) fn places(self) -> u64 {
        match self {
            Self::One => 1,
            Self::Four | Self::Vector => 4,
        }
    }
}

/// What kernels are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::gpu) struct PlacesKernel {
    /// The name stands for the operation.
    pub(super) op: &'static str,
    pub(super) gate: Option<Source>,
    pub(super) width: Width,
    /// Whether what is read may lie in a buffer that is written: wgpu then wants it declared as written.
    pub(super) beside: bool,
}

impl PlacesKernel {
    /// For each binding after the parameters, whether it is declared as written.
    pub(super) fn written(&self, op: &Op) -> Vec<bool> {
        let reads = op.reads.iter().map(|_| self.beside);
        let writes = op.writes.iter().map(|_| true);
        let table = op.table.iter().map(|_| self.beside);
        reads.chain(writes).chain(table).collect()
    }

    /// The WGSL of the kernel. A table has the last binding.
    pub(super) fn source(&self, op: &Op, gate: Option<&Activation>) -> String {
        let operands = op.reads.len() + op.writes.len();
        let names = op.reads.iter().chain(op.writes).enumerate();
        let element = match self.width {
            Width::Vector => "vec4<f32>",
            _ => "f32",
        };
        let mut bindings = String::new();
        let mut functions = String::new();
        for (k, name) in names {
            let access = match (k < op.reads.len(), self.beside) {
                (true, false) => "read",
                _ => "read_write",
            };
            bindings += &format!(
                "@group(0) @binding({}) var<storage, {access}> at_{name}: array<{element}>;\n",
                k + 1
            );
            functions += &self.load(k, name);
            if k >= op.reads.len() {
                functions += &self.store(k, name);
            }
        }
        if let Some(name) = op.table {
            let access = if self.beside { "read_write" } else { "read" };
            bindings += &format!(
                "@group(0) @binding({}) var<storage, {access}> at_{name}: array<f32>;\n",
                operands + 1
            );
            let from = |lane| format!("at_{name}[at{lane}]");
            let value = match self.width {
                Width::One => from(""),
                _ => format!("F({})", [".x", ".y", ".z", ".w"].map(from).join(", ")),
            };
            functions += &format!(
                "fn load_{name}(place: U) -> F {{\n    let at = place + params.operands[{operands}].x;\n    return {value};\n}}\n\n"
            );
        }
        let (width, lane) = match self.width {
            Width::One => ("1", ".x"),
            _ => ("4", ""),
        };
        let kernel = FRAME
            .replace(
                "@OPERANDS",
                &(operands + op.table.iter().count()).to_string(),
            )
            .replace("//@bindings", &bindings)
            .replace("//@operands", &functions)
            .replace("//@gate", &gate.map(gate_functions).unwrap_or_default())
            .replace("@WIDTH", width)
            .replace("@LANE", lane);
        let capacity = match self.gate {
            Some(source) if source.capacity > 0 => {
                format!("const CAPACITY: u32 = {}u;\n", source.capacity)
            }
            _ => String::new(),
        };
        let mut parts = vec![&*capacity];
        parts.extend(self.gate.map(|source| source.wgsl));
        parts.extend(op.wgsl);
        parts.push(&kernel);
        with_library(&parts, self.width == Width::One)
    }

    fn load(&self, k: usize, name: &str) -> String {
        let value = match self.width {
            Width::One => format!("at_{name}[e]"),
            Width::Four => {
                format!("F(at_{name}[e.x], at_{name}[e.y], at_{name}[e.z], at_{name}[e.w])")
            }
            Width::Vector => format!("at_{name}[e.x / 4u]"),
        };
        format!(
            "fn load_{name}(p: RowPlace) -> F {{\n    let e = element_of({k}u, p);\n    return {value};\n}}\n\n"
        )
    }

    /// Places behind the last one are computed, and not written.
    fn store(&self, k: usize, name: &str) -> String {
        let lines = match self.width {
            Width::One => format!("    at_{name}[e] = value;\n"),
            Width::Four => (0..4)
                .map(|i| {
                    let lane = ["x", "y", "z", "w"][i];
                    format!(
                        "    if (p.first + {i}u < params.count) {{ at_{name}[e.{lane}] = value.{lane}; }}\n"
                    )
                })
                .collect(),
            Width::Vector => format!("    at_{name}[e.x / 4u] = value;\n"),
        };
        format!(
            "fn store_{name}(p: RowPlace, value: F) {{\n    let e = element_of({k}u, p);\n{lines}}}\n\n"
        )
    }
}

/// The WGSL of every kernel of rows, in every form, with names. For tests of the shaders.
#[doc(hidden)]
pub fn row_kernel_sources() -> Vec<(String, String)> {
    let mut all = Vec::new();
    for op in ALL {
        // One element at a time is for the functions of gates only.
        let gated = op.wgsl.iter().any(|wgsl| wgsl.contains("gate_of("));
        let widths: &[Width] = match gated {
            true => &[Width::One, Width::Four, Width::Vector],
            false => &[Width::Four, Width::Vector],
        };
        for &width in widths {
            for beside in [false, true] {
                let gate = gated.then(Activation::leaky_relu);
                let kernel = PlacesKernel {
                    op: op.name,
                    gate: gate.as_ref().map(Source::new),
                    width,
                    beside,
                };
                let name = format!(
                    "{}::{width:?}{}",
                    op.name,
                    if beside { "::beside" } else { "" }
                );
                all.push((name, kernel.source(op, gate.as_ref())));
            }
        }
    }
    all
}

/// The files that a gate's function is put beside.
pub(crate) fn gate_files() -> impl Iterator<Item = &'static str> {
    let gated = [&GLU, &GLU_BACKWARD, &GLU_CLAMPED, &GLU_CLAMPED_BACKWARD];
    let files = gated.into_iter().flat_map(|op| op.wgsl.iter().copied());
    files.chain([FRAME])
}

/// The names that are written into those files.
pub(crate) const GATE_NAMES: [&str; 17] = [
    "gate_of",
    "gate_slope",
    "at_a",
    "at_b",
    "at_grad",
    "at_y",
    "at_da",
    "at_db",
    "load_a",
    "load_b",
    "load_grad",
    "load_y",
    "load_da",
    "load_db",
    "store_y",
    "store_da",
    "store_db",
];
