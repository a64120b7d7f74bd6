// The built-in, and -1 / (2 * x * sqrt(x)).
fn rsqrt_forward(x: f32) -> f32 {
    return inverseSqrt(x);
}

fn rsqrt_derivative(x: f32) -> f32 {
    return -0.5 * inverseSqrt(x) / x;
}
