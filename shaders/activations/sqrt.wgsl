// sqrt(x); sqrt'(0) is infinite.
fn sqrt_forward(x: F) -> F {
    return nan_of(select(sqrt(x), nan(), x < F(0.0)), x);
}

fn sqrt_derivative(x: F) -> F {
    return nan_of(select(select(0.5 / sqrt(x), infinity(), x == F(0.0)), nan(), x < F(0.0)), x);
}

fn sqrt_derivative_from_output(y: F) -> F {
    return nan_of(select(0.5 / abs(y), infinity(), y == F(0.0)), y);
}
