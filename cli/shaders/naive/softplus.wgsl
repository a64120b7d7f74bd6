// log(1 + exp(beta * x)) / beta.
fn softplus_forward(x: f32, beta: f32) -> f32 {
    return log(1.0 + exp(beta * x)) / beta;
}

fn softplus_derivative(x: f32, beta: f32) -> f32 {
    return naive_sigmoid(beta * x);
}
