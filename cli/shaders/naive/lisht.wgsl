// x * tanh(x).
fn lisht_forward(x: f32) -> f32 {
    return x * tanh(x);
}

fn lisht_derivative(x: f32) -> f32 {
    let t = tanh(x);
    return t + x * (1.0 - t * t);
}
