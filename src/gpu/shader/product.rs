//! The WGSL of the kernel that multiplies matrices, with the bias and the function of a dense layer in it.

use super::element::Element;
use super::kernel::{StepShape, Task};
use super::{functions_of, scalar_lanes, with_library};
use crate::Direction;
use crate::wgsl::DENSE;

/// A product as far as its kernel is compiled.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::gpu) struct Product {
    /// The function of the sums: none of its operands in memory.
    pub(in crate::gpu) steps: Vec<StepShape>,
    /// For both factors and the bias, where there is one, whether it lies in the buffer of the result: wgpu then wants it declared as
    /// written.
    pub(in crate::gpu) beside: Vec<bool>,
}

impl Product {
    pub(in crate::gpu) fn has_bias(&self) -> bool {
        self.beside.len() > 2
    }

    /// For each binding after the parameters, whether it is declared as written.
    pub(in crate::gpu) fn written_bindings(&self) -> Vec<bool> {
        self.beside.iter().copied().chain([true]).collect()
    }

    pub(in crate::gpu) fn source(&self) -> String {
        let element = Element::new(&self.steps, &Task::Value(Direction::Forward));
        let scalar = scalar_lanes(&self.steps);
        let mut names = vec!["factor_a", "factor_b"];
        if self.has_bias() {
            names.push("bias");
        }
        names.push("product");
        let bindings: String = names
            .iter()
            .zip(self.written_bindings())
            .zip(1..)
            .map(|((name, written), binding)| {
                let access = if written { "read_write" } else { "read" };
                format!(
                    "@group(0) @binding({binding}) var<storage, {access}> {name}: array<f32>;\n"
                )
            })
            .collect();
        let four = |number: &dyn Fn(&str) -> String| {
            format!("vec4<f32>({})", ["x", "y", "z", "w"].map(number).join(", "))
        };
        let bias = if self.has_bias() {
            four(&|lane| format!("bias[params.bias_start + columns.{lane}]"))
        } else {
            "vec4<f32>(0.0)".to_owned()
        };
        let of_sums = if scalar {
            four(&|lane| format!("element(sums.{lane})"))
        } else {
            "element(sums)".to_owned()
        };
        let functions = format!(
            "{}\n\nfn bias_of(columns: vec4<u32>) -> vec4<f32> {{\n    return {bias};\n}}\n\n\
             fn of_sums(sums: vec4<f32>) -> vec4<f32> {{\n    return {of_sums};\n}}",
            element.function()
        );
        let kernel = DENSE
            .replace("@CONSTANTS", &element.constant_vectors.to_string())
            .replace("//@bindings", &bindings)
            .replace("//@element", &functions);
        let functions = functions_of(&self.steps);
        let mut parts: Vec<&str> = functions.iter().map(|text| &**text).collect();
        parts.push(&kernel);
        with_library(&parts, scalar)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::shader::shape;
    use crate::{Activation, Chain};

    #[test]
    fn products_are_valid_with_every_function_behind_them() {
        let mut chains: Vec<Chain<'_>> = Activation::all().iter().map(Chain::from).collect();
        chains.push(Chain::new());
        let text = "scale(2) | gelu | residual | div(3) | max(0) | min(1) | gelu";
        chains.push(text.parse().unwrap());
        for chain in &chains {
            for beside in [
                vec![false; 2],
                vec![false; 3],
                vec![true, false],
                vec![true; 3],
            ] {
                let product = Product {
                    steps: shape(chain),
                    beside,
                };
                let source = product.source();
                let module = naga::front::wgsl::parse_str(&source)
                    .map_err(|error| error.emit_to_string(&source));
                assert!(module.is_ok(), "{}\n{source}", module.unwrap_err());
            }
        }
    }
}
