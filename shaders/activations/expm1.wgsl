// expm1(x) = exp(x) - 1.
fn expm1_forward(x: F) -> F {
    // Tiny inputs are their own result; the general form would lose them where subnormals are flushed.
    return nan_of(select(expm1_any(x), x, abs(x) < F(1e-8)), x);
}

fn expm1_derivative(x: F) -> F {
    return nan_of(exp_any(x), x);
}

fn expm1_derivative_from_output(y: F) -> F {
    return nan_of(y + 1.0, y);
}
