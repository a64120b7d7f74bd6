// The built-in, and 1 - tanh(x)^2.
fn tanh_forward(x: f32) -> f32 {
    return tanh(x);
}

fn tanh_derivative(x: f32) -> f32 {
    let t = tanh(x);
    return 1.0 - t * t;
}
