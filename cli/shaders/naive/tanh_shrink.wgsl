// x - tanh(x).
fn tanh_shrink_forward(x: f32) -> f32 {
    return x - tanh(x);
}

fn tanh_shrink_derivative(x: f32) -> f32 {
    let t = tanh(x);
    return t * t;
}
