// clamp(alpha * x + beta, 0, 1).
fn hard_sigmoid_forward(x: f32, alpha: f32, beta: f32) -> f32 {
    return clamp(alpha * x + beta, 0.0, 1.0);
}

fn hard_sigmoid_derivative(x: f32, alpha: f32, beta: f32) -> f32 {
    let gate = alpha * x + beta;
    return select(0.0, alpha, gate > 0.0 && gate < 1.0);
}
