// x / (1 + |x|).
fn softsign_forward(x: f32) -> f32 {
    return x / (1.0 + abs(x));
}

fn softsign_derivative(x: f32) -> f32 {
    let d = 1.0 + abs(x);
    return 1.0 / (d * d);
}
