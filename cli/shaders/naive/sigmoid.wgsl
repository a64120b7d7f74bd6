// 1 / (1 + exp(-x)), and s * (1 - s).
fn sigmoid_forward(x: f32) -> f32 {
    return 1.0 / (1.0 + exp(-x));
}

fn sigmoid_derivative(x: f32) -> f32 {
    let s = 1.0 / (1.0 + exp(-x));
    return s * (1.0 - s);
}
