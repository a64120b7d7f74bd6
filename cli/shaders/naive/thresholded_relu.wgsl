// x for x > alpha, else 0.
fn thresholded_relu_forward(x: f32, alpha: f32) -> f32 {
    return select(0.0, x, x > alpha);
}

fn thresholded_relu_derivative(x: f32, alpha: f32) -> f32 {
    return select(0.0, 1.0, x > alpha);
}
