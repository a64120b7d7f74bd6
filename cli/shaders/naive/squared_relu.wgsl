// max(x, 0)^2.
fn squared_relu_forward(x: f32) -> f32 {
    let r = max(x, 0.0);
    return r * r;
}

fn squared_relu_derivative(x: f32) -> f32 {
    return 2.0 * max(x, 0.0);
}
