// clamp(x, min, max).
fn hard_tanh_forward(x: f32, low: f32, high: f32) -> f32 {
    return clamp(x, low, high);
}

fn hard_tanh_derivative(x: f32, low: f32, high: f32) -> f32 {
    return select(0.0, 1.0, x > low && x < high);
}
