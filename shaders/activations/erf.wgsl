// erf(x); erf'(x) = 2 / sqrt(pi) * exp(-x^2).
fn erf_forward(x: F) -> F {
    return nan_of(copy_sign(erf_nonnegative(abs(x)), x), x);
}

fn erf_derivative(x: F) -> F {
    // At 9.38 the exponential is taken for 0.
    return nan_of(exp_times_flushed(exp_of_square(min(abs(x), F(9.38)), -1.0), F(0x1.20dd76p+0f), 0u), x);
}
