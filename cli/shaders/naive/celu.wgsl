// max(x, 0) + min(alpha * (exp(x / alpha) - 1), 0).
fn celu_forward(x: f32, alpha: f32) -> f32 {
    return max(x, 0.0) + min(alpha * (exp(x / alpha) - 1.0), 0.0);
}

fn celu_derivative(x: f32, alpha: f32) -> f32 {
    return select(exp(x / alpha), 1.0, x > 0.0);
}
