// abs(x) = |x|; abs'(0) = 0.
fn abs_forward(x: F) -> F {
    return nan_of(abs(x), x);
}

fn abs_derivative(x: F) -> F {
    return nan_of(select(copy_sign(F(1.0), x), F(0.0), x == F(0.0)), x);
}
