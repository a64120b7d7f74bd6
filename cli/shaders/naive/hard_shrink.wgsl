// x for |x| > lambda, else 0.
fn hard_shrink_forward(x: f32, lambda: f32) -> f32 {
    return select(0.0, x, abs(x) > lambda);
}

fn hard_shrink_derivative(x: f32, lambda: f32) -> f32 {
    return select(0.0, 1.0, abs(x) > lambda);
}
