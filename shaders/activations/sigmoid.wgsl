// sigmoid(x) = 1 / (1 + exp(-x)), from e = exp(-|x|): 1 / (1 + e) on the right, e / (1 + e) on the left.
fn sigmoid_forward(x: F) -> F {
    return nan_of(times_sigmoid(F(1.0), x >= F(0.0), exp_of(-min(abs(x), F(110.0)))), x);
}

fn sigmoid_derivative(x: F) -> F {
    return nan_of(times_sigmoid_derivative(F(1.0), exp_of(-min(abs(x), F(110.0)))), x);
}

fn sigmoid_derivative_from_output(y: F) -> F {
    return nan_of(y * (1.0 - y), y);
}
