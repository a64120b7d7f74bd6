// log(1 + x).
fn log1p_forward(x: f32) -> f32 {
    return log(1.0 + x);
}

fn log1p_derivative(x: f32) -> f32 {
    return 1.0 / (1.0 + x);
}
