// x * sigmoid(beta * x).
fn swish_forward(x: f32, beta: f32) -> f32 {
    return x * naive_sigmoid(beta * x);
}

fn swish_derivative(x: f32, beta: f32) -> f32 {
    let s = naive_sigmoid(beta * x);
    return s + beta * x * s * (1.0 - s);
}
