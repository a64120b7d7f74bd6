// The built-in.
fn log_forward(x: f32) -> f32 {
    return log(x);
}

fn log_derivative(x: f32) -> f32 {
    return 1.0 / x;
}
