// squared_relu(x) = max(x, 0)^2.
fn squared_relu_forward(x: F) -> F {
    let r = max(x, F(0.0));
    return nan_of(r * r, x);
}

fn squared_relu_derivative(x: F) -> F {
    return nan_of(2.0 * max(x, F(0.0)), x);
}

fn squared_relu_derivative_from_output(y: F) -> F {
    return nan_of(2.0 * sqrt(max(y, F(0.0))), y);
}
