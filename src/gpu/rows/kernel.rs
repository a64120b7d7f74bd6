//! The kernels: the frame `shaders/rows/frame.wgsl` around the function of one place.

use crate::Activation;
use crate::gpu::shader::{Source, gate_functions, with_library};

/// The kernel that everything here is put into.
const FRAME: &str = include_str!("../../../shaders/rows/frame.wgsl");

/// What is computed of a place.
pub(in crate::gpu) struct Op {
    pub(super) name: &'static str,
    /// Its function `compute_places`, and what that calls.
    wgsl: &'static [&'static str],
    /// Operands that are read, by name.
    reads: &'static [&'static str],
    /// Operands that are written, by name.
    writes: &'static [&'static str],
}

macro_rules! op {
    ($constant:ident $name:literal: $($file:literal),+; $($read:ident)*; $($write:ident)*) => {
        pub(super) static $constant: Op = Op {
            name: $name,
            wgsl: &[$(include_str!(concat!("../../../shaders/rows/", $file, ".wgsl"))),+],
            reads: &[$(stringify!($read)),*],
            writes: &[$(stringify!($write)),*],
        };
    };
}

op!(GLU "glu": "glu"; a b; y);
op!(GLU_BACKWARD "glu_backward": "glu_backward"; a b grad; da db);
op!(GLU_CLAMPED "glu_clamped": "glu_clamp", "glu_clamped"; a b; y);
op!(GLU_CLAMPED_BACKWARD "glu_clamped_backward": "glu_clamp", "glu_clamped_backward"; a b grad; da db);

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
pub(in crate::gpu) struct RowKernel {
    /// The name stands for the operation.
    pub(super) op: &'static str,
    pub(super) gate: Option<Source>,
    pub(super) width: Width,
    /// Whether what is read may lie in a buffer that is written: wgpu then wants it declared as written.
    pub(super) beside: bool,
}

impl RowKernel {
    /// For each binding after the parameters, whether it is declared as written.
    pub(super) fn written(&self, op: &Op) -> Vec<bool> {
        let reads = op.reads.iter().map(|_| self.beside);
        reads.chain(op.writes.iter().map(|_| true)).collect()
    }

    /// The WGSL of the kernel.
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
        let (width, lane) = match self.width {
            Width::One => ("1", ".x"),
            _ => ("4", ""),
        };
        let kernel = FRAME
            .replace("@OPERANDS", &operands.to_string())
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
