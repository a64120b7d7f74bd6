// expm1(x) = exp(x) - 1.
fn expm1_forward(x: F) -> F {
    return nan_of(select(expm1_any(x), x, x == F(0.0)), x);
}

fn expm1_derivative(x: F) -> F {
    return nan_of(exp_any(x), x);
}

fn expm1_derivative_from_output(y: F) -> F {
    return nan_of(y + 1.0, y);
}
