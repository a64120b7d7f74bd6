// lisht(x) = x * tanh(x); lisht'(x) = tanh(x) + x / cosh(x)^2.
fn lisht_forward(x: F) -> F {
    return nan_of(abs(x) * tanh_nonnegative(abs(x)), x);
}

fn lisht_derivative(x: F) -> F {
    let a = min(abs(x), F(40.0));
    let parts = exp_and_expm1(-2.0 * a);
    let sum = 2.0 + parts.expm1;
    return nan_of(copy_sign(4.0 * a * parts.exp / (sum * sum) - parts.expm1 / sum, x), x);
}
