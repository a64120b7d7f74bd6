// square(x) = x^2.
fn square_forward(x: F) -> F {
    return nan_of(x * x, x);
}

fn square_derivative(x: F) -> F {
    return nan_of(x + x, x);
}
