// x * tanh(exp(x)).
fn telu_forward(x: f32) -> f32 {
    return x * tanh(exp(x));
}

fn telu_derivative(x: f32) -> f32 {
    let e = exp(x);
    let t = tanh(e);
    return t + x * e * (1.0 - t * t);
}
