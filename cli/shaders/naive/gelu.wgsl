// x / 2 * (1 + erf(x / sqrt(2))), with erf as in helpers.wgsl.
fn gelu_forward(x: f32) -> f32 {
    return 0.5 * x * (1.0 + naive_erf(x * 0.70710678));
}

fn gelu_derivative(x: f32) -> f32 {
    return 0.5 * (1.0 + naive_erf(x * 0.70710678)) + x * 0.39894228 * exp(-0.5 * x * x);
}
