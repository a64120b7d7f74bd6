// x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))).
fn gelu_tanh_forward(x: f32) -> f32 {
    return 0.5 * x * (1.0 + tanh(0.79788456 * (x + 0.044715 * x * x * x)));
}

fn gelu_tanh_derivative(x: f32) -> f32 {
    let t = tanh(0.79788456 * (x + 0.044715 * x * x * x));
    return 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * 0.79788456 * (1.0 + 0.134145 * x * x);
}
