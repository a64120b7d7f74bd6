// exp(x) - 1.
fn expm1_forward(x: f32) -> f32 {
    return exp(x) - 1.0;
}

fn expm1_derivative(x: f32) -> f32 {
    return exp(x);
}
