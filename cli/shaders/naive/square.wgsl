// x^2.
fn square_forward(x: f32) -> f32 {
    return x * x;
}

fn square_derivative(x: f32) -> f32 {
    return 2.0 * x;
}
