// -1, 0 or 1.
fn sign_forward(x: f32) -> f32 {
    return sign(x);
}

fn sign_derivative(x: f32) -> f32 {
    return 0.0;
}
