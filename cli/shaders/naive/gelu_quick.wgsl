// x * sigmoid(1.702 * x).
fn gelu_quick_forward(x: f32) -> f32 {
    return x * naive_sigmoid(1.702 * x);
}

fn gelu_quick_derivative(x: f32) -> f32 {
    let s = naive_sigmoid(1.702 * x);
    return s + 1.702 * x * s * (1.0 - s);
}
