// neg(x) = -x.
fn neg_forward(x: F) -> F {
    return nan_of(-x, x);
}

fn neg_derivative(x: F) -> F {
    return nan_of(F(-1.0), x);
}

fn neg_derivative_from_output(y: F) -> F {
    return nan_of(F(-1.0), y);
}
