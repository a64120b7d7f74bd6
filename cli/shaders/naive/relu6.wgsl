// min(max(x, 0), cap).
fn relu6_forward(x: f32, cap: f32) -> f32 {
    return min(max(x, 0.0), cap);
}

fn relu6_derivative(x: f32, cap: f32) -> f32 {
    return select(0.0, 1.0, x > 0.0 && x < cap);
}
