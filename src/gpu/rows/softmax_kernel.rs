//! The kernels of softmax and its relatives, put together from `shaders/rows/softmax_*.wgsl`.

use crate::gpu::shader::with_library;

macro_rules! text {
    ($name:literal) => {
        include_str!(concat!("../../../shaders/rows/softmax_", $name, ".wgsl"))
    };
}

/// What a kernel does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::gpu) enum Stage {
    /// Whole rows, from what is read to the results.
    Rows,
    /// What counts of each part of a row.
    Parts,
    /// What counts of a row, from that of its parts.
    Merge,
    /// Results of a piece of a row.
    Apply,
}

/// How a kernel reaches an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::gpu) enum Access {
    Read,
    /// It lies in a buffer of the result: wgpu then wants it declared as written.
    Beside,
    /// It is the result.
    Output,
}

/// What kernels are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::gpu) struct Variant {
    pub(super) stage: Stage,
    pub(super) log: bool,
    /// Whether rows are whole vectors of four.
    pub(super) vectors: bool,
    /// Invocations that go through a row together, a power of two up to 256.
    pub(super) lanes: u32,
    pub(super) x: Access,
    /// In the backward pass only.
    pub(super) grad: Option<Access>,
}

impl Variant {
    fn has_inputs(self) -> bool {
        self.stage != Stage::Merge
    }

    fn has_output(self) -> bool {
        matches!(self.stage, Stage::Rows | Stage::Apply)
    }

    /// The inputs that have a binding of their own, by name, with their declaration as written.
    pub(super) fn inputs(self) -> impl Iterator<Item = (&'static str, bool)> {
        [("x", Some(self.x)), ("grad", self.grad)]
            .into_iter()
            .filter(move |_| self.has_inputs())
            .filter_map(|(name, access)| match access? {
                Access::Output => None,
                access => Some((name, access == Access::Beside)),
            })
    }

    /// For each storage binding, whether it is declared as written: the inputs, the result, the states.
    pub(super) fn written(self) -> Vec<bool> {
        let mut written: Vec<bool> = self.inputs().map(|(_, written)| written).collect();
        written.extend(self.has_output().then_some(true));
        written.extend((self.stage != Stage::Rows).then_some(self.stage != Stage::Apply));
        written
    }

    /// Whether an invocation tries its row without the maximum first. Several of them would have to agree on it, and the logarithm of the
    /// sum would need more digits.
    fn tries_near(self) -> bool {
        let forward = self.grad.is_none() && !self.log;
        self.stage == Stage::Rows && self.lanes == 1 && self.vectors && forward
    }

    /// The text of the kernel.
    pub(super) fn source(self) -> String {
        let backward = self.grad.is_some();
        let (gather, states, results) = if backward {
            (
                text!("backward_gather"),
                text!("backward_states"),
                text!("backward_results"),
            )
        } else {
            (
                text!("forward_gather"),
                text!("forward_states"),
                text!("forward_results"),
            )
        };
        let bindings = self.bindings();
        let loads = self.loads();
        let mut parts = vec![text!("frame"), &bindings];
        if self.stage != Stage::Apply {
            let group = if self.lanes == 1 {
                text!("alone")
            } else {
                text!("group")
            };
            parts.push(group);
        }
        if !backward {
            parts.push(text!("exponent"));
        }
        parts.push(&loads);
        let store = if self.vectors {
            text!("store_vectors")
        } else {
            text!("store_elements")
        };
        parts.extend(match self.stage {
            Stage::Rows if self.tries_near() => {
                vec![gather, results, text!("near"), store, text!("rows_near")]
            }
            Stage::Rows => vec![gather, results, store, text!("rows")],
            Stage::Parts => vec![gather, text!("parts")],
            Stage::Merge => vec![states, text!("merge")],
            Stage::Apply => vec![results, store, text!("apply")],
        });
        let (value, term) = match (backward, self.log) {
            (false, false) => ("softmax_value", ""),
            (false, true) => ("log_softmax_value", ""),
            (true, false) => ("softmax_gradient", "softmax_term"),
            (true, true) => ("log_softmax_gradient", "log_softmax_term"),
        };
        with_library(&parts, false)
            .replace("@value", value)
            .replace("@term", term)
    }

    fn bindings(self) -> String {
        let element = if self.vectors { "vec4<f32>" } else { "f32" };
        let mut text = String::from("@group(0) @binding(0) var<uniform> params: Params;\n");
        let mut binding = 1;
        let mut declare = |name: &str, element: &str, written: bool| {
            let access = if written { "read_write" } else { "read" };
            text += &format!(
                "@group(0) @binding({binding}) var<storage, {access}> {name}: array<{element}>;\n"
            );
            binding += 1;
        };
        for (name, written) in self.inputs() {
            declare(name, element, written);
        }
        if self.has_output() {
            declare("out", element, true);
        }
        if self.stage != Stage::Rows {
            declare("states", "vec4<u32>", self.stage != Stage::Apply);
        }
        text += &format!("\nconst LANES: u32 = {}u;\n", self.lanes);
        text += "\nfn zero_bits() -> u32 {\n    return params.zero;\n}\n";
        text
    }

    fn loads(self) -> String {
        if !self.has_inputs() {
            return String::new();
        }
        let load = if self.vectors {
            text!("load_vectors")
        } else {
            text!("load_elements")
        };
        [("x", Some(self.x)), ("grad", self.grad)]
            .into_iter()
            .filter_map(|(name, access)| {
                let buffer = match access? {
                    Access::Output => "out",
                    _ => name,
                };
                Some(load.replace("@input", name).replace("@buffer", buffer))
            })
            .collect::<Vec<_>>()
            .join("\n")
    }
}

/// Every kind of kernel of softmax and its relatives, by a name, as the driver gets it.
#[doc(hidden)]
pub fn softmax_kernel_sources() -> Vec<(String, String)> {
    let places = [Access::Read, Access::Beside, Access::Output];
    let mut all = Vec::new();
    for stage in [Stage::Rows, Stage::Parts, Stage::Merge, Stage::Apply] {
        let writes = matches!(stage, Stage::Rows | Stage::Apply);
        let lanes: &[u32] = match stage {
            Stage::Rows => &[1, 16, 256],
            Stage::Parts | Stage::Merge => &[256],
            Stage::Apply => &[1],
        };
        let grads = places.map(Some).into_iter().chain([None]);
        for (grad, x) in grads.flat_map(|grad| places.map(|x| (grad, x))) {
            let reads_only = [Some(x), grad]
                .iter()
                .flatten()
                .all(|access| *access == Access::Read);
            if !writes && !reads_only {
                continue;
            }
            for &lanes in lanes {
                for (log, vectors) in [(false, true), (true, true), (false, false), (true, false)] {
                    let variant = Variant {
                        stage,
                        log,
                        vectors,
                        lanes,
                        x,
                        grad,
                    };
                    all.push((format!("{variant:?}"), variant.source()));
                }
            }
        }
    }
    all
}
