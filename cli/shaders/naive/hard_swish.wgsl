// x * clamp(alpha * x + beta, 0, 1).
fn hard_swish_forward(x: f32, alpha: f32, beta: f32) -> f32 {
    return x * clamp(alpha * x + beta, 0.0, 1.0);
}

fn hard_swish_derivative(x: f32, alpha: f32, beta: f32) -> f32 {
    let gate = alpha * x + beta;
    return select(select(2.0 * alpha * x + beta, 1.0, gate >= 1.0), 0.0, gate <= 0.0);
}
