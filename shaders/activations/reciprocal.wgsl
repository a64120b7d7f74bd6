// reciprocal(x) = 1 / x.
fn reciprocal_forward(x: F) -> F {
    return nan_of(select(1.0 / x, copy_sign(infinity(), x), x == F(0.0)), x);
}

fn reciprocal_derivative(x: F) -> F {
    let r = select(1.0 / x, infinity(), x == F(0.0));
    return nan_of(-(r * r), x);
}

fn reciprocal_derivative_from_output(y: F) -> F {
    return nan_of(-(y * y), y);
}
