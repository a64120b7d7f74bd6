// x * tanh(log(1 + exp(x))).
fn mish_forward(x: f32) -> f32 {
    return x * tanh(log(1.0 + exp(x)));
}

fn mish_derivative(x: f32) -> f32 {
    let t = tanh(log(1.0 + exp(x)));
    return t + x * (1.0 - t * t) * naive_sigmoid(x);
}
