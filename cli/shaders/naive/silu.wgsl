// x * sigmoid(x), and s * (1 + x * (1 - s)).
fn silu_forward(x: f32) -> f32 {
    return x / (1.0 + exp(-x));
}

fn silu_derivative(x: f32) -> f32 {
    let s = naive_sigmoid(x);
    return s * (1.0 + x * (1.0 - s));
}
