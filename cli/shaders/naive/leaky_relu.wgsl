// x for x > 0, else slope * x.
fn leaky_relu_forward(x: f32, slope: f32) -> f32 {
    return select(slope * x, x, x > 0.0);
}

fn leaky_relu_derivative(x: f32, slope: f32) -> f32 {
    return select(slope, 1.0, x > 0.0);
}
