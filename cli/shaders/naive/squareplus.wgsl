// (x + sqrt(x^2 + b)) / 2.
fn squareplus_forward(x: f32, b: f32) -> f32 {
    return 0.5 * (x + sqrt(x * x + b));
}

fn squareplus_derivative(x: f32, b: f32) -> f32 {
    return 0.5 * (1.0 + x / sqrt(x * x + b));
}
