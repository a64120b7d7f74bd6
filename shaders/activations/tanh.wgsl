// tanh(x) = -t / (2 + t) with t = exp(-2|x|) - 1, and the sign of x; tanh'(x) = 4e / (1 + e)^2 with e = exp(-2|x|).
fn tanh_forward(x: F) -> F {
    return nan_of(copy_sign(tanh_nonnegative(abs(x)), x), x);
}

fn tanh_derivative(x: F) -> F {
    return nan_of(times_sigmoid_derivative(F(4.0), exp_of(max(-2.0 * abs(x), F(-120.0)))), x);
}

fn tanh_derivative_from_output(y: F) -> F {
    return nan_of((1.0 - y) * (1.0 + y), y);
}
