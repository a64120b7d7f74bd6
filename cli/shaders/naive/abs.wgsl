// |x|.
fn abs_forward(x: f32) -> f32 {
    return abs(x);
}

fn abs_derivative(x: f32) -> f32 {
    return sign(x);
}
