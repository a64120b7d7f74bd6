// x for x > threshold, else value.
fn threshold_forward(x: f32, threshold: f32, value: f32) -> f32 {
    return select(value, x, x > threshold);
}

fn threshold_derivative(x: f32, threshold: f32, value: f32) -> f32 {
    return select(0.0, 1.0, x > threshold);
}
