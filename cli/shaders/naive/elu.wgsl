// x for x > 0, else alpha * (exp(x) - 1).
fn elu_forward(x: f32, alpha: f32) -> f32 {
    return select(alpha * (exp(x) - 1.0), x, x > 0.0);
}

fn elu_derivative(x: f32, alpha: f32) -> f32 {
    return select(alpha * exp(x), 1.0, x > 0.0);
}
