// The built-in, and 1 / (2 * sqrt(x)).
fn sqrt_forward(x: f32) -> f32 {
    return sqrt(x);
}

fn sqrt_derivative(x: f32) -> f32 {
    return 0.5 / sqrt(x);
}
