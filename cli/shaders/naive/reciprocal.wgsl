// 1 / x.
fn reciprocal_forward(x: f32) -> f32 {
    return 1.0 / x;
}

fn reciprocal_derivative(x: f32) -> f32 {
    return -1.0 / (x * x);
}
