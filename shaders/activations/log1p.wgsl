// log1p(x) = log(1 + x).
fn log1p_forward(x: F) -> F {
    return nan_of(log1p_any(x), x);
}

fn log1p_derivative(x: F) -> F {
    let u = 1.0 + x;
    return nan_of(select(select(1.0 / u, infinity(), u == F(0.0)), nan(), u < F(0.0)), x);
}

fn log1p_derivative_from_output(y: F) -> F {
    return nan_of(exp_any(-y), y);
}
