// erf(x); erf'(x) = 2 / sqrt(pi) * exp(-x^2).
fn erf_forward(x: F) -> F {
    return nan_of(copy_sign(erf_nonnegative(abs(x)), x), x);
}

fn erf_derivative(x: F) -> F {
    return nan_of(exp_times_nonpositive(exp_of_square(min(abs(x), F(11.0)), -1.0), F(0x1.20dd76p+0f)), x);
}
