// lisht(x) = x * tanh(x); lisht'(x) = tanh(x) + x / cosh(x)^2.
fn lisht_forward(x: F) -> F {
    return nan_of(abs(x) * tanh_nonnegative(abs(x)), x);
}

fn lisht_derivative(x: F) -> F {
    let a = min(abs(x), F(40.0));
    let parts = exp_and_expm1(-2.0 * a);
    // One quotient serves as T = tanh(a) near 0, where T (1 - a T) + a hardly feels its error, and as r = 1 - T further out:
    // a r (2 - r) + (1 - r).
    let near = a < F(1.0);
    let quotient = select(2.0 * parts.exp, -parts.expm1, near) / (2.0 + parts.expm1);
    let inner = fma(quotient, 1.0 - a * quotient, a);
    let outer = fma(a * quotient, 2.0 - quotient, launder(1.0 - quotient));
    return nan_of(copy_sign(select(outer, inner, near), x), x);
}
