// a * tanh(b * x).
fn scaled_tanh_forward(x: f32, a: f32, b: f32) -> f32 {
    return a * tanh(b * x);
}

fn scaled_tanh_derivative(x: f32, a: f32, b: f32) -> f32 {
    let t = tanh(b * x);
    return a * b * (1.0 - t * t);
}
