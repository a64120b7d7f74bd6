//! What a reader would have written: the textbook formula of every function, on WGSL's built-ins.

use nonlin::{Activation, Direction};

const HELPERS: &str = include_str!("../../shaders/naive/helpers.wgsl");
const FRAME: &str = include_str!("../../shaders/naive/frame.wgsl");

macro_rules! files {
    ($($id:ident)*) => {
        &[$((stringify!($id), include_str!(concat!("../../shaders/naive/", stringify!($id), ".wgsl")))),*]
    };
}

/// The formulas' files by the functions' ids.
#[rustfmt::skip]
const FILES: &[(&str, &str)] = files! {
    step piecewise_linear relu leaky_relu elu selu sigmoid tanh gelu gelu_quick gelu_tanh swish silu linear relu6
    squared_relu thresholded_relu threshold hard_tanh hard_sigmoid hard_swish hard_shrink soft_shrink celu
    log_sigmoid tanh_shrink scaled_tanh softsign softplus squareplus mish xielu lisht telu erf abs sign neg square
    sqrt rsqrt reciprocal exp expm1 log log1p
};

/// The kernel that computes the textbook formula of `direction`, with its parameters as literals; `None` where there is none, as
/// for a derivative from the output.
pub fn kernel(f: &Activation, direction: Direction) -> Option<String> {
    let form = match direction {
        Direction::Forward => "forward",
        Direction::Derivative => "derivative",
        _ => return None,
    };
    let (id, file) = FILES.iter().find(|(id, _)| *id == f.id())?;
    let values = f.parameters();
    // What has no name is the points of piecewise_linear.
    let (scalars, points) = values.split_at(f.metadata().parameters.len().min(values.len()));
    let mut functions = format!("{HELPERS}\n{file}");
    if !points.is_empty() {
        let points: Vec<String> = points
            .chunks(2)
            .map(|point| format!("vec2<f32>({:?}, {:?})", point[0], point[point.len() - 1]))
            .collect();
        let count = points.len();
        functions += &format!(
            "\nconst COUNT: u32 = {count}u;\nconst POINTS: array<vec2<f32>, {count}> = array<vec2<f32>, {count}>({});\n",
            points.join(", ")
        );
    }
    let scalars: String = scalars.iter().map(|v| format!(", {v:?}")).collect();
    let call = format!("{id}_{form}(x{scalars})");
    Some(
        FRAME
            .replace("//@functions", &functions)
            .replace("//@call", &call),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_has_a_formula_that_parses() {
        let functions = Activation::all();
        for f in &functions {
            for direction in [Direction::Forward, Direction::Derivative] {
                let source = kernel(f, direction);
                let source = source.unwrap_or_else(|| panic!("{f} {direction} has no formula"));
                let parsed = wgpu::naga::front::wgsl::parse_str(&source);
                assert!(parsed.is_ok(), "{f} {direction}: {parsed:?}\n{source}");
            }
        }
        assert_eq!(FILES.len(), functions.len());
    }

    #[test]
    fn parameters_are_passed_in_their_order() {
        let scaled = Activation::ScaledTanh { a: 2.0, b: 0.25 };
        let source = kernel(&scaled, Direction::Derivative).expect("a formula");
        assert!(source.contains("results[i] = scaled_tanh_derivative(x, 2.0, 0.25);"));
        assert_eq!(kernel(&scaled, Direction::DerivativeFromOutput), None);
    }
}
