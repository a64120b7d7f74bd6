// sign(x) * max(|x| - lambda, 0).
fn soft_shrink_forward(x: f32, lambda: f32) -> f32 {
    return sign(x) * max(abs(x) - lambda, 0.0);
}

fn soft_shrink_derivative(x: f32, lambda: f32) -> f32 {
    return select(0.0, 1.0, abs(x) > lambda);
}
