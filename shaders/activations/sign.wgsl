// sign(x) is -1, 0 or 1; its derivative is 0 everywhere.
fn sign_forward(x: F) -> F {
    return nan_of(select(copy_sign(F(1.0), x), x, x == F(0.0)), x);
}

fn sign_derivative(x: F) -> F {
    return nan_of(F(0.0), x);
}

fn sign_derivative_from_output(y: F) -> F {
    return nan_of(F(0.0), y);
}
