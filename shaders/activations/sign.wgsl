// sign(x) is -1, 0 or 1; its derivative is 0 everywhere.
fn sign_forward(x: F) -> F {
    return nan_of(copy_sign(select(F(1.0), F(0.0), x == F(0.0)), x), x);
}

fn sign_derivative(x: F) -> F {
    return nan_of(F(0.0), x);
}

fn sign_derivative_from_output(y: F) -> F {
    return nan_of(F(0.0), y);
}
