// The larger one; NaN where either is.
fn larger(a: F, b: F) -> F {
    return nan_of(nan_of(select(a, b, a < b), b), a);
}

// The smaller one; NaN where either is.
fn smaller(a: F, b: F) -> F {
    return nan_of(nan_of(select(a, b, b < a), b), a);
}

// The share of the gradient that a gets where the larger of a and b is passed on.
fn share_of_larger(a: F, b: F) -> F {
    let share = select(select(F(1.0), F(0.5), a == b), F(0.0), a < b);
    return nan_of(nan_of(share, b), a);
}

// grad / divisor, where two zeros or two infinities give zero, as in chain_rule, and NaN wins over everything.
fn quotient_rule(grad: F, divisor: F) -> F {
    let lost = ((grad == F(0.0)) & (divisor == F(0.0))) | (is_infinite(grad) & is_infinite(divisor));
    return nan_of(nan_of(select(grad / divisor, F(0.0), lost), divisor), grad);
}

// By its bits.
fn is_infinite(x: F) -> B {
    return magnitude(x) == U(INFINITY_BITS);
}
