// erf as in helpers.wgsl, and 2 / sqrt(pi) * exp(-x^2).
fn erf_forward(x: f32) -> f32 {
    return naive_erf(x);
}

fn erf_derivative(x: f32) -> f32 {
    return 1.12837917 * exp(-x * x);
}
