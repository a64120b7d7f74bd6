// relu(x) = max(x, 0); relu'(x) = 1 for x > 0, else 0.
fn relu_forward(x: F) -> F {
    return nan_of(max(x, F(0.0)), x);
}

fn relu_derivative(x: F) -> F {
    return nan_of(select(F(0.0), F(1.0), x > F(0.0)), x);
}

fn relu_derivative_from_output(y: F) -> F {
    return relu_derivative(y);
}
