// rsqrt(x) = 1 / sqrt(x).
fn rsqrt_forward(x: F) -> F {
    return nan_of(select(select(1.0 / sqrt(x), copy_sign(infinity(), x), x == F(0.0)), nan(), x < F(0.0)), x);
}

fn rsqrt_derivative(x: F) -> F {
    // One after the other: x * sqrt(x) would overflow where the result is not zero yet.
    let result = -0.5 / sqrt(x) / x;
    return nan_of(select(select(result, -infinity(), x == F(0.0)), nan(), x < F(0.0)), x);
}

fn rsqrt_derivative_from_output(y: F) -> F {
    return nan_of(-0.5 * abs(y) * (y * y), y);
}
