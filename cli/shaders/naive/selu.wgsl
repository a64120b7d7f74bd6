// elu with alpha = 1.67326324, times 1.05070098.
fn selu_forward(x: f32) -> f32 {
    return 1.05070098 * select(1.67326324 * (exp(x) - 1.0), x, x > 0.0);
}

fn selu_derivative(x: f32) -> f32 {
    return 1.05070098 * select(1.67326324 * exp(x), 1.0, x > 0.0);
}
