// softsign(x) = x / (1 + |x|).
fn softsign_forward(x: F) -> F {
    // From 1e30 on the quotient is 1; infinity over infinity would be NaN.
    let a = min(abs(x), F(1e30));
    return nan_of(copy_sign(a / (1.0 + a), x), x);
}

fn softsign_derivative(x: F) -> F {
    // 1 / (1 + a (a + 2)), all of it times 2^-64, so that the square does not overflow; from 1e25 on the quotient is 0.
    let a = min(abs(x), F(1e25));
    return nan_of(0x1p-64f / (a * 0x1p-64f * (a + 2.0) + 0x1p-64f), x);
}

fn softsign_derivative_from_output(y: F) -> F {
    let r = 1.0 - abs(y);
    return nan_of(r * r, y);
}
