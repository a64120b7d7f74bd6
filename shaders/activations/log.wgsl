// log(x).
fn log_forward(x: F) -> F {
    return nan_of(log_any(x), x);
}

fn log_derivative(x: F) -> F {
    return nan_of(select(select(1.0 / x, infinity(), x == F(0.0)), nan(), x < F(0.0)), x);
}

fn log_derivative_from_output(y: F) -> F {
    return nan_of(exp_any(-y), y);
}
